"""tipg on the same PostGIS: the grid of a point by a CQL2 filter."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from urllib.parse import quote

from sqlalchemy import text

from app.db.session import EVERYTHING, write_session
from bench import environment, wire
from bench.ground import Ground
from bench.record import PEERS

_TABLE = (
    "DROP SCHEMA IF EXISTS bench CASCADE",
    "CREATE SCHEMA bench",
    (
        "CREATE TABLE bench.grids AS SELECT id, code, name, geom FROM unit_version "
        "WHERE level = 'grid' AND editions @> (SELECT edition_at())"
    ),
    "ALTER TABLE bench.grids ADD PRIMARY KEY (id)",
    "CREATE INDEX ON bench.grids USING gist (geom)",
    "ANALYZE bench.grids",
)


def request(lon: float, lat: float) -> bytes:
    """Ask for the code of the grid around a point, without its shape."""
    filtered = quote(f"S_INTERSECTS(geom,POINT({lon:.7f} {lat:.7f}))")
    return wire.get(
        f"/collections/bench.grids/items?f=json&limit=1&properties=code&geom-column=none"
        f"&filter-lang=cql2-text&filter={filtered}"
    )


def code_of(answer: bytes) -> str | None:
    """The code that an answer names."""
    features = json.load(BytesIO(answer))
    features = features["features"] if isinstance(features, dict) else features
    if not features:
        return None
    found: str = features[0].get("properties", features[0])["code"]
    return found


@contextmanager
def served(ground: Ground) -> Iterator[int]:
    """Tipg with one worker while the block lasts; gives its port."""
    python = environment.python()
    with write_session(ground.engine, EVERYTHING) as session:
        for statement in _TABLE:
            session.execute(text(statement))
    PEERS["tipg"] = environment.version_of("tipg")
    url = ground.engine.url
    port = wire.free_port()
    env = {
        **{name: value for name, value in os.environ.items() if not name.startswith("WANGGE_")},
        "DATABASE_URL": f"postgresql://{quote(url.username or '')}:{quote(str(url.password or ''))}"
        f"@127.0.0.1:{url.query.get('port') or url.port}/{url.database}",
        "TIPG_DB_SCHEMAS": '["bench"]',
        "TIPG_CATALOG_TTL": "86400",
    }
    command = [str(python), "-m", "uvicorn", "tipg.main:app", "--port", str(port)]
    try:
        with wire.running([*command, *wire.QUIET], port, env):
            yield port
    finally:
        with write_session(ground.engine, EVERYTHING) as session:
            session.execute(text("DROP SCHEMA IF EXISTS bench CASCADE"))


def ask(port: int, asked: bytes) -> tuple[int, bytes]:
    """One request on a connection of its own."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(asked)
        return wire.http_answer(connection)
