"""Decisions about incident rows that need no database: classes and states by their names."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from app.incidents.models import OPEN_STATES, STATES, EventClass
from app.kit.columns import objects
from gis.errors import BadRow

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
