"""Times and dates as registers write them. What could mean two things is refused, never guessed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from gis.errors import BadRow, InputRefused
from gis.text import Text

__all__ = ["DateOrder", "parse_dates", "parse_times"]

DateOrder = Literal["mdy", "dmy"]

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            *("jan january", "feb february", "mar march", "apr april", "may", "jun june", "jul july"),
            *("aug august", "sep sept september", "oct october", "nov november", "dec december"),
        ),
        start=1,
    )
    for name in names.split()
}
_TIME = (
    r"(?:(?:T|\s+)(?P<early>上午|下午)?\s*(?P<hour>\d{1,2})\s*[:：时]\s*(?P<minute>\d{1,2})"
    r"(?:\s*[:：分]\s*(?:(?P<second>\d{1,2})(?:[.,](?P<part>\d{1,9}))?秒?)?)?\s*(?P<late>[AaPp]\.?[Mm]\.?)?)?"
    r"\s*(?P<offset>[Zz]|[+-]\d{2}(?::?\d{2})?)?"
)
# Year first, in any usual dress; eight digits; month or day first; and months by name. One separator throughout.
_LAYOUTS = (
    *(rf"(?P<year>\d{{4}}){s}(?P<month>\d{{1,2}}){s}(?P<day>\d{{1,2}})" for s in ("-", "/", r"\.")),
    r"(?P<year>\d{4})\s*年\s*(?P<month>\d{1,2})\s*月\s*(?P<day>\d{1,2})\s*日",
    r"(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})",
    r"(?P<day>\d{1,2})[ -](?P<month>[A-Za-z]{3,9})\.?[ ,-]+(?P<year>\d{4})",
    r"(?P<month>[A-Za-z]{3,9})\.? +(?P<day>\d{1,2}),? +(?P<year>\d{4})",
)
# Which of the two is the month, the column decides.
_OPEN_LAYOUTS = tuple(
    rf"(?P<one>\d{{1,2}}){s}(?P<other>\d{{1,2}}){s}(?P<year>\d{{4}})" for s in ("/", "-", r"\.")
)
_FIRST_YEAR, _LAST_YEAR = 1000, 9998
_SHORT_YEAR = r"\d{1,2}[-/.]\d{1,2}[-/.]\d{2}(?!\d).*"


@dataclass(frozen=True)
class _Read:
    """Wall-clock times (NaT where there is none), and minutes east of Greenwich where they are written (else NaN)."""

    wall: pd.Series
    offset: np.ndarray


def parse_times(
    given: pd.Series,
    zone: ZoneInfo,
    column: str,
    *,
    order: DateOrder | None = None,
    optional: bool = False,
) -> tuple[pd.Series, list[BadRow]]:
    """Instants (UTC) of a column, and the rows that hold none; with ``optional`` a row may be empty.

    Times without an offset are read in ``zone``: an hour that a clock change repeats is the earlier one, an hour that it
    skips becomes the instant of the change. For ``7/19/2017`` the whole column decides whether the month or the day
    comes first, unless ``order`` says so; a column that leaves it open, or that has both, is refused.
    """
    text = given.astype("string").str.strip()
    blank = (text.isna() | (text == "")) & optional
    if isinstance(given.dtype, pd.DatetimeTZDtype) or pd.api.types.is_datetime64_any_dtype(given):
        # A typed column holds years that neither the calendar nor the column it goes to has.
        given = given.mask((given.dt.year < _FIRST_YEAR) | (given.dt.year > _LAST_YEAR))
    if isinstance(given.dtype, pd.DatetimeTZDtype):
        instants = given.dt.tz_convert("UTC").astype("datetime64[us, UTC]")
        return instants, _bad(instants.isna() & ~blank, given, column, _NO_TIME)
    if pd.api.types.is_datetime64_any_dtype(given):
        return _localised(given, zone), _bad(given.isna() & ~blank, given, column, _NO_TIME)
    read = _read(text.mask(blank), column, order)
    instants = _localised(read.wall, zone)
    stated = ~np.isnan(read.offset)
    if stated.any():
        east = pd.to_timedelta(read.offset[stated], unit="m")
        instants[stated] = (read.wall[stated] - east).dt.tz_localize("UTC").astype("datetime64[us, UTC]")
    return instants, _bad(instants.isna() & ~blank, text, column, _NO_TIME)


def parse_dates(
    given: pd.Series, column: str, *, order: DateOrder | None = None
) -> tuple[pd.Series, list[BadRow]]:
    """Days of a column as `datetime.date` (None where nothing is written), and the rows that hold something else."""
    if pd.api.types.is_datetime64_any_dtype(given):
        return _days(given), []
    text = given.astype("string").str.strip()
    blank = text.isna() | (text == "")
    read = _read(text.mask(blank), column, order)
    return _days(read.wall), _bad(read.wall.isna() & ~blank, text, column, _NO_DATE)


def _days(wall: pd.Series) -> pd.Series:
    days: pd.Series = wall.dt.date.astype(object).where(wall.notna(), None)
    return days


_NO_TIME = Text(
    "不是时间（应如 2026-11-21T14:05:00+08:00）",
    "not a time (expected like 2026-11-21T14:05:00+08:00)",
)
_NO_DATE = Text("不是日期（应如 2026-11-21）", "not a date (expected like 2026-11-21)")
_SHORT = Text("年份只有两位，请写四位", "the year has two digits; write four")


Found = dict[str, pa.Array]


def _read(text: pd.Series, column: str, order: DateOrder | None) -> _Read:
    words = pa.array(text.astype("object").where(text.notna(), None), pa.string())
    wall = np.full(len(words), np.datetime64("NaT"), dtype="datetime64[us]")
    offset = np.full(len(words), np.nan)
    rest = np.flatnonzero(~np.asarray(words.is_null()))
    for layout in _LAYOUTS:
        rest, rows, found = _matching(words, rest, layout)
        if rows.size:
            wall[rows], offset[rows] = _moments(found), _minutes_east(found["offset"])
    left_open: list[tuple[np.ndarray, Found]] = []
    for layout in _OPEN_LAYOUTS:
        rest, rows, found = _matching(words, rest, layout)
        if rows.size:
            left_open.append((rows, found))
    if left_open:
        month, day = _in_order(left_open, words, column, order)
        for rows, found in left_open:
            named = {**found, "month": found[month], "day": found[day]}
            wall[rows], offset[rows] = _moments(named), _minutes_east(found["offset"])
    return _Read(pd.Series(wall, index=text.index), offset)


def _matching(words: pa.Array, rest: np.ndarray, layout: str) -> tuple[np.ndarray, np.ndarray, Found]:
    """Rows still without a match, rows that match the layout, and the parts of those."""
    if not rest.size:
        return rest, rest, {}
    matched = pc.extract_regex(words.take(pa.array(rest)), f"^{layout}{_TIME}$")
    hit = np.asarray(matched.is_valid())
    chosen = matched.filter(pa.array(hit))
    return rest[~hit], rest[hit], {field.name: chosen.field(field.name) for field in matched.type}


def _in_order(
    left_open: list[tuple[np.ndarray, Found]], words: pa.Array, column: str, order: DateOrder | None
) -> tuple[str, str]:
    """Decide for the whole column which part is the month and which the day."""
    rows = np.concatenate([rows for rows, _ in left_open])
    one = np.concatenate([_numbers(found["one"]) for _, found in left_open])
    other = np.concatenate([_numbers(found["other"]) for _, found in left_open])
    month_first, day_first = bool((other > 12).any()), bool((one > 12).any())
    if order is None and month_first and day_first:
        first, second = (words[int(rows[np.argmax(part > 12)])].as_py() for part in (other, one))
        raise InputRefused(
            f"列 {column} 里有的日期月在前（{first}），有的日在前（{second}），请统一写成 2017-07-19 这样",
            f"column {column} has dates with the month first ({first}) and with the day first ({second}); "
            "write them all as 2017-07-19",
            code="ambiguous-dates",
        )
    if order is None and not (month_first or day_first):
        sample = words[int(rows[0])].as_py()
        raise InputRefused(
            f"列 {column} 的日期（如 {sample}）分不清月和日的先后，请用 --date-order mdy 或 dmy 指明",
            f"column {column}: month and day cannot be told apart in dates like {sample}; "
            "say which comes first with --date-order mdy or dmy",
            code="ambiguous-dates",
        )
    takes_month = order == "mdy" if order else month_first
    return ("one", "other") if takes_month else ("other", "one")


def _moments(found: Found) -> np.ndarray:
    """Wall-clock times; NaT for a day or an hour that there is not."""
    year, day = _numbers(found["year"]), _numbers(found["day"])
    month = _months(found["month"])
    hour, minute, second = (np.nan_to_num(_numbers(found[name])) for name in ("hour", "minute", "second"))
    late = _words(pc.utf8_slice_codeunits(pc.utf8_lower(found["late"]), 0, 1))
    early = _words(found["early"])
    half = np.where(early == "下午", "p", np.where(early == "上午", "a", late))
    twelve = half != ""
    wrong = twelve & ((hour < 1) | (hour > 12))
    hour = np.where(twelve, hour % 12 + 12 * (half == "p"), hour)
    # The end of a day is written 24:00 in many registers.
    next_day = (hour == 24) & (minute == 0) & (second == 0)
    wrong |= ((hour > 23) & ~next_day) | (minute > 59) | (second > 59)
    wrong |= (year < _FIRST_YEAR) | (year > _LAST_YEAR) | ~((month >= 1) & (month <= 12)) | (day < 1)
    month = np.where(wrong, 1, month)
    first = (year.astype(np.int64) - 1970).astype("datetime64[Y]").astype("datetime64[M]") + (
        month.astype(np.int64) - 1
    )
    days = first.astype("datetime64[D]") + (day.astype(np.int64) - 1)
    wrong |= days.astype("datetime64[M]") != first
    parts = _numbers(pc.utf8_slice_codeunits(pc.utf8_rpad(found["part"], 6, "0"), 0, 6))
    passed = ((hour * 60 + minute) * 60 + second) * 1_000_000 + np.nan_to_num(parts)
    moments = days.astype("datetime64[us]") + passed.astype(np.int64)
    moments[wrong] = np.datetime64("NaT")
    return np.asarray(moments)


def _numbers(words: pa.Array) -> np.ndarray:
    """Whole numbers as floats; NaN where nothing is written."""
    filled = pc.if_else(pc.equal(words, ""), None, words)
    return np.asarray(filled.cast(pa.int64()).cast(pa.float64()).to_numpy(zero_copy_only=False))


def _words(words: pa.Array) -> np.ndarray:
    return np.asarray(words.to_numpy(zero_copy_only=False), dtype=object)


def _months(words: pa.Array) -> np.ndarray:
    if pc.all(pc.utf8_is_digit(words)).as_py():
        return _numbers(words)
    return np.array([_MONTHS.get(word.casefold(), 0) for word in words.to_pylist()], dtype=np.float64)


def _minutes_east(offset: pa.Array) -> np.ndarray:
    """Minutes of ``+08``, ``+0800``, ``-05:30`` and ``Z``; NaN where nothing is written."""
    plain = pc.replace_substring_regex(pc.replace_substring(offset, ":", ""), "^[Zz]$", "+0000")
    plain = pc.utf8_rpad(plain, 5, "0")
    hours, minutes = (_numbers(pc.utf8_slice_codeunits(plain, at, at + 2)) for at in (1, 3))
    sign = np.where(pc.starts_with(plain, "-").to_numpy(zero_copy_only=False), -1.0, 1.0)
    nothing = pc.equal(offset, "").to_numpy(zero_copy_only=False)
    return np.where(nothing, np.nan, sign * (hours * 60 + minutes))


def _localised(wall: pd.Series, zone: ZoneInfo) -> pd.Series:
    # ambiguous=True takes the first (daylight-saving) one of a repeated hour.
    local = wall.dt.tz_localize(zone, ambiguous=np.ones(len(wall), dtype=bool), nonexistent="shift_forward")
    instants: pd.Series = local.dt.tz_convert("UTC").astype("datetime64[us, UTC]")
    return instants


def _bad(wrong: pd.Series, text: pd.Series, column: str, reason: Text) -> list[BadRow]:
    rows = np.flatnonzero(wrong.to_numpy(dtype=bool))
    if not rows.size:
        return []
    values = ["" if pd.isna(text.iloc[i]) else str(text.iloc[i]) for i in rows]
    short = pd.Series(values, dtype="string").str.fullmatch(_SHORT_YEAR).to_numpy(dtype=bool)
    return [
        BadRow(int(i) + 1, column, _SHORT if two else reason, value)
        for i, value, two in zip(rows, values, short, strict=True)
    ]
