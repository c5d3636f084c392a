"""Departments, teams and counts of grids, for the features above."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy.orm import Session

from app.auth.contact_log import ContactLog
from app.auth.principal import Principal
from app.people import repository
from app.people.models import TEAM_ROLES, Department


def department_ids(session: Session, names: Iterable[str]) -> dict[str, int]:
    """Ids of departments by name; those not known yet are added with the next code."""
    wanted = list(dict.fromkeys(name for name in names if name))
    known = {d.name: d.id for d in repository.departments(session)}
    missing = [name for name in wanted if name not in known]
    for number, name in enumerate(missing, start=len(known) + 1):
        department = Department(code=f"D{number:03d}", name=name)
        session.add(department)
        session.flush()
        known[name] = department.id
    return {name: known[name] for name in wanted}


def team_as_seen(
    session: Session, grid_code: str, path: str, principal: Principal, contact_log: ContactLog
) -> dict[str, object]:
    """A grid's team: how many of each role for everybody, names for staff, phones for those who need them.

    That phones are shown is noted in ``contact_log``.
    """
    counts = repository.unit_counts(session, path)
    contacts = principal.may_see_contacts(path)
    members = repository.team_of(session, grid_code)
    if contacts:
        contact_log.note(f"grid:{grid_code}", sum(1 for m in members if m.phone))
    return {
        **{role: getattr(counts, role) for role in TEAM_ROLES},
        "members": [
            {
                "role": m.role,
                "name": m.name,
                "department": m.department,
                "subject": m.subject,
                **({"phone": m.phone} if contacts else {}),
            }
            for m in members
        ],
    }


def population_as_seen(session: Session, path: str) -> list[dict[str, object]]:
    """Counts of a unit by kind; ``count`` is None for fewer than three of a sensitive kind."""
    return [
        {"kind": row.kind, "count": row.people, "sensitive": row.is_sensitive, "counted_on": row.as_of}
        for row in repository.population_of(session, path)
    ]
