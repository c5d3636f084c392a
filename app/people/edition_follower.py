"""Officers, teams and counts of people follow their units."""

from __future__ import annotations

from sqlalchemy.orm import Session

from app.db.edition_follower import MovedUnits, UnitPathTable
from app.db.ltree import code_of
from app.people import repository


class Teams:
    """Officers, teams of grids, and population counts."""

    name = "people"
    tables = (
        UnitPathTable("officer", ("unit_path",), secured_by="unit_path"),
        UnitPathTable("team_member", ("grid_path",), secured_by="grid_path"),
        UnitPathTable("population_count", ("grid_path",), secured_by="grid_path"),
    )

    def move_units(self, session: Session, moved: MovedUnits) -> int:
        """Bind them to where their units are, and to the codes that these have now."""
        return repository.move_units(
            session, [(was, now, _code(was), _code(now)) for was, now in moved.paths.items()]
        )


def _code(path: str) -> str:
    return code_of(path.rpartition(".")[2])
