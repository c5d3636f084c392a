"""Storing incidents in bulk: imports with their log, voiding, re-assignment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.db.bulk_table import BulkTable, make_temporary
from app.db.copy import copy_columns, references_looked_up
from app.db.literals import sql_list
from app.incidents import states

_LAST_ACTION = (
    f"CASE state {' '.join(f'WHEN {state.name!r} THEN {state.action!r}' for state in states.TABLE)} END"
)
_NOT_SENT = sql_list(states.BEFORE_DISPATCH)

INCIDENTS = BulkTable(
    "incident",
    columns={
        "source": "text",
        "source_id": "text",
        "class_code": "text",
        "state": "text",
        "origin": "text",
        "channel": "text",
        "geom": "geometry(Point, 4326)",
        "address": "text",
        "description": "text",
        "occurred_at": "timestamptz",
        "reported_at": "timestamptz",
        "due_at": "timestamptz",
        "closed_at": "timestamptz",
        "department_id": "bigint",
        "component_code": "text",
        "grid_code": "text",
        "grid_path": "ltree",
        "attributes": "jsonb",
        "number": "text",
        "assigned_edition": "integer",
    },
    key=("source", "source_id"),
    known_by="source_id",
    key_where="source_id IS NOT NULL",
    # A number is given once.
    fixed=("number",),
)


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
            "WITH old AS (SELECT id, state FROM incident WHERE import_id = ANY(:ids) AND NOT is_void FOR UPDATE), "
            "voided AS (UPDATE incident i SET state = :void, source_id = NULL FROM old WHERE i.id = old.id "
            "RETURNING i.id, old.state AS was) "
            "INSERT INTO incident_log (incident_id, actor, action, from_state, to_state, note) "
            "SELECT id, :actor, 'void', was, :void, 'replaced by a newer import' FROM voided"
        ),
        {"ids": list(import_ids), "actor": actor, "void": states.VOIDED},
    )
    return int(result.rowcount)  # type: ignore[attr-defined]


def assign(session: Session, columns: Mapping[str, object], *, actor: str) -> int:
    """Write owners computed outside for the given ids; each change of owner is a line in the log. Returns how many."""
    make_temporary(
        session,
        "assigned_incident",
        {
            "id": "bigint PRIMARY KEY",
            "grid_code": "text",
            "grid_path": "ltree",
            "assigned_edition": "integer",
        },
    )
    copy_columns(session, "assigned_incident", columns)
    session.execute(text("ANALYZE assigned_incident"))
    session.execute(
        text(
            "INSERT INTO incident_log (incident_id, actor, action, from_state, to_state, detail) "
            "SELECT i.id, :actor, 'reassign', i.state, i.state, jsonb_build_object('from', i.grid_code, 'to', a.grid_code, "
            "'edition', a.assigned_edition) FROM assigned_incident a JOIN incident i USING (id) "
            "WHERE i.grid_code IS DISTINCT FROM a.grid_code"
        ),
        {"actor": actor},
    )
    # Open ones whose owner stays are not written: they belong to the edition in force, whatever its number.
    written = session.execute(
        text(
            "WITH old AS (SELECT i.id, (i.grid_code, i.grid_path) IS DISTINCT FROM (a.grid_code, a.grid_path) AS moved "
            "FROM assigned_incident a JOIN incident i USING (id)), "
            "written AS (UPDATE incident i SET grid_code = a.grid_code, grid_path = a.grid_path, "
            "assigned_edition = a.assigned_edition FROM assigned_incident a, old o WHERE a.id = i.id AND o.id = i.id "
            "AND (o.moved OR NOT i.is_open AND i.assigned_edition IS DISTINCT FROM a.assigned_edition) "
            "RETURNING o.moved) SELECT count(*) FILTER (WHERE moved) FROM written"
        )
    )
    return int(written.scalar_one())


def log_histories(session: Session, *, import_id: int, actor: str, recent_from: datetime) -> None:
    """Write the log of invented incidents: every step of recent ones at its own time, one line of older ones."""
    values = {"import_id": import_id, "actor": actor, "recent": recent_from}
    steps = (
        # Order matters: the last line of an incident says the state it is in.
        ("'report'", "NULL", f"'{states.REPORTED}'", "reported_at", "true"),
        (
            "'dispatch'",
            f"'{states.REPORTED}'",
            f"'{states.DISPATCHED}'",
            "reported_at + (LEAST(COALESCE(closed_at, now()), now()) - reported_at) * 0.1",
            f"state NOT IN {_NOT_SENT}",
        ),
        (
            _LAST_ACTION,
            f"CASE WHEN state IN {_NOT_SENT} THEN '{states.REPORTED}' ELSE '{states.DISPATCHED}' END",
            "state",
            "COALESCE(closed_at, reported_at + (LEAST(due_at, now()) - reported_at) * 0.5)",
            f"state NOT IN {sql_list([states.REPORTED, states.DISPATCHED])}",
        ),
    )
    with references_looked_up(session):
        for action, before, after, at, condition in steps:
            session.execute(
                text(
                    "INSERT INTO incident_log (incident_id, at, actor, action, from_state, to_state, detail) "
                    f"SELECT id, {at}, :actor, {action}, {before}, {after}, "
                    "jsonb_build_object('synthetic', true, 'import', CAST(:import_id AS bigint)) "
                    f"FROM incident WHERE import_id = :import_id AND reported_at >= :recent AND {condition} ORDER BY id"
                ),
                values,
            )
        session.execute(
            text(
                "INSERT INTO incident_log (incident_id, at, actor, action, to_state, detail) "
                "SELECT id, COALESCE(closed_at, reported_at), :actor, 'import', state, "
                "jsonb_build_object('synthetic', true, 'import', CAST(:import_id AS bigint)) "
                "FROM incident WHERE import_id = :import_id AND reported_at < :recent ORDER BY id"
            ),
            values,
        )
