"""A given upper level beside what the grids dissolve to: which units differ, and where."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from gis.antimeridian import across_meridian
from gis.arrays import GeometryArrayLike
from gis.coverage.field import widths_m
from gis.crs import from_wgs84, working_crs
from gis.defects import Defect, in_order
from gis.geometry import geometry_array, lattice_geometries, polygon_parts, representative_place
from gis.measures import geodesic_area_m2
from gis.text import Text

__all__ = ["compare_levels"]


@across_meridian("dissolved_polygons", "given_polygons")
def compare_levels(
    dissolved_codes: Sequence[str],
    dissolved_polygons: GeometryArrayLike,
    given_codes: Sequence[str],
    given_polygons: GeometryArrayLike,
    *,
    width_m: float = 1.0,
) -> list[Defect]:
    """Compare the streets or communities of a file with those the grids dissolve to.

    Parameters
    ----------
    dissolved_codes, dissolved_polygons
        From `dissolve`; EPSG:4326.
    given_codes, given_polygons
        The units of the file; EPSG:4326, valid. A code may come in several rows.
    width_m : float, default 1
        Differences nowhere wider than this are drawing noise and not told.

    Returns
    -------
    list of Defect
        All of kind ``hierarchy``. An error for a unit that only one side has; a warning for one whose area differs,
        with the total area, the greatest width and the place of the widest piece.

    Examples
    --------
    >>> ours, theirs = shapely.box(120.0, 36.0, 120.01, 36.01), shapely.box(120.0, 36.0, 120.0101, 36.01)
    >>> found = compare_levels(["a"], [ours], ["a", "b"], [theirs, ours])
    >>> [(d.severity, d.codes, d.width_m and round(d.width_m)) for d in found]
    [('error', ('b',), None), ('warning', ('a',), 9)]
    """
    ours = dict(zip(dissolved_codes, geometry_array(dissolved_polygons), strict=True))
    theirs: dict[str, BaseGeometry] = {}
    for code, shape in zip(given_codes, geometry_array(given_polygons), strict=True):
        theirs[code] = shape if code not in theirs else shapely.union_all([theirs[code], shape])
    defects = [
        Defect(
            "hierarchy",
            "error",
            (code,),
            representative_place(ours[code]),
            detail=Text(
                f"网格汇总出的 {code} 在给定图层中不存在",
                f"{code}, which grids belong to, is not in the given layer",
            ),
        )
        for code in ours
        if code not in theirs
    ]
    defects += [
        Defect(
            "hierarchy",
            "error",
            (code,),
            representative_place(theirs[code]),
            detail=Text(f"给定图层中的 {code} 没有任何网格", f"{code} of the given layer has no grid"),
        )
        for code in theirs
        if code not in ours
    ]
    both = [code for code in ours if code in theirs and ours[code] is not None and theirs[code] is not None]
    defects += _differences(both, ours, theirs, width_m)
    return in_order(defects)


def _differences(
    codes: list[str], ours: dict[str, BaseGeometry], theirs: dict[str, BaseGeometry], width_m: float
) -> list[Defect]:
    if not codes:
        return []
    one = lattice_geometries([ours[code] for code in codes])
    other = lattice_geometries([theirs[code] for code in codes])
    differ = np.flatnonzero(~shapely.equals(one, other))
    pieces, of = polygon_parts(shapely.symmetric_difference(one[differ], other[differ]))
    if len(pieces) == 0:
        return []
    degrees = np.asarray(shapely.transform(pieces, lambda xy: xy / 1e7), dtype=object)
    west, south, east, north = shapely.total_bounds(degrees)
    metric = working_crs([west, east], [south, north])
    width = widths_m(
        shapely.transform(degrees, lambda xy: np.column_stack(from_wgs84(xy[:, 0], xy[:, 1], metric)))
    )
    area = geodesic_area_m2(degrees)
    found = []
    for number in np.unique(of):
        mine = np.flatnonzero(of == number)
        widest = mine[int(np.argmax(width[mine]))]
        if width[widest] <= width_m:
            continue
        code, total = codes[differ[number]], float(area[mine].sum())
        found.append(
            Defect(
                "hierarchy",
                "warning",
                (code,),
                representative_place(degrees[widest]),
                width_m=float(width[widest]),
                area_m2=total,
                detail=Text(
                    f"{code} 的给定边界与网格汇总的边界相差 {total:.0f} 平方米，最宽 {width[widest]:.1f} 米",
                    f"the given border of {code} differs from that of its grids by {total:.0f} m2, "
                    f"up to {width[widest]:.1f} m wide",
                ),
            )
        )
    return found
