"""The edges that polygons on the lattice do not share, and the faces that these enclose.

A border between two polygons of a clean coverage is made of edges that occur twice, once in each direction; what
occurs once has ground on its left and none on its right. Walking along these edges with the empty side at hand,
and turning at every vertex into the same empty sector, goes around one face of what nobody owns. Polygons that
meet in a vertex only close a face like those that share an edge. All of it is integer arithmetic.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cmp_to_key

import numpy as np
import shapely
from numpy.typing import NDArray

from gis.arrays import Geometries, Ints

__all__ = ["Edges", "Faces", "noded_faces", "traced_faces", "unshared_edges"]

_HALF = 1 << 31
"""Added to lattice steps (at most 1.8e9) so that two of them fit side by side into 64 bits."""
_HAIR, _NEAR = 0.05, 0.6
"""Lattice steps: thinner than this is arithmetic; nearer than this runs along."""


@dataclass(frozen=True)
class Edges:
    """Directed edges with their polygon on the left.

    Parameters
    ----------
    places : ndarray of int64, shape (v, 2)
        Vertices, lattice steps.
    start, end : ndarray of int64, shape (m,)
        Numbers of `places`.
    owner : ndarray of int64, shape (m,)
        Number of the polygon.
    """

    places: Ints
    start: Ints
    end: Ints
    owner: Ints

    def __len__(self) -> int:
        return len(self.start)

    def segments(self) -> NDArray[np.float64]:
        """Return both ends of each edge in lattice steps, shape (m, 2, 2)."""
        return np.stack([self.places[self.start], self.places[self.end]], axis=1).astype(np.float64)


@dataclass(frozen=True)
class Faces:
    """What polygons leave between them.

    Parameters
    ----------
    enclosed : ndarray of object, shape (k,)
        Polygons nobody owns and that are closed on all sides, lattice steps; islands inside are their holes.
    owners : list of tuple of int, length k
        The polygons along each.
    outlines : ndarray of object
        The outermost rings of the coverage as filled polygons.
    rim : ndarray of float64, shape (r, 2, 2)
        Their edges, all with open land on the same side.
    rim_owner : ndarray of int64, shape (r,)
        A polygon along each.
    """

    enclosed: Geometries
    owners: list[tuple[int, ...]]
    outlines: Geometries
    rim: NDArray[np.float64]
    rim_owner: Ints


def unshared_edges(steps: Geometries) -> Edges:
    """Give the edges of polygons that no neighbour has in the other direction.

    Parameters
    ----------
    steps : ndarray of shapely polygons, shape (n,)
        Lattice steps (whole numbers).

    Examples
    --------
    >>> two = np.array([shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1)], dtype=object)
    >>> len(unshared_edges(two))
    6
    """
    parts, owner_of_part = shapely.get_parts(shapely.orient_polygons(steps), return_index=True)
    rings, part_of_ring = shapely.get_rings(parts, return_index=True)
    points, ring = shapely.get_coordinates(rings, return_index=True)
    corners = np.rint(points).astype(np.int64) + _HALF
    keys = (corners[:, 0].astype(np.uint64) << np.uint64(32)) | corners[:, 1].astype(np.uint64)
    numbers, vertex = np.unique(keys, return_inverse=True)
    del points, corners, keys
    along = (ring[1:] == ring[:-1]) & (vertex[1:] != vertex[:-1])
    start, end = vertex[:-1][along].astype(np.int64), vertex[1:][along].astype(np.int64)
    owner = owner_of_part[part_of_ring[ring[:-1][along]]].astype(np.int64)
    single = _unbalanced(start, end, len(numbers))
    places = np.column_stack(
        [
            (numbers >> np.uint64(32)).astype(np.int64) - _HALF,
            (numbers & np.uint64(0xFFFFFFFF)).astype(np.int64) - _HALF,
        ]
    )
    return Edges(places, start[single], end[single], owner[single])


def _unbalanced(start: Ints, end: Ints, count: int) -> NDArray[np.bool_]:
    """Tell which edges are not met by as many in the other direction."""
    pair = np.minimum(start, end) * count + np.maximum(start, end)
    order = np.argsort(pair, kind="stable")
    first = np.flatnonzero(np.concatenate([[True], pair[order][1:] != pair[order][:-1]]))
    forward = np.where(start < end, 1, -1)[order]
    net = np.add.reduceat(forward, first) if len(first) and len(forward) else np.empty(0, dtype=np.int64)
    length = np.diff(np.concatenate([first, [len(order)]])) if len(forward) else np.empty(0, dtype=np.int64)
    out = np.zeros(len(start), dtype=bool)
    out[order] = np.repeat(net != 0, length)
    return out


def traced_faces(edges: Edges) -> Faces:
    """Walk around the faces beside the unshared edges of a clean coverage.

    Parameters
    ----------
    edges : Edges
        Of polygons that neither overlap nor miss a vertex of a neighbour; with others the walks mean nothing.

    Examples
    --------
    Two polygons that meet in two points, with a lens between them.

    >>> west = shapely.Polygon([(0, 0), (4, 0), (3, 2), (4, 4), (0, 4)])
    >>> east = shapely.Polygon([(4, 0), (8, 0), (8, 4), (4, 4), (5, 2)])
    >>> found = traced_faces(unshared_edges(np.array([west, east], dtype=object)))
    >>> found.enclosed[0].area, found.owners
    (4.0, [(0, 1)])
    """
    walks = _walks(_next_edges(edges))
    loops: list[list[int]] = []
    walk_of: list[int] = []
    # Along an edge in its other direction the empty side is on the left.
    for number, walk in enumerate(walks):
        for loop in _simple_loops(walk, edges.end[walk].tolist()):
            loops.append(loop)
            walk_of.append(number)
    if not loops:
        none = np.empty(0, dtype=object)
        return Faces(none, [], none, np.empty((0, 2, 2)), np.empty(0, dtype=np.int64))
    sizes = np.array([len(loop) for loop in loops])
    flat = np.concatenate([np.array(loop, dtype=np.int64) for loop in loops])
    ring_of = np.repeat(np.arange(len(loops)), sizes)
    rings = np.asarray(
        shapely.linearrings(edges.places[edges.end[flat]].astype(np.float64), indices=ring_of), dtype=object
    )
    is_shell = np.asarray(shapely.is_ccw(rings))
    shells = np.flatnonzero(is_shell)
    filled = np.asarray(shapely.polygons(rings), dtype=object)
    shell_of = _shells_of(filled, is_shell, np.array(walk_of))
    holes: dict[int, list[int]] = {at: [] for at in shells.tolist()}
    for loop_number in np.flatnonzero(~is_shell & (shell_of >= 0)).tolist():
        holes[int(shell_of[loop_number])].append(loop_number)
    enclosed = np.empty(len(shells), dtype=object)
    owners = []
    for at, shell in enumerate(shells.tolist()):
        enclosed[at] = shapely.Polygon(rings[shell], rings[holes[shell]]) if holes[shell] else filled[shell]
        around = [edge for loop in (shell, *holes[shell]) for edge in loops[loop]]
        owners.append(tuple(np.unique(edges.owner[around]).tolist()))
    outer = ~is_shell & (shell_of < 0)
    rim = flat[outer[ring_of]]
    return Faces(enclosed, owners, filled[outer], edges.segments()[rim], edges.owner[rim])


def _next_edges(edges: Edges) -> Ints:
    """Give, for each edge walked from its end to its start, the edge to walk next."""
    after = np.full(len(edges), -1, dtype=np.int64)
    # Walked backwards, an edge leaves its end and reaches its start.
    leaving = np.argsort(edges.end, kind="stable")
    reaching = np.argsort(edges.start, kind="stable")
    same = np.array_equal(edges.end[leaving], edges.start[reaching])
    if not same:
        raise ValueError("the edges are not those of closed rings")
    vertex = edges.end[leaving]
    change = np.concatenate([[True], vertex[1:] != vertex[:-1]]) if len(vertex) else np.empty(0, dtype=bool)
    first = np.flatnonzero(change)
    degree = np.diff(np.concatenate([first, [len(vertex)]]))
    plain = first[degree == 1]
    after[reaching[plain]] = leaving[plain]
    for begin, several in zip(first[degree > 1].tolist(), degree[degree > 1].tolist(), strict=True):
        out = leaving[begin : begin + several].tolist()
        into = reaching[begin : begin + several].tolist()
        for one, other in _sectors(edges, int(vertex[begin]), out, into):
            after[one] = other
    return after


def _sectors(edges: Edges, vertex: int, out: list[int], into: list[int]) -> list[tuple[int, int]]:
    """Pair the edges that come into a vertex with those that leave it: the two sides of each empty sector."""
    x, y = edges.places[vertex].tolist()
    spokes = []
    for edge in out:
        far = edges.places[edges.start[edge]].tolist()
        spokes.append((far[0] - x, far[1] - y, edge, True))
    for edge in into:
        far = edges.places[edges.end[edge]].tolist()
        spokes.append((far[0] - x, far[1] - y, edge, False))
    # Whole numbers of any length: an angle as a double cannot tell needles apart.
    spokes.sort(key=cmp_to_key(_turn))
    pairs = []
    for at, (_, _, edge, leaves) in enumerate(spokes):
        if not leaves:
            # The empty side lies clockwise of where the walk came from.
            pairs.append((edge, spokes[at - 1][2]))
    return pairs


def _turn(one: tuple[int, int, int, bool], other: tuple[int, int, int, bool]) -> int:
    """Compare two directions by their angle from the positive x axis, anticlockwise."""
    half_one, half_other = _half(one), _half(other)
    if half_one != half_other:
        return half_one - half_other
    cross = one[0] * other[1] - one[1] * other[0]
    return -1 if cross > 0 else int(cross < 0)


def _half(spoke: tuple[int, int, int, bool]) -> int:
    return 0 if spoke[1] > 0 or (spoke[1] == 0 and spoke[0] > 0) else 1


def _walks(after: Ints) -> list[list[int]]:
    following = after.tolist()
    seen = bytearray(len(following))
    walks = []
    for begin in range(len(following)):
        if seen[begin]:
            continue
        walk, at = [], begin
        while not seen[at]:
            seen[at] = 1
            walk.append(at)
            at = following[at]
        walks.append(walk)
    return walks


def _simple_loops(walk: list[int], vertices: list[int]) -> list[list[int]]:
    """Cut a walk where it comes back to a vertex, so that every loop passes each of its vertices once."""
    if len(set(vertices)) == len(vertices):
        return [walk]
    loops: list[list[int]] = []
    path: list[int] = []
    passed: list[int] = []
    depth: dict[int, int] = {}
    for edge, vertex in zip(walk, vertices, strict=True):
        if vertex in depth:
            cut = depth[vertex]
            loops.append(path[cut:])
            for gone in passed[cut:]:
                del depth[gone]
            del path[cut:], passed[cut:]
        depth[vertex] = len(path)
        path.append(edge)
        passed.append(vertex)
    return [*loops, path]


def _shells_of(filled: Geometries, is_shell: NDArray[np.bool_], walk_of: Ints) -> Ints:
    """Find the shell that each hole lies in, directly; -1 for the outermost rings of the coverage."""
    found = np.full(len(filled), -1, dtype=np.int64)
    shells, holes = np.flatnonzero(is_shell), np.flatnonzero(~is_shell)
    if len(shells) == 0 or len(holes) == 0:
        return found
    shell_of_walk = dict(zip(walk_of[shells].tolist(), shells.tolist(), strict=True))
    for hole in holes.tolist():
        found[hole] = shell_of_walk.get(int(walk_of[hole]), -1)
    alone = holes[found[holes] < 0]
    inside, around = shapely.STRtree(filled[shells]).query(filled[alone], predicate="within")
    area = shapely.area(filled[shells])
    # The smallest around it is the one it lies in; assigned last.
    for at in np.argsort(-area[around], kind="stable").tolist():
        found[alone[inside[at]]] = shells[around[at]]
    return found


def noded_faces(edges: Edges, steps: Geometries) -> Faces:
    """Find the faces between polygons that overlap or miss vertices, from their noded linework.

    Parameters
    ----------
    edges : Edges
        The unshared edges of `steps`.
    steps : ndarray of shapely polygons, shape (n,)
        Lattice steps.
    """
    if len(edges) == 0:
        return traced_faces(edges)
    lines = shapely.union_all(shapely.linestrings(edges.segments()))
    faces = np.asarray(shapely.get_parts(shapely.polygonize([lines])), dtype=object)
    tree = shapely.STRtree(steps)
    covered = tree.query(shapely.point_on_surface(faces), predicate="intersects")[0]
    empty = np.ones(len(faces), dtype=bool)
    empty[covered] = False
    # What remains between lines that noding moved by the last bit is no face.
    empty &= 2 * shapely.area(faces) > _HAIR * shapely.length(faces)
    enclosed = faces[empty]
    owners: list[set[int]] = [set() for _ in enclosed]
    _, face, around = _neighbours(enclosed, tree)
    for at, polygon in zip(face.tolist(), around.tolist(), strict=True):
        owners[at].add(polygon)
    outlines = shapely.get_exterior_ring(shapely.get_parts(shapely.coverage_union_all(faces)))
    filled = np.asarray(shapely.polygons(outlines), dtype=object)
    segments, _, rim_owner = _neighbours(shapely.orient_polygons(filled), tree)
    return Faces(enclosed, [tuple(sorted(one)) for one in owners], filled, segments, rim_owner)


def _neighbours(faces: Geometries, tree: shapely.STRtree) -> tuple[NDArray[np.float64], Ints, Ints]:
    """Find the polygons that run along each edge of some faces: the edge, its face, the polygon."""
    rings, face_of_ring = shapely.get_rings(faces, return_index=True)
    points, ring = shapely.get_coordinates(rings, return_index=True)
    same = np.flatnonzero(ring[1:] == ring[:-1])
    segments = np.stack([points[same], points[same + 1]], axis=1)
    edge, polygon = tree.query(shapely.points(segments.mean(axis=1)), predicate="dwithin", distance=_NEAR)
    return segments[edge], face_of_ring[ring[same[edge]]], polygon
