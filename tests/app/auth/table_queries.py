"""What tests of access look up and arrange behind the application's back, as the owner of the schema."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text

from tests.fixtures.database import CommittingDatabase


def scalar(db: CommittingDatabase, query: str, **values: object) -> Any:
    """The one value of a query."""
    with db.owner_engine.connect() as connection:
        return connection.execute(text(query), values).scalar()


def execute(db: CommittingDatabase, statement: str, **values: object) -> None:
    """Change something, committed."""
    with db.owner_engine.begin() as connection:
        connection.execute(text(statement), values)


def audit(db: CommittingDatabase, action: str | None = None) -> list[tuple[Any, ...]]:
    """(actor, action, target, detail) of the audit log in order; without the action when it is the one asked for."""
    with db.owner_engine.connect() as connection:
        rows = connection.execute(
            text("SELECT actor, action, target, detail FROM audit_log ORDER BY id")
        ).all()
    if action is None:
        return [tuple(row) for row in rows]
    return [(row.actor, row.target, row.detail) for row in rows if row.action == action]
