"""Instants from people and from the database: whatever comes, no answer is a fault of ours and every row can be read."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError
from sqlalchemy import Engine, text

from app.db.calendar_limits import is_limit
from app.errors import Invalid
from app.kit.instants import FIRST, LAST, Instant, exists
from app.kit.params import parse_from, parse_instant, parse_until

ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


class _Body(BaseModel):
    at: Instant


@given(st.datetimes(timezones=ZONES))
def test_an_instant_is_taken_in_utc_or_refused_by_name(instant: datetime) -> None:
    sent = instant.isoformat()
    if exists(instant):
        assert _Body(at=sent).at == instant
        # In any zone, there and back.
        assert parse_instant(sent).astimezone(timezone(timedelta(hours=-14))) == instant
        return
    with pytest.raises(ValidationError, match="between"):
        _Body(at=sent)
    with pytest.raises(Invalid) as refusal:
        parse_instant(sent, field="from")
    assert refusal.value.extra["field"] == "from"
    assert sent in refusal.value.text("zh")


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_the_ends_of_the_calendar_are_days_as_others(day: str) -> None:
    for zone in (timezone(timedelta(hours=14)), timezone(timedelta(hours=-14))):
        assert exists(parse_from(day, zone))
        assert exists(parse_until(day, zone))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("infinity", LAST),
        ("-infinity", FIRST),
        ("10000-01-01 00:00:00+00", LAST),
        ("294276-12-31 23:59:59.999999+00", LAST),
        ("4713-01-01 00:00:00+00 BC", FIRST),
        ("0001-12-31 23:59:59+00 BC", FIRST),
        ("9999-12-31 23:59:59.999999-14", LAST),
        ("2026-11-29 05:00:00+00", datetime.fromisoformat("2026-11-29T05:00:00+00:00")),
    ],
)
def test_every_timestamp_of_the_database_can_be_read(owner_engine: Engine, value: str, expected) -> None:
    with owner_engine.connect() as connection:
        found = connection.scalar(text("SELECT CAST(:v AS timestamptz)"), {"v": value})
        assert found == expected
        assert is_limit(found) == (expected in (FIRST, LAST))
        raw: psycopg.Connection = connection.connection.driver_connection
        with raw.cursor(binary=True) as cursor:
            assert cursor.execute("SELECT %s::timestamptz", [value]).fetchone()[0] == expected
