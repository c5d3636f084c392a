"""Polygons under examination, in the three units that checks need: degrees, lattice steps, metres."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import shapely
from pyproj import CRS
from shapely.geometry.base import BaseGeometry

from gis.arrays import Floats, Geometries, GeometryArrayLike
from gis.coverage.topology import Edges, Faces, noded_faces, traced_faces, unshared_edges
from gis.crs import from_wgs84, working_crs
from gis.errors import GeometryError, Place
from gis.geometry import SCALE, lattice_geometries
from gis.measures import straight_area_m2

__all__ = [
    "DUST_M",
    "Field",
    "degrees_of",
    "measured",
    "place_in",
    "project",
    "refuse_wide_extent",
    "widths_m",
]

DUST_M = 0.01
"""Across this (one lattice step) nothing can be told from rounding."""
_FEW_VERTICES, _COMPACT = 100, 8.0
_WIDEST_DEG = 120.0
"""A country fits into one transverse Mercator; half the globe does not."""


@dataclass(frozen=True)
class Field:
    """Polygons under examination: the same shapes in degrees, in lattice steps and in metres.

    Parameters
    ----------
    codes : tuple of str, length n
    degrees : ndarray of shapely polygons, shape (n,)
        EPSG:4326, on the lattice, valid.
    rows : tuple of tuple of int, length n, optional
        Rows of the file that each comes from.
    """

    codes: tuple[str, ...]
    degrees: Geometries
    rows: tuple[tuple[int, ...], ...] = ()
    steps: Geometries = field(init=False, repr=False)
    metric: CRS = field(init=False, repr=False)

    def __post_init__(self) -> None:
        west, south, east, north = shapely.total_bounds(self.degrees)
        refuse_wide_extent(west, south, east)
        object.__setattr__(self, "steps", lattice_geometries(self.degrees))
        object.__setattr__(self, "metric", working_crs([west, east], [south, north]))

    @cached_property
    def metres(self) -> Geometries:
        """The polygons in the metric working CRS."""
        return project(self.degrees, self.metric)

    @cached_property
    def invalid_edges(self) -> Geometries:
        """The edges that lie in another polygon, or along its border without its vertices; lattice steps."""
        return np.asarray(shapely.coverage_invalid_edges(self.steps), dtype=object)

    @property
    def edge_matched(self) -> bool:
        """Whether the polygons neither overlap nor miss a shared vertex."""
        return bool(shapely.is_empty(self.invalid_edges).all())

    @cached_property
    def edges(self) -> Edges:
        """The edges that no neighbour has in the other direction."""
        return unshared_edges(self.steps)

    @cached_property
    def faces(self) -> Faces:
        """What the polygons enclose without owning it, and their outermost rings; lattice steps."""
        return traced_faces(self.edges) if self.edge_matched else noded_faces(self.edges, self.steps)

    def codes_at(self, positions: Sequence[int]) -> tuple[str, ...]:
        """Return the codes of some polygons, each once, sorted."""
        return tuple(sorted({self.codes[at] for at in positions}))

    def rows_at(self, positions: Sequence[int]) -> tuple[int, ...]:
        """Return the rows of some polygons, sorted; none where rows are not known."""
        return tuple(sorted({row for at in positions for row in self.rows[at]})) if self.rows else ()


def refuse_wide_extent(west: float, south: float, east: float) -> None:
    """Refuse polygons that no metric projection holds."""
    if east - west > _WIDEST_DEG:
        raise _too_wide((float(west), float(south)))


def _too_wide(place: Place) -> GeometryError:
    return GeometryError(
        "图形范围太大或离得太远，无法在一个米制投影内检查",
        "the polygons reach too far to be examined in one metric projection",
        code="too-wide",
        places=[place],
    )


def project(degrees: GeometryArrayLike, metric: CRS) -> Geometries:
    """Bring degrees into a metric CRS; refuses what does not fit into it."""

    def turn(xy: np.ndarray) -> np.ndarray:
        x, y = from_wgs84(xy[:, 0], xy[:, 1], metric)
        lost = np.isnan(x)
        if lost.any():
            at = int(np.flatnonzero(lost)[0])
            raise _too_wide((float(xy[at, 0]), float(xy[at, 1])))
        return np.column_stack([x, y])

    return np.asarray(shapely.transform(np.asarray(degrees, dtype=object), turn), dtype=object)


def degrees_of(steps: GeometryArrayLike) -> Geometries:
    """Turn lattice steps into degrees."""
    return np.asarray(shapely.transform(np.asarray(steps, dtype=object), lambda xy: xy / SCALE), dtype=object)


def widths_m(metres: GeometryArrayLike) -> Floats:
    """Diameter of the largest circle inside each polygon, in the unit of its CRS, to 1 %.

    Examples
    --------
    >>> widths_m([shapely.box(0, 0, 100, 2)]).round(1).tolist()
    [2.0]
    """
    shapes = np.asarray(metres, dtype=object)
    perimeter, area = shapely.length(shapes), shapely.area(shapes)
    # The radius is at least area over perimeter (a strip) and at most that of a disc.
    low = np.divide(area, perimeter, out=np.zeros(len(shapes)), where=perimeter > 0)
    high = np.sqrt(area / np.pi)
    dust = low <= DUST_M / 20
    plain = (shapely.get_num_coordinates(shapes) <= _FEW_VERTICES) & (high <= _COMPACT * low)
    few = ~dust & plain
    out = 2 * low
    # A search for the circle takes a hundred times longer than eroding on shapes metres wide and miles long.
    radii = shapely.maximum_inscribed_circle(shapes[few], tolerance=low[few] / 200)
    out[few] = 2 * shapely.length(radii)
    many = ~dust & ~few
    out[many] = 2 * _eroded_radii(shapes[many], low[many], np.maximum(high[many], low[many]))
    return np.asarray(out, dtype=np.float64)


def _eroded_radii(shapes: Geometries, low: Floats, high: Floats) -> Floats:
    """Halve the range of each radius by eroding; a buffer is good to 1 % of its distance."""
    low, high = low.copy(), high.copy()
    open_ones = np.arange(len(shapes))
    for _ in range(20):
        open_ones = open_ones[high[open_ones] > 1.005 * low[open_ones]]
        if open_ones.size == 0:
            break
        middle = np.sqrt(low[open_ones] * high[open_ones])
        gone = shapely.is_empty(shapely.buffer(shapes[open_ones], -middle, quad_segs=16))
        high[open_ones[gone]] = middle[gone]
        low[open_ones[~gone]] = middle[~gone]
    return np.asarray(np.sqrt(low * high), dtype=np.float64)


def measured(degrees: GeometryArrayLike, metric: CRS) -> tuple[Floats, Floats]:
    """Width at the widest (metres, to 1 %) and area on the ellipsoid (square metres) of polygons.

    Far from its meridian a conformal projection enlarges; the area on the ellipsoid tells by how much.
    """
    metres = project(degrees, metric)
    flat, area = shapely.area(metres), straight_area_m2(degrees)
    enlarged = np.sqrt(np.divide(flat, area, out=np.ones(len(area)), where=(area > 1.0) & (flat > 1.0)))
    return widths_m(metres) / enlarged, area


def place_in(shape: BaseGeometry) -> Place:
    """Give a place inside an area, in its own unit."""
    point = shapely.point_on_surface(shape)
    return (float(point.x), float(point.y))
