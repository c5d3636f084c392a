"""Sharing out a piece of ground among those beside it, so that nobody reaches far.

The piece goes whole to the one with the longest border along it if the whole is near to that border. Else it is cut
into triangles between the vertices it has, and each goes to one who is near; only where the triangles are too long
for that are they halved, on the lattice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from gis.arrays import Floats, Geometries, Ints
from gis.coverage.linework import area_of, boundary_edges

__all__ = ["Ground", "Share", "metres_per_step", "share_out"]

Point = tuple[int, int]
Split = tuple[tuple[Point, Point], Point]
"""An edge, and a vertex that it gets."""
Triangle = tuple[Point, Point, Point]
_HALVINGS = 24
_MOST_TRIANGLES = 20_000
_HAIR_M = 1e-6
_ROUND = 32
"""Sides of a quarter circle; its chords fall short by 3 in 10,000."""
_WGS84_A, _WGS84_E2 = 6_378_137.0, 0.0066943799901413165


def metres_per_step(latitude: float) -> Floats:
    """Length of a lattice step to the east and to the north at a latitude in degrees, on the ellipsoid.

    Straight lines in degrees stay straight under this scale, which no projection offers.

    Examples
    --------
    >>> metres_per_step(36.0).round(5).tolist()
    [0.00902, 0.0111]
    """
    sine = np.sin(np.radians(latitude))
    curve = 1 - _WGS84_E2 * sine**2
    north = _WGS84_A * (1 - _WGS84_E2) / curve**1.5
    east = _WGS84_A / np.sqrt(curve) * max(float(np.cos(np.radians(latitude))), 1e-9)
    return np.asarray(np.radians([east, north]) / 1e7)


@dataclass(frozen=True)
class Ground:
    """A piece of ground that is to be shared out.

    Parameters
    ----------
    shape : Polygon
        In lattice steps.
    sides : mapping of int to ndarray of int64, shape (k, 2, 2)
        For each that may win: the directed edges of `shape` beyond which its own ground lies; may be empty.
    near : mapping of int to sequence of ndarray
        For each that may win: the edges to which its share must be near, all of them. Of a gap, its own side; of an
        overlap, the sides of those who lose.
    scale : ndarray, shape (2,)
        Metres a step.
    held : bool
        Whether all who may win have the ground already, so that it may stay with one who has none beside it.
    """

    shape: BaseGeometry
    sides: Mapping[int, Ints]
    near: Mapping[int, Sequence[Ints]]
    scale: Floats
    held: bool = False
    origin: Ints = field(init=False)

    def __post_init__(self) -> None:
        west, south = shapely.bounds(self.shape)[:2]
        object.__setattr__(self, "origin", np.array([west, south], dtype=np.int64))

    def metres(self, steps: Floats | Ints) -> Floats:
        """Place lattice steps on the local plane."""
        return np.asarray((np.asarray(steps) - self.origin) * self.scale, dtype=np.float64)

    def polygon_m(self) -> BaseGeometry:
        """The shape on the local plane."""
        return shapely.transform(self.shape, self.metres)

    def lines_m(self, ends: Ints) -> BaseGeometry:
        """Edges on the local plane, as one geometry."""
        return shapely.MultiLineString(list(np.asarray(shapely.linestrings(self.metres(ends)), dtype=object)))

    def in_order(self) -> list[int]:
        """Those who may win, longest border first, then by number."""
        length = {
            who: float(np.hypot(*(self.metres(ends[:, 1]) - self.metres(ends[:, 0])).T).sum())
            if len(ends)
            else 0.0
            for who, ends in self.sides.items()
        }
        return sorted(self.sides, key=lambda who: (-round(length[who], 3), who))


@dataclass(frozen=True)
class Share:
    """What one wins: the directed edges around it in lattice steps, inside on the left."""

    winner: int
    edges: Ints


@dataclass
class Shares:
    """All shares of a piece of ground, and the vertices its own edges got."""

    shares: list[Share]
    splits: list[Split] = field(default_factory=list)


def share_out(ground: Ground, *, soft_m: float, hard_m: float) -> Shares | None:
    """Share out a piece of ground.

    Parameters
    ----------
    ground : Ground
    soft_m, hard_m : float
        How far a share may lie from the edges it must be near: rather no farther than the first, never farther than
        the second.

    Returns
    -------
    Shares or None
        None where it cannot be done.
    """
    able = [who for who in ground.in_order() if all(len(ends) for ends in ground.near[who])]
    beside = [who for who in able if len(ground.sides[who])]
    alone = [who for who in able if ground.held and not len(ground.sides[who])]
    limits = [soft_m, hard_m] if soft_m < hard_m else [hard_m]
    whole = ground.polygon_m()
    for order, limit in [*((beside, limit) for limit in limits), *((alone, limit) for limit in limits)]:
        within = {who: _near(ground, who, limit) for who in order}
        for who in order:
            if all(shapely.covers(area, whole) for area in within[who]):
                return Shares([Share(who, boundary_edges(ground.shape))])
        together = shapely.union_all([shapely.intersection_all(within[who]) for who in order])
        # Else some of it is near to nobody, however it is cut.
        if order is beside and shapely.covers(shapely.buffer(together, _HAIR_M), whole):
            shares = _Triangles(ground).shared(order, within)
            if shares is not None:
                return shares
    return None


def _near(ground: Ground, who: int, limit: float) -> Geometries:
    areas = np.array(
        [shapely.buffer(ground.lines_m(ends), limit, quad_segs=_ROUND) for ends in ground.near[who]],
        dtype=object,
    )
    shapely.prepare(areas)
    return areas


class _Triangles:
    """A piece of ground cut into triangles, each to be given to one."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._winner: dict[Triangle, int | None] = {}
        self._at: dict[tuple[Point, Point], Triangle] = {}
        self._side: dict[tuple[Point, Point], list[int]] = {}
        self._middle: dict[tuple[Point, Point], Point] = {}
        self._whole = 0
        for who, ends in ground.sides.items():
            for start, end in ends.tolist():
                self._side.setdefault((_point(start), _point(end)), []).append(who)
        moved = shapely.transform(ground.shape, lambda xy: xy - ground.origin)
        for part in shapely.get_parts(shapely.constrained_delaunay_triangles(moved)):
            ends = boundary_edges(part) + ground.origin
            if len(ends) == 3:
                a, b, c = (_point(start) for start in ends[:, 0].tolist())
                self._add((a, b, c), None)
                self._whole += area_of(ends)

    def shared(self, order: Sequence[int], within: Mapping[int, Geometries]) -> Shares | None:
        """Give every triangle to one of `order`, or None."""
        if self._whole != area_of(boundary_edges(self._ground.shape)):
            return None
        for _ in range(_HALVINGS):
            open_ones = self._give(order, within)
            if not open_ones:
                return Shares(self._shares(), self._splits())
            if len(self._winner) > _MOST_TRIANGLES or not self._halve(open_ones):
                break
        return None

    def _add(self, triangle: Triangle, winner: int | None) -> None:
        a, b, c = triangle
        self._winner[triangle] = winner
        self._at[a, b] = self._at[b, c] = self._at[c, a] = triangle

    def _open(self) -> list[Triangle]:
        return [triangle for triangle, winner in self._winner.items() if winner is None]

    def _give(self, order: Sequence[int], within: Mapping[int, Geometries]) -> list[Triangle]:
        for who in order:
            open_ones = self._open()
            if not open_ones:
                return []
            shapes = shapely.polygons(self._ground.metres(np.array(open_ones)))
            fit = np.logical_and.reduce([shapely.covers(area, shapes) for area in within[who]])
            self._flood(who, {t for t, fits in zip(open_ones, fit.tolist(), strict=True) if fits})
        return self._open()

    def _flood(self, who: int, fit: set[Triangle]) -> None:
        """Give triangles that hang together with one's own ground by their edges."""
        waiting = [triangle for triangle in sorted(fit) if self._beside(triangle, who)]
        while waiting:
            triangle = waiting.pop()
            if self._winner[triangle] is not None:
                continue
            self._winner[triangle] = who
            for start, end in _edges(triangle):
                there = self._at.get((end, start))
                if there in fit and self._winner[there] is None:
                    waiting.append(there)

    def _beside(self, triangle: Triangle, who: int) -> bool:
        for start, end in _edges(triangle):
            if who in self._side.get((start, end), ()):
                return True
            there = self._at.get((end, start))
            if there is not None and self._winner[there] == who:
                return True
        return False

    def _halve(self, triangles: list[Triangle]) -> bool:
        """Cut triangles in two at their longest side, and the triangle beyond it too."""
        done = False
        for triangle in triangles:
            if triangle in self._winner:
                done |= self._halve_one(triangle)
        return done

    def _halve_one(self, triangle: Triangle) -> bool:
        corners = self._ground.metres(np.array(triangle))
        side = int(np.argmax(np.hypot(*(np.roll(corners, -1, axis=0) - corners).T).round(6)))
        start, end = _edges(triangle)[side]
        middle = ((start[0] + end[0]) // 2, (start[1] + end[1]) // 2)
        there = self._at.get((end, start))
        halves = _halves(triangle, start, end, middle)
        beyond = [] if there is None else _halves(there, end, start, middle)
        if not halves or (there is not None and not beyond):
            return False
        for old, new in ((triangle, halves), (there, beyond)):
            if old is not None:
                winner = self._winner.pop(old)
                for edge in _edges(old):
                    del self._at[edge]
                for half in new:
                    self._add(half, winner)
        if there is None:
            whose = self._side.pop((start, end), None)
            if whose is not None:
                self._side[start, middle] = self._side[middle, end] = whose
            self._middle[start, end] = middle
        return True

    def _splits(self) -> list[Split]:
        """List the vertices that the edges of the ground got, each with the edge as it was."""
        halves = {half for (a, b), m in self._middle.items() for half in ((a, m), (m, b))}
        found = []
        for whole in sorted(set(self._middle) - halves):
            line = whole if whole[0] < whole[1] else (whole[1], whole[0])
            waiting = [whole]
            while waiting:
                start, end = waiting.pop()
                middle = self._middle.get((start, end))
                if middle is not None:
                    found.append((line, middle))
                    waiting += [(start, middle), (middle, end)]
        return found

    def _shares(self) -> list[Share]:
        mine: dict[int, list[Triangle]] = {}
        for triangle, winner in sorted(self._winner.items()):
            assert winner is not None  # noqa: S101 - all were given
            mine.setdefault(winner, []).append(triangle)
        shares = []
        for winner, triangles in sorted(mine.items()):
            edges = {edge for triangle in triangles for edge in _edges(triangle)}
            rim = sorted(edge for edge in edges if (edge[1], edge[0]) not in edges)
            shares.append(Share(winner, np.array(rim, dtype=np.int64)))
        return shares


def _point(xy: list[int]) -> Point:
    return (xy[0], xy[1])


def _edges(triangle: Triangle) -> tuple[tuple[Point, Point], ...]:
    a, b, c = triangle
    return ((a, b), (b, c), (c, a))


def _halves(triangle: Triangle, start: Point, end: Point, middle: Point) -> list[Triangle]:
    """Cut a triangle from the middle of a side to the corner beyond; empty if a half would have no area."""
    (apex,) = (corner for corner in triangle if corner not in (start, end))
    halves: list[Triangle] = [(start, middle, apex), (middle, end, apex)]
    return halves if all(_area(half) > 0 for half in halves) else []


def _area(triangle: Triangle) -> int:
    (ax, ay), (bx, by), (cx, cy) = triangle
    return (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
