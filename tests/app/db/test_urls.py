"""Which database, as whom; and what is refused."""

import psycopg
import pytest
from sqlalchemy import make_url, text

from app.db.errors import DatabaseUnreachable
from app.db.urls import BadDatabaseUrl, database_urls, libpq_url, sqlalchemy_url
from app.settings import load_settings
from tests.fixtures.connections import engine_on


def settings(tmp_path, **given):
    return load_settings(home=tmp_path / "home", **given)


@pytest.mark.parametrize(
    "given",
    [
        "postgresql://gis:p%40ss@db.example:6543/wangge?sslmode=require",
        "postgres://gis:p%40ss@db.example:6543/wangge?sslmode=require",
        "postgresql+psycopg://gis:p%40ss@db.example:6543/wangge?sslmode=require",
        "  postgresql+psycopg2://gis:p%40ss@db.example:6543/wangge?sslmode=require\n",
    ],
)
def test_any_postgresql_url_will_do(tmp_path, given):
    urls = database_urls(settings(tmp_path, database_url=given))
    owner = make_url(urls.owner)
    assert owner.drivername == "postgresql+psycopg"
    assert (owner.username, owner.password, owner.host, owner.port) == ("gis", "p@ss", "db.example", 6543)
    assert owner.query["sslmode"] == "require"
    assert urls.external
    assert libpq_url(urls.owner).startswith("postgresql://gis:p%40ss@")


def test_the_service_takes_its_role_unless_it_has_a_login(tmp_path):
    urls = database_urls(settings(tmp_path, database_url="postgresql://gis@h/d?options=-c%20search_path%3Dx"))
    assert make_url(urls.service).query["options"] == "-c search_path=x -c role=wangge_service"
    assert "role" not in urls.owner
    own = database_urls(
        settings(tmp_path, database_url="postgresql://gis@h/d", service_database_url="postgres://web:s@h/d")
    )
    assert make_url(own.service).username == "web"
    assert "options" not in own.service


@pytest.mark.parametrize(
    "given", ["mysql://me:secret@h/d", "db.example:5432", "postgresql://me:secret@h:port/d"]
)
def test_other_urls_are_refused_without_repeating_secrets(tmp_path, given):
    with pytest.raises(BadDatabaseUrl, match="WANGGE_DATABASE_URL") as refusal:
        database_urls(settings(tmp_path, database_url=given))
    assert "secret" not in str(refusal.value)


def test_nothing_is_started_by_asking(tmp_path):
    with pytest.raises(DatabaseUnreachable, match="wangge db start"):
        database_urls(settings(tmp_path))
    assert not (tmp_path / "home").exists()


def test_a_stopped_cluster_is_no_database(home, start_cluster):
    from app.db import cluster

    start_cluster(home)
    assert not database_urls(load_settings(home=home)).external
    cluster.stop(home)
    with pytest.raises(DatabaseUnreachable, match="没有运行"):
        database_urls(load_settings(home=home))


def test_sqlalchemy_url_names_the_setting_it_came_from():
    with pytest.raises(BadDatabaseUrl, match="OTHER"):
        sqlalchemy_url("sqlite://", "OTHER")


def test_the_service_role_is_taken_by_every_driver(database, tmp_path):
    """On an external server with one login: the role comes with the connection, through SQLAlchemy and libpq alike."""
    urls = database_urls(settings(tmp_path, database_url=database.libpq))
    with psycopg.connect(libpq_url(urls.service)) as connection:
        assert connection.execute("SELECT current_user").fetchone() == ("wangge_service",)
    with engine_on(urls.service, pooled=False) as engine, engine.connect() as connection:
        assert connection.scalar(text("SELECT current_user")) == "wangge_service"
