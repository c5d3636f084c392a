"""A worker that starts while the database is away locates from what was kept, or says that it cannot."""

from __future__ import annotations

import json
import shutil
from datetime import timedelta

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine
from sqlalchemy.exc import OperationalError

from app.boundaries.edition_cache import EditionCache
from app.boundaries.edition_snapshot import NAME, EditionSnapshot
from app.boundaries.index_store import IndexStore
from app.errors import status_of
from app.kit.clock import now
from gis.errors import Refusal
from tests.fixtures.clients import client_on, serving
from tests.fixtures.database import settings_for
from tests.fixtures.eventually import eventually
from tests.fixtures.towns import CODES, inside, publish_town, town_grids

X, Y = inside(CODES[0])


def away(town_db):
    """The same database's address while nothing listens there (a failed connection, not another address)."""

    def refuse(**_):
        raise psycopg.OperationalError("the server is away")

    return create_engine(town_db.db.service_engine.url, creator=refuse)


@pytest.fixture
def kept(town_db, tmp_path):
    """A store in which a worker left what it knew."""
    store = IndexStore(tmp_path / "index")
    cache = EditionCache(town_db.db.service_engine, store=store)
    cache.refresh()
    assert (store.folder / NAME).exists()
    return store


class Away:
    """A cache whose database does not answer."""

    def __init__(self, town_db, store):
        self.cache = EditionCache(away(town_db), store=store)

    def __enter__(self):
        self.cache._restore()
        return self.cache

    def __exit__(self, *_):
        self.cache.stop()


@pytest.mark.parametrize("a_line", [200, 5, 1])
def test_the_same_answers_as_with_the_database(town_db, kept, monkeypatch, a_line):
    monkeypatch.setattr("app.boundaries.edition_snapshot._GRIDS_A_LINE", a_line)
    (kept.folder / NAME).unlink()
    with_database = EditionCache(town_db.db.service_engine, store=kept)
    with_database.refresh()
    assert with_database.kept_at is None
    with Away(town_db, kept) as cache:
        assert cache.kept_at <= now()
        one, other = with_database.in_force(), cache.in_force()
        assert cache.schedule == with_database.schedule
        assert other.descriptions == one.descriptions
        assert other.paths.tolist() == one.paths.tolist()
        for code in CODES:
            owner, _ = other.index.owner_of(*inside(code))
            assert other.descriptions[owner]["grid"]["code"] == code
        assert other.answers.get(0, on_boundary=False) == one.answers.get(0, on_boundary=False)


def test_what_was_scheduled_but_never_loaded_is_not_guessed(town_db, tmp_path, monkeypatch):
    grids = town_grids()
    grids.loc[grids["code"] == CODES[0], "name"] = "以后"
    with town_db.writing() as session:
        publish_town(session, grids, effective_from=now() + timedelta(days=1))
    store = IndexStore(tmp_path / "index")
    EditionCache(town_db.db.service_engine, store=store).refresh()
    with Away(town_db, store) as cache:
        assert cache.in_force().number == 1
        later = now() + timedelta(days=2)
        monkeypatch.setattr("app.boundaries.edition_cache.now", lambda: later)
        assert cache.number_at(later) == 2
        assert cache.present() is None, "the old edition is in force no longer"
        with pytest.raises(Refusal) as refusal:
            cache.in_force()
        assert status_of(type(refusal.value)) == 503


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_damaged_file_is_as_good_as_none(town_db, kept, data):
    path = kept.folder / NAME
    good = path.read_bytes()
    at = data.draw(st.integers(0, len(good) - 1))
    bad = data.draw(st.sampled_from(["cut", "changed", "empty"]))
    try:
        if bad == "cut":
            path.write_bytes(good[:at])
        elif bad == "changed":
            path.write_bytes(
                good[:at] + bytes([good[at] ^ 1 << data.draw(st.integers(0, 7))]) + good[at + 1 :]
            )
        else:
            path.write_bytes(b"")
        assert snapshot(town_db, kept).read() is None
    finally:
        path.write_bytes(good)
    assert snapshot(town_db, kept).read() is not None


def snapshot(town_db, store):
    return EditionSnapshot(store, origin=str(town_db.db.service_engine.url))


def test_another_database_another_index_or_no_folder(town_db, kept):
    assert EditionSnapshot(kept, origin="postgresql://elsewhere").read() is None
    for index in kept.folder.glob("*.wgix"):
        index.write_bytes(b"damaged")
    found = snapshot(town_db, kept).read()
    assert found is not None
    assert found.editions == (), "an index that is not whole answers nothing"
    assert len(found.schedule) == 1
    shutil.rmtree(kept.folder)
    assert snapshot(town_db, kept).read() is None


def test_written_again_only_when_something_changed(town_db, kept):
    cache = EditionCache(town_db.db.service_engine, store=kept)
    cache.refresh()
    written = (kept.folder / NAME).stat().st_mtime_ns
    cache.refresh()
    assert (kept.folder / NAME).stat().st_mtime_ns == written
    with town_db.writing() as session:
        grids = town_grids()
        grids.loc[grids["code"] == CODES[0], "name"] = "新名"
        publish_town(session, grids)
    cache.refresh()
    head, *parts = map(json.loads, (kept.folder / NAME).read_bytes().split(b"\n")[:-1])
    assert [each["number"] for each in head["schedule"]] == [1, 2]
    assert {each["edition"] for each in parts} == {2}
    assert "新名" in json.dumps(parts, ensure_ascii=False)


def test_the_service_starts_without_a_database_and_finds_it_again(town_db, tmp_path, monkeypatch):
    own = settings_for(town_db.db.database, tmp_path)
    with serving(own) as app:
        expected = client_on(app).get(f"/v1/locate?lon={X}&lat={Y}").json()
        assert client_on(app).get("/readyz").json()["schedule"] == "database"
    real = EditionCache.refresh
    gone = True

    def refresh(self):
        if gone:
            raise OperationalError("SELECT", {}, OSError("the server is away"))
        real(self)

    monkeypatch.setattr(EditionCache, "refresh", refresh)
    with serving(own) as app:
        client = client_on(app)
        assert client.get(f"/v1/locate?lon={X}&lat={Y}").json() == expected
        said = client.get("/readyz").json()
        assert said["schedule"].startswith("kept 20")
        assert said["checks"]["index"] is True
        gone = False
        eventually(lambda: client.get("/readyz").json()["schedule"] == "database")
        assert client.get(f"/v1/locate?lon={X}&lat={Y}").json() == expected
