"""Publishing a coverage and all that follows from it, in one transaction."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import shapely
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from app.auth.following import follow_units
from app.boundaries import repository as boundary_rows
from app.boundaries.changing import GridChanges, publish_changes
from app.boundaries.editions import load_edition, schedule_of
from app.boundaries.hierarchy import CoverageInput
from app.boundaries.owners import part_of
from app.boundaries.paths import code_of
from app.boundaries.retiring import publish_without
from app.boundaries.service import Published, publish_coverage
from app.components.service import near as components_near
from app.components.service import reassign
from app.db.session import EVERYTHING, read_session, write_session
from app.incidents.service import open_near, reassign_open
from app.people import repository as people_rows

# With more changed grids than this, the index of the whole edition is quicker than one of a part.
_MANY = 200


@dataclass(frozen=True)
class Publication:
    """An edition and what changed hands with it."""

    published: Published
    components_reassigned: int
    incidents_reassigned: int


def publish(
    session: Session,
    given: CoverageInput,
    *,
    author: str,
    note: str = "",
    effective_from: datetime | None = None,
) -> Publication:
    """Publish a district's grids, then give what lies in changed grids its new owners.

    An edition of the future changes nothing today: `settle` moves the owners when it comes into force.
    """
    settle(session, actor=author)
    published = publish_coverage(session, given, author=author, note=note, effective_from=effective_from)
    return _followed(session, published, actor=author)


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
    settle(session, actor=author)
    published = publish_changes(
        session, changes, author=author, reviewer=reviewer, note=note, effective_from=effective_from
    )
    return _followed(session, published, actor=author)


def retire_districts(
    session: Session, districts: Collection[str], *, author: str, note: str = ""
) -> Publication:
    """Publish an edition without these districts; what else lay in their land belongs to nobody from then on."""
    settle(session, actor=author)
    published = publish_without(session, districts, author=author, note=note)
    return _followed(session, published, actor=author)


def _followed(session: Session, published: Published, *, actor: str) -> Publication:
    if not published.touched or published.effective_from > boundary_rows.database_clock(session):
        return Publication(published, 0, 0)
    components, incidents = _move_owners(session, [published.edition], actor=actor)
    if published.effective_from > boundary_rows.database_now(session):
        # In force since this transaction waited for another: to the books an edition of the future.
        boundary_rows.add_settlement(session, published.edition, components=components, incidents=incidents)
    return Publication(published, components, incidents)


def settle(session: Session, *, actor: str) -> list[int]:
    """Move the owners to editions that were published for the future and have come into force since.

    Returns their numbers. Doing it again, or from several processes at once, changes nothing more.
    """
    if not boundary_rows.unsettled(session):
        return []
    boundary_rows.lock_owners(session, alone=True)
    # Whoever held the lock before may have done it.
    due = list(boundary_rows.unsettled(session))
    if due:
        components, incidents = _move_owners(session, due, actor=actor)
        for number in due:
            last = number == due[-1]
            boundary_rows.add_settlement(
                session, number, components=components if last else 0, incidents=incidents if last else 0
            )
    return due


def settle_due(engine: Engine) -> list[int]:
    """`settle` in a transaction of its own, for whoever watches the clock."""
    with read_session(engine, EVERYTHING) as session:
        if not boundary_rows.unsettled(session):
            return []
    with write_session(engine, EVERYTHING) as session:
        boundary_rows.take_time(session)
        return settle(session, actor=EVERYTHING.actor)


def _move_owners(session: Session, editions: Sequence[int], *, actor: str) -> tuple[int, int]:
    """Owners of the edition in force for what lies in grids that these editions changed.

    Rights, teams and counts that are bound to a unit follow it to its new place.
    """
    boundary_rows.lock_owners(session, alone=True)
    for edition in sorted(editions):
        moved = boundary_rows.moved_units(session, edition)
        follow_units(session, moved, actor=actor, edition=edition)
        people_rows.move_units(session, [(was, now, _code(was), _code(now)) for was, now in moved.items()])
    touched = boundary_rows.grids_changed_by(session, editions)
    number = boundary_rows.edition_this_instant(session)
    scheduled = next(e for e in schedule_of(session) if e.number == number)
    boxes = touched[["west", "south", "east", "north"]].to_numpy(dtype=float)
    codes = sorted(set(touched["code"]))
    components = components_near(session, boxes=boxes, codes=codes)
    incidents = open_near(session, boxes=boxes, codes=codes)
    if len(boxes) > _MANY:
        loaded = load_edition(session, scheduled)
    else:
        # A pipeline may run far beyond the grids that changed, and its owner depends on all that it crosses.
        places = incidents[["lon", "lat", "lon", "lat"]].to_numpy(dtype=float).reshape(-1, 4)
        lying = np.concatenate([_bounds(components["geometry"].to_numpy()), places])
        loaded = part_of(session, scheduled, np.concatenate([boxes, _apart(lying, boxes)]))
    return (
        reassign(session, loaded, components),
        reassign_open(session, loaded, incidents, actor=actor),
    )


def _bounds(shapes: np.ndarray) -> np.ndarray:
    return shapely.bounds(shapes).reshape(-1, 4) if len(shapes) else np.empty((0, 4))


def _apart(inner: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """Those of the inner boxes that lie in none of the others."""
    within = np.zeros(len(inner), dtype=bool)
    for west, south, east, north in boxes:
        within |= (
            (inner[:, 0] >= west) & (inner[:, 1] >= south) & (inner[:, 2] <= east) & (inner[:, 3] <= north)
        )
    return np.asarray(inner[~within])


def _code(path: str) -> str:
    return code_of(path.rpartition(".")[2])
