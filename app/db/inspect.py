"""What a reachable database says about itself, for ``wangge db status``."""

from __future__ import annotations

import psycopg

from app.db import migrate
from app.db.urls import DatabaseUrls, libpq_url


def look_inside(urls: DatabaseUrls) -> dict[str, object]:
    """Server and PostGIS version, size in bytes, schema revision and whether it is the newest."""
    with psycopg.connect(libpq_url(urls.owner), connect_timeout=10, autocommit=True) as connection:
        server = connection.execute("SHOW server_version").fetchone()
        postgis = connection.execute(
            "SELECT extversion FROM pg_extension WHERE extname = 'postgis'"
        ).fetchone()
        size = connection.execute("SELECT pg_database_size(current_database())").fetchone()
        revision = None
        if connection.execute("SELECT to_regclass('alembic_version')").fetchone() != (None,):
            revision = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return {
        "postgresql": server[0] if server else None,
        "postgis": postgis[0] if postgis else None,
        "size_bytes": size[0] if size else None,
        "revision": revision[0] if revision else None,
        "newest_revision": migrate.head(),
    }
