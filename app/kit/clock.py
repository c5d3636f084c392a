"""The present instant, always with an offset: the database's, as far as this process has seen it.

The database decides when an edition takes effect and when a session ends, so a service whose own clock differs goes by
the database's: the difference is measured with each look at the schedule (`measure`), and said while it is large.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

# Below this two machines that keep time by NTP may differ; nobody has to be told.
TOLERANCE = timedelta(seconds=2)
_NONE = timedelta(0)

_difference = _NONE


def service_now() -> datetime:
    """The clock of this machine, in UTC."""
    return datetime.now(UTC)


def now() -> datetime:
    """The present instant in UTC by the database's clock."""
    return service_now() + _difference


def difference() -> timedelta:
    """How far the database's clock is ahead of this machine's, when it was last measured."""
    return _difference


def agrees() -> bool:
    """Whether the two clocks are close enough for nobody to be told."""
    return abs(_difference) <= TOLERANCE


def measure(before: datetime, database: datetime, after: datetime) -> timedelta:
    """Take the database's clock over, as read between two looks at this machine's. Returns the difference.

    What may be the time that the question was under way is no difference: two processes on one machine agree exactly.
    """
    global _difference
    _difference = _NONE if before <= database <= after else database - (before + (after - before) / 2)
    return _difference


def state() -> dict[str, object]:
    """What a health check says of the clocks."""
    return {"agrees": agrees(), "database_ahead_s": round(_difference.total_seconds(), 3)}
