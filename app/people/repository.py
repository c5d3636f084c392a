"""Every query on departments, officers, teams and population counts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from app.people.models import Department, Officer, PopulationCount, TeamMember


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
    """Newest counts by kind, summed over a unit's grids: kind, count, sensitive, counted_on."""
    query = (
        select(
            PopulationCount.kind,
            func.sum(PopulationCount.count).label("count"),
            func.bool_or(PopulationCount.sensitive).label("sensitive"),
            func.max(PopulationCount.counted_on).label("counted_on"),
        )
        .where(
            text("population_count.grid_path <@ text2ltree(:path)"),
            PopulationCount.counted_on == select(func.max(PopulationCount.counted_on)).scalar_subquery(),
        )
        .group_by(PopulationCount.kind)
        .order_by(PopulationCount.kind)
    )
    return list(session.execute(query, {"path": path}))
