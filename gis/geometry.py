"""Shapes on the lattice: rounding, validity, and the integer view that exact predicates work on.

Stored coordinates are whole multiples of 1e-7 degree (about 1 cm). A value on the lattice is held as the double
``k / 1e7`` nearest to it, so equal lattice places are equal doubles. For decisions the same shapes are scaled to
the integers ``k`` themselves: every coordinate is then an exact double below 2**31, and GEOS decides
orientation of such triples exactly (double-double arithmetic holds the products of 32-bit differences).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from shapely.geometry.base import BaseGeometry

from gis.arrays import Geometries, GeometryArrayLike
from gis.errors import InvalidGeometry, Place
from gis.text import Text

__all__ = [
    "LATTICE",
    "SCALE",
    "Trouble",
    "from_lattice",
    "geometry_array",
    "lattice_geometries",
    "polygon_parts",
    "representative_place",
    "round_degrees",
    "snap",
    "to_lattice",
    "trouble_of",
    "valid_on_lattice",
]

LATTICE = 1e-7
"""Step of the lattice in degrees."""
SCALE = 1e7
"""Lattice steps in one degree; multiply by this rather than divide by LATTICE, which is not exact."""

_POLYGONAL = (3, 6)
_DIMENSION = {0: 0, 1: 1, 2: 1, 3: 2, 4: 0, 5: 1, 6: 2}


def geometry_array(geoms: GeometryArrayLike | BaseGeometry | None) -> Geometries:
    """Return a flat object array of shapely geometries from a list, array, GeoSeries or single geometry.

    Examples
    --------
    >>> geometry_array(shapely.Point(1, 2)).shape
    (1,)
    """
    if isinstance(geoms, BaseGeometry) or geoms is None:
        return np.array([geoms], dtype=object)
    return np.asarray(geoms, dtype=object).reshape(-1)


def to_lattice(values: ArrayLike) -> NDArray[np.int64]:
    """Round degrees to whole lattice steps (half to even, as `numpy.rint` and PostgreSQL's round of a double).

    Parameters
    ----------
    values : array_like
        Degrees; must be finite.

    Returns
    -------
    ndarray of int64, same shape

    Examples
    --------
    >>> to_lattice([120.05, 35.88000004]).tolist()
    [1200500000, 358800000]
    """
    return np.rint(np.asarray(values, dtype=np.float64) * SCALE).astype(np.int64)


def from_lattice(steps: ArrayLike) -> NDArray[np.float64]:
    """Turn lattice steps back into degrees: the double nearest to the decimal.

    Examples
    --------
    >>> from_lattice([1200500001]).tolist()
    [120.0500001]
    """
    return np.asarray(np.asarray(steps, dtype=np.float64) / SCALE)


def round_degrees(values: ArrayLike) -> NDArray[np.float64]:
    """Round degrees to the lattice, staying in degrees; NaN stays NaN.

    Examples
    --------
    >>> round_degrees([120.12345678, float("nan")]).tolist()
    [120.1234568, nan]
    """
    return np.asarray(np.rint(np.asarray(values, dtype=np.float64) * SCALE) / SCALE)


def _rounded(geoms: Geometries) -> Geometries:
    # Adding 0.0 turns -0.0 into 0.0, which would otherwise print and hash differently.
    return np.asarray(shapely.transform(geoms, lambda xy: np.rint(xy * SCALE) / SCALE + 0.0), dtype=object)


def lattice_geometries(geoms: GeometryArrayLike) -> Geometries:
    """Scale shapes to integer coordinates (lattice steps, held in doubles).

    Nothing is repaired: what is on the lattice comes out exact, what is not is rounded.

    Parameters
    ----------
    geoms : array_like of shapely geometries, shape (n,)
        EPSG:4326; None and empty pass through.

    Returns
    -------
    ndarray of object, shape (n,)

    Examples
    --------
    >>> lattice_geometries([shapely.Point(120.05, 35.88)])[0].coords[0]
    (1200500000.0, 358800000.0)
    """
    flat = shapely.force_2d(geometry_array(geoms))
    return np.asarray(shapely.transform(flat, lambda xy: np.rint(xy * SCALE) + 0.0), dtype=object)


def snap(geoms: GeometryArrayLike, *, on_collapse: Literal["refuse", "none"] = "refuse") -> Geometries:
    """Round shapes to the lattice and keep them valid.

    Each vertex goes to its nearest lattice place, so a vertex that neighbours share stays shared; repeated
    vertices and spikes of no width that rounding leaves are taken out. Only where the rounded ring crosses
    itself is it noded again, still on the lattice.

    Parameters
    ----------
    geoms : array_like of shapely geometries, shape (n,)
        EPSG:4326; any type. None and empty pass through.
    on_collapse : {"refuse", "none"}, default "refuse"
        What a shape becomes that is smaller than a lattice step: an error that names it, or None.

    Returns
    -------
    ndarray of object, shape (n,)
        2D, valid, of the same dimension as before.

    Raises
    ------
    gis.errors.InvalidGeometry
        A shape collapses, or was not valid to begin with.

    Examples
    --------
    >>> snap([shapely.Point(120.012345678, 35.0)])[0].wkt
    'POINT (120.0123457 35)'
    >>> tiny = shapely.box(120, 35, 120.00000001, 35.1)
    >>> snap([tiny], on_collapse="none").tolist()
    [None]
    """
    flat = np.asarray(shapely.force_2d(geometry_array(geoms)), dtype=object)
    out = _rounded(flat)
    present = ~(shapely.is_missing(flat) | shapely.is_empty(flat))
    wide = present & (shapely.get_dimensions(flat) > 0)
    # Rounding can only spoil shapes with extent; lines are always valid unless they shrink to a point.
    again = wide & ~shapely.is_valid(out)
    for at in np.flatnonzero(again):
        out[at] = _mended(flat[at], out[at], int(at))
    repeating = np.flatnonzero(wide & _repeats(out))
    # Two files with the same ground are equal only without them: where a ring begins is a matter of its vertices.
    out[repeating] = shapely.remove_repeated_points(out[repeating])
    short = wide & (shapely.get_dimensions(flat) == 1)
    tiny = short & (shapely.length(out) == 0)
    out[tiny] = None
    lost = present & (shapely.is_missing(out) | shapely.is_empty(out))
    if lost.any():
        if on_collapse == "refuse":
            first = int(np.flatnonzero(lost)[0])
            raise InvalidGeometry(
                f"第 {first + 1} 个图形小于坐标精度（1e-7 度），取整后消失",
                f"shape {first + 1} is smaller than the coordinate lattice (1e-7 degree) and vanishes on it",
                code="collapsed",
                places=[representative_place(flat[first])],
            )
        out[lost] = None
    return out


def _repeats(geoms: Geometries) -> NDArray[np.bool_]:
    """Tell which shapes have a vertex twice in a row."""
    xy, owner = shapely.get_coordinates(geoms, return_index=True)
    twice = (owner[1:] == owner[:-1]) & (xy[1:] == xy[:-1]).all(axis=1)
    found = np.zeros(len(geoms), dtype=bool)
    found[owner[1:][twice]] = True
    return found


def _mended(before: BaseGeometry, rounded: BaseGeometry, number: int) -> BaseGeometry | None:
    """Make a rounded shape valid again without leaving the lattice; None when nothing of it is left."""
    if shapely.get_dimensions(before) == 1 and shapely.length(before) == 0:
        return None
    if not shapely.is_valid(before):
        problem = trouble_of(before)
        raise InvalidGeometry(
            f"第 {number + 1} 个图形无效：{problem.reason.zh}",
            f"shape {number + 1} is not valid: {problem.reason.en}",
            places=[problem.place],
        )
    dimension = _DIMENSION.get(int(shapely.get_type_id(before)), -1)
    return valid_on_lattice(shapely.transform(rounded, lambda xy: np.rint(xy * SCALE)), dimension)


def valid_on_lattice(steps: BaseGeometry, dimension: int = 2) -> BaseGeometry | None:
    """Make a shape in lattice steps valid without leaving the lattice, and hand it over in degrees.

    Parameters
    ----------
    steps : shapely geometry
        Whole numbers.
    dimension : {1, 2}, default 2
        What is left of another dimension is dropped.

    Returns
    -------
    shapely geometry or None
        EPSG:4326; the same ground to within a step. None where nothing is left.

    Examples
    --------
    >>> spike = shapely.Polygon([(0, 0), (10, 0), (10, 10), (10, 20), (10, 10), (0, 10)])
    >>> valid_on_lattice(spike).normalize().wkt
    'POLYGON ((0 0, 0 1e-6, 1e-6 1e-6, 1e-6 0, 0 0))'
    """
    # 'structure' keeps rings as they are and drops what has no area: spikes, and rings shrunk to a line.
    fixed = (
        steps
        if shapely.is_valid(steps)
        else shapely.make_valid(steps, method="structure", keep_collapsed=False)
    )
    on_lattice = bool(np.array_equal(np.rint(shapely.get_coordinates(fixed)), shapely.get_coordinates(fixed)))
    if not on_lattice or not shapely.is_valid(fixed):
        # Rings crossed away from a vertex: node on the integer grid, which moves vertices by one step at most.
        fixed = shapely.set_precision(fixed, 1.0, mode="valid_output")
    kept = _only_dimension(fixed, dimension)
    if kept is None:
        return None
    return shapely.transform(kept, lambda xy: np.rint(xy) / SCALE + 0.0)


def _only_dimension(shape: BaseGeometry, dimension: int) -> BaseGeometry | None:
    parts = [part for part in shapely.get_parts(shape) if not shapely.is_empty(part)]
    keep = [part for part in parts if shapely.get_dimensions(part) == dimension]
    return one_or_many(keep, dimension) if keep else None


def one_or_many(parts: GeometryArrayLike, dimension: int = 2) -> BaseGeometry:
    """Put single parts of one dimension together: one stays what it is, several become a multipart shape.

    Examples
    --------
    >>> one_or_many([shapely.Point(0, 0)], 0).geom_type, one_or_many([shapely.Point(0, 0)] * 2, 0).geom_type
    ('Point', 'MultiPoint')
    """
    several = geometry_array(parts).tolist()
    whole: BaseGeometry
    if len(several) == 1:
        whole = several[0]
    elif dimension == 2:
        whole = shapely.multipolygons(several)
    else:
        whole = shapely.multilinestrings(several) if dimension == 1 else shapely.multipoints(several)
    return whole


@dataclass(frozen=True)
class Trouble:
    """What is wrong with one shape, in words, and where."""

    reason: Text
    place: Place


_REASONS = {
    "Self-intersection": Text("边界自相交", "the ring crosses itself"),
    "Ring Self-intersection": Text("环在一点自接触", "a ring touches itself at a point"),
    "Hole lies outside shell": Text("洞在外环之外", "a hole lies outside its shell"),
    "Holes are nested": Text("洞套着洞", "a hole lies inside another hole"),
    "Interior is disconnected": Text("内部被洞隔断", "holes cut the interior in two"),
    "Nested shells": Text("外环套着外环", "a part lies inside another part"),
    "Duplicate Rings": Text("环重复", "the same ring occurs twice"),
    "Too few points in geometry component": Text("环的点太少", "a ring has too few distinct points"),
    "Invalid Coordinate": Text("坐标不是有限数字", "a coordinate is not a finite number"),
    "Ring is not closed": Text("环未闭合", "a ring is not closed"),
}


def trouble_of(shape: BaseGeometry) -> Trouble:
    """Describe why a shape is not valid.

    Parameters
    ----------
    shape : shapely geometry
        An invalid one; a valid one is called so.

    Examples
    --------
    >>> bow_tie = shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])
    >>> trouble_of(bow_tie)
    Trouble(reason=Text(zh='边界自相交', en='the ring crosses itself'), place=(0.5, 0.5))
    """
    reason = str(shapely.is_valid_reason(shape))
    head, _, tail = reason.partition("[")
    known = _REASONS.get(head.strip(), Text.same(head.strip()))
    numbers = re.findall(r"-?(?:\d+\.?\d*(?:e[+-]?\d+)?|nan|inf)", tail, re.IGNORECASE)
    place = (float(numbers[0]), float(numbers[1])) if len(numbers) >= 2 else representative_place(shape)
    if not (np.isfinite(place[0]) and np.isfinite(place[1])):
        place = representative_place(shape)
    return Trouble(known, place)


def representative_place(shape: object) -> Place:
    """Give a place that stands for a shape: inside a valid area, else its first finite vertex, else (0, 0).

    Examples
    --------
    >>> representative_place(shapely.box(0, 0, 2, 2))
    (1.0, 1.0)
    """
    if not isinstance(shape, BaseGeometry) or shapely.is_empty(shape):
        return (0.0, 0.0)
    if shapely.is_valid(shape) and np.isfinite(shapely.bounds(shape)).all():
        point = shapely.point_on_surface(shape)
        if not shapely.is_empty(point):
            return (float(point.x), float(point.y))
    points = shapely.get_coordinates(shape)
    points = points[np.isfinite(points).all(axis=1)]
    return (float(points[0, 0]), float(points[0, 1])) if len(points) else (0.0, 0.0)


def polygon_parts(geoms: GeometryArrayLike) -> tuple[Geometries, NDArray[np.int64]]:
    """Split areas into single polygons.

    Returns
    -------
    parts : ndarray of object
        Polygons only; empties are dropped.
    index : ndarray of int64
        Which input each came from.

    Examples
    --------
    >>> two = shapely.MultiPolygon([shapely.box(0, 0, 1, 1), shapely.box(2, 0, 3, 1)])
    >>> parts, index = polygon_parts([two, shapely.box(5, 5, 6, 6)])
    >>> index.tolist()
    [0, 0, 1]
    """
    flat = geometry_array(geoms)
    parts, index = shapely.get_parts(flat, return_index=True)
    keep = (shapely.get_type_id(parts) == 3) & ~shapely.is_empty(parts)
    return np.asarray(parts[keep], dtype=object), np.asarray(index[keep], dtype=np.int64)
