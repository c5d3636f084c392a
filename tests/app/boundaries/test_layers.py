"""The layers that GIS programs read over a direct connection: what is in force, what was, and nothing to write."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime, timedelta

import geopandas as gpd
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from tests.fixtures.connections import engine_on
from tests.fixtures.towns import CODES, publish_town, town_grids

LEVELS = {"grid": 12, "community": 4, "street": 2, "district": 1}


@pytest.fixture
def reader(town_db):
    """A person's own login that was granted the reading role; gives its libpq URL."""
    name = f"qgis_{town_db.db.database.name}"
    with town_db.db.owner_engine.begin() as connection:
        connection.execute(text(f"CREATE ROLE {name} LOGIN PASSWORD 'look' IN ROLE wangge_reader"))
    url = town_db.db.owner_engine.url.set(username=name, password="look")
    yield url
    with town_db.db.owner_engine.begin() as connection:
        connection.execute(text(f"DROP ROLE {name}"))


def by_gdal(url, layer: str, folder) -> gpd.GeoDataFrame:
    """What GDAL's own client makes of a layer."""
    source = (
        f"PG:dbname={url.database} host={url.query.get('host', url.host)} port={url.query.get('port', url.port)} "
        f"user={url.username} password={url.password} schemas=layers"
    )
    target = folder / f"{layer}.gpkg"
    done = subprocess.run(
        ["ogr2ogr", str(target), source, layer], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return gpd.read_file(target)


def test_gdal_reads_every_layer_through_a_reader_of_its_own(reader, tmp_path):
    for level, count in LEVELS.items():
        layer = by_gdal(reader, level, tmp_path)
        assert len(layer) == count
        assert layer.crs.to_epsg() == 4326
        assert set(layer.geom_type) == {"MultiPolygon"}
        assert {"code", "name", "area_m2", "edition"} <= set(layer.columns)
        assert layer["code"].is_unique
    assert sorted(by_gdal(reader, "grid_history", tmp_path)["code"]) == list(CODES)


def test_the_reader_reads_these_layers_and_nothing_else(reader):
    url = reader.render_as_string(hide_password=False)
    with engine_on(url) as engine, engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM layers.grid")) == 12
        for statement in (
            "SELECT * FROM public.incident",
            "SELECT * FROM public.unit_version",
            "DELETE FROM layers.grid",
            "UPDATE layers.grid SET name = 'mine'",
        ):
            with pytest.raises(DBAPIError, match=r"denied|cannot"):
                connection.execute(text(statement))
            connection.rollback()


def test_not_even_the_owner_writes_through_a_layer(town_db):
    for statement in (
        "UPDATE layers.grid SET name = 'mine'",
        "DELETE FROM layers.grid_history",
        "INSERT INTO layers.district (code) VALUES ('1')",
    ):
        with (
            town_db.db.owner_engine.connect() as connection,
            pytest.raises(DBAPIError, match=r"cannot (update|delete|insert)"),
        ):
            connection.execute(text(statement))


def test_layers_follow_the_clock_and_history_keeps_every_version(town_db):
    changed = town_grids()
    changed.loc[changed["code"] == CODES[0], "name"] = "新名"
    later = datetime.now(UTC) + timedelta(days=30)
    with town_db.writing() as session:
        publish_town(session, changed, effective_from=later)
    with town_db.db.owner_engine.connect() as connection:
        now = dict(connection.execute(text("SELECT code, name FROM layers.grid")).all())
        assert now[CODES[0]] != "新名"
        versions = connection.execute(
            text(
                "SELECT name, from_edition, to_edition, in_force_from, in_force_to FROM layers.grid_history "
                "WHERE code = :code ORDER BY from_edition"
            ),
            {"code": CODES[0]},
        ).all()
        # The one of the future is in force the day after it takes force; none is twice at any instant.
        then = connection.scalar(
            text(
                "SELECT name FROM layers.grid_history WHERE code = :code AND in_force_from <= :at "
                "AND (in_force_to IS NULL OR in_force_to > :at)"
            ),
            {"code": CODES[0], "at": later + timedelta(days=1)},
        )
    assert [v.name for v in versions] == [now[CODES[0]], "新名"]
    assert (versions[0].from_edition, versions[0].to_edition, versions[1].to_edition) == (1, 1, None)
    assert versions[0].in_force_to == versions[1].in_force_from == later
    assert then == "新名"
