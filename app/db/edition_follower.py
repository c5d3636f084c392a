"""What follows an edition: rows that carry the path of a unit, and move when the unit or its land does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sqlalchemy import text
from sqlalchemy.orm import Session

if TYPE_CHECKING:
    from app.boundaries.edition_cache import LoadedEdition


@dataclass(frozen=True)
class UnitPathTable:
    """A table with a unit path.

    Parameters
    ----------
    table : str
    columns : tuple of str
        Its ``ltree`` and ``ltree[]`` columns.
    secured_by : str, optional
        The column that row security decides by. None: rows hang on a row of another table and follow its policy, or
        the service has to read them before it knows who asks.
    """

    table: str
    columns: tuple[str, ...]
    secured_by: str | None = None

    @property
    def within(self) -> str:
        """The SQL condition under which a row lies in the unit ``:path``."""
        return f"{self.secured_by} <@ text2ltree(:path)"


class ChangedLand(NamedTuple):
    """The land of grids that editions changed.

    ``boxes`` are envelopes (west, south, east, north) in EPSG:4326, ``codes`` those of the grids. ``since``: when the
    earliest of the editions takes effect. ``new_districts``: whether one of them is the first with some district.
    """

    boxes: NDArray[np.float64]
    codes: list[str]
    since: datetime
    new_districts: bool


@dataclass(frozen=True)
class Affected:
    """Rows that lie in changed land; ``bounds`` are their envelopes, shape (n, 4), EPSG:4326."""

    rows: pd.DataFrame
    bounds: NDArray[np.float64] = field(default_factory=lambda: np.empty((0, 4)))


class MovedUnits(NamedTuple):
    """Units that lie elsewhere or are called otherwise with an edition: path before -> path now."""

    paths: Mapping[str, str]
    edition: int
    actor: str


class NewOwners(NamedTuple):
    """The edition whose grids own what lies in them, and who published it."""

    loaded: LoadedEdition
    actor: str


class FollowsEdition(Protocol):
    """Something that follows an edition. Registered in `app.publishing.registry`, and nowhere else."""

    @property
    def name(self) -> str:
        """One word."""

    @property
    def tables(self) -> tuple[UnitPathTable, ...]:
        """Every table of it that has the path of a unit."""


class FollowsUnits(FollowsEdition, Protocol):
    """Rows that are bound to units: they go where the unit goes, and nothing of them changes hands with land."""

    def move_units(self, session: Session, moved: MovedUnits) -> int:
        """Bind them to where their units are now. Returns how many rows moved."""


class FollowsPlaces(FollowsEdition, Protocol):
    """Rows that have a place: when a unit moves, its land is among what changed."""

    def affected(self, session: Session, land: ChangedLand) -> Affected:
        """The rows whose owner may be another one, now that this land changed."""

    def reassign(self, session: Session, affected: Affected, owners: NewOwners) -> int:
        """Give these rows the owners of an edition. Returns how many changed hands."""


def move_paths(session: Session, table: UnitPathTable, moved: MovedUnits) -> int:
    """Write the new paths of units into the columns of a table. Returns how many rows were written."""
    if not moved.paths:
        return 0
    count = 0
    for column in table.columns:
        result: Any = session.execute(
            text(
                f"UPDATE {table.table} t SET {column} = m.now FROM unnest(CAST(:was AS ltree[]), CAST(:now AS ltree[])) "
                f"AS m(was, now) WHERE t.{column} = m.was"
            ),
            {"was": list(moved.paths), "now": list(moved.paths.values())},
        )
        count += int(result.rowcount)
    return count


def unit_path_columns(session: Session) -> set[tuple[str, str]]:
    """Every (table, column) of the database that holds the path of a unit."""
    rows = session.execute(
        text(
            "SELECT c.relname, a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid "
            "WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace AND NOT a.attisdropped "
            "AND a.attnum > 0 AND a.atttypid IN ('ltree'::regtype, 'ltree[]'::regtype)"
        )
    )
    return {(table, column) for table, column in rows}
