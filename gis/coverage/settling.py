"""Settling gaps and overlaps one by one: who wins which ground, decided on the lattice."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations, pairwise
from typing import Literal

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from gis.arrays import Floats, Geometries, Ints
from gis.coverage.contested import Piece, pieces_of
from gis.coverage.field import widths_m
from gis.coverage.linework import Linework, Zone, area_of, boundary_edges, ground_of, ground_within
from gis.coverage.noding import split_edges
from gis.coverage.sharing import Ground, Point, Split, metres_per_step, share_out
from gis.errors import Place
from gis.geometry import SCALE

__all__ = ["Award", "award_crumbs", "award_gap", "award_gaps", "award_overlaps", "awarded", "rebuilt"]

Kind = Literal["gap", "overlap", "crumb"]
_PAIR = 2
_MEASURE = 1.01
"""Widths are measured to one in a hundred."""
_LEEWAY_M = 0.005
"""A width that is given to the centimetre, as the report prints it, is meant to take in what it was read from."""
_SOFT, _SOFT_M = 1.5, 0.02
"""A share may reach farther than the ground is wide by this before the ground is cut."""


@dataclass(frozen=True)
class Award:
    """Ground that one wins.

    Parameters
    ----------
    kind : {"gap", "overlap", "crumb"}
        A crumb is what settling an overlap cut off from the rest of a polygon.
    winner : int
        Of an overlap it had the ground before.
    losers : tuple of int
        Of a gap nobody.
    edges : ndarray of int64, shape (k, 2, 2)
        Around it, in lattice steps, the ground on the left.
    width_m : float
        Diameter of the largest circle inside.
    reach_m : float
        How far it reaches from the ground that its winner had (that its losers keep).
    splits : list
        Vertices that edges of the ground got, each with the edge as it was.
    """

    kind: Kind
    winner: int
    losers: tuple[int, ...]
    edges: Ints
    width_m: float
    reach_m: float
    splits: list[Split] = field(default_factory=list, repr=False)

    @property
    def winner_grows(self) -> bool:
        """Whether the winner did not have the ground before."""
        return self.kind != "overlap"

    @property
    def place(self) -> Place:
        """A place in the ground, longitude and latitude."""
        corner = self.edges[0, 0]
        inside = shapely.point_on_surface(shapely.transform(ground_of(self.edges), lambda xy: xy - corner))
        return (float((inside.x + corner[0]) / SCALE), float((inside.y + corner[1]) / SCALE))


def award_gaps(linework: Linework, found: Iterable[Zone], *, max_width_m: float) -> list[Award]:
    """Give each gap that is narrow enough to those beside it."""
    awards: list[Award] = []
    for zone in found:
        awards += award_gap(zone.shape, _sides_of(zone.shape, linework), max_width_m=max_width_m)
    return awards


def award_gap(shape: BaseGeometry, sides: Mapping[int, Ints], *, max_width_m: float) -> list[Award]:
    """Give one gap to those along whose edges it lies; nothing where it is too wide."""
    ground = Ground(shape, sides, {who: [ends] for who, ends in sides.items()}, _scale_of(shape))
    if not sides or not is_narrow(ground.polygon_m(), max_width_m):
        return []
    return _awards("gap", ground, dict.fromkeys(sides, ()), max_width_m)


def award_overlaps(
    polygons: Geometries, linework: Linework, found: Sequence[Zone], *, max_width_m: float
) -> list[Award]:
    """Settle each overlap that is narrow enough on one of its owners, so that the others lose little.

    A polygon never vanishes: its owner wins ground beside which it would keep nothing.
    """
    if not found:
        return []
    tree = shapely.STRtree(polygons)
    awards: list[Award] = []
    for zone in found:
        near = np.sort(tree.query(zone.shape)).tolist()
        pieces = pieces_of(zone, linework, polygons, near)
        scale = _scale_of(zone.shape)
        _open_narrow(pieces, scale, max_width_m)
        awards += _settled(pieces, scale, max_width_m)
    return awards


def award_crumbs(
    before: Geometries, now: Geometries, linework: Linework, settled: Sequence[Award], *, max_width_m: float
) -> list[Award]:
    """Give narrow pieces that settling cut off from a polygon to those beside them, as if they were gaps.

    Islands that were apart before stay.
    """
    awards: list[Award] = []
    for who in sorted({loser for award in settled for loser in award.losers}):
        parts, had = shapely.get_parts(now[who]), shapely.get_parts(before[who])
        if len(parts) <= len(had):
            continue
        main = int(np.argmax(shapely.area(parts)))
        for at, part in enumerate(parts):
            if at == main or shapely.equals_exact(had, part, 0.0, normalize=True).any():
                continue
            sides = _sides_of(part, linework)
            sides.pop(who, None)
            ground = Ground(part, sides, {other: [ends] for other, ends in sides.items()}, _scale_of(part))
            rest = shapely.transform(parts[main], ground.metres)
            corners = shapely.points(shapely.get_coordinates(ground.polygon_m()))
            near = float(shapely.distance(rest, corners).max()) <= max_width_m + _LEEWAY_M
            if sides and near and is_narrow(ground.polygon_m(), max_width_m):
                awards += _awards("crumb", ground, dict.fromkeys(sides, (who,)), max_width_m)
    return awards


def _sides_of(shape: BaseGeometry, linework: Linework) -> dict[int, Ints]:
    """The edges of some ground that each polygon beside it has."""
    edges = boundary_edges(shape)
    sides: dict[int, list[int]] = {}
    for at, line in enumerate(linework.numbers_of(edges).tolist()):
        for owner, _ in linework.owners(line) if line >= 0 else ():
            sides.setdefault(owner, []).append(at)
    return {who: edges[at] for who, at in sides.items()}


def _settled(pieces: list[Piece], scale: Floats, max_width_m: float) -> list[Award]:
    awards: list[Award] = []
    # First by what lies right beside a piece; then those who lose may keep ground a little off.
    for far in (False, True, False):
        going = True
        while going:
            going = False
            for piece in pieces:
                if not piece.open:
                    continue
                won = _awards("overlap", *_stakes(piece, pieces if far else [piece], scale), max_width_m)
                if won:
                    awards += won
                    piece.open = False
                    piece.winners = {
                        (tuple(start), tuple(end)): award.winner
                        for award in won
                        for start, end in award.edges.tolist()
                    }
                    going = True
    for piece in pieces:
        if len(piece.owners) > _PAIR and not piece.open and not piece.winners:
            awards += _parted(piece, scale, max_width_m)
    return awards


def _parted(piece: Piece, scale: Floats, max_width_m: float) -> list[Award]:
    """Take a piece of a wide overlap from those whose overlap with another of its owners is narrow."""
    awards: list[Award] = []
    for pair in piece.narrow:
        for winner, loser in (pair, pair[::-1]):
            keeps = piece.sides_of(loser)
            if not piece.owners.issuperset(pair) or not len(keeps):
                continue
            ground = Ground(piece.shape, {winner: piece.edges}, {winner: [keeps]}, scale)
            won = _awards("overlap", ground, {winner: (loser,)}, max_width_m)
            if won:
                awards += won
                piece.owners -= {loser}
    return awards


def _stakes(piece: Piece, around: list[Piece], scale: Floats) -> tuple[Ground, dict[int, tuple[int, ...]]]:
    """Say who may win a piece, what is theirs beside it, and what those who lose keep."""
    owners = sorted(piece.owners)
    losers = {who: tuple(other for other in owners if other != who) for who in owners}
    keeps = {who: np.concatenate([there.sides_of(who) for there in around]) for who in owners}
    sides = {who: piece.sides_of_only(who) for who in owners}
    near = {who: [keeps[loser] for loser in losers[who]] for who in owners}
    return Ground(piece.shape, sides, near, scale, held=True), losers


def _awards(
    kind: Kind, ground: Ground, losers: Mapping[int, tuple[int, ...]], max_width_m: float
) -> list[Award]:
    width = _width(ground.polygon_m())
    hard = max_width_m + _LEEWAY_M
    shares = share_out(ground, soft_m=min(_SOFT * width + _SOFT_M, hard), hard_m=hard)
    if shares is None:
        return []
    return [
        Award(
            kind,
            share.winner,
            losers[share.winner],
            share.edges,
            width
            if len(shares.shares) == 1
            else _width(shapely.transform(ground_of(share.edges), ground.metres)),
            _reach(ground, share.winner, share.edges),
            shares.splits if at == 0 else [],
        )
        for at, share in enumerate(shares.shares)
    ]


def _open_narrow(pieces: list[Piece], scale: Floats, max_width_m: float) -> None:
    """Mark which two may be parted on each piece; open those pieces that are no part of a wide overlap of any two."""
    of_pair: dict[tuple[int, int], list[Piece]] = {}
    for piece in pieces:
        for pair in combinations(sorted(piece.owners), 2):
            of_pair.setdefault(pair, []).append(piece)
    for pair, both in sorted(of_pair.items()):
        whole = (
            both[0].shape if len(both) == 1 else shapely.union_all([one.shape for one in both], grid_size=1)
        )
        for part in shapely.get_parts(whole):
            if is_narrow(Ground(part, {}, {}, scale).polygon_m(), max_width_m):
                for piece in both:
                    if len(both) == 1 or shapely.relate_pattern(piece.shape, part, "T********"):
                        piece.narrow.append(pair)
    for piece in pieces:
        piece.open = len(piece.narrow) == len(piece.owners) * (len(piece.owners) - 1) // 2


def is_narrow(metres: BaseGeometry, width_m: float) -> bool:
    """Tell whether no circle of a diameter fits into a polygon."""
    width = _MEASURE * width_m
    if 2 * shapely.area(metres) > width * shapely.length(metres):
        return False
    return bool(shapely.is_empty(shapely.buffer(metres, -width / 2, quad_segs=4)))


def _width(metres: BaseGeometry) -> float:
    return float(widths_m([metres])[0])


def _reach(ground: Ground, winner: int, edges: Ints) -> float:
    """Distance of the farthest place of a share from what it must be near."""
    outline = shapely.segmentize(
        ground.lines_m(edges), max(float(shapely.length(ground.lines_m(edges))) / 400, 0.01)
    )
    places = shapely.points(np.unique(shapely.get_coordinates(outline), axis=0))
    return max(float(shapely.distance(ground.lines_m(ends), places).max()) for ends in ground.near[winner])


def _scale_of(shape: BaseGeometry) -> Floats:
    _, south, _, north = shapely.bounds(shape)
    return metres_per_step((south + north) / 2 / SCALE)


def rebuilt(polygons: Geometries, before: Geometries) -> Geometries:
    """Make polygons that touch themselves since they got vertices valid again; one that would vanish is as before."""
    changed = np.flatnonzero([new is not old for new, old in zip(polygons, before, strict=True)])
    out = polygons.copy()
    for at in changed[~shapely.is_valid(polygons[changed])].tolist():
        shape = ground_within(boundary_edges(polygons[at]))
        out[at] = before[at] if shape is None else shape
    return out


def awarded(polygons: Geometries, awards: Sequence[Award]) -> tuple[Geometries, list[Award]]:
    """Hand over the ground.

    Returns
    -------
    polygons : ndarray
        Those that neither won nor lost are the same objects.
    kept : list of Award
        Without those that would leave somebody with no area or a shape that is not valid.
    """
    kept = list(awards)
    while kept:
        splits = [split for award in kept for split in award.splits]
        ground = polygons
        if splits:
            lines, points = zip(*splits, strict=True)
            ground = split_edges(polygons, np.array(lines, dtype=np.int64), np.array(points, dtype=np.int64))
        out, wronged = _handed_over(ground, [_with_vertices(award, splits) for award in kept])
        if not wronged:
            return out, kept
        kept = [award for award in kept if wronged.isdisjoint({award.winner, *award.losers})]
    return polygons, []


def _with_vertices(award: Award, splits: Sequence[Split]) -> Award:
    """Put the vertices that the edges of one ground got into those of the ground beside it."""
    points: dict[tuple[Point, Point], set[Point]] = {}
    for line, point in splits:
        points.setdefault(line, set()).add(point)
    edges: list[tuple[Point, Point]] = []
    for start, end in ((tuple(a), tuple(b)) for a, b in award.edges.tolist()):
        between = points.get((start, end) if start < end else (end, start), ())
        run = (end[0] - start[0], end[1] - start[1])
        course = sorted(between, key=lambda p, r=run: p[0] * r[0] + p[1] * r[1])
        chain = [start, *course, end]
        edges += pairwise(chain)
    return replace(award, edges=np.array(edges, dtype=np.int64))


def _handed_over(polygons: Geometries, awards: Sequence[Award]) -> tuple[Geometries, set[int]]:
    changes: dict[int, list[Ints]] = {}
    growth: dict[int, int] = {}
    for award in awards:
        size = area_of(award.edges)
        gains = [(award.winner, size)] if award.winner_grows else []
        for who, more in [*gains, *((loser, -size) for loser in award.losers)]:
            changes.setdefault(who, []).append(award.edges if more > 0 else award.edges[:, ::-1])
            growth[who] = growth.get(who, 0) + more
    out = polygons.copy()
    wronged: set[int] = set()
    for who, pieces in changes.items():
        mine = boundary_edges(polygons[who])
        shape = ground_within(np.concatenate([mine, *pieces]))
        right = (
            shape is not None
            and bool(shapely.is_valid(shape))
            and area_of(boundary_edges(shape)) == area_of(mine) + growth[who]
        )
        if not right:
            wronged.add(who)
        out[who] = shape
    return out, wronged
