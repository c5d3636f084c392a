"""Bulk loading: whole columns go to PostgreSQL by COPY, never row by row."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import numpy as np
import psycopg
import pyarrow as pa
import pyarrow.csv as pacsv
from psycopg import sql
from sqlalchemy.orm import Session

_BATCH_ROWS = 50_000


def driver_of(session: Session) -> psycopg.Connection[tuple[object, ...]]:
    """psycopg's own connection under a session: what is done with it belongs to the session's transaction."""
    driver = session.connection().connection.driver_connection
    if not isinstance(driver, psycopg.Connection):
        raise TypeError(f"not a connection of psycopg: {type(driver).__name__}")
    return driver


def copy_columns(
    session: Session,
    table: str,
    columns: Mapping[str, object],
    *,
    advance: Callable[[int], object] | None = None,
) -> int:
    """Copy equally long columns (NumPy, pandas or Arrow) into a table.

    None, NaN and pandas' NA become NULL, "" stays an empty text.

    Rows go in batches of 50,000 so that memory stays bounded and a progress bar can move.
    """
    arrow = pa.table({name: pa.array(values, from_pandas=True) for name, values in columns.items()})
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT csv)").format(
        sql.Identifier(table), sql.SQL(", ").join(sql.Identifier(name) for name in columns)
    )
    options = pacsv.WriteOptions(include_header=False, quoting_style="needed")
    driver = driver_of(session)
    with driver.cursor() as cursor, cursor.copy(statement) as copy:
        for batch in arrow.to_batches(max_chunksize=_BATCH_ROWS):
            buffer = io.BytesIO()
            pacsv.write_csv(batch, buffer, options)
            copy.write(buffer.getbuffer())
            if advance:
                advance(batch.num_rows)
    return int(arrow.num_rows)


def analyze(session: Session, *tables: str) -> None:
    """Renew the planner's knowledge of tables after a bulk load, before anybody asks them and is answered slowly."""
    driver = driver_of(session)
    for table in tables:
        driver.execute(sql.SQL("ANALYZE {}").format(sql.Identifier(table)))


# Within two steps of the lattice, as boxes are widened.
_MERIDIAN = 180.0 - 2e-7
# Boxes made before they are joined: under row security a condition reaches an index only when all its functions are
# known not to leak, and the one that makes an envelope is not.
BOXES = (
    "boxes AS MATERIALIZED (SELECT ST_MakeEnvelope(b.w, b.s, b.e, b.n, 4326) AS box FROM unnest(CAST(:w AS float8[]), "
    "CAST(:s AS float8[]), CAST(:e AS float8[]), CAST(:n AS float8[])) AS b(w, s, e, n))"
)


def box_columns(boxes: np.ndarray) -> dict[str, list[float]]:
    """Boxes (west, south, east, north in a row) as the array parameters w, s, e, n of a query with `BOXES`.

    One that reaches the 180th meridian comes with the same stretch of it under its other name.
    """
    plain = np.asarray(boxes, dtype=float).reshape(-1, 4)
    every = [plain]
    for touching, name in ((plain[:, 2] >= _MERIDIAN, -180.0), (plain[:, 0] <= -_MERIDIAN, 180.0)):
        twins = plain[touching].copy()
        twins[:, [0, 2]] = name
        every.append(twins)
    return dict(zip("wsen", np.concatenate(every).T.tolist(), strict=True))


@contextmanager
def references_looked_up(session: Session) -> Iterator[None]:
    """For statements whose every reference was looked up in this very transaction: spare PostgreSQL asking again.

    Checking three references row by row takes as long as storing the row with its indexes. Classes and departments are
    never removed, and an import's own row is there. Only a superuser, as the owner of a private cluster is, may leave
    the checks out; elsewhere nothing changes but the time. After an error the setting ends with the transaction.
    """
    driver = driver_of(session)
    row = driver.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").fetchone()
    may = bool(row and row[0])
    if may:
        driver.execute("SET LOCAL session_replication_role = replica")
    yield
    if may:
        driver.execute("SET LOCAL session_replication_role = origin")
