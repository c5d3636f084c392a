"""Literals of CQL2 JSON, read as values of the property's kind that they stand beside."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from datetime import date, datetime

from app.conditions.properties import Kind, Property
from app.conditions.refusals import wrong_type
from app.conditions.tree import Value
from app.errors import Invalid
from app.kit.instants import read_instant
from gis.text import Text

__all__ = ["describe", "read_interval_end", "read_text", "read_value"]

_EXPECTED: Mapping[Kind, Text] = {
    "text": Text("文字（'…'）", "a text ('…')"),
    "integer": Text("数字", "a number"),
    "number": Text("数字", "a number"),
    "boolean": Text("TRUE 或 FALSE", "TRUE or FALSE"),
    "instant": Text(
        "带时区的时刻 TIMESTAMP('2026-11-01T00:00:00Z')", "an instant TIMESTAMP('2026-11-01T00:00:00Z')"
    ),
    "date": Text("日期 DATE('2026-11-01')", "a date DATE('2026-11-01')"),
    "geometry": Text("s_intersects 或 s_within 的图形", "a shape of s_intersects or s_within"),
}
_NO_TEXT = re.compile("[\ud800-\udfff\x00]")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def describe(given: object) -> str:
    """What came, as JSON, to be shown in a refusal.

    >>> describe({"date": "2026-11-01"})
    '{"date": "2026-11-01"}'
    """
    return json.dumps(given, ensure_ascii=False)


def read_value(of: Property, given: object) -> Value:
    """Read a literal as the value that rows hold: whole numbers of integers as int, numbers as float, instants in UTC.

    Raises
    ------
    Invalid
        It is of another type than the property (``condition-type``), or a text that cannot be stored (``not-text``).
    """
    value = _READERS[of.kind](given)
    if value is None:
        raise wrong_type(of.name, _EXPECTED[of.kind], describe(given))
    return value


def read_text(given: object) -> str | None:
    """Read a text; None for what is none."""
    if not isinstance(given, str):
        return None
    if _NO_TEXT.search(given):
        raise Invalid(
            "条件里的文字含 NUL 或半个字符",
            "a text of the condition holds NUL or half a character",
            code="not-text",
        )
    return given


def read_interval_end(of: Property, given: str) -> Value:
    """Read an end of an interval, which is written without saying whether it is a timestamp or a date."""
    return read_value(of, {"timestamp" if of.kind == "instant" else "date": given})


def _integer(given: object) -> int | float | None:
    number = _finite(given)
    return int(number) if isinstance(number, float) and number.is_integer() else number


def _number(given: object) -> float | None:
    number = _finite(given)
    try:
        return None if number is None else float(number)
    except OverflowError:
        return None


def _finite(given: object) -> int | float | None:
    if isinstance(given, bool) or not isinstance(given, int | float):
        return None
    return given if isinstance(given, int) or math.isfinite(given) else None


def _boolean(given: object) -> bool | None:
    return given if isinstance(given, bool) else None


def _instant(given: object) -> datetime | None:
    text = _member(given, "timestamp")
    return None if text is None else read_instant(text)


def _date(given: object) -> date | None:
    text = _member(given, "date")
    try:
        return None if text is None or not _DAY.fullmatch(text) else date.fromisoformat(text)
    except ValueError:
        return None


def _member(given: object, name: str) -> str | None:
    if isinstance(given, dict) and given.keys() == {name} and isinstance(given[name], str):
        return str(given[name])
    return None


def _never(given: object) -> None:  # noqa: ARG001 - shapes are compared by no operator
    return None


_READERS = {
    "text": read_text,
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
    "instant": _instant,
    "date": _date,
    "geometry": _never,
}
