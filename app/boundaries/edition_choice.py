"""Which edition a reader asks for: by its number, by an instant, or the one in force now."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from app.errors import Invalid
from app.kit.params import parse_instant


class EditionChoice(NamedTuple):
    """An edition by number or by instant; neither: the one in force now. Never both."""

    number: int | None = None
    instant: datetime | None = None


IN_FORCE = EditionChoice()


def edition_choice(at: str | None, datetime_: str | None, number: int | None) -> EditionChoice:
    """The choice that ``at``, its synonym ``datetime`` and ``edition`` make together.

    Instants beyond the calendar stand for its ends (`app.kit.instants`): the last edition, or none.

    >>> edition_choice(None, None, 3)
    EditionChoice(number=3, instant=None)
    >>> edition_choice("9999-12-31T23:59:59Z", None, None).instant.isoformat()
    '9999-12-30T00:00:00+00:00'
    """
    instant, synonym = parse_instant(at), parse_instant(datetime_, field="datetime")
    if instant is not None and synonym is not None and instant != synonym:
        raise _conflict("datetime", "at", "datetime")
    instant = instant or synonym
    if instant is not None and number is not None:
        raise _conflict("edition", "at", "edition")
    return EditionChoice(number, instant)


def _conflict(field: str, *names: str) -> Invalid:
    both = " 与 ".join(names), " and ".join(names)
    return Invalid(
        f"{both[0]} 指定了不同的版本，只能给其中一个",
        f"{both[1]} name different editions: give one of them",
        code="conflicting-parameters",
        field=field,
    )
