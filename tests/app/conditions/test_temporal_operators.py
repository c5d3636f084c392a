"""What temporal operators mean: which days fit."""

from __future__ import annotations

from datetime import date

import pytest

from app.conditions.parser import parse_filter
from app.conditions.predicate import to_predicate
from tests.app.conditions.filters import PROPERTIES

WEEK = "INTERVAL('2026-11-02', '2026-11-04')"
FITS = {
    "T_AFTER(day, DATE('2026-11-03'))": [4, 5],
    "T_BEFORE(day, DATE('2026-11-03'))": [1, 2],
    "T_EQUALS(day, DATE('2026-11-03'))": [3],
    "T_INTERSECTS(day, DATE('2026-11-03'))": [3],
    "T_DISJOINT(day, DATE('2026-11-03'))": [1, 2, 4, 5],
    f"T_AFTER(day, {WEEK})": [5],
    f"T_BEFORE(day, {WEEK})": [1],
    f"T_INTERSECTS(day, {WEEK})": [2, 3, 4],
    f"T_DURING(day, {WEEK})": [3],
    f"T_DISJOINT(day, {WEEK})": [1, 5],
    "T_INTERSECTS(day, INTERVAL('2026-11-04', '..'))": [4, 5],
    "T_DURING(day, INTERVAL('..', '2026-11-04'))": [1, 2, 3],
    "T_DISJOINT(day, INTERVAL('..', '2026-11-04'))": [5],
    "T_BEFORE(day, INTERVAL('2026-11-02', '..'))": [1],
    "day >= DATE('2026-11-04')": [4, 5],
    "day BETWEEN DATE('2026-11-02') AND DATE('2026-11-04')": [2, 3, 4],
}


@pytest.mark.parametrize("text", FITS)
def test_the_days_that_fit(text: str) -> None:
    fits = to_predicate(parse_filter(text, PROPERTIES, language="cql2-text"))
    assert [day for day in range(1, 6) if fits({"day": date(2026, 11, day)})] == FITS[text]
    assert fits({"day": None}) is None


def test_instants_are_compared_whatever_their_offset() -> None:
    text = "seen = TIMESTAMP('2026-11-01T08:00:00+08:00') AND T_AFTER(seen, TIMESTAMP('2026-10-31T23:59:59.999999Z'))"
    made = parse_filter(text, PROPERTIES, language="cql2-text")
    assert made == parse_filter(text.replace("08:00:00+08:00", "00:00:00Z"), PROPERTIES, language="cql2-text")
