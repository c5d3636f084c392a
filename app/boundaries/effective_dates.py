"""From when an edition may take effect: the one rule, which the CHECK `ck_edition_effective_from` repeats in SQL."""

from __future__ import annotations

from datetime import UTC, datetime

from app.errors import Invalid

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
YEARS_AHEAD = 2
# The same in SQL, of a row of `edition`.
IN_BOUNDS_SQL = (
    "effective_from >= timestamptz '1990-01-01 00:00:00+00' AND "
    "(effective_from AT TIME ZONE 'UTC') <= (published_at AT TIME ZONE 'UTC') + interval '2 years'"
)


def latest_effective(now: datetime) -> datetime:
    """The last instant that an edition published now may take effect from."""
    instant = now.astimezone(UTC)
    year = instant.year + YEARS_AHEAD
    try:
        return instant.replace(year=year)
    except ValueError:  # The 29th of February.
        return instant.replace(year=year, day=28)


def within_bounds(effective_from: datetime, published_at: datetime) -> bool:
    """Whether an edition keeps the rule."""
    return EARLIEST <= effective_from <= latest_effective(published_at)


def refuse_out_of_bounds(effective_from: datetime, now: datetime) -> datetime:
    """The instant in UTC; refuses one that lies before 1990 or more than two years ahead."""
    latest = latest_effective(now)
    # Compared before it is turned into UTC: the end of the calendar cannot be.
    if EARLIEST <= effective_from <= latest:
        return effective_from.astimezone(UTC)
    last = latest.isoformat(timespec="seconds")
    raise Invalid(
        f"effective_from（生效时间）应在 {EARLIEST.isoformat()} 与 {last}（{YEARS_AHEAD} 年后）之间，"
        f"收到 {effective_from.isoformat()}",
        f"effective_from lies between {EARLIEST.isoformat()} and {last} ({YEARS_AHEAD} years ahead); "
        f"{effective_from.isoformat()} came",
        code="effective-out-of-bounds",
        field="effective_from",
        earliest=EARLIEST.isoformat(),
        latest=last,
        received=effective_from.isoformat(),
    )
