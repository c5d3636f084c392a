"""Ground that polygons enclose and none of them owns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from gis.arrays import Geometries
from gis.coverage.field import Field, degrees_of, measured, place_in
from gis.defects import Defect, names
from gis.text import Text

__all__ = ["Gap", "find_gaps", "gaps", "hulls_of", "outside_of"]


@dataclass(frozen=True)
class Gap:
    """A face that polygons enclose and none owns.

    Parameters
    ----------
    steps : shapely.Polygon
        Lattice steps; exact where the coverage is edge-matched.
    degrees : shapely.Polygon
        The same, EPSG:4326.
    owners : tuple of int
        Positions of the polygons that share a border with it, more than a point.
    width_m, area_m2 : float
        Diameter of the largest circle inside, geodesic area.
    """

    steps: BaseGeometry
    degrees: BaseGeometry
    owners: tuple[int, ...]
    width_m: float
    area_m2: float


def find_gaps(ground: Field) -> list[Gap]:
    """Find every bounded face that no polygon owns; polygons that meet in a vertex close one, too.

    Examples
    --------
    >>> west = shapely.Polygon([(120, 36), (120.001, 36), (120.0009, 36.0005), (120.001, 36.001), (120, 36.001)])
    >>> east = shapely.Polygon([(120.001, 36), (120.002, 36), (120.002, 36.001), (120.001, 36.001), (120.0011, 36.0005)])
    >>> (lens,) = find_gaps(Field(("a", "b"), np.array([west, east], dtype=object)))
    >>> lens.owners, round(lens.width_m, 1), round(lens.area_m2)
    ((0, 1), 17.8, 1000)
    """
    faces = ground.faces
    if len(faces.enclosed) == 0:
        return []
    degrees = degrees_of(faces.enclosed)
    width, area = measured(degrees, ground.metric)
    return [
        Gap(*gap)
        for gap in zip(faces.enclosed, degrees, faces.owners, width.tolist(), area.tolist(), strict=True)
    ]


def outside_of(found: Sequence[Gap], unknown: Sequence[BaseGeometry]) -> list[Gap]:
    """Leave out gaps in which shapes lie that cannot be used: somebody owns that ground, only not known how far.

    `unknown` are shapes in degrees, None among them, valid or not.
    """
    hulls = hulls_of(unknown)
    if len(hulls) == 0 or not found:
        return list(found)
    shapes = np.array([gap.degrees for gap in found], dtype=object)
    # Touching is not enough: a gap beside the shape is one.
    meets, _ = shapely.STRtree(hulls).query(shapes, predicate="overlaps")
    inside, _ = shapely.STRtree(hulls).query(shapes, predicate="within")
    around, _ = shapely.STRtree(hulls).query(shapes, predicate="contains")
    claimed = {*meets.tolist(), *inside.tolist(), *around.tolist()}
    return [gap for at, gap in enumerate(found) if at not in claimed]


def hulls_of(shapes: Sequence[BaseGeometry]) -> Geometries:
    """Give the convex hulls of shapes with an extent."""
    flat = np.array([shape for shape in shapes if shape is not None], dtype=object)
    flat = flat[np.isfinite(shapely.bounds(flat)).all(axis=1)] if len(flat) else flat
    hulls = np.asarray(shapely.convex_hull(flat), dtype=object)
    return np.asarray(hulls[shapely.area(hulls) > 0], dtype=object)


def gaps(ground: Field, *, gap_width_m: float | None, found: Sequence[Gap] | None = None) -> list[Defect]:
    """Report gaps as defects: all of `find_gaps`, or those that the caller has `found` and not accepted."""
    return [_defect(ground, gap, gap_width_m) for gap in (find_gaps(ground) if found is None else found)]


def _defect(ground: Field, gap: Gap, gap_width_m: float | None) -> Defect:
    wide = gap_width_m is not None and gap.width_m > gap_width_m
    codes = ground.codes_at(gap.owners)
    hole = len(gap.owners) == 1
    return Defect(
        "gap",
        "warning" if wide else "error",
        codes,
        place_in(gap.degrees),
        width_m=gap.width_m,
        area_m2=gap.area_m2,
        detail=Text(
            f"网格 {names(codes)} {'里有空洞' if hole else '之间有空隙'} "
            f"{gap.area_m2:.2f} 平方米，最宽 {gap.width_m:.2f} 米，不属于任何网格",
            f"gap of {gap.area_m2:.2f} m2, up to {gap.width_m:.2f} m wide, "
            f"{'inside' if hole else 'between'} {names(codes)}: no grid owns it",
        ),
        rows=ground.rows_at(gap.owners),
    )
