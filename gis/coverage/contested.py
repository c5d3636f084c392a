"""Ground that several polygons own, cut along all their borders: who owns each piece, and who owns what lies beside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from gis.arrays import Ints
from gis.coverage.linework import Linework, Zone, boundary_edges, faces_of_lines

__all__ = ["Piece", "pieces_of"]

Owners = frozenset[int]
_SEVERAL = 2


Vertex = tuple[int, int]


@dataclass
class Piece:
    """A connected piece of ground with one set of owners.

    Parameters
    ----------
    shape : Polygon
        In lattice steps.
    owners : frozenset of int
        While it is settled on nobody, two or more.
    edges : ndarray of int64, shape (k, 2, 2)
        Directed, the piece on the left.
    beyond : list, length k
        Who owns the ground beyond each edge: a set that stays, or the piece of this ground that lies there.
    open : bool
        Whether it is yet to be settled on one.
    narrow : list of (int, int)
        Which two of its owners have an overlap here that is narrow.
    winners : dict
        Once it is settled: who has the ground left of each edge.
    """

    shape: BaseGeometry
    owners: Owners
    edges: Ints
    beyond: list[Owners | Piece] = field(default_factory=list)
    open: bool = False
    narrow: list[tuple[int, int]] = field(default_factory=list)
    winners: dict[tuple[Vertex, Vertex], int] = field(default_factory=dict)

    def sides_of(self, who: int) -> Ints:
        """Edges beyond which the ground is surely one's own, also when all else is settled."""
        return self.edges[[who in owners for owners in self.owners_beyond()]]

    def sides_of_only(self, who: int) -> Ints:
        """Edges beyond which the ground is one's own and nobody else's."""
        return self.edges[[owners == {who} for owners in self.owners_beyond()]]

    def owners_beyond(self) -> list[Owners]:
        """Who surely owns the ground beyond each edge now."""
        found: list[Owners] = []
        for there, (start, end) in zip(self.beyond, self.edges.tolist(), strict=True):
            if not isinstance(there, Piece):
                found.append(there)
            elif there.winners:
                winner = there.winners.get((tuple(end), tuple(start)))
                found.append(frozenset() if winner is None else frozenset([winner]))
            else:
                found.append(frozenset() if there.open else there.owners)
        return found


def pieces_of(
    zone: Zone, linework: Linework, polygons: NDArray[np.object_], near: Sequence[int]
) -> list[Piece]:
    """Cut a zone along the borders that run through it.

    Parameters
    ----------
    zone : Zone
    linework : Linework
        Noded.
    polygons : ndarray
        In lattice steps.
    near : sequence of int
        Numbers of the polygons whose boxes meet the zone's.

    Returns
    -------
    list of Piece
        Empty where borders contradict each other, which noded ones do not.
    """
    rim = linework.numbers_of(boundary_edges(zone.shape))
    inner = _lines_inside(zone, linework, near, rim)
    toggles = {line: _toggles(linework, line) for line in [*rim.tolist(), *inner.tolist()]}
    inner = np.array([line for line in inner.tolist() if toggles[line]], dtype=np.int64)
    shapes = faces_of_lines(linework.lines[np.concatenate([rim, inner])])
    edges = [boundary_edges(shape) for shape in shapes]
    lines = [linework.numbers_of(ends) for ends in edges]
    beside: dict[int, list[int]] = {}
    for at, numbers in enumerate(lines):
        for line in numbers.tolist():
            beside.setdefault(line, []).append(at)
    zone_edges = {tuple(map(tuple, edge)) for edge in boundary_edges(zone.shape).tolist()}
    on_rim = [[tuple(map(tuple, edge)) in zone_edges for edge in ends.tolist()] for ends in edges]
    rim_lines = set(rim.tolist())
    inside = [at for at in range(len(shapes)) if any(on_rim[at])]
    owners = _owners(shapes, lines, beside, rim_lines, inside, toggles, polygons, near)
    if zone.contested and any(len(who) < _SEVERAL for who in owners.values()):
        return []
    made = {at: Piece(shapes[at], who, edges[at]) for at, who in owners.items()}
    for at, piece in made.items():
        for line in lines[at].tolist():
            others = [made[other] for other in beside[line] if other != at and other in made]
            if line in rim_lines or not others:
                piece.beyond.append(piece.owners ^ toggles[line])
            else:
                piece.beyond.append(others[0])
    return [made[at] for at in sorted(made)]


def _toggles(linework: Linework, line: int) -> Owners:
    """Who owns one side of a line and not the other."""
    found: Owners = frozenset()
    for owner, _ in linework.owners(line):
        found ^= {owner}
    return found


def _lines_inside(zone: Zone, linework: Linework, near: Sequence[int], rim: Ints) -> Ints:
    west, south, east, north = shapely.bounds(zone.shape)
    found: list[Ints] = []
    owner = linework.edges.owner
    for who in near:
        mine = slice(np.searchsorted(owner, who, "left"), np.searchsorted(owner, who, "right"))
        ends = linework.edges.ends[mine]
        low, high = ends.min(axis=1), ends.max(axis=1)
        inside = (low[:, 0] >= west) & (low[:, 1] >= south) & (high[:, 0] <= east) & (high[:, 1] <= north)
        found.append(linework.line[mine][inside])
    lines = np.setdiff1d(np.unique(np.concatenate(found)), rim) if found else np.empty(0, dtype=np.int64)
    corner = np.array([west, south])
    middle = (linework.lines[lines] - corner).mean(axis=1)
    local = shapely.transform(zone.shape, lambda xy: xy - corner)
    return lines[shapely.contains_xy(local, middle[:, 0], middle[:, 1])] if lines.size else lines


def _owners(
    shapes: NDArray[np.object_],
    lines: list[Ints],
    beside: dict[int, list[int]],
    rim: set[int],
    inside: list[int],
    toggles: dict[int, Owners],
    polygons: NDArray[np.object_],
    near: Sequence[int],
) -> dict[int, Owners]:
    """Find the owners of one piece by looking, of the others by crossing lines."""
    if not inside:
        return {}
    seed = max(inside, key=lambda at: (float(shapely.area(shapes[at])), -at))
    corner = shapely.get_coordinates(shapes[seed])[0]
    place = shapely.point_on_surface(shapely.transform(shapes[seed], lambda xy: xy - corner))
    there = shapely.transform(place, lambda xy: xy + corner)
    few = np.asarray(near, dtype=np.int64)
    owners = {seed: frozenset(few[shapely.intersects(polygons[few], there)].tolist())}
    waiting = [seed]
    while waiting:
        at = waiting.pop()
        for line in lines[at].tolist():
            if line in rim:
                continue
            for other in beside[line]:
                if other not in owners:
                    owners[other] = owners[at] ^ toggles[line]
                    waiting.append(other)
    return owners
