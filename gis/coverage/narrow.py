"""How wide polygons are at their widest: what is narrower than a stride is a slip of the pen, not a grid."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

from gis.arrays import GeometryArrayLike
from gis.coverage.field import Field, widths_m
from gis.geometry import geometry_array, polygon_parts

__all__ = ["SLIVER_WIDTH_M", "widest_m"]

SLIVER_WIDTH_M = 1.0
"""A polygon that is narrower everywhere is a sliver."""
_DEGREE_M = 111_000.0


def widest_m(polygons: GeometryArrayLike, *, below: float = SLIVER_WIDTH_M) -> NDArray[np.float64]:
    """Measure the width of polygons where they are widest, if that is less than ``below``.

    Parameters
    ----------
    polygons : array_like of shapely polygons, shape (n,)
        EPSG:4326, valid.
    below : float, default 1
        Metres; what is clearly wider is not measured.

    Returns
    -------
    ndarray of float64, shape (n,)
        Metres, to 1 %; infinity for polygons that are wider than ``below``.

    Examples
    --------
    >>> thin, wide = shapely.box(120, 36, 120.000005, 36.01), shapely.box(120, 36, 120.01, 36.01)
    >>> widest_m([thin, wide]).round(2).tolist()
    [0.45, inf]
    """
    flat = geometry_array(polygons)
    found = np.full(len(flat), np.inf)
    # Area over half the outline is at most the width; the metres of a degree are rough, hence the room.
    middle = shapely.bounds(flat)[:, [1, 3]].mean(axis=1)
    for at in np.flatnonzero(_may_be_thin(flat, middle, 1.2 * below)).tolist():
        parts, _ = polygon_parts(Field(("",), flat[at : at + 1]).metres)
        width = float(widths_m(parts).max())
        if width < below:
            found[at] = width
    return found


def _may_be_thin(flat: NDArray[np.object_], latitude: NDArray[np.float64], below: float) -> NDArray[np.bool_]:
    scale = np.column_stack(
        [_DEGREE_M * np.maximum(np.cos(np.radians(latitude)), 1e-9), np.full(len(flat), _DEGREE_M)]
    )
    parts, of = polygon_parts(flat)
    corners, part_of = shapely.get_coordinates(parts, return_index=True)
    metres = np.asarray(shapely.set_coordinates(parts.copy(), corners * scale[of][part_of]), dtype=object)
    thin = 2 * shapely.area(metres) < below * shapely.length(metres)
    return np.asarray(np.bincount(of[thin], minlength=len(flat)) == np.bincount(of, minlength=len(flat)))
