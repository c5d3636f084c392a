"""What somebody drew: checked, and rounded to the lattice."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import ArrayLike
from shapely import MultiPolygon
from shapely.geometry.base import BaseGeometry

from gis.crs import check_degrees
from gis.editing.refusals import refuse
from gis.errors import GeometryError, Place, SwappedCoordinates
from gis.geometry import from_lattice, to_lattice

__all__ = ["MAX_VERTICES", "check_places", "drawn", "place_on_lattice", "shown", "unwrapped"]

MAX_VERTICES = 20_000
"""Most vertices of a drawn line or area, or of one grid of a file; a grid of a real district has some 65."""


def shown(value: object) -> str:
    """Show a value in a sentence, shortened.

    Examples
    --------
    >>> shown("x" * 100)[-5:]
    'xx...'
    """
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def drawn(shape: BaseGeometry | None, *, what: str, kinds: tuple[str, ...]) -> BaseGeometry:
    """Check a drawn shape and give it in lattice steps: whole numbers, repeated vertices taken out.

    Raises
    ------
    OperationRefused
        ``bad-geometry``, ``too-many-vertices``, ``not-finite``, ``swapped-coordinates``, ``out-of-range`` or
        ``self-crossing``.
    """
    if not isinstance(shape, BaseGeometry) or shape.geom_type not in kinds or shape.is_empty:
        came = getattr(shape, "geom_type", shown(shape))
        refuse(
            "bad-geometry",
            f"{what} 应为非空的 {' 或 '.join(kinds)}，实际为 {came}",
            f"{what}: expected {' or '.join(kinds)}, not empty; got {came}",
        )
    count = int(shapely.get_num_coordinates(shape))
    points = shapely.get_coordinates(shape)
    if count > MAX_VERTICES:
        refuse(
            "too-many-vertices",
            f"{what} 有 {count} 个节点，最多 {MAX_VERTICES} 个",
            f"{what} has {count} vertices; at most {MAX_VERTICES} are taken",
            places=[p for p in points[:1].tolist() if np.isfinite(p).all()],
        )
    check_places(points, what=what)
    steps = shapely.transform(shapely.force_2d(shape), lambda xy: to_lattice(xy).astype(np.float64))
    try:
        steps = shapely.remove_repeated_points(steps, 0.0)
    except shapely.errors.GEOSException:
        # A ring with fewer than three different places.
        refuse(
            "bad-geometry",
            f"{what} 的环在 1e-7 度的格点上没有面积",
            f"{what}: a ring has no area on the lattice of 1e-7 degree",
            places=[_degrees(to_lattice(points[0]))],
        )
    if steps.geom_type == "LineString":
        _refuse_crossing(steps, what)
    elif not steps.is_valid:
        _refuse_bad_area(steps, what)
    return unwrapped(steps)


def unwrapped(shape: BaseGeometry) -> BaseGeometry:
    """A polygon for a multipolygon of one part, as files have them that know only one type a layer.

    Examples
    --------
    >>> unwrapped(shapely.MultiPolygon([shapely.box(0, 0, 1, 1)])).geom_type
    'Polygon'
    """
    return shape.geoms[0] if isinstance(shape, MultiPolygon) and len(shape.geoms) == 1 else shape


def check_places(points: ArrayLike, *, what: str) -> None:
    """Refuse places that are no longitude and latitude."""
    xy = np.asarray(points, dtype=np.float64).reshape(-1, 2)
    if not np.isfinite(xy).all():
        at = int(np.flatnonzero(~np.isfinite(xy).all(axis=1))[0])
        refuse(
            "not-finite",
            f"{what} 的第 {at + 1} 个坐标不是有限数字",
            f"{what}: position {at + 1} is not a finite number",
        )
    try:
        check_degrees(xy[:, 0], xy[:, 1])
    except SwappedCoordinates as error:
        refuse("swapped-coordinates", error.detail.zh, error.detail.en, places=error.places)
    except GeometryError as error:
        refuse("out-of-range", error.detail.zh, error.detail.en)


def place_on_lattice(place: Place, *, what: str) -> tuple[int, int]:
    """Check a place and give it in lattice steps."""
    check_places([place], what=what)
    x, y = to_lattice(place).tolist()
    return x, y


def _refuse_crossing(line: BaseGeometry, what: str) -> None:
    if line.length == 0:
        refuse("bad-geometry", f"{what} 只是一个点", f"{what} is a single point")
    if line.is_simple:
        return
    crossings = [_degrees(point) for point in _self_crossings(line)]
    refuse(
        "self-crossing",
        f"{what} 自相交 {len(crossings)} 处",
        f"{what} crosses itself at {len(crossings)} places",
        places=crossings,
    )


def _self_crossings(line: BaseGeometry) -> list[tuple[float, ...]]:
    ends = shapely.get_coordinates(line)
    parts = np.asarray(shapely.linestrings(np.stack([ends[:-1], ends[1:]], axis=1)), dtype=object)
    noded = shapely.get_parts(shapely.line_merge(shapely.node(line)))
    own = {tuple(p) for p in (ends[0], ends[-1])}
    met = [tuple(p) for part in noded for p in (part.coords[0], part.coords[-1]) if tuple(p) not in own]
    if met:
        return sorted(set(met))[:20]
    # It runs back along itself: name where.
    one, other = shapely.STRtree(parts).query(parts, predicate="overlaps")
    return sorted({tuple(parts[at].coords[0]) for at in one[one < other]})[:20] or [tuple(ends[0])]


def _refuse_bad_area(area: BaseGeometry, what: str) -> None:
    reason = str(shapely.is_valid_reason(area))
    place = reason[reason.find("[") + 1 : reason.find("]")].split()
    where = [_degrees((float(place[0]), float(place[1])))] if len(place) >= 2 else []
    said = f"{what} is not a valid area: {reason.split('[')[0]}"
    if "ntersection" in reason:
        refuse("self-crossing", f"{what} 的边界自相交", said, places=where)
    refuse("bad-geometry", f"{what} 的边界无效", said, places=where)


def _degrees(point: ArrayLike) -> Place:
    x, y = from_lattice(np.rint(point)).tolist()
    return (x, y)
