"""Runs every check that applies, in the order of the invariants."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy.orm import Session

from app.boundaries import repository as boundary_rows
from app.boundaries.assignment import index_in_force
from app.boundaries.edition_cache import LoadedEdition
from app.verify.access_checks import areas_kept
from app.verify.coverage_checks import (
    ONE_ANSWER,
    ONE_OWNER,
    clean_coverage,
    one_answer,
    one_owner,
    unchanged_editions,
)
from app.verify.outcome import Outcome
from app.verify.privacy_checks import people_counted
from app.verify.record_checks import DERIVED, derived_assignments, nothing_lost
from gis.errors import Refusal
from gis.text import Text


def verify(session: Session) -> Iterator[Outcome]:
    """Outcomes one by one, each as soon as it is known. Takes the owner's session, which sees every row."""
    number = boundary_rows.edition_at(session)
    loaded, unusable = (None, None) if number is None else _index(session)
    if loaded is not None:
        yield one_owner(session, loaded)
        yield one_answer(session, loaded)
    elif unusable is not None:
        yield Outcome(1, ONE_OWNER, _NOT_LOOKED, (unusable,))
        yield Outcome(2, ONE_ANSWER, _NOT_LOOKED, (unusable,))
    yield clean_coverage(session)
    yield unchanged_editions(session)
    if loaded is not None:
        yield derived_assignments(session, loaded)
    elif unusable is not None:
        yield Outcome(5, DERIVED, _NOT_LOOKED, (unusable,))
    yield nothing_lost(session)
    yield areas_kept(session, number or 0)
    yield people_counted(session, number or 0)


_NOT_LOOKED = Text("无法建立索引", "no index can be made")


def _index(session: Session) -> tuple[LoadedEdition | None, Text | None]:
    try:
        return index_in_force(session), None
    except Refusal as error:
        return None, error.detail
