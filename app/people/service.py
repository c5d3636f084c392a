"""Departments, teams and counts of grids, for the features above."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy.orm import Session

from app.people import repository
from app.people.models import Department


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
