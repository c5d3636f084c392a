"""Sensitive incidents as numbers: the one function through which maps, figures, digests and alerts tell them.

What may be told is decided in PostgreSQL (`sensitive_incident_counts`): rows of at least three incidents of whole
communities and quarters that have ended, none of them in two rows. A sum takes whole rows only, so whatever is asked
and subtracted, one or two incidents never remain. A sum may therefore fall short of the truth by those that were too
few to stand alone; where nothing remains it is None, which says "none, or fewer than three".
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from app.auth.roles import covers
from app.incidents import queries

LEAST = 3


def published_count(
    session: Session,
    unit_path: str,
    *,
    begin: date,
    end: date,
    zone: ZoneInfo,
    classes: Iterable[str] | None = None,
    states: Iterable[str] | None = None,
) -> int | None:
    """Count the sensitive incidents of a unit in the whole quarters from ``begin`` to ``end`` (not included).

    ``classes`` narrows to some of them. Anything finer than a community, a quarter or a class has no count: with
    ``states`` the answer is None, since matters change theirs one at a time.
    """
    if states is not None or begin >= end:
        return None
    wanted = None if classes is None else frozenset(classes)
    rows = queries.sensitive_counts(session, zone=zone, first_year=begin.year, last_year=end.year)
    found = sum(
        int(row.incidents)
        for row in rows
        if covers(unit_path, row.unit)
        and begin <= row.period_from
        and row.period_to <= end
        and (wanted is None or row.class_code in wanted)
    )
    return found if found >= LEAST else None


def last_quarters(count: int, today: date) -> tuple[date, date]:
    """Begin and end (not included) of the last quarters that have ended.

    >>> last_quarters(4, date(2026, 11, 29))
    (datetime.date(2025, 10, 1), datetime.date(2026, 10, 1))
    """
    ended = today.year * 4 + (today.month - 1) // 3
    return _quarter(ended - count), _quarter(ended)


def whole_quarters(begin: date, end: date) -> tuple[date, date]:
    """Begin and end of the whole quarters between two days; begin is not before end when there is none.

    >>> whole_quarters(date(2026, 1, 2), date(2026, 11, 29))
    (datetime.date(2026, 4, 1), datetime.date(2026, 10, 1))
    """
    first = begin.year * 4 + (begin.month - 1) // 3
    if _quarter(first) < begin:
        first += 1
    return _quarter(first), _quarter(end.year * 4 + (end.month - 1) // 3)


def _quarter(number: int) -> date:
    return date(number // 4, number % 4 * 3 + 1, 1)
