"""Units over HTTP: one unit, its shape, and what it owns."""

from __future__ import annotations

import json
import re
from typing import Annotated

from fastapi import Path, Query, Request

from app.auth.contact_log import Contacts
from app.auth.dependencies import CurrentPrincipal, Read
from app.auth.policy import allow, public_if
from app.auth.routing import Router
from app.boundaries import repository as boundary_rows
from app.boundaries.dependencies import RequestedEdition
from app.boundaries.schemas import Level
from app.components import repository as component_rows
from app.errors import Invalid
from app.incidents import queries as incident_rows
from app.incidents.schemas import GridIncidents
from app.incidents.visibility import items_of
from app.kit.clock import now
from app.kit.geojson import GeoJsonResponse
from app.kit.pagination import decode_cursor, encode_cursor
from app.kit.params import Limit
from app.units import service
from app.units.schemas import ComponentPage, TouchingUnits, UnitOut, UnitShape
from gis.geojson import feature, geojson_geometry

router = Router(tags=["grids"])

UnitCode = Annotated[str, Path(description="Code of the unit.", examples=["370211001"])]
GridCode = Annotated[str, Path(description="Code of the grid.", examples=["370211001001001"])]
_OPEN = [public_if("public_layers")]
_SAME_FOR_ALL = [public_if("public_layers", same_for_all=True)]
_NO_UNIT: dict[int | str, dict[str, object]] = {
    404: {"description": "The edition has no such unit, or there is no such edition."}
}


@router.get(
    "/v1/units/{code}",
    dependencies=_OPEN,
    response_model=UnitOut,
    responses=_NO_UNIT,
)
def show_unit(
    request: Request,
    principal: CurrentPrincipal,
    contacts: Contacts,
    session: Read,
    code: UnitCode,
    choice: RequestedEdition,
    level: Annotated[
        Level | None,
        Query(description="Level of the unit, where a code is used on several.", examples=["street"]),
    ] = None,
) -> dict[str, object]:
    """Show a district, street, community or grid.

    Its name, ancestors, children, area, bounds, team and counts. Boundaries and names are those of the edition asked
    for; team and counts are today's.
    """
    unit, number = service.find_unit(session, code, choice=choice, level=level)
    zone = request.app.state.settings.zone
    return service.describe(session, unit, number, principal, contacts, zone=zone)


@router.get(
    "/v1/units/{code}/geometry",
    dependencies=_SAME_FOR_ALL,
    response_class=GeoJsonResponse,
    response_model=UnitShape,
    responses=_NO_UNIT,
)
def show_unit_geometry(session: Read, code: UnitCode, choice: RequestedEdition) -> GeoJsonResponse:
    """Show the polygon of a unit.

    A GeoJSON feature in longitude and latitude (WGS84).
    """
    unit, number = service.find_unit(session, code, choice=choice)
    shape = boundary_rows.shape_of(session, unit)
    properties = {"code": unit.code, "name": unit.name, "level": unit.level, "edition": number}
    return GeoJsonResponse(feature(geojson_geometry(shape), properties, key=unit.code))


@router.get(
    "/v1/units/{code}/touching",
    dependencies=_SAME_FOR_ALL,
    response_model=TouchingUnits,
    responses=_NO_UNIT,
)
def list_touching_units(session: Read, code: UnitCode, choice: RequestedEdition) -> dict[str, object]:
    """List the neighbours of a unit.

    The units of its level that have a border or a single point in common with it, with the length of that border.
    """
    unit, number = service.find_unit(session, code, choice=choice)
    items = service.touching(session, unit, number)
    return {"code": unit.code, "level": unit.level, "edition": number, "items": items}


@router.get(
    "/v1/grids/{code}",
    dependencies=_OPEN,
    response_model=UnitOut,
    responses=_NO_UNIT,
)
def show_grid(
    request: Request,
    principal: CurrentPrincipal,
    contacts: Contacts,
    session: Read,
    code: GridCode,
    choice: RequestedEdition,
) -> dict[str, object]:
    """Show a grid.

    With its ancestors, area, bounds, team and counts. Boundaries and names are those of the edition asked for; team
    and counts are today's.
    """
    unit, number = service.find_unit(session, code, choice=choice, level="grid")
    zone = request.app.state.settings.zone
    return service.describe(session, unit, number, principal, contacts, zone=zone)


@router.get(
    "/v1/grids/{code}/components",
    dependencies=[allow("viewer")],
    response_model=ComponentPage,
    responses={404: {"description": "There is no such grid in force."}},
)
def list_grid_components(
    session: Read,
    code: GridCode,
    class_: Annotated[
        str | None, Query(alias="class", max_length=10, description="Only this class.", examples=["0118"])
    ] = None,
    cursor: Annotated[str | None, Query(max_length=40, description="`next` of the page before.")] = None,
    limit: Limit = 100,
) -> dict[str, object]:
    """List the components of a grid.

    Those that lie in it wholly or in part today, paged by a cursor.
    """
    unit, _ = service.find_unit(session, code, level="grid")
    if cursor is not None and not re.fullmatch(r"[0-9]{1,18}", cursor):
        raise Invalid(
            "cursor 无效，请从第一页重新开始", "the cursor is not one of ours; begin again", code="bad-cursor"
        )
    rows = component_rows.page_of(
        session, unit.path, after=int(cursor or 0), limit=limit + 1, class_code=class_
    )
    items = [
        {
            "code": r.code,
            "code_scheme": r.code_scheme,
            "class_code": r.class_code,
            "class_zh": r.class_zh,
            "class_en": r.class_en,
            "name": r.name,
            "state": r.state,
            "department": r.department,
            "owner_grid": r.grid_code,
            "measure": r.measure,
            "geometry": json.loads(r.geometry),
        }
        for r in rows[:limit]
    ]
    return {"items": items, "next": str(rows[limit - 1].id) if len(rows) > limit else None}


@router.get(
    "/v1/grids/{code}/incidents",
    dependencies=[allow("viewer")],
    responses={404: {"description": "There is no such grid in force."}},
)
def list_grid_incidents(
    request: Request,
    session: Read,
    principal: CurrentPrincipal,
    code: GridCode,
    cursor: Annotated[str | None, Query(max_length=200, description="`next` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=500, description="Most incidents of a page.")] = 100,
) -> GridIncidents:
    """List the incidents of a grid.

    Those that it owns today, newest first, paged by a cursor: in full (`view: full`) where the caller acts on them,
    otherwise with their day and a place of about 100 m.
    """
    unit, _ = service.find_unit(session, code, level="grid")
    zone = request.app.state.settings.zone
    filters = incident_rows.Filters(unit_path=unit.path, exact=principal.acts_on_all([unit.path]), zone=zone)
    rows = incident_rows.page(session, filters, before=decode_cursor(cursor), limit=limit + 1)
    last = rows[limit - 1] if len(rows) > limit else None
    return GridIncidents(
        items=items_of(session, rows[:limit], zone=zone, instant=now()),
        next=encode_cursor(*incident_rows.position_of(filters, last)) if last else None,
    )
