"""Conditions as functions of a row in memory, with the three-valued logic of SQL."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

import shapely
from shapely.geometry.base import BaseGeometry

from app.conditions.like_pattern import compile_like
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
    Value,
)

__all__ = ["Predicate", "to_predicate"]

Row: TypeAlias = Mapping[str, object]
Predicate: TypeAlias = Callable[[Row], bool | None]
"""True, False, or None where it is unknown; a row fits only where it is True."""

_COMPARISONS: Mapping[Operator, Callable[..., bool]] = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def to_predicate(condition: Condition) -> Predicate:
    """Compile a condition to a test of rows, which hold every property by its name (`app.conditions.properties.Kind`).

    Examples
    --------
    >>> fits = to_predicate(Not(Compare("name", "=", "东一网格")))
    >>> fits({"name": "西一网格"}), fits({"name": "东一网格"}), fits({"name": None})
    (True, False, None)
    """
    match condition:
        case Constant(constant):
            return lambda row: constant  # noqa: ARG005 - the same for every row
        case And(parts):
            return _joined([to_predicate(part) for part in parts], decisive=False)
        case Or(parts):
            return _joined([to_predicate(part) for part in parts], decisive=True)
        case Not(part):
            return _negated(to_predicate(part))
        case IsNull(name):
            return lambda row: row[name] is None
        case Compare(name, comparison, value):
            return _of_value(name, _comparison(comparison, value))
        case In(name, values):
            return _of_value(name, frozenset(values).__contains__)
        case Like(name, pattern):
            matches = compile_like(pattern)
            return _of_value(name, lambda value: matches(str(value)))
        case Spatial(name, relation, shape):
            related = shapely.intersects if relation == "intersects" else shapely.within
            return _of_value(
                name, lambda value: isinstance(value, BaseGeometry) and bool(related(value, shape))
            )


def _of_value(name: str, test: Callable[[object], bool]) -> Predicate:
    def tested(row: Row) -> bool | None:
        value = row[name]
        return None if value is None else test(value)

    return tested


def _comparison(comparison: Operator, literal: Value) -> Callable[[object], bool]:
    compared = _COMPARISONS[comparison]

    def test(value: object) -> bool:
        if isinstance(value, float) and math.isnan(value):
            # To PostgreSQL NaN is larger than every number.
            return compared(1, 0)
        return compared(value, literal)

    return test


def _joined(parts: Sequence[Predicate], *, decisive: bool) -> Predicate:
    """AND is decided by a part that is False, OR by one that is True; unknown is what one unknown part leaves."""

    def tested(row: Row) -> bool | None:
        unknown = False
        for part in parts:
            found = part(row)
            if found is decisive:
                return decisive
            unknown = unknown or found is None
        return None if unknown else not decisive

    return tested


def _negated(part: Predicate) -> Predicate:
    def tested(row: Row) -> bool | None:
        found = part(row)
        return None if found is None else not found

    return tested
