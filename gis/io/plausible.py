"""Do these coordinates lie where their CRS says they may? The usual slips are named: swapped axes, a zone prefix."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

from gis.arrays import Floats
from gis.crs import SourceCrs, check_degrees, to_wgs84
from gis.errors import GeometryError, SwappedCoordinates
from gis.io.likely_crs import likely_crs

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
        rows = np.flatnonzero(bad) + 1
        x, y = _first_vertices(source[bad])
        if crs.family == "proj":
            _refuse_projected(x, y, crs, rows)
        _refuse_degrees(x, y, rows)
        return bad
    if crs.family == "proj":
        _refuse_degrees_as_metres(source[present & sound], crs, np.flatnonzero(present & sound) + 1)
        outside = _outside_use(degrees[present & sound], crs)
        if outside.sum() * 2 > outside.size:
            x, y = _first_vertices(source[present & sound][outside])
            _refuse_projected(x, y, crs, np.flatnonzero(present & sound)[outside] + 1)
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


def _within(lon: Floats, lat: Floats, use: tuple[float, float, float, float]) -> NDArray[np.bool_]:
    with np.errstate(invalid="ignore"):
        return np.asarray((lon >= use[0]) & (lon <= use[2]) & (lat >= use[1]) & (lat <= use[3]))


def _outside_use(degrees: NDArray[np.object_], crs: SourceCrs) -> NDArray[np.bool_]:
    use = _use(crs)
    if use is None:
        return np.zeros(len(degrees), dtype=bool)
    lon, lat = _first_vertices(degrees)
    return ~_within(lon, lat, use)


def _refuse_degrees(x: NDArray[np.float64], y: NDArray[np.float64], rows: NDArray[np.int64]) -> None:
    """Refuse numbers that are no longitude and latitude, and say what they look like."""
    finite = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
    if not finite.size:
        return
    try:
        check_degrees(x[finite], y[finite])
    except SwappedCoordinates as error:
        row = rows[finite[0]]
        raise SwappedCoordinates(
            f"第 {row} 行：{error.detail.zh}", f"row {row}: {error.detail.en}", places=error.places
        ) from error
    except GeometryError as error:
        with np.errstate(invalid="ignore"):
            wrong = finite[(np.abs(x[finite]) > 180) | (np.abs(y[finite]) > 90)][0]
        _refuse_numbers(
            float(x[wrong]),
            float(y[wrong]),
            int(rows[wrong]),
            None,
            "应为经纬度（度）",
            "expected degrees",
            error.code,
        )


def _refuse_projected(
    x: NDArray[np.float64], y: NDArray[np.float64], crs: SourceCrs, rows: NDArray[np.int64]
) -> None:
    """Say what is probably wrong with coordinates that land nowhere near where their CRS is used."""
    sample = f"({x[0]:.3f}, {y[0]:.3f})"
    use = _use(crs)
    if use is not None and not _are_degrees(x[0], y[0]):
        lon, lat = to_wgs84(y, x, crs)
        if _within(lon, lat, use).mean() > 0.5:
            raise SwappedCoordinates(
                f"第 {rows[0]} 行：坐标的东、北方向写反了：{crs} 应先东坐标后北坐标，得到 {sample}；请把两个坐标（两列）对调",
                f"row {rows[0]}: easting and northing are swapped: {crs} expects easting first, got {sample}; exchange "
                "the two numbers (or columns)",
                places=[(float(lon[0]), float(lat[0]))],
            )
    _refuse_numbers(
        float(x[0]),
        float(y[0]),
        int(rows[0]),
        crs,
        f"坐标不在 {crs} 的使用范围内，坐标系可能选错",
        f"coordinates lie outside the area of {crs}, which is probably the wrong CRS",
        "outside_crs_area",
    )


def _refuse_degrees_as_metres(shapes: NDArray[np.object_], crs: SourceCrs, rows: NDArray[np.int64]) -> None:
    """Refuse degrees in a system of metres: read as metres they all lie within a few steps of its origin."""
    if crs.definition is None or not crs.definition.is_projected:
        return
    bounds = shapely.bounds(shapes)
    small = (np.abs(bounds[:, [0, 2]]) <= 180).all(axis=1) & (np.abs(bounds[:, [1, 3]]) <= 180).all(axis=1)
    if small.size and small.sum() * 2 > small.size:
        x, y = _first_vertices(shapes[small])
        if (x != 0).any() or (y != 0).any():
            _refuse_projected(x, y, crs, rows[small])


def _are_degrees(x: float, y: float) -> bool:
    return abs(x) <= 180 and abs(y) <= 180


def _refuse_numbers(x: float, y: float, row: int, crs: SourceCrs | None, zh: str, en: str, code: str) -> None:
    sample = f"({x:.10g}, {y:.10g})"
    likely = likely_crs(x, y, crs) if np.isfinite(x) and np.isfinite(y) else None
    hint_zh, hint_en = ("请用 crs 指明坐标系，例如 EPSG:4549", "name the CRS, for example EPSG:4549")
    if likely is not None:
        hint_zh, hint_en = likely
    raise GeometryError(
        f"第 {row} 行：{zh}，得到 {sample}；{hint_zh}", f"row {row}: {en}, got {sample}; {hint_en}", code=code
    )
