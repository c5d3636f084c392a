"""Noding on the lattice: where borders cross or touch, all of them get a vertex.

Snap rounding (Hobby 1999): the pixels of the lattice that hold a vertex or a crossing are hot, and every edge through
a hot pixel gets its middle as a vertex. Vertices never move and are never made one; an edge moves by half a step
(5 mm) at most, and only where it meets another.
"""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon

from gis.arrays import Geometries, GeometryArrayLike, Ints
from gis.coverage.linework import Edges, Linework, edges_of

__all__ = ["node", "split_edges"]

_ROUNDS = 6
_AT_ONCE = 100_000
_POLYGON, _MULTIPOLYGON = 3, 6


def node(steps: Geometries) -> tuple[Geometries, Linework]:
    """Give crossing and touching borders common vertices.

    Parameters
    ----------
    steps : ndarray of shapely polygons, shape (n,)
        In lattice steps, each valid; None passes through.

    Returns
    -------
    steps : ndarray of object, shape (n,)
        Those without a new vertex are the same objects. A polygon narrower than a step may touch itself now.
    linework : Linework
        Of the result.
    """
    polygons = steps.copy()
    linework = Linework(edges_of(polygons))
    suspects = ~linework.shared
    suspects[_on_invalid_edges(polygons, linework)] = True
    # An edge that was split is where the next look begins; the first looks everywhere.
    for _ in range(_ROUNDS):
        line, point = _meetings(linework.lines, np.flatnonzero(suspects))
        if line.size == 0:
            break
        polygons = _inserted(polygons, linework, line, point)
        old = linework
        linework = Linework(edges_of(polygons))
        known = np.zeros(len(linework.lines), dtype=bool)
        kept = linework.numbers_of(old.lines)
        known[kept[kept >= 0]] = True
        suspects = ~known
    return polygons, linework


def _on_invalid_edges(polygons: GeometryArrayLike, linework: Linework) -> Ints:
    """Number the lines that GEOS says do not match: also borders between two that others cross."""
    found = shapely.coverage_invalid_edges(polygons)
    xy, of = shapely.get_coordinates(shapely.get_parts(found), return_index=True)
    joined = of[1:] == of[:-1]
    xy = np.rint(xy).astype(np.int64)
    numbers = linework.numbers_of(np.stack([xy[:-1][joined], xy[1:][joined]], axis=1))
    return numbers[numbers >= 0]


def _meetings(lines: Ints, suspects: Ints) -> tuple[Ints, Ints]:
    """Find the vertices that lines lack: number of the line, and the place."""
    if suspects.size == 0:
        return np.empty(0, dtype=np.int64), np.empty((0, 2), dtype=np.int64)
    tree = shapely.STRtree(np.asarray(shapely.linestrings(lines[suspects].astype(np.float64)), dtype=object))
    on: list[Ints] = []
    places: list[Ints] = []
    low, high = lines.min(axis=1), lines.max(axis=1)
    for begin in range(0, len(lines), _AT_ONCE):
        few = slice(begin, begin + _AT_ONCE)
        boxes = shapely.box(low[few, 0], low[few, 1], high[few, 0], high[few, 1])
        one, other = tree.query(boxes)
        one, other = one + begin, suspects[other]
        apart = one != other
        for at, place in _hits(lines, one[apart], other[apart]):
            on.append(at)
            places.append(place)
    found = np.column_stack([np.concatenate(on), np.concatenate(places)])
    found = np.unique(found, axis=0)
    return found[:, 0], found[:, 1:]


def _hits(lines: Ints, one: Ints, other: Ints) -> list[tuple[Ints, Ints]]:
    found = []
    for first, second in ((one, other), (other, one)):
        for end in (0, 1):
            point = lines[second, end]
            hit = _through_pixel(lines[first], point)
            found.append((first[hit], point[hit]))
    crossing = np.flatnonzero(_cross(lines[one], lines[other]))
    if crossing.size:
        a, b = one[crossing], other[crossing]
        point = np.array(
            [_crossing(lines[i].tolist(), lines[j].tolist()) for i, j in zip(a, b, strict=True)],
            dtype=np.int64,
        )
        for mine in (a, b):
            inside = (lines[mine] != point[:, None]).any(axis=2).all(axis=1)
            found.append((mine[inside], point[inside]))
    return found


def _turn(a: Ints, b: Ints, c: Ints) -> Ints:
    """Give twice the area of triangles, positive where c lies left of a to b."""
    u, v = b - a, c - a
    return np.asarray(u[:, 0] * v[:, 1] - u[:, 1] * v[:, 0])


def _through_pixel(line: Ints, point: Ints) -> NDArray[np.bool_]:
    """Tell whether lines run through the pixel of a place that is not one of their ends."""
    low, high = line.min(axis=1), line.max(axis=1)
    within = ((point >= low) & (point <= high)).all(axis=1)
    ends = (line == point[:, None]).all(axis=2).any(axis=1)
    reach = np.abs(line[:, 1] - line[:, 0]).sum(axis=1)
    near = 2 * np.abs(_turn(line[:, 0], line[:, 1], point)) < reach
    return np.asarray(within & ~ends & near)


def _cross(one: Ints, other: Ints) -> NDArray[np.bool_]:
    a, b = (
        np.sign(_turn(one[:, 0], one[:, 1], other[:, 0])),
        np.sign(_turn(one[:, 0], one[:, 1], other[:, 1])),
    )
    c, d = (
        np.sign(_turn(other[:, 0], other[:, 1], one[:, 0])),
        np.sign(_turn(other[:, 0], other[:, 1], one[:, 1])),
    )
    return np.asarray((a * b < 0) & (c * d < 0))


def _crossing(one: list[list[int]], other: list[list[int]]) -> tuple[int, int]:
    """Give the lattice place nearest to where two lines cross, exact: whole numbers of any size."""
    (ax, ay), (bx, by) = one
    (cx, cy), (dx, dy) = other
    below = (bx - ax) * (dy - cy) - (by - ay) * (dx - cx)
    above = (cx - ax) * (dy - cy) - (cy - ay) * (dx - cx)
    if below < 0:
        above, below = -above, -below
    return (
        ax + (2 * (bx - ax) * above + below) // (2 * below),
        ay + (2 * (by - ay) * above + below) // (2 * below),
    )


def _inserted(polygons: Geometries, linework: Linework, line: Ints, point: Ints) -> Geometries:
    return split_edges(polygons, linework.lines[line], point)


def split_edges(polygons: Geometries, lines: Ints, points: Ints) -> Geometries:
    """Put vertices into the edges of polygons.

    Parameters
    ----------
    polygons : ndarray of shapely polygons
        In lattice steps.
    lines : ndarray of int64, shape (k, 2, 2)
        The edge of each vertex, from its lesser end to its greater.
    points : ndarray of int64, shape (k, 2)

    Returns
    -------
    ndarray of object
        The others are the same objects.
    """
    wanted = Linework(Edges(lines, np.zeros(len(lines), dtype=np.int64)))
    number = wanted.line
    # Along the line: by its longer direction, which only grows.
    along = _along(lines, points)
    order = np.lexsort((along[:, 1], along[:, 0], number))
    points, number = points[order], number[order]
    begins = np.searchsorted(number, np.arange(len(wanted.lines) + 1))
    many = np.diff(begins)

    out = polygons.copy()
    present = np.flatnonzero(~(shapely.is_missing(polygons) | shapely.is_empty(polygons)))
    near = shapely.STRtree(polygons[present]).query(shapely.points(points.astype(np.float64)))[1]
    touched = present[np.unique(near)]
    if touched.size == 0:
        # A mouth is nobody's edge.
        return out
    plain = np.asarray(shapely.force_2d(polygons[touched]), dtype=object)
    multi = np.array([_as_multi(shape) for shape in plain], dtype=object)
    _, xy, (ring_at, part_at, shape_at) = shapely.to_ragged_array(multi)
    steps = np.rint(xy).astype(np.int64)
    ends = np.stack([steps[:-1], steps[1:]], axis=1)
    hit = wanted.numbers_of(ends)
    # The seam between one ring and the next is no edge.
    hit[ring_at[1:-1] - 1] = -1
    where = np.flatnonzero(hit >= 0)
    if where.size == 0:
        return out
    back = _runs_back(ends[where])
    added = many[hit[where]]
    source = np.concatenate(
        [
            np.arange(begins[h], begins[h + 1])[::-1] if b else np.arange(begins[h], begins[h + 1])
            for h, b in zip(hit[where].tolist(), back.tolist(), strict=True)
        ]
    )
    new_xy = np.insert(steps, np.repeat(where + 1, added), points[source], axis=0)
    before = np.zeros(len(steps) + 1, dtype=np.int64)
    before[where + 1] = added
    shift = np.cumsum(before)
    rings = ring_at + shift[np.maximum(ring_at - 1, 0)] * (ring_at > 0)
    built = shapely.from_ragged_array(
        shapely.GeometryType.MULTIPOLYGON, new_xy.astype(np.float64), (rings, part_at, shape_at)
    )
    part_of = (
        np.searchsorted(
            shape_at,
            np.searchsorted(part_at, np.searchsorted(ring_at, where, "right") - 1, "right") - 1,
            "right",
        )
        - 1
    )
    for at in np.unique(part_of).tolist():
        shape = built[at]
        single = shapely.get_type_id(polygons[touched[at]]) == _POLYGON
        out[touched[at]] = shapely.get_geometry(shape, 0) if single else shape
    return out


def _as_multi(shape: Polygon | MultiPolygon) -> MultiPolygon:
    return MultiPolygon([shape]) if isinstance(shape, Polygon) else shape


def _runs_back(ends: Ints) -> NDArray[np.bool_]:
    start, end = ends[:, 0], ends[:, 1]
    return np.asarray((end[:, 0] < start[:, 0]) | ((end[:, 0] == start[:, 0]) & (end[:, 1] < start[:, 1])))


def _along(lines: Ints, points: Ints) -> Ints:
    """Order places on lines from the lesser end: by the longer direction, then by the other."""
    run = lines[:, 1] - lines[:, 0]
    offset = (points - lines[:, 0]) * np.sign(run)
    wide = np.abs(run[:, 0]) >= np.abs(run[:, 1])
    return np.asarray(np.where(wide[:, None], offset, offset[:, ::-1]))
