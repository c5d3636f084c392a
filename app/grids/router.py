"""Units over HTTP: one unit, what it owns, its shape, and the search for everything."""

from __future__ import annotations

import json
import re
from typing import Annotated, Any

import shapely
from fastapi import Query, Request
from starlette.responses import JSONResponse

from app.auth.contact_log import Contacts
from app.auth.dependencies import CurrentPrincipal, Read
from app.auth.policy import allow, public_if
from app.auth.routing import Router
from app.boundaries import repository as boundary_rows
from app.components import repository as component_rows
from app.errors import Invalid
from app.grids import search as searching
from app.grids import service
from app.incidents import queries as incident_rows
from app.incidents.schemas import GridIncidents
from app.incidents.visibility import items_of
from app.kit.clock import now
from app.kit.pagination import decode_cursor, encode_cursor

router = Router(tags=["grids"])

Edition = Annotated[
    int | None, Query(ge=1, le=2**31 - 1, description="An edition's number; the one in force when absent.")
]
_OPEN = [public_if("public_layers")]
_SAME_FOR_ALL = [public_if("public_layers", same_for_all=True)]


@router.get("/v1/units/{code}", dependencies=_OPEN, responses={404: {}})
def show_unit(
    request: Request,
    principal: CurrentPrincipal,
    contacts: Contacts,
    session: Read,
    code: str,
    edition: Edition = None,
    level: Annotated[str | None, Query(pattern="^(district|street|community|grid)$")] = None,
) -> dict[str, Any]:
    """A district, street, community or grid with its ancestors, children, area, team and counts."""
    unit, number = service.find_unit(session, code, edition=edition, level=level)
    zone = request.app.state.settings.zone
    return service.describe(session, unit, number, principal, contacts, zone=zone)


@router.get("/v1/units/{code}/geometry", dependencies=_SAME_FOR_ALL, responses={404: {}})
def show_unit_geometry(session: Read, code: str, edition: Edition = None) -> JSONResponse:
    """A unit's shape as a GeoJSON feature."""
    unit, number = service.find_unit(session, code, edition=edition)
    shape = boundary_rows.shape_of(session, unit)
    feature = {
        "type": "Feature",
        "id": unit.code,
        "geometry": json.loads(shapely.to_geojson(shape)),
        "properties": {"code": unit.code, "name": unit.name, "level": unit.level, "edition": number},
    }
    return JSONResponse(feature, media_type="application/geo+json")


@router.get("/v1/grids/{code}", dependencies=_OPEN, responses={404: {}})
def show_grid(
    request: Request,
    principal: CurrentPrincipal,
    contacts: Contacts,
    session: Read,
    code: str,
    edition: Edition = None,
) -> dict[str, Any]:
    """One grid with its ancestors, area, team and counts."""
    unit, number = service.find_unit(session, code, edition=edition, level="grid")
    zone = request.app.state.settings.zone
    return service.describe(session, unit, number, principal, contacts, zone=zone)


@router.get("/v1/grids/{code}/components", dependencies=[allow("viewer")], responses={404: {}})
def list_grid_components(
    session: Read,
    code: str,
    class_: Annotated[str | None, Query(alias="class", max_length=10)] = None,
    cursor: Annotated[str | None, Query(max_length=40)] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> dict[str, Any]:
    """Components that lie in a grid, wholly or in part, paged by a cursor."""
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


@router.get("/v1/grids/{code}/incidents", dependencies=[allow("viewer")], responses={404: {}})
def list_grid_incidents(
    request: Request,
    session: Read,
    principal: CurrentPrincipal,
    code: str,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> GridIncidents:
    """Incidents that a grid owns, newest first, paged by a cursor; in full where the asker acts on them."""
    unit, _ = service.find_unit(session, code, level="grid")
    zone = request.app.state.settings.zone
    filters = incident_rows.Filters(unit_path=unit.path, exact=principal.acts_on_all([unit.path]), zone=zone)
    rows = incident_rows.page(session, filters, before=decode_cursor(cursor), limit=limit + 1)
    last = rows[limit - 1] if len(rows) > limit else None
    return GridIncidents(
        items=items_of(session, rows[:limit], zone=zone, instant=now()),
        next=encode_cursor(*incident_rows.position_of(filters, last)) if last else None,
    )


@router.get("/v1/search", dependencies=_OPEN)
def search_everything(
    request: Request,
    session: Read,
    principal: CurrentPrincipal,
    q: Annotated[str, Query(max_length=100)],
    limit: Annotated[int, Query(ge=1, le=50)] = 10,
) -> dict[str, Any]:
    """Units by code or name, components and incidents by number, or a place as ``lon,lat [crs]``."""
    return {"results": searching.search(session, request.app.state.editions, principal, q, limit=limit)}
