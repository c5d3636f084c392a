"""What pydantic finds wrong with an operation, as the one refusal of an edit: the member, the expected, what came."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from gis.editing.refusals import OperationRefused
from gis.editing.sketch_input import shown
from gis.spelling import nearest

__all__ = ["refusal_of"]

_SHAPES = ("LineString", "Polygon", "MultiPolygon")
_GEOMETRIES = ("by", "line", "area", "geometry")
_EXPECTED = {
    "list_type": ("列表", "a list"),
    "model_type": ("对象", "an object"),
    "model_attributes_type": ("对象", "an object"),
    "too_short": ("至少 {min_length} 项", "at least {min_length} items"),
    "too_long": ("最多 {max_length} 项", "at most {max_length} items"),
    "literal_error": (" {expected}", "{expected}"),
    "union_tag_invalid": (" GeoJSON {expected_tags}", "a GeoJSON geometry: {expected_tags}"),
    "union_tag_not_found": ("带 type 的 GeoJSON 图形", "a GeoJSON geometry with its type"),
    "float_type": ("数字", "a number"),
}


def refusal_of(error: ValidationError, members: Mapping[str, Sequence[str]]) -> OperationRefused:
    """Make a refusal of the first mismatch; members that nobody knows come first, as they are often the other half.

    Parameters
    ----------
    error : ValidationError
        Of `gis.editing.operation_input`.
    members : mapping of str to sequence of str
        Every operation there is, with the members it may have.
    """
    found = error.errors(include_url=False)
    first: Any = next((one for one in found if one["type"] == "extra_forbidden"), found[0])
    kind, context, came = first["type"], first.get("ctx") or {}, first.get("input")
    if isinstance(context.get("error"), OperationRefused):
        refused: OperationRefused = context["error"]
        return refused
    if not first["loc"]:
        return _no_operation(kind, came, members)
    op, *path = first["loc"]
    path = [part for part in path if part not in _SHAPES]
    if kind == "missing":
        code = "bad-geometry" if path[:-1] and path[-2] in _GEOMETRIES else "missing-field"
        return _missing(_name_of(path[:-1]) or op, path[-1], code)
    if kind == "extra_forbidden":
        return _unknown(_name_of(path[:-1]) or op, path[-1], members[op] if len(path) == 1 else ())
    return _mismatch(kind, path, context, came)


def _name_of(path: Iterable[str | int]) -> str:
    """Name a place in a request: ``grids[3].geometry.coordinates[0][2]``."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".")


def _no_operation(kind: str, came: object, members: Mapping[str, Sequence[str]]) -> OperationRefused:
    if kind not in ("union_tag_invalid", "union_tag_not_found"):
        return OperationRefused(
            f"操作应为对象，实际为 {shown(came)}", f"expected an object, got {shown(came)}", code="bad-value"
        )
    name = came.get("op") if isinstance(came, Mapping) else None
    known = ", ".join(members)
    return OperationRefused(
        f"不认识的操作 {shown(name)}；可用：{known}",
        f"unknown operation {shown(name)}; expected one of {known}",
        code="unknown-operation",
    )


def _missing(owner: str, member: str, code: str) -> OperationRefused:
    return OperationRefused(f"{owner} 缺少字段 {member}", f"{owner} lacks the field {member}", code=code)


def _unknown(owner: str, member: str, known: Sequence[str]) -> OperationRefused:
    meant = next(iter(nearest(member, known, limit=1)), None)
    return OperationRefused(
        f"{owner} 没有字段 {member}"
        + (f"，是否为 {meant}" if meant else "")
        + (f"；可用：{', '.join(known)}" if known else ""),
        f"{owner} has no field {member}"
        + (f", did you mean {meant}" if meant else "")
        + (f"; expected {', '.join(known)}" if known else ""),
        code="unknown-field",
    )


def _mismatch(
    kind: str, path: Sequence[str | int], context: Mapping[str, object], came: object
) -> OperationRefused:
    name = _name_of(path)
    in_geometry = any(part in _GEOMETRIES for part in path)
    if kind == "too_long" and in_geometry:
        count, most = context["actual_length"], context["max_length"]
        return OperationRefused(
            f"{name} 有 {count} 个节点，最多 {most} 个",
            f"{name} has {count} vertices; at most {most} are taken",
            code="too-many-vertices",
        )
    if "zh" in context:
        zh, en, code = context["zh"], context["en"], kind
    else:
        zh, en = (phrase.format(**context) for phrase in _EXPECTED[kind])
        code = "bad-geometry" if in_geometry else "bad-value"
    return OperationRefused(
        f"{name} 应为{zh}，实际为 {shown(came)}", f"{name}: expected {en}, got {shown(came)}", code=code
    )
