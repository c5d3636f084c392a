"""Query parameters that several routes share, each parsed once and refused in the same words."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import Query

from app.errors import Invalid
from app.kit.instants import FIRST, LAST, read_instant

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_LAST_DAY = date.max - timedelta(days=1)

Lon = Annotated[
    float, Query(description="Longitude (or easting) in `crs`.", allow_inf_nan=False, examples=[120.055])
]
Lat = Annotated[
    float, Query(description="Latitude (or northing) in `crs`.", allow_inf_nan=False, examples=[35.885])
]
Crs = Annotated[
    str,
    Query(
        description="CRS of the coordinates: `wgs84`, `cgcs2000`, `gcj02` (AMap, Tencent), `bd09` (Baidu) or `EPSG:n`.",
        max_length=40,
        examples=["wgs84"],
    ),
]
Limit = Annotated[int, Query(ge=1, le=1000, description="Most items of one answer.")]


def parse_instant(given: str | None, *, field: str = "at", stored: bool = False) -> datetime | None:
    """An RFC 3339 instant with an offset; a ``+`` that a browser turned into a space is understood.

    One that is to be ``stored`` has to exist in every zone; another stands for the first or last that does.
    """
    if not given:
        return None
    instant = read_instant(re.sub(r"(?<=\d) (\d{2}:?\d{2})$", r"+\1", given.strip()))
    if instant is None:
        raise _not_an_instant(given, field)
    if stored and not FIRST < instant < LAST:
        raise Invalid(
            f"{field} 应在 {FIRST.isoformat()} 与 {LAST.isoformat()} 之间，收到 {given!r}",
            f"{field} lies between {FIRST.isoformat()} and {LAST.isoformat()}, came {given!r}",
            code="instant-out-of-bounds",
            field=field,
        )
    return instant


def _not_an_instant(given: str, field: str) -> Invalid:
    return Invalid(
        f"{field} 应为带时区的时间，如 2026-11-01T00:00:00+08:00，收到 {given!r}",
        f"{field} is an instant with an offset, like 2026-11-01T00:00:00+08:00, came {given!r}",
        code="not-an-instant",
        field=field,
    )


def parse_period(
    begin: str | None, end: str | None, zone: ZoneInfo
) -> tuple[datetime | None, datetime | None]:
    """The two ends of a period, the second not included; None is open."""
    since, until = parse_from(begin, zone), parse_until(end, zone)
    if since is not None and until is not None and since > until:
        raise Invalid(
            f"to 早于 from：从 {begin} 到 {end}",
            f"to is before from: from {begin} to {end}",
            code="reversed-interval",
            field="to",
        )
    return since, until


def parse_from(given: str | None, zone: ZoneInfo, *, field: str = "from") -> datetime | None:
    """The beginning of a period: an instant, or a day, which begins at midnight in the district's zone."""
    if given and _DAY.fullmatch(given):
        return _within(datetime.combine(_day(given, field), time(), tzinfo=zone))
    return parse_instant(given, field=field, stored=True)


def parse_until(given: str | None, zone: ZoneInfo, *, field: str = "to") -> datetime | None:
    """The end of a period, not included: an instant, or a day, which counts whole."""
    if given and _DAY.fullmatch(given):
        day = _day(given, field)
        # The last day of the calendar has no day after it.
        return _within(datetime.combine(min(day, _LAST_DAY) + timedelta(days=1), time(), tzinfo=zone))
    return parse_instant(given, field=field, stored=True)


def _within(instant: datetime) -> datetime:
    """The first and the last day of the calendar begin, in some zones, on a day that there is not."""
    return min(max(instant, FIRST), LAST)


def _day(given: str, field: str) -> date:
    try:
        return date.fromisoformat(given)
    except ValueError as error:
        raise Invalid(
            f"{field} 不是日期：{given!r}",
            f"{field} is not a date: {given!r}",
            code="not-a-date",
            field=field,
        ) from error


def split_list(given: list[str] | None) -> list[str]:
    """Values of a parameter that may be repeated or separated by commas, in order, each once."""
    parts = [part.strip() for value in given or [] for part in value.split(",")]
    return list(dict.fromkeys(part for part in parts if part))
