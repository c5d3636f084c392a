"""Components belong to the grids of the edition in force."""

from __future__ import annotations

import shapely
from sqlalchemy.orm import Session

from app.components import repository, service
from app.db.edition_follower import Affected, ChangedLand, NewOwners, UnitPathTable


class Components:
    """Components and the shares of those that lie in several grids."""

    name = "components"
    tables = (
        UnitPathTable("component", ("grid_path", "paths"), secured_by="paths"),
        UnitPathTable("component_share", ("grid_path",)),
    )

    def affected(self, session: Session, land: ChangedLand) -> Affected:
        """Those that meet the land or belong to its grids."""
        rows = repository.shapes_near(session, land.boxes, land.codes)
        return Affected(rows, shapely.bounds(rows["geometry"].to_numpy()).reshape(-1, 4))

    def reassign(self, session: Session, affected: Affected, owners: NewOwners) -> int:
        """Give them their owners and shares."""
        return service.reassign(session, owners.loaded, affected.rows)
