"""Where the land of grids went: which grid of a coverage holds how much of which grid of the one before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import shapely

from gis.arrays import Bools, Floats, Geometries, Ints
from gis.editing.diff import Changes, diff
from gis.editing.model import Coverage
from gis.geometry import SCALE, lattice_geometries
from gis.measures import geodesic_area_m2, straight_area_m2

__all__ = ["TOLERANCE_M2", "Lineage", "LineageKind", "lineage"]

LineageKind = Literal[
    "split", "merged", "moved_border", "recoded", "renamed", "relocated", "rekinded", "added", "removed"
]
TOLERANCE_M2 = 1.0
"""Land up to this size is a notch of drawing or rounding, and decides nothing about what became of a grid."""
_DUST = 1.0
"""Steps: land that vanishes when its border is drawn in by so much is the rounding of a vertex, however long."""


@dataclass(frozen=True)
class Lineage:
    """Land that went from one grid to another; None stands for nobody.

    `share_of_from` is the part of the old grid's area, 0 to 1 (geodesic); None when it was nobody's.
    """

    from_code: str | None
    to_code: str | None
    kind: LineageKind
    area_m2: float
    share_of_from: float | None


@dataclass(frozen=True)
class _Pieces:
    """Land of grid `old` that lies in grid `new`, by position."""

    old: Ints
    new: Ints
    shapes: Geometries


def lineage(before: Coverage, after: Coverage) -> list[Lineage]:
    """Say where the land of every grid that differs went.

    Pieces up to `TOLERANCE_M2` (square metres), and those narrower than the rounding of a vertex, are no land that
    changed hands: a grid that got another code and lost a notch of half a square metre is recoded, not split. A grid
    smaller than that counts from half of its area on.

    Returns
    -------
    list of Lineage
        By code. A grid whose land is the same and whose attributes changed has one row ``relocated``,
        ``renamed`` or ``rekinded`` (the first of these that holds).

    Examples
    --------
    >>> from gis.editing.model import GridAttributes
    >>> grid = GridAttributes("", "c")
    >>> whole = Coverage.build(["a"], [shapely.box(120, 36, 120.02, 36.01)], [grid])
    >>> halves = [shapely.box(120, 36, 120.01, 36.01), shapely.box(120.01, 36, 120.02, 36.01)]
    >>> cut = Coverage.build(["a", "b"], halves, [grid, grid])
    >>> [(row.from_code, row.to_code, row.kind, round(row.share_of_from, 6)) for row in lineage(whole, cut)]
    [('a', 'a', 'split', 0.5), ('a', 'b', 'split', 0.5)]
    """
    changes = diff(before, after)
    old = sorted({*changes.retired, *changes.moved_border})
    new = sorted({*changes.created, *changes.moved_border})
    b, a = _shapes(before, old), _shapes(after, new)
    steps_b, steps_a = lattice_geometries(b), lattice_geometries(a)
    size_b, size_a = straight_area_m2(b), straight_area_m2(a)
    pieces = _pieces(steps_b, steps_a)
    enough = np.minimum(TOLERANCE_M2, np.minimum(size_b[pieces.old], size_a[pieces.new]) / 2)
    counted = _is_land(pieces.shapes, enough)
    one, other = pieces.old[counted], pieces.new[counted]
    areas = geodesic_area_m2(_degrees(pieces.shapes[counted]))
    whole = geodesic_area_m2(b)
    lost, gained = (
        _outside(steps_b, size_b, pieces.old, pieces),
        _outside(steps_a, size_a, pieces.new, pieces),
    )
    fan_out, fan_in = np.bincount(one, minlength=len(old)), np.bincount(other, minlength=len(new))
    created, retired, recoded = set(changes.created), set(changes.retired), set(changes.recoded)
    splits, merges = _splits(one, other, old, new, created), _merges(one, other, old, new, retired)
    still: set[str] = set()
    rows: list[Lineage] = []
    for i, j, area in zip(one.tolist(), other.tolist(), areas.tolist(), strict=True):
        alone = fan_out[i] == 1 and fan_in[j] == 1
        kind: LineageKind = "moved_border"
        if (old[i], new[j]) in recoded or (old[i] != new[j] and alone):
            kind = "recoded"
        elif old[i] in splits and (new[j] in created or new[j] == old[i]):
            kind = "split"
        elif new[j] in merges and (old[i] in retired or new[j] == old[i]):
            kind = "merged"
        if old[i] == new[j] and alone and i not in lost and j not in gained:
            # Nothing that counts came or went.
            still.add(old[i])
            continue
        rows.append(Lineage(old[i], new[j], kind, area, min(1.0, area / float(whole[i]))))
    rows += [
        Lineage(old[at], None, "removed", area, min(1.0, area / float(whole[at])))
        for at, area in lost.items()
    ]
    rows += [Lineage(None, new[at], "added", area, None) for at, area in gained.items()]
    rows += _same_land(after, changes, still)
    return sorted(rows, key=lambda row: (row.from_code or "", row.to_code or "", row.kind))


def _shapes(coverage: Coverage, codes: list[str]) -> Geometries:
    out = np.empty(len(codes), dtype=object)
    out[:] = [coverage.polygon(code) for code in codes]
    return out


def _degrees(steps: Geometries) -> Geometries:
    return np.asarray(shapely.transform(steps, lambda xy: xy / SCALE), dtype=object)


def _pieces(b: Geometries, a: Geometries) -> _Pieces:
    """Every piece that two grids share, as polygons in steps."""
    if len(a) == 0 or len(b) == 0:
        return _Pieces(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, dtype=object))
    one, other = shapely.STRtree(a).query(b, predicate="intersects")
    shapes = shapely.intersection(b[one], a[other])
    kept = shapely.area(shapes) > 0
    return _Pieces(one[kept].astype(np.int64), other[kept].astype(np.int64), shapes[kept])


def _is_land(steps: Geometries, enough_m2: Floats) -> Bools:
    """Which pieces have more than so many square metres each, without what is no wider than the rounding of a vertex."""
    size = straight_area_m2(_degrees(steps))
    large = size > enough_m2
    area = shapely.area(steps)
    # A vertex put into a border of a kilometre leaves a strip of some square metres and no width along it.
    strips = shapely.length(steps) * _DUST
    doubtful = large & ((area - strips) * size < enough_m2 * area)
    opened = shapely.buffer(shapely.buffer(steps[doubtful], -_DUST), _DUST)
    large[doubtful] = shapely.area(opened) * size[doubtful] > (enough_m2 * area)[doubtful]
    return np.asarray(large)


def _outside(steps: Geometries, size_m2: Floats, position: Ints, pieces: _Pieces) -> dict[int, float]:
    """Grids by position with the area (m2) of theirs that no piece holds: that was, or is, nobody's."""
    held = np.bincount(position, weights=shapely.area(pieces.shapes), minlength=len(steps))
    least = np.minimum(TOLERANCE_M2, size_m2 / 2)
    area = shapely.area(steps)
    # Most grids are held wholly; only of the others is the rest drawn.
    candidates = np.flatnonzero((area - held) * size_m2 / area > least / 2)
    rest = np.empty(len(candidates), dtype=object)
    rest[:] = [
        shapely.difference(steps[at], shapely.union_all(pieces.shapes[position == at])) for at in candidates
    ]
    land = _is_land(rest, least[candidates])
    areas = geodesic_area_m2(_degrees(rest[land]))
    return dict(zip(candidates[land].tolist(), areas.tolist(), strict=True))


def _splits(one: Ints, other: Ints, old: list[str], new: list[str], created: set[str]) -> set[str]:
    """Old grids with land in a grid that is new, and in another one."""
    targets: dict[str, set[str]] = {}
    for i, j in zip(one.tolist(), other.tolist(), strict=True):
        targets.setdefault(old[i], set()).add(new[j])
    return {code for code, to in targets.items() if len(to) > 1 and to & created}


def _merges(one: Ints, other: Ints, old: list[str], new: list[str], retired: set[str]) -> set[str]:
    """New grids with land of a grid that is gone, and of another one."""
    sources: dict[str, set[str]] = {}
    for i, j in zip(one.tolist(), other.tolist(), strict=True):
        sources.setdefault(new[j], set()).add(old[i])
    return {code for code, of in sources.items() if len(of) > 1 and of & retired}


def _same_land(after: Coverage, changes: Changes, still: set[str]) -> list[Lineage]:
    """Grids that kept their land and are called, placed or used otherwise."""
    kinds: dict[str, LineageKind] = dict.fromkeys(changes.rekinded, "rekinded")
    kinds |= dict.fromkeys(changes.renamed, "renamed")
    kinds |= dict.fromkeys(changes.relocated, "relocated")
    codes = sorted(set(kinds) - (set(changes.moved_border) - still))
    areas = geodesic_area_m2(_shapes(after, codes))
    return [
        Lineage(code, code, kinds[code], float(area), 1.0) for code, area in zip(codes, areas, strict=True)
    ]
