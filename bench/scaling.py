"""The demo's tables grown to a stated size: every row copied some metres aside, with the owner the engine gives it.

Faster than inventing as much: secondary indexes and triggers stand aside meanwhile, and all statements are of whole
tables. What comes out is told from a real load by nothing but the words: right owners, shares, paths, a log line each.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np
import psycopg
import shapely
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from app.boundaries.assignment import owners_of, point_owners
from app.boundaries.edition_cache import LoadedEdition
from app.components.storage import nullable
from app.db.copy import copy_columns
from app.db.session import EVERYTHING, write_session
from gis.geometry import round_degrees

FULL_COMPONENTS, FULL_INCIDENTS = 1_000_000, 4_460_000
_TABLES = ("component", "component_share", "incident", "incident_log")
# Degrees, some 200 m: many copies land in another grid than what they are copies of.
_ASIDE = 0.002
_AT_ONCE = 500_000
_SEED = 11


@dataclass(frozen=True)
class Scaled:
    """How many rows there are."""

    components: int
    shares: int
    incidents: int
    open: int

    def __str__(self) -> str:
        return (
            f"{self.components:,} components, {self.shares:,} shares, {self.incidents:,} incidents"
            f" ({self.open:,} open)"
        )


def counted(engine: Engine) -> Scaled:
    """The present size."""
    with Session(engine) as session:
        row = session.execute(
            text(
                "SELECT (SELECT count(*) FROM component), (SELECT count(*) FROM component_share), count(*), "
                "count(*) FILTER (WHERE is_open) FROM incident"
            )
        ).one()
    return Scaled(*map(int, row))


def scale_up(
    engine: Engine,
    loaded: LoadedEdition,
    *,
    components: int = FULL_COMPONENTS,
    incidents: int = FULL_INCIDENTS,
) -> Scaled:
    """Grow what the demo stored to these numbers (never below what is there)."""
    began = perf_counter()
    with _indexes_aside(engine):
        with write_session(engine, EVERYTHING) as session:
            # Neither triggers nor references are asked: everything is copied from what they let through.
            session.execute(text("SET LOCAL session_replication_role = replica"))
            session.execute(text("SET LOCAL synchronous_commit = off"))
            _components(session, loaded, components)
            _incidents(session, loaded, incidents)
        _say(began, "rows are there")
    with _connected(engine) as connection:
        for table in _TABLES:
            connection.execute(f"VACUUM (ANALYZE) {table}")
        connection.execute("CHECKPOINT")
    scaled = counted(engine)
    _say(began, str(scaled))
    return scaled


def _say(began: float, words: str) -> None:
    sys.stderr.write(f"bench: {words}, after {perf_counter() - began:.0f} s\n")


@contextmanager
def _connected(engine: Engine) -> Iterator[psycopg.Connection[Any]]:
    url = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(url, autocommit=True) as connection:
        yield connection


@contextmanager
def _indexes_aside(engine: Engine) -> Iterator[None]:
    """Without indexes and unique constraints, primary keys aside; made again in bulk, which is many times faster."""
    with _connected(engine) as connection:
        tables = list(_TABLES)
        constraints = connection.execute(
            "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint "
            "WHERE contype = 'u' AND conrelid = ANY(%s::regclass[])",
            [tables],
        ).fetchall()
        for table, name, _ in constraints:
            connection.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
        indexes = connection.execute(
            "SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index "
            "WHERE NOT indisprimary AND indrelid = ANY(%s::regclass[])",
            [tables],
        ).fetchall()
        for name, _ in indexes:
            connection.execute(f"DROP INDEX {name}")
        yield
        for _, definition in indexes:
            connection.execute(definition)
        for table, name, definition in constraints:
            connection.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")


def _copies(ids: np.ndarray, more: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """(position, number of the copy) of ``more`` copies, so many at once that memory stays bounded."""
    for start in range(0, max(more, 0), _AT_ONCE):
        at = np.arange(start, min(start + _AT_ONCE, more))
        yield at % len(ids), at // len(ids) + 1


def _fetched(session: Session, query: str) -> tuple[np.ndarray, np.ndarray]:
    rows = session.execute(text(query)).all()
    return np.array([row[0] for row in rows]), shapely.from_wkb([bytes(row[1]) for row in rows])


def _beside(shapes: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The same shapes somewhere near, on the lattice."""
    coordinates, which = shapely.get_coordinates(shapes, return_index=True)
    aside = rng.uniform(-_ASIDE, _ASIDE, (len(shapes), 2))
    return np.asarray(shapely.set_coordinates(shapes.copy(), round_degrees(coordinates + aside[which])))


def _hex(shapes: np.ndarray) -> np.ndarray:
    return np.asarray(shapely.to_wkb(shapely.set_srid(shapes, 4326), hex=True, include_srid=True))


def _listed(session: Session, table: str, *, but: set[str]) -> str:
    rows = session.execute(
        text(
            "SELECT attname FROM pg_attribute WHERE attrelid = CAST(:t AS regclass) AND attnum > 0 "
            "AND NOT attisdropped AND attgenerated = '' ORDER BY attnum"
        ),
        {"t": table},
    )
    return ", ".join(name for (name,) in rows if name not in but)


def _components(session: Session, loaded: LoadedEdition, count: int) -> None:
    ids, shapes = _fetched(session, "SELECT id, ST_AsBinary(geom) FROM component ORDER BY id")
    rng = np.random.default_rng(_SEED)
    own = {"id", "code", "geom", "measure", "grid_code", "grid_path", "paths", "outside_share"}
    same = _listed(session, "component", but=own)
    session.execute(
        text(
            "CREATE TEMP TABLE copied (row bigint, id bigint, geom geometry, measure float8, grid_code text, "
            "grid_path ltree, paths ltree[], outside_share float8) ON COMMIT DROP"
        )
    )
    session.execute(
        text(
            "CREATE TEMP TABLE copied_share (row bigint, grid_code text, grid_path ltree, share float8, measure float8) "
            "ON COMMIT DROP"
        )
    )
    first = int(session.scalar(text("SELECT max(id) FROM component")) or 0) + 1
    for at, _ in _copies(ids, count - len(ids)):
        moved = _beside(shapes[at], rng)
        owners = owners_of(loaded, moved)
        rows = np.arange(first, first + len(at))
        first += len(at)
        session.execute(text("TRUNCATE copied, copied_share"))
        copy_columns(
            session,
            "copied",
            {
                "row": rows,
                "id": ids[at],
                "geom": _hex(moved),
                "measure": nullable(owners.measure),
                "grid_code": owners.codes,
                "grid_path": owners.paths,
                "paths": owners.all_paths,
                "outside_share": owners.outside_share,
            },
        )
        copy_columns(
            session,
            "copied_share",
            {
                "row": rows[owners.share_row],
                "grid_code": owners.share_code,
                "grid_path": owners.share_path,
                "share": owners.share,
                "measure": owners.share_measure,
            },
        )
        session.execute(
            text(
                f"INSERT INTO component (id, code, geom, measure, grid_code, grid_path, paths, outside_share, {same}) "
                "OVERRIDING SYSTEM VALUE SELECT n.row, c.code || '-' || n.row, n.geom, n.measure, n.grid_code, n.grid_path, "
                f"n.paths, n.outside_share, {_of('c', same)} FROM copied n JOIN component c ON c.id = n.id ORDER BY n.row"
            )
        )
        session.execute(
            text(
                "INSERT INTO component_share (component_id, grid_code, grid_path, share, measure) "
                "SELECT row, grid_code, grid_path, share, measure FROM copied_share"
            )
        )
    _number_on(session, "component")


def _incidents(session: Session, loaded: LoadedEdition, count: int) -> None:
    query = "SELECT id, ST_AsBinary(geom) FROM incident WHERE geom IS NOT NULL ORDER BY id"
    ids, shapes = _fetched(session, query)
    there = int(session.scalar(text("SELECT count(*) FROM incident")) or 0)
    rng = np.random.default_rng(_SEED)
    own = {"id", "number", "source_id", "idempotency_key", "geom", "grid_code", "grid_path"}
    times = {"occurred_at", "reported_at", "due_at", "closed_at"}
    same = _listed(session, "incident", but=own | times)
    # Of six years; what is open stays recent, as it is in a district where deadlines are chased.
    earlier = "CASE WHEN i.is_open THEN interval '0' ELSE make_interval(years => n.k % 3 * 2) END"
    session.execute(
        text(
            "CREATE TEMP TABLE copied_place (row bigint, id bigint, k integer, lon float8, lat float8, grid_code text, "
            "grid_path ltree) ON COMMIT DROP"
        )
    )
    first = int(session.scalar(text("SELECT max(id) FROM incident")) or 0) + 1
    for at, k in _copies(ids, count - there):
        places = shapely.get_coordinates(_beside(shapes[at], rng))
        codes, paths = point_owners(loaded, places[:, 0], places[:, 1])
        rows = np.arange(first, first + len(at))
        first += len(at)
        session.execute(text("TRUNCATE copied_place"))
        copy_columns(
            session,
            "copied_place",
            {
                "row": rows,
                "id": ids[at],
                "k": k,
                "lon": places[:, 0],
                "lat": places[:, 1],
                "grid_code": codes,
                "grid_path": paths,
            },
        )
        session.execute(
            text(
                f"INSERT INTO incident (id, number, source_id, geom, grid_code, grid_path, {', '.join(sorted(times))}, {same}) "
                "OVERRIDING SYSTEM VALUE SELECT n.row, i.number || '-' || n.row, i.source_id || '-' || n.row, "
                "ST_Point(n.lon, n.lat, 4326), n.grid_code, n.grid_path, "
                + ", ".join(f"i.{name} - {earlier}" for name in sorted(times))
                + f", {_of('i', same)} FROM copied_place n JOIN incident i ON i.id = n.id ORDER BY n.row"
            )
        )
        session.execute(
            text(
                "INSERT INTO incident_log (incident_id, at, actor, action, to_state) "
                "SELECT i.id, coalesce(i.closed_at, i.reported_at), 'bench', 'import', i.state FROM incident i "
                "WHERE i.id >= :first ORDER BY i.id"
            ),
            {"first": int(rows[0])},
        )
    _number_on(session, "incident")


def _of(alias: str, columns: str) -> str:
    return ", ".join(f"{alias}.{name}" for name in columns.split(", "))


def _number_on(session: Session, table: str) -> None:
    """Let the next row of the service get the next number."""
    session.execute(
        text(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))")
    )
