"""Every query on departments, officers, teams and population counts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import ARRAY, Row, Text, any_, cast, func, select, text
from sqlalchemy.orm import Session

from app.people.models import Department, Officer, TeamMember


def departments(session: Session) -> Sequence[Department]:
    """All departments by code."""
    return session.scalars(select(Department).order_by(Department.code)).all()


def team_of(session: Session, grid_code: str) -> list[Row[str, str, str | None, str | None, str | None]]:
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


def count_posts(session: Session, grid_codes: Sequence[str]) -> int:
    """How many present posts of teams there are in these grids."""
    if not grid_codes:
        return 0
    query = (
        select(func.count())
        .select_from(TeamMember)
        .where(
            TeamMember.grid_code == any_(cast(list(grid_codes), ARRAY(Text))),
            TeamMember.during.op("@>")(func.current_date()),
        )
    )
    return session.scalar(query) or 0


def move_units(session: Session, moved: Sequence[tuple[str, str, str, str]]) -> int:
    """Let teams, officers and counts follow their units: (path before, path now, code before, code now) each.

    Returns how many rows moved.
    """
    if not moved:
        return 0
    values = dict(zip(("was", "now", "old", "new"), map(list, zip(*moved, strict=True)), strict=True))
    pairs = (
        "unnest(CAST(:was AS ltree[]), CAST(:now AS ltree[]), CAST(:old AS text[]), CAST(:new AS text[])) "
        "AS m(was, now, old, new)"
    )
    results: list[Any] = [
        session.execute(
            text(f"UPDATE officer o SET unit_path = m.now FROM {pairs} WHERE o.unit_path = m.was"), values
        )
    ]
    for table in ("team_member", "population_count"):
        # In two steps, since two grids may have exchanged their codes and each code has one leader, one count a day.
        results.append(
            session.execute(
                text(
                    f"UPDATE {table} t SET grid_code = 'moving:' || m.new, grid_path = m.now FROM {pairs} "
                    "WHERE t.grid_path = m.was"
                ),
                values,
            )
        )
        session.execute(
            text(
                f"UPDATE {table} t SET grid_code = substr(grid_code, 8) WHERE starts_with(grid_code, 'moving:')"
            )
        )
    return sum(int(result.rowcount) for result in results)


def population_of(session: Session, path: str) -> list[Row[str, int | None, bool, date]]:
    """Newest counts of a unit by kind: kind, people (None: fewer than three of a sensitive kind), is_sensitive, as_of."""
    return list(session.execute(text("SELECT * FROM unit_population(text2ltree(:path))"), {"path": path}))


def newest_counts(session: Session, codes: Sequence[str]) -> list[Any]:
    """Newest counts of these grids that the asker may see: grid_code, kind, count, sensitive."""
    return list(
        session.execute(
            text(
                "SELECT DISTINCT ON (grid_code, kind) grid_code, kind, count, sensitive FROM population_count "
                "WHERE grid_code = ANY(:codes) ORDER BY grid_code, kind, counted_on DESC"
            ),
            {"codes": list(codes)},
        )
    )


def unit_counts(session: Session, path: str) -> Any:
    """Numbers of a unit, of what the asker may not see too: components, incidents, team by role."""
    return session.execute(text("SELECT * FROM unit_counts(text2ltree(:path))"), {"path": path}).one()
