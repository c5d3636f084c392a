"""Narrow strips between polygons that are open to the outside, so that no face shows them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS
from shapely import Polygon
from shapely.geometry.base import BaseGeometry

from gis.arrays import Geometries
from gis.coverage.detectors.gaps import hulls_of
from gis.coverage.field import DUST_M, Field, degrees_of, place_in, project, widths_m
from gis.coverage.topology import Faces
from gis.crs import to_wgs84
from gis.defects import Defect, names
from gis.geometry import polygon_parts
from gis.measures import straight_area_m2
from gis.text import Text

__all__ = ["Strip", "facing_sides", "inlets", "open_strips"]

_HAIR_M = 0.001
_FACING = -0.5
"""Cosine of the angle between the two sides of a strip as the outline runs along them, at most."""
_FLARED = 1.5
"""A strip whose mouth is wider than this many times its mean width opens towards the outside: a creek."""


@dataclass(frozen=True)
class Strip:
    """A narrow gap open to the outside: its shape in metres, and the polygons along it, longest border first.

    `closed` is the ground around it with all narrow strips closed.
    """

    shape: BaseGeometry
    sides: list[int]
    closed: BaseGeometry


def open_strips(ground: Field, *, width_m: float) -> list[Strip]:
    """Find narrow strips between two polygons that are open to the outside, so that no hole shows them.

    The outline is closed by `width_m` (grown and shrunk again); a long thin piece of what that adds which runs
    along two different polygons is a gap between them. Creeks inside one polygon are not meant, nor those between
    two that widen towards the outside: that is open water.
    """
    outline = _outline_beside_strips(ground, width_m)
    if outline is None:
        return []
    half = width_m / 2
    closed = _valid(
        shapely.buffer(_valid(shapely.buffer(outline, half, join_style="mitre")), -half, join_style="mitre")
    )
    # Growing and shrinking leaves hairs of no width along straight borders, which would join far neighbours.
    thinned = shapely.buffer(shapely.difference(closed, outline), -_HAIR_M, join_style="mitre")
    added = _apart(polygon_parts([shapely.buffer(thinned, _HAIR_M, join_style="mitre")])[0])
    length = shapely.length(added) / 2
    mean_width = np.divide(shapely.area(added), length, out=np.zeros(len(added)), where=length > 0)
    long = (length > 4 * mean_width) & (length > width_m)
    rim = shapely.buffer(shapely.boundary(outline), DUST_M)
    tree = shapely.STRtree(ground.metres)
    found = []
    for strip, width in zip(added[long], mean_width[long].tolist(), strict=True):
        if _is_creek(strip, width, rim):
            continue
        near = tree.query(strip, predicate="dwithin", distance=DUST_M)
        # How far the strip runs along each neighbour; a corner of a third grid at its end does not count.
        border = shapely.buffer(shapely.boundary(ground.metres[near]), DUST_M)
        along = shapely.length(shapely.intersection(strip.exterior, border))
        beside = along > 0.3 * shapely.length(strip) / 2
        if beside.sum() >= 2:
            order = np.lexsort((near[beside], -along[beside]))
            found.append(Strip(strip, near[beside][order].tolist(), closed))
    return found


def _apart(pieces: Geometries) -> Geometries:
    """Part pieces that hang together by what rounding leaves along a rim."""
    if len(pieces) == 0:
        return pieces
    reach = np.minimum(DUST_M, widths_m(pieces) / 20)
    cores, of = polygon_parts(shapely.buffer(pieces, -reach, join_style="mitre"))
    return polygon_parts(shapely.buffer(cores, reach[of], join_style="mitre"))[0]


def _valid(shape: BaseGeometry) -> BaseGeometry:
    return shape if shapely.is_valid(shape) else shapely.make_valid(shape, method="structure")


def _is_creek(strip: Polygon, mean_width: float, rim: BaseGeometry) -> bool:
    """Tell whether a strip has one mouth, and that is its widest place."""
    mouths = [
        mouth
        for mouth in shapely.get_parts(shapely.line_merge(shapely.difference(strip.exterior, rim)))
        if mouth.length > DUST_M
    ]
    return len(mouths) == 1 and mouths[0].length > _FLARED * mean_width


def facing_sides(faces: Faces, metric: CRS, *, width_m: float) -> tuple[Geometries, NDArray[np.int64]]:
    """Find where the outlines of two polygons face each other across open ground no wider than a width.

    Returns
    -------
    lines : ndarray of object
        `faces.rim` in metres.
    facing : ndarray of int64
        Those of them that face the outline of another polygon.
    """
    lines = project(degrees_of(np.asarray(shapely.linestrings(faces.rim), dtype=object)), metric)
    if len(lines) == 0:
        return lines, np.empty(0, dtype=np.int64)
    ends = shapely.get_coordinates(lines).reshape(-1, 2, 2)
    one, other = shapely.STRtree(lines).query(lines, predicate="dwithin", distance=width_m)
    keep = (one < other) & (faces.rim_owner[one] != faces.rim_owner[other])
    one, other = one[keep], other[keep]
    course = ends[:, 1] - ends[:, 0]
    course /= np.maximum(np.hypot(course[:, 0], course[:, 1]), 1e-12)[:, None]
    facing = (course[one] * course[other]).sum(axis=1) < _FACING
    return lines, np.unique(np.concatenate([one[facing], other[facing]]))


def _outline_beside_strips(ground: Field, width_m: float) -> BaseGeometry | None:
    """Cut out of the outline in metres what lies around places where two polygons face each other, None if none do.

    Most coverages have no such place, and growing a coast of a million vertices takes longer than all else.
    """
    lines, near = facing_sides(ground.faces, ground.metric, width_m=width_m)
    if near.size == 0:
        return None
    margin = 3 * width_m
    boxes = shapely.bounds(lines[near]) + np.array([-margin, -margin, margin, margin])
    region = shapely.union_all(shapely.box(*boxes.T))
    whole = shapely.union_all(_valid_all(project(degrees_of(ground.faces.outlines), ground.metric)))
    return _valid(shapely.intersection(whole, region))


def _valid_all(shapes: Geometries) -> Geometries:
    return np.array([_valid(shape) for shape in shapes], dtype=object)


def inlets(ground: Field, *, inlet_width_m: float, unknown: Sequence[BaseGeometry] = ()) -> list[Defect]:
    """Report the strips of `open_strips` as gaps, except where shapes lie that cannot be used."""
    strips = open_strips(ground, width_m=inlet_width_m)
    if not strips:
        return []
    shapes = np.array([strip.shape for strip in strips], dtype=object)
    degrees = np.asarray(
        shapely.transform(shapes, lambda xy: np.column_stack(to_wgs84(xy[:, 0], xy[:, 1], ground.metric))),
        dtype=object,
    )
    found = []
    measures = zip(
        strips, degrees, widths_m(shapes).tolist(), straight_area_m2(degrees).tolist(), strict=True
    )
    hulls = hulls_of(unknown)
    for strip, shape, width, area in measures:
        if len(hulls) and shapely.intersects(hulls, shape).any():
            continue
        codes = ground.codes_at(strip.sides)
        found.append(
            Defect(
                "gap",
                "error",
                codes,
                place_in(shape),
                width_m=width,
                area_m2=area,
                detail=Text(
                    f"网格 {names(codes)} 之间有通向外部的狭缝 {area:.2f} 平方米，最宽 {width:.2f} 米",
                    f"gap open to the outside, {area:.2f} m2, up to {width:.2f} m wide, between {names(codes)}",
                ),
                rows=ground.rows_at(strip.sides),
            )
        )
    return found
