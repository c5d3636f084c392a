"""What the features above ask of incidents: re-assignment of the open ones."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from app.boundaries.editions import LoadedEdition
from app.boundaries.owners import point_owners
from app.incidents import repository


def reassign_open(
    session: Session, loaded: LoadedEdition, *, bounds: Sequence[float], codes: Sequence[str], actor: str
) -> int:
    """Give open incidents in a box, or of these grids, their owners in an edition; closed ones keep theirs."""
    frame = repository.open_points_near(session, bounds, codes)
    if not len(frame):
        return 0
    owner_codes, owner_paths = point_owners(loaded, frame["lon"].to_numpy(), frame["lat"].to_numpy())
    repository.owners_are_given(session)
    return repository.assign(
        session,
        {"id": frame["id"].to_numpy(), "grid_code": owner_codes, "grid_path": owner_paths},
        edition=loaded.number,
        actor=actor,
    )
