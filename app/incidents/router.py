"""Incidents over HTTP: lists, the map, one incident, the catalogue of classes."""

from __future__ import annotations

from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import Depends, Query, Request

from app.auth.contact_log import Contacts
from app.auth.dependencies import CurrentPrincipal, Read
from app.auth.policy import allow, public_if
from app.auth.principal import Principal
from app.auth.routing import Router
from app.boundaries import repository as boundary_rows
from app.errors import Invalid, NotFound
from app.incidents import catalog, queries
from app.incidents.map import map_of
from app.incidents.models import OPEN_STATES, STATES
from app.incidents.queries import Filters
from app.incidents.schemas import AnyIncidentDetail, IncidentPage
from app.incidents.visibility import detail_of, items_of
from app.kit.clock import now
from app.kit.pagination import decode_cursor, encode_cursor
from app.kit.params import parse_bbox, parse_from, parse_until, split_list
from app.people.service import team_as_seen

router = Router(tags=["incidents"])


def filters_of(
    request: Request,
    session: Read,
    principal: CurrentPrincipal,
    class_: Annotated[list[str] | None, Query(alias="class", description="Class codes.")] = None,
    major: Annotated[list[str] | None, Query(description="Major codes, such as 05.")] = None,
    state: Annotated[list[str] | None, Query(description="States, or `open` for all open ones.")] = None,
    unit: Annotated[str | None, Query(description="Code of a unit of any level.", max_length=64)] = None,
    from_: Annotated[str | None, Query(alias="from", description="Day or instant.")] = None,
    to: Annotated[str | None, Query(description="Day (counted whole) or instant (not included).")] = None,
    bbox: Annotated[str | None, Query(description="west,south,east,north")] = None,
    q: Annotated[
        str | None,
        Query(description="Number, or words of address or description where the asker acts.", max_length=100),
    ] = None,
) -> Filters:
    """The filters that lists and maps share."""
    zone = request.app.state.settings.zone
    states: list[str] = []
    for name in split_list(state):
        if name != "open" and name not in STATES:
            raise Invalid(
                f"没有状态 {name}；可用：open、{'、'.join(STATES)}",
                f"no state {name}; there are open, {', '.join(STATES)}",
                code="no-such-state",
                field="state",
            )
        states += OPEN_STATES if name == "open" else [name]
    path = None
    if unit:
        edition = boundary_rows.edition_at(session)
        found = boundary_rows.unit_by_code(session, unit, edition) if edition else None
        if found is None:
            raise NotFound(f"没有单位 {unit}", f"there is no unit {unit}", code="no-unit", field="unit")
        path = found.path
    return Filters(
        classes=tuple(split_list(class_)),
        majors=tuple(split_list(major)),
        states=tuple(dict.fromkeys(states)),
        unit_path=path,
        since=parse_from(from_, zone),
        until=parse_until(to, zone),
        bbox=parse_bbox(bbox),
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


@router.get("/v1/incidents", dependencies=[allow("viewer")], responses={404: {}})
def list_incidents(
    request: Request,
    session: Read,
    filters: Filtered,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
) -> IncidentPage:
    """Incidents that the asker may see, newest first, paged by a cursor.

    Each in full where the asker acts on it (`view: full`), otherwise with its day and a place of about 100 m.
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


@router.get("/v1/incidents/map", dependencies=[allow("viewer")], responses={404: {}})
def map_incidents(
    request: Request, session: Read, filters: Filtered, zoom: Annotated[float, Query(ge=0, le=24)] = 10
) -> dict[str, Any]:
    """What of them to draw: points where there are few, hexagons with counts where there are many.

    Incidents of sensitive classes are not drawn; `not_drawn` says how many of them the list has.
    """
    return map_of(session, filters, zoom=zoom, zone=_zone(request), instant=now())


@router.get("/v1/incidents/{number}", dependencies=[allow("viewer")], responses={404: {}})
def show_incident(
    request: Request, principal: CurrentPrincipal, contacts: Contacts, session: Read, number: str
) -> AnyIncidentDetail:
    """One incident with its owner, team and log: in full (`view: full`) for those who act on it."""
    row = queries.by_number(session, number)
    if row is None:
        raise NotFound(f"没有事件 {number}", f"there is no incident {number}", code="no-incident")
    owner: dict[str, Any] | None = None
    team: dict[str, Any] | None = None
    if row.grid_code and row.assigned_edition:
        # Named as of its own time: a closed case keeps the grid that existed then.
        unit = boundary_rows.unit_by_code(session, row.grid_code, row.assigned_edition, level="grid")
        if unit is not None:
            above, _ = boundary_rows.ancestors_and_children(session, unit, row.assigned_edition)
            owner = {level: {"code": code, "name": name} for level, code, name, *_ in above}
            owner["grid"] = {"code": unit.code, "name": unit.name, "kind": unit.kind}
            owner["edition"] = row.assigned_edition
            team = team_as_seen(session, unit.code, unit.path, principal, contacts)
    return detail_of(session, row, owner=owner, team=team, zone=_zone(request), instant=now())


def _zone(request: Request) -> ZoneInfo:
    zone: ZoneInfo = request.app.state.settings.zone
    return zone


@router.get(
    "/v1/catalog/events", tags=["catalogue"], dependencies=[public_if("public_layers", same_for_all=True)]
)
def list_event_classes(session: Read) -> dict[str, Any]:
    """The classes of incidents."""
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
            for c in catalog.classes(session)
        ]
    }
