"""Two drafts on one base: do they get in each other's way, and if not, both together.

Why two drafts that do not conflict are a clean coverage together: a grid of mine differs from the base only within
land whose border with untouched grids is, vertex for vertex, that of the base (a vertex put into a neighbour makes
the neighbour changed). When no grid is changed by both, each common border was changed by neither or only by one
of them, and then both its sides by the same one. What is left is land that was nobody's: there both must keep apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import shapely
from shapely.geometry.base import BaseGeometry

from gis.arrays import Geometries
from gis.defects import names
from gis.editing.diff import Changes, diff
from gis.editing.finalize import enclosed
from gis.editing.model import Coverage
from gis.editing.noding import joined
from gis.errors import CoverageError
from gis.geometry import lattice_geometries

__all__ = ["Conflict", "conflicts", "rebased"]

Reason = Literal["same-grid", "neighbour", "same-code", "same-land"]


@dataclass(frozen=True)
class Conflict:
    """A grid that keeps two drafts from being joined.

    Parameters
    ----------
    code : str
    reason : str
        ``same-grid``: both changed it. ``neighbour``: one changed it, and it borders on land whose border the
        other one changed. ``same-code``: both made a grid of this code. ``same-land``: both took the same land
        that was nobody's.
    base, mine, theirs : polygon or None
        EPSG:4326; None where there is no such grid.
    """

    code: str
    reason: Reason
    base: BaseGeometry | None
    mine: BaseGeometry | None
    theirs: BaseGeometry | None


def conflicts(base: Coverage, mine: Coverage, theirs: Coverage) -> tuple[Conflict, ...]:
    """Find what keeps two descendants of one coverage from being joined.

    Two drafts conflict when a grid that one of them touched was touched by the other, too, or borders on a grid
    whose border the other changed. That is stricter than a clean coverage needs: whoever moved a border has seen
    the grids next to it as they were.

    Parameters
    ----------
    base, mine, theirs : Coverage
        Whole, or the same part of each.

    Returns
    -------
    tuple of Conflict
        By code; empty when `rebased` gives a clean coverage.
    """
    my_changes, their_changes = diff(base, mine), diff(base, theirs)
    my_touched, their_touched = _touched(my_changes), _touched(their_changes)
    found: dict[str, Reason] = {}
    for code in set(my_changes.created) & set(their_changes.created):
        found[code] = "same-code"
    for code in _same_land(base, mine, my_changes, theirs, their_changes):
        found[code] = "same-land"
    for touched, around in (
        (their_touched, _beside(base, my_changes)),
        (my_touched, _beside(base, their_changes)),
    ):
        for code in touched & around:
            found[code] = "neighbour"
    for code in my_touched & their_touched:
        found[code] = "same-grid"
    return tuple(
        Conflict(code, found[code], *(_polygon(each, code) for each in (base, mine, theirs)))
        for code in sorted(found)
    )


def rebased(base: Coverage, mine: Coverage, theirs: Coverage) -> Coverage:
    """Put my changes of `base` on `theirs`.

    Raises
    ------
    gis.errors.CoverageError
        They conflict.

    Examples
    --------
    >>> from gis.editing.model import GridAttributes
    >>> grid = GridAttributes("", "c")
    >>> base = Coverage.build(list("abc"), [shapely.box(x, 0, x + 1, 1) for x in range(3)], [grid] * 3)
    >>> mine = base.replaced(attributes={"a": GridAttributes("西", "c")})
    >>> theirs = base.replaced(attributes={"c": GridAttributes("东", "c")})
    >>> [words.name for words in rebased(base, mine, theirs).attributes]
    ['西', '', '东']
    """
    found = conflicts(base, mine, theirs)
    if found:
        codes = [conflict.code for conflict in found]
        shapes = [shape for c in found if (shape := c.mine or c.theirs or c.base) is not None]
        raise CoverageError(
            f"两份草案都涉及网格 {names(codes)}",
            f"both drafts concern {names(codes)}",
            code="conflicting-changes",
            places=[(point.x, point.y) for point in map(shapely.point_on_surface, shapes)],
        )
    changes = diff(base, mine)
    mine_now = changes.stored
    return theirs.replaced(
        polygons={code: mine.polygon(code) for code in mine_now},
        attributes={code: mine.attributes_of(code) for code in mine_now},
        retired=changes.retired,
    )


def _touched(changes: Changes) -> set[str]:
    """Codes of the base that are not what they were."""
    return {*changes.changed, *changes.noded, *changes.retired}


def _polygon(coverage: Coverage, code: str) -> BaseGeometry | None:
    return coverage.polygon(code) if code in coverage else None


def _beside(base: Coverage, changes: Changes) -> set[str]:
    """Grids of the base that touch one whose border changed, and these themselves."""
    moved = [*changes.moved_border, *changes.noded, *changes.retired]
    out: set[str] = set()
    for code, shape in zip(moved, lattice_geometries([base.polygon(code) for code in moved]), strict=True):
        near = base.near(shapely.bounds(shape))
        touching = shapely.intersects(lattice_geometries(base.polygons[near]), shape)
        out |= {code} | {base.codes[at] for at in near[touching].tolist()}
    return out


def _same_land(
    base: Coverage, mine: Coverage, my_changes: Changes, theirs: Coverage, their_changes: Changes
) -> set[str]:
    """Grids with land that was nobody's, where both took some that touches, or closed a gap between them."""
    one, other = _gained(base, mine, my_changes), _gained(base, theirs, their_changes)
    if not one or not other:
        return set()
    my_own = set(my_changes.stored)
    rest = [code for code in theirs.codes if code not in my_own and code not in my_changes.retired]
    both = [*(theirs.polygon(code) for code in rest), *(mine.polygon(code) for code in my_own)]
    known = shapely.buffer(shapely.union_all([*_enclosed(mine), *_enclosed(theirs)]), 2.0)
    if any(not shapely.covers(known, hole) for hole in enclosed(lattice_geometries(both))):
        # Each left the way out open that the other one closed.
        return set(one)
    return {
        code
        for code, land in one.items()
        for their_land in other.values()
        if shapely.dwithin(land, their_land, 2.0)
    }


def _enclosed(coverage: Coverage) -> Geometries:
    return enclosed(lattice_geometries(coverage.polygons))


def _gained(base: Coverage, after: Coverage, changes: Changes) -> dict[str, BaseGeometry]:
    codes = [*changes.created, *changes.moved_border]
    out = {}
    for code, shape in zip(codes, lattice_geometries([after.polygon(code) for code in codes]), strict=True):
        near = lattice_geometries(base.polygons[base.near(shapely.bounds(shape))])
        rest = shapely.difference(shape, joined(near)) if len(near) else shape
        if not shapely.is_empty(shapely.buffer(rest, -1.0)):
            out[code] = rest
    return out
