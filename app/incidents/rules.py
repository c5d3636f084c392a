"""Decisions about incident rows that need no database: classes and states by their names."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime

import numpy as np
import pandas as pd

from app.incidents import states
from app.incidents.models import IncidentClass
from app.incidents.schemas import Light
from app.kit.columns import objects
from gis.errors import BadRow
from gis.text import Text

# Of the time limit, from where on a light is yellow.
_YELLOW_FROM = 0.8
# A source's own class whose name has one of these is taken for sensitive: it is easier undone than done too late.
_SENSITIVE_WORDS = re.compile(
    "纠纷|信访|上访|家暴|家庭暴力|精神病|精神障碍|心理|自杀|轻生|涉毒|吸毒|性侵|特殊人群|治安线索"
    r"|\b(disputes?|petitions?|domestic violence|suicid\w*|mental (health|illness)|psycholog\w*|sexual)\b",
    re.IGNORECASE,
)


def light_of(state: str, reported_at: datetime, due_at: datetime | None, instant: datetime) -> Light:
    """Where an incident stands against its limit: green under 80 % of it, yellow to the end, red over; else none."""
    if due_at is None or not states.is_timed(state):
        return "none"
    if instant > due_at:
        return "red"
    return "yellow" if instant - reported_at >= _YELLOW_FROM * (due_at - reported_at) else "green"


def sounds_sensitive(name: str) -> bool:
    """Whether the name of a source's own class speaks of disputes, crises or leads."""
    return _SENSITIVE_WORDS.search(name) is not None


def class_names(classes: Iterable[IncidentClass]) -> dict[str, str]:
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
    found = text.str.casefold().map(states.BY_ALIAS)
    bad = [
        BadRow(
            int(i) + 1,
            column,
            Text(f"状态应为 {'、'.join(states.NAMES)} 之一", f"state is one of {', '.join(states.NAMES)}"),
            "" if pd.isna(text.iloc[i]) else str(text.iloc[i]),
        )
        for i in np.flatnonzero(found.isna().to_numpy())
    ]
    return objects(found), bad
