"""Operations from JSON and back: fields by name, GeoJSON for shapes, [lon, lat] for places."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields
from typing import Any, get_args

import numpy as np
import shapely

from gis.editing.drawing import MAX_VERTICES, check_places, drawn, shown
from gis.editing.model import GridKind
from gis.editing.operations import (
    Add,
    DeleteVertex,
    InsertVertex,
    Merge,
    MoveBorder,
    MoveVertex,
    Operation,
    Paint,
    Recode,
    Relocate,
    Remove,
    Rename,
    Renumber,
    Replace,
    ReplacedGrid,
    Reshape,
    SetKind,
    Split,
    Transfer,
)
from gis.editing.refusals import refuse
from gis.errors import Place
from gis.geometry import round_degrees

__all__ = ["LONGEST_TEXT", "operation_as_json", "parse_operation"]

LONGEST_TEXT = 200
_MOST_CODES = 10_000
_LINES = ("LineString",)
_AREAS = ("Polygon", "MultiPolygon")

Reader = Callable[[str, Any], Any]


def parse_operation(given: Mapping[str, Any]) -> Operation:
    """Read one operation of the HTTP interface.

    Parameters
    ----------
    given : mapping
        ``op`` and the fields of that operation; ``null`` counts as absent.

    Returns
    -------
    Operation
        Places and shapes as given; they are rounded to the lattice when the operation is applied.

    Raises
    ------
    OperationRefused
        Names the field, what was expected and what came.

    Examples
    --------
    >>> parse_operation({"op": "recode", "grid": "a", "code": "b"})
    Recode(grid='a', code='b')
    >>> parse_operation({"op": "recode", "grid": "a"})
    Traceback (most recent call last):
    gis.editing.refusals.OperationRefused: recode 缺少字段 code | recode lacks the field code
    """
    if not isinstance(given, Mapping):
        refuse("bad-value", f"操作应为对象，实际为 {shown(given)}", f"expected an object, got {shown(given)}")
    name = given.get("op")
    if not isinstance(name, str) or name not in _FORMS:
        known = ", ".join(_FORMS)
        refuse(
            "unknown-operation",
            f"不认识的操作 {shown(name)}；可用：{known}",
            f"unknown operation {shown(name)}; expected one of {known}",
        )
    kind, readers = _FORMS[name]
    present = {key: value for key, value in given.items() if key != "op" and value is not None}
    extra = sorted(str(key) for key in present if key not in readers)
    if extra:
        refuse(
            "unknown-field",
            f"{name} 没有字段 {extra[0]}；可用：{', '.join(readers)}",
            f"{name} has no field {extra[0]}; expected {', '.join(readers)}",
        )
    optional = {field.name.rstrip("_") for field in fields(kind) if _has_default(field)}
    values = {}
    for key, reader in readers.items():
        if key in present:
            values[_attribute(key)] = reader(key, present[key])
        elif key not in optional:
            refuse("missing-field", f"{name} 缺少字段 {key}", f"{name} lacks the field {key}")
    made: Operation = kind(**values)
    return made


def operation_as_json(operation: Operation) -> dict[str, Any]:
    """Write an operation as `parse_operation` reads it; fields at their defaults are left out.

    Examples
    --------
    >>> operation_as_json(MoveVertex((120.0, 36.0), (120.001, 36.0)))
    {'op': 'move_vertex', 'from': [120.0, 36.0], 'to': [120.001, 36.0]}
    """
    out: dict[str, Any] = {"op": operation.op}
    for field in fields(operation):
        value = getattr(operation, field.name)
        if not _has_default(field) or value != field.default:
            out[field.name.rstrip("_")] = _as_json(value)
    return out


# ---------------------------------------------------------------- fields
def _has_default(field: Field[Any]) -> bool:
    return field.default is not MISSING


def _attribute(key: str) -> str:
    return "from_" if key == "from" else key


def _wrong(key: str, zh: str, en: str, value: Any) -> None:
    refuse("bad-value", f"{key} 应为{zh}，实际为 {shown(value)}", f"{key}: expected {en}, got {shown(value)}")


def _text(key: str, value: Any) -> str:
    if not isinstance(value, str) or len(value) > LONGEST_TEXT or not value.strip():
        _wrong(key, f"不超过 {LONGEST_TEXT} 字的文字", f"text of up to {LONGEST_TEXT} characters", value)
    return str(value)


def _words(key: str, value: Any) -> str:
    if value == "":
        return ""
    if isinstance(value, str) and not value.isprintable():
        _wrong(key, "没有控制字符的文字", "text without control characters", value)
    return _text(key, value)


def _texts(key: str, value: Any) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or len(value) > _MOST_CODES:
        _wrong(key, "编码列表", "a list of codes", value)
    return tuple(_text(f"{key}[{at}]", item) for at, item in enumerate(value))


def _pair(key: str, value: Any) -> tuple[str, str]:
    texts = _texts(key, value)
    if len(texts) != 2:
        _wrong(key, "两个编码", "two codes", value)
    return texts[0], texts[1]


def _kind(key: str, value: Any) -> GridKind:
    if value not in get_args(GridKind):
        _wrong(key, " base（基础网格）或 dedicated（专属网格）", "base or dedicated", value)
    kind: GridKind = value
    return kind


def _numbers(key: str, value: Any) -> tuple[float, float]:
    good = isinstance(value, list | tuple) and len(value) in (2, 3)
    if not good or not all(isinstance(v, int | float) and not isinstance(v, bool) for v in value):
        refuse(
            "bad-geometry",
            f"{key} 应为 [经度, 纬度]，实际为 {shown(value)}",
            f"{key}: expected [lon, lat], got {shown(value)}",
        )
    try:
        return (float(value[0]), float(value[1]))
    except OverflowError:
        refuse("not-finite", f"{key} 不是有限数字", f"{key} is not a finite number")


def _place(key: str, value: Any) -> Place:
    place = _numbers(key, value)
    check_places([place], what=key)
    return place


def _offset(key: str, value: Any) -> tuple[float, float]:
    offset = _numbers(key, value)
    if not np.isfinite(offset).all() or max(map(abs, offset)) > 1.0:
        _wrong(key, "不超过 1 度的位移", "an offset of at most one degree", value)
    return offset


def _geometry(key: str, value: Any, kinds: tuple[str, ...]) -> Any:
    expected = " 或 ".join(kinds), " or ".join(kinds)
    if not isinstance(value, Mapping) or value.get("type") not in kinds:
        came = shown(value.get("type")) if isinstance(value, Mapping) else shown(value)
        refuse(
            "bad-geometry",
            f"{key} 应为 GeoJSON {expected[0]}，实际为 {came}",
            f"{key}: expected a GeoJSON {expected[1]}, got {came}",
        )
    shape = _from_coordinates(key, str(value["type"]), value.get("coordinates"))
    drawn(shape, what=key, kinds=kinds)
    return shape


def _from_coordinates(key: str, kind: str, coordinates: Any) -> Any:
    """Build a shape by hand: readers of GeoJSON accept or drop what has to be named here."""
    if kind == "LineString":
        return shapely.LineString(_positions(key, coordinates, 2))
    if kind == "MultiPolygon":
        if not isinstance(coordinates, list | tuple) or not coordinates:
            _wrong(f"{key}.coordinates", "面的列表", "a list of polygons", coordinates)
        return shapely.MultiPolygon([_from_coordinates(key, "Polygon", part) for part in coordinates])
    if not isinstance(coordinates, list | tuple) or not coordinates:
        refuse(
            "bad-geometry",
            f"{key} 应有环，实际为 {shown(coordinates)}",
            f"{key}: expected rings, got {shown(coordinates)}",
        )
    rings = [_positions(key, ring, 4) for ring in coordinates]
    for ring in rings:
        if ring[0] != ring[-1]:
            refuse(
                "bad-geometry",
                f"{key} 的环未闭合",
                f"{key}: a ring is not closed",
                places=[p for p in (ring[0], ring[-1]) if np.isfinite(p).all()],
            )
    return shapely.Polygon(rings[0], rings[1:])


def _positions(key: str, value: Any, least: int) -> list[tuple[float, float]]:
    if not isinstance(value, list | tuple) or len(value) < least:
        refuse(
            "bad-geometry",
            f"{key} 至少要有 {least} 个坐标，实际为 {shown(value)}",
            f"{key}: expected at least {least} positions, got {shown(value)}",
        )
    if len(value) > MAX_VERTICES:
        refuse(
            "too-many-vertices",
            f"{key} 有 {len(value)} 个节点，最多 {MAX_VERTICES} 个",
            f"{key} has {len(value)} vertices; at most {MAX_VERTICES} are taken",
        )
    points = [_numbers(f"{key}[{at}]", position) for at, position in enumerate(value)]
    check_places(points, what=key)
    return points


def _line(key: str, value: Any) -> Any:
    return _geometry(key, value, _LINES)


def _area(key: str, value: Any) -> Any:
    return _geometry(key, value, _AREAS)


def _line_or_area(key: str, value: Any) -> Any:
    return _geometry(key, value, (*_LINES, *_AREAS))


def _replaced(key: str, value: Any) -> tuple[ReplacedGrid, ...]:
    if not isinstance(value, list | tuple) or len(value) > _MOST_CODES:
        _wrong(key, "网格列表", "a list of grids", value)
    out = []
    for at, row in enumerate(value):
        where = f"{key}[{at}]"
        if not isinstance(row, Mapping):
            _wrong(where, "对象", "an object", row)
        for needed in ("code", "geometry"):
            if row.get(needed) is None:
                refuse("missing-field", f"{where} 缺少字段 {needed}", f"{where} lacks the field {needed}")
        values = {
            name: reader(f"{where}.{name}", row[name])
            for name, reader in _ROW.items()
            if row.get(name) is not None
        }
        extra = sorted(str(name) for name in row if name not in _ROW)
        if extra:
            refuse("unknown-field", f"{where} 没有字段 {extra[0]}", f"{where} has no field {extra[0]}")
        out.append(ReplacedGrid(**values))
    return tuple(out)


_ROW: dict[str, Reader] = {
    "code": _text,
    "geometry": _area,
    "name": _words,
    "community": _text,
    "kind": _kind,
}
_FORMS: dict[str, tuple[Any, dict[str, Reader]]] = {
    "split": (Split, {"grid": _text, "by": _line_or_area, "codes": _texts}),
    "merge": (Merge, {"grids": _texts, "code": _text, "community": _text}),
    "reshape": (Reshape, {"line": _line, "grids": _texts}),
    "transfer": (Transfer, {"area": _area, "to": _text}),
    "move_vertex": (MoveVertex, {"from": _place, "to": _place}),
    "move_border": (MoveBorder, {"grids": _pair, "by": _offset}),
    "insert_vertex": (InsertVertex, {"at": _place}),
    "delete_vertex": (DeleteVertex, {"at": _place}),
    "add": (
        Add,
        {"area": _area, "community": _text, "code": _text, "kind": _kind, "name": _words, "to": _text},
    ),
    "paint": (
        Paint,
        {"area": _area, "grid": _text, "community": _text, "code": _text, "kind": _kind, "name": _words},
    ),
    "remove": (Remove, {"grid": _text, "to": _texts}),
    "recode": (Recode, {"grid": _text, "code": _text}),
    "rename": (Rename, {"grid": _text, "name": _words}),
    "relocate": (Relocate, {"grid": _text, "community": _text}),
    "kind": (SetKind, {"grid": _text, "kind": _kind}),
    "renumber": (Renumber, {"community": _text}),
    "replace": (Replace, {"grids": _replaced, "removed": _texts}),
}


# ---------------------------------------------------------------- writing
def _as_json(value: Any) -> Any:
    if isinstance(value, shapely.Geometry):
        return _geojson(value)
    if isinstance(value, ReplacedGrid):
        pairs = ((field.name, getattr(value, field.name)) for field in fields(value))
        return {name: _as_json(item) for name, item in pairs if item is not None}
    if isinstance(value, tuple):
        return [_as_json(item) for item in value]
    return value


def _geojson(shape: Any) -> dict[str, Any]:
    """Write a shape with coordinates on the lattice, as they will be applied."""
    kind = shape.geom_type
    if kind == "MultiPolygon":
        inner: Any = [_geojson(part)["coordinates"] for part in shape.geoms]
    elif kind == "Polygon":
        inner = [round_degrees(ring.coords).tolist() for ring in (shape.exterior, *shape.interiors)]
    else:
        inner = round_degrees(shape.coords).tolist()
    return {"type": kind, "coordinates": inner}
