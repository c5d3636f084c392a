"""The edges of all polygons of a coverage in whole lattice steps: who has which, and what they enclose together.

Polygons run with their inside on the left. An undirected edge that two polygons have, in opposite directions, is a
border between them; what is left over bounds ground that nobody or that several own. Everything here is decided by
whole numbers.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from gis.arrays import Geometries, Ints
from gis.geometry import one_or_many, polygon_parts

__all__ = [
    "Edges",
    "Linework",
    "Zone",
    "area_of",
    "boundary_edges",
    "edges_of",
    "faces_of_lines",
    "ground_of",
    "ground_within",
    "zones",
]


@dataclass(frozen=True)
class Edges:
    """Directed edges, the inside of their owner on the left.

    Parameters
    ----------
    ends : ndarray of int64, shape (m, 2, 2)
        Start and end in lattice steps; never equal.
    owner : ndarray of int64, shape (m,)
    """

    ends: Ints
    owner: Ints

    def __len__(self) -> int:
        return len(self.owner)


def edges_of(polygons: Geometries) -> Edges:
    """Take the edges of polygons in lattice steps; None and empties have none."""
    whole = shapely.orient_polygons(np.asarray(polygons, dtype=object))
    parts, owner = polygon_parts(whole)
    rings, part = shapely.get_rings(parts, return_index=True)
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    steps = np.rint(xy).astype(np.int64)
    joined = (ring[1:] == ring[:-1]) & (steps[1:] != steps[:-1]).any(axis=1)
    ends = np.stack([steps[:-1][joined], steps[1:][joined]], axis=1)
    return Edges(ends, owner[part[ring[1:][joined]]])


def _backwards(ends: Ints) -> NDArray[np.bool_]:
    start, end = ends[:, 0], ends[:, 1]
    return np.asarray((end[:, 0] < start[:, 0]) | ((end[:, 0] == start[:, 0]) & (end[:, 1] < start[:, 1])))


def _canonical(ends: Ints) -> tuple[Ints, NDArray[np.bool_]]:
    back = _backwards(ends)
    return np.where(back[:, None, None], ends[:, ::-1], ends), back


@dataclass(frozen=True)
class Linework:
    """All edges of a coverage, equal ones as one.

    Parameters
    ----------
    edges : Edges
    line : ndarray of int64, shape (m,)
        The number of the undirected line on which each edge lies.
    back : ndarray of bool, shape (m,)
        Whether the edge runs against its line.
    lines : ndarray of int64, shape (g, 2, 2)
        Each undirected line once, from its lesser end to its greater.
    rise : ndarray of int64, shape (g,)
        How many more owners there are left of the line than right of it; 0 for a border between two.
    """

    edges: Edges
    line: Ints = field(init=False, repr=False)
    back: NDArray[np.bool_] = field(init=False, repr=False)
    lines: Ints = field(init=False, repr=False)
    rise: Ints = field(init=False, repr=False)
    shared: NDArray[np.bool_] = field(init=False, repr=False)
    _order: Ints = field(init=False, repr=False)
    _begins: Ints = field(init=False, repr=False)
    _keys: tuple[Ints, Ints] = field(init=False, repr=False)
    _corner: Ints = field(init=False, repr=False)

    def __post_init__(self) -> None:
        ends, back = _canonical(self.edges.ends)
        corner = ends.reshape(-1, 2).min(axis=0) if len(ends) else np.zeros(2, dtype=np.int64)
        first, second = _packed(ends, corner)
        order = np.lexsort((self.edges.owner, second, first))
        first, second = first[order], second[order]
        new = np.ones(len(order), dtype=bool)
        new[1:] = (first[1:] != first[:-1]) | (second[1:] != second[:-1])
        begins = np.flatnonzero(new)
        line = np.empty(len(order), dtype=np.int64)
        line[order] = np.cumsum(new) - 1
        count = np.bincount(line, minlength=len(begins))
        against = np.bincount(line[back], minlength=len(begins))
        several = np.bincount(line, weights=self.edges.owner, minlength=len(begins))
        one = self.edges.owner[order[begins]] if len(begins) else np.empty(0, dtype=np.int64)
        for name, value in {
            "line": line,
            "back": back,
            "lines": ends[order[begins]],
            "rise": count - 2 * against,
            "shared": (count == 2) & (against == 1) & (several != 2 * one),
            "_order": order,
            "_begins": np.append(begins, len(order)),
            "_keys": (first[begins], second[begins]),
            "_corner": corner,
        }.items():
            object.__setattr__(self, name, value)

    def numbers_of(self, ends: Ints) -> Ints:
        """Find the lines on which edges lie; -1 for an edge that no polygon has."""
        if len(ends) == 0 or len(self.lines) == 0:
            return np.full(len(ends), -1, dtype=np.int64)
        plain, _ = _canonical(ends)
        first, second = _packed(plain, self._corner)
        known_first, known_second = self._keys
        # The keys are sorted by both; a line begins where its first key does.
        low = np.searchsorted(known_first, first, side="left")
        high = np.searchsorted(known_first, first, side="right")
        found = np.full(len(ends), -1, dtype=np.int64)
        step = 0
        open_ones = np.flatnonzero(low < high)
        while open_ones.size:
            at = low[open_ones] + step
            equal = known_second[at] == second[open_ones]
            found[open_ones[equal]] = at[equal]
            open_ones = open_ones[~equal & (at + 1 < high[open_ones])]
            step += 1
        return found

    def owners(self, line: int) -> list[tuple[int, bool]]:
        """List who has a line, and whether with the inside on its right."""
        which = self._order[self._begins[line] : self._begins[line + 1]]
        return list(zip(self.edges.owner[which].tolist(), self.back[which].tolist(), strict=True))


def _packed(ends: Ints, corner: Ints) -> tuple[Ints, Ints]:
    # Steps from the corner fit into 32 bits: two keys instead of four.
    relative = ends - corner
    packed = (relative[:, :, 0] << 32) | (relative[:, :, 1] & 0xFFFFFFFF)
    return packed[:, 0], packed[:, 1]


def boundary_edges(polygon: BaseGeometry) -> Ints:
    """Give the directed edges of one polygon in lattice steps, inside on the left."""
    return edges_of(np.array([polygon], dtype=object)).ends


def area_of(ends: Ints) -> int:
    """Twice the area that directed edges enclose, exact."""
    if len(ends) == 0:
        return 0
    at = ends - ends[0, 0]
    return int((at[:, 0, 0] * at[:, 1, 1] - at[:, 1, 0] * at[:, 0, 1]).sum())


@dataclass(frozen=True)
class Zone:
    """A connected piece of ground that nobody owns, or several.

    Parameters
    ----------
    shape : Polygon
        In lattice steps, inside on the left.
    contested : bool
        Whether several own it; else it is a gap.
    """

    shape: BaseGeometry
    contested: bool


def zones(linework: Linework) -> list[Zone]:
    """Find all enclosed ground that has not just one owner.

    Where `linework` is not noded, nothing is said of the ground beside it.
    """
    chosen = np.flatnonzero(linework.rise != 0)
    if chosen.size == 0:
        return []
    faces = faces_of_lines(linework.lines[chosen])
    left, right = _sides(faces, linework, chosen)
    # Nobody, one or several: how many several are does not part ground.
    kind = np.minimum(np.append(_counts(len(faces), left, right, linework.rise[chosen]), 0), 2)
    parting = chosen[kind[left] != kind[right]]
    if len(parting) < len(chosen):
        kind_left = np.zeros(len(linework.lines), dtype=np.int64)
        kind_right = kind_left.copy()
        kind_left[chosen], kind_right[chosen] = kind[left], kind[right]
        faces = faces_of_lines(linework.lines[parting]) if parting.size else faces[:0]
        edges = edges_of(faces)
        at, back = linework.numbers_of(edges.ends), _backwards(edges.ends)
        kind = np.full(len(faces), -1, dtype=np.int64)
        kind[edges.owner] = np.where(back, kind_right[at], kind_left[at])
    return [Zone(faces[at], bool(kind[at] == 2)) for at in range(len(faces)) if kind[at] in (0, 2)]


def ground_within(ends: Ints) -> BaseGeometry | None:
    """Build the ground that directed edges go around, on their left; opposite ones cancel. None where there is none.

    Faces that are closed at a vertex only are told apart by their edges, which a nesting of rings does not.
    """
    linework = Linework(Edges(ends, np.zeros(len(ends), dtype=np.int64)))
    chosen = np.flatnonzero(linework.rise != 0)
    if chosen.size == 0:
        return None
    faces = faces_of_lines(linework.lines[chosen])
    counts = _counts(len(faces), *_sides(faces, linework, chosen), linework.rise[chosen])
    parts = faces[[count == 1 for count in counts]]
    if len(parts) == 0:
        return None
    return one_or_many(parts)


def ground_of(ends: Ints) -> BaseGeometry:
    """Build the ground that directed edges go around, as `ground_within` does, where there is some."""
    found = ground_within(ends)
    if found is None:
        raise ValueError("edges around no ground")
    return found


def faces_of_lines(lines: Ints) -> Geometries:
    """Give the faces that undirected lines bound, in lattice steps, inside on the left."""
    corner = lines[0, 0]
    found = shapely.get_parts(shapely.polygonize(shapely.linestrings((lines - corner).astype(np.float64))))
    placed = shapely.transform(found, lambda xy: np.rint(xy) + corner)
    return np.asarray(shapely.orient_polygons(placed), dtype=object)


def _sides(faces: Geometries, linework: Linework, chosen: Ints) -> tuple[Ints, Ints]:
    """Tell which face lies left and which right of each chosen line; -1 is the outside."""
    position = np.full(len(linework.lines), -1, dtype=np.int64)
    position[chosen] = np.arange(len(chosen))
    left, right = np.full(len(chosen), -1, dtype=np.int64), np.full(len(chosen), -1, dtype=np.int64)
    edges = edges_of(faces)
    at = position[linework.numbers_of(edges.ends)]
    back = _backwards(edges.ends)
    left[at[~back]] = edges.owner[~back]
    right[at[back]] = edges.owner[back]
    return left, right


def _counts(faces: int, left: Ints, right: Ints, rise: Ints) -> list[int]:
    """Count the owners of each face, walking in from the outside; -1 where no walk leads."""
    beside: list[dict[int, int]] = [{} for _ in range(faces + 1)]
    for one, other, step in zip(left.tolist(), right.tolist(), rise.tolist(), strict=True):
        if one != other:
            # The outside, -1, is the last of the list.
            beside[other][one] = step
            beside[one][other] = -step
    counts = [-1] * faces + [0]
    waiting = [faces]
    while waiting:
        here = waiting.pop()
        for there, step in beside[here].items():
            place = faces if there == -1 else there
            if counts[place] == -1 and counts[here] + step >= 0:
                counts[place] = counts[here] + step
                waiting.append(place)
    return counts[:faces]
