"""Which polygons of a coverage touch one, and along how much border."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from gis.antimeridian import straddles, turn
from gis.arrays import Bools, Floats, GeometryArrayLike
from gis.geometry import SCALE, geometry_array, lattice_geometries
from gis.measures import geodesic_length_m

__all__ = ["Adjacency", "adjacency"]


@dataclass(frozen=True)
class Adjacency:
    """How each of several polygons meets another one; arrays of shape (n,).

    Parameters
    ----------
    touches : array of bool
        Whether they have any place in common.
    border_m : array of float
        Length of the common border along the ellipsoid, metres; 0 where they meet at single points, or not at all.
    """

    touches: Bools
    border_m: Floats


def adjacency(polygon: BaseGeometry, others: GeometryArrayLike) -> Adjacency:
    """Measure the border that one polygon of a coverage has in common with each of the others.

    Decided on whole numbers of the lattice, so grids whose border is the same to the last digit touch, and a gap of
    one step parts them. On both sides of the 180th meridian, too.

    Parameters
    ----------
    polygon : polygon or multipolygon
        EPSG:4326, on the lattice.
    others : array_like of polygons or multipolygons, shape (n,)
        Of the same coverage; they do not overlap it.

    Examples
    --------
    >>> here = shapely.box(120, 36, 120.01, 36.01)
    >>> beside, corner = shapely.box(120.01, 36, 120.02, 36.005), shapely.box(120.01, 36.01, 120.02, 36.02)
    >>> found = adjacency(here, [beside, corner, shapely.box(121, 36, 122, 37)])
    >>> found.touches.tolist(), found.border_m.round(1).tolist()
    ([True, True, False], [554.8, 0.0, 0.0])
    """
    shapes = np.array([polygon, *geometry_array(others)], dtype=object)
    # Lengths are the same wherever the meridian of Greenwich is.
    steps = lattice_geometries(turn(shapes) if straddles(shapes) else shapes)
    touches = np.asarray(shapely.intersects(steps[0], steps[1:]))
    border_m = np.zeros(len(touches))
    rows = np.flatnonzero(touches)
    common = shapely.intersection(shapely.boundary(steps[0]), shapely.boundary(steps[1:][rows]))
    parts, owner = shapely.get_parts(common, return_index=True)
    lines = shapely.get_dimensions(parts) == 1
    measured = geodesic_length_m(shapely.transform(parts[lines], lambda xy: xy / SCALE))
    np.add.at(border_m, rows[owner[lines]], measured)
    return Adjacency(touches, border_m)
