"""The roles and the database of a private cluster, made where missing."""

from __future__ import annotations

from collections.abc import Mapping

import psycopg
from psycopg import sql

from app.db.cluster.record import DATABASE, OWNER, READER, SERVICE
from app.db.cluster.swap import finish_swap, statement
from app.db.errors import DatabaseUnreachable


def ensure_roles(host: str, port: int, passwords: Mapping[str, str]) -> None:
    """Make the service role and the database unless they are there; safe to repeat.

    The owner is the superuser made by initdb and runs migrations. The service role may neither bypass row security
    nor create anything; what it may read and write is granted by the migrations.
    """
    try:
        with psycopg.connect(
            host=host,
            port=port,
            user=OWNER,
            password=passwords[OWNER],
            dbname="postgres",
            autocommit=True,
            connect_timeout=10,
        ) as connection:
            _ensure_service(connection, passwords[SERVICE])
            ensure_reader(connection)
            finish_swap(connection)
            found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE,)).fetchone()
            if found is None:
                connection.execute(statement("CREATE DATABASE {} OWNER {}", DATABASE, OWNER))
    except psycopg.OperationalError as error:
        raise DatabaseUnreachable(
            f"数据库已启动，但以 {OWNER} 登录失败：{error}",
            f"The database is up, but signing in as {OWNER} failed: {error}",
        ) from error


def _ensure_service(connection: psycopg.Connection, password: str) -> None:
    found = connection.execute(
        "SELECT rolcanlogin AND NOT rolsuper AND NOT rolbypassrls, rolpassword IS NOT NULL "
        "FROM pg_authid WHERE rolname = %s",
        (SERVICE,),
    ).fetchone()
    if found == (True, True) and _password_works(connection, password):
        return
    verb = sql.SQL("CREATE") if found is None else sql.SQL("ALTER")
    connection.execute(
        sql.SQL(
            "{} ROLE {} LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE NOREPLICATION PASSWORD {}"
        ).format(verb, sql.Identifier(SERVICE), sql.Literal(password))
    )


def ensure_reader(connection: psycopg.Connection) -> None:
    """Make the role that may read the layers, where it is missing; what it may read is granted by the migrations.

    Roles belong to a server and not to a database, so no backup brings them.
    """
    found = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (READER,)).fetchone()
    if found is None:
        connection.execute(
            statement("CREATE ROLE {} NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE", READER)
        )


def _password_works(connection: psycopg.Connection, password: str) -> bool:
    try:
        psycopg.connect(
            host=connection.info.host,
            port=connection.info.port,
            user=SERVICE,
            password=password,
            dbname="postgres",
            connect_timeout=10,
        ).close()
    except psycopg.OperationalError:
        return False
    return True
