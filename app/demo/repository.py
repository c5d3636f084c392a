"""What the demo asks of the database beyond what the features offer: teams in bulk, histories of incidents."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Row, text
from sqlalchemy.orm import Session


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


def loads_of(
    session: Session, district: str
) -> Sequence[Row[int, str, dict[str, object], int, dict[str, object]]]:
    """Demo loads of a district that were stored, oldest first: id, file_sha256, report, edition, options."""
    return session.execute(
        text(
            "SELECT id, file_sha256, report, edition, options FROM import_job "
            "WHERE kind = 'demo' AND state = 'done' AND file_name LIKE :pattern ORDER BY id"
        ),
        {"pattern": f"demo:{district}:%"},
    ).all()
