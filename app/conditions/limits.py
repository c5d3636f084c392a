"""How large a condition may be, checked by counting before anything reads it by recursion or at length."""

from __future__ import annotations

import re
from itertools import accumulate

from app.conditions.refusals import too_large
from gis.text import Text

__all__ = ["DEEPEST", "refuse_deep", "refuse_large_json", "refuse_large_text", "refuse_many"]

_LONGEST_TEXT = 8 * 1024
_LONGEST_JSON = 64 * 1024
DEEPEST = 50
"""Operators inside operators, and brackets inside brackets of a text."""
# An operator is an object with a list; the coordinates of a polygon are three lists more, in one more object.
_DEEPEST_JSON = 2 * DEEPEST + 4
_MOST_WORDS = 200
# Every operator, property and date is an object; values of a list are none.
_MOST_OBJECTS = 1_000
_MOST_NODES = 10_000
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_BRACKET = re.compile(r"[][{}]")


def refuse_large_text(given: str) -> None:
    """Refuse a CQL2 text that is too long."""
    _refuse_more(len(given.encode("utf-8", "replace")), _LONGEST_TEXT, Text("字节", "bytes"))


def refuse_large_json(given: str) -> None:
    """Refuse a CQL2 JSON that is too long, too deep or has too many parts; a string counts as one part.

    Examples
    --------
    >>> refuse_large_json('{"op": "=", "args": [{"property": "name"}, "[[[["]}')
    >>> refuse_large_json("[" * 10_000)
    Traceback (most recent call last):
    app.errors.Invalid: 条件过大：括号层数最多 104，收到 10000 | the condition is too large: at most 104 levels of brackets, came 10000
    """
    _refuse_more(len(given.encode("utf-8", "replace")), _LONGEST_JSON, Text("字节", "bytes"))
    outside = _STRING.sub("", given)
    steps = (1 if mark in "[{" else -1 for mark in _BRACKET.findall(outside))
    _refuse_more(max(accumulate(steps), default=0), _DEEPEST_JSON, Text("括号层数", "levels of brackets"))
    _refuse_more(outside.count("{"), _MOST_OBJECTS, Text("运算和属性", "operators and properties"))
    # Every part but the first of a list or an object follows a comma; every list and object has a first one.
    nodes = outside.count(",") + outside.count("[") + outside.count("{")
    _refuse_more(nodes, _MOST_NODES, Text("组成部分", "parts"))


def refuse_deep(depth: int) -> None:
    """Refuse operators or brackets inside one another beyond `DEEPEST`."""
    _refuse_more(depth, DEEPEST, Text("嵌套层数", "levels of operators or brackets"))


def refuse_many(words: int) -> None:
    """Refuse a text with too many of AND, OR and NOT."""
    _refuse_more(words, _MOST_WORDS, Text("AND、OR、NOT 的个数", "of AND, OR and NOT"))


def _refuse_more(found: int, largest: int, what: Text) -> None:
    if found > largest:
        raise too_large(what, largest, found)
