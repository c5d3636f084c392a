"""The times of incidents in a file: when it happened, when it was reported, when it ended; in that order, and not yet to come."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from app.imports.date_parsing import DateOrder, parse_times
from app.incidents import states
from gis.errors import BadRow
from gis.text import Text


class TimeColumns(NamedTuple):
    """Names of the columns with the times; ``order`` says whether the month or the day comes first where both could."""

    occurred: str
    reported: str | None = None
    closed: str | None = None
    order: DateOrder | None = None


def read_times(
    plain: pd.DataFrame, columns: TimeColumns, zone: ZoneInfo
) -> tuple[pd.DataFrame, list[BadRow]]:
    """Columns `occurred_at`, `reported_at`, `closed_at` (UTC), and the rows that hold no time where there must be one.

    An incident without a time of report was reported when it happened; NaT as its end says that it is not known.
    """
    occurred, bad = parse_times(plain[columns.occurred], zone, columns.occurred, order=columns.order)
    table = pd.DataFrame({"occurred_at": occurred, "reported_at": occurred})
    table["closed_at"] = pd.Series(pd.NaT, index=plain.index, dtype=occurred.dtype)
    for target, name in (("reported_at", columns.reported), ("closed_at", columns.closed)):
        if name:
            times, wrong = parse_times(plain[name], zone, name, order=columns.order, optional=True)
            table[target] = times.fillna(table[target])
            bad += wrong
    return table, bad


def impossible_times(
    table: pd.DataFrame, plain: pd.DataFrame, columns: TimeColumns, zone: ZoneInfo, now: datetime
) -> list[BadRow]:
    """Rows whose times cannot follow one another, that end in the future, or that ended and are open all the same.

    A time at midnight is a date without a time of day, as far as anybody can tell: it may lie on the day of the one
    that it has to follow.
    """
    bad: list[BadRow] = []
    if columns.reported:
        early = _before(table["reported_at"], table["occurred_at"], zone)
        reason = Text("上报时间早于发生时间", "reported before it happened")
        bad += _rows(early, plain[columns.reported], columns.reported, reason)
    if columns.closed:
        early = _before(table["closed_at"], table["reported_at"], zone)
        reason = Text("结案时间早于上报时间", "closed before it was reported")
        bad += _rows(early, plain[columns.closed], columns.closed, reason)
        ahead = (table["closed_at"] > pd.Timestamp(now)).to_numpy()
        reason = Text("结案时间还没有到", "closed at a time that is yet to come")
        bad += _rows(ahead, plain[columns.closed], columns.closed, reason)
        still = (table["closed_at"].notna() & table["state"].isin(states.OPEN)).to_numpy()
        reason = Text("有结案时间，状态却未结案", "has a time of closing, but its state is an open one")
        bad += _rows(still, plain[columns.closed], columns.closed, reason)
    return bad


def _before(later: pd.Series, earlier: pd.Series, zone: ZoneInfo) -> np.ndarray:
    local = later.dt.tz_convert(zone)
    only_a_day = (local == local.dt.normalize()) & (local == earlier.dt.tz_convert(zone).dt.normalize())
    return np.asarray((later < earlier) & ~only_a_day)


def _rows(wrong: np.ndarray, given: pd.Series, column: str, reason: Text) -> list[BadRow]:
    return [BadRow(int(i) + 1, column, reason, str(given.iloc[i])) for i in np.flatnonzero(wrong)]
