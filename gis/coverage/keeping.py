"""Whether a step that moved vertices is worth keeping: it must not leave more wrong than there was."""

from __future__ import annotations

import shapely

from gis.arrays import Geometries
from gis.coverage.linework import Linework, edges_of, zones

__all__ = ["keeps_clean"]


def keeps_clean(before: Geometries, after: Geometries) -> bool:
    """Say whether a coverage that had no overlap and no unshared vertex has none still, and no more gaps.

    Parameters
    ----------
    before, after : ndarray of shapely polygons, shape (n,)
        In lattice steps.

    Returns
    -------
    bool
        True also where `before` was no such coverage.

    Examples
    --------
    >>> import numpy as np
    >>> pair = np.array([shapely.box(0, 0, 4, 4), shapely.box(4, 0, 8, 4)], dtype=object)
    >>> keeps_clean(pair, np.array([pair[0], shapely.box(3, 0, 8, 4)], dtype=object))
    False
    """
    if not shapely.coverage_is_valid(before):
        return True
    return bool(shapely.coverage_is_valid(after)) and _gaps(after) <= _gaps(before)


def _gaps(polygons: Geometries) -> int:
    return len(zones(Linework(edges_of(polygons))))
