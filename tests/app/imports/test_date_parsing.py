"""Times as registers write them: read as they are meant, refused where they could mean two things."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.imports.date_parsing import parse_dates, parse_times
from gis.errors import InputRefused

CHICAGO = ZoneInfo("America/Chicago")
SHANGHAI = ZoneInfo("Asia/Shanghai")


def times(*values, zone=SHANGHAI, order=None) -> list:
    instants, bad = parse_times(pd.Series(values, dtype="object"), zone, "t", order=order)
    assert str(instants.dtype) == "datetime64[us, UTC]"
    rows = {row.row for row in bad}
    assert rows == {i + 1 for i, value in enumerate(instants) if value is pd.NaT}
    return [None if value is pd.NaT else value.to_pydatetime() for value in instants]


def utc(*parts) -> datetime:
    return datetime(*parts, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-21T14:05:00+08:00", utc(2026, 11, 21, 6, 5)),
        ("2026-11-21T14:05:00Z", utc(2026, 11, 21, 14, 5)),
        ("2026-11-21 14:05:00.250 -0530", utc(2026, 11, 21, 19, 35, 0, 250_000)),
        ("2026-11-21T14:05+08", utc(2026, 11, 21, 6, 5)),
        ("2026-11-21 14:05:07", utc(2026, 11, 21, 6, 5, 7)),
        ("2026-11-21", utc(2026, 11, 20, 16)),
        ("2026/1/2 3:04", utc(2026, 1, 1, 19, 4)),
        ("2026.01.02", utc(2026, 1, 1, 16)),
        ("20260102", utc(2026, 1, 1, 16)),
        ("20260102 0304", None),
        ("2017年7月19日 13:45", utc(2017, 7, 19, 5, 45)),
        ("2017年7月19日 下午1时45分", utc(2017, 7, 19, 5, 45)),
        ("2017年7月19日 13时45分20秒", utc(2017, 7, 19, 5, 45, 20)),
        ("2017-07-19 上午12:05", utc(2017, 7, 18, 16, 5)),
        ("19 July 2017 13:45", utc(2017, 7, 19, 5, 45)),
        ("19-Jul-2017", utc(2017, 7, 18, 16)),
        ("Jul 19, 2017 1:45 PM", utc(2017, 7, 19, 5, 45)),
        ("2026-11-21 24:00", utc(2026, 11, 21, 16)),
        ("1899-12-31 00:00Z", utc(1899, 12, 31)),
        # What says no day, or no such day
        ("13:45", None),
        ("2017", None),
        ("2017-07", None),
        ("2026-02-29", None),
        ("2026-13-01", None),
        ("2026-11-21 25:00", None),
        ("2026-11-21 24:01", None),
        ("2026-11-21 14:60", None),
        ("2026-11-21 14:05:61", None),
        ("2026-11-21 13:05 PM", None),
        ("2026-11-21 0:05 AM", None),
        ("2026-11-21 14:05 CST", None),
        ("2026-11/21", None),
        ("0000-01-01", None),
        ("9999-12-31 24:00", None),
        ("43789", None),
        ("1511272800", None),
        ("yesterday", None),
        ("", None),
        (None, None),
    ],
)
def test_each_form(text, expected):
    assert times(text) == [expected]


def test_typed_columns():
    naive = pd.Series(pd.to_datetime(["2026-11-21 14:05", None]))
    instants, bad = parse_times(naive, SHANGHAI, "t")
    assert instants[0].to_pydatetime() == utc(2026, 11, 21, 6, 5)
    assert [row.row for row in bad] == [2]
    aware = naive.dt.tz_localize("America/Chicago")
    assert parse_times(aware, SHANGHAI, "t")[0][0].to_pydatetime() == utc(2026, 11, 21, 20, 5)
    assert times(date(2026, 11, 21)) == [utc(2026, 11, 20, 16)]
    numbers = pd.Series([20261121, 20261122], dtype="int64")
    assert parse_times(numbers, SHANGHAI, "t")[0][0].to_pydatetime() == utc(2026, 11, 20, 16)


# ---------------------------------------------------------------- month or day first
def test_the_column_decides():
    assert times("7/4/2017 13:45", "7/19/2017 1:05 PM", zone=CHICAGO) == [
        utc(2017, 7, 4, 18, 45),
        utc(2017, 7, 19, 18, 5),
    ]
    assert times("7.4.2017", "19.4.2017", zone=CHICAGO) == [utc(2017, 4, 7, 5), utc(2017, 4, 19, 5)]
    assert times("07-04-2017", "07-19-2017", zone=CHICAGO)[0] == utc(2017, 7, 4, 5)
    # Forms that leave nothing open stand beside them.
    assert times("2017-04-07", "7/19/2017", "Apr 7, 2017", zone=CHICAGO)[0] == utc(2017, 4, 7, 5)


def test_a_column_that_leaves_it_open_is_refused():
    with pytest.raises(InputRefused, match="--date-order") as refusal:
        times("7/4/2017", "8/5/2017")
    assert refusal.value.code == "ambiguous-dates"
    assert "7/4/2017" in refusal.value.detail.zh


def test_a_column_with_both_is_refused():
    with pytest.raises(InputRefused) as refusal:
        times("7/19/2017", "19/7/2017")
    assert "7/19/2017" in refusal.value.detail.en
    assert "19/7/2017" in refusal.value.detail.en


def test_the_caller_may_say():
    assert times("7/4/2017", order="mdy", zone=CHICAGO) == [utc(2017, 7, 4, 5)]
    assert times("7/4/2017", order="dmy", zone=CHICAGO) == [utc(2017, 4, 7, 5)]
    assert times("7/4/2017", "7/19/2017", order="dmy", zone=CHICAGO) == [utc(2017, 4, 7, 5), None]


@pytest.mark.parametrize("text", ["7/4/17", "07-08-19", "19.4.17 13:45", "12/25/17"])
def test_two_digit_years_are_no_guess(text):
    _, bad = parse_times(pd.Series([text]), CHICAGO, "t")
    assert "两位" in bad[0].reason.zh
    assert bad[0].value == text


# ---------------------------------------------------------------- clock changes
def test_a_skipped_hour_is_the_instant_of_the_change():
    # 2017-03-12 02:00 CST became 03:00 CDT in Chicago.
    assert times("2017-03-12 02:30", zone=CHICAGO) == [utc(2017, 3, 12, 8, 0)]
    assert times("2017-03-12 01:59", "2017-03-12 03:00", zone=CHICAGO) == [
        utc(2017, 3, 12, 7, 59),
        utc(2017, 3, 12, 8),
    ]


def test_a_repeated_hour_is_the_earlier_one():
    # 2017-11-05 02:00 CDT became 01:00 CST.
    assert times("2017-11-05 01:30", zone=CHICAGO) == [utc(2017, 11, 5, 6, 30)]
    assert times("2017-11-05 01:30-06:00", zone=CHICAGO) == [utc(2017, 11, 5, 7, 30)]
    assert times("2017-11-05 02:00", zone=CHICAGO) == [utc(2017, 11, 5, 8)]


@given(
    st.datetimes(utc(1950, 1, 1).replace(tzinfo=None), utc(2100, 1, 1).replace(tzinfo=None)),
    st.integers(-14 * 60, 14 * 60),
    st.sampled_from(
        ["%Y-%m-%dT%H:%M:%S.%f", "%Y/%m/%d %H:%M:%S.%f", "%d %b %Y %H:%M:%S.%f", "%B %d, %Y %H:%M:%S.%f"]
    ),
)
def test_what_is_written_with_an_offset_is_read_back(moment, minutes, layout):
    sign = "+" if minutes >= 0 else "-"
    text = f"{moment.strftime(layout)}{sign}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"
    assert times(text) == [moment.replace(tzinfo=UTC) - timedelta(minutes=minutes)]


def test_a_typed_column_with_years_that_no_calendar_has():
    years = np.array(["20000-01-01", "2026-11-29", "-0044-03-15", "0999-12-31"], dtype="datetime64[s]")
    for column in (pd.Series(years), pd.Series(years).dt.tz_localize("UTC")):
        instants, bad = parse_times(column, ZoneInfo("UTC"), "t")
        assert [row.row for row in bad] == [1, 3, 4]
        assert instants[1] == utc(2026, 11, 29)


# ---------------------------------------------------------------- dates
def test_dates():
    days, bad = parse_dates(pd.Series(["2026-11-21", None, " ", "2026年1月2日", "20260103", "often"]), "d")
    assert days.tolist() == [date(2026, 11, 21), None, None, date(2026, 1, 2), date(2026, 1, 3), None]
    assert [(row.row, row.value) for row in bad] == [(6, "often")]
    with pytest.raises(InputRefused, match="--date-order"):
        parse_dates(pd.Series(["03/04/2019"]), "d")
    assert parse_dates(pd.Series(["03/04/2019"]), "d", order="dmy")[0][0] == date(2019, 4, 3)
    assert parse_dates(pd.Series(pd.to_datetime(["2026-11-21"])), "d")[0].tolist() == [date(2026, 11, 21)]
