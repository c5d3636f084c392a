"""Which edition is meant: one by its number, or the one in force at an instant."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from app.boundaries import repository
from app.boundaries.edition_choice import EditionChoice
from app.errors import NotFound


def edition_in_force(session: Session, instant: datetime | None = None) -> int:
    """The number of the edition in force at an instant (now, when None); refuses when there is none."""
    number = repository.edition_at(session, instant)
    if number is None and instant is not None:
        raise NotFound("当时还没有生效的网格版本", "no edition was in force then", code="nothing-published")
    if number is None:
        raise NotFound(
            "还没有发布任何网格版本；可运行 wangge demo load 或 wangge grids import … --publish",
            "no edition is in force; run `wangge demo load` or `wangge grids import … --publish`",
            code="nothing-published",
        )
    return number


def edition_asked_for(session: Session, number: int | None) -> int:
    """The edition with a number, which must be there, or the one in force."""
    if number is None:
        return edition_in_force(session)
    if not repository.has_edition(session, number):
        raise NotFound(f"没有第 {number} 版", f"there is no edition {number}", code="no-such-edition")
    return number


def chosen_edition(session: Session, choice: EditionChoice) -> int:
    """The number of the edition of a choice, which must be there."""
    if choice.number is not None:
        return edition_asked_for(session, choice.number)
    return edition_in_force(session, choice.instant)
