"""Putting restored data in the place of the live data: two renames, finished by the next start when interrupted."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from app.db.cluster.places import Places
from app.db.cluster.process import running

READY = "data.restored"
ASIDE = "data.before-"


def finish_data_swap(where: Places) -> Path | None:
    """Move the data aside and what was restored into their place; gives where the old data are.

    Nothing is restored and waiting: nothing happens.
    """
    ready = where.folder / READY
    # Never under the feet of a running server; it is stopped before it is replaced.
    if not ready.exists() or running(where.data) is not None:
        return None
    aside = None
    if where.data.exists():
        aside = where.folder / f"{ASIDE}{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}"
        where.data.rename(aside)
    ready.rename(where.data)
    return aside
