"""The two offset systems of Chinese web maps, by their published approximation.

GCJ-02 moves WGS84 places inside China by up to 700 m, differently everywhere; BD-09 moves GCJ-02 once more. Neither
has an exact inverse, so going back is done by steps that stop far below a millimetre. Only `gis.crs` uses this.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gis.arrays import Floats

__all__ = ["OFFSETS", "Offset", "bd09_of", "gcj02_of", "inside_china", "shifted", "unshifted"]

Offset = Callable[[Floats, Floats], tuple[Floats, Floats]]
"""Turns WGS84 degrees into offset degrees, without asking whether the place is inside China."""

# The published approximation (Krasovsky ellipsoid constants); coordinates in degrees.
_A = 6378245.0
_E2 = 0.00669342162296594323
_BD_ANGLE = np.pi * 3000.0 / 180.0
# What is left shrinks at least forty-fold (BD-09) at each step: six leave less than 1e-12 degree of 0.013.
_STEPS = 6
# So many places at once that what is worked on stays in the processor's cache.
_AT_ONCE = 1 << 13


def inside_china(lon: ArrayLike, lat: ArrayLike) -> NDArray[np.bool_]:
    """Say where the official offset applies: the usual published rectangle around China.

    Examples
    --------
    >>> inside_china([120.05, -87.7], [35.88, 41.9]).tolist()
    [True, False]
    """
    x, y = np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)
    return np.asarray((x >= 72.004) & (x <= 137.8347) & (y >= 0.8293) & (y <= 55.8271))


def _offset(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """Give GCJ-02 minus WGS84 in degrees at a WGS84 place."""
    x, y = lon - 105.0, lat - 35.0
    root = np.sqrt(np.abs(x))
    common = (20.0 * np.sin(6.0 * np.pi * x) + 20.0 * np.sin(2.0 * np.pi * x)) * 2.0 / 3.0
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + common
    north += (20.0 * np.sin(np.pi * y) + 40.0 * np.sin(np.pi * y / 3.0)) * 2.0 / 3.0
    north += (160.0 * np.sin(np.pi * y / 12.0) + 320.0 * np.sin(np.pi * y / 30.0)) * 2.0 / 3.0
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + common
    east += (20.0 * np.sin(np.pi * x) + 40.0 * np.sin(np.pi * x / 3.0)) * 2.0 / 3.0
    east += (150.0 * np.sin(np.pi * x / 12.0) + 300.0 * np.sin(np.pi * x / 30.0)) * 2.0 / 3.0
    phi = np.radians(lat)
    w = 1.0 - _E2 * np.sin(phi) ** 2
    metres_north = _A * (1.0 - _E2) / (w * np.sqrt(w))
    metres_east = _A / np.sqrt(w) * np.cos(phi)
    return np.degrees(east / metres_east), np.degrees(north / metres_north)


def gcj02_of(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """Move WGS84 places to GCJ-02."""
    dx, dy = _offset(lon, lat)
    return lon + dx, lat + dy


def _bd09_of_gcj02(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    radius = np.hypot(lon, lat) + 0.00002 * np.sin(lat * _BD_ANGLE)
    angle = np.arctan2(lat, lon) + 0.000003 * np.cos(lon * _BD_ANGLE)
    return radius * np.cos(angle) + 0.0065, radius * np.sin(angle) + 0.006


def bd09_of(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """Move WGS84 places to BD-09."""
    return _bd09_of_gcj02(*gcj02_of(lon, lat))


OFFSETS: dict[str, Offset] = {"gcj02": gcj02_of, "bd09": bd09_of}


def shifted(lon: Floats, lat: Floats, forward: Offset) -> tuple[Floats, Floats]:
    """Apply `forward` inside China, nothing elsewhere."""
    inside = inside_china(lon, lat)
    x, y = lon.copy(), lat.copy()
    x[inside], y[inside] = forward(lon[inside], lat[inside])
    return x, y


def unshifted(lon: Floats, lat: Floats, forward: Offset) -> tuple[Floats, Floats]:
    """Invert `forward` by fixed-point steps, to far below 1e-11 degree.

    As many for every place, so that the answer for one does not depend on which others are asked with it.
    """
    x, y = lon.copy(), lat.copy()
    inside = np.flatnonzero(inside_china(lon, lat))
    for begin in range(0, inside.size, _AT_ONCE):
        part = inside[begin : begin + _AT_ONCE]
        goal_x, goal_y = lon[part], lat[part]
        guess_x, guess_y = goal_x, goal_y
        for _ in range(_STEPS):
            at_x, at_y = forward(guess_x, guess_y)
            guess_x, guess_y = guess_x + (goal_x - at_x), guess_y + (goal_y - at_y)
        x[part], y[part] = guess_x, guess_y
    return x, y
