"""Which edition answers: in every worker, at every instant, whatever becomes of notifications."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event, text

from app.boundaries.edition_cache import EditionCache
from app.boundaries.index_store import IndexStore
from app.errors import Unavailable
from tests.fixtures.eventually import eventually
from tests.fixtures.several import ask, everybody, several
from tests.fixtures.towns import CODES, inside, publish_town, town_grids

LISTENERS = "application_name = 'wangge-editions' AND datname = current_database()"
KILL = f"SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE {LISTENERS}"
X, Y = inside(CODES[0])


def renamed(name: str):
    grids = town_grids()
    grids.loc[grids["code"] == CODES[0], "name"] = name
    return grids


def listeners(town_db) -> int:
    with town_db.db.owner_engine.connect() as connection:
        return connection.scalar(text(f"SELECT count(*) FROM pg_stat_activity WHERE {LISTENERS}"))


class Deaf:
    """While the block lasts every listener's connection is ended as soon as it is there."""

    def __init__(self, town_db) -> None:
        self.engine = town_db.db.owner_engine
        self.killed = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._kill)

    def _kill(self) -> None:
        with self.engine.connect() as connection:
            connection = connection.execution_options(isolation_level="AUTOCOMMIT")
            while not self._over.is_set():
                self.killed += connection.scalar(text(KILL))
                self._over.wait(0.001)

    def __enter__(self) -> Deaf:
        self._thread.start()
        eventually(lambda: self.killed)
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()


def test_every_worker_hears_of_an_edition_and_none_misses_one(town_db):
    with several(town_db.db.settings, workers=2) as port:
        assert set(everybody(port, 2, edition=1).values()) == {1}
        with town_db.writing() as session:
            publish_town(session, renamed("二"))
        said = everybody(port, 2, edition=2)
        assert len(said) == 2
        assert set(said.values()) == {2}

        # Their ears are cut off while edition 3 is published: no notification can reach them.
        with Deaf(town_db) as deaf:
            with town_db.writing() as session:
                publish_town(session, renamed("三"))
            assert deaf.killed
        # They come back by themselves, and look before they listen on.
        said = everybody(port, 2, edition=3)
        assert len(said) == 2
        assert set(said.values()) == {3}
        assert ask(port, f"/v1/locate?lon={X}&lat={Y}")["grid"]["name"] == "三"
        assert listeners(town_db) == 2

        # And they hear as well as before.
        with town_db.writing() as session:
            publish_town(session, renamed("四"))
        assert set(everybody(port, 2, edition=4).values()) == {4}
        built = sorted(path.name for path in (town_db.db.settings.home / "cache" / "index").glob("*.wgix"))
        assert len(built) == 4


def test_a_fault_in_the_listener_does_not_end_it(town_db):
    """Whatever goes wrong, the worker must hear the next edition."""
    asked = threading.Event()

    def fails(_engine) -> None:
        asked.set()
        raise ZeroDivisionError("a bug")

    cache = EditionCache(town_db.db.service_engine, taken_force=fails)
    cache.start()
    try:
        assert asked.wait(60)
        with town_db.writing() as session:
            publish_town(session, renamed("二"))
        eventually(lambda: cache.in_force().number == 2)
    finally:
        cache.stop()


def test_the_present_follows_the_clock(town_db, monkeypatch):
    soon = datetime.now(UTC) + timedelta(minutes=1)
    with town_db.writing() as session:
        publish_town(session, renamed("二"), effective_from=soon)
    cache = EditionCache(town_db.db.service_engine)
    assert cache.present() is None
    cache.refresh()
    assert cache.present().number == 1
    instants = iter([soon - timedelta(microseconds=1), soon, soon - timedelta(seconds=1)])

    # A clock may be set back, too.
    for instant, number in zip(instants, (1, 2, 1), strict=True):
        monkeypatch.setattr("app.boundaries.edition_cache.now", lambda instant=instant: instant)
        assert cache.present().number == number
        assert cache.in_force().number == number


def test_what_can_still_change_is_not_settled(town_db):
    """Publishing allows a past instant, down to the latest edition's own."""
    cache = EditionCache(town_db.db.service_engine)
    assert not cache.settled(datetime(2020, 1, 1, tzinfo=UTC))
    cache.refresh()
    first = cache.schedule[0].effective_from
    assert cache.settled(first - timedelta(seconds=1))
    assert not cache.settled(first)
    later = first + timedelta(days=30)
    with town_db.writing() as session:
        publish_town(session, renamed("二"), effective_from=first)
    with town_db.writing() as session:
        publish_town(session, renamed("三"), effective_from=later)
    cache.refresh()
    assert [e.number for e in cache.schedule] == [1, 2, 3]
    assert cache.in_force(first).number == 2
    assert cache.settled(first)
    # Nothing can be published before the third edition; but what is yet to come is not told as settled.
    assert not cache.settled(later - timedelta(days=1))
    assert not cache.settled(later)


def test_an_edition_of_another_database_is_not_answered(town_db):
    """After a restore the numbers are the same and the content is not."""
    cache = EditionCache(town_db.db.service_engine)
    cache.refresh()
    held = cache.present()
    with town_db.writing() as session:
        session.execute(text("SET LOCAL session_replication_role = replica"))
        session.execute(text("UPDATE edition SET content_hash = 'restored' WHERE number = 1"))
        session.execute(text("UPDATE unit_version SET name = '恢复' WHERE code = :c"), {"c": CODES[0]})
    cache.refresh()
    again = cache.present()
    assert again is not held
    assert again.descriptions[0]["grid"]["name"] == "恢复"


def test_shapes_stay_in_the_database_once_the_index_is_built(town_db, tmp_path):
    statements: list[str] = []
    engine = town_db.db.service_engine
    store = IndexStore(tmp_path / "index")

    def heard(_c, _cursor, statement, *_rest) -> None:
        statements.append(statement)

    event.listen(engine, "before_cursor_execute", heard)
    try:
        first, second = EditionCache(engine, store=store), EditionCache(engine, store=store)
        first.refresh()
        assert any("ST_AsBinary" in each for each in statements)
        statements.clear()
        second.refresh()
    finally:
        event.remove(engine, "before_cursor_execute", heard)
    assert statements
    assert not any("geom" in each for each in statements)
    one, other = first.present(), second.present()
    assert one.index.codes == other.index.codes == CODES
    assert one.descriptions == other.descriptions
    assert one.paths.tolist() == other.paths.tolist()
    for code in CODES:
        assert other.index.codes[int(other.index.locate(*inside(code)))] == code


@pytest.fixture
def logged(monkeypatch) -> list[str]:
    """Warnings of the store, whatever other tests made of logging."""
    events: list[str] = []

    class Log:
        def warning(self, event: str, **_: object) -> None:
            events.append(event)

        def debug(self, event: str, **_: object) -> None:
            pass

    monkeypatch.setattr("app.boundaries.index_store.log", Log())
    return events


@pytest.mark.parametrize("damage", ["cut", "flip", "foreign", "other"])
def test_a_damaged_index_is_discarded_and_built_again(town_db, tmp_path, damage, logged):
    store = IndexStore(tmp_path / "index")
    cache = EditionCache(town_db.db.service_engine, store=store)
    cache.refresh()
    (path,) = store.folder.glob("*.wgix")
    good = path.read_bytes()
    if damage == "other":
        from gis.locate import GridIndex
        from tests.fixtures.towns import shape_of

        GridIndex.build(["elsewhere"], [shape_of(CODES[0])]).save(path)
    else:
        half = len(good) // 2
        flipped = good[:100] + bytes([good[100] ^ 255]) + good[101:]
        path.write_bytes({"cut": good[:half], "flip": flipped, "foreign": b"PK\3\4" + good}[damage])
    again = EditionCache(town_db.db.service_engine, store=store)
    again.refresh()
    assert logged == ["index_discarded"]
    assert again.present().index.codes == CODES
    assert path.read_bytes() == good


def test_an_edition_to_come_that_cannot_be_loaded_leaves_the_others_answering(town_db):
    soon = datetime.now(UTC) + timedelta(seconds=80)
    with town_db.writing() as session:
        publish_town(session, renamed("二"), effective_from=soon)
    with town_db.writing() as session:
        session.execute(text("SET LOCAL session_replication_role = replica"))
        session.execute(
            text("UPDATE unit_version SET geom = ST_Multi(ST_Expand(geom, 0.02)) WHERE lower(editions) = 2")
        )
    cache = EditionCache(town_db.db.service_engine)
    cache.refresh()
    assert [e.number for e in cache.schedule] == [1, 2]
    assert cache.in_force().number == 1
    with pytest.raises(Unavailable):
        cache.get(2)
