"""The page of a unit: what it is, what it is part of, what it owns."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import shapely
from sqlalchemy.orm import Session

from app.auth.contact_log import ContactLog
from app.auth.principal import Principal
from app.boundaries import repository as boundary_rows
from app.boundaries.edition_choice import IN_FORCE, EditionChoice
from app.boundaries.models import UnitVersion
from app.boundaries.service import chosen_edition
from app.errors import NotFound
from app.incidents.sensitive import last_quarters, published_count
from app.kit.clock import now
from app.people import repository as people_rows
from app.people.service import population_as_seen, team_as_seen
from gis.adjacency import adjacency
from gis.antimeridian import bounds_around


def find_unit(
    session: Session, code: str, *, choice: EditionChoice = IN_FORCE, level: str | None = None
) -> tuple[UnitVersion, int]:
    """A unit by code in the edition of a choice, and the edition's number."""
    number = chosen_edition(session, choice)
    unit = boundary_rows.unit_by_code(session, code, number, level=level)
    if unit is None:
        noun = ("网格", "grid") if level == "grid" else ("单位", "unit")
        raise NotFound(
            f"第 {number} 版里没有{noun[0]} {code}",
            f"edition {number} has no {noun[1]} {code}",
            code="no-such-unit",
        )
    return unit, number


def touching(session: Session, unit: UnitVersion, edition: int) -> list[dict[str, object]]:
    """The units of a unit's level that touch it, longest common border first."""
    near = boundary_rows.units_near(session, unit, edition)
    found = adjacency(boundary_rows.shape_of(session, unit), near["geometry"].to_numpy())
    near = near.assign(border_m=found.border_m.round(2))[found.touches]
    near = near.sort_values(["border_m", "code"], ascending=[False, True], kind="stable")
    return [
        {"level": level, "code": code, "name": name, "kind": kind, "border_m": border}
        for level, code, name, kind, border in zip(
            *(near[name].tolist() for name in ("level", "code", "name", "kind", "border_m")), strict=True
        )
    ]


def describe(
    session: Session,
    unit: UnitVersion,
    edition: int,
    principal: Principal,
    contact_log: ContactLog,
    *,
    zone: ZoneInfo,
) -> dict[str, object]:
    """Everything the drawer of a map shows of a unit."""
    shape = boundary_rows.shape_of(session, unit)
    centre = shapely.point_on_surface(shape)
    above, below = boundary_rows.ancestors_and_children(session, unit, edition)
    counts = people_rows.unit_counts(session, unit.path)
    team: dict[str, object] = {
        "leader": counts.leader,
        "full_time": counts.full_time,
        "professional": counts.professional,
        "members": [],
    }
    if unit.level == "grid":
        team = team_as_seen(session, unit.code, unit.path, principal, contact_log)
    return {
        "level": unit.level,
        "code": unit.code,
        "code_scheme": unit.code_scheme,
        "name": unit.name,
        "kind": unit.kind,
        "edition": edition,
        "ancestors": [{"level": u.level, "code": u.code, "name": u.name} for u in above],
        "children": [{"level": u.level, "code": u.code, "name": u.name, "kind": u.kind} for u in below],
        "area_m2": round(unit.area_m2, 1),
        "bbox": [round(v, 7) for v in bounds_around([shape])],
        "center": [round(centre.x, 7), round(centre.y, 7)],
        "team": team,
        "counts": {
            "components": counts.components,
            "incidents_open": counts.incidents_open,
            "incidents_30d": counts.incidents_30d,
            "incidents_total": counts.incidents_total,
        },
        "sensitive_incidents": _sensitive(session, unit, zone) if principal.known else None,
        "population": population_as_seen(session, unit.path),
    }


def _sensitive(session: Session, unit: UnitVersion, zone: ZoneInfo) -> dict[str, object] | None:
    """Sensitive incidents of the last four quarters that have ended; None for a grid, which is too small for it."""
    if unit.level == "grid":
        return None
    begin, end = last_quarters(4, now().astimezone(zone).date())
    found = published_count(session, unit.path, begin=begin, end=end, zone=zone)
    return {"from": begin, "to": end, "count": found}
