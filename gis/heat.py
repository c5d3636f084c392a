"""Where points gather: counts of points in hexagons of about the same size on screen (the one user of h3).

h3 speaks latitude, longitude; nothing outside this file has to.
"""

from __future__ import annotations

from itertools import repeat
from typing import NamedTuple

import h3.api.numpy_int as h3
import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["MAX_RESOLUTION", "Clusters", "cluster", "hexagon", "resolution_for_zoom"]

MAX_RESOLUTION = 12
"""Hexagons of about 19 m across: below that a point is a point."""

_PIECE = 8192
_METRES_PER_PIXEL_ZOOM_0 = 78_271.516_964  # at the equator, tiles of 512 px as MapLibre counts zooms
_WIDTH_M = tuple(h3.average_hexagon_edge_length(r, unit="m") * 3**0.5 for r in range(MAX_RESOLUTION + 1))


class Clusters(NamedTuple):
    """Counts of points in hexagons, in ascending order of the cell number.

    Attributes
    ----------
    cells : uint64[n]
        H3 cell numbers; :func:`hexagon` gives their rings.
    counts : int64[n]
        Points (or the sum of their weights) in each cell.
    lon, lat : float64[n]
        Mean place of the points of each cell, degrees, EPSG:4326: where they really are, not the middle
        of the cell, so that a cluster at the coast does not stand in the sea.
    """

    cells: NDArray[np.uint64]
    counts: NDArray[np.int64]
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]


def resolution_for_zoom(zoom: float, *, latitude: float = 36.0, pixels: float = 96.0) -> int:
    """The H3 resolution whose hexagons are nearest to ``pixels`` wide on screen.

    Parameters
    ----------
    zoom : float
        Map zoom as MapLibre counts it (512 px tiles). Leaflet's numbers are one higher for the same map.
    latitude : float
        Degrees; Web Mercator stretches by its secant.
    pixels : float
        Wished width of a hexagon, CSS pixels.

    Returns
    -------
    int
        0 to :data:`MAX_RESOLUTION`.

    Examples
    --------
    >>> [resolution_for_zoom(z) for z in (4, 8, 10, 12, 14, 16)]
    [2, 5, 6, 8, 9, 10]
    """
    wished = pixels * _METRES_PER_PIXEL_ZOOM_0 * np.cos(np.radians(latitude)) / 2.0**zoom
    # Sizes fall by a factor of sqrt(7) a step, so nearness is judged on the logarithm.
    return int(np.argmin(np.abs(np.log(np.array(_WIDTH_M) / wished))))


def cluster(
    lon: ArrayLike,
    lat: ArrayLike,
    *,
    zoom: float | None = None,
    resolution: int | None = None,
    weights: ArrayLike | None = None,
    most: int | None = None,
) -> Clusters:
    """Count points in hexagons.

    Parameters
    ----------
    lon, lat : array_like of float, shape (n,)
        Places, degrees, EPSG:4326. Places that are NaN, infinite or out of range are left out.
    zoom : float, optional
        Map zoom to choose the size of the hexagons for; or
    resolution : int, optional
        the H3 resolution itself. Exactly one of the two.
    weights : array_like of int, shape (n,), optional
        How many points each place stands for; one each by default.
    most : int, optional
        Wider hexagons where there would be more of them than this.

    Returns
    -------
    Clusters
        In ascending order of the cell number, so the same points in any order give the same answer.

    Raises
    ------
    ValueError
        Neither or both of ``zoom`` and ``resolution``; arrays of different lengths.

    Examples
    --------
    >>> found = cluster([120.05, 120.0500001, 120.4], [35.88, 35.88, 35.9], resolution=9)
    >>> len(found.cells), sorted(found.counts.tolist())
    (2, [1, 2])
    """
    x = np.asarray(lon, dtype=np.float64).ravel()
    y = np.asarray(lat, dtype=np.float64).ravel()
    w = np.ones(x.size, dtype=np.int64) if weights is None else np.asarray(weights, dtype=np.int64).ravel()
    if not x.size == y.size == w.size:
        raise ValueError(
            f"lon, lat and weights must have one length; they have {x.size}, {y.size} and {w.size}"
        )
    usable = np.isfinite(x) & np.isfinite(y) & (np.abs(x) <= 180.0) & (np.abs(y) <= 90.0)
    x, y, w = x[usable], y[usable], w[usable]
    if zoom is not None and resolution is None:
        middle = float(np.average(y, weights=w)) if w.sum() > 0 else 0.0
        resolution = resolution_for_zoom(zoom, latitude=middle)
    elif resolution is None or zoom is not None:
        raise ValueError("give exactly one of zoom and resolution")
    found = _count(x, y, w, resolution)
    while most is not None and len(found.cells) > most and resolution > 0:
        resolution -= 1
        # Of those just counted, as a mean of weighted means is the mean of all.
        found = _count(found.lon, found.lat, found.counts, resolution)
    return found


def _count(x: NDArray[np.float64], y: NDArray[np.float64], w: NDArray[np.int64], resolution: int) -> Clusters:
    cells = np.empty(x.size, dtype=np.uint64)
    # In pieces: within one, no other thread of the interpreter has a turn.
    for begin in range(0, x.size, _PIECE):
        lats, lons = y[begin : begin + _PIECE].tolist(), x[begin : begin + _PIECE].tolist()
        cells[begin : begin + _PIECE] = np.fromiter(
            map(h3.latlng_to_cell, lats, lons, repeat(resolution)), dtype=np.uint64, count=len(lats)
        )
    unique, inverse = np.unique(cells, return_inverse=True)
    count = np.bincount(inverse, weights=w, minlength=unique.size)
    divisor = np.maximum(count, 1.0)
    lon = np.bincount(inverse, weights=x * w, minlength=unique.size) / divisor
    if x.size and x.min() < -90.0 and x.max() > 90.0:
        # The mean of places on both sides of the 180th meridian lies at the meridian, not in Greenwich.
        shifted = np.bincount(inverse, weights=(x % 360.0) * w, minlength=unique.size) / divisor
        east, west = np.zeros(unique.size, dtype=bool), np.zeros(unique.size, dtype=bool)
        east[inverse[x > 90.0]] = west[inverse[x < -90.0]] = True
        lon = np.where(east & west, np.where(shifted > 180.0, shifted - 360.0, shifted), lon)
    return Clusters(
        cells=unique,
        counts=np.rint(count).astype(np.int64),
        # Rounded to the lattice: sums in another order differ in the last bit, the answer must not.
        lon=np.round(lon, 7),
        lat=np.round(np.bincount(inverse, weights=y * w, minlength=unique.size) / divisor, 7),
    )


def hexagon(cell: int) -> list[tuple[float, float]]:
    """The closed ring of one cell as longitude, latitude pairs in degrees, anticlockwise.

    Examples
    --------
    >>> ring = hexagon(int(cluster([120.05], [35.88], resolution=8).cells[0]))
    >>> len(ring), ring[0] == ring[-1]
    (7, True)
    """
    ring = [(lon, lat) for lat, lon in h3.cell_to_boundary(cell)]
    return [*ring, ring[0]]
