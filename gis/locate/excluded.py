"""Why nobody owns a place: land that was declared to be nobody's, with the reasons.

It is looked at only where no grid owns the place, so it costs the answer for all other places nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from gis.arrays import GeometryArrayLike
from gis.geometry import geometry_array, lattice_geometries, to_lattice

__all__ = ["ExcludedAreas"]

_MERIDIAN = 1_800_000_000


class ExcludedAreas:
    """Declared land of an edition, ready to be asked.

    Parameters
    ----------
    polygons : array_like of shapely polygons, shape (n,)
        EPSG:4326, on the lattice.
    reasons : sequence of str, length n
    codes : sequence of str, length n

    Examples
    --------
    >>> areas = ExcludedAreas([shapely.box(120, 36, 120.01, 36.01)], ["barracks"], ["excluded:1"])
    >>> areas.reason_at(120.005, 36.005), areas.reason_at(120.1, 36)
    ('barracks', None)
    """

    def __init__(
        self, polygons: GeometryArrayLike = (), reasons: Sequence[str] = (), codes: Sequence[str] = ()
    ) -> None:
        self.polygons = geometry_array(list(polygons))
        self.reasons = tuple(reasons)
        self.codes = tuple(codes)
        self._tree = shapely.STRtree(lattice_geometries(self.polygons)) if len(self.polygons) else None

    def __len__(self) -> int:
        return len(self.polygons)

    def locate(self, lon: ArrayLike, lat: ArrayLike) -> NDArray[np.int64]:
        """Number the piece that each place lies in or on the border of (the first of several); -1 for none.

        A place that a grid touches is the grid's: ask the grids first.
        """
        x, y = (
            np.atleast_1d(np.asarray(lon, dtype=np.float64)),
            np.atleast_1d(np.asarray(lat, dtype=np.float64)),
        )
        found = np.full(len(x), len(self), dtype=np.int64)
        usable = np.flatnonzero(np.isfinite(x) & np.isfinite(y) & (np.abs(x) <= 180) & (np.abs(y) <= 90))
        if self._tree is not None and len(usable):
            steps = np.column_stack([to_lattice(x[usable]), to_lattice(y[usable])])
            # On the 180th meridian a place has two names.
            at_meridian = np.abs(steps[:, 0]) == _MERIDIAN
            usable = np.concatenate([usable, usable[at_meridian]])
            steps = np.concatenate([steps, steps[at_meridian] * (-1, 1)])
            place, piece = self._tree.query(shapely.points(steps), predicate="intersects")
            np.minimum.at(found, usable[place], piece)
        found[found == len(self)] = -1
        return found

    def reason_at(self, lon: float, lat: float) -> str | None:
        """Why nobody owns a place; None when nobody said."""
        at = int(self.locate([lon], [lat])[0]) if self._tree is not None else -1
        return self.reasons[at] if at >= 0 else None
