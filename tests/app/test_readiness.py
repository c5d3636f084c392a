"""``/readyz`` says which part does not work, cheaply, whatever the database does and whoever asks how often."""

from __future__ import annotations

import asyncio
import os
import threading
import time

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from app import readiness
from app.db.probe import can_write
from app.kit.worker_channel import Board
from app.readiness import DatabaseState, Readiness
from app.tls.authority import TlsFiles, init
from tests.fixtures.clients import client_on, serving
from tests.fixtures.connections import engine_on
from tests.fixtures.event_loops import run_async
from tests.fixtures.eventually import eventually

GOOD = {"database": True, "schema": True, "writable": True, "index": True}


@pytest.fixture
def fresh(monkeypatch):
    """Every question looks anew."""
    monkeypatch.setattr(readiness, "FRESH_S", 0.0)


def of_service(town_db, statement):
    with town_db.db.owner_engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(statement))


@pytest.fixture
def restricted(town_db):
    """Changes settings of this test's database only."""
    name = town_db.db.database.name

    def restrict(setting, value):
        of_service(town_db, f"ALTER DATABASE \"{name}\" SET {setting} = '{value}'")
        of_service(
            town_db,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'wangge-ready' "
            "AND datname = current_database()",
        )

    return restrict


def test_each_part_is_said(town_db, restricted, fresh):
    with serving(town_db.db.settings) as app:
        client = client_on(app)
        answer = client.get("/readyz")
        assert answer.status_code == 200
        assert answer.json() == {"status": "ready", "checks": GOOD, "edition": 1, "schedule": "database"}
        assert answer.headers["cache-control"] == "private, no-store"

        for setting, bad, good in (
            ("temp_file_limit", "100kB", "-1"),
            ("default_transaction_read_only", "on", "off"),
        ):
            restricted(setting, bad)
            answer = client.get("/readyz")
            assert answer.status_code == 503
            assert answer.json()["checks"] == {**GOOD, "writable": False}
            restricted(setting, good)
            assert client.get("/readyz").json()["checks"] == GOOD

        of_service(town_db, "UPDATE alembic_version SET version_num = 'older'")
        assert client.get("/readyz").json()["checks"] == {**GOOD, "schema": False}


def test_a_home_that_is_full_or_read_only(town_db, fresh, monkeypatch):
    real = os.statvfs
    with serving(town_db.db.settings) as app:
        client = client_on(app)

        class Full:
            f_flag, f_bavail, f_frsize = 0, 10, 4096

        class ReadOnly:
            f_flag, f_bavail, f_frsize = os.ST_RDONLY, 10**9, 4096

        for state in (Full, ReadOnly):
            monkeypatch.setattr(readiness.os, "statvfs", lambda _, state=state: state)
            assert client.get("/readyz").json()["checks"] == {**GOOD, "writable": False}
        monkeypatch.setattr(readiness.os, "statvfs", real)
        assert client.get("/readyz").status_code == 200


def test_nothing_stays_of_the_probe(town_db):
    engine = town_db.db.service_engine
    with town_db.db.owner_engine.connect() as connection:
        # The relations that exist, and where the log of changes stands.
        catalogue = "SELECT count(*), (SELECT count(*) FROM pg_attribute) FROM pg_class"
        before = connection.execute(text(catalogue)).one()
        for _ in range(3):
            assert can_write(engine)
        assert connection.execute(text(catalogue)).one() == before
        written = "SELECT temp_bytes FROM pg_stat_database WHERE datname = current_database()"

        def all_is_reported() -> bool:
            connection.execute(text("SELECT pg_stat_clear_snapshot()"))
            engine.dispose()  # sessions report what they did when they end
            return connection.execute(text(written)).scalar_one() >= 3 * 900_000

        eventually(all_is_reported, otherwise="it writes nothing, and so proves nothing")


def test_many_probes_are_one_look_and_none_waits_for_a_database_that_hangs(town_db, tmp_path, monkeypatch):
    looks, release = [], threading.Event()

    def hang(_):
        looks.append(threading.get_ident())
        release.wait(60)
        return "x"

    monkeypatch.setattr(readiness, "current", hang)
    monkeypatch.setattr(readiness, "PATIENCE_S", 0.2)

    async def probe(engine):
        ready = Readiness(engine, tmp_path)
        try:
            crowd = await asyncio.gather(*(ready.database() for _ in range(200)))
            assert set(crowd) == {DatabaseState()}
            assert await ready.database() == DatabaseState()
            assert len(looks) == 1, "the one that hangs is waited for, no second thread is"
            release.set()
            until = time.monotonic() + 60
            while not (await ready.database()).database:
                assert time.monotonic() < until
                await asyncio.sleep(0.01)
        finally:
            release.set()
            ready.close()

    with engine_on(town_db.db.database.service_url, pool_size=1) as engine:
        run_async(probe(engine))


def test_trouble_is_logged_once(town_db, tmp_path, monkeypatch):
    said = []

    class Log:
        def warning(self, event, **_):
            said.append(event)

    def fail(_):
        raise OperationalError("SELECT", {}, OSError("away"))

    monkeypatch.setattr(readiness, "log", Log())
    ready = Readiness(town_db.db.service_engine, tmp_path)
    try:
        real = readiness.current
        monkeypatch.setattr(readiness, "current", fail)
        assert [ready._examine() for _ in range(3)] == [DatabaseState()] * 3
        monkeypatch.setattr(readiness, "current", real)
        assert ready._examine() == DatabaseState(True, True, True)
        monkeypatch.setattr(readiness, "current", fail)
        ready._examine()
        assert said == ["database_not_ready", "database_not_ready"]
    finally:
        ready.close()


def test_workers_are_counted_where_there_is_a_board(town_db):
    with serving(town_db.db.settings) as app:
        app.state.board = board = Board.make()
        board["workers_wanted"], board["workers_serving"], board["worker_restarts"] = 4, 3, 2
        said = client_on(app).get("/readyz").json()
        assert said["workers"] == {"wanted": 4, "serving": 3, "restarts": 2, "hangs": 0}
        assert said["status"] == "ready", "the others do its work"
        os.close(board.descriptor)


def test_the_authority_is_handed_out_where_it_is_in_use(town_db):
    settings = town_db.db.settings
    files = TlsFiles.in_home(settings.home)
    init(files, [])
    with serving(settings) as app:
        refusal = client_on(app).get("/ca.crt")
        assert refusal.status_code == 404
        assert refusal.json()["code"] == "no-authority"
    tls = settings.model_copy(update={"tls_cert": files.cert, "tls_key": files.key})
    assert tls.tls
    with serving(tls) as app:
        answer = client_on(app).get("/ca.crt")
        assert answer.content == files.authority.read_bytes()
        assert answer.headers["content-type"] == "application/x-x509-ca-cert"
        assert b"PRIVATE" not in answer.content
