"""Rounding a coverage to the lattice so that it stays a coverage.

Vertices that neighbours share are equal numbers, so rounding keeps them shared. Two things do not survive it,
and both are mended here, within one lattice step (1 cm):

- two vertices meant as one that differ by rounding noise and fall to different lattice places;
- a T-junction: a vertex that lies on a neighbour's edge without being one of its vertices. After rounding it no
  longer lies on that edge, so it is inserted there.

What remains mismatched after that is a real defect, and `check` reports it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import shapely
from numpy.typing import NDArray

from gis.antimeridian import across_meridian
from gis.arrays import Floats, Geometries, GeometryArrayLike, Ints
from gis.coverage.keeping import keeps_clean
from gis.coverage.vertex_arrays import VertexArrays
from gis.errors import Place
from gis.geometry import SCALE, from_lattice, geometry_array, lattice_geometries, snap, valid_on_lattice

__all__ = ["Mend", "SnappedCoverage", "is_clean", "snap_coverage"]

_STEP = 1.001
"""One lattice step, and a little for the arithmetic of distances."""
_HAIRLINE = 1.5
"""A vertex and the edge it lies on are each moved by up to 0.71 of a step, so 1.42 steps may come between them."""
_ON_EDGE = 0.75
_NOISE = 0.02
"""What coordinates are off by after a projection there and back, in steps."""
_SPECK = 8000.0
"""Square steps, about a square metre."""
_ROUNDS = 4
_EDGES_AT_ONCE = 100_000


@dataclass(frozen=True)
class Mend:
    """A vertex that was moved onto, or inserted into, a neighbour's border."""

    polygon: int
    neighbour: int
    place: Place
    inserted: bool

    def of(self, numbers: Ints) -> Mend:
        """Return the same where both numbers count among some of the polygons."""
        return Mend(int(numbers[self.polygon]), int(numbers[self.neighbour]), self.place, self.inserted)


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


@across_meridian("polygons")
def is_clean(polygons: GeometryArrayLike) -> bool:
    """Say whether polygons on the lattice are edge-matched and do not overlap (holes are not looked at).

    Examples
    --------
    >>> is_clean([shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1)])
    True
    >>> is_clean([shapely.box(0, 0, 1, 1), shapely.box(0.5, 0, 2, 1)])
    False
    """
    return bool(shapely.coverage_is_valid(lattice_geometries(polygons)))


@across_meridian("polygons")
def snap_coverage(
    polygons: GeometryArrayLike, *, hairlines: Literal["always", "rounding"] = "always"
) -> SnappedCoverage:
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
    exact = _same_places(source, rounded)
    reach = _HAIRLINE if hairlines == "always" or not exact else 0.0
    suspects = _suspects(rounded, reach)
    if len(suspects) == 0:
        return SnappedCoverage(rounded, 0, 0, (), clean=True)
    # Neighbours whose own borders match have copies of the vertices that are to move.
    suspects = _with_neighbours(rounded, suspects)
    vertices = VertexArrays.of(source[suspects])
    moves, merges = _merge_close_vertices(vertices)
    rounded = _follow(source, rounded, moves)
    inserts = _insert_on_pixels(vertices)
    rounded = _rebuilt(rounded, vertices, suspects, inserts)
    mends = [mend.of(suspects) for mend in (*merges, *inserts)]
    for turn in range(_ROUNDS + 1):
        suspects = _suspects(rounded, reach)
        if len(suspects) == 0 or turn == _ROUNDS:
            break
        vertices = VertexArrays.of(rounded[suspects])
        inserts = _insert_beside_edges(vertices, rounded_before=exact)
        if not inserts:
            break
        rounded = _rebuilt(rounded, vertices, suspects, inserts)
        mends += [mend.of(suspects) for mend in inserts]
    start = snap(source)
    if mends and not keeps_clean(lattice_geometries(start), lattice_geometries(rounded)):
        return SnappedCoverage(start, 0, 0, (), clean=True)
    return SnappedCoverage(
        rounded,
        merged=len(moves),
        inserted=sum(mend.inserted for mend in mends),
        mends=tuple(mends),
        clean=len(suspects) == 0 or is_clean(rounded),
    )


def _same_places(source: Geometries, rounded: Geometries) -> bool:
    """Tell whether nothing had to be rounded; that a vertex stood there twice is no matter."""
    if np.array_equal(shapely.get_coordinates(source), shapely.get_coordinates(rounded)):
        return True
    plain = shapely.get_coordinates(shapely.remove_repeated_points(shapely.force_2d(source)))
    return np.array_equal(plain, shapely.get_coordinates(rounded))


def _suspects(polygons: Geometries, reach: float) -> NDArray[np.int64]:
    """Number the polygons with an edge that overlaps another polygon, or runs within `reach` steps of its edge."""
    edges = shapely.coverage_invalid_edges(lattice_geometries(polygons), gap_width=reach)
    return np.flatnonzero(~(shapely.is_missing(edges) | shapely.is_empty(edges)))


def _with_neighbours(rounded: Geometries, suspects: Ints) -> Ints:
    """Add the polygons that share a vertex with one of some."""
    points, owner = shapely.get_coordinates(rounded, return_index=True)
    places = _as_complex(points)
    mine = np.unique(places[np.isin(owner, suspects)])
    return np.asarray(np.unique(owner[np.isin(places, mine)]).astype(np.int64))


def _follow(source: Geometries, rounded: Geometries, moves: dict[complex, complex]) -> Geometries:
    """Move vertices of all polygons that have them, suspect or not, or sharing would be lost; all else stays."""
    if not moves:
        return rounded
    points, owner = shapely.get_coordinates(source, return_index=True)
    steps = _as_complex(points * SCALE)
    from_places = np.array(sorted(moves, key=lambda z: (z.real, z.imag)))
    at = np.minimum(np.searchsorted(from_places, steps), len(from_places) - 1)
    concerned = np.unique(owner[from_places[at] == steps])
    vertices = VertexArrays.of(source[concerned])
    _move(vertices, moves)
    return _with_shapes(rounded, concerned, vertices.polygons(np.arange(len(concerned))))


def _as_complex(steps: Floats) -> NDArray[np.complex128]:
    return np.asarray(steps[:, 0] + 1j * steps[:, 1])


def _move(vertices: VertexArrays, moves: dict[complex, complex]) -> None:
    places = _as_complex(vertices.steps)
    for at in np.flatnonzero(np.isin(places, np.array(list(moves)))).tolist():
        to = moves[complex(places[at])]
        vertices.lattice[at] = (to.real, to.imag)


def _rebuilt(
    rounded: Geometries, vertices: VertexArrays, suspects: Ints, inserts: Sequence[Mend]
) -> Geometries:
    changed = np.unique(np.array([mend.polygon for mend in inserts], dtype=np.int64))
    return _with_shapes(rounded, suspects[changed], vertices.polygons(changed)) if len(changed) else rounded


def _with_shapes(rounded: Geometries, numbers: Ints, steps: Geometries) -> Geometries:
    """Put shapes in lattice steps in the place of others, valid again."""
    out = rounded.copy()
    for at, shape in zip(numbers.tolist(), steps, strict=True):
        valid = None if shape is None else valid_on_lattice(shape)
        # What would vanish stays as it is, and is a defect.
        if valid is not None:
            out[at] = valid
    return out


def _unshared(vertices: VertexArrays) -> Ints:
    """Number the first vertices of edges that no neighbour has once rounded: borders that match need no mending."""
    start = vertices.edge_starts()
    places = _as_complex(vertices.lattice)
    _, number = np.unique(places, return_inverse=True)
    low, high = np.minimum(number[start], number[start + 1]), np.maximum(number[start], number[start + 1])
    _, pair, count = np.unique(low * len(places) + high, return_inverse=True, return_counts=True)
    return np.asarray(start[(count[pair] != 2) & (low != high)])


def _merge_close_vertices(vertices: VertexArrays) -> tuple[dict[complex, complex], list[Mend]]:
    """Give vertices of different polygons that lie within one step, and are meant as one, the same place."""
    start = _unshared(vertices)
    rounded = _as_complex(vertices.lattice)
    # A polygon whose borders match may have a copy of a vertex that is to move: it has to follow.
    ends = np.flatnonzero(np.isin(rounded, rounded[np.concatenate([start, start + 1])]))
    places, inverse = np.unique(_as_complex(vertices.steps[ends]), return_inverse=True)
    steps = np.column_stack([places.real, places.imag])
    spots = np.asarray(shapely.points(steps), dtype=object)
    one, other = shapely.STRtree(spots).query(spots, predicate="dwithin", distance=_STEP)
    keep = (one < other) & (np.rint(steps[one]) != np.rint(steps[other])).any(axis=1)
    one, other = one[keep], other[keep]
    if len(one) == 0:
        return {}, []
    owners: dict[int, set[int]] = {}
    for place, polygon in zip(inverse.tolist(), vertices.polygon[ends].tolist(), strict=True):
        owners.setdefault(place, set()).add(polygon)
    joints = _joints(vertices, start, places, np.unique(np.concatenate([one, other])))
    moves: dict[complex, complex] = {}
    mends: list[Mend] = []
    still: set[int] = set()
    for a, b in sorted(zip(one.tolist(), other.tolist(), strict=True)):
        # Only the first of a star moves others: a chain of close vertices must not collapse into one.
        if places[a] in moves or places[b] in moves or b in still or owners[a] & owners[b]:
            continue
        # Joints on either side of one border, each on an edge of the other's polygons, are two places.
        if (
            len(owners[a] | owners[b]) > 2
            and joints.get(a, set()) & owners[b]
            and joints.get(b, set()) & owners[a]
        ):
            continue
        still.add(a)
        to = np.rint(steps[a])
        moves[complex(places[b])] = complex(to[0], to[1])
        moves_to = _degrees(to)
        mends += [Mend(polygon, min(owners[a]), moves_to, inserted=False) for polygon in sorted(owners[b])]
    _move(vertices, moves)
    return moves, mends


def _joints(
    vertices: VertexArrays, start: Ints, places: NDArray[np.complex128], numbers: Ints
) -> dict[int, set[int]]:
    """Find, for some places, the polygons with an edge that runs through them, not ending there."""
    points = np.asarray(shapely.points(places.real[numbers], places.imag[numbers]), dtype=object)
    begin, end = vertices.steps[start], vertices.steps[start + 1]
    lines = np.asarray(shapely.linestrings(np.stack([begin, end], axis=1)), dtype=object)
    at, edge = shapely.STRtree(lines).query(points, predicate="dwithin", distance=_ON_EDGE)
    spot = np.column_stack([places.real[numbers[at]], places.imag[numbers[at]]])
    position, _, length = _along(begin[edge], end[edge], spot)
    amid = (position * length > 0.25) & ((1 - position) * length > 0.25)
    found: dict[int, set[int]] = {}
    owner = vertices.polygon[start[edge[amid]]]
    for place, polygon in zip(numbers[at[amid]].tolist(), owner.tolist(), strict=True):
        found.setdefault(place, set()).add(polygon)
    return found


def _along(begin: Floats, end: Floats, spot: Floats) -> tuple[Floats, Floats, Floats]:
    """Position (0 to 1) of spots along edges, their distance from the line, and the length of the edge."""
    course, offset = end - begin, spot - begin
    length = np.hypot(course[:, 0], course[:, 1])
    safe = np.where(length > 0, length, 1.0)
    position = (course * offset).sum(axis=1) / safe**2
    distance = np.abs(course[:, 0] * offset[:, 1] - course[:, 1] * offset[:, 0]) / safe
    return position, distance, length


def _insert_on_pixels(vertices: VertexArrays) -> list[Mend]:
    """Insert foreign vertices into the edges that run through their pixel before anything is rounded.

    Edges that go through the lattice place of every vertex they pass do not cross after rounding what they did not
    cross before (snap rounding, Hobby 1999).
    """
    return _insert_near(vertices, distance=np.sqrt(0.5) + _NOISE, only_pixels=True)


def _insert_beside_edges(vertices: VertexArrays, *, rounded_before: bool) -> list[Mend]:
    """Insert foreign vertices on the lattice into the nearest edge that runs within a hairline of them."""
    return _insert_near(vertices, distance=_HAIRLINE, ground_from=_STEP if rounded_before else 0.0)


def _insert_near(
    vertices: VertexArrays, *, distance: float, only_pixels: bool = False, ground_from: float = 0.0
) -> list[Mend]:
    start = _unshared(vertices)
    if start.size == 0:
        return []
    ends = np.unique(np.concatenate([start, start + 1]))
    places, first = np.unique(_as_complex(vertices.lattice[ends]), return_index=True)
    spots = np.column_stack([places.real, places.imag])
    vertex_owner = vertices.polygon[ends[first]]
    tree = shapely.STRtree(np.asarray(shapely.points(spots), dtype=object))
    rounded = _as_complex(vertices.lattice)
    number = np.searchsorted(places, rounded)
    known = places[np.minimum(number, len(places) - 1)] == rounded
    own = np.unique(vertices.polygon[known] * len(places) + number[known])
    edges, found, positions, distances = [], [], [], []
    for at in range(0, len(start), _EDGES_AT_ONCE):
        few = start[at : at + _EDGES_AT_ONCE]
        begin, end = vertices.steps[few], vertices.steps[few + 1]
        edge, spot = tree.query(
            shapely.linestrings(np.stack([begin, end], axis=1)), predicate="dwithin", distance=distance
        )
        foreign = ~np.isin(vertices.polygon[few[edge]] * len(places) + spot, own)
        edge, spot = edge[foreign], spot[foreign]
        position, apart, length = _along(begin[edge], end[edge], spots[spot])
        inside = (position > 0) & (position < 1)
        if only_pixels:
            inside &= _meets_pixel(begin[edge], end[edge], spots[spot])
        else:
            # More than a speck is ground, except between vertices that the file itself has rounded to the lattice.
            inside &= (apart <= ground_from) | (apart * length / 2 <= _SPECK)
        edges.append(few[edge[inside]])
        found.append(spot[inside])
        positions.append(position[inside])
        distances.append(apart[inside])
    if not edges:
        return []
    after, spot = np.concatenate(edges), np.concatenate(found)
    position, apart = np.concatenate(positions), np.concatenate(distances)
    # At a narrow place a vertex may be close to two edges of a polygon: it belongs to the nearer one.
    order = np.lexsort((apart, spot, vertices.polygon[after]))
    pair = (vertices.polygon[after] * len(places) + spot)[order]
    chosen = order[np.concatenate([[True], pair[1:] != pair[:-1]])] if len(order) else order
    polygon = vertices.polygon[after[chosen]]
    vertices.insert(after[chosen], position[chosen], spots[spot[chosen]])
    return [
        Mend(int(who), int(vertex_owner[at]), _degrees(spots[at]), inserted=True)
        for who, at in zip(polygon.tolist(), spot[chosen].tolist(), strict=True)
    ]


def _meets_pixel(begin: Floats, end: Floats, centre: Floats) -> NDArray[np.bool_]:
    """Tell which edges meet the square of one step around a lattice place."""
    half = 0.5 + _NOISE
    course = end - begin
    low, high = np.zeros(len(begin)), np.ones(len(begin))
    with np.errstate(divide="ignore", invalid="ignore"):
        for axis in (0, 1):
            near = (centre[:, axis] - half - begin[:, axis]) / course[:, axis]
            far = (centre[:, axis] + half - begin[:, axis]) / course[:, axis]
            still = course[:, axis] == 0
            beside = np.abs(begin[:, axis] - centre[:, axis]) <= half
            near = np.where(still, np.where(beside, -np.inf, np.inf), near)
            far = np.where(still, np.where(beside, np.inf, -np.inf), far)
            low = np.maximum(low, np.minimum(near, far))
            high = np.minimum(high, np.maximum(near, far))
    return np.asarray(low <= high)


def _degrees(steps: Floats) -> Place:
    place = from_lattice(steps)
    return (float(place[0]), float(place[1]))
