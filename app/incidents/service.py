"""What the features above ask of incidents: re-assignment of the open ones."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from sqlalchemy.orm import Session

from app.boundaries.assignment import point_owners
from app.boundaries.edition_cache import LoadedEdition
from app.db.bulk_table import bring_owners
from app.incidents import repository, storage


def open_near(session: Session, *, boxes: np.ndarray, codes: Sequence[str]) -> pd.DataFrame:
    """Open incidents in a box, or of these grids: id, lon, lat. Closed ones keep the owner of their time."""
    return repository.open_points_near(session, boxes, codes)


def reassign_open(session: Session, loaded: LoadedEdition, incidents: pd.DataFrame, *, actor: str) -> int:
    """Give incidents (id, lon, lat) their owners in an edition. Returns how many changed."""
    if not len(incidents):
        return 0
    owner_codes, owner_paths = point_owners(loaded, incidents["lon"].to_numpy(), incidents["lat"].to_numpy())
    bring_owners(session)
    return storage.assign(
        session,
        {"id": incidents["id"].to_numpy(), "grid_code": owner_codes, "grid_path": owner_paths},
        edition=loaded.number,
        actor=actor,
    )


def reassign_import(session: Session, loaded: LoadedEdition, import_id: int, *, actor: str) -> int:
    """The same for the open ones that an import stored."""
    return reassign_open(session, loaded, repository.open_points_of_import(session, import_id), actor=actor)
