"""Incidents over HTTP: lists, the map, one incident, the catalogue of classes."""

from __future__ import annotations

from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import Depends, Path, Query, Request

from app.auth.contact_log import Contacts
from app.auth.dependencies import CurrentPrincipal, Read
from app.auth.policy import allow, public_if
from app.auth.principal import Principal
from app.auth.routing import Router
from app.boundaries import repository as boundary_rows
from app.errors import Invalid, NotFound
from app.incidents import queries, repository, states
from app.incidents.map import map_of
from app.incidents.queries import Filters
from app.incidents.schemas import AnyIncidentDetail, IncidentClasses, IncidentMap, IncidentPage
from app.incidents.visibility import detail_of, items_of
from app.kit.bbox import parse_bbox
from app.kit.clock import now
from app.kit.pagination import decode_cursor, encode_cursor
from app.kit.params import parse_period, split_list
from app.people.service import team_as_seen

router = Router(tags=["incidents"])


_NO_UNIT: dict[int | str, dict[str, object]] = {404: {"description": "`unit` names no unit in force."}}


def filters_of(
    request: Request,
    session: Read,
    principal: CurrentPrincipal,
    class_: Annotated[
        list[str] | None, Query(alias="class", description="Class codes.", examples=[["0102"]])
    ] = None,
    major: Annotated[
        list[str] | None, Query(description="Codes of major classes.", examples=[["01"]])
    ] = None,
    state: Annotated[
        list[str] | None, Query(description="States, or `open` for all open ones.", examples=[["open"]])
    ] = None,
    unit: Annotated[
        str | None,
        Query(description="Code of a unit of any level.", max_length=64, examples=["370211001"]),
    ] = None,
    from_: Annotated[
        str | None,
        Query(alias="from", description="Occurred since this day or instant.", examples=["2026-11-01"]),
    ] = None,
    to: Annotated[
        str | None,
        Query(
            description="Occurred until this day (counted whole) or before this instant.",
            examples=["2026-11-30"],
        ),
    ] = None,
    bbox: Annotated[
        str | None,
        Query(
            description="West, south, east, north in degrees; west beyond east spans the 180th meridian.",
            examples=["120.04,35.87,120.11,35.92"],
        ),
    ] = None,
    q: Annotated[
        str | None,
        Query(
            description="Beginning of a number; or words of the address or description, where the caller acts.",
            max_length=100,
            examples=["T000"],
        ),
    ] = None,
) -> Filters:
    """The filters that lists and maps share."""
    zone = request.app.state.settings.zone
    named = split_list(state)
    for name in named:
        if name != "open" and name not in states.NAMES:
            raise Invalid(
                f"没有状态 {name}；可用：open、{'、'.join(states.NAMES)}",
                f"no state {name}; there are open, {', '.join(states.NAMES)}",
                code="no-such-state",
                field="state",
            )
    since, until = parse_period(from_, to, zone)
    path = None
    if unit:
        edition = boundary_rows.edition_at(session)
        found = boundary_rows.unit_by_code(session, unit, edition) if edition else None
        if found is None:
            raise NotFound(f"没有单位 {unit}", f"there is no unit {unit}", code="no-such-unit", field="unit")
        path = found.path
    return Filters(
        classes=tuple(split_list(class_)),
        majors=tuple(split_list(major)),
        states=tuple(name for name in named if name != "open"),
        open="open" in named,
        unit_path=path,
        since=since,
        until=until,
        boxes=parse_bbox(bbox),
        words=q.strip() if q and q.strip() else None,
        exact=acts_on_all(principal, path),
        zone=zone,
    )


def acts_on_all(principal: Principal, path: str | None) -> bool:
    """Whether the asker acts on all incidents that lie in a unit (or anywhere) and that they see."""
    return principal.acts_on_all(principal.paths("viewer")) or (
        path is not None and principal.acts_on_all([path])
    )


Filtered = Annotated[Filters, Depends(filters_of)]


@router.get("/v1/incidents", dependencies=[allow("viewer")], responses=_NO_UNIT)
def list_incidents(
    request: Request,
    session: Read,
    filters: Filtered,
    cursor: Annotated[str | None, Query(max_length=200, description="`next` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=500, description="Most incidents of a page.")] = 50,
) -> IncidentPage:
    """List incidents.

    Those that the caller may see, newest first, paged by a cursor: each in full where the caller acts on it
    (`view: full`), otherwise with its day and a place of about 100 m.
    """
    rows = queries.page(session, filters, before=decode_cursor(cursor), limit=limit + 1)
    last = rows[limit - 1] if len(rows) > limit else None
    return IncidentPage(
        items=items_of(session, rows[:limit], zone=_zone(request), instant=now()),
        next=encode_cursor(*queries.position_of(filters, last)) if last else None,
        # Counted once, with the first page; it does not change while somebody turns pages.
        total=queries.capped_count(session, filters) if cursor is None else None,
        total_cap=queries.COUNT_CAP,
    )


@router.get(
    "/v1/incidents/map",
    dependencies=[allow("viewer")],
    response_model=IncidentMap,
    response_model_exclude_unset=True,
    responses=_NO_UNIT,
)
def map_incidents(
    request: Request,
    session: Read,
    filters: Filtered,
    zoom: Annotated[float, Query(ge=0, le=24, description="Zoom of the map, which sizes the hexagons.")] = 10,
) -> dict[str, object]:
    """List incidents to draw on a map.

    Points where there are few, hexagons with counts where there are many. Incidents of sensitive classes are not
    drawn; `not_drawn` says how many of them the list has.
    """
    return map_of(session, filters, zoom=zoom, zone=_zone(request), instant=now())


@router.get(
    "/v1/incidents/{number}",
    dependencies=[allow("viewer")],
    responses={404: {"description": "There is no such incident that the caller may see."}},
)
def show_incident(
    request: Request,
    principal: CurrentPrincipal,
    contacts: Contacts,
    session: Read,
    number: Annotated[str, Path(description="Number of the incident.", examples=["T00001"])],
) -> AnyIncidentDetail:
    """Show an incident.

    With its owner, team and log: in full (`view: full`) for those who act on it.
    """
    found = queries.by_number(session, number)
    if found is None:
        raise NotFound(f"没有事件 {number}", f"there is no incident {number}", code="no-such-incident")
    owner: dict[str, object] | None = None
    team: dict[str, object] | None = None
    if found.row.grid_code and found.assigned_edition:
        # Named as of its own time: a closed case keeps the grid that existed then.
        unit = boundary_rows.unit_by_code(session, found.row.grid_code, found.assigned_edition, level="grid")
        if unit is not None:
            above, _ = boundary_rows.ancestors_and_children(session, unit, found.assigned_edition)
            owner = {level: {"code": code, "name": name} for level, code, name, *_ in above}
            owner["grid"] = {"code": unit.code, "name": unit.name, "kind": unit.kind}
            owner["edition"] = found.assigned_edition
            team = team_as_seen(session, unit.code, unit.path, principal, contacts)
    return detail_of(session, found, owner=owner, team=team, zone=_zone(request), instant=now())


def _zone(request: Request) -> ZoneInfo:
    zone: ZoneInfo = request.app.state.settings.zone
    return zone


@router.get(
    "/v1/catalog/events",
    tags=["catalogue"],
    dependencies=[public_if("public_layers", same_for_all=True)],
    response_model=IncidentClasses,
    deprecated=True,
    operation_id="list_incident_classes_by_old_address",
)
@router.get(
    "/v1/catalog/incident-classes",
    tags=["catalogue"],
    dependencies=[public_if("public_layers", same_for_all=True)],
    response_model=IncidentClasses,
)
def list_incident_classes(session: Read) -> dict[str, object]:
    """List the classes of incidents.

    With their major class, urgency and starting time limit.
    """
    return {
        "classes": [
            {
                "code": c.code,
                "major_code": c.major_code,
                "major_zh": c.major_zh,
                "major_en": c.major_en,
                "name_zh": c.name_zh,
                "name_en": c.name_en,
                "urgency": c.urgency,
                "sensitive": c.sensitive,
                "time_limit": c.time_limit,
                "time_limit_unit": c.time_limit_unit,
                "scheme": c.scheme,
                "code_2026": c.code_2026,
            }
            for c in repository.classes(session)
        ]
    }
