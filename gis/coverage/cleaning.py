"""Mending a coverage: narrow gaps are given away, narrow overlaps are settled, and everything that moved is told.

Each defect is settled by itself, on the lattice and by whole numbers: nothing is rounded afterwards, so nothing that
was mended can come apart again, and what lies beside no defect stays as it is, to the bit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from gis.antimeridian import across_meridian
from gis.arrays import Floats, Geometries, GeometryArrayLike, Ints
from gis.coverage.checks import check
from gis.coverage.detectors import crowd
from gis.coverage.field import Field
from gis.coverage.linework import Edges, Linework, boundary_edges, edges_of, zones
from gis.coverage.noding import node
from gis.coverage.openings import award_openings
from gis.coverage.settling import Award, award_crumbs, award_gaps, award_overlaps, awarded, rebuilt
from gis.coverage.sharing import metres_per_step
from gis.coverage.vicinity import mended_near_defects
from gis.defects import Defect, has_errors
from gis.errors import GeometryError, InvalidGeometry, Place
from gis.geometry import SCALE, geometry_array, snap, trouble_of
from gis.measures import geodesic_area_m2

__all__ = ["CleanResult", "Movement", "clean"]

_STEP_M, _LITTLE_M2 = 0.0115, 1.0
"""Across a lattice step, and less ground than this: what rounding does, not told."""


@dataclass(frozen=True)
class Movement:
    """What mending did to one polygon.

    Parameters
    ----------
    code : str
    moved_m : float
        Greatest width of what it won or lost (diameter of the largest circle inside), metres.
    reach_m : float
        How far its border moved at most: the distance of the farthest place it won from what it had, or of the
        farthest it lost from what it keeps, metres. At most the width that was to be mended.
    area_change_m2 : float
        Geodesic area after less before.
    place : (lon, lat)
        In the widest piece it won or lost.
    """

    code: str
    moved_m: float
    reach_m: float
    area_change_m2: float
    place: Place


@dataclass(frozen=True)
class CleanResult:
    """A mended coverage.

    Parameters
    ----------
    polygons : ndarray of object, shape (n,)
        EPSG:4326 on the lattice, in the order they came. Those beside no defect are the objects that were given, if
        these were on the lattice.
    moved : list of Movement
        One for each polygon whose border moved by more than rounding, by code.
    left : list of Defect
        What `check` says of `polygons`.
    gaps, overlaps : int
        How many pieces of ground were given away and settled.
    """

    polygons: Geometries
    moved: list[Movement]
    left: list[Defect]
    gaps: int = 0
    overlaps: int = 0

    @property
    def clean(self) -> bool:
        """Whether no error is left."""
        return not has_errors(self.left)


@across_meridian("polygons")
def clean(
    codes: Sequence[str],
    polygons: GeometryArrayLike,
    *,
    max_width_m: float,
    rows: Sequence[Sequence[int]] | None = None,
) -> CleanResult:
    """Mend gaps and overlaps up to a width.

    Parameters
    ----------
    codes : sequence of str, length n
        For the report and to settle ties: by order of `codes`, not of rows, so that a file in another order gives
        the same boundaries.
    polygons : array_like of shapely polygons, shape (n,)
        EPSG:4326, valid.
    max_width_m : float
        Gaps and overlaps no wider are settled one by one; wider ones stay, and so do open ones that `check` does not
        call gaps.

    rows : sequence of sequence of int, length n, optional
        Rows of the file each polygon comes from, for the report.

    Returns
    -------
    CleanResult

    Raises
    ------
    gis.errors.GeometryError
        The width is no positive number, or there are not as many codes as polygons.
    gis.errors.InvalidGeometry
        A polygon is missing or not valid.

    Notes
    -----
    A gap goes to the neighbour with the longest border along it. Where that one is not near all of it, the gap is cut
    between vertices it has, and each piece goes to a neighbour it lies beside. An overlap stays with the owner whose
    other ground has the longest border along it, provided that those who lose it keep ground beside all of it. Of
    equals the lowest code wins. Nobody wins or loses ground farther than `max_width_m` from what they had or keep,
    and nobody loses everything. What cannot be settled so is left, and listed.

    Borders that meet without sharing a vertex get one, on the lattice: no border moves by more than half a step.

    Examples
    --------
    >>> west, east = shapely.box(120.0, 36.0, 120.01, 36.01), shapely.box(120.00999, 36.0, 120.02, 36.01)
    >>> result = clean(["a", "b"], [west, east], max_width_m=2)
    >>> [(m.code, round(m.moved_m, 1), round(m.reach_m, 1)) for m in result.moved], result.left
    ([('b', 0.9, 0.9)], [])
    """
    flat = geometry_array(polygons)
    if len(flat) != len(codes):
        raise GeometryError(
            f"图形数 {len(flat)} 与编码数 {len(codes)} 不同",
            f"{len(flat)} polygons but {len(codes)} codes",
            code="length-mismatch",
        )
    if not (np.isfinite(max_width_m) and max_width_m > 0):
        raise GeometryError(
            f"修补宽度应为正数（米），实际为 {max_width_m}",
            f"the width to mend must be a positive number of metres, got {max_width_m}",
            code="bad-width",
        )
    _refuse_invalid(codes, flat)
    if len(flat) == 0:
        return CleanResult(flat, [], [])
    order = np.array(sorted(range(len(codes)), key=lambda at: (codes[at], shapely.to_wkb(flat[at]))))
    before = snap(flat[order], on_collapse="none")
    there = np.flatnonzero(~shapely.is_missing(before))
    names = tuple(str(codes[at]) for at in order[there])
    if len(there) == 0 or crowd(names, before[there]):
        # No coverage by any reading; what moving borders cannot mend.
        return CleanResult(flat, [], check(codes, flat, rows=rows))
    ground = Field(names, before[there])
    steps = ground.steps
    after, awards = mended_near_defects(ground, max_width_m, _mended)
    mended = before.copy()
    changed = np.array([new is not old for new, old in zip(after, steps, strict=True)], dtype=bool)
    mended[there[changed]] = shapely.transform(after[changed], lambda xy: np.rint(xy) / SCALE + 0.0)
    moved = _movements(names, before[there], mended[there], awards)
    out = np.empty(len(flat), dtype=object)
    out[order] = mended
    same = shapely.equals_exact(out, flat, 0.0) & ~shapely.has_z(flat) | shapely.is_missing(out)
    out[same] = flat[same]
    return CleanResult(
        out,
        moved,
        check(codes, out, rows=rows),
        gaps=sum(award.kind == "gap" for award in awards),
        overlaps=sum(award.kind == "overlap" for award in awards),
    )


def _refuse_invalid(codes: Sequence[str], flat: Geometries) -> None:
    for at in np.flatnonzero(~(shapely.is_valid(flat) & ~shapely.is_empty(flat))).tolist():
        if flat[at] is None or shapely.is_empty(flat[at]):
            raise InvalidGeometry(
                f"{codes[at]} 没有图形", f"{codes[at]} has no geometry", code="geometry-missing"
            )
        trouble = trouble_of(flat[at])
        raise InvalidGeometry(
            f"{codes[at]} 无效：{trouble.reason.zh}",
            f"{codes[at]} is not valid: {trouble.reason.en}",
            places=[trouble.place],
        )


def _mended(codes: tuple[str, ...], steps: Geometries, max_width_m: float) -> tuple[Geometries, list[Award]]:
    """Settle overlaps, then gaps: who has the ground beside a gap is known only then."""
    now, _ = node(steps)
    now = rebuilt(now, steps)
    done: list[Award] = []
    while True:
        now, settled = _overlaps_settled(now, max_width_m)
        now, filled = _gaps_filled(now, max_width_m)
        now, closed = _openings_closed(codes, now, max_width_m)
        done += [*settled, *filled, *closed]
        if not closed:
            return now, done


def _overlaps_settled(now: Geometries, max_width_m: float) -> tuple[Geometries, list[Award]]:
    done: list[Award] = []
    while True:
        # Where three meet, parting two may leave less between the others than was between them.
        linework = Linework(edges_of(now))
        contested = [zone for zone in zones(linework) if zone.contested]
        before = now
        now, kept = awarded(now, award_overlaps(now, linework, contested, max_width_m=max_width_m))
        if not kept:
            return now, done
        linework = Linework(edges_of(now))
        now, more = awarded(now, award_crumbs(before, now, linework, kept, max_width_m=max_width_m))
        done += [*kept, *more]


def _openings_closed(
    codes: tuple[str, ...], now: Geometries, max_width_m: float
) -> tuple[Geometries, list[Award]]:
    """Close open strips, but none whose mouth is that of wider water behind it, which would be a gap then."""
    noded, openings = award_openings(codes, now, max_width_m=max_width_m)
    known = _gap_shapes(now) if openings else []
    while openings:
        closed, kept = awarded(noded, openings)
        # The tip of a strip may be thinner than what was looked for: enclosed now, and filled like all that is.
        filled, more = _gaps_filled(closed, max_width_m)
        found = _gap_shapes(filled)
        old = shapely.STRtree(known).query(shapely.point_on_surface(found), predicate="intersects")[0]
        rims = [boundary_edges(found[at]) for at in np.setdiff1d(np.arange(len(found)), old).tolist()]
        new = Linework(_plain_edges(rims))
        harmless = [award for award in kept if (new.numbers_of(award.edges) < 0).all()]
        if len(harmless) == len(kept):
            return filled, [*kept, *more]
        openings = harmless
    return now, []


def _gap_shapes(polygons: Geometries) -> list[BaseGeometry]:
    return [zone.shape for zone in zones(Linework(edges_of(polygons))) if not zone.contested]


def _plain_edges(rims: list[Ints]) -> Edges:
    ends = np.concatenate([np.empty((0, 2, 2), dtype=np.int64), *rims])
    return Edges(ends, np.zeros(len(ends), dtype=np.int64))


def _gaps_filled(now: Geometries, max_width_m: float) -> tuple[Geometries, list[Award]]:
    linework = Linework(edges_of(now))
    found = [zone for zone in zones(linework) if not zone.contested]
    return awarded(now, award_gaps(linework, found, max_width_m=max_width_m))


def _movements(
    codes: tuple[str, ...], before: Geometries, after: Geometries, awards: Sequence[Award]
) -> list[Movement]:
    pieces: dict[int, list[Award]] = {}
    for award in awards:
        for who in [award.winner, *award.losers] if award.winner_grows else award.losers:
            pieces.setdefault(who, []).append(award)
    numbers = sorted(pieces)
    change = geodesic_area_m2(after[numbers]) - geodesic_area_m2(before[numbers])
    moved = []
    for at, more in zip(numbers, change.tolist(), strict=True):
        widest = max(pieces[at], key=lambda award: award.width_m)
        reach = max(award.reach_m for award in pieces[at])
        if len(pieces[at]) > 1:
            reach = max(reach, _joint_reach_m(before[at], after[at], at, pieces[at]))
        if max(widest.width_m, reach) > _STEP_M or abs(more) >= _LITTLE_M2:
            moved.append(Movement(codes[at], widest.width_m, reach, more, widest.place))
    return moved


def _joint_reach_m(had: BaseGeometry, has: BaseGeometry, owner: int, awards: Sequence[Award]) -> float:
    """Measure how far what a polygon won lies from what it had, and what it lost from what it has.

    Pieces that lie beside each other reach farther together than each of them by itself.
    """
    origin = awards[0].edges[0, 0]
    scale = metres_per_step(float(origin[1]) / SCALE)

    def metres(steps: Floats | Ints) -> NDArray[np.float64]:
        return np.asarray((steps - origin) * scale, dtype=np.float64)

    had_m, has_m = shapely.transform([had, has], lambda degrees: metres(np.rint(degrees * SCALE)))
    margin = 4 * sum(award.reach_m + award.width_m for award in awards) + 1.0
    farthest = 0.0
    for award in awards:
        rim = shapely.multilinestrings(list(metres(award.edges.reshape(-1, 2)).reshape(-1, 2, 2)))
        places = shapely.points(shapely.get_coordinates(shapely.segmentize(rim, shapely.length(rim) / 200)))
        west, south, east, north = shapely.bounds(rim)
        other = had_m if award.winner == owner and award.winner_grows else has_m
        # A grid is large beside what it won.
        near = shapely.clip_by_rect(other, west - margin, south - margin, east + margin, north + margin)
        farthest = max(
            farthest, float(shapely.distance(other if shapely.is_empty(near) else near, places).max())
        )
    return farthest
