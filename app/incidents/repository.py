"""Writing incidents: bulk loads, removals, re-assignment. Reading them is in ``queries``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.db.copy import BOXES, box_columns, copy_columns, references_looked_up
from app.incidents.models import EventClass

_STAGED = """
source text, source_id text, class_code text, state text, origin text, channel text, geom geometry(Point, 4326),
address text, description text, occurred_at timestamptz, reported_at timestamptz, due_at timestamptz,
closed_at timestamptz, department_id bigint, component_code text, grid_code text, grid_path ltree, attributes jsonb,
number text, row bigint
"""
_OPEN = "i.state NOT IN ('closed', 'voided')"
_COLUMNS = (
    "number, source, source_id, class_code, state, origin, channel, geom, address, description, occurred_at, "
    "reported_at, due_at, closed_at, department_id, component_code, grid_code, grid_path, attributes"
)


def owners_are_given(session: Session) -> None:
    """Say for this transaction that rows bring their owners, so that the trigger leaves them alone."""
    session.execute(text("SELECT set_config('wangge.owners', 'given', true)"))


def copy_direct(
    session: Session, columns: Mapping[str, Any], *, advance: Callable[[int], object] | None = None
) -> int:
    """Copy rows that are known to be new straight into the table."""
    with references_looked_up(session):
        return copy_columns(session, "incident", columns, advance=advance)


def stage(
    session: Session, columns: Mapping[str, Any], *, advance: Callable[[int], object] | None = None
) -> None:
    """Copy rows into a staging table that ends with the transaction."""
    session.execute(text("DROP TABLE IF EXISTS staged_incident"))
    session.execute(text(f"CREATE TEMP TABLE staged_incident ({_STAGED}) ON COMMIT DROP"))
    copy_columns(session, "staged_incident", columns, advance=advance)
    session.execute(text("ANALYZE staged_incident"))


def staged_ids_present(session: Session, *, limit: int) -> tuple[int, list[Any]]:
    """How many staged rows have an id of the source that is stored already, and the first of them: row, source_id."""
    rows = session.execute(
        text(
            "SELECT s.row, s.source_id, count(*) OVER () FROM staged_incident s JOIN incident i "
            "ON i.source = s.source AND i.source_id = s.source_id ORDER BY s.row LIMIT :limit"
        ),
        {"limit": limit},
    ).all()
    return (int(rows[0][2]) if rows else 0), [(row, source_id) for row, source_id, _ in rows]


def store_staged(session: Session, *, import_id: int, edition: int, update: bool) -> tuple[int, int]:
    """Move staged rows into place; returns how many were new and how many were updated."""
    keys = ("number", "source", "source_id")
    names = [name.strip() for name in _COLUMNS.split(",")]
    sets = ", ".join(f"{name} = excluded.{name}" for name in names if name not in keys)
    clause = (
        "ON CONFLICT (source, source_id) WHERE source_id IS NOT NULL DO UPDATE SET "
        f"{sets}, assigned_edition = excluded.assigned_edition, import_id = excluded.import_id"
        if update
        else ""
    )
    insert_rows = (
        f"INSERT INTO incident ({_COLUMNS}, assigned_edition, import_id) "
        f"SELECT {_COLUMNS}, :edition, :import_id FROM staged_incident ORDER BY row {clause}"
    )
    given = {"edition": edition, "import_id": import_id}
    with references_looked_up(session):
        if update:
            # A row that was there before carries the transaction that wrote over it.
            counted = session.execute(
                text(
                    f"WITH moved AS ({insert_rows} RETURNING (xmax = 0) AS fresh) "
                    "SELECT count(*) FILTER (WHERE fresh), count(*) FILTER (WHERE NOT fresh) FROM moved"
                ),
                given,
            ).one()
            fresh, written_over = int(counted[0]), int(counted[1])
        else:
            fresh, written_over = session.execute(text(insert_rows), given).rowcount, 0  # type: ignore[attr-defined]
    return fresh, written_over


def log_import(session: Session, *, import_id: int, actor: str, updated: bool) -> None:
    """One line in the log of each incident that an import stored or, with ``updated``, wrote over."""
    # Only what was there before has a state to come from.
    before = (
        "(SELECT l.to_state FROM incident_log l WHERE l.incident_id = i.id AND l.to_state IS NOT NULL "
        "ORDER BY l.id DESC LIMIT 1)"
        if updated
        else "NULL"
    )
    with references_looked_up(session):
        session.execute(
            text(
                "INSERT INTO incident_log (incident_id, actor, action, from_state, to_state, detail) "
                f"SELECT i.id, :actor, 'import', {before}, i.state, "
                "jsonb_build_object('import', CAST(:import_id AS bigint)) FROM incident i WHERE i.import_id = :import_id"
            ),
            {"import_id": import_id, "actor": actor},
        )


def void_of_imports(session: Session, import_ids: Sequence[int], *, actor: str) -> int:
    """Void what these imports stored. Incidents are never deleted: their log must stay."""
    result = session.execute(
        text(
            "WITH old AS (SELECT id, state FROM incident WHERE import_id = ANY(:ids) AND state <> 'voided' FOR UPDATE), "
            "voided AS (UPDATE incident i SET state = 'voided', source_id = NULL FROM old WHERE i.id = old.id "
            "RETURNING i.id, old.state AS was) "
            "INSERT INTO incident_log (incident_id, actor, action, from_state, to_state, note) "
            "SELECT id, :actor, 'void', was, 'voided', 'replaced by a newer import' FROM voided"
        ),
        {"ids": list(import_ids), "actor": actor},
    )
    return int(result.rowcount)  # type: ignore[attr-defined]


def stored_assignments(session: Session, *, chunk: int = 200_000) -> Iterator[pd.DataFrame]:
    """Every incident with a place and its stored assignment, in chunks by id, so that memory stays bounded."""
    after = 0
    while True:
        rows = session.execute(
            text(
                "SELECT id, ST_X(geom) AS lon, ST_Y(geom) AS lat, grid_code, grid_path::text AS grid_path, "
                "assigned_edition, state FROM incident WHERE geom IS NOT NULL AND id > :after ORDER BY id LIMIT :chunk"
            ),
            {"after": after, "chunk": chunk},
        ).all()
        if not rows:
            return
        columns = ["id", "lon", "lat", "grid_code", "grid_path", "assigned_edition", "state"]
        frame = pd.DataFrame(rows, columns=columns)
        yield frame
        after = int(frame["id"].iloc[-1])


def count_placeless_with_owner(session: Session) -> int:
    """Incidents that have an owner but no place: there should be none."""
    return int(
        session.scalar(
            text(
                "SELECT count(*) FROM incident WHERE geom IS NULL AND (grid_code IS NOT NULL OR grid_path <> 'outside')"
            )
        )
        or 0
    )


def open_points_near(session: Session, boxes: np.ndarray, codes: Sequence[str]) -> pd.DataFrame:
    """Open incidents in one of the boxes (west, south, east, north) or of these grids: id, lon, lat."""
    rows = session.execute(
        text(
            # Said of each part, so that each is looked up among the open ones only.
            f"WITH {BOXES}, found AS ("
            f"SELECT i.id, i.geom FROM boxes b JOIN incident i ON i.geom && b.box WHERE {_OPEN} UNION ALL "
            f"SELECT i.id, i.geom FROM incident i WHERE i.grid_code = ANY(:codes) AND i.geom IS NOT NULL AND {_OPEN}) "
            "SELECT DISTINCT ON (id) id, ST_X(geom), ST_Y(geom) FROM found ORDER BY id"
        ),
        {**box_columns(boxes), "codes": list(codes)},
    ).all()
    return pd.DataFrame(rows, columns=["id", "lon", "lat"])


def classed_near(session: Session, boxes: np.ndarray) -> pd.DataFrame:
    """Incidents in one of the boxes (west, south, east, north): id, class_code, open, lon, lat. Voided ones are none."""
    rows = session.execute(
        text(
            f"WITH {BOXES} SELECT DISTINCT ON (i.id) i.id, i.class_code, {_OPEN}, ST_X(i.geom), ST_Y(i.geom) "
            "FROM boxes b JOIN incident i ON i.geom && b.box WHERE i.state <> 'voided' ORDER BY i.id"
        ),
        box_columns(boxes),
    ).all()
    return pd.DataFrame(rows, columns=["id", "class_code", "open", "lon", "lat"])


def open_points_of_import(session: Session, import_id: int) -> pd.DataFrame:
    """Open incidents that an import stored: id, lon, lat."""
    rows = session.execute(
        text(
            f"SELECT i.id, ST_X(i.geom), ST_Y(i.geom) FROM incident i WHERE {_OPEN} AND i.geom IS NOT NULL "
            "AND i.import_id = :id ORDER BY i.id"
        ),
        {"id": import_id},
    ).all()
    return pd.DataFrame(rows, columns=["id", "lon", "lat"])


def assign(session: Session, columns: Mapping[str, Any], *, edition: int, actor: str) -> int:
    """Write owners computed outside for the given ids; each change of owner is a line in the log. Returns how many."""
    session.execute(text("DROP TABLE IF EXISTS assigned_incident"))
    session.execute(
        text(
            "CREATE TEMP TABLE assigned_incident (id bigint PRIMARY KEY, grid_code text, grid_path ltree) "
            "ON COMMIT DROP"
        )
    )
    copy_columns(session, "assigned_incident", columns)
    session.execute(text("ANALYZE assigned_incident"))
    session.execute(
        text(
            "INSERT INTO incident_log (incident_id, actor, action, from_state, to_state, detail) "
            "SELECT i.id, :actor, 'reassign', i.state, i.state, jsonb_build_object('from', i.grid_code, 'to', a.grid_code, "
            "'edition', CAST(:edition AS integer)) FROM assigned_incident a JOIN incident i USING (id) "
            "WHERE i.grid_code IS DISTINCT FROM a.grid_code"
        ),
        {"actor": actor, "edition": edition},
    )
    result = session.execute(
        text(
            "UPDATE incident i SET grid_code = a.grid_code, grid_path = a.grid_path, assigned_edition = :edition "
            "FROM assigned_incident a WHERE a.id = i.id "
            "AND (i.grid_code, i.grid_path) IS DISTINCT FROM (a.grid_code, a.grid_path)"
        ),
        {"edition": edition},
    )
    return int(result.rowcount)  # type: ignore[attr-defined]


def upsert_classes(session: Session, values: list[dict[str, Any]]) -> None:
    """Write classes over those of the same codes; none is removed."""
    statement = insert(EventClass).values(values)
    changed = {name: statement.excluded[name] for name in values[0] if name != "code"}
    session.execute(statement.on_conflict_do_update(index_elements=["code"], set_=changed))


def classes(session: Session) -> list[EventClass]:
    """All classes by code."""
    return list(session.scalars(select(EventClass).order_by(EventClass.code)))
