"""Every query on departments, officers, teams and population counts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from app.people.models import Department, Officer, TeamMember


def departments(session: Session) -> Sequence[Department]:
    """All departments by code."""
    return session.scalars(select(Department).order_by(Department.code)).all()


def team_of(session: Session, grid_code: str) -> list[Any]:
    """The present team of a grid that the asker may see: role, name, phone, department, subject."""
    query = (
        select(
            TeamMember.role,
            Officer.name,
            Officer.phone,
            Department.name.label("department"),
            TeamMember.subject,
        )
        .join(Officer, Officer.id == TeamMember.officer_id)
        .outerjoin(Department, Department.id == Officer.department_id)
        .where(TeamMember.grid_code == grid_code, TeamMember.during.op("@>")(func.current_date()))
        .order_by(
            func.array_position(["leader", "full_time", "professional"], TeamMember.role), Officer.staff_code
        )
    )
    return list(session.execute(query))


def population_of(session: Session, path: str) -> list[Any]:
    """Newest counts of a unit by kind: kind, people (None: fewer than three of a sensitive kind), is_sensitive, as_of."""
    return list(session.execute(text("SELECT * FROM unit_population(text2ltree(:path))"), {"path": path}))


def unit_counts(session: Session, path: str) -> Any:
    """Numbers of a unit, of what the asker may not see too: components, incidents, team by role."""
    return session.execute(text("SELECT * FROM unit_counts(text2ltree(:path))"), {"path": path}).one()
