"""Decisions about incident rows that need no database: times without zones, states by name."""

from __future__ import annotations

from collections.abc import Iterable
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from app.incidents.models import OPEN_STATES, STATES, EventClass
from app.kit.columns import objects
from gis.errors import BadRow, InputRefused

STATE_NAMES = {
    "已上报": "reported",
    "待受理": "reported",
    "已受理": "accepted",
    "已立案": "accepted",
    "已派遣": "dispatched",
    "处置中": "handling",
    "办理中": "handling",
    "待核查": "verifying",
    "已结案": "closed",
    "已办结": "closed",
    "已作废": "voided",
    "已挂账": "suspended",
    "open": "reported",
    **{state: state for state in STATES},
}

_SLASHED = r"^(\d{1,2})[/.](\d{1,2})[/.](\d{4})(.*)$"


def is_open(state: str) -> bool:
    """Whether an incident in this state still waits for somebody."""
    return state in OPEN_STATES


def class_names(classes: Iterable[EventClass]) -> dict[str, str]:
    """Every way an event class is named -> its code."""
    names: dict[str, str] = {}
    listed = list(classes)
    for item in listed:
        if item.code_2026:
            names.setdefault(item.code_2026, item.code)
    for item in listed:
        names[item.code] = item.code
        names[item.name_zh] = item.code
        names[item.name_en.casefold()] = item.code
    return names


def parse_times(given: pd.Series, zone: ZoneInfo, column: str) -> tuple[pd.Series, list[BadRow]]:
    """Times with offsets. Those without one are read in ``zone``.

    ISO forms and ``2017年7月19日 13:45`` are read as they are. For ``7/19/2017`` the whole column decides whether the
    month or the day comes first; a column in which no value decides it is refused, never guessed. An hour that a
    clock change repeats is the earlier one; one that it skips is the hour after.
    """
    if isinstance(given.dtype, pd.DatetimeTZDtype):
        return given.dt.tz_convert("UTC"), _missing(given.isna(), given, column)
    if pd.api.types.is_datetime64_any_dtype(given):
        return _localise(given, zone), _missing(given.isna(), given, column)
    text = given.astype("string").str.strip()
    text = text.str.replace(r"^(\d{4})年(\d{1,2})月(\d{1,2})日\s*", r"\1-\2-\3 ", regex=True)
    slashed = text.str.extract(_SLASHED)
    has_slash = slashed[0].notna().to_numpy()
    if has_slash.any():
        text = _reordered(text, slashed, has_slash, column)
    offset = text.str.contains(r"(?:Z|[+-]\d{2}:?\d{2})$", regex=True).fillna(False).to_numpy(dtype=bool)
    parsed = pd.Series(pd.NaT, index=given.index, dtype="datetime64[us, UTC]")
    if offset.any():
        parsed[offset] = pd.to_datetime(text[offset], errors="coerce", utc=True, format="mixed").astype(
            "datetime64[us, UTC]"
        )
    if (~offset).any():
        naive = pd.to_datetime(text[~offset], errors="coerce", format="mixed", yearfirst=True)
        parsed[~offset] = _localise(naive, zone)
    return parsed, _missing(parsed.isna(), text, column)


def _reordered(text: pd.Series, slashed: pd.DataFrame, has_slash: np.ndarray, column: str) -> pd.Series:
    first = slashed[0][has_slash].astype(int)
    second = slashed[1][has_slash].astype(int)
    month_first, day_first = bool((second > 12).any()), bool((first > 12).any())
    if month_first == day_first:
        sample = text[has_slash].iloc[0]
        raise InputRefused(
            f"列 {column} 的日期（如 {sample}）分不清月和日的先后，请改用 2017-07-19 这样的写法",
            f"column {column}: month and day cannot be told apart in dates like {sample}; write them as 2017-07-19",
            code="ambiguous-dates",
        )
    month, day = (first, second) if month_first else (second, first)
    iso = (
        slashed[2][has_slash]
        + "-"
        + month.astype(str).str.zfill(2)
        + "-"
        + day.astype(str).str.zfill(2)
        + slashed[3][has_slash]
    )
    return text.mask(pd.Series(has_slash, index=text.index), iso.reindex(text.index))


def _localise(naive: pd.Series, zone: ZoneInfo) -> pd.Series:
    # ambiguous=True takes the first (daylight-saving) one of a repeated hour.
    local = naive.dt.tz_localize(zone, ambiguous=np.ones(len(naive), dtype=bool), nonexistent="shift_forward")
    return pd.Series(local.dt.tz_convert("UTC").astype("datetime64[us, UTC]"))


def _missing(wrong: pd.Series, text: pd.Series, column: str) -> list[BadRow]:
    return [
        BadRow(
            int(i) + 1,
            column,
            "不是时间（应如 2026-11-21T14:05:00+08:00）",
            "not a time (expected like 2026-11-21T14:05:00+08:00)",
            "" if pd.isna(text.iloc[i]) else str(text.iloc[i]),
        )
        for i in np.flatnonzero(wrong.to_numpy())
    ]


def resolve_states(given: pd.Series, column: str) -> tuple[np.ndarray, list[BadRow]]:
    """States by their names in either language."""
    text = given.astype("string").str.strip()
    states = text.str.casefold().map(STATE_NAMES)
    bad = [
        BadRow(
            int(i) + 1,
            column,
            f"状态应为 {'、'.join(STATES)} 之一",
            f"state is one of {', '.join(STATES)}",
            "" if pd.isna(text.iloc[i]) else str(text.iloc[i]),
        )
        for i in np.flatnonzero(states.isna().to_numpy())
    ]
    return objects(states), bad
