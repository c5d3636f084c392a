"""Storing teams and counts of people in bulk."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.db.bulk_table import make_temporary
from app.db.copy import copy_columns

_STAGED_MEMBER = {
    "staff_code": "text",
    "name": "text",
    "phone": "text",
    "department_id": "bigint",
    "unit_path": "ltree",
    "grid_code": "text",
    "grid_path": "ltree",
    "role": "text",
    "subject": "text",
    "since": "date",
}


def replace_teams(session: Session, district_path: str, columns: Mapping[str, object]) -> int:
    """Put the invented teams of a district in place of its earlier invented ones. Returns members."""
    session.execute(
        text("DELETE FROM officer WHERE synthetic AND unit_path <@ text2ltree(:path)"),
        {"path": district_path},
    )
    make_temporary(session, "staged_member", _STAGED_MEMBER)
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


def replace_counts(session: Session, district_path: str, columns: Mapping[str, object]) -> int:
    """Put the invented counts of people of a district in place of its earlier ones."""
    session.execute(
        text("DELETE FROM population_count WHERE grid_path <@ text2ltree(:path)"), {"path": district_path}
    )
    return copy_columns(session, "population_count", columns)
