"""Pairs of polygons whose interiors meet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from gis.arrays import Geometries
from gis.coverage.field import Field, degrees_of, measured, place_in
from gis.defects import Defect, names
from gis.geometry import polygon_parts
from gis.text import Text

__all__ = ["MOST_OVERLAPS", "Double", "crowd", "overlaps"]

MOST_OVERLAPS = 1000
"""Overlapping pairs that are reported; a file with more is no coverage whatever the others are."""
_POLYGONS_AT_ONCE, _PAIRS_AT_ONCE = 64, 4096
# Envelopes that meet, a polygon and beyond: grids of a city have about ten neighbours.
_CROWDED, _FEW = 100, 10_000


@dataclass(frozen=True)
class Double:
    """A polygon of the same shape as the one at position `first` of a `Field`, and of another code."""

    first: int
    code: str
    rows: tuple[int, ...] = ()


def _meeting_pairs(steps: Geometries, touched: NDArray[np.int64]) -> tuple[NDArray[np.int64], Geometries]:
    """Find pairs whose interiors meet, and where: the first `MOST_OVERLAPS` of them, looked for piece by piece.

    Of n polygons that all lie on one another n squared pairs meet, which nobody reads and no memory holds. One of
    each pair is among the `touched`.
    """
    is_touched = np.zeros(len(steps), dtype=bool)
    is_touched[touched] = True
    tree = shapely.STRtree(steps)
    pairs: list[NDArray[np.int64]] = [np.empty((0, 2), dtype=np.int64)]
    meets: list[Geometries] = [np.empty(0, dtype=object)]
    found = 0
    for begin in range(0, len(touched), _POLYGONS_AT_ONCE):
        few = touched[begin : begin + _POLYGONS_AT_ONCE]
        one, other = tree.query(steps[few])
        one = few[one]
        # Where both are touched the pair comes twice.
        once = (one != other) & ((one < other) | ~is_touched[other])
        near = np.sort(np.column_stack([one[once], other[once]]), axis=1)
        for at in range(0, len(near), _PAIRS_AT_ONCE):
            several = near[at : at + _PAIRS_AT_ONCE]
            several = several[shapely.intersects(steps[several[:, 0]], steps[several[:, 1]])]
            shapes = shapely.intersection(steps[several[:, 0]], steps[several[:, 1]])
            area = shapely.area(shapes) > 0
            pairs.append(several[area])
            meets.append(shapes[area])
            found += int(area.sum())
            if found >= MOST_OVERLAPS:
                return np.concatenate(pairs)[:MOST_OVERLAPS], np.concatenate(meets)[:MOST_OVERLAPS]
    return np.concatenate(pairs), np.concatenate(meets)


def overlaps(ground: Field, doubled: Sequence[Double] = ()) -> list[Defect]:
    """Find pairs whose interiors meet: one defect a pair, at its widest piece, and no more than `MOST_OVERLAPS`.

    `doubled` are polygons that are left out of `ground`, since one of it has the same shape.
    """
    # One of an overlapping pair may have no invalid edge of its own (a grid drawn inside another): query all.
    touched = np.flatnonzero(~shapely.is_empty(ground.invalid_edges))
    positions, meets = _meeting_pairs(ground.steps, touched)
    pairs = [_names(ground, pair) for pair in positions.tolist()]
    more = list(doubled)[: MOST_OVERLAPS - len(pairs)]
    pairs += [
        (
            tuple(sorted([ground.codes[double.first], double.code])),
            tuple(sorted([*ground.rows_at([double.first]), *double.rows])),
        )
        for double in more
    ]
    copies = ground.steps[[double.first for double in more]] if more else np.empty(0, dtype=object)
    return _overlap_defects(pairs, np.concatenate([meets, copies]), ground.metric)


def crowd(codes: Sequence[str], degrees: Geometries, rows: Sequence[tuple[int, ...]] = ()) -> list[Defect]:
    """Find `MOST_OVERLAPS` overlapping pairs where polygons lie on one another by the dozen; empty otherwise.

    What examines borders takes the square of their number then.
    """
    tree = shapely.STRtree(degrees)
    near = 0
    for begin in range(0, len(degrees), _POLYGONS_AT_ONCE):
        near += tree.query(degrees[begin : begin + _POLYGONS_AT_ONCE]).shape[1]
        if near > _CROWDED * len(degrees) + _FEW:
            break
    else:
        return []
    ground = Field(tuple(codes), degrees, tuple(rows))
    positions, meets = _meeting_pairs(ground.steps, np.arange(len(degrees)))
    if len(positions) < MOST_OVERLAPS:
        return []
    pairs = [_names(ground, pair) for pair in positions.tolist()]
    return _overlap_defects(pairs, meets, ground.metric)


def _names(ground: Field, pair: Sequence[int]) -> tuple[tuple[str, ...], tuple[int, ...]]:
    return tuple(sorted(ground.codes[at] for at in pair)), ground.rows_at(pair)


def _overlap_defects(
    pairs: Sequence[tuple[tuple[str, ...], tuple[int, ...]]], meets: Geometries, metric: CRS
) -> list[Defect]:
    """Describe where pairs (codes and rows) meet, in lattice steps."""
    parts, pair_of = polygon_parts(meets)
    if len(parts) == 0:
        return []
    degrees = degrees_of(parts)
    width, area = measured(degrees, metric)
    found = []
    for pair in np.unique(pair_of):
        mine = np.flatnonzero(pair_of == pair)
        widest = mine[np.argmax(width[mine])]
        codes, rows = pairs[pair]
        total = float(area[mine].sum())
        found.append(
            Defect(
                "overlap",
                "error",
                codes,
                place_in(degrees[widest]),
                width_m=float(width[widest]),
                area_m2=total,
                detail=Text(
                    f"网格 {names(codes)} 重叠 {total:.2f} 平方米，最宽 {width[widest]:.2f} 米",
                    f"{names(codes)} overlap by {total:.2f} m2, up to {width[widest]:.2f} m wide",
                ),
                rows=rows,
            )
        )
    return found
