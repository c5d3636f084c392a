"""Open incidents belong to the grids of the edition in force; closed ones keep the owner of their time."""

from __future__ import annotations

from sqlalchemy.orm import Session

from app.db.edition_follower import Affected, ChangedLand, NewOwners, UnitPathTable
from app.incidents import service


class Incidents:
    """Incidents that are open."""

    name = "incidents"
    tables = (UnitPathTable("incident", ("grid_path",), secured_by="grid_path"),)

    def affected(self, session: Session, land: ChangedLand) -> Affected:
        """The open ones in the land or of its grids."""
        rows = service.open_near(session, boxes=land.boxes, codes=land.codes)
        return Affected(rows, rows[["lon", "lat", "lon", "lat"]].to_numpy(dtype=float).reshape(-1, 4))

    def reassign(self, session: Session, affected: Affected, owners: NewOwners) -> int:
        """Give them their owners, each change with a line in the log."""
        return service.reassign_open(session, owners.loaded, affected.rows, actor=owners.actor)
