"""Every filter that cannot be compiled is refused quickly, by name, in both languages, and the process lives."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.conditions.limits import DEEPEST
from app.conditions.parser import FilterLanguage, parse_filter
from app.conditions.sql import to_sql
from app.errors import Invalid
from tests.app.conditions.filters import PROPERTIES, op, prop

_LEAF = op("=", prop("count"), 1)


def refused(given: str, language: FilterLanguage = "cql2-text") -> Invalid:
    started = time.perf_counter()
    with pytest.raises(Invalid) as refusal:
        parse_filter(given, PROPERTIES, language=language)
    assert time.perf_counter() - started < 2
    return refusal.value


def nested(depth: int) -> Any:
    found: Any = _LEAF
    for _ in range(depth):
        found = op("not", found)
    return found


# Some of these end the process, or never end, in the parser of the package `cql2` 0.6.
HUGE = {
    "2,000 brackets": "(" * 2_000 + "count = 1" + ")" * 2_000,
    "10,000 brackets": "(" * 10_000 + "count = 1" + ")" * 10_000,
    "brackets in a call": "f(" * 2_000,
    "5,000 NOT": "NOT " * 5_000 + "open",
    "1,500 NOT in 8 KB": "NOT " * 1_500 + "open",
    "51 NOT": "NOT " * (DEEPEST + 1) + "open",
    "50,000 AND": " AND ".join(["open"] * 50_000),
    "300 AND": " AND ".join(["open"] * 300),
    "300 or": "or".join(["(open)"] * 300),
    "NOT and brackets": "NOT (" * 60 + "open" + ")" * 60,
    "a giant string": f"name = '{'x' * 1_000_000}'",
    "a giant string of Chinese": f"name = '{'甲' * 3_000}'",
    "a giant name": f'"{"x" * 9_000}" = 1',
}


@pytest.mark.parametrize("what", HUGE)
def test_huge_text(what: str) -> None:
    assert refused(HUGE[what]).code == "condition-too-large"


HUGE_JSON = {
    "deep lists": "[" * 100_000,
    "deep objects": '{"a":' * 10_000 + "1" + "}" * 10_000,
    "deep conditions": json.dumps(nested(DEEPEST + 1)),
    "deeper conditions": json.dumps(nested(200)),
    "a giant string": json.dumps(op("=", prop("name"), "x" * 70_000)),
    "many operators": json.dumps(op("or", *[_LEAF] * 501)),
    "many parts": json.dumps(op("in", prop("count"), [1] * 10_000), separators=(",", ":")),
}


@pytest.mark.parametrize("what", HUGE_JSON)
def test_huge_json(what: str) -> None:
    assert refused(HUGE_JSON[what], "cql2-json").code == "condition-too-large"


def test_the_largest_that_are_taken_compile() -> None:
    for filter_ in (nested(DEEPEST), op("or", *[_LEAF] * 499), op("in", prop("count"), [*range(9_000)])):
        made = parse_filter(json.dumps(filter_), PROPERTIES, language="cql2-json")
        assert str(to_sql(made, PROPERTIES).compile())
    deep = "(" * DEEPEST + "count = 1" + ")" * DEEPEST
    deep_not = "NOT (" * (DEEPEST - 1) + "count = 1" + ")" * (DEEPEST - 1)
    for text in (deep, deep_not, " OR ".join(["count = 1"] * 201), f"name = '{'(NOT ' * 1_000}'"):
        assert str(to_sql(parse_filter(text, PROPERTIES, language="cql2-text"), PROPERTIES).compile())


# In the package each bracket more doubles the time that these take.
UNENDING = {
    "open": "(" * 45 + "count = 1",
    "empty": "(" * 45 + ")" * 45,
    "no value": "(" * 45 + "count = " + ")" * 45,
    "two words": "(" * 45 + "count count" + ")" * 45,
    "open in a chain": "(count = 1 AND " * 45 + "count = 2",
    "signs": "count = " + "-" * 4_000 + "1",
    "comparisons": "=".join(["count"] * 1_000),
    "closing": ")" * 4_000,
    "quotes": "'" * 7_999,
    "a sum": "count = " + "+".join(["1"] * 3_000),
}


@pytest.mark.parametrize("what", UNENDING)
def test_malformed_text_is_refused_at_once(what: str) -> None:
    assert refused(UNENDING[what]).code in ("condition-unreadable", "condition-unsupported")


def read_or_refuse(given: str, language: FilterLanguage) -> None:
    """Nothing but a refusal may be raised; what is read compiles."""
    try:
        made = parse_filter(given, PROPERTIES, language=language)
    except Invalid:
        return
    assert str(to_sql(made, PROPERTIES).compile())


@given(st.text("(),='\"<>-+*1a.%甲 \\") | st.lists(st.sampled_from([
    "(", ")", ",", "=", "<", "NOT", "AND", "OR", "IN", "LIKE", "BETWEEN", "IS", "NULL", "name", "count", "'x'", "1",
    "-", "POINT", "POLYGON", "BBOX", "S_INTERSECTS", "INTERVAL", "DATE", "TRUE", "casei",
])).map(" ".join))  # fmt: skip
def test_any_text_is_read_or_refused(text: str) -> None:
    read_or_refuse(text, "cql2-text")


_VALUES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
_NAMES = st.sampled_from(
    ["op", "args", "property", "type", "coordinates", "bbox", "date", "timestamp", "interval"]
)


@given(st.recursive(_VALUES, lambda inner: st.lists(inner) | st.dictionaries(_NAMES, inner)) | st.builds(
    op,
    st.sampled_from(["and", "not", "=", "<", "in", "like", "between", "isNull", "s_intersects", "t_during", "casei"]),
    st.sampled_from(["name", "count", "place", "seen"]).map(prop) | _VALUES,
    st.recursive(_VALUES, lambda inner: st.lists(inner) | st.dictionaries(_NAMES, inner)),
))  # fmt: skip
def test_any_json_is_read_or_refused(filter_: Any) -> None:
    read_or_refuse(json.dumps(filter_), "cql2-json")


REFUSED = {
    "nam = 'x'": ("unknown-property", "name"),
    "\"no\nsuch\" = 'x'": ("unknown-property", "\\n"),
    "count = 'x'": ("condition-type", "count"),
    "name = 1": ("condition-type", "'…'"),
    "share = TRUE": ("condition-type", "true"),
    "share = 1e400": ("condition-type", "Infinity"),
    "share = 1" + "0" * 400: ("condition-type", "share"),
    "count IN (1, 'x')": ("condition-type", '"x"'),
    "open < TRUE": ("condition-type", "<"),
    "open BETWEEN FALSE AND TRUE": ("condition-type", ">="),
    "seen > DATE('2026-11-01')": ("condition-type", "TIMESTAMP"),
    "seen > TIMESTAMP('2026-11-01T00:00:00')": ("condition-type", "seen"),
    "seen > '2026-11-01T00:00:00Z'": ("condition-type", "seen"),
    "day = DATE('2026-02-30')": ("condition-type", "2026-02-30"),
    "day = DATE('20260228')": ("condition-type", "20260228"),
    "T_DURING(day, DATE('2026-02-28'))": ("condition-type", "t_during"),
    "T_AFTER(day, INTERVAL('2026-02-28', '..'))": ("condition-type", "t_after"),
    "T_INTERSECTS(day, INTERVAL('..', '..'))": ("condition-type", ".."),
    "T_AFTER(name, DATE('2026-02-28'))": ("condition-type", "name"),
    "place = 1": ("condition-type", "s_intersects"),
    "S_INTERSECTS(name, POINT(1 2))": ("condition-type", "name"),
    "count LIKE 'x'": ("condition-type", "like"),
    "name LIKE 1": ("condition-type", "1"),
    "name LIKE 'x\\'": ("condition-unreadable", "\\"),
    "name": ("condition-unreadable", "name"),
    "": ("condition-unreadable", "1"),
    "name = 'x' y": ("condition-unreadable", "12"),
    "name = 'x": ("condition-unreadable", "8"),
    "count IN ()": ("condition-unreadable", "11"),
    "count = 1 = 2": ("condition-unreadable", "11"),
    "name IS 'x'": ("condition-unreadable", "NULL"),
    "name NOT = 'x'": ("condition-unreadable", "LIKE"),
    "count ＝ 1": ("condition-unreadable", "＝"),
    "count = 1" + "0" * 5_000: ("condition-unreadable", "9"),
    "CASEI(name) = 'x'": ("condition-unsupported", "CASEI"),
    "ACCENTI(name) = 'x'": ("condition-unsupported", "ACCENTI"),
    "S_TOUCHES(place, POINT(1 2))": ("condition-unsupported", "S_TOUCHES"),
    "A_CONTAINS(name, ('x'))": ("condition-unsupported", "A_CONTAINS"),
    "pg_sleep(10) = 1": ("condition-unsupported", "pg_sleep"),
    "count + 1 = 2": ("condition-unsupported", "+"),
    "count DIV 2 = 2": ("condition-unsupported", "DIV"),
    "count = -share": ("condition-unreadable", "share"),
    "count = share": ("condition-unsupported", "share"),
    "(open = TRUE) = TRUE": ("condition-unsupported", "="),
    "S_INTERSECTS(place, LINESTRING(1 2, 3 4))": ("condition-unsupported", "LINESTRING"),
    "S_INTERSECTS(place, place)": ("condition-unsupported", "place"),
    "S_INTERSECTS(place, POINT(36 120))": ("condition-geometry", "120"),
    "S_INTERSECTS(place, POINT(1))": ("condition-geometry", "1"),
    "S_INTERSECTS(place, BBOX(1, 2, 3))": ("condition-geometry", "3"),
    "S_INTERSECTS(place, BBOX(1, 9, 3, 2))": ("condition-geometry", "9"),
    "S_INTERSECTS(place, POLYGON((0 0, 1 1, 1 0)))": ("condition-geometry", "1"),
    "S_INTERSECTS(place, POLYGON((0 0, 1 1, 1 0, 0 1)))": ("condition-geometry", "closed"),
    "S_INTERSECTS(place, POLYGON((0 0, 1 1, 1 0, 0 1, 0 0)))": ("condition-geometry", "Self-intersection"),
    "name = 'a\x00b'": ("not-text", "NUL"),
}


@pytest.mark.parametrize("text", REFUSED)
def test_refusals_name_what_came_and_what_was_expected(text: str) -> None:
    code, part = REFUSED[text]
    refusal = refused(text)
    assert (refusal.code, part in str(refusal)) == (code, True), str(refusal)
    assert refusal.detail.zh != refusal.detail.en


REFUSED_JSON = {
    "": "condition-unreadable",
    "{": "condition-unreadable",
    "null": "condition-unreadable",
    "[]": "condition-unreadable",
    '{"op": "=", "args": [{"property": "share"}, NaN]}': "condition-unreadable",
    '{"op": "=", "args": [{"property": "share"}, 1e999]}': "condition-type",
    '{"op": "=", "args": [{"property": "count"}, 1%s]}' % ("0" * 5_000): "condition-unreadable",
    '{"op": "=", "args": [{"property": "name"}, null]}': "condition-type",
    '{"op": "=", "args": [{"property": "name"}, "\\ud800"]}': "not-text",
    '{"op": "=", "args": [{"property": "name"}]}': "condition-unreadable",
    '{"op": "=", "args": {"property": "name"}}': "condition-unreadable",
    '{"op": "=", "args": [1, 1]}': "condition-unreadable",
    '{"op": "and", "args": [true]}': "condition-unreadable",
    '{"op": "not", "args": [true, true]}': "condition-unreadable",
    '{"op": "not", "args": [true], "sql": "1=1"}': "condition-unreadable",
    '{"op": ["and"], "args": []}': "condition-unreadable",
    '{"op": "in", "args": [{"property": "name"}, []]}': "condition-unreadable",
    '{"op": "=", "args": [{"op": "casei", "args": [{"property": "name"}]}, "x"]}': "condition-unsupported",
    '{"op": "DROP TABLE", "args": []}': "condition-unsupported",
    '{"op": "s_intersects", "args": [{"property": "place"}, {"type": "MultiPoint", "coordinates": []}]}': "condition-unsupported",
    '{"op": "s_intersects", "args": [{"property": "place"}, {"type": "Point", "coordinates": [true, 1]}]}': "condition-geometry",
    '{"op": "s_intersects", "args": [{"property": "place"}, {"bbox": [1, 2, 3, 1e999]}]}': "condition-geometry",
    '{"op": "s_intersects", "args": [{"property": "place"}, {"type": "Polygon", "coordinates": []}]}': "condition-geometry",
}


@pytest.mark.parametrize("text", REFUSED_JSON)
def test_refusals_of_json(text: str) -> None:
    assert refused(text, "cql2-json").code == REFUSED_JSON[text]


def test_no_text_of_a_person_is_in_the_statement() -> None:
    made = parse_filter(
        "name = '''; DROP TABLE unit; --' OR name LIKE '%evil%' OR name IN ('evil')",
        PROPERTIES,
        language="cql2-text",
    )
    statement = str(to_sql(made, PROPERTIES).compile())
    assert "evil" not in statement
    assert "DROP" not in statement
