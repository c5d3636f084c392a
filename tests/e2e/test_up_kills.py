"""``wangge up`` while its parts are killed, stopped, or left without room: it goes on, and keeps what it acknowledged."""

import os
import resource
import signal
import threading

import httpx
import psycopg
import pytest

from app.db import cluster
from app.db.cluster.process import processes_in
from app.db.session import EVERYTHING, WriteSession, write_session
from app.publishing.reassignment import publish
from tests.fixtures.actors import add_token
from tests.fixtures.commands import wangge_in
from tests.fixtures.connections import engine_on
from tests.fixtures.towns import CODES, DISTRICT, inside, town_input
from tests.fixtures.ups import nobody_listens, soon

X, Y = inside(CODES[0])
QUESTION = f"/v1/locate?lon={X}&lat={Y}"
UNLIMITED = resource.RLIM_INFINITY
# Every write past this size fails, as on a disk that fills up; it needs no root and no mount.
SMALL = 100_000


def settle_town(home) -> str:
    """Publish the town in a running installation; gives the token of an editor."""
    info = cluster.status(home)
    with engine_on(info.owner_url) as owner, write_session(owner, EVERYTHING) as session:
        publish(WriteSession(session), town_input(synthetic=True), author="tester")
    with engine_on(info.service_url) as service:
        return add_token(service, "gis-editor", DISTRICT)


def locates(up) -> bool:
    return ((up.get(QUESTION) or {}).get("grid") or {}).get("code") == CODES[0]


def kill(pid) -> None:
    os.kill(pid, signal.SIGKILL)


def set_on_server(home, name, value) -> None:
    """Change a setting of the running server, for sessions that are open as well."""
    with psycopg.connect(cluster.status(home).libpq_url(), autocommit=True) as connection:
        connection.execute(f"ALTER SYSTEM SET {name} = '{value}'")
        connection.execute("SELECT pg_reload_conf()")


def limit_files(pid, size) -> None:
    _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, hard))


class Writer:
    """Begins drafts without a pause, and remembers those that the service acknowledged."""

    def __init__(self, up, token) -> None:
        self.acknowledged: list[int] = []
        self._client = httpx.Client(
            base_url=up.url,
            headers={"Authorization": f"Bearer {token}"},
            timeout=30,
            **({"verify": up.trust} if up.tls else {}),
        )
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._write)
        self.refusal: str | None = None

    def _write(self) -> None:
        while not self._over.wait(0.05):
            try:
                body = {"title": f"草案 {len(self.acknowledged)}", "scope": DISTRICT}
                answer = self._client.post("/v1/drafts", json=body)
            except httpx.HTTPError:
                continue
            if answer.status_code == 201:
                self.acknowledged.append(answer.json()["id"])
            elif answer.status_code < 500 and answer.status_code != 429:
                self.refusal = answer.text

    def stop(self) -> None:
        self._over.set()
        self._thread.join()

    def lost(self) -> list[int]:
        return [n for n in self.acknowledged if self._client.get(f"/v1/drafts/{n}").status_code != 200]

    def __enter__(self) -> "Writer":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._client.close()


@pytest.fixture
def ended_cleanly():
    """Interrupts an ``up`` and looks at what it leaves."""

    def end(up, number=signal.SIGINT) -> None:
        data = cluster.status(up.home).data
        up.process.send_signal(number)
        assert up.process.wait(60) == 0, up.said
        assert nobody_listens(up.port)
        assert processes_in(data) == []
        assert cluster.status(up.home).state == "stopped"
        assert "Traceback" not in up.said

    return end


def test_workers_and_the_database_are_killed_and_hang(home, scratch, ups, ended_cleanly):
    made = wangge_in(home, "tls", "init")
    assert made.communicate()[0].count("SHA-256") == 1
    up = ups(
        home,
        scratch / "log",
        "--empty",
        tls=True,
        WANGGE_WORKERS="2",
        WANGGE_HANG_SECONDS="3",
        WANGGE_LANG="en",
    )
    up.wait_for(f"ready: https://127.0.0.1:{up.port}")
    token = settle_town(home)
    soon(lambda: up.get("/readyz")["workers"]["serving"] == 2, up)
    # Each has heard of the edition: whichever answers, it locates.
    soon(lambda: all(locates(up) for _ in range(20)), up)

    with Writer(up, token) as writer:
        for _ in range(5):
            before, count = set(up.workers()), len(writer.acknowledged)
            kill(next(iter(before)))
            assert locates(up)
            soon(lambda before=before: len(set(up.workers()) - before) == 1, up)
            soon(lambda count=count: len(writer.acknowledged) > count, up)
        assert "ended unexpectedly (exit status -9)" in up.said

        # All of the web at once: who asks meanwhile waits in the queue of the socket.
        both = set(up.workers())
        for worker in both:
            kill(worker)
        assert locates(up)
        soon(lambda: both.isdisjoint(up.workers()), up)

        # One that neither works nor ends.
        soon(lambda: up.get("/readyz")["workers"]["serving"] == 2, up)
        hanging = up.workers()[0]
        os.kill(hanging, signal.SIGSTOP)
        assert locates(up)
        soon(lambda: hanging not in up.workers() and len(up.workers()) == 2, up)
        assert "has stood still" in up.said

        server, count = cluster.status(home).pid, len(writer.acknowledged)
        kill(server)
        assert locates(up)
        soon(lambda: cluster.status(home).pid not in (None, server), up)
        soon(lambda: len(writer.acknowledged) > count, up)
        soon(up.ready, up)
        writer.stop()
        assert writer.refusal is None
        assert len(writer.acknowledged) > 6
        assert writer.lost() == []
    state = up.get("/readyz")
    assert state["workers"]["restarts"] >= 8
    assert state["workers"]["hangs"] == 1
    assert state["database_restarts"] == 1
    ended_cleanly(up)


def test_a_full_disk_is_waited_for(home, scratch, ups, ended_cleanly):
    up = ups(home, scratch / "log", "--empty")
    up.wait_for("已就绪")
    settle_town(home)
    soon(up.ready, up)

    # The running server may write no file: reads go on, and readiness says that nothing can be written.
    set_on_server(home, "temp_file_limit", "100kB")
    soon(lambda: up.get("/readyz")["checks"] == {**_ALL, "writable": False}, up)
    assert locates(up)
    set_on_server(home, "temp_file_limit", "-1")
    soon(up.ready, up)

    # It cannot even start. The web goes on, and comes back when it is killed as well.
    limit_files(up.process.pid, SMALL)
    kill(cluster.status(home).pid)
    soon(lambda: "磁盘空间不足" in up.said, up)
    assert locates(up)
    (worker,) = up.workers()
    kill(worker)
    assert locates(up)
    state = up.get("/readyz")
    assert state["checks"] == {"database": False, "schema": False, "writable": False, "index": True}
    assert state["schedule"].startswith("kept 20")
    limit_files(up.process.pid, UNLIMITED)
    soon(up.ready, up)
    soon(lambda: up.get("/readyz")["schedule"] == "database", up)
    ended_cleanly(up)

    # A machine that starts again with a full disk.
    again = ups(home, scratch / "log2", under=("prlimit", f"--fsize={SMALL}:unlimited"))
    soon(lambda: "磁盘空间不足" in again.said, again)
    soon(lambda: locates(again), again)
    limit_files(again.process.pid, UNLIMITED)
    again.wait_for("已就绪")
    soon(again.ready, again)
    ended_cleanly(again, signal.SIGTERM)


_ALL = {"database": True, "schema": True, "writable": True, "index": True}
