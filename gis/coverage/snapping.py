"""Rounding a coverage to the lattice so that it stays a coverage.

Vertices that neighbours share are equal numbers, so rounding keeps them shared. Two things do not survive it,
and both are mended here, within one lattice step (1 cm):

- two vertices meant as one that differ by rounding noise and fall to different lattice places;
- a T-junction: a vertex that lies on a neighbour's edge without being one of its vertices. After rounding it no
  longer lies on that edge, so it is inserted there.

What remains mismatched after that is a real defect, and `check` reports it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import shapely
from numpy.typing import NDArray

from gis.errors import Place
from gis.geometry import SCALE, from_lattice, geometry_array, lattice_geometries, snap

__all__ = ["Mend", "SnappedCoverage", "is_clean", "snap_coverage"]

Geometries = NDArray[np.object_]
Floats = NDArray[np.float64]
_STEP = 1.001
"""One lattice step, and a little for the arithmetic of distances."""
_HAIRLINE = 1.5
_ROUNDS = 3


@dataclass(frozen=True)
class Mend:
    """A vertex that was moved onto, or inserted into, a neighbour's border."""

    polygon: int
    neighbour: int
    place: Place
    inserted: bool


@dataclass(frozen=True)
class SnappedCoverage:
    """A coverage on the lattice.

    Parameters
    ----------
    polygons : ndarray of object, shape (n,)
        EPSG:4326, every coordinate a whole multiple of 1e-7 degree. None where the input was None.
    merged : int
        Vertices within one lattice step of a neighbour's vertex that were made equal to it.
    inserted : int
        Vertices inserted into a neighbour's edge they lay on (T-junctions).
    mends : tuple of Mend
        The same one by one, for a report.
    clean : bool
        Whether the result is edge-matched and free of overlaps.
    """

    polygons: Geometries
    merged: int
    inserted: int
    mends: tuple[Mend, ...]
    clean: bool


def is_clean(polygons: Any) -> bool:
    """Say whether polygons on the lattice are edge-matched and do not overlap (holes are not looked at).

    Examples
    --------
    >>> is_clean([shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1)])
    True
    >>> is_clean([shapely.box(0, 0, 1, 1), shapely.box(0.5, 0, 2, 1)])
    False
    """
    return bool(shapely.coverage_is_valid(lattice_geometries(polygons)))


def snap_coverage(polygons: Any, *, hairlines: Literal["always", "rounding"] = "always") -> SnappedCoverage:
    """Round a coverage to the lattice.

    Parameters
    ----------
    polygons : array_like of shapely polygons, shape (n,)
        EPSG:4326, valid; None passes through.
    hairlines : {"always", "rounding"}, default "always"
        Close gaps of a lattice step between borders: always, or only when something had to be rounded, so that
        polygons that are a coverage on the lattice already are taken exactly as they are.

    Returns
    -------
    SnappedCoverage

    Raises
    ------
    gis.errors.InvalidGeometry
        A polygon is not valid or vanishes on the lattice.

    Examples
    --------
    A T-junction: the left square has no vertex where the two right ones meet.

    >>> left = shapely.box(0, 0, 1, 1)
    >>> right = [shapely.box(1, 0, 2, 0.5), shapely.box(1, 0.5, 2, 1)]
    >>> done = snap_coverage([left, *right])
    >>> done.clean, done.inserted, shapely.get_num_coordinates(done.polygons[0])
    (True, 1, np.int32(6))
    """
    source = geometry_array(polygons)
    rounded = snap(source)
    exact = np.array_equal(shapely.get_coordinates(source), shapely.get_coordinates(rounded))
    reach = _HAIRLINE if hairlines == "always" or not exact else 0.0
    suspects = _suspects(rounded, reach)
    if len(suspects) == 0:
        return SnappedCoverage(rounded, 0, 0, (), clean=True)
    mends: list[Mend] = []
    merged, merges = _merge_close_vertices(source, suspects)
    mends += merges
    if merges:
        rounded = snap(merged)
    for _ in range(_ROUNDS):
        suspects = _suspects(rounded, reach)
        if len(suspects) == 0:
            break
        inserted = _insert_on_edges(rounded, suspects)
        if not inserted:
            break
        mends += inserted
        rounded = snap(rounded)
    return SnappedCoverage(
        rounded,
        merged=sum(not mend.inserted for mend in mends),
        inserted=sum(mend.inserted for mend in mends),
        mends=tuple(mends),
        clean=is_clean(rounded),
    )


def _suspects(polygons: Geometries, reach: float) -> NDArray[np.int64]:
    """Number the polygons with an edge that overlaps another polygon, or runs within `reach` steps of its edge."""
    edges = shapely.coverage_invalid_edges(lattice_geometries(polygons), gap_width=reach)
    return np.flatnonzero(~(shapely.is_missing(edges) | shapely.is_empty(edges)))


def _merge_close_vertices(source: Geometries, suspects: NDArray[np.int64]) -> tuple[Geometries, list[Mend]]:
    """Give vertices of different polygons that lie within one step the same lattice place."""
    points, owner = shapely.get_coordinates(source[suspects], return_index=True)
    steps = points * SCALE
    places, first, inverse = np.unique(steps, axis=0, return_index=True, return_inverse=True)
    spots = np.asarray(shapely.points(places), dtype=object)
    one, other = shapely.STRtree(spots).query(spots, predicate="dwithin", distance=_STEP)
    apart = np.rint(places[one]) != np.rint(places[other])
    keep = (one < other) & apart.any(axis=1)
    # Only the first of a star moves others: a chain of close vertices must not collapse into one.
    target = np.arange(len(places))
    mends: list[Mend] = []
    owners_at = _owners_at(np.asarray(inverse).ravel(), owner, len(places))
    for a, b in sorted(zip(one[keep].tolist(), other[keep].tolist(), strict=True)):
        if target[a] != a or target[b] != b or owners_at[a] & owners_at[b]:
            continue
        target[b] = a
        place = from_lattice(np.rint(places[a]))
        mends.append(
            Mend(
                int(suspects[min(owners_at[b])]),
                int(suspects[min(owners_at[a])]),
                (float(place[0]), float(place[1])),
                inserted=False,
            )
        )
    moved = np.flatnonzero(target != np.arange(len(places)))
    if len(moved) == 0:
        return source, []
    change = {tuple(points[first[at]]): from_lattice(np.rint(places[target[at]])) for at in moved}

    def replace(xy: NDArray[Any]) -> NDArray[Any]:
        out = np.rint(xy * SCALE) / SCALE
        for at, pair in enumerate(map(tuple, xy)):
            if pair in change:
                out[at] = change[pair]
        return out

    # Every polygon with such a vertex follows, suspect or not, or sharing would be lost elsewhere.
    return np.asarray(shapely.transform(shapely.force_2d(source), replace), dtype=object), mends


def _owners_at(inverse: NDArray[np.intp], owner: NDArray[np.intp], count: int) -> list[set[int]]:
    owners: list[set[int]] = [set() for _ in range(count)]
    for place, polygon in zip(inverse.tolist(), owner.tolist(), strict=True):
        owners[place].add(polygon)
    return owners


def _insert_on_edges(polygons: Geometries, suspects: NDArray[np.int64]) -> list[Mend]:
    """Insert, in place, neighbours' vertices that lie within one step of an edge of a suspect polygon."""
    steps = lattice_geometries(polygons[suspects])
    vertices, vertex_owner = shapely.get_coordinates(steps, return_index=True)
    vertices, unique = np.unique(vertices, axis=0, return_index=True)
    vertex_owner = vertex_owner[unique]
    tree = shapely.STRtree(np.asarray(shapely.points(vertices), dtype=object))
    mends: list[Mend] = []
    for number, at in enumerate(suspects):
        found = _vertices_on(steps[number], tree, vertices)
        if not found:
            continue
        for vertex in sorted({vertex for on_edge in found.values() for _, vertex in on_edge}):
            place = from_lattice(vertices[vertex])
            neighbour = int(suspects[vertex_owner[vertex]])
            mends.append(Mend(int(at), neighbour, (float(place[0]), float(place[1])), inserted=True))
        polygons[at] = _with_vertices(polygons[at], found, vertices)
    return mends


def _vertices_on(shape: Any, tree: shapely.STRtree, vertices: Floats) -> dict[int, list[tuple[float, int]]]:
    """Find, for each edge of a shape, the foreign vertices on it with their position along it."""
    points, ring = shapely.get_coordinates(_rings(shape), return_index=True)
    edge = np.flatnonzero(ring[1:] == ring[:-1])
    start, end = points[edge], points[edge + 1]
    lines = shapely.linestrings(np.stack([start, end], axis=1))
    which, vertex = tree.query(lines, predicate="dwithin", distance=_STEP)
    own = {tuple(point) for point in points}
    foreign = np.array([tuple(vertices[v]) not in own for v in vertex.tolist()], dtype=bool)
    which, vertex = which[foreign], vertex[foreign]
    along = end[which] - start[which]
    offset = vertices[vertex] - start[which]
    length2 = (along**2).sum(axis=1)
    position = (along * offset).sum(axis=1) / np.where(length2 > 0, length2, 1.0)
    inside = (position > 0) & (position < 1)
    distance = np.abs(along[:, 0] * offset[:, 1] - along[:, 1] * offset[:, 0]) / np.sqrt(
        np.where(length2 > 0, length2, 1.0)
    )
    best: dict[int, tuple[float, int, float]] = {}
    for w, v, t, d in zip(which[inside], vertex[inside], position[inside], distance[inside], strict=True):
        # At a narrow place a vertex may be close to two edges: it belongs to the nearer one.
        if int(v) not in best or d < best[int(v)][0]:
            best[int(v)] = (float(d), int(edge[w]), float(t))
    found: dict[int, list[tuple[float, int]]] = {}
    for vertex_number, (_, edge_number, t) in best.items():
        found.setdefault(edge_number, []).append((t, vertex_number))
    return found


def _rings(shape: Any) -> Geometries:
    return np.asarray(shapely.get_rings(shapely.get_parts(shape)), dtype=object)


def _with_vertices(shape: Any, found: dict[int, list[tuple[float, int]]], vertices: Floats) -> Any:
    """Rebuild a polygon with the found vertices put into its edges."""
    number = 0
    parts = []
    for part in shapely.get_parts(shape):
        rings = []
        for ring in shapely.get_rings(part):
            points = shapely.get_coordinates(ring)
            new: list[Any] = []
            for at in range(len(points)):
                new.append(points[at])
                new += [from_lattice(vertices[v]) for _, v in sorted(found.get(number + at, []))]
            number += len(points)
            rings.append(np.asarray(new))
        parts.append(shapely.Polygon(rings[0], rings[1:]))
    return parts[0] if len(parts) == 1 else shapely.multipolygons(parts)
