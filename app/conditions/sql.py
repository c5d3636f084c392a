"""Conditions as SQL: expressions over the columns of the white list, every literal a bound parameter."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import TypeAlias

import shapely
from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    Date,
    DateTime,
    Float,
    LargeBinary,
    Numeric,
    SQLColumnExpression,
    Text,
    and_,
    any_,
    bindparam,
    false,
    func,
    not_,
    or_,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import TypeEngine

from app.conditions.properties import Kind, Properties, Property
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

__all__ = ["to_sql"]

_BIGINT = 2**63
_COMPARISONS: Mapping[Operator, Callable[..., ColumnElement[bool]]] = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_SRID = 4326
_Type: TypeAlias = (
    TypeEngine[str]
    | TypeEngine[int]
    | TypeEngine[Decimal]
    | TypeEngine[float]
    | TypeEngine[bool]
    | TypeEngine[datetime]
    | TypeEngine[date]
)
_TYPES: Mapping[Kind, _Type] = {
    "text": Text(),
    "number": Float(53),
    "boolean": Boolean(),
    "instant": DateTime(timezone=True),
    "date": Date(),
}


def to_sql(condition: Condition, properties: Properties) -> ColumnElement[bool]:
    """Compile a condition to an expression for a WHERE; NULL where SQL does not know.

    Parameters
    ----------
    condition : Condition
    properties : Properties
        Those that it was read with, each with its column.

    Examples
    --------
    >>> from sqlalchemy import Column
    >>> from app.conditions.properties import Property
    >>> from gis.text import Text as Words
    >>> units = Properties([Property("name", "text", Words("名称", "Name"), Column("name", Text))])
    >>> print(to_sql(Compare("name", "<", "'; DROP TABLE unit"), units))
    (name COLLATE "C") < :param_1
    """
    match condition:
        case Constant(value):
            return true() if value else false()
        case And(parts):
            return and_(*(to_sql(part, properties) for part in parts))
        case Or(parts):
            return or_(*(to_sql(part, properties) for part in parts))
        case Not(part):
            return not_(to_sql(part, properties))
        case IsNull(name):
            return _column(properties.find(name)).is_(None)
        case Compare(name, comparison, value):
            found = properties.find(name)
            # The order of code points, which is Python's, whatever the database's language is.
            ordered = found.kind == "text" and comparison not in ("=", "<>")
            column = _column(found).collate("C") if ordered else _column(found)
            return _COMPARISONS[comparison](column, _bound(value, found.kind))
        case In(name, values):
            found = properties.find(name)
            # One parameter, however many values.
            return _column(found) == any_(_bound_list(values, found.kind))
        case Like(name, pattern):
            return _column(properties.find(name)).like(_bound(pattern, "text"), escape="\\")
        case Spatial(name, relation, shape):
            given = func.ST_GeomFromWKB(
                bindparam(None, shapely.to_wkb(shape), LargeBinary, unique=True), _SRID
            )
            related = func.ST_Intersects if relation == "intersects" else func.ST_Within
            return related(_column(properties.find(name)), given, type_=Boolean)


def _column(of: Property) -> SQLColumnExpression[object]:
    if of.column is None:
        raise LookupError(f"the property {of.name} has no column")
    return of.column


def _bound(value: Value, kind: Kind) -> ColumnElement[object]:
    bound, of = _typed([value], kind)
    return bindparam(None, bound[0], of, unique=True)


def _bound_list(values: Sequence[Value], kind: Kind) -> ColumnElement[Sequence[object]]:
    bound, of = _typed(values, kind)
    return bindparam(None, bound, ARRAY(of), unique=True)


def _typed(values: Sequence[Value], kind: Kind) -> tuple[Sequence[object], _Type]:
    """Values for parameters, with a type such that PostgreSQL compares exactly what Python compares."""
    if kind != "integer":
        return [*values], _TYPES[kind]
    if all(isinstance(value, int) and -_BIGINT <= value < _BIGINT for value in values):
        return [*values], BigInteger()
    return [Decimal(value) for value in values if isinstance(value, int | float)], Numeric()
