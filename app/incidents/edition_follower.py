"""Incidents that an edition gives another owner: the open ones, and closed ones whose end it was in force at."""

from __future__ import annotations

from sqlalchemy.orm import Session

from app.db.edition_follower import Affected, ChangedLand, NewOwners, UnitPathTable
from app.incidents import repository, service


class Incidents:
    """Incidents in changed land: open ones, those that ended since, and those that a new district finds without owner."""

    name = "incidents"
    tables = (UnitPathTable("incident", ("grid_path",), secured_by="grid_path"),)

    def affected(self, session: Session, land: ChangedLand) -> Affected:
        """Those in the land or of its grids."""
        rows = repository.points_in_changed_land(session, land)
        return Affected(rows, rows[["lon", "lat", "lon", "lat"]].to_numpy(dtype=float).reshape(-1, 4))

    def reassign(self, session: Session, affected: Affected, owners: NewOwners) -> int:
        """Give them their owners, each change with a line in the log."""
        return service.reassign(session, owners.loaded, affected.rows, actor=owners.actor)
