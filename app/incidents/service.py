"""What the features above ask of incidents: re-assignment."""

from __future__ import annotations

import pandas as pd
from sqlalchemy.orm import Session

from app.boundaries.edition_loader import LoadedEdition
from app.db.bulk_table import bring_owners
from app.incidents import repository, storage
from app.incidents.ownership import Ownership, ended_at


def reassign(session: Session, loaded: LoadedEdition, incidents: pd.DataFrame, *, actor: str) -> int:
    """Give incidents (id, lon, lat, is_open, reported_at, closed_at) their owners now that an edition is in force.

    Returns how many changed hands.
    """
    if not len(incidents):
        return 0
    owners = Ownership(session, loaded).of(
        incidents["lon"].to_numpy(),
        incidents["lat"].to_numpy(),
        incidents["is_open"].to_numpy(dtype=bool),
        ended_at(incidents),
    )
    bring_owners(session)
    return storage.assign(
        session,
        {
            "id": incidents["id"].to_numpy(),
            "grid_code": owners.codes,
            "grid_path": owners.paths,
            "assigned_edition": owners.editions,
        },
        actor=actor,
    )


def reassign_import(session: Session, loaded: LoadedEdition, import_id: int, *, actor: str) -> int:
    """Re-assign the incidents of an import that was under way when the edition came into force."""
    rows = repository.points_of_import(session, import_id, since=loaded.scheduled.effective_from)
    return reassign(session, loaded, rows, actor=actor)
