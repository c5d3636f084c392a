"""Runs every check that applies, in the order of the invariants."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy.orm import Session

from app.boundaries import repository as boundary_rows
from app.boundaries.owners import index_in_force
from app.verify.access_checks import areas_kept, people_counted
from app.verify.coverage_checks import clean_coverage, one_answer, one_owner, unchanged_editions
from app.verify.outcome import Outcome
from app.verify.record_checks import derived_assignments, nothing_lost


def verify(session: Session) -> Iterator[Outcome]:
    """Outcomes one by one, each as soon as it is known. Takes the owner's session, which sees every row."""
    number = boundary_rows.edition_at(session)
    if number is not None:
        loaded = index_in_force(session)
        yield one_owner(session, loaded)
        yield one_answer(session, loaded)
    yield clean_coverage(session)
    yield unchanged_editions(session)
    if number is not None:
        yield derived_assignments(session, loaded)
    yield nothing_lost(session)
    yield areas_kept(session, number or 0)
    yield people_counted(session)
