"""Lengths and areas on the ellipsoid (WGS84), never in degrees."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from pyproj import Geod

from gis.arrays import Floats, GeometryArrayLike
from gis.geometry import geometry_array

__all__ = ["geodesic_area_m2", "geodesic_distance_m", "geodesic_length_m", "straight_area_m2"]

_GEOD = Geod(ellps="WGS84")


def geodesic_distance_m(lon1: ArrayLike, lat1: ArrayLike, lon2: ArrayLike, lat2: ArrayLike) -> Floats:
    """Distance between places along the ellipsoid.

    Parameters
    ----------
    lon1, lat1, lon2, lat2 : array_like
        Degrees, EPSG:4326; broadcast together.

    Returns
    -------
    ndarray of float64
        Metres; NaN where an input is NaN.

    Examples
    --------
    >>> float(geodesic_distance_m(120.0, 36.0, 120.0, 36.001).round(3))
    110.959
    """
    a, b, c, d = np.broadcast_arrays(*(np.asarray(v, dtype=np.float64) for v in (lon1, lat1, lon2, lat2)))
    shape = a.shape
    _, _, metres = _GEOD.inv(np.ravel(a), np.ravel(b), np.ravel(c), np.ravel(d))
    return np.asarray(metres, dtype=np.float64).reshape(shape)


def geodesic_length_m(geoms: GeometryArrayLike) -> Floats:
    """Length of lines along the ellipsoid.

    Parameters
    ----------
    geoms : array_like of shapely geometries, shape (n,)
        EPSG:4326.

    Returns
    -------
    ndarray of float64, shape (n,)
        Metres. Points, None and empties have 0; an area has the length of its rings; parts add up.

    Examples
    --------
    >>> line = shapely.LineString([(120.0, 36.0), (120.0, 36.001), (120.0, 36.002)])
    >>> geodesic_length_m([line, None, shapely.Point(1, 2)]).round(3).tolist()
    [221.918, 0.0, 0.0]
    """
    flat = geometry_array(geoms)
    lines, owner = _pieces(flat)
    points, line = shapely.get_coordinates(lines, return_index=True)
    same = line[1:] == line[:-1]
    start, end = points[:-1][same], points[1:][same]
    metres = geodesic_distance_m(start[:, 0], start[:, 1], end[:, 0], end[:, 1])
    return np.bincount(owner[line[1:][same]], weights=metres, minlength=len(flat)).astype(np.float64)


def _pieces(flat: NDArray[np.object_]) -> tuple[NDArray[np.object_], NDArray[np.int64]]:
    """Break shapes into lines and rings, with the shape each came from."""
    parts, owner = shapely.get_parts(flat, return_index=True)
    while (shapely.get_type_id(parts) > 3).any():
        parts, inner = shapely.get_parts(parts, return_index=True)
        owner = owner[inner]
    areas = shapely.get_type_id(parts) == 3
    rings, ring_of = shapely.get_rings(parts[areas], return_index=True)
    lines = shapely.get_dimensions(parts) == 1
    pieces = np.concatenate([parts[lines], rings]).astype(object)
    owners = np.concatenate([owner[lines], owner[areas][ring_of]]).astype(np.int64)
    return pieces, owners


def geodesic_area_m2(geoms: GeometryArrayLike) -> Floats:
    """Surface of areas on the ellipsoid.

    Parameters
    ----------
    geoms : array_like of shapely geometries, shape (n,)
        EPSG:4326; edges are geodesics. Ring direction does not matter.

    Returns
    -------
    ndarray of float64, shape (n,)
        Square metres: shells less holes. Points, lines, None and empties have 0.

    Examples
    --------
    >>> geodesic_area_m2([shapely.box(120.0, 36.0, 120.001, 36.001), None]).round(1).tolist()
    [10004.4, 0.0]
    """
    flat = geometry_array(geoms)
    rings, ring_owner, sign = _rings(flat)
    points = shapely.get_coordinates(rings)
    ends = np.cumsum(shapely.get_num_coordinates(rings))
    surface = np.zeros(len(rings))
    begin = 0
    for at, end in enumerate(ends):
        area, _ = _GEOD.polygon_area_perimeter(points[begin:end, 0], points[begin:end, 1])
        surface[at] = abs(area)
        begin = int(end)
    return np.bincount(ring_owner, weights=sign * surface, minlength=len(flat)).astype(np.float64)


def straight_area_m2(geoms: GeometryArrayLike) -> Floats:
    """Surface on the ellipsoid of areas whose edges are straight in longitude and latitude.

    A geodesic of some kilometres bulges by decimetres from the straight line: wider than a gap between two borders
    of which one has a vertex more.

    Parameters
    ----------
    geoms : array_like of shapely geometries, shape (n,)
        EPSG:4326, at most a few degrees across. Ring direction does not matter.

    Returns
    -------
    ndarray of float64, shape (n,)
        Square metres: shells less holes. Points, lines, None and empties have 0.

    Examples
    --------
    >>> straight_area_m2([shapely.box(120.0, 36.0, 120.001, 36.001), None]).round(1).tolist()
    [10004.4, 0.0]
    """
    flat = geometry_array(geoms)
    rings, ring_owner, sign = _rings(flat)
    points, ring = shapely.get_coordinates(rings, return_index=True)
    # Surface under an edge: longitude passed, times the surface below each latitude on the way (Simpson's rule).
    lon, lat = np.radians(points).T
    along = ring[1:] == ring[:-1]
    below = _below(lat)
    # Seen from the first vertex of the ring, or small areas would be differences of large numbers.
    first = below[np.searchsorted(ring, np.arange(len(rings)))][ring]
    middle = _below((lat[1:] + lat[:-1]) / 2) - first[1:]
    mean = ((below - first)[1:] + (below - first)[:-1] + 4 * middle) / 6
    surface = np.bincount(ring[1:][along], weights=(np.diff(lon) * mean)[along], minlength=len(rings))
    return np.bincount(ring_owner, weights=sign * np.abs(surface), minlength=len(flat)).astype(np.float64)


def _below(latitude: Floats) -> Floats:
    """Surface from the equator to a latitude, for one radian of longitude."""
    e2 = _GEOD.es
    e, sine = np.sqrt(e2), np.sin(latitude)
    return np.asarray(_GEOD.b**2 / 2 * (sine / (1 - e2 * sine**2) + np.arctanh(e * sine) / e))


def _rings(flat: NDArray[np.object_]) -> tuple[NDArray[np.object_], NDArray[np.int64], Floats]:
    """Take areas apart into rings, each with the shape it came from and 1 for a shell, -1 for a hole."""
    parts, owner = shapely.get_parts(flat, return_index=True)
    while (shapely.get_type_id(parts) > 3).any():
        parts, inner = shapely.get_parts(parts, return_index=True)
        owner = owner[inner]
    areas = (shapely.get_type_id(parts) == 3) & ~shapely.is_empty(parts)
    rings, ring_of = shapely.get_rings(parts[areas], return_index=True)
    # The first ring of each polygon is its shell, the rest are holes.
    shell = np.r_[True, ring_of[1:] != ring_of[:-1]][: len(rings)]
    return (
        np.asarray(rings, dtype=object),
        owner[areas][ring_of].astype(np.int64),
        np.where(shell, 1.0, -1.0),
    )
