"""Publishing a coverage and all that follows from it, in one transaction."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from app.boundaries import repository as boundary_rows
from app.boundaries.assignment import part_of
from app.boundaries.edition_loader import load_edition, scheduled_edition
from app.boundaries.grid_changes import GridChanges
from app.boundaries.publishing import Published, Terms, publish_changes, publish_coverage
from app.boundaries.retirement import publish_without
from app.boundaries.unit_tree import CoverageInput
from app.db import locks
from app.db.edition_follower import ChangedLand, MovedUnits, NewOwners
from app.db.session import EVERYTHING, read_session, write_session
from app.people import repository as people_rows
from app.publishing.registry import BOUND_TO_UNITS, WITH_A_PLACE

# With more changed grids than this, the index of the whole edition is quicker than one of a part.
_MANY = 200


@dataclass(frozen=True)
class Publication:
    """An edition and what changed hands with it."""

    published: Published
    components_reassigned: int
    incidents_reassigned: int
    # Present posts of teams in grids that end with it.
    posts_without_grid: int = 0


def publish(
    session: Session,
    given: CoverageInput,
    *,
    author: str,
    note: str = "",
    effective_from: datetime | None = None,
) -> Publication:
    """Publish a district's grids, then give what lies in changed grids its new owners.

    An edition of the future changes nothing today: `activate` moves the owners when it comes into force.
    """
    _settle_earlier(session, actor=author)
    published = publish_coverage(session, given, Terms(author, note=note, effective_from=effective_from))
    followed = _followed(session, published, actor=author)
    return replace(followed, posts_without_grid=people_rows.count_posts(session, published.retired))


def publish_grids(
    session: Session,
    changes: GridChanges,
    *,
    author: str,
    reviewer: str | None = None,
    note: str = "",
    effective_from: datetime | None = None,
) -> Publication:
    """The same for some changed grids on top of the newest edition."""
    _settle_earlier(session, actor=author)
    published = publish_changes(session, changes, Terms(author, reviewer, note, effective_from))
    return _followed(session, published, actor=author)


def retire_districts(
    session: Session, districts: Collection[str], *, author: str, note: str = ""
) -> Publication:
    """Publish an edition without these districts; what else lay in their land belongs to nobody from then on."""
    _settle_earlier(session, actor=author)
    published = publish_without(session, districts, Terms(author, note=note))
    return _followed(session, published, actor=author)


def _settle_earlier(session: Session, *, actor: str) -> None:
    """Wait for other publications, then move the owners that editions of the past still owe.

    In this order: whoever had moved owners and waited for a publication would keep that one from moving its own.
    """
    locks.hold(session, locks.PUBLISHING)
    activate(session, actor=actor)


def _followed(session: Session, published: Published, *, actor: str) -> Publication:
    if not published.touched or published.effective_from > boundary_rows.database_clock(session):
        return Publication(published, 0, 0)
    moved = _move_owners(session, [published.edition], actor=actor)
    if published.effective_from > boundary_rows.database_now(session):
        # In force since this transaction waited for another: to the books an edition of the future.
        boundary_rows.add_settlement(
            session, published.edition, components=moved["components"], incidents=moved["incidents"]
        )
    return Publication(published, moved["components"], moved["incidents"])


def activate(session: Session, *, actor: str) -> list[int]:
    """Move the owners to editions that were published for the future and have come into force since.

    Returns their numbers. Doing it again, or from several processes at once, changes nothing more.
    """
    if not boundary_rows.unsettled(session):
        return []
    locks.hold(session, locks.OWNERS)
    # Whoever held the lock before may have done it.
    due = list(boundary_rows.unsettled(session))
    if due:
        moved = _move_owners(session, due, actor=actor)
        for number in due:
            last = number == due[-1]
            boundary_rows.add_settlement(
                session,
                number,
                components=moved["components"] if last else 0,
                incidents=moved["incidents"] if last else 0,
            )
    return due


def activate_due(engine: Engine) -> list[int]:
    """`activate` in a transaction of its own, for whoever watches the clock."""
    with read_session(engine, EVERYTHING) as session:
        if not boundary_rows.unsettled(session):
            return []
    with write_session(engine, EVERYTHING) as session:
        boundary_rows.take_time(session)
        return activate(session, actor=EVERYTHING.actor)


def _move_owners(session: Session, editions: Sequence[int], *, actor: str) -> dict[str, int]:
    """Owners of the edition in force for what lies in grids that these editions changed.

    What is bound to a unit follows it to its new place. Returns how many rows changed hands, by follower.
    """
    locks.hold(session, locks.OWNERS)
    for edition in sorted(editions):
        moved = MovedUnits(boundary_rows.moved_units(session, edition), edition, actor)
        for bound in BOUND_TO_UNITS:
            bound.move_units(session, moved)
    touched = boundary_rows.grids_changed_by(session, editions)
    number = boundary_rows.edition_this_instant(session)
    assert number is not None  # noqa: S101 - the editions that are followed are in force
    scheduled = scheduled_edition(session, number)
    boxes = touched[["west", "south", "east", "north"]].to_numpy(dtype=float)
    begun = {first for _, first in boundary_rows.first_editions_of_districts(session, until=scheduled.number)}
    land = ChangedLand(
        boxes,
        sorted(set(touched["code"])),
        since=boundary_rows.first_effective(session, editions),
        new_districts=not begun.isdisjoint(editions),
    )
    affected = [(follower, follower.affected(session, land)) for follower in WITH_A_PLACE]
    if len(boxes) > _MANY:
        loaded = load_edition(session, scheduled)
    else:
        # A pipeline may run far beyond the grids that changed, and its owner depends on all that it crosses.
        lying = np.concatenate([found.bounds for _, found in affected])
        loaded = part_of(session, scheduled, np.concatenate([boxes, _apart(lying, boxes)]))
    owners = NewOwners(loaded, actor)
    return {follower.name: follower.reassign(session, found, owners) for follower, found in affected}


def _apart(inner: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """Those of the inner boxes that lie in none of the others."""
    within = np.zeros(len(inner), dtype=bool)
    for west, south, east, north in boxes:
        within |= (
            (inner[:, 0] >= west) & (inner[:, 1] >= south) & (inner[:, 2] <= east) & (inner[:, 3] <= north)
        )
    return np.asarray(inner[~within])
