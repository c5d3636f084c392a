"""A draft whose base is no longer the newest edition: put on that one where nobody's work is in the way."""

from __future__ import annotations

import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy.orm import Session

from app.auth.principal import Principal
from app.boundaries import repository as boundary_rows
from app.drafts import grid_repository, policy, repository
from app.drafts.coverage_loader import as_coverage, boxes_of
from app.drafts.models import Draft
from app.errors import Conflict
from gis.editing import Conflict as Crossing
from gis.editing import conflicts
from gis.geojson import geojson_geometry


class Conflicting(Conflict):
    """An edition published since the draft began changed the same grids, or their neighbours."""

    code = "conflicts"


def crossings(session: Session, draft: Draft, newest: int) -> tuple[Crossing, ...]:
    """What the editions between the base and another, and the draft, both have to do with; looks no further than that."""
    theirs = set(grid_repository.changed_between(session, *sorted((draft.base, newest))))
    mine = set(grid_repository.touched_codes(session, draft))
    if not theirs or not mine:
        return ()
    concerned = sorted(theirs | mine)
    base_rows = grid_repository.base_grids(session, draft.base, concerned)
    my_rows = grid_repository.grids(session, draft, codes=concerned)
    their_rows = grid_repository.base_grids(session, newest, concerned)
    shapes = [*base_rows["geometry"], *my_rows["geometry"], *their_rows["geometry"]]
    boxes = boxes_of(shapes)
    return conflicts(
        as_coverage(grid_repository.edition_grids(session, draft.base, boxes)),
        as_coverage(grid_repository.grids(session, draft, boxes=boxes)),
        as_coverage(grid_repository.edition_grids(session, newest, boxes)),
    )


def bring_up(session: Session, by: Principal, draft: Draft) -> int | None:
    """Put a draft on the newest edition; the number of the base it had, or None when it stands there already.

    Raises
    ------
    Conflicting
        With every grid that is in the way, and both its shapes.
    """
    newest = boundary_rows.latest(session)
    if newest is None or newest.number == draft.base:
        return None
    found = crossings(session, draft, newest.number)
    if found:
        listed = "、".join(each.code for each in found[:5]) + ("…" if len(found) > 5 else "")
        raise Conflicting(
            f"第 {newest.number} 版也改动了这些网格或其相邻网格：{listed}",
            f"edition {newest.number} changed these grids or their neighbours, too: "
            + ", ".join(each.code for each in found[:5]),
            base=draft.base,
            latest=newest.number,
            conflicts=[_conflict_members(each) for each in found],
            places=[_place(each) for each in found],
        )
    was = draft.base
    repository.touch(session, draft, base=newest.number)
    repository.log(
        session, draft, by, "rebase", from_state=draft.state, detail={"from": was, "to": newest.number}
    )
    return was


def rebase(
    session: Session, by: Principal, draft_id: int, *, seen: frozenset[str]
) -> tuple[Draft, int | None]:
    """Put a draft on the newest edition before it is published, to see it there."""
    draft = policy.held(session, draft_id, seen)
    policy.in_state(draft, "rebase")
    return draft, bring_up(session, by, draft)


def _conflict_members(each: Crossing) -> dict[str, object]:
    return {
        "code": each.code,
        "reason": each.reason,
        "base": _geojson(each.base),
        "draft": _geojson(each.mine),
        "published": _geojson(each.theirs),
    }


def _geojson(shape: BaseGeometry | None) -> dict[str, object] | None:
    return None if shape is None else geojson_geometry(shape)


def _place(each: Crossing) -> tuple[float, float]:
    shape = next(s for s in (each.mine, each.theirs, each.base) if s is not None)
    point = shapely.point_on_surface(shape)
    return round(point.x, 7), round(point.y, 7)
