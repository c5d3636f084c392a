"""Shapes of spatial conditions: a GeoJSON point or polygon, or a box, checked before anything computes with them."""

from __future__ import annotations

from collections.abc import Sequence

import shapely
from shapely.geometry.base import BaseGeometry

from app.conditions.literals import describe
from app.conditions.refusals import shown, unsupported
from app.errors import Invalid
from app.kit.bbox import parse_bbox
from gis.text import Text

__all__ = ["SPATIAL_OPERATORS", "read_shape"]

SPATIAL_OPERATORS = ("s_intersects", "s_within")


def read_shape(given: object) -> BaseGeometry:
    """Read a shape in longitude and latitude (CRS84); heights are ignored.

    Raises
    ------
    Invalid
        It is no shape that can be used (``condition-geometry``), or one of another type (``condition-unsupported``).

    Examples
    --------
    >>> read_shape({"type": "Point", "coordinates": [120, 36]}).wkt
    'POINT (120 36)'
    >>> read_shape({"bbox": [170, -20, -170, -10]}).geom_type
    'MultiPolygon'
    """
    if not isinstance(given, dict):
        raise _refused(given, Text("不是图形", "not a shape"))
    if given.keys() == {"bbox"}:
        return _box(given["bbox"])
    kind, coordinates = given.get("type"), given.get("coordinates")
    if kind == "Point" and given.keys() == {"type", "coordinates"}:
        return shapely.Point(_position(coordinates))
    if kind == "Polygon" and given.keys() == {"type", "coordinates"}:
        return _polygon(coordinates)
    if isinstance(kind, str) and kind not in ("Point", "Polygon"):
        raise unsupported(kind, Text("图形可用：Point、Polygon、BBOX", "shapes are: Point, Polygon, BBOX"))
    raise _refused(given, Text("不是 Point、Polygon 或 bbox", "neither Point, Polygon nor bbox"))


def _box(given: object) -> BaseGeometry:
    numbers = _numbers(given)
    try:
        boxes = parse_bbox(",".join(map(repr, numbers)))
    except Invalid as error:
        raise _refused({"bbox": given}, Text("不是 西,南,东,北", "not west,south,east,north")) from error
    # A box without width or height is a line or a point; one across the 180th meridian is two.
    found: BaseGeometry = shapely.union_all(
        [shapely.envelope(shapely.multipoints([box[:2], box[2:]])) for box in boxes]
    )
    return found


def _polygon(given: object) -> BaseGeometry:
    if not isinstance(given, list) or not given:
        raise _refused(given, Text("没有环", "a polygon without rings"))
    rings = [_ring(each) for each in given]
    found = shapely.Polygon(rings[0], rings[1:])
    if not shapely.is_valid(found):
        reason = shapely.is_valid_reason(found)
        raise _refused(given, Text(f"图形无效，{reason}", f"the shape is not valid, {reason}"))
    return found


def _ring(given: object) -> list[tuple[float, float]]:
    if not isinstance(given, list) or len(given) < 4:
        raise _refused(given, Text("环少于 4 个点", "a ring of fewer than four positions"))
    ring = [_position(each) for each in given]
    if ring[0] != ring[-1]:
        raise _refused(given, Text("环没有闭合", "a ring that is not closed"))
    return ring


def _position(given: object) -> tuple[float, float]:
    numbers = _numbers(given)
    if len(numbers) not in (2, 3) or not (abs(numbers[0]) <= 180 and abs(numbers[1]) <= 90):
        raise _refused(given, Text("不是经度、纬度（度）", "not longitude, latitude in degrees"))
    return numbers[0], numbers[1]


def _numbers(given: object) -> Sequence[float]:
    if isinstance(given, list) and all(
        isinstance(each, int | float) and not isinstance(each, bool) and abs(each) <= 1e9 for each in given
    ):
        return [float(each) for each in given]
    raise _refused(given, Text("不是坐标", "no coordinates"))


def _refused(given: object, reason: Text) -> Invalid:
    came = shown(describe(given))
    return Invalid(
        f"条件里的图形不能用：{reason.zh}：{came}",
        f"a shape of the condition cannot be used: {reason.en}: {came}",
        code="condition-geometry",
    )
