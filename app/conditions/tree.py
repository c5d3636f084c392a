"""A condition as a tree: what is left of a filter when names, kinds and literals have been checked.

Properties stand by name, literals as values of their property's kind. The same condition from text and from JSON is the
same tree: ``between`` has become two comparisons, a property stands on the left, ``a AND (b AND c)`` has three parts.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, TypeAlias

from shapely.geometry.base import BaseGeometry

__all__ = [
    "And",
    "Compare",
    "Condition",
    "Constant",
    "In",
    "IsNull",
    "Like",
    "Not",
    "Operator",
    "Or",
    "Spatial",
    "SpatialRelation",
    "Value",
]

Operator = Literal["=", "<>", "<", "<=", ">", ">="]
SpatialRelation = Literal["intersects", "within"]
Value: TypeAlias = str | int | float | bool | datetime | date


@dataclass(frozen=True, slots=True)
class Constant:
    """TRUE or FALSE for every row."""

    value: bool


@dataclass(frozen=True, slots=True)
class And:
    """All of the parts."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """At least one of the parts."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The reverse; unknown stays unknown."""

    part: Condition


@dataclass(frozen=True, slots=True)
class Compare:
    """A property beside a literal; texts are ordered by code point."""

    property: str
    operator: Operator
    value: Value


@dataclass(frozen=True, slots=True)
class In:
    """Equality with any of several literals."""

    property: str
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Like:
    """A pattern over the whole text: % is any text, _ one character, a backslash takes the next one as it is."""

    property: str
    pattern: str


@dataclass(frozen=True, slots=True)
class IsNull:
    """No value; never unknown itself."""

    property: str


@dataclass(frozen=True, slots=True)
class Spatial:
    """A geometry's relation to a shape in EPSG:4326, in the plane of longitude and latitude."""

    property: str
    relation: SpatialRelation
    shape: BaseGeometry


Condition: TypeAlias = Constant | And | Or | Not | Compare | In | Like | IsNull | Spatial
