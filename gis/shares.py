"""How much of a line or an area lies in which grid.

Lengths and surfaces are geodesic. What lies on a border between grids counts once, for the grid with the lowest
code, which is the rule of `gis.locate` for points; a line drawn twice over the same place counts twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import shapely
from numpy.typing import NDArray

from gis.antimeridian import turn
from gis.arrays import Floats, Geometries, GeometryArrayLike
from gis.errors import InvalidGeometry
from gis.geometry import SCALE, geometry_array, lattice_geometries, representative_place, snap
from gis.locate import NO_OWNER, GridIndex
from gis.measures import geodesic_area_m2, geodesic_distance_m

__all__ = ["Shares", "shares"]

Numbers = NDArray[np.int64]
_TIE = 1e-9
_OUTSIDE_NOISE = 1e-6
"""Cutting an edge at a border changes its geodesic length by less than this part of it."""
_ROUNDING = 1e-3
"""A part below this many metres or square metres (or this part of something smaller) is rounding at a cut."""
_POINTS, _LINES, _AREAS = (0, 4), (1, 2, 5), (3, 6)


@dataclass(frozen=True)
class Shares:
    """Shares of n shapes in grids, as rows sorted by shape and then grid.

    Parameters
    ----------
    geom_index : ndarray of int64, shape (m,)
        Which shape.
    grid : ndarray of int32, shape (m,)
        Which grid, a position in the codes of the index.
    share : ndarray of float64, shape (m,)
        Part of what lies inside the grids; sums to 1 for each shape that touches any.
    measure : ndarray of float64, shape (m,)
        Metres of a line, square metres of an area, 0 for points.
    owners : ndarray of int32, shape (n,)
        The grid with the largest share (the lowest code when they are equal), -1 without any.
    outside : ndarray of float64, shape (n,)
        Part of the whole shape outside all grids, 0 to 1; 1 for None and empty.
    """

    geom_index: Numbers
    grid: NDArray[np.int32]
    share: Floats
    measure: Floats
    owners: NDArray[np.int32]
    outside: Floats


def shares(index: GridIndex, geoms: GeometryArrayLike) -> Shares:
    """Share shapes out among the grids.

    Parameters
    ----------
    index : GridIndex
    geoms : array_like of shapely geometries, shape (n,)
        EPSG:4326, valid, rounded to the lattice here. Points and multipoints are counted, lines measured by
        length, areas by surface. What is smaller than a lattice step is taken for a point; None and empty have
        no rows.

    Returns
    -------
    Shares

    Raises
    ------
    gis.errors.InvalidGeometry
        An invalid area, or a collection of mixed kinds.

    Examples
    --------
    >>> index = GridIndex.build(["a", "b"], [shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1)])
    >>> line = shapely.LineString([(0.75, 0), (1.75, 0)])
    >>> along = shapely.LineString([(1, 0), (1, 1)])
    >>> result = shares(index, [line, along])
    >>> result.geom_index.tolist(), result.grid.tolist(), result.share.round(6).tolist()
    ([0, 0, 1], [0, 1, 0], [0.25, 0.75, 1.0])
    >>> result.owners.tolist()
    [1, 0]
    """
    flat = geometry_array(geoms)
    kinds = shapely.get_type_id(flat)
    empty = shapely.is_missing(flat) | shapely.is_empty(flat)
    if (mixed := np.flatnonzero((kinds == 7) & ~empty)).size:
        at = int(mixed[0])
        raise InvalidGeometry(
            f"第 {at + 1} 个图形是混合集合，应为点、线或面",
            f"shape {at + 1} is a mixed collection; expected points, lines or areas",
            places=[representative_place(flat[at])],
            code="mixed-geometry",
        )
    degrees = snap(flat, on_collapse="none")
    gone = shapely.is_missing(degrees) & ~empty
    degrees[gone] = shapely.get_point(_first_lines(flat[gone]), 0)
    steps = lattice_geometries(turn(degrees) if index.turned else degrees)
    kinds = shapely.get_type_id(steps)
    rows = [
        _points(index, degrees, np.flatnonzero(np.isin(kinds, _POINTS) & ~empty)),
        _lines(index, steps, np.flatnonzero(np.isin(kinds, _LINES) & ~empty)),
        _areas(index, steps, np.flatnonzero(np.isin(kinds, _AREAS) & ~empty)),
    ]
    return _summed(len(flat), rows)


@dataclass(frozen=True)
class _Rows:
    """Pieces before summing: weight decides the share, measure is what is reported."""

    shape: Numbers
    grid: Numbers
    weight: Floats
    measured: bool
    whole_of: Numbers
    whole: Floats


def _first_lines(flat: Geometries) -> Geometries:
    parts = np.asarray(shapely.get_geometry(flat, 0), dtype=object)
    areas = shapely.get_type_id(parts) == 3
    parts[areas] = shapely.get_exterior_ring(parts[areas])
    return parts


def _points(index: GridIndex, degrees: Geometries, at: Numbers) -> _Rows:
    xy, of = shapely.get_coordinates(degrees[at], return_index=True)
    owner = index.locate(xy[:, 0], xy[:, 1]).astype(np.int64)
    inside = owner != NO_OWNER
    whole = np.bincount(of, minlength=len(at)).astype(np.float64)
    return _Rows(at[of[inside]], owner[inside], np.ones(int(inside.sum())), False, at, whole)


def _inside_one(index: GridIndex, steps: Geometries) -> Numbers:
    """Give the grid whose interior holds the whole shape, -1 where a border is met."""
    out = np.full(len(steps), -1, dtype=np.int64)
    shape, grid = index.tree.query(steps)
    hit = shapely.contains_properly(index.steps[grid], steps[shape])
    # Overlapping grids (an index that lets the lowest code win): write the lowest last.
    order = np.lexsort((-grid[hit], shape[hit]))
    out[shape[hit][order]] = grid[hit][order]
    return out


def _lines(index: GridIndex, steps: Geometries, at: Numbers) -> _Rows:
    pieces, of = shapely.get_parts(steps[at], return_index=True)
    xy, piece = shapely.get_coordinates(pieces, return_index=True)
    joined = piece[1:] == piece[:-1]
    start, end = xy[:-1][joined], xy[1:][joined]
    line = of[piece[1:][joined]]
    length = _metres(start, end)
    whole = np.bincount(line, weights=length, minlength=len(at)).astype(np.float64)

    home = _inside_one(index, steps[at])
    settled = home[line] >= 0
    shape, grid, weight = [line[settled]], [home[line][settled]], [length[settled]]
    rest = np.flatnonzero(~settled & (length > 0))
    segments = np.asarray(shapely.linestrings(np.stack([start[rest], end[rest]], axis=1)), dtype=object)
    home = _inside_one(index, segments)
    shape.append(line[rest[home >= 0]])
    grid.append(home[home >= 0])
    weight.append(length[rest[home >= 0]])
    cut = rest[home < 0]
    segment, owner, begin, finish = _intervals(index, segments[home < 0], start[cut], end[cut])
    along = end[cut][segment] - start[cut][segment]
    shape.append(line[cut[segment]])
    grid.append(owner)
    weight.append(
        _metres(start[cut][segment] + along * begin[:, None], start[cut][segment] + along * finish[:, None])
    )
    return _Rows(at[np.concatenate(shape)], np.concatenate(grid), np.concatenate(weight), True, at, whole)


def _metres(start: Floats, end: Floats) -> Floats:
    a, b = start / SCALE, end / SCALE
    return geodesic_distance_m(a[:, 0], a[:, 1], b[:, 0], b[:, 1])


def _intervals(
    index: GridIndex, segments: Geometries, start: Floats, end: Floats
) -> tuple[Numbers, Numbers, Floats, Floats]:
    """Cut straight segments at borders: (segment, grid, from, to), from and to in 0..1 along the segment."""
    segment, grid = index.tree.query(segments)
    hit = shapely.intersects(index.steps[grid], segments[segment])
    segment, grid = segment[hit], grid[hit]
    pieces, of = shapely.get_parts(
        shapely.intersection(segments[segment], index.steps[grid]), return_index=True
    )
    linear = shapely.get_type_id(pieces) == 1
    pieces, of = pieces[linear], of[linear]
    segment, grid = segment[of], grid[of]
    ends = shapely.get_coordinates(pieces)
    count = shapely.get_num_coordinates(pieces)
    last = np.cumsum(count) - 1
    along = end - start
    # Measure along the longer axis: the other may not change at all.
    axis = (np.abs(along[:, 1]) > np.abs(along[:, 0])).astype(np.int64)[segment]
    rows = np.arange(len(segment))
    base, span = start[segment, axis], along[segment, axis]
    one = (ends[last - count + 1][rows, axis] - base) / span
    two = (ends[last][rows, axis] - base) / span
    begin, finish = np.clip(np.minimum(one, two), 0, 1), np.clip(np.maximum(one, two), 0, 1)
    return _without_overlap(segment, grid, begin, finish)


def _without_overlap(
    segment: Numbers, grid: Numbers, begin: Floats, finish: Floats
) -> tuple[Numbers, Numbers, Floats, Floats]:
    """Where intervals of several grids cover the same part of a segment, leave it to the lowest grid."""
    order = np.lexsort((finish, begin, segment))
    segment, grid, begin, finish = segment[order], grid[order], begin[order], finish[order]
    same = segment[1:] == segment[:-1]
    clash = same & (finish[:-1] - begin[1:] > 1e-12)
    dirty = np.isin(segment, segment[1:][clash])
    out = [(segment[~dirty], grid[~dirty], begin[~dirty], finish[~dirty])]
    for number in np.unique(segment[dirty]):
        mine = np.flatnonzero(segment == number)
        cuts = np.unique(np.concatenate([begin[mine], finish[mine]]))
        for low, high in pairwise(cuts.tolist()):
            if high - low <= 1e-12:
                continue
            middle = (low + high) / 2
            covering = grid[mine][(begin[mine] <= middle) & (finish[mine] >= middle)]
            if covering.size:
                row = (np.array([number]), np.array([covering.min()]), np.array([low]), np.array([high]))
                out.append(row)
    a, b, c, d = (np.concatenate(column) for column in zip(*out, strict=True))
    return a, b, c, d


def _areas(index: GridIndex, steps: Geometries, at: Numbers) -> _Rows:
    mine = steps[at]
    whole = _square_metres(mine)
    home = _inside_one(index, mine)
    settled = np.flatnonzero(home >= 0)
    rest = np.flatnonzero(home < 0)
    shape, grid = index.tree.query(mine[rest], predicate="intersects")
    order = np.lexsort((grid, shape))
    shape, grid = rest[shape[order]], grid[order]
    pieces = shapely.intersection(mine[shape], index.steps[grid])
    surface = _square_metres(pieces)
    # Compared on the plane of the lattice, where cutting an edge does not bend it.
    ratio = np.bincount(shape, weights=shapely.area(pieces), minlength=len(at)) / shapely.area(mine)
    # More inside than there is: the grids overlap, and the lowest code takes what several cover.
    for number in np.flatnonzero(ratio > 1 + _TIE):
        taken = None
        for row in np.flatnonzero(shape == number):
            piece = pieces[row]
            if taken is not None:
                surface[row] = _square_metres(np.array([shapely.difference(piece, taken)], dtype=object))[0]
            taken = piece if taken is None else shapely.union(taken, piece)
    keep = surface > 0
    inside = np.bincount(shape, weights=surface, minlength=len(at))
    covered = np.abs(ratio - 1) <= _TIE
    whole[covered] = inside[covered]
    return _Rows(
        at[np.concatenate([settled, shape[keep]])],
        np.concatenate([home[settled], grid[keep]]),
        np.concatenate([whole[settled], surface[keep]]),
        True,
        at,
        whole,
    )


def _square_metres(steps: Geometries) -> Floats:
    return geodesic_area_m2(shapely.transform(np.asarray(steps, dtype=object), lambda xy: xy / SCALE))


def _summed(count: int, parts: list[_Rows]) -> Shares:
    shape = np.concatenate([part.shape for part in parts])
    grid = np.concatenate([part.grid for part in parts])
    weight = np.concatenate([part.weight for part in parts])
    measured = np.concatenate([np.full(len(part.shape), part.measured) for part in parts])
    whole = np.zeros(count)
    for part in parts:
        whole[part.whole_of] = part.whole
    width = int(grid.max()) + 1 if grid.size else 1
    pairs, inverse = np.unique(shape * width + grid, return_inverse=True)
    inverse = np.asarray(inverse).ravel()
    amount = np.bincount(inverse, weights=weight, minlength=len(pairs)).astype(np.float64)
    is_measured = np.zeros(len(pairs), dtype=bool)
    is_measured[inverse] = measured
    of, owner = (pairs // width).astype(np.int64), (pairs % width).astype(np.int32)
    real = ~is_measured | (amount > np.minimum(_ROUNDING, whole[of] * _ROUNDING))
    of, owner, amount, is_measured = of[real], owner[real], amount[real], is_measured[real]
    inside = np.bincount(of, weights=amount, minlength=count)
    share = amount / inside[of]
    owners = np.full(count, NO_OWNER, dtype=np.int32)
    best = np.zeros(count)
    np.maximum.at(best, of, share)
    # Rows are sorted by grid, so writing backwards leaves the lowest code among equal shares.
    leading = np.flatnonzero(share >= best[of] - _TIE)[::-1]
    owners[of[leading]] = owner[leading]
    outside = np.ones(count)
    known = whole > 0
    outside[known] = np.clip(1 - inside[known] / whole[known], 0, 1)
    outside[outside < _OUTSIDE_NOISE] = 0.0
    return Shares(of, owner, share, np.where(is_measured, amount, 0.0), owners, outside)
