"""The catalogue of event classes: kept as data in ``data/catalog``, mirrored in the database, open for local ones."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy.orm import Session

from app.incidents import repository
from app.incidents.models import IncidentClass
from app.incidents.rules import sounds_sensitive
from app.kit.resources import DATA
from app.people.service import department_ids

CATALOG = DATA / "catalog" / "incident_classes.csv"

# Classes that a source brings and no standard names get codes under a major of their own.
LOCAL_MAJOR = "90"


def read_catalog(path: Path = CATALOG) -> list[dict[str, str]]:
    """The rows of the catalogue file, in its order."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def sync(session: Session) -> int:
    """Make the table of classes say what the file says; classes are never removed. Returns their number."""
    rows = read_catalog()
    departments = department_ids(session, [row["default_department_zh"] for row in rows])
    values = [
        {
            "code": row["code"],
            "major_code": row["code"][:2],
            "major_zh": row["major_zh"],
            "major_en": row["major_en"],
            "name_zh": row["name_zh"],
            "name_en": row["name_en"],
            "department_id": departments[row["default_department_zh"]],
            "time_limit": float(row["time_limit"]),
            "time_limit_unit": row["time_limit_unit"],
            "urgency": row["urgency"],
            "sensitive": row["sensitive"] == "yes",
            "code_2026": row["code_2026"] or None,
            "scheme": row["standard_ref"],
            "limit_basis": row["limit_basis"],
        }
        for row in rows
    ]
    repository.upsert_classes(session, values)
    return len(values)


def add_local(session: Session, names: Sequence[str], *, source: str) -> dict[str, str]:
    """Register classes that only one source knows. Returns name -> code."""
    taken = [c.code for c in repository.classes(session) if c.major_code == LOCAL_MAJOR]
    start = max((int(code[2:]) for code in taken), default=0) + 1
    made = {name: f"{LOCAL_MAJOR}{start + i:03d}" for i, name in enumerate(sorted(names))}
    session.add_all(
        IncidentClass(
            code=code,
            major_code=LOCAL_MAJOR,
            major_zh="来源自带类别",
            major_en="Classes of the source",
            name_zh=name,
            name_en=name,
            scheme=f"source:{source}",
            sensitive=sounds_sensitive(name),
        )
        for name, code in made.items()
    )
    session.flush()
    return made
