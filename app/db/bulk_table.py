"""Tables that are filled in bulk: rows go by COPY into a staging table, then by one statement into place.

Components and incidents are such tables. Rows bring their owners, computed outside (`bring_owners` keeps the triggers
from doing it again), and an import decides whether rows of the same key are refused or written over.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.db.copy import copy_columns, references_looked_up

Advance = Callable[[int], object]


class Stored(NamedTuple):
    """How many rows were new and how many were written over."""

    new: int
    updated: int


class Present(NamedTuple):
    """A staged row whose key is stored already: its row in the file, from 1, and the key."""

    row: int
    key: str


class PresentRows(NamedTuple):
    """How many staged rows have a key that is stored already, and the first of them by row."""

    total: int
    first: list[Present]


@dataclass(frozen=True)
class BulkTable:
    """A table with the columns that an import brings.

    ``columns``: their SQL types by name, in the order of the staging table; ``assigned_edition`` is the edition that
    said who owns the row. ``key``: the unique key, of which the last
    is what people know a row by; ``key_where``: the condition of its index. ``fixed``: columns besides the key that
    keep their first value when a row is written over. ``touched``: what else is set then, as SQL.
    """

    name: str
    columns: Mapping[str, str]
    key: tuple[str, ...]
    known_by: str
    key_where: str = ""
    fixed: tuple[str, ...] = ()
    touched: str = ""

    @property
    def staged(self) -> str:
        """The staging table: the columns and ``row``, which counts from 1."""
        return f"staged_{self.name}"

    def stage(
        self, session: Session, columns: Mapping[str, object], *, advance: Advance | None = None
    ) -> None:
        """Copy rows into a staging table that ends with the transaction; what is not given stays NULL."""
        make_temporary(session, self.staged, {**self.columns, "row": "bigint"})
        copy_columns(session, self.staged, columns, advance=advance)
        session.execute(text(f"ANALYZE {self.staged}"))

    def copy(self, session: Session, columns: Mapping[str, object], *, advance: Advance | None = None) -> int:
        """Copy rows that are known to be new straight into the table; returns how many."""
        with references_looked_up(session):
            return copy_columns(session, self.name, columns, advance=advance)

    def present(self, session: Session, *, limit: int) -> PresentRows:
        """The staged rows whose key is stored already."""
        same = " AND ".join(f"t.{column} = s.{column}" for column in self.key)
        rows = session.execute(
            text(
                f"SELECT s.row, s.{self.known_by}, count(*) OVER () FROM {self.staged} s "
                f"JOIN {self.name} t ON {same} ORDER BY s.row LIMIT :limit"
            ),
            {"limit": limit},
        ).all()
        return PresentRows(int(rows[0][2]) if rows else 0, [Present(row, key) for row, key, _ in rows])

    def store(self, session: Session, *, import_id: int, update: bool) -> Stored:
        """Move staged rows into place, by their row; ``update`` writes over rows of the same key."""
        names = ", ".join(self.columns)
        insert = (
            f"INSERT INTO {self.name} ({names}, import_id) "
            f"SELECT {names}, :import_id FROM {self.staged} ORDER BY row {self._conflict() if update else ''}"
        )
        given = {"import_id": import_id}
        with references_looked_up(session):
            if not update:
                return Stored(int(session.execute(text(insert), given).rowcount), 0)  # type: ignore[attr-defined]
            # A row that was there before carries the transaction that wrote over it.
            counted = session.execute(
                text(
                    f"WITH moved AS ({insert} RETURNING (xmax = 0) AS fresh) "
                    "SELECT count(*) FILTER (WHERE fresh), count(*) FILTER (WHERE NOT fresh) FROM moved"
                ),
                given,
            ).one()
        return Stored(int(counted[0]), int(counted[1]))

    def _conflict(self) -> str:
        kept = {*self.key, *self.fixed}
        written = [*(name for name in self.columns if name not in kept), "import_id"]
        sets = [*(f"{name} = excluded.{name}" for name in written), *([self.touched] if self.touched else [])]
        where = f" WHERE {self.key_where}" if self.key_where else ""
        return f"ON CONFLICT ({', '.join(self.key)}){where} DO UPDATE SET {', '.join(sets)}"


def make_temporary(session: Session, name: str, columns: Mapping[str, str]) -> None:
    """Make an empty table that ends with the transaction, in place of an earlier one of this name."""
    session.execute(text(f"DROP TABLE IF EXISTS {name}"))
    listed = ", ".join(f"{column} {kind}" for column, kind in columns.items())
    session.execute(text(f"CREATE TEMP TABLE {name} ({listed}) ON COMMIT DROP"))


def bring_owners(session: Session) -> None:
    """Say for this transaction that rows bring their owners, so that the triggers leave them alone."""
    session.execute(text("SELECT set_config('wangge.owners', 'given', true)"))
