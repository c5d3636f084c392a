"""CQL2 JSON, already parsed, as a tree: each operator's arguments are checked against the properties that there are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from app.conditions.like_pattern import is_complete
from app.conditions.limits import refuse_deep
from app.conditions.literals import describe, read_text, read_value
from app.conditions.properties import Properties, Property
from app.conditions.refusals import syntax_error, unsupported, wrong_type
from app.conditions.shapes import SPATIAL_OPERATORS, read_shape
from app.conditions.temporal import TEMPORAL_OPERATORS, read_temporal
from app.conditions.tree import (
    And,
    Compare,
    Condition,
    Constant,
    In,
    IsNull,
    Like,
    Not,
    Operator,
    Or,
    Spatial,
)
from gis.text import Text

__all__ = ["read_condition"]

_OPERATORS: Mapping[str, Operator] = {each: each for each in ("=", "<>", "<", "<=", ">", ">=")}
_MIRRORED: Mapping[Operator, Operator] = {"=": "=", "<>": "<>", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
_Arguments: TypeAlias = list[object]
_Reader: TypeAlias = Callable[[str, _Arguments, Properties], Condition]


def read_condition(given: object, properties: Properties, *, depth: int = 0) -> Condition:
    """Read a condition from the objects of its JSON.

    Parameters
    ----------
    given : object
        What a JSON reader gives; deep nesting must have been refused before.
    properties : Properties
        What it may name.
    depth : int, default 0
        Operators around it.

    Raises
    ------
    Invalid
        ``unknown-property``, ``condition-unsupported``, ``condition-type``, ``condition-geometry``,
        ``condition-too-large``, ``condition-unreadable`` or ``not-text``.

    Examples
    --------
    >>> from app.conditions.properties import Property
    >>> units = Properties([Property("area", "number", Text("面积", "Area"))])
    >>> read_condition({"op": "between", "args": [{"property": "area"}, 1, 2]}, units).parts[0]
    Compare(property='area', operator='>=', value=1.0)
    """
    refuse_deep(depth)
    if isinstance(given, bool):
        return Constant(given)
    if (name := _property_name(given)) is not None:
        return _flag(properties.find(name))
    if not isinstance(given, dict) or not isinstance(given.get("op"), str) or given.keys() != {"op", "args"}:
        raise syntax_error(
            Text('条件 {"op": …, "args": […]}', 'a condition {"op": …, "args": […]}'), describe(given)
        )
    operator, arguments = given["op"], given["args"]
    if not isinstance(arguments, list):
        raise syntax_error(
            Text(f"{operator} 的参数列表", f"a list of arguments of {operator}"), describe(arguments)
        )
    if operator in ("and", "or"):
        return _joined(operator, [read_condition(each, properties, depth=depth + 1) for each in arguments])
    if operator == "not":
        _count(operator, arguments, 1)
        return Not(read_condition(arguments[0], properties, depth=depth + 1))
    if operator not in _READERS:
        raise unsupported(operator)
    return _READERS[operator](operator, arguments, properties)


def _joined(operator: str, parts: list[Condition]) -> Condition:
    if len(parts) < 2:
        raise syntax_error(
            Text(f"{operator} 至少两个参数", f"at least two arguments of {operator}"), str(len(parts))
        )
    kind = And if operator == "and" else Or
    flat: list[Condition] = []
    for part in parts:
        flat += part.parts if isinstance(part, kind) else [part]
    return kind(tuple(flat))


def _flag(found: Property) -> Condition:
    if found.kind != "boolean":
        raise syntax_error(Text("比较", "a comparison"), found.name)
    return Compare(found.name, "=", True)


def _comparison(operator: str, arguments: _Arguments, properties: Properties) -> Condition:
    _count(operator, arguments, 2)
    left, right = arguments
    comparison = _OPERATORS[operator]
    if _property_name(left) is None and _property_name(right) is not None:
        left, right, comparison = right, left, _MIRRORED[comparison]
    found = _property(operator, left, properties)
    _refuse_expression(right)
    value = read_value(found, right)
    if found.kind == "boolean" and comparison not in ("=", "<>"):
        raise wrong_type(found.name, Text("= 或 <>", "= or <>"), comparison)
    return Compare(found.name, comparison, value)


def _between(operator: str, arguments: _Arguments, properties: Properties) -> Condition:
    _count(operator, arguments, 3)
    value, low, high = arguments
    return And(
        (
            _comparison(">=", [value, low], properties),
            _comparison("<=", [value, high], properties),
        )
    )


def _in(operator: str, arguments: _Arguments, properties: Properties) -> Condition:
    _count(operator, arguments, 2)
    found = _property(operator, arguments[0], properties)
    listed = arguments[1]
    if not isinstance(listed, list) or not listed:
        raise syntax_error(Text("in 的值列表", "a list of values of in"), describe(listed))
    for each in listed:
        _refuse_expression(each)
    return In(found.name, tuple(read_value(found, each) for each in listed))


def _like(operator: str, arguments: _Arguments, properties: Properties) -> Condition:
    _count(operator, arguments, 2)
    found = _property(operator, arguments[0], properties)
    _refuse_expression(arguments[1])
    pattern = read_text(arguments[1])
    if found.kind != "text" or pattern is None:
        came = describe(arguments[1]) if found.kind == "text" else operator
        expected = (
            Text("文字模式", "a pattern") if found.kind == "text" else Text("它的值", "values of its kind")
        )
        raise wrong_type(found.name, expected, came)
    if not is_complete(pattern):
        raise syntax_error(
            Text("模式末尾的反斜杠后有一个字符", "a character after the backslash that ends the pattern"),
            pattern,
        )
    return Like(found.name, pattern)


def _is_null(operator: str, arguments: _Arguments, properties: Properties) -> Condition:
    _count(operator, arguments, 1)
    return IsNull(_property(operator, arguments[0], properties).name)


def _spatial(operator: str, arguments: _Arguments, properties: Properties) -> Condition:
    _count(operator, arguments, 2)
    left, right = arguments
    if operator == "s_intersects" and _property_name(left) is None:
        left, right = right, left
    found = _property(operator, left, properties)
    if found.kind != "geometry":
        raise wrong_type(found.name, Text("它的值", "values of its kind"), operator)
    _refuse_expression(right)
    return Spatial(found.name, "intersects" if operator == "s_intersects" else "within", read_shape(right))


def _temporal(operator: str, arguments: _Arguments, properties: Properties) -> Condition:
    _count(operator, arguments, 2)
    found = _property(operator, arguments[0], properties)
    if found.kind not in ("instant", "date"):
        raise wrong_type(found.name, Text("它的值", "values of its kind"), operator)
    _refuse_expression(arguments[1])
    return read_temporal(operator, found, arguments[1])


def _count(operator: str, arguments: _Arguments, wanted: int) -> None:
    if len(arguments) != wanted:
        raise syntax_error(
            Text(f"{operator} 的 {wanted} 个参数", f"{wanted} arguments of {operator}"), str(len(arguments))
        )


def _property_name(given: object) -> str | None:
    if isinstance(given, dict) and given.keys() == {"property"} and isinstance(given["property"], str):
        return str(given["property"])
    return None


def _property(operator: str, given: object, properties: Properties) -> Property:
    """Find the property that an operator is applied to."""
    name = _property_name(given)
    if name is not None:
        return properties.find(name)
    _refuse_expression(given)
    raise syntax_error(Text(f"{operator} 的属性", f"a property of {operator}"), describe(given))


def _refuse_expression(given: object) -> None:
    """Refuse what is computed, or another property, where a literal belongs."""
    if isinstance(given, dict) and isinstance(given.get("op"), str):
        raise unsupported(given["op"])
    if (other := _property_name(given)) is not None:
        raise unsupported(
            other,
            Text("属性只能与值比较", "a property is compared with a value, not with another one"),
        )


_READERS: Mapping[str, _Reader] = {
    **dict.fromkeys(_OPERATORS, _comparison),
    "between": _between,
    "in": _in,
    "like": _like,
    "isNull": _is_null,
    **dict.fromkeys(SPATIAL_OPERATORS, _spatial),
    **dict.fromkeys(TEMPORAL_OPERATORS, _temporal),
}
