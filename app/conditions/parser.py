"""Filters of people, in either language of CQL2, as conditions."""

from __future__ import annotations

import json
from typing import Literal

from app.conditions.limits import refuse_large_json
from app.conditions.properties import Properties
from app.conditions.reader import read_condition
from app.conditions.refusals import syntax_error
from app.conditions.text_parser import text_to_json
from app.conditions.tree import Condition
from gis.text import Text

__all__ = ["FilterLanguage", "parse_filter"]

FilterLanguage = Literal["cql2-text", "cql2-json"]


def parse_filter(given: str, properties: Properties, *, language: FilterLanguage) -> Condition:
    """Read a filter as a condition on rows with these properties.

    Parameters
    ----------
    given : str
        At most 8 KB of text or 64 KB of JSON.
    properties : Properties
        What it may name.
    language : {"cql2-text", "cql2-json"}

    Raises
    ------
    Invalid
        With a code of conditions (``docs/errors.md``): what came, what was expected, what there is.

    Examples
    --------
    >>> from app.conditions.properties import Property
    >>> units = Properties([Property("name", "text", Text("名称", "Name"))])
    >>> parse_filter("name <> '东一网格'", units, language="cql2-text")
    Compare(property='name', operator='<>', value='东一网格')
    >>> parse_filter('{"op": "isNull", "args": [{"property": "name"}]}', units, language="cql2-json")
    IsNull(property='name')
    """
    return read_condition(text_to_json(given) if language == "cql2-text" else _load(given), properties)


def _load(given: str) -> object:
    refuse_large_json(given)
    try:
        found: object = json.loads(given, parse_constant=_refuse_constant)
    except ValueError as error:
        position = error.pos + 1 if isinstance(error, json.JSONDecodeError) else None
        raise syntax_error(Text("JSON", "JSON"), given[(position or 1) - 1 :], position=position) from error
    return found


def _refuse_constant(name: str) -> float:
    raise syntax_error(Text("有限的数字", "a finite number"), name)
