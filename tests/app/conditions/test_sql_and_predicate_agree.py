"""One condition, two compilers, one answer: PostGIS and Python choose the same rows, from text and from JSON alike."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import cql2
import pytest
import shapely
from geoalchemy2.elements import WKBElement
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, delete, insert, select

from app.conditions.parser import parse_filter
from app.conditions.predicate import to_predicate
from app.conditions.reader import read_condition
from app.conditions.sql import to_sql
from tests.app.conditions.filters import FILTERS, PROPERTIES, ROWS, STORED, as_text, numbers, op, prop
from tests.fixtures.properties import effort


@pytest.fixture(scope="module")
def connection(owner_engine: Engine) -> Iterator[Connection]:
    # Without a transaction, which the server would end while the tests between do not ask it anything.
    with owner_engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        ROWS.create(connection)
        yield connection
        ROWS.drop(connection)


def store(connection: Connection, rows: list[dict[str, Any]]) -> None:
    connection.execute(delete(ROWS))
    stored = [
        {**row, "id": at, "place": row["place"] and WKBElement(shapely.to_wkb(row["place"]), srid=4326)}
        for at, row in enumerate(rows)
    ]
    connection.execute(insert(ROWS), stored)


def of_json(filter_: Any) -> Any:
    return parse_filter(json.dumps(filter_), PROPERTIES, language="cql2-json")


@settings(max_examples=effort(300, deep=5_000))
@given(FILTERS, st.lists(STORED, min_size=1, max_size=8))
def test_the_same_rows_fit(connection: Connection, filter_: Any, rows: list[dict[str, Any]]) -> None:
    condition = of_json(filter_)
    store(connection, rows)
    chosen = connection.execute(select(ROWS.c.id, to_sql(condition, PROPERTIES).label("fits")))
    fits = to_predicate(condition)
    assert {at: fits(row) for at, row in enumerate(rows)} == dict(map(tuple, chosen))
    within = connection.scalars(select(ROWS.c.id).where(to_sql(condition, PROPERTIES)))
    assert set(within) == {at for at, row in enumerate(rows) if fits(row)}


ODD_TEXTS = ["", " ", "a", "A", "B", "aB", "a_", "a%", "%", "_", "\\", "a\\b", "\\%", "'", '"', "甲", "甲乙", "乙", "é", "e\u0301", "\uffee", "𠮷", "甲\n乙"]  # fmt: skip
PATTERNS = [
    "",
    "%",
    "_",
    "__",
    "a_",
    "_%_",
    "%a%",
    "\\%",
    "\\_",
    "\\\\",
    "a\\%",
    "%\\_",
    "甲%",
    "_乙",
    "%\n%",
    "\\a%",
    "%%",
    "%_B",
]
INTEGERS = [0, 1, -1, 2**53 - 1, 2**53, 2**53 + 1, 2**63 - 1, -(2**63)]
NUMBERS = [*INTEGERS, 2**63, -(2**63) - 1, 10**30, 0.5, -0.0, 1.0, 2.0**53, 9.3e18, 1e300, 5e-324, -1.5]
STORED_NUMBERS = [*map(float, NUMBERS), math.nan, math.inf, -math.inf, 0.1]
SEEN = [datetime(2026, 1, 1, hour, 0, second, tzinfo=zone) for hour in (0, 8) for second in (0, 1) for zone in (UTC, timezone(timedelta(hours=8)))]  # fmt: skip
DATES = [date(1970, 1, 1), date(2026, 2, 28), date(2026, 3, 1)]
ORDER = ("=", "<>", "<", "<=", ">", ">=")


def every_pair() -> dict[str, tuple[list[Any], list[Any]]]:
    """Of each property all values that are stored, and filters with all literals."""
    seen = [{"timestamp": at.isoformat()} for at in SEEN]
    days = [{"date": day.isoformat()} for day in DATES]

    def compared(name: str, literals: list[Any], signs: tuple[str, ...] = ORDER) -> list[Any]:
        return [op(sign, prop(name), literal) for sign in signs for literal in literals]

    def during(name: str, literals: list[Any]) -> list[Any]:
        ends = [*(next(iter(each.values())) for each in literals), ".."]
        return [
            op(relation, prop(name), {"interval": [begin, end]})
            for relation in ("t_during", "t_intersects", "t_disjoint")
            for begin in ends
            for end in ends
            if (begin, end) != ("..", "..")
        ]

    return {
        "name": (
            ODD_TEXTS,
            compared("name", ODD_TEXTS) + [op("like", prop("name"), each) for each in PATTERNS],
        ),
        "count": (INTEGERS, [*compared("count", NUMBERS), op("in", prop("count"), NUMBERS)]),
        "share": (STORED_NUMBERS, [*compared("share", NUMBERS), op("in", prop("share"), NUMBERS)]),
        "open": ([True, False], [prop("open"), *compared("open", [True, False], ("=", "<>"))]),
        "seen": (SEEN, compared("seen", seen) + during("seen", seen)),
        "day": (DATES, compared("day", days) + during("day", days)),
    }


@pytest.mark.parametrize("name", every_pair())
def test_every_literal_beside_every_value(connection: Connection, name: str) -> None:
    values, filters = every_pair()[name]
    rows = [dict.fromkeys(ROWS.c.keys()[1:]) | {name: value} for value in [*values, None]]
    store(connection, rows)
    for filter_ in filters:
        condition = of_json(filter_)
        fits = to_predicate(condition)
        chosen = connection.execute(select(ROWS.c.id, to_sql(condition, PROPERTIES).label("fits")))
        assert dict(map(tuple, chosen)) == {at: fits(row) for at, row in enumerate(rows)}, filter_


@settings(max_examples=effort(300, deep=5_000))
@given(FILTERS)
@example(op("like", prop("name"), "a\\\\"))
@example(op("=", prop("name"), "\\'' OR 1=1 --"))
def test_text_and_json_are_the_same_condition(filter_: Any) -> None:
    assert parse_filter(as_text(filter_), PROPERTIES, language="cql2-text") == of_json(filter_)


@settings(max_examples=effort(200, deep=5_000))
@given(FILTERS)
def test_the_parser_of_the_package_reads_text_as_ours_does(filter_: Any) -> None:
    """Well-formed text only: the package never ends with some that is not (`app.conditions.text_parser`)."""
    # It holds numbers as doubles.
    assume(all(abs(each) <= 2**53 for each in numbers(filter_)))
    theirs = cql2.parse_text(as_text(filter_)).to_json()
    assert read_condition(theirs, PROPERTIES) == of_json(filter_)


PRECEDENCE = {
    "open OR count = 1 AND share = 2": op("or", prop("open"), op("and", op("=", prop("count"), 1), op("=", prop("share"), 2))),
    "NOT count = 1 AND open": op("and", op("not", op("=", prop("count"), 1)), prop("open")),
    "NOT count BETWEEN 1 AND 2 OR open": op("or", op("not", op("between", prop("count"), 1, 2)), prop("open")),
    "count between 1 and 2 and open": op("and", op("between", prop("count"), 1, 2), prop("open")),
    "NOT NOT open": op("not", op("not", prop("open"))),
    "name NOT LIKE 'a%'": op("not", op("like", prop("name"), "a%")),
    "name NOT IN ('甲', '乙')": op("not", op("in", prop("name"), ["甲", "乙"])),
    "count NOT BETWEEN -1 AND +2": op("not", op("between", prop("count"), -1, 2)),
    "place IS NOT NULL": op("not", op("isNull", prop("place"))),
    "(open)": prop("open"),
    "((count) = (1))": op("=", prop("count"), 1),
    "1 < count": op(">", prop("count"), 1),
    "count != 1": op("<>", prop("count"), 1),
    "open = true AND TRUE": op("and", op("=", prop("open"), True), True),
    "S_INTERSECTS(POINT(1 2), place)": op("s_intersects", prop("place"), {"type": "Point", "coordinates": [1, 2]}),
    "S_INTERSECTS(place, POINT Z(1 2 3))": op("s_intersects", prop("place"), {"type": "Point", "coordinates": [1, 2]}),
    "s_within(place, BBOX(0,0,0,1,1,9))": op("s_within", prop("place"), {"bbox": [0, 0, 1, 1]}),
}  # fmt: skip


@pytest.mark.parametrize("text", PRECEDENCE)
def test_what_binds_first(text: str) -> None:
    expected = of_json(PRECEDENCE[text])
    assert parse_filter(text, PROPERTIES, language="cql2-text") == expected
    assert read_condition(cql2.parse_text(text).to_json(), PROPERTIES) == expected
