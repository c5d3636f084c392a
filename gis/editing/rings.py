"""Rings, edges and vertices of polygons in lattice steps.

Everything here has whole-number coordinates held in doubles. A vertex is a pair of ints; an edge is a pair of
vertices, the smaller first, so that both grids along a border name it alike.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from gis.arrays import Geometries, GeometryArrayLike
from gis.errors import Place
from gis.geometry import SCALE, from_lattice

__all__ = [
    "Edge",
    "Folded",
    "Vertex",
    "as_edges",
    "changed_rings",
    "degrees_of",
    "edge_array",
    "edge_lines",
    "place_of",
    "through_pixel",
    "vertex_set",
]

Vertex = tuple[int, int]
Edge = tuple[Vertex, Vertex]
Edges = NDArray[np.int64]


class Folded(ValueError):
    """A ring has fewer than three vertices left."""

    def __init__(self, at: Vertex) -> None:
        super().__init__(at)
        self.at = at


def degrees_of(shape: BaseGeometry) -> BaseGeometry:
    """A polygon in lattice steps as it is stored: in degrees, rings in a fixed order and direction."""
    return shapely.transform(shapely.normalize(shape), lambda xy: np.rint(xy) / SCALE + 0.0)


def place_of(vertex: Iterable[float]) -> Place:
    """A place in steps as longitude, latitude.

    Examples
    --------
    >>> place_of((1200500000, 358800000))
    (120.05, 35.88)
    """
    x, y = from_lattice(np.rint(np.asarray(list(vertex), dtype=np.float64))).tolist()
    return (x, y)


def edge_array(shapes: GeometryArrayLike) -> tuple[Edges, NDArray[np.int64]]:
    """Take the edges of polygons or lines.

    Returns
    -------
    edges : ndarray of int64, shape (m, 4)
        x, y, x, y, the smaller vertex first; without edges of no length.
    owner : ndarray of int64, shape (m,)
        Which shape each came from.
    """
    flat = np.asarray(shapes, dtype=object).reshape(-1)
    parts, of = shapely.get_parts(flat, return_index=True)
    while (shapely.get_type_id(parts) > 3).any():
        parts, inner = shapely.get_parts(parts, return_index=True)
        of = of[inner]
    area = shapely.get_type_id(parts) == 3
    rings, ring_of = shapely.get_rings(parts[area], return_index=True)
    lines = np.concatenate([rings, parts[~area & (shapely.get_dimensions(parts) == 1)]])
    line_of = np.concatenate([of[area][ring_of], of[~area & (shapely.get_dimensions(parts) == 1)]])
    points, at = shapely.get_coordinates(lines, return_index=True)
    whole = np.rint(points).astype(np.int64)
    joined = at[1:] == at[:-1]
    start, end = whole[:-1][joined], whole[1:][joined]
    owner = line_of[at[1:][joined]].astype(np.int64)
    long = (start != end).any(axis=1)
    start, end, owner = start[long], end[long], owner[long]
    swap = (start[:, 0] > end[:, 0]) | ((start[:, 0] == end[:, 0]) & (start[:, 1] > end[:, 1]))
    first, second = np.where(swap[:, None], end, start), np.where(swap[:, None], start, end)
    return np.hstack([first, second]), owner


def as_edges(edges: Edges) -> list[Edge]:
    """Rows of `edge_array` as pairs of vertices."""
    return [((a, b), (c, d)) for a, b, c, d in edges.tolist()]


def edge_lines(edges: Edges) -> Geometries:
    """Rows of `edge_array` as lines of two points."""
    return np.asarray(shapely.linestrings(edges.reshape(-1, 2, 2).astype(np.float64)), dtype=object)


def vertex_set(shapes: GeometryArrayLike) -> set[Vertex]:
    """Every vertex of some polygons."""
    points = np.rint(shapely.get_coordinates(np.asarray(shapes, dtype=object).reshape(-1))).astype(np.int64)
    return {(x, y) for x, y in points.tolist()}


def through_pixel(edges: Edges, point: Vertex) -> NDArray[np.bool_]:
    """Say which edges pass through the lattice square around a point, without having it as an end.

    Exact whole-number arithmetic: these are the edges that rounding a place on them may have come from.

    Examples
    --------
    >>> through_pixel(np.array([[0, 0, 10, 3], [0, 0, 10, 0]]), (5, 2)).tolist()
    [True, False]
    """
    x, y = point
    dx, dy = edges[:, 2] - edges[:, 0], edges[:, 3] - edges[:, 1]
    px, py = x - edges[:, 0], y - edges[:, 1]
    near = 2 * np.abs(dx * py - dy * px) <= np.abs(dx) + np.abs(dy)
    along = dx * px + dy * py
    between = (along > 0) & (along < dx * dx + dy * dy)
    return np.asarray(near & between)


def changed_rings(shape: BaseGeometry, change: Callable[[list[Vertex]], list[Vertex]]) -> BaseGeometry:
    """Rebuild a polygon with each ring (open: first vertex not repeated) changed; repeated vertices go.

    Raises
    ------
    Folded
        A ring is left with fewer than three vertices.
    """
    parts = []
    for part in shapely.get_parts(shape):
        rings = []
        for ring in shapely.get_rings(part):
            points = [
                (x, y) for x, y in np.rint(shapely.get_coordinates(ring)[:-1]).astype(np.int64).tolist()
            ]
            new = change(points)
            new = [v for at, v in enumerate(new) if v != new[at - 1] or len(new) == 1]
            if len(new) < 3:
                raise Folded(new[0] if new else points[0])
            rings.append([*new, new[0]])
        parts.append(shapely.Polygon(rings[0], rings[1:]))
    return parts[0] if len(parts) == 1 else shapely.multipolygons(parts)
