"""The chain of revisions on an empty database, from an old one with data, and against the models and function files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from geoalchemy2 import alembic_helpers
from sqlalchemy import Engine, text
from sqlalchemy.dialects.postgresql.base import ischema_names

from app.bootstrap import prepare
from app.db import migrate
from app.db.base import LTREE
from app.models import Base
from tests.fixtures import throwaway
from tests.fixtures.connections import engine_on
from tests.fixtures.throwaway import TestDatabase

FUNCTIONS = Path(migrate.__file__).parent / "functions"
FIRST = "d2eb112e99dd"
# No function: marks that a restore sets again.
NOT_FUNCTIONS = {"leakproof.sql"}


@pytest.fixture
def empty_database(database_server, worker_id) -> Iterator[TestDatabase]:
    name = f"wangge_{worker_id}_empty"
    throwaway.drop(database_server, name)
    yield throwaway.empty(database_server, name)
    throwaway.drop(database_server, name)


def _bodies(engine: Engine) -> dict[str, str]:
    """Name -> definition of every function of ours that the database holds."""
    with engine.connect() as connection:
        rows = connection.execute(
            text(
                "SELECT p.proname, pg_get_functiondef(p.oid) FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace"
                " WHERE n.nspname = 'public' AND p.prokind = 'f' AND NOT EXISTS"
                " (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')"
            )
        ).all()
    names = [name for name, _ in rows]
    assert len(names) == len(set(names)), "an overloaded function: its old form was not dropped"
    return dict(rows)


def test_one_line_of_revisions():
    script = ScriptDirectory.from_config(migrate._config())
    assert len(script.get_heads()) == 1
    revisions = list(script.walk_revisions())
    assert revisions[-1].revision == FIRST
    for revision in revisions:
        assert re.fullmatch(r"\d{4}-\d{2}-\d{2}-\d{4}_\w+\.py", Path(revision.path).name)
        assert "lock_timeout" in Path(revision.path).read_text()


def test_models_and_schema_do_not_drift(owner_engine):
    ischema_names["ltree"] = LTREE

    def include(obj, name, type_, reflected, compare_to):
        if type_ == "table" and name == "spatial_ref_sys":
            return False
        return alembic_helpers.include_object(obj, name, type_, reflected, compare_to)

    with owner_engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"include_object": include, "compare_type": True}
        )
        assert compare_metadata(context, Base.metadata) == []


def test_alembic_check_says_the_same(database):
    # The road a developer takes: raises when the models need a revision that is not there.
    command.check(migrate._config(database.owner_url))


def test_database_holds_the_functions_of_the_files(empty_database, owner_engine):
    """Each file run on an empty schema gives the very definitions that the revisions gave."""
    migrated = _bodies(owner_engine)
    files = sorted(f for f in FUNCTIONS.glob("*.sql") if f.name not in NOT_FUNCTIONS)
    assert {f.stem for f in files} == set(migrated)
    prepare(empty_database.owner_url)
    with engine_on(empty_database.owner_url) as engine:
        with engine.begin() as connection:
            for file in files:
                # Replacing by the file must leave every definition, comments inside included, as it was.
                connection.exec_driver_sql(file.read_text().replace("%", "%%"))
        after = _bodies(engine)
    for name, definition in migrated.items():
        assert after[name] == definition, f"app/db/functions/{name}.sql differs from the newest revision"


def test_old_database_with_data_comes_to_head(empty_database):
    """What the first schema stored is still there, and answers, after every later revision."""
    url = empty_database.owner_url
    command.upgrade(migrate._config(url), FIRST)
    with engine_on(url) as engine:
        with engine.begin() as connection:
            connection.execute(text(OLD_DATA))
        prepare(url)
        assert migrate.current(engine) == migrate.head()
        with engine.begin() as connection:
            assert connection.scalar(text("SELECT grid_owner(ST_Point(0.5, 0.5, 4326))")) == "g"
            assert connection.execute(
                text("SELECT grid_code, grid_path::text FROM incident WHERE number = 'old'")
            ).one() == ("g", "d.g")
            connection.execute(
                text(
                    "INSERT INTO incident (number, source, geom, occurred_at, reported_at)"
                    " VALUES ('new', 't', ST_Point(0.25, 0.25, 4326), now(), now())"
                )
            )
        with engine.connect() as connection:
            assert (
                connection.scalar(
                    text(
                        "SELECT l.action FROM incident_log l JOIN incident i ON i.id = l.incident_id"
                        " WHERE i.number = 'new'"
                    )
                )
                == "insert"
            )


def test_editions_out_of_bounds_do_not_stop_the_migration_and_can_be_withdrawn(empty_database):
    """An older release took any instant. The row stays, keeps its CHECK from being validated, and goes by the usual way."""
    url = empty_database.owner_url
    command.upgrade(migrate._config(url), "8e1f5a9c3b24")
    with engine_on(url) as engine:
        with engine.begin() as connection:
            connection.execute(text(OLD_DATA))
            connection.execute(
                text(
                    "INSERT INTO edition (number, effective_from, author, content_hash, grids) "
                    "VALUES (2, '10000-01-01 13:59:59+00', 't', 'x', 1)"
                )
            )
        prepare(url)
        validated = text("SELECT convalidated FROM pg_constraint WHERE conname = 'ck_edition_effective_from'")
        with engine.begin() as connection:
            assert connection.scalar(validated) is False
            connection.execute(text("SELECT withdraw_edition(2, 't', 't', 'far')"))
        with engine.begin() as connection:
            assert connection.scalars(text("SELECT number FROM edition")).all() == [1]
            # From here on nothing is in the way of those who want it validated.
            connection.execute(text("ALTER TABLE edition VALIDATE CONSTRAINT ck_edition_effective_from"))


OLD_DATA = """
INSERT INTO unit_version (level, code, name, kind, parent_code, district_code, path, editions, geom, area_m2)
VALUES ('district', 'd', 'd', NULL, NULL, 'd', 'd', '[1,)', ST_Multi(ST_MakeEnvelope(0, 0, 1, 1, 4326)), 1),
       ('grid', 'g', 'g', 'base', 'd', 'd', 'd.g', '[1,)', ST_Multi(ST_MakeEnvelope(0, 0, 1, 1, 4326)), 1);
INSERT INTO edition (number, effective_from, author, content_hash, grids) VALUES (1, now() - interval '1 day', 't', 'x', 1);
INSERT INTO incident (number, source, geom, occurred_at, reported_at)
VALUES ('old', 't', ST_SetSRID(ST_MakePoint(0.5, 0.5), 4326), now(), now());
"""


def test_preparing_twice_changes_nothing(empty_database):
    prepare(empty_database.owner_url)
    with engine_on(empty_database.owner_url) as engine:
        count = "SELECT (SELECT count(*) FROM component_class), (SELECT count(*) FROM incident_class), (SELECT count(*) FROM department)"
        with engine.connect() as connection:
            before = connection.execute(text(count)).one()
        prepare(empty_database.owner_url)
        with engine.connect() as connection:
            assert connection.execute(text(count)).one() == before
        assert before[0] == 78


def test_every_geometry_has_its_index(owner_engine):
    query = text(
        "SELECT g.f_table_name, g.f_geometry_column, EXISTS ("
        "  SELECT FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid JOIN pg_am a ON a.oid = x.relam"
        "  JOIN pg_attribute t ON t.attrelid = i.indrelid AND t.attnum = i.indkey[0]"
        "  WHERE i.indrelid = to_regclass(g.f_table_name) AND a.amname = 'gist' AND t.attname = g.f_geometry_column)"
        " FROM geometry_columns g WHERE g.f_table_schema = 'public'"
    )
    with owner_engine.connect() as connection:
        rows = connection.execute(query).all()
    assert {(t, c) for t, c, _ in rows} >= {
        ("unit_version", "geom"),
        ("unit_version", "lattice"),
        ("component", "geom"),
        ("incident", "geom"),
    }
    assert [(t, c) for t, c, indexed in rows if not indexed] == []
