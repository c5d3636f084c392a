"""Putting a wholly restored database in the place of the live one."""

from __future__ import annotations

import psycopg
from psycopg import sql

from app.db import locks
from app.db.cluster.record import DATABASE

# A restore works in the first and renames it to the second when it is whole; the third is the live one on its way out.
RESTORING, RESTORED, REPLACED = f"{DATABASE}_restoring", f"{DATABASE}_restored", f"{DATABASE}_replaced"


def statement(template: str, *names: str) -> sql.Composed:
    """A utility statement with its names quoted."""
    return sql.SQL(template).format(*map(sql.Identifier, names))


def finish_swap(connection: psycopg.Connection) -> bool:
    """Let a waiting restored database become the live one; gives whether there was one.

    The statements cannot share a transaction. Interrupted anywhere, repeating them (every start of the cluster does)
    ends the same way, and at no point is the data without a name that this function looks for.
    """
    if not {RESTORED, REPLACED} & _names(connection):
        return False
    # One at a time: a start and the end of a restore may meet here.
    connection.execute("SELECT pg_advisory_lock(%s)", (locks.RESTORING.number,))
    try:
        return _swap(connection)
    finally:
        connection.execute("SELECT pg_advisory_unlock(%s)", (locks.RESTORING.number,))


def _names(connection: psycopg.Connection) -> set[str]:
    return {row[0] for row in connection.execute("SELECT datname FROM pg_database")}


def _swap(connection: psycopg.Connection) -> bool:
    names = _names(connection)
    if RESTORED in names:
        if DATABASE in names:
            connection.execute(statement("DROP DATABASE IF EXISTS {} WITH (FORCE)", REPLACED))
            connection.execute(statement("ALTER DATABASE {} WITH ALLOW_CONNECTIONS false", DATABASE))
            connection.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s", (DATABASE,)
            )
            connection.execute(statement("ALTER DATABASE {} RENAME TO {}", DATABASE, REPLACED))
        connection.execute(statement("ALTER DATABASE {} RENAME TO {}", RESTORED, DATABASE))
        names |= {REPLACED}
    if REPLACED in names:
        connection.execute(statement("DROP DATABASE IF EXISTS {} WITH (FORCE)", REPLACED))
    return RESTORED in names
