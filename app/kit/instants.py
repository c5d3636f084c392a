"""Instants that people send: with an offset, and such that they exist in UTC with room for any zone on either side."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime
from pydantic_core import PydanticCustomError

# A day from the ends of the calendar, so that no offset and no time zone leads beyond it.
FIRST = datetime(1, 1, 2, tzinfo=UTC)
LAST = datetime(9999, 12, 30, tzinfo=UTC)


def exists(instant: datetime) -> bool:
    """Whether an instant (with an offset) is one that can be stored, read again and shown in any zone."""
    return FIRST <= instant <= LAST


def _bounded(instant: datetime) -> Any:
    if not exists(instant):
        raise PydanticCustomError(
            "instant_out_of_bounds",
            "expected an instant between {first} and {last}",
            {"first": FIRST.isoformat(), "last": LAST.isoformat()},
        )
    return instant.astimezone(UTC)


Instant = Annotated[AwareDatetime, AfterValidator(_bounded)]
"""A field of a request body: an instant with an offset, in UTC afterwards."""
