"""Where polygons on the lattice overlap, leave gaps, run to nothing or fall apart.

Places are decided on the lattice; widths are measured in the metric working CRS as the diameter of the largest
circle inside, areas are geodesic.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from gis.coverage.defects import Defect, names
from gis.crs import from_wgs84, to_wgs84, working_crs
from gis.errors import GeometryError, Place
from gis.geometry import SCALE, lattice_geometries, polygon_parts
from gis.measures import geodesic_area_m2

__all__ = [
    "MOST_OVERLAPS",
    "Field",
    "Strip",
    "crowd",
    "detached",
    "gaps",
    "inlets",
    "mismatches",
    "open_strips",
    "overlaps",
    "slivers",
    "widths_m",
]

Geometries = NDArray[np.object_]
Floats = NDArray[np.float64]
_DUST_M = 0.01
"""Across this (one lattice step) nothing can be told from rounding."""
_HAIR_M = 0.001
MOST_OVERLAPS = 1000
"""Overlapping pairs that are reported; a file with more is no coverage whatever the others are."""
_POLYGONS_AT_ONCE, _PAIRS_AT_ONCE = 64, 4096
# Envelopes that meet, a polygon and beyond: grids of a city have about ten neighbours.
_CROWDED, _FEW = 100, 10_000
_WIDEST_DEG = 120.0
"""A country fits into one transverse Mercator; half the globe does not."""


@dataclass(frozen=True)
class Field:
    """Polygons under examination: the same shapes in degrees, in lattice steps and in metres."""

    codes: tuple[str, ...]
    degrees: Geometries
    steps: Geometries = field(init=False, repr=False)
    metric: CRS = field(init=False, repr=False)
    metres: Geometries = field(init=False, repr=False)
    invalid_edges: Geometries = field(init=False, repr=False)

    def __post_init__(self) -> None:
        west, south, east, north = shapely.total_bounds(self.degrees)
        if east - west > _WIDEST_DEG:
            raise _too_wide((float(west), float(south)))
        object.__setattr__(self, "steps", lattice_geometries(self.degrees))
        object.__setattr__(self, "metric", working_crs([west, east], [south, north]))
        object.__setattr__(self, "metres", _project(self.degrees, self.metric))
        object.__setattr__(self, "invalid_edges", shapely.coverage_invalid_edges(self.steps))

    @property
    def edge_matched(self) -> bool:
        """Whether the polygons neither overlap nor miss a shared vertex."""
        return bool(shapely.is_empty(self.invalid_edges).all())


def _too_wide(place: Place) -> GeometryError:
    return GeometryError(
        "图形范围太大或离得太远，无法在一个米制投影内检查",
        "the polygons reach too far to be examined in one metric projection",
        code="too_wide",
        places=[place],
    )


def _project(degrees: Any, metric: CRS) -> Geometries:
    def turn(xy: NDArray[Any]) -> NDArray[Any]:
        x, y = from_wgs84(xy[:, 0], xy[:, 1], metric)
        lost = np.isnan(x)
        if lost.any():
            at = int(np.flatnonzero(lost)[0])
            raise _too_wide((float(xy[at, 0]), float(xy[at, 1])))
        return np.column_stack([x, y])

    return np.asarray(shapely.transform(np.asarray(degrees, dtype=object), turn), dtype=object)


def _degrees(steps: Any) -> Geometries:
    return np.asarray(shapely.transform(np.asarray(steps, dtype=object), lambda xy: xy / SCALE), dtype=object)


def widths_m(metres: Any) -> Floats:
    """Diameter of the largest circle inside each polygon, in the unit of its CRS, to 1 %.

    Examples
    --------
    >>> widths_m([shapely.box(0, 0, 100, 2)]).round(1).tolist()
    [2.0]
    """
    shapes = np.asarray(metres, dtype=object)
    perimeter, area = shapely.length(shapes), shapely.area(shapes)
    # The radius is at least area over perimeter (a strip) and at most that of a disc; between, halve by eroding.
    # An iterative inscribed circle takes a hundred times longer on what gaps look like: metres wide, miles long.
    low = np.divide(area, perimeter, out=np.zeros(len(shapes)), where=perimeter > 0)
    high = np.sqrt(area / np.pi)
    high = np.where(low > _DUST_M / 20, np.maximum(high, low), low)
    open_ones = np.arange(len(shapes))
    for _ in range(16):
        open_ones = open_ones[high[open_ones] > 1.02 * low[open_ones]]
        if open_ones.size == 0:
            break
        middle = np.sqrt(low[open_ones] * high[open_ones])
        gone = shapely.is_empty(shapely.buffer(shapes[open_ones], -middle, quad_segs=2))
        high[open_ones[gone]] = middle[gone]
        low[open_ones[~gone]] = middle[~gone]
    return np.asarray(2 * np.sqrt(low * high), dtype=np.float64)


def _place(shape: Any) -> Place:
    point = shapely.point_on_surface(shape)
    return (float(point.x), float(point.y))


def _meeting_pairs(steps: Geometries, touched: NDArray[np.int64]) -> tuple[NDArray[np.int64], Geometries]:
    """Find pairs whose interiors meet, and where: the first `MOST_OVERLAPS` of them, looked for piece by piece.

    Of n polygons that all lie on one another n squared pairs meet, which nobody reads and no memory holds. One of
    each pair is among the `touched`.
    """
    is_touched = np.zeros(len(steps), dtype=bool)
    is_touched[touched] = True
    tree = shapely.STRtree(steps)
    pairs: list[NDArray[np.int64]] = [np.empty((0, 2), dtype=np.int64)]
    meets: list[Geometries] = [np.empty(0, dtype=object)]
    found = 0
    for begin in range(0, len(touched), _POLYGONS_AT_ONCE):
        few = touched[begin : begin + _POLYGONS_AT_ONCE]
        one, other = tree.query(steps[few])
        one = few[one]
        # Where both are touched the pair comes twice.
        once = (one != other) & ((one < other) | ~is_touched[other])
        near = np.sort(np.column_stack([one[once], other[once]]), axis=1)
        for at in range(0, len(near), _PAIRS_AT_ONCE):
            several = near[at : at + _PAIRS_AT_ONCE]
            several = several[shapely.intersects(steps[several[:, 0]], steps[several[:, 1]])]
            shapes = shapely.intersection(steps[several[:, 0]], steps[several[:, 1]])
            area = shapely.area(shapes) > 0
            pairs.append(several[area])
            meets.append(shapes[area])
            found += int(area.sum())
            if found >= MOST_OVERLAPS:
                return np.concatenate(pairs)[:MOST_OVERLAPS], np.concatenate(meets)[:MOST_OVERLAPS]
    return np.concatenate(pairs), np.concatenate(meets)


def overlaps(ground: Field, doubled: Sequence[tuple[int, str]] = ()) -> list[Defect]:
    """Find pairs whose interiors meet: one defect a pair, at its widest piece, and no more than `MOST_OVERLAPS`.

    `doubled` are polygons that are left out of `ground`, since one of it, named by its position, has the same shape.
    """
    # One of an overlapping pair may have no invalid edge of its own (a grid drawn inside another): query all.
    touched = np.flatnonzero(~shapely.is_empty(ground.invalid_edges))
    pairs, meets = _meeting_pairs(ground.steps, touched)
    codes = [(ground.codes[a], ground.codes[b]) for a, b in pairs.tolist()]
    more = list(doubled)[: MOST_OVERLAPS - len(codes)]
    codes += [(ground.codes[first], code) for first, code in more]
    copies = ground.steps[[first for first, _ in more]] if more else np.empty(0, dtype=object)
    return _overlap_defects(codes, np.concatenate([meets, copies]), ground.metric)


def crowd(codes: Sequence[str], degrees: Geometries) -> list[Defect]:
    """Find `MOST_OVERLAPS` overlapping pairs where polygons lie on one another by the dozen; empty otherwise.

    What examines borders takes the square of their number then.
    """
    tree = shapely.STRtree(degrees)
    near = 0
    for begin in range(0, len(degrees), _POLYGONS_AT_ONCE):
        near += tree.query(degrees[begin : begin + _POLYGONS_AT_ONCE]).shape[1]
        if near > _CROWDED * len(degrees) + _FEW:
            break
    else:
        return []
    west, south, east, north = shapely.total_bounds(degrees)
    if east - west > _WIDEST_DEG:
        raise _too_wide((float(west), float(south)))
    pairs, meets = _meeting_pairs(lattice_geometries(degrees), np.arange(len(degrees)))
    if len(pairs) < MOST_OVERLAPS:
        return []
    metric = working_crs([west, east], [south, north])
    return _overlap_defects([(codes[a], codes[b]) for a, b in pairs.tolist()], meets, metric)


def _overlap_defects(pairs: Sequence[tuple[str, str]], meets: Geometries, metric: CRS) -> list[Defect]:
    """Describe where pairs meet, in lattice steps."""
    parts, pair_of = polygon_parts(meets)
    if len(parts) == 0:
        return []
    degrees = _degrees(parts)
    width, area = widths_m(_project(degrees, metric)), geodesic_area_m2(degrees)
    found = []
    for pair in np.unique(pair_of):
        mine = np.flatnonzero(pair_of == pair)
        widest = mine[np.argmax(width[mine])]
        codes = tuple(sorted(pairs[pair]))
        total = float(area[mine].sum())
        found.append(
            Defect(
                "overlap",
                "error",
                codes,
                _place(degrees[widest]),
                width_m=float(width[widest]),
                area_m2=total,
                detail_zh=f"网格 {names(codes)} 重叠 {total:.2f} 平方米，最宽 {width[widest]:.2f} 米",
                detail_en=f"{names(codes)} overlap by {total:.2f} m2, up to {width[widest]:.2f} m wide",
            )
        )
    return found


def mismatches(ground: Field, overlapping: list[Defect]) -> list[Defect]:
    """Find edges that run along a neighbour's without sharing its vertices, where no overlap explains them."""
    explained = {code for defect in overlapping for code in defect.codes}
    found = []
    for at in np.flatnonzero(~shapely.is_empty(ground.invalid_edges)):
        if ground.codes[at] in explained:
            continue
        x, y = shapely.get_coordinates(ground.invalid_edges[at])[0] / SCALE
        found.append(
            Defect(
                "mismatched_edge",
                "error",
                (ground.codes[at],),
                (float(x), float(y)),
                detail_zh=f"网格 {ground.codes[at]} 与相邻网格的公共边界节点不一致",
                detail_en=f"{ground.codes[at]} does not share the vertices of a common border",
            )
        )
    return found


def _union(ground: Field) -> Any:
    return (
        shapely.coverage_union_all(ground.steps) if ground.edge_matched else shapely.union_all(ground.steps)
    )


def gaps(ground: Field, *, gap_width_m: float | None) -> list[Defect]:
    """Find what the union encloses without owning it; islands inside such a hole are not part of it."""
    union = _union(ground)
    rings = [ring for part in shapely.get_parts(union) for ring in part.interiors]
    if not rings:
        return []
    filled = shapely.polygons(rings)
    inside = shapely.STRtree(shapely.get_parts(union)).query(filled, predicate="contains_properly")
    for at in np.unique(inside[0]):
        filled[at] = shapely.difference(filled[at], union)
    degrees = _degrees(filled)
    width, area = widths_m(_project(degrees, ground.metric)), geodesic_area_m2(degrees)
    around = _touching(ground, filled)
    found = []
    for at in range(len(filled)):
        wide = gap_width_m is not None and width[at] > gap_width_m
        hole = len(around[at]) == 1
        found.append(
            Defect(
                "gap",
                "warning" if wide else "error",
                around[at],
                _place(degrees[at]),
                width_m=float(width[at]),
                area_m2=float(area[at]),
                detail_zh=f"网格 {names(around[at])} {'里有空洞' if hole else '之间有空隙'} "
                f"{area[at]:.2f} 平方米，最宽 {width[at]:.2f} 米，不属于任何网格",
                detail_en=f"gap of {area[at]:.2f} m2, up to {width[at]:.2f} m wide, "
                f"{'inside' if hole else 'between'} {names(around[at])}: no grid owns it",
            )
        )
    return found


def _touching(ground: Field, holes: Geometries) -> list[tuple[str, ...]]:
    """Name the polygons along each hole (sharing more than a point where any does)."""
    hole, polygon = shapely.STRtree(ground.steps).query(holes, predicate="intersects")
    shared = shapely.length(shapely.intersection(shapely.boundary(holes[hole]), ground.steps[polygon]))
    around: list[set[str]] = [set() for _ in holes]
    for at, who, length in zip(hole.tolist(), polygon.tolist(), shared.tolist(), strict=True):
        if length > 0:
            around[at].add(ground.codes[who])
    return [tuple(sorted(codes)) for codes in around]


@dataclass(frozen=True)
class Strip:
    """A narrow gap open to the outside: its shape in metres, and the polygons along it, longest border first."""

    shape: Any
    sides: list[int]
    closed: Any


def open_strips(ground: Field, *, width_m: float) -> list[Strip]:
    """Find narrow strips between two polygons that are open to the outside, so that no hole shows them.

    The outline is closed by `width_m` (grown and shrunk again); a long thin piece of what that adds which runs
    along two different polygons is a gap between them. Creeks inside one polygon are not meant.
    """
    shells = shapely.multipolygons(
        [shapely.Polygon(part.exterior) for part in shapely.get_parts(_union(ground))]
    )
    outline = shapely.union_all(shapely.get_parts(_project(_degrees([shells]), ground.metric)))
    half = width_m / 2
    closed = shapely.buffer(shapely.buffer(outline, half, join_style="mitre"), -half, join_style="mitre")
    # Growing and shrinking leaves hairs of no width along straight borders, which would join far neighbours.
    thinned = shapely.buffer(shapely.difference(closed, outline), -_HAIR_M, join_style="mitre")
    added, _ = polygon_parts(shapely.buffer(thinned, _HAIR_M, join_style="mitre"))
    length = shapely.length(added) / 2
    mean_width = np.divide(shapely.area(added), length, out=np.zeros(len(added)), where=length > 0)
    strips = added[(length > 4 * mean_width) & (length > width_m)]
    tree = shapely.STRtree(ground.metres)
    found = []
    for strip in strips:
        near = tree.query(strip, predicate="dwithin", distance=_DUST_M)
        # How far the strip runs along each neighbour; a corner of a third grid at its end does not count.
        border = shapely.buffer(shapely.boundary(ground.metres[near]), _DUST_M)
        along = shapely.length(shapely.intersection(strip.exterior, border))
        beside = along > 0.3 * shapely.length(strip) / 2
        if beside.sum() >= 2:
            order = np.lexsort((near[beside], -along[beside]))
            found.append(Strip(strip, near[beside][order].tolist(), closed))
    return found


def inlets(ground: Field, *, inlet_width_m: float) -> list[Defect]:
    """Report the strips of `open_strips` as gaps."""
    strips = open_strips(ground, width_m=inlet_width_m)
    if not strips:
        return []
    shapes = np.array([strip.shape for strip in strips], dtype=object)
    degrees = np.asarray(
        shapely.transform(shapes, lambda xy: np.column_stack(to_wgs84(xy[:, 0], xy[:, 1], ground.metric))),
        dtype=object,
    )
    found = []
    measures = zip(
        strips, degrees, widths_m(shapes).tolist(), geodesic_area_m2(degrees).tolist(), strict=True
    )
    for strip, shape, width, area in measures:
        codes = tuple(sorted(ground.codes[at] for at in strip.sides))
        found.append(
            Defect(
                "gap",
                "error",
                codes,
                _place(shape),
                width_m=width,
                area_m2=area,
                detail_zh=f"网格 {names(codes)} 之间有通向外部的狭缝 {area:.2f} 平方米，最宽 {width:.2f} 米",
                detail_en=f"gap open to the outside, {area:.2f} m2, up to {width:.2f} m wide, between {names(codes)}",
            )
        )
    return found


def slivers(ground: Field, *, sliver_width_m: float) -> list[Defect]:
    """Find grids narrower than `sliver_width_m` everywhere (errors), and such parts of wider grids (warnings)."""
    parts, of = polygon_parts(ground.metres)
    thin = np.flatnonzero(2 * shapely.area(parts) < sliver_width_m * shapely.length(parts))
    width = widths_m(parts[thin])
    thin, width = thin[width < sliver_width_m], width[width < sliver_width_m]
    parts_of = np.bincount(of, minlength=len(ground.codes))
    thin_of = np.bincount(of[thin], minlength=len(ground.codes))
    degrees, _ = polygon_parts(ground.degrees)
    area = geodesic_area_m2(degrees[thin])
    found = []
    for at, w, a in zip(thin.tolist(), width.tolist(), area.tolist(), strict=True):
        code = ground.codes[of[at]]
        whole = bool(thin_of[of[at]] == parts_of[of[at]])
        found.append(
            Defect(
                "sliver",
                "error" if whole else "warning",
                (code,),
                _place(degrees[at]),
                width_m=w,
                area_m2=a,
                detail_zh=f"网格 {code} {'整体' if whole else '有一部分'}过窄，最宽仅 {w:.2f} 米",
                detail_en=f"{'the whole of' if whole else 'a part of'} {code} is a sliver, at most {w:.2f} m wide",
            )
        )
    return found


def detached(ground: Field) -> list[Defect]:
    """Find polygons in several parts: normal for islands, so a warning at the largest part but one."""
    found = []
    for at in np.flatnonzero(shapely.get_num_geometries(ground.degrees) > 1):
        parts, _ = polygon_parts(ground.degrees[at])
        area = geodesic_area_m2(parts)
        second = int(np.argsort(-area, kind="stable")[1])
        rest = float(area.sum() - area.max())
        code = ground.codes[at]
        found.append(
            Defect(
                "detached",
                "warning",
                (code,),
                _place(parts[second]),
                area_m2=rest,
                detail_zh=f"网格 {code} 由 {len(parts)} 块不相连的部分组成，最大一块之外共 {rest:.0f} 平方米",
                detail_en=f"{code} is in {len(parts)} separate parts; {rest:.0f} m2 lie outside the largest",
            )
        )
    return found
