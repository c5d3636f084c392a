"""The edition to come: its number, the instant it takes effect at, and the refusal of instants that cannot be."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from app.boundaries import repository
from app.boundaries.effective_dates import refuse_out_of_bounds
from app.boundaries.models import Edition
from app.db import locks
from app.errors import Conflict
from gis.text import Text


def begin_edition(session: Session, effective_from: datetime | None) -> tuple[Edition | None, int, datetime]:
    """Wait for other publications to end; then the newest edition, the next number, and when that takes effect.

    Editions take effect in the order of their numbers. Without an instant "now" is meant, and never silently later.
    """
    locks.hold(session, locks.PUBLISHING)
    before = repository.latest(session)
    instant = effective_instant(session, before, effective_from)
    return before, repository.next_number(session), instant


def effective_instant(session: Session, before: Edition | None, effective_from: datetime | None) -> datetime:
    """From when an edition after ``before`` takes effect.

    Raises
    ------
    Invalid
        ``effective-out-of-bounds``.
    Conflict
        ``scheduled-edition``: ``before`` is yet to come, and later. ``effective-too-early``: it is in force already.
    """
    begun = repository.database_now(session)
    instant = begun if effective_from is None else refuse_out_of_bounds(effective_from, begun)
    if before is None or instant >= before.effective_from:
        return instant
    if before.effective_from > repository.database_clock(session):
        raise _scheduled(before, effective_from)
    if effective_from is None:
        # A caller that waited for another publication read the clock before that one took effect.
        return before.effective_from
    raise Conflict(
        f"新版本的生效时间 {instant.isoformat()} 早于第 {before.number} 版的 {before.effective_from.isoformat()}",
        f"effective from {instant.isoformat()}, which is before edition {before.number} "
        f"({before.effective_from.isoformat()})",
        code="effective-too-early",
        field="effective_from",
    )


def _scheduled(before: Edition, effective_from: datetime | None) -> Conflict:
    wanted = Text("现在", "now") if effective_from is None else Text(*[effective_from.isoformat()] * 2)
    begins = before.effective_from.isoformat()
    return Conflict(
        f"第 {before.number} 版已排定于 {begins} 生效，新版本不能在它之前（{wanted.zh}）生效。"
        f"可撤回第 {before.number} 版（wangge grids withdraw {before.number} 或复核页“撤回”），"
        f"或把 effective_from 定在 {begins} 及以后",
        f"edition {before.number} is scheduled from {begins}; a new one cannot take effect before it ({wanted.en}). "
        f"Withdraw edition {before.number} (wangge grids withdraw {before.number}, or on the review page), "
        f"or set effective_from to {begins} or later",
        code="scheduled-edition",
        field="effective_from",
        scheduled={"edition": before.number, "effective_from": begins},
    )
