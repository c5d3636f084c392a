"""All that follows an edition, in the order in which it does. A table that comes with a unit path is named here."""

from __future__ import annotations

from sqlalchemy.orm import Session

from app.auth.scope_relocation import AccessRights
from app.components.edition_follower import Components
from app.db.edition_follower import (
    FollowsEdition,
    FollowsPlaces,
    FollowsUnits,
    MovedUnits,
    UnitPathTable,
    move_paths,
)
from app.incidents.edition_follower import Incidents
from app.people.edition_follower import Teams


class Drafts:
    """Drafts are bound to a unit, and stay within the reach of those who hold rights there."""

    name = "drafts"
    tables = (UnitPathTable("draft", ("scope_path",), secured_by="scope_path"),)

    def move_units(self, session: Session, moved: MovedUnits) -> int:
        """Bind drafts, also those that are over, to where their units are."""
        count = move_paths(session, self.tables[0], moved)
        if count:
            # The draft that is being published may be among them.
            session.expire_all()
        return count


BOUND_TO_UNITS: tuple[FollowsUnits, ...] = (AccessRights(), Teams(), Drafts())
WITH_A_PLACE: tuple[FollowsPlaces, ...] = (Components(), Incidents())
FOLLOWERS: tuple[FollowsEdition, ...] = (*BOUND_TO_UNITS, *WITH_A_PLACE)

# What an edition itself consists of.
PUBLISHED = frozenset({("unit_version", "path")})


def unit_path_tables() -> dict[str, UnitPathTable]:
    """Every registered table by name."""
    return {each.table: each for follower in FOLLOWERS for each in follower.tables}


def registered_columns() -> set[tuple[str, str]]:
    """Every (table, column) with the path of a unit that there may be."""
    return {
        (each.table, column) for each in unit_path_tables().values() for column in each.columns
    } | PUBLISHED
