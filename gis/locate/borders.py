"""The edges of a coverage, each held once with the pair of owners that it parts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from gis.errors import CoverageError, GeometryError
from gis.geometry import SCALE, from_lattice

__all__ = ["Borders", "ring_edges", "shared_borders"]

Steps = NDArray[np.int64]
Owners = NDArray[np.int32]
_LONGEST = 2**31 - 1
"""An edge longer than this many lattice steps (214 degrees) would overflow the products of the kernel."""


@dataclass(frozen=True)
class Borders:
    """Straight edges in lattice steps, from the lower end to the upper (level ones from west to east).

    Parameters
    ----------
    x0, y0, x1, y1 : ndarray of int64, shape (m,)
        ``y0 < y1``, or ``y0 == y1`` and ``x0 < x1``.
    low, high : ndarray of int32, shape (m,)
        The owners on the two sides, ``low < high``; the outside is the number after the last grid.
    grids : int
        How many grids there are, which is also the number of the outside.
    """

    x0: Steps
    y0: Steps
    x1: Steps
    y1: Steps
    low: Owners
    high: Owners
    grids: int

    def __len__(self) -> int:
        return len(self.x0)


def ring_edges(polygons: NDArray[np.object_]) -> Borders:
    """Take every edge of every ring as a border between its polygon and the outside.

    Parameters
    ----------
    polygons : ndarray of shapely polygons, shape (n,)
        On the lattice, EPSG:4326.

    Returns
    -------
    Borders
        Sorted by owner.

    Examples
    --------
    >>> edges = ring_edges(np.array([shapely.box(0, 0, 1, 1)], dtype=object))
    >>> len(edges), edges.grids, edges.high.tolist()
    (4, 1, [1, 1, 1, 1])
    """
    parts, polygon = shapely.get_parts(polygons, return_index=True)
    rings, part = shapely.get_rings(parts, return_index=True)
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    steps = np.rint(xy * SCALE).astype(np.int64)
    joined = (ring[1:] == ring[:-1]) & (steps[1:] != steps[:-1]).any(axis=1)
    start, end = steps[:-1][joined], steps[1:][joined]
    owner = polygon[part[ring[1:][joined]]].astype(np.int32)
    _refuse_long(start, end)
    down = (end[:, 1] < start[:, 1]) | ((end[:, 1] == start[:, 1]) & (end[:, 0] < start[:, 0]))
    low, high = np.where(down[:, None], end, start), np.where(down[:, None], start, end)
    outside = np.full(len(owner), len(polygons), dtype=np.int32)
    ends = (np.ascontiguousarray(column) for column in (low[:, 0], low[:, 1], high[:, 0], high[:, 1]))
    x0, y0, x1, y1 = ends
    return Borders(x0, y0, x1, y1, owner, outside, len(polygons))


def shared_borders(polygons: NDArray[np.object_]) -> Borders:
    """Take every edge of a clean coverage once, with the two grids on its sides.

    Parameters
    ----------
    polygons : ndarray of shapely polygons, shape (n,)
        On the lattice, EPSG:4326, edge-matched and without overlaps.

    Returns
    -------
    Borders
        Sorted by place.

    Raises
    ------
    gis.errors.CoverageError
        An edge that three polygons claim, or one polygon twice.

    Examples
    --------
    >>> pair = np.array([shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1)], dtype=object)
    >>> edges = shared_borders(pair)
    >>> len(edges), sorted(zip(edges.low.tolist(), edges.high.tolist(), strict=True))[0]
    (7, (0, 1))
    """
    edges = ring_edges(polygons)
    if len(edges) == 0:
        return edges
    # Two sort keys instead of four: relative steps fit in 32 bits each.
    west, south = min(edges.x0.min(), edges.x1.min()), edges.y0.min()
    first = ((edges.y0 - south) << 32) | (edges.x0 - west)
    second = ((edges.y1 - south) << 32) | (edges.x1 - west)
    order = np.lexsort((edges.low, second, first))
    first, second = first[order], second[order]
    same = (first[1:] == first[:-1]) & (second[1:] == second[:-1])
    begins = np.flatnonzero(np.concatenate([[True], ~same]))
    claims = np.diff(np.concatenate([begins, [len(order)]]))
    one = edges.low[order[begins]]
    other = np.full(len(begins), edges.grids, dtype=np.int32)
    twice = claims == 2
    other[twice] = edges.low[order[begins[twice] + 1]]
    wrong = np.flatnonzero((claims > 2) | (one == other))
    if wrong.size:
        at = order[begins[wrong[0]]]
        place = from_lattice([edges.x0[at], edges.y0[at]])
        raise CoverageError(
            f"({place[0]}, {place[1]}) 处的边界被多次使用，网格互相重叠",
            f"the edge at ({place[0]}, {place[1]}) is claimed more than twice: the grids overlap",
            places=[(float(place[0]), float(place[1]))],
            code="overlaps",
        )
    kept = order[begins]
    return Borders(edges.x0[kept], edges.y0[kept], edges.x1[kept], edges.y1[kept], one, other, edges.grids)


def _refuse_long(start: np.ndarray, end: np.ndarray) -> None:
    long = np.flatnonzero(np.abs(end - start).max(axis=1, initial=0) > _LONGEST)
    if long.size:
        place = from_lattice(start[long[0]])
        raise GeometryError(
            f"({place[0]}, {place[1]}) 起的一条边超过 214 度",
            f"the edge from ({place[0]}, {place[1]}) is longer than 214 degrees",
            places=[(float(place[0]), float(place[1]))],
            code="edge-too-long",
        )
