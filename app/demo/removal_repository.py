"""What removing the demo asks of the database: what is invented, what real rows lie on it, and taking it away."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from psycopg import sql
from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from app.db.copy import driver_of
from app.db.literals import sql_list
from app.drafts import states

_DEMO = "(SELECT id FROM import_job WHERE kind = 'demo')"
# Whatever came by a load of the demo is invented, whoever changed it since; people and counts know no imports.
_INVENTED = {
    "component": f"import_id IN {_DEMO}",
    "incident": f"import_id IN {_DEMO}",
    "officer": "synthetic",
    "population_count": """attributes @> '{"synthetic": true}'""",
}
# Table -> (how a row of it is named, the path of the unit it lies in).
_NAMED = {
    "component": ("code", "grid_path"),
    "incident": ("number", "grid_path"),
    "officer": ("staff_code", "unit_path"),
    "population_count": ("grid_code || ' ' || kind", "grid_path"),
}
_ACTIVE = sql_list(states.ACTIVE)
# Everything that says which land is whose, and all that hangs on it. A table that refers to one of these and is not
# named here makes PostgreSQL refuse, so that nothing goes that this list does not know.
_BOUNDARIES = (
    "edition",
    "unit_version",
    "excluded_land",
    "lineage",
    "settlement",
    "edition_withdrawal",
    "draft",
    "draft_operation",
    "draft_grid",
    "draft_log",
    "component",
    "component_share",
    "incident",
    "incident_log",
    "officer",
    "team_member",
    "population_count",
)


def demo_jobs(session: Session) -> int:
    """How often a demo was loaded."""
    return int(session.scalar(text("SELECT count(*) FROM import_job WHERE kind = 'demo'")) or 0)


def invented(session: Session) -> dict[str, int]:
    """Table -> invented rows."""
    return {
        table: int(session.scalar(text(f"SELECT count(*) FROM {table} WHERE {condition}")) or 0)
        for table, condition in _INVENTED.items()
    }


def real(session: Session, paths: Sequence[str] | None) -> dict[str, tuple[int, list[str]]]:
    """Table -> rows that nobody invented and the first names of them: anywhere, or inside of units."""
    found = {}
    for table, condition in _INVENTED.items():
        name, path = _NAMED[table]
        inside = f"AND {path} <@ CAST(:paths AS ltree[])" if paths is not None else ""
        # Rows without an import are real: the column is empty there.
        query = f"FROM {table} WHERE ({condition}) IS NOT TRUE {inside}"
        values = {"paths": list(paths or [])} if paths is not None else {}
        count = int(session.scalar(text(f"SELECT count(*) {query}"), values) or 0)
        if count:
            rows = session.scalars(text(f"SELECT {name} {query} ORDER BY id LIMIT 3"), values)
            found[table] = (count, list(rows))
    return found


def real_districts(session: Session) -> list[str]:
    """Codes of districts that were real in any edition."""
    return list(
        session.scalars(
            text(
                "SELECT DISTINCT code FROM unit_version WHERE level = 'district' "
                """AND NOT attributes @> '{"synthetic": true}' ORDER BY code"""
            )
        )
    )


def districts(session: Session, codes: Sequence[str], edition: int) -> list[tuple[str, str, str]]:
    """Code, name and path of districts of an edition."""
    rows = session.execute(
        text(
            "SELECT code, name, path::text FROM unit_version WHERE level = 'district' AND code = ANY(:codes) "
            "AND editions @> CAST(:edition AS integer) ORDER BY code"
        ),
        {"codes": list(codes), "edition": edition},
    )
    return [(code, name, path) for code, name, path in rows]


def count_editions(session: Session) -> int:
    """How many editions there are."""
    return int(session.scalar(text("SELECT count(*) FROM edition")) or 0)


def drafts(session: Session, paths: Sequence[str] | None) -> list[tuple[int, str, str]]:
    """Drafts that are not over yet, anywhere or inside of units: number, title, author."""
    inside = "AND scope_path <@ CAST(:paths AS ltree[])" if paths is not None else ""
    rows = session.execute(
        text(f"SELECT id, title, author FROM draft WHERE state IN {_ACTIVE} {inside} ORDER BY id"),
        {"paths": list(paths or [])} if paths is not None else {},
    )
    return [(number, title, author) for number, title, author in rows]


def bound_rights(session: Session, paths: Sequence[str]) -> tuple[list[str], list[str]]:
    """Names of accounts, and of tokens not revoked, whose rights end at the border of these units."""
    accounts = session.scalars(
        text(
            "SELECT DISTINCT a.name FROM account a JOIN account_grant g ON g.account_id = a.id "
            "WHERE g.scope_path <@ CAST(:paths AS ltree[]) ORDER BY 1"
        ),
        {"paths": list(paths)},
    ).all()
    tokens = session.scalars(
        text(
            "SELECT name FROM api_token WHERE revoked_at IS NULL AND scope_path <@ CAST(:paths AS ltree[]) ORDER BY 1"
        ),
        {"paths": list(paths)},
    ).all()
    return list(accounts), list(tokens)


def remove_invented(session: Session) -> None:
    """Delete invented rows with the logs of invented incidents, and forget that a demo was ever loaded."""
    with _guards_off(session, ("incident_log",)):
        session.execute(
            text(
                "DELETE FROM incident_log l USING incident i WHERE l.incident_id = i.id "
                f"AND i.{_INVENTED['incident']}"
            )
        )
    for table, condition in _INVENTED.items():
        session.execute(text(f"DELETE FROM {table} WHERE {condition}"))
    _forget_loads(session)


def empty_everything(session: Session) -> None:
    """Take away all editions and all that lies in them, and let every worker hear of it."""
    there = [
        table
        for table in _BOUNDARIES
        if session.scalar(text("SELECT to_regclass(:name) IS NOT NULL"), {"name": f"public.{table}"})
    ]
    with _guards_off(session, there):
        # Numbers of rows go on where they were: the tag of a draft seen before never fits another one.
        session.execute(text(f"TRUNCATE {', '.join(there)} CONTINUE IDENTITY"))
    _forget_loads(session)
    session.execute(text("SELECT pg_notify('wangge_edition', '0')"))


def _forget_loads(session: Session) -> None:
    # A load that is remembered would be taken for one that is still there.
    session.execute(text("DELETE FROM import_job WHERE kind = 'demo'"))


@contextmanager
def _guards_off(session: Session, tables: Sequence[str]) -> Iterator[None]:
    """Inside the block the triggers of these tables rest, for this transaction alone; only their owner can do that.

    The tables are locked against every other writer until the transaction ends. A guard that was off before stays off.
    """
    rows: Sequence[Row[str, str, str]] = session.execute(
        text(
            "SELECT c.relname, t.tgname, t.tgenabled FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid "
            "WHERE c.relnamespace = 'public'::regnamespace AND c.relname = ANY(:tables) AND NOT t.tgisinternal "
            "AND t.tgenabled IN ('O', 'A') ORDER BY 1, 2"
        ),
        {"tables": list(tables)},
    ).all()
    _switch(session, [(table, trigger, "DISABLE") for table, trigger, _ in rows])
    yield
    _switch(
        session,
        [
            (table, trigger, "ENABLE ALWAYS" if enabled == "A" else "ENABLE")
            for table, trigger, enabled in rows
        ],
    )


def _switch(session: Session, triggers: Sequence[tuple[str, str, str]]) -> None:
    driver = driver_of(session)
    for table, trigger, how in triggers:
        driver.execute(
            sql.SQL("ALTER TABLE {} {} TRIGGER {}").format(
                sql.Identifier(table), sql.SQL(how), sql.Identifier(trigger)
            )
        )
