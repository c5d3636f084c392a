"""What the demo asks of the database beyond what the features offer: teams in bulk, histories of incidents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.db.copy import copy_columns, references_looked_up

_LAST_ACTION = (
    "CASE state WHEN 'closed' THEN 'close' WHEN 'voided' THEN 'void' WHEN 'suspended' THEN 'suspend' "
    "ELSE 'advance' END"
)


def anything_stored(session: Session) -> bool:
    """Whether any edition, component or incident is there."""
    return bool(
        session.scalar(
            text(
                "SELECT EXISTS (SELECT FROM edition) OR EXISTS (SELECT FROM component) "
                "OR EXISTS (SELECT FROM incident)"
            )
        )
    )


def loads_of(session: Session, district: str) -> Sequence[Any]:
    """Demo loads of a district that were stored, oldest first: id, file_sha256, report, edition, options."""
    return session.execute(
        text(
            "SELECT id, file_sha256, report, edition, options FROM import_job "
            "WHERE kind = 'demo' AND state = 'done' AND file_name LIKE :pattern ORDER BY id"
        ),
        {"pattern": f"demo:{district}:%"},
    ).all()


def replace_teams(session: Session, district_path: str, columns: Mapping[str, Any]) -> int:
    """Put the invented teams of a district in place of its earlier invented ones. Returns members."""
    session.execute(
        text("DELETE FROM officer WHERE synthetic AND unit_path <@ text2ltree(:path)"),
        {"path": district_path},
    )
    session.execute(text("DROP TABLE IF EXISTS staged_member"))
    session.execute(
        text(
            "CREATE TEMP TABLE staged_member (staff_code text, name text, phone text, department_id bigint, "
            "unit_path ltree, grid_code text, grid_path ltree, role text, subject text, since date) ON COMMIT DROP"
        )
    )
    copy_columns(session, "staged_member", columns)
    session.execute(
        text(
            "INSERT INTO officer (staff_code, name, phone, department_id, unit_path, synthetic) "
            "SELECT DISTINCT ON (staff_code) staff_code, name, phone, department_id, unit_path, true "
            "FROM staged_member ORDER BY staff_code"
        )
    )
    stored = session.execute(
        text(
            "INSERT INTO team_member (grid_code, grid_path, officer_id, role, subject, during) "
            "SELECT m.grid_code, m.grid_path, o.id, m.role, m.subject, daterange(m.since, NULL) "
            "FROM staged_member m JOIN officer o USING (staff_code) ORDER BY m.grid_code, m.role, m.staff_code"
        )
    )
    return int(stored.rowcount)  # type: ignore[attr-defined]


def replace_counts(session: Session, district_path: str, columns: Mapping[str, Any]) -> int:
    """Put the invented counts of people of a district in place of its earlier ones."""
    session.execute(
        text("DELETE FROM population_count WHERE grid_path <@ text2ltree(:path)"), {"path": district_path}
    )
    return copy_columns(session, "population_count", columns)


def log_histories(session: Session, *, import_id: int, actor: str, recent_from: datetime) -> None:
    """Write the log of invented incidents: every step of recent ones at its own time, one line of older ones."""
    values = {"import_id": import_id, "actor": actor, "recent": recent_from}
    steps = (
        # Order matters: the last line of an incident says the state it is in.
        ("'report'", "NULL", "'reported'", "reported_at", "state <> 'none'"),
        (
            "'dispatch'",
            "'reported'",
            "'dispatched'",
            "reported_at + (LEAST(COALESCE(closed_at, now()), now()) - reported_at) * 0.1",
            "state NOT IN ('reported', 'accepted', 'voided')",
        ),
        (
            _LAST_ACTION,
            "'dispatched'",
            "state",
            "COALESCE(closed_at, reported_at + (LEAST(due_at, now()) - reported_at) * 0.5)",
            "state NOT IN ('reported', 'dispatched')",
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
