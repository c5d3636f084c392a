"""Upper levels out of the grids: communities, streets and the district are unions, never drawings."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from gis.antimeridian import across_meridian
from gis.arrays import GeometryArrayLike
from gis.coverage.snapping import snap_coverage
from gis.errors import GeometryError
from gis.geometry import SCALE, geometry_array, lattice_geometries

__all__ = ["dissolve"]


@across_meridian("polygons")
def dissolve(polygons: GeometryArrayLike, keys: Sequence[str]) -> tuple[list[str], NDArray[np.object_]]:
    """Join the polygons that have the same key.

    Parameters
    ----------
    polygons : array_like of shapely polygons, shape (n,)
        EPSG:4326, valid. Rounded to the lattice first; None and empties add nothing.
    keys : sequence of str, length n

    Returns
    -------
    keys : list of str
        Each key once, in plain string order.
    polygons : ndarray of object
        One Polygon or MultiPolygon for each, on the lattice, with every vertex of the parts along its border, so
        that the result is a coverage again and nests exactly in the next level. None where a key has no area.

    Raises
    ------
    gis.errors.GeometryError
        `polygons` and `keys` differ in length.
    gis.errors.InvalidGeometry
        A polygon is not valid.

    Notes
    -----
    Parts of one key that overlap are joined by a noding union on the lattice; a clean coverage needs none.

    Examples
    --------
    >>> keys, areas = dissolve([shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1)], ["a", "a"])
    >>> keys, areas[0].normalize().wkt
    (['a'], 'POLYGON ((0 0, 0 1, 1 1, 2 1, 2 0, 1 0, 0 0))')
    """
    flat = geometry_array(polygons)
    if len(flat) != len(keys):
        raise GeometryError(
            f"图形数 {len(flat)} 与编码数 {len(keys)} 不同",
            f"{len(flat)} polygons but {len(keys)} keys",
            code="length-mismatch",
        )
    snapped = snap_coverage(flat, hairlines="rounding")
    steps = lattice_geometries(snapped.polygons)
    order = sorted(set(keys))
    members: dict[str, list[int]] = {key: [] for key in order}
    for at, key in enumerate(keys):
        if steps[at] is not None and not shapely.is_empty(steps[at]):
            members[key].append(at)
    joined = np.empty(len(order), dtype=object)
    for at, key in enumerate(order):
        joined[at] = _joined(steps[members[key]], clean=snapped.clean)
    return order, np.asarray(
        shapely.transform(shapely.normalize(joined), lambda xy: np.rint(xy) / SCALE + 0.0), dtype=object
    )


def _joined(steps: NDArray[np.object_], *, clean: bool) -> BaseGeometry | None:
    if len(steps) == 0:
        return None
    if len(steps) == 1:
        alone: BaseGeometry = steps[0]
        return alone
    if clean or shapely.coverage_is_valid(steps):
        return shapely.coverage_union_all(steps)
    return shapely.union_all(steps, grid_size=1.0)
