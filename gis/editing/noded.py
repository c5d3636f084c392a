"""Grids that only got, or lost, common nodes: their border has to match their neighbours', and their land is the same."""

from __future__ import annotations

import shapely
from shapely.geometry.base import BaseGeometry

from gis.editing.rings import vertex_set
from gis.geometry import lattice_geometries

__all__ = ["is_noded"]

_DUST = 1.0
"""Steps: land that vanishes when its border is drawn in by so much is the rounding of a vertex."""


def is_noded(before: BaseGeometry, after: BaseGeometry) -> bool:
    """Whether two polygons are the same ground, and one has all vertices of the other.

    Rounding a node to the lattice moves a border by less than a step of 1e-7 degree, which is no land that changed
    hands. Polygons with the same vertices are not noded but equal, or different.

    Parameters
    ----------
    before, after : polygon or multipolygon
        EPSG:4326, on the lattice.

    Examples
    --------
    >>> square = shapely.box(120, 36, 120.01, 36.01)
    >>> node = shapely.Polygon([(120, 36), (120.005, 36), *[(120.01, 36), (120.01, 36.01), (120, 36.01)]])
    >>> is_noded(square, node), is_noded(node, square), is_noded(square, square)
    (True, True, False)
    >>> bent = shapely.Polygon([(120, 36), (120.005, 36.001), *[(120.01, 36), (120.01, 36.01), (120, 36.01)]])
    >>> is_noded(square, bent)
    False
    """
    one, other = lattice_geometries([before, after])
    was, now = vertex_set([one]), vertex_set([other])
    if not (was < now or now < was):
        return False
    return bool(shapely.is_empty(shapely.buffer(shapely.symmetric_difference(one, other), -_DUST)))
