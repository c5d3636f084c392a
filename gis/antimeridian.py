"""Coverages across the 180th meridian, worked on in a frame turned by half the globe.

GeoJSON (RFC 7946, 3.1.9) and PostGIS want a shape that crosses the meridian in parts, one on either side. For a plane
geometry those parts are 360 degrees apart, and 180 and -180 are two places. So where shapes lie on both sides of the
meridian, everything is done with longitudes turned by 180 degrees: what was at the meridian is at 0, the parts of a
shape are joined there, and results are turned back and cut. Turning moves nothing: a whole number of lattice steps
stays one. Coverages elsewhere are not touched.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields, is_dataclass, replace
from typing import Any, ParamSpec, TypeVar

import numpy as np
import shapely
from numpy.typing import ArrayLike
from shapely.geometry.base import BaseGeometry

from gis.arrays import Floats, Geometries, GeometryArrayLike
from gis.errors import Place, Refusal
from gis.geometry import SCALE, geometry_array, one_or_many, valid_on_lattice

__all__ = [
    "across_meridian",
    "bounds_around",
    "cut_at",
    "places_turned_back",
    "straddles",
    "turn",
    "turn_back",
    "turned_longitude",
    "turned_place",
    "with_rings",
]

P = ParamSpec("P")
R = TypeVar("R")
_HALF = 180.0
_HALF_STEPS = 1_800_000_000.0
_NEAR_DEG = 10.0
"""Shapes are beside the meridian when they come this near to it; Fiji and its like reach five degrees."""


def straddles(shapes: GeometryArrayLike) -> bool:
    """Say whether shapes lie on both sides of the 180th meridian, and none across longitude 0.

    Parameters
    ----------
    shapes : array_like of shapely geometries
        EPSG:4326, longitudes of -180 to 180.

    Examples
    --------
    >>> straddles([shapely.box(179.9, -17, 180, -16), shapely.box(-180, -17, -179.9, -16)])
    True
    >>> straddles([shapely.box(179.9, -17, 180, -16)]), straddles([shapely.box(-180, -17, 180, -16)])
    (False, False)
    """
    flat = geometry_array(shapes)
    if len(flat) == 0:
        return False
    west, _, east, _ = shapely.total_bounds(flat)
    # NaN, of nothing at all, fails every comparison.
    if not (west <= _NEAR_DEG - _HALF and east >= _HALF - _NEAR_DEG):
        return False
    parts = shapely.get_parts(flat[~shapely.is_missing(flat)])
    sides = shapely.bounds(parts)[:, [0, 2]]
    return not bool(((sides[:, 0] <= 0) & (sides[:, 1] >= 0)).any())


def turned_longitude(lon: ArrayLike) -> Floats:
    """Turn longitudes by half the globe: the meridian comes to 0, by whichever of its two names it was called.

    Parameters
    ----------
    lon : array_like
        Degrees of -180 to 180. What is on the lattice stays on it, bit by bit; NaN stays.

    Examples
    --------
    >>> turned_longitude([179.95, 180.0, -180.0, -179.9999999]).tolist()
    [-0.05, 0.0, 0.0, 1e-07]
    """
    x = np.asarray(lon, dtype=np.float64)
    steps = np.rint(x * SCALE)
    on_lattice = steps / SCALE == x
    east = x > 0
    whole = (steps + np.where(east, -_HALF_STEPS, _HALF_STEPS)) / SCALE
    return np.asarray(np.where(on_lattice, whole, x + np.where(east, -_HALF, _HALF)) + 0.0)


def turned_place(place: Place) -> Place:
    """Turn a place of the turned frame back.

    Examples
    --------
    >>> turned_place((-0.05, -17.0)), turned_place((0.05, -17.0))
    ((179.95, -17.0), (-179.95, -17.0))
    """
    return (float(turned_longitude([place[0]])[0]), place[1])


def turn(shapes: GeometryArrayLike) -> Geometries:
    """Bring shapes into the turned frame; parts of an area that meet at the meridian are joined.

    Examples
    --------
    >>> both = shapely.MultiPolygon([shapely.box(179.5, 0, 180, 1), shapely.box(-180, 0, -179.5, 1)])
    >>> turn([both])[0].bounds, turn([both])[0].geom_type
    ((-0.5, 0.0, 0.5, 1.0), 'Polygon')
    """
    flat = geometry_array(shapes)
    out = np.asarray(shapely.transform(flat, _turned), dtype=object)
    bounds = shapely.bounds(out)
    # What touches the meridian from both sides; an invalid shape is left for others to judge.
    seam = (bounds[:, 0] < 0) & (bounds[:, 2] > 0) & (shapely.get_type_id(out) == 6)
    for at in np.flatnonzero(seam).tolist():
        if shapely.is_valid(flat[at]):
            out[at] = shapely.union_all(shapely.get_parts(out[at]))
    return out


def _turned(xy: Floats) -> Floats:
    return np.column_stack([turned_longitude(xy[:, 0]), xy[:, 1]])


def turn_back(shapes: GeometryArrayLike) -> Geometries:
    """Bring shapes of the turned frame back, cut at the meridian as RFC 7946 has it.

    Examples
    --------
    >>> both = turn_back([shapely.box(-0.5, 0, 0.5, 1)])[0]
    >>> [part.bounds for part in both.geoms]
    [(179.5, 0.0, 180.0, 1.0), (-180.0, 0.0, -179.5, 1.0)]
    """
    flat = geometry_array(shapes)
    bounds = shapely.bounds(flat)
    out = flat.copy()
    for offset, side in ((_HALF, bounds[:, 0] < 0), (-_HALF, ~(bounds[:, 0] < 0))):
        move = functools.partial(_moved, offset=offset)
        out[side] = shapely.transform(flat[side], move)
    for at in np.flatnonzero((bounds[:, 0] < 0) & (bounds[:, 2] > 0)).tolist():
        out[at] = cut_at(flat[at], 0.0, turned=True)
    return out


def cut_at(shape: BaseGeometry, meridian: float, *, turned: bool = False) -> BaseGeometry:
    """Cut a shape at a meridian that it crosses, and name each side by longitudes of -180 to 180.

    Parameters
    ----------
    shape : shapely geometry
        Areas, lines and points; valid.
    meridian : float
        Where the 180th meridian is in the frame of the shape: 0 in the turned one, 180 or -180 beyond the globe.
    turned : bool, default False
        Round the cuts to the lattice where the shape is on it.
    """
    shape = with_vertices_at(shape, meridian, on_lattice=turned)
    west, south, east, north = shapely.bounds(shape)
    halves = (
        shapely.box(west - 1, south - 1, meridian, north + 1),
        shapely.box(meridian, south - 1, east + 1, north + 1),
    )
    dimension = int(shapely.get_dimensions(shape))
    pieces: list[BaseGeometry] = []
    for half, direction in zip(halves, (_HALF, -_HALF), strict=True):
        side = shapely.get_parts(shapely.get_parts(shapely.intersection(shape, half)))
        side = side[(shapely.get_dimensions(side) == dimension) & ~shapely.is_empty(side)]
        move = functools.partial(_moved, offset=direction - meridian)
        pieces += list(shapely.transform(side, move))
    whole = one_or_many(pieces, dimension)
    return shapely.normalize(whole) if dimension == 2 and len(pieces) > 1 else whole


def _moved(xy: Floats, *, offset: float) -> Floats:
    """Move vertices along a parallel; on the lattice they stay on it, bit by bit."""
    steps = np.rint(xy[:, 0] * SCALE)
    whole = (steps + offset * SCALE) / SCALE
    return np.column_stack([np.where(steps / SCALE == xy[:, 0], whole, xy[:, 0] + offset), xy[:, 1]])


def with_vertices_at(shape: BaseGeometry, meridian: float, *, on_lattice: bool) -> BaseGeometry:
    """Give edges that cross a meridian a vertex there, the same for both polygons that share the edge."""
    if shapely.get_dimensions(shape) < 1:
        return shape
    every = shapely.get_coordinates(shape)
    rounded = on_lattice and bool((np.rint(every * SCALE) / SCALE == every).all())

    def of_ring(ring: BaseGeometry) -> Floats:
        xy = shapely.get_coordinates(ring)
        side = np.sign(xy[:, 0] - meridian)
        crossing = np.flatnonzero(side[:-1] * side[1:] < 0)
        places = np.array([_crossing(xy[at], xy[at + 1], meridian) for at in crossing.tolist()])
        if rounded and len(places):
            places = np.rint(places * SCALE) / SCALE
        new = np.column_stack([np.full(len(crossing), meridian), places]) if len(crossing) else xy[:0]
        return np.insert(xy, crossing + 1, new, axis=0)

    cut: BaseGeometry = with_rings(shape, of_ring)
    if shapely.is_valid(shape) and not shapely.is_valid(cut):
        mended = valid_on_lattice(shapely.transform(cut, lambda xy: np.rint(xy * SCALE)))
        cut = cut if mended is None else mended
    return cut


def _crossing(one: Floats, other: Floats, meridian: float) -> float:
    a, b = sorted((tuple(one.tolist()), tuple(other.tolist())))
    return float(a[1] + (b[1] - a[1]) * ((meridian - a[0]) / (b[0] - a[0])))


def with_rings(shape: Any, change: Callable[[Any], Floats]) -> Any:
    """Apply a function to the vertices of every ring or line of a shape, which may change their number."""
    kind = int(shapely.get_type_id(shape))
    if kind in (4, 5, 6, 7):
        return type(shape)([with_rings(part, change) for part in shape.geoms])
    if kind == 3:
        return shapely.Polygon(change(shape.exterior), [change(hole) for hole in shape.interiors])
    return shapely.LineString(change(shape)) if kind == 1 else shape


def bounds_around(shapes: GeometryArrayLike) -> tuple[float, float, float, float]:
    """West, south, east, north of shapes; west beyond east for those across the 180th meridian (RFC 7946, 5.2).

    Examples
    --------
    >>> bounds_around([shapely.box(179.9, -17, 180, -16), shapely.box(-180, -17, -179.8, -16)])
    (179.9, -17.0, -179.8, -16.0)
    >>> bounds_around([shapely.box(120, 35, 121, 36)])
    (120.0, 35.0, 121.0, 36.0)
    """
    flat = geometry_array(shapes)
    west, south, east, north = (float(v) for v in shapely.total_bounds(flat))
    if straddles(flat):
        # The frame alone, without joining parts.
        xs = turned_longitude(shapely.get_coordinates(flat)[:, 0])
        west, east = turned_place((float(xs.min()), 0.0))[0], turned_place((float(xs.max()), 0.0))[0]
    return west, south, east, north


@contextmanager
def places_turned_back() -> Iterator[None]:
    """Name the places of a refusal as they are, when it comes out of the turned frame."""
    try:
        yield
    except Refusal as error:
        error.places = type(error.places)(turned_place(place) for place in error.places)
        if hasattr(error, "defects"):
            error.defects = [replace(each, place=turned_place(each.place)) for each in error.defects]
        raise


def across_meridian(*arguments: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Make a function of a coverage work across the 180th meridian, by turning what it is given and what it gives.

    Parameters
    ----------
    arguments : str
        Names of the parameters that hold shapes, or dataclasses of shapes. Together they decide.

    Notes
    -----
    Turned back are all shapes in the result, in lists, tuples and dataclasses, and places in fields called ``place``.
    A shape that was handed through comes out as the object that was given.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        signature = inspect.signature(function)

        @functools.wraps(function)
        def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
            bound = signature.bind(*args, **kwargs)
            given = {
                name: bound.arguments[name] for name in arguments if bound.arguments.get(name) is not None
            }
            shapes = [_shapes_of(each) for each in given.values()]
            if not shapes or not straddles(np.concatenate(shapes)):
                return function(*args, **kwargs)
            known: dict[int, tuple[BaseGeometry, BaseGeometry]] = {}
            for name, value in given.items():
                bound.arguments[name] = _turned_in(value, known)
            with places_turned_back():
                result = function(*bound.args, **bound.kwargs)
            originals = {key: original for key, (_, original) in known.items()}
            turned: R = _turned_out(result, originals)
            return turned

        return wrapped

    return decorate


def _shapes_of(value: object) -> Geometries:
    held: Any = getattr(value, "polygons", value)
    return geometry_array(held)


def _turned_in(value: Any, known: dict[int, tuple[BaseGeometry, BaseGeometry]]) -> Any:
    if hasattr(value, "polygons"):
        return replace(value, polygons=_turned_in(value.polygons, known))
    flat = geometry_array(value)
    turned = turn(flat)
    # The turned shape is kept with its origin, or its number could be that of another one.
    known |= {id(each): (each, origin) for each, origin in zip(turned, flat, strict=True) if each is not None}
    return turned


def _turned_out(value: object, originals: dict[int, BaseGeometry]) -> Any:
    if isinstance(value, BaseGeometry):
        return originals[id(value)] if id(value) in originals else turn_back([value])[0]
    if isinstance(value, np.ndarray) and value.dtype == object:
        out = np.empty(len(value), dtype=object)
        out[:] = [_turned_out(each, originals) for each in value]
        return out
    if isinstance(value, (list, tuple)):
        return type(value)(_turned_out(each, originals) for each in value)
    if is_dataclass(value) and not isinstance(value, type):
        changed = {
            each.name: turned_place(held) if each.name == "place" else _turned_out(held, originals)
            for each in fields(value)
            if not isinstance(held := getattr(value, each.name), (str, int, float, bool))
        }
        return replace(value, **changed)
    return value
