"""Which line of the log an instant lies on: every restore ends one line and begins another.

A restore to noon, done at three, leaves two accounts of what came after noon: the old line up to three, the new one from
three on. "Two o'clock" is on the old line, "four o'clock" on the new one; both begin with the same morning.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from app.db.cluster import record
from app.db.recovery.store import BaseBackup, Store


@dataclass(frozen=True)
class Fork:
    """A restore: done ``at``, to ``instant``, which ended the line ``before`` and began the line ``after``."""

    at: datetime
    instant: datetime
    before: int
    after: int


def forks_of(store: Store) -> list[Fork]:
    """The restores that were done, oldest first."""
    try:
        rows = json.loads((store.folder / "restores.json").read_text("utf-8"))
    except FileNotFoundError:
        return []
    return [
        Fork(
            datetime.fromisoformat(row["at"]),
            datetime.fromisoformat(row["instant"]),
            int(row["before"]),
            int(row["after"]),
        )
        for row in rows
    ]


def write_forks(store: Store, forks: Sequence[Fork]) -> None:
    """Store them, whole or not at all."""
    rows = [
        {"at": f.at.isoformat(), "instant": f.instant.isoformat(), "before": f.before, "after": f.after}
        for f in forks
    ]
    record.write_atomically(store.folder / "restores.json", json.dumps(rows, indent=1) + "\n", mode=0o600)


def line_at(instant: datetime, forks: Sequence[Fork], *, present: int) -> int:
    """The line that was the live one at an instant.

    >>> from datetime import UTC
    >>> hour = lambda n: datetime(2026, 11, 29, n, tzinfo=UTC)
    >>> done = [Fork(at=hour(15), instant=hour(12), before=1, after=2)]
    >>> [line_at(hour(n), done, present=2) for n in (11, 14, 16)]
    [1, 1, 2]
    """
    return next((fork.before for fork in forks if instant < fork.at), present)


def bases_for(
    instant: datetime, line: int, bases: Sequence[BaseBackup], forks: Sequence[Fork]
) -> list[BaseBackup]:
    """The base backups from which the log leads along ``line`` to an instant, oldest first."""
    latest = {line: instant}
    begun = {fork.after: fork for fork in forks}
    while line in begun and begun[line].before not in latest:
        fork = begun[line]
        # Of an earlier line only what lies before the fork is part of this one.
        latest[fork.before] = min(latest[line], fork.instant)
        line = fork.before
    return [base for base in bases if base.timeline in latest and base.finished <= latest[base.timeline]]
