"""Mending a coverage: narrow gaps are given away, narrow overlaps are settled, and everything that moved is told.

The work is done in the metric CRS of the place, since a width in degrees is not a width. The result is rounded to
the lattice again and only handed over when it is a coverage there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from gis.coverage.defects import Defect, in_order
from gis.coverage.faults import Field, gaps, open_strips, overlaps, widths_m
from gis.coverage.snapping import snap_coverage
from gis.crs import from_wgs84, to_wgs84
from gis.errors import CoverageError, GeometryError, InvalidGeometry, Place
from gis.geometry import geometry_array, lattice_geometries, polygon_parts, snap, trouble_of
from gis.measures import geodesic_area_m2

__all__ = ["CleanResult", "Movement", "clean"]

Geometries = NDArray[np.object_]
_SNAPPING_M = 0.001
"""Vertices nearer than this are one; far below a lattice step, so that nothing moves that need not."""
_WIDEST_INLET_M = 10.0
"""Gaps open to the outside are mended up to this width only: wider ones may be creeks."""
_SEAM_M = 0.02
_TURNS = 4
"""Closing one gap may leave a shorter one beside it, which the next turn closes."""


@dataclass(frozen=True)
class Movement:
    """What mending did to one polygon.

    Parameters
    ----------
    code : str
    moved_m : float
        Greatest width of what it won or lost (diameter of the largest circle inside), metres: how far its border
        moved across.
    area_change_m2 : float
        Geodesic area after less before.
    place : (lon, lat)
        In the widest piece it won or lost.
    """

    code: str
    moved_m: float
    area_change_m2: float
    place: Place


@dataclass(frozen=True)
class CleanResult:
    """A mended coverage.

    Parameters
    ----------
    polygons : ndarray of object, shape (n,)
        EPSG:4326 on the lattice, in the order they came; edge-matched and without overlaps.
    moved : list of Movement
        One for each polygon whose border moved, by code.
    """

    polygons: Geometries
    moved: list[Movement]


def clean(codes: Sequence[str], polygons: Any, *, max_width_m: float) -> CleanResult:
    """Mend gaps and overlaps up to a width.

    Parameters
    ----------
    codes : sequence of str, length n
        For the report and to settle ties: by order of `codes`, not of rows, so that a file in another order gives
        the same boundaries.
    polygons : array_like of shapely polygons, shape (n,)
        EPSG:4326, valid.
    max_width_m : float
        Gaps no wider go to the neighbour with the longest common border; overlaps no wider likewise. Wider gaps
        stay (`check` shows them), and so do gaps open to the outside wider than 10 m.

    Returns
    -------
    CleanResult

    Raises
    ------
    gis.errors.CoverageError
        An overlap is wider than `max_width_m`, or a polygon would vanish; nothing is mended then.
    gis.errors.InvalidGeometry
        A polygon is missing or not valid.

    Examples
    --------
    >>> west, east = shapely.box(120.0, 36.0, 120.01, 36.01), shapely.box(120.00999, 36.0, 120.02, 36.01)
    >>> result = clean(["a", "b"], [west, east], max_width_m=2)
    >>> [(m.code, round(m.moved_m, 1)) for m in result.moved]
    [('a', 0.9)]
    """
    flat = geometry_array(polygons)
    if len(flat) != len(codes):
        raise GeometryError(
            f"图形数 {len(flat)} 与编码数 {len(codes)} 不同",
            f"{len(flat)} polygons but {len(codes)} codes",
            code="length_mismatch",
        )
    if not (np.isfinite(max_width_m) and max_width_m > 0):
        raise GeometryError(
            f"修补宽度应为正数（米），实际为 {max_width_m}",
            f"the width to mend must be a positive number of metres, got {max_width_m}",
            code="bad_width",
        )
    _refuse_invalid(codes, flat)
    order = sorted(range(len(codes)), key=lambda at: (codes[at], shapely.to_wkb(flat[at])))
    sorted_codes = tuple(codes[at] for at in order)
    before = snap_coverage(flat[order]).polygons
    ground = Field(sorted_codes, before)
    _refuse_wide(ground, max_width_m)
    after, turn = before, ground
    for _ in range(_TURNS):
        if _nothing_to_do(turn, max_width_m):
            break
        after = _mended(turn, max_width_m)
        _refuse_lost(sorted_codes, before, after)
        turn = Field(sorted_codes, after)
    moved = _movements(sorted_codes, before, after, ground.metric)
    out = np.empty(len(flat), dtype=object)
    out[order] = after
    return CleanResult(out, moved)


def _refuse_invalid(codes: Sequence[str], flat: Geometries) -> None:
    for at in np.flatnonzero(~(shapely.is_valid(flat) & ~shapely.is_empty(flat))).tolist():
        if flat[at] is None or shapely.is_empty(flat[at]):
            raise InvalidGeometry(f"{codes[at]} 没有图形", f"{codes[at]} has no geometry")
        trouble = trouble_of(flat[at])
        raise InvalidGeometry(
            f"{codes[at]} 无效：{trouble.zh}",
            f"{codes[at]} is not valid: {trouble.en}",
            places=[trouble.place],
        )


def _refuse_wide(ground: Field, max_width_m: float) -> None:
    wide = [defect for defect in overlaps(ground) if (defect.width_m or 0.0) > max_width_m]
    if wide:
        raise CoverageError(
            f"有 {len(wide)} 处重叠宽于 {max_width_m:g} 米，不能自动修补；第一处：{wide[0].detail_zh}",
            f"{len(wide)} overlaps are wider than {max_width_m:g} m and cannot be mended; "
            f"the first: {wide[0].detail_en}",
            defects=in_order(wide),
            code="overlap_too_wide",
        )


def _nothing_to_do(ground: Field, max_width_m: float) -> bool:
    narrow = [gap for gap in gaps(ground, gap_width_m=None) if (gap.width_m or 0.0) <= max_width_m]
    strips = open_strips(ground, width_m=min(max_width_m, _WIDEST_INLET_M))
    return ground.edge_matched and not narrow and not strips


def _with_strips(ground: Field, max_width_m: float) -> Geometries:
    """Give narrow gaps that are open to the outside to the polygon with the longest border along them."""
    metres = ground.metres.copy()
    strips = open_strips(ground, width_m=min(max_width_m, _WIDEST_INLET_M))
    if not strips:
        return metres
    tree = shapely.STRtree(ground.metres)
    for strip in strips:
        # Grown a little over its sides and cut back to them, so that no hairline is left; not over the mouth.
        seamed = shapely.intersection(shapely.buffer(strip.shape, _SEAM_M, join_style="mitre"), strip.closed)
        near = tree.query(seamed, predicate="intersects")
        others = metres[near[near != strip.sides[0]]]
        filling = shapely.difference(seamed, shapely.union_all(others))
        parts, _ = polygon_parts(shapely.union(metres[strip.sides[0]], filling))
        metres[strip.sides[0]] = shapely.multipolygons(parts) if len(parts) > 1 else parts[0]
    return metres


def _mended(ground: Field, max_width_m: float) -> Geometries:
    """Clean in metres, round to the lattice; rounding may call for a second turn."""
    metres = _with_strips(ground, max_width_m)
    for _ in range(3):
        mended = shapely.coverage_clean(  # type: ignore[attr-defined] # newer than the stubs
            metres, gap_width=max_width_m, snapping_distance=_SNAPPING_M, merge_strategy="longest_border"
        )
        degrees = shapely.transform(
            np.asarray(mended, dtype=object),
            lambda xy: np.column_stack(to_wgs84(xy[:, 0], xy[:, 1], ground.metric)),
        )
        snapped = snap_coverage(snap(degrees, on_collapse="none"))
        if snapped.clean:
            return snapped.polygons
        metres = np.asarray(
            shapely.transform(
                snapped.polygons, lambda xy: np.column_stack(from_wgs84(xy[:, 0], xy[:, 1], ground.metric))
            ),
            dtype=object,
        )
    raise CoverageError(
        "自动修补后边界仍不一致", "the boundaries still do not match after mending", code="not_mended"
    )


def _refuse_lost(codes: tuple[str, ...], before: Geometries, after: Geometries) -> None:
    lost = shapely.is_missing(after) | shapely.is_empty(after)
    if lost.any():
        gone = [
            Defect(
                "empty",
                "error",
                (codes[at],),
                _inside(before[at]),
                detail_zh=f"修补后 {codes[at]} 不再有面积",
                detail_en=f"{codes[at]} has no area left after mending",
            )
            for at in np.flatnonzero(lost).tolist()
        ]
        raise CoverageError(gone[0].detail_zh, gone[0].detail_en, defects=gone, code="lost_polygon")


def _inside(shape: Any) -> Place:
    point = shapely.point_on_surface(shape)
    return (float(point.x), float(point.y))


def _movements(codes: tuple[str, ...], before: Geometries, after: Geometries, metric: CRS) -> list[Movement]:
    steps_before, steps_after = lattice_geometries(before), lattice_geometries(after)
    # Equal as sets of points: a vertex put into a straight border moves nothing.
    changed = np.flatnonzero(~shapely.equals(steps_before, steps_after))
    pieces, of = polygon_parts(shapely.symmetric_difference(before[changed], after[changed]))
    if len(pieces) == 0:
        return []
    width = widths_m(
        shapely.transform(pieces, lambda xy: np.column_stack(from_wgs84(xy[:, 0], xy[:, 1], metric)))
    )
    change = geodesic_area_m2(after[changed]) - geodesic_area_m2(before[changed])
    moved = []
    for number in np.unique(of).tolist():
        mine = np.flatnonzero(of == number)
        widest = mine[int(np.argmax(width[mine]))]
        moved.append(
            Movement(
                codes[changed[number]], float(width[widest]), float(change[number]), _inside(pieces[widest])
            )
        )
    return sorted(moved, key=lambda movement: movement.code)
