"""What the features above ask of components: re-assignment, counts, lists."""

from __future__ import annotations

import pandas as pd
from sqlalchemy.orm import Session

from app.boundaries.assignment import owners_of
from app.boundaries.edition_cache import LoadedEdition
from app.components import repository, storage
from app.db.bulk_table import bring_owners


def reassign(session: Session, loaded: LoadedEdition, components: pd.DataFrame) -> int:
    """Give components (id, geometry) their owners in an edition. Returns how many changed."""
    if not len(components):
        return 0
    owners = owners_of(loaded, components["geometry"].to_numpy())
    ids = components["id"].to_numpy()
    bring_owners(session)
    return storage.assign(
        session,
        {
            "id": ids,
            "grid_code": owners.codes,
            "grid_path": owners.paths,
            "paths": owners.all_paths,
            "outside_share": owners.outside_share,
            "measure": storage.nullable(owners.measure),
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


def reassign_import(session: Session, loaded: LoadedEdition, import_id: int) -> int:
    """The same for what one import stored."""
    return reassign(session, loaded, repository.shapes_of_import(session, import_id))
