"""What the features above ask of components: re-assignment, counts, lists."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from sqlalchemy.orm import Session

from app.boundaries.editions import LoadedEdition
from app.boundaries.owners import owners_of
from app.components import repository


def near(session: Session, *, boxes: np.ndarray, codes: Sequence[str]) -> pd.DataFrame:
    """Components that meet a box, or of these grids: id, geometry."""
    return repository.shapes_near(session, boxes, codes)


def reassign(session: Session, loaded: LoadedEdition, components: pd.DataFrame) -> int:
    """Give components (id, geometry) their owners in an edition. Returns how many changed."""
    return _assign(session, loaded, components)


def reassign_import(session: Session, loaded: LoadedEdition, import_id: int) -> int:
    """The same for what one import stored."""
    return _assign(session, loaded, repository.shapes_of_import(session, import_id))


def _assign(session: Session, loaded: LoadedEdition, frame: pd.DataFrame) -> int:
    if not len(frame):
        return 0
    owners = owners_of(loaded, frame["geometry"].to_numpy())
    ids = frame["id"].to_numpy()
    repository.owners_are_given(session)
    return repository.assign(
        session,
        {
            "id": ids,
            "grid_code": owners.codes,
            "grid_path": owners.paths,
            "paths": owners.all_paths,
            "outside_share": owners.outside_share,
            "measure": repository.nullable(owners.measure),
        },
        {
            "component_id": ids[owners.share_row],
            "grid_code": owners.share_code,
            "grid_path": owners.share_path,
            "share": owners.share,
            "measure": owners.share_measure,
        },
        edition=loaded.number,
    )
