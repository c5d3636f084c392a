"""Points in whatever form they come, as two flat arrays of degrees."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from gis.crs import parse_crs, to_wgs84
from gis.errors import CrsMissing, GeometryError, InvalidGeometry

__all__ = ["broadcast_degrees"]

Degrees = NDArray[np.float64]


def broadcast_degrees(lon: ArrayLike, lat: ArrayLike | None) -> tuple[Degrees, Degrees, tuple[int, ...]]:
    """Give longitudes and latitudes as contiguous float64, flat, and the shape that the answer has.

    Parameters
    ----------
    lon, lat : array_like
        Numbers; or points (a GeoSeries, or an array of shapely points in WGS84) and None.

    Raises
    ------
    gis.errors.CrsMissing
        A GeoSeries without CRS.
    gis.errors.InvalidGeometry
        Shapes that are not points.
    gis.errors.GeometryError
        Something that is not a number.

    Examples
    --------
    >>> x, y, shape = broadcast_degrees([[1, 2]], 3.0)
    >>> x.tolist(), y.tolist(), shape
    ([1.0, 2.0], [3.0, 3.0], (1, 2))
    """
    if lat is None:
        lon, lat = _of_points(lon)
    try:
        a, b = np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)
        x, y = np.broadcast_arrays(a, b)
    except (TypeError, ValueError) as error:
        raise GeometryError(
            f"经度和纬度应为可对齐的数字：{error}",
            f"longitude and latitude must be numbers that broadcast: {error}",
            code="not-numbers",
        ) from error
    return _flat(x), _flat(y), x.shape


def _flat(values: Degrees) -> Degrees:
    """Contiguous, one-dimensional and read-only: what is zero-copy from Arrow is, and numba compiles for each kind."""
    flat = np.ascontiguousarray(values).reshape(-1).view()
    flat.setflags(write=False)
    return flat


def _of_points(given: object) -> tuple[Degrees, Degrees]:
    points = np.asarray(given, dtype=object)
    known = np.asarray(shapely.is_valid_input(points))
    shapes = points.copy()
    shapes[~known] = None
    # None is a point that is missing.
    wrong = np.flatnonzero((shapely.get_type_id(shapes) > 0) | ~known)
    if wrong.size:
        at = int(wrong[0])
        found = points.ravel()[at]
        what = getattr(found, "geom_type", type(found).__name__)
        raise InvalidGeometry(
            f"第 {at + 1} 个应为点，实际为 {what}（只给一个参数时应为点）",
            f"item {at + 1}: expected a point, got {what} (one argument alone must be points)",
            code="not-points",
        )
    x, y = shapely.get_x(points), shapely.get_y(points)
    if not hasattr(given, "crs"):
        return x, y
    if given.crs is None:
        raise CrsMissing("点没有坐标系", "the points have no CRS")
    crs = parse_crs(given.crs)
    good = np.isfinite(x) & np.isfinite(y)
    x[good], y[good] = to_wgs84(x[good], y[good], crs)
    return x, y
