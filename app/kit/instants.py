"""Instants that people send: with an offset, and such that they exist in UTC with room for any zone on either side.

One reading of RFC 3339 for all parameters. It has years that neither Python nor PostgreSQL hold (0000), letters of either
case, and a second 60 where the day of Greenwich has one.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime
from pydantic_core import PydanticCustomError

# A day from the ends of the calendar, so that no offset and no time zone leads beyond it.
FIRST = datetime(1, 1, 2, tzinfo=UTC)
LAST = datetime(9999, 12, 30, tzinfo=UTC)


def exists(instant: datetime) -> bool:
    """Whether an instant (with an offset) is one that can be stored, read again and shown in any zone."""
    return FIRST <= instant <= LAST


_RFC3339 = re.compile(
    r"(?P<year>\d{4})-(?P<month>\d{2})-(?P<day>\d{2})[Tt ](?P<hour>\d{2}):(?P<minute>\d{2})"
    r"(?::(?P<second>\d{2})(?:\.(?P<part>\d{1,20}))?)?"
    r"(?:[Zz]|(?P<sign>[+-])(?P<east_h>\d{2}):?(?P<east_m>\d{2}))",
    re.ASCII,
)


def read_instant(text: str) -> datetime | None:
    """Read RFC 3339, in UTC; None for what it is not.

    Instants before `FIRST` and after `LAST` become those: nothing that is stored lies beyond them, so that periods and
    questions for an instant are answered as they should be. Code that stores an instant refuses them (`exists`).

    Examples
    --------
    >>> read_instant("2026-11-01t08:00:00.25+08:00").isoformat()
    '2026-11-01T00:00:00.250000+00:00'
    >>> read_instant("0000-01-01T00:00:00Z") == FIRST
    True
    >>> read_instant("2016-12-31T23:59:60Z").isoformat()
    '2017-01-01T00:00:00+00:00'
    >>> read_instant("2026-02-30T00:00:00Z") is read_instant("2026-11-01") is None
    True
    """
    found = _RFC3339.fullmatch(text)
    if found is None:
        return None
    year, second = int(found["year"]), int(found["second"] or 0)
    east_h, east_m = int(found["east_h"] or 0), int(found["east_m"] or 0)
    if east_h > 23 or east_m > 59 or second > 60:
        return None
    east = timedelta(hours=east_h, minutes=east_m) * (-1 if found["sign"] == "-" else 1)
    part = int((found["part"] or "0")[:6].ljust(6, "0"))
    try:
        # A year that Python does not have is read in one with the same days.
        month, day, hour, minute = (int(found[name]) for name in ("month", "day", "hour", "minute"))
        wall = datetime(year or 4, month, day, hour, minute, min(second, 59), part, tzinfo=UTC)
        instant = wall - east
    except OverflowError:
        return FIRST if year < 5000 else LAST
    except ValueError:
        return None
    if second == 60:
        if (instant.hour, instant.minute) != (23, 59):
            return None
        instant = instant.replace(microsecond=0) + timedelta(seconds=1)
    return FIRST if year == 0 else min(max(instant, FIRST), LAST)


def _bounded(instant: datetime) -> datetime:
    if not exists(instant):
        raise PydanticCustomError(
            "instant_out_of_bounds",
            "expected an instant between {first} and {last}",
            {"first": FIRST.isoformat(), "last": LAST.isoformat()},
        )
    return instant.astimezone(UTC)


Instant = Annotated[AwareDatetime, AfterValidator(_bounded)]
"""A field of a request body: an instant with an offset, in UTC afterwards."""
