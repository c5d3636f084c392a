"""The properties that conditions may name: a white list, with the kind of each and the column it stands for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import SQLColumnExpression

from app.conditions.refusals import shown
from app.errors import Invalid
from gis.spelling import did_you_mean
from gis.text import Text

__all__ = ["Kind", "Properties", "Property"]

Kind = Literal["text", "integer", "number", "boolean", "instant", "date", "geometry"]
"""What a property holds. In PostgreSQL: text, smallint to bigint, double precision, boolean, timestamptz, date, geometry in
EPSG:4326. In rows of Python: str, int, float, bool, datetime with an offset, date, a shapely geometry. None is NULL."""


@dataclass(frozen=True, eq=False)
class Property:
    """One property that conditions may name.

    Parameters
    ----------
    name : str
        As people write it, and the key of it in rows of Python.
    kind : Kind
    title : Text
        In terms of the field.
    column : SQLAlchemy expression, optional
        What it stands for in SQL; None where rows are only ever tested in Python.
    """

    name: str
    kind: Kind
    title: Text
    column: SQLColumnExpression[object] | None = None


class Properties:
    """The properties of one kind of row, by name.

    Examples
    --------
    >>> units = Properties([Property("code", "text", Text("编码", "Code"))])
    >>> units.find("code").kind
    'text'
    >>> units.find("cod")
    Traceback (most recent call last):
    app.errors.Invalid: 没有属性 cod。是否指 code？可用：code | there is no property cod. Did you mean code? There are: code
    """

    def __init__(self, listed: Iterable[Property]) -> None:
        self._by_name = {each.name: each for each in listed}

    def __iter__(self) -> Iterator[Property]:
        return iter(self._by_name.values())

    def find(self, name: str) -> Property:
        """Find a property by name.

        Raises
        ------
        Invalid
            There is none of this name (``unknown-property``); the nearest is named.
        """
        found = self._by_name.get(name)
        if found is None:
            hint = did_you_mean(name, self._by_name, limit=1) or Text("", "")
            there = list(self._by_name)
            raise Invalid(
                f"没有属性 {shown(name)}{hint.zh or '；'}可用：{'、'.join(there)}",
                f"there is no property {shown(name)}{f'{hint.en} There' if hint.en else '; there'} are: {', '.join(there)}",
                code="unknown-property",
            )
        return found
