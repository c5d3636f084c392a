"""Do these coordinates lie where their CRS says they may? The usual slips are named: swapped axes, a zone prefix."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from gis.crs import SourceCrs, check_degrees, to_wgs84
from gis.errors import GeometryError, SwappedCoordinates

__all__ = ["refuse_implausible"]

_MARGIN_DEG = 5.0


def refuse_implausible(
    source: NDArray[np.object_], degrees: NDArray[np.object_], crs: SourceCrs
) -> NDArray[np.bool_]:
    """Judge places after they were turned into WGS84.

    Parameters
    ----------
    source, degrees : ndarray of shapely geometries, shape (n,)
        As they came, in `crs`, and in EPSG:4326. None passes, unless it became None on the way.

    Returns
    -------
    ndarray of bool, shape (n,)
        Single shapes with a coordinate that is no longitude or latitude.

    Raises
    ------
    gis.errors.SwappedCoordinates, gis.errors.GeometryError
        At least half of the shapes are wrong: it is the file, not the row.
    """
    bounds = shapely.bounds(degrees)
    present = ~shapely.is_missing(source)
    with np.errstate(invalid="ignore"):
        sound = (np.abs(bounds[:, [0, 2]]) <= 180).all(axis=1) & (np.abs(bounds[:, [1, 3]]) <= 90).all(axis=1)
    # Bounds pass over NaN, so a shape with a lost vertex needs a look at its vertices.
    sound &= ~_has_lost_vertex(degrees)
    bad = present & ~sound
    if not present.any():
        return bad
    if bad.sum() * 2 >= present.sum():
        x, y = _first_vertices(source[bad])
        if crs.family == "proj":
            _refuse_projected(x, y, crs)
        finite = np.isfinite(x) & np.isfinite(y)
        check_degrees(x[finite], y[finite])
        return bad
    if crs.family == "proj":
        outside = _outside_use(degrees[present & sound], crs)
        if outside.sum() * 2 > outside.size:
            x, y = _first_vertices(source[present & sound][outside])
            _refuse_projected(x, y, crs)
    return bad


def _has_lost_vertex(degrees: NDArray[np.object_]) -> NDArray[np.bool_]:
    points, of = shapely.get_coordinates(degrees, return_index=True)
    lost = np.zeros(len(degrees), dtype=bool)
    lost[of[~np.isfinite(points).all(axis=1)]] = True
    return lost


def _first_vertices(shapes: NDArray[np.object_]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    points, of = shapely.get_coordinates(shapes, return_index=True)
    first = np.unique(of, return_index=True)[1]
    return points[first, 0], points[first, 1]


def _use(crs: SourceCrs) -> tuple[float, float, float, float] | None:
    area = None if crs.definition is None else crs.definition.area_of_use
    if area is None or area.west > area.east:
        return None
    return (
        area.west - _MARGIN_DEG,
        area.south - _MARGIN_DEG,
        area.east + _MARGIN_DEG,
        area.north + _MARGIN_DEG,
    )


def _within(lon: Any, lat: Any, use: tuple[float, float, float, float]) -> NDArray[np.bool_]:
    with np.errstate(invalid="ignore"):
        return np.asarray((lon >= use[0]) & (lon <= use[2]) & (lat >= use[1]) & (lat <= use[3]))


def _outside_use(degrees: NDArray[np.object_], crs: SourceCrs) -> NDArray[np.bool_]:
    use = _use(crs)
    if use is None:
        return np.zeros(len(degrees), dtype=bool)
    lon, lat = _first_vertices(degrees)
    return ~_within(lon, lat, use)


def _refuse_projected(x: NDArray[np.float64], y: NDArray[np.float64], crs: SourceCrs) -> None:
    """Say what is probably wrong with projected coordinates that land nowhere near where their CRS is used."""
    sample = f"({x[0]:.3f}, {y[0]:.3f})"
    use = _use(crs)
    if use is not None:
        lon, lat = to_wgs84(y, x, crs)
        if _within(lon, lat, use).mean() > 0.5:
            raise SwappedCoordinates(
                f"坐标的东、北方向写反了：{crs} 应先东坐标后北坐标，得到 {sample}",
                f"easting and northing are swapped: {crs} expects easting first, got {sample}",
                places=[(float(lon[0]), float(lat[0]))],
            )
    zone = int(x[0] // 1_000_000) if np.isfinite(x[0]) else 0
    hint_zh, hint_en = "", ""
    if 25 <= zone <= 45:
        hint_zh = f"；东坐标带有带号 {zone}，可能应为 EPSG:{4488 + zone}"
        hint_en = f"; the easting carries the zone number {zone}, so perhaps EPSG:{4488 + zone} is meant"
    elif abs(float(x[0])) <= 180 and abs(float(y[0])) <= 180:
        hint_zh = "；数值像是经纬度，可能应为 wgs84"
        hint_en = "; the numbers look like degrees, so perhaps wgs84 is meant"
    raise GeometryError(
        f"坐标不在 {crs} 的使用范围内，坐标系可能选错：得到 {sample}{hint_zh}",
        f"coordinates lie outside the area of {crs}, which is probably the wrong CRS: got {sample}{hint_en}",
        code="outside_crs_area",
    )
