"""The catalogue of component classes: kept as data in ``data/catalog``, mirrored in the database."""

from __future__ import annotations

import csv
from pathlib import Path

from sqlalchemy.orm import Session

from app.components import repository
from app.kit.resources import DATA
from app.people.service import department_ids

CATALOG = DATA / "catalog" / "component_classes.csv"


def read_catalog(path: Path = CATALOG) -> list[dict[str, str]]:
    """The rows of the catalogue file, in its order."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def sync(session: Session) -> int:
    """Make the table of classes say what the file says; classes are never removed. Returns their number."""
    rows = read_catalog()
    departments = department_ids(session, [row["typical_department_zh"] for row in rows])
    values = [
        {
            "code": row["code"],
            "major_code": row["code"][:2],
            "major_zh": row["major_zh"],
            "major_en": row["major_en"],
            "name_zh": row["name_zh"],
            "name_en": row["name_en"],
            "geometry": row["geometry"],
            "department_id": departments[row["typical_department_zh"]],
            "hazard": row["hazard"],
            "patrol_days": int(row["patrol_days"]),
            "sensitive": row["sensitive"] == "yes",
            "scheme": row["standard_ref"],
            "codes_2026": [code for code in row["code_2026"].split(";") if code],
            "evidence": row["evidence"],
        }
        for row in rows
    ]
    repository.upsert_classes(session, values)
    return len(values)
