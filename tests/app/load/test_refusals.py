"""What the machine cannot do right now is said as such, with the time after which to try again; nothing of it is a 500."""

from __future__ import annotations

import errno
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import get_ident

import psycopg
import pytest
from fastapi import FastAPI
from sqlalchemy import event, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.testclient import TestClient

from app.auth.dependencies import Read, Write
from app.auth.policy import public
from app.auth.routing import Router
from app.errors import Unavailable
from tests.fixtures.clients import NewClient, client_on
from tests.fixtures.database import CommittingDatabase


def raising(app: FastAPI, error: Callable[[], Exception]) -> TestClient:
    router = Router(dependencies=[public()])

    @router.get("/fails")
    def fails() -> None:
        raise error()

    app.include_router(router)
    return client_on(app)


def of_database(kind: type[psycopg.OperationalError]) -> Exception:
    return OperationalError("SELECT 1", {}, kind("no"))


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (lambda: PoolTimeout("QueuePool limit"), "busy"),
        (lambda: of_database(psycopg.errors.TooManyConnections), "busy"),
        (lambda: of_database(psycopg.errors.QueryCanceled), "timeout"),
        (lambda: of_database(psycopg.errors.LockNotAvailable), "locked"),
        (lambda: of_database(psycopg.errors.DeadlockDetected), "locked"),
        (lambda: of_database(psycopg.errors.DiskFull), "disk-full"),
        (lambda: of_database(psycopg.errors.AdminShutdown), "database-unreachable"),
        (lambda: OSError(errno.ENOSPC, "No space left on device"), "disk-full"),
        (lambda: Unavailable("忙", "busy", code="index-unavailable"), "index-unavailable"),
    ],
)
def test_a_status_of_its_own(app: FastAPI, error: Callable[[], Exception], code: str):
    answer = raising(app, error).get("/fails")
    assert (answer.status_code, answer.json()["code"]) == (503, code), answer.text
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.headers["content-type"] == "application/problem+json"


def test_other_failures_of_the_system_stay_ours(app: FastAPI):
    client = raising(app, lambda: OSError(errno.EIO, "Input/output error"))
    with pytest.raises(OSError, match="Input/output"):
        client.get("/fails")


def test_a_lock_that_is_not_had(app: FastAPI, committing_db: CommittingDatabase):
    """For real: another transaction holds the row, and goes on when it is given up."""
    router = Router(dependencies=[public()])

    @router.post("/waits")
    def waits(session: Write) -> None:
        session.execute(text("SET LOCAL lock_timeout = '50ms'"))
        session.execute(text("LOCK TABLE incident IN EXCLUSIVE MODE"))

    app.include_router(router)
    with committing_db.owner_engine.begin() as other:
        other.execute(text("LOCK TABLE incident IN ACCESS EXCLUSIVE MODE"))
        answer = client_on(app).post("/waits")
        assert (answer.status_code, answer.json()["code"]) == (503, "locked")


def test_a_pool_that_others_hold(app: FastAPI, monkeypatch: pytest.MonkeyPatch):
    """For real: all connections are taken by something outside the gate."""
    engine = app.state.engine
    engine.pool._timeout = 0.05
    held = [engine.connect() for _ in range(app.state.settings.pool_size)]
    try:
        answer = client_on(app).get("/v1/editions")
    finally:
        for connection in held:
            connection.close()
    assert (answer.status_code, answer.json()["code"]) == (503, "busy")
    assert client_on(app).get("/v1/editions").status_code == 200


def test_a_session_that_is_not_used_takes_no_connection(app: FastAPI):
    router = Router(dependencies=[public()])
    threads: list[int] = []
    event.listen(app.state.engine, "checkout", lambda *_: threads.append(get_ident()))

    @router.get("/idle")
    def idle(session: Read) -> list[int]:
        before = threads.count(get_ident())
        session.execute(text("SELECT 1"))
        return [before, threads.count(get_ident())]

    app.include_router(router)
    # In the thread of the endpoint and with its first statement, not one hop before.
    assert client_on(app).get("/idle").json() == [0, 1]


def test_a_full_gate_is_a_refusal_and_a_freed_one_is_not(app: FastAPI, new_client: NewClient):
    gate = app.state.database_gate
    gate.patience_s = 0.05
    places = gate._free
    gate._free = 0
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: new_client().get("/v1/editions"), range(8)))
    assert {(answer.status_code, answer.json()["code"]) for answer in answers} == {(503, "busy")}
    assert new_client().get("/healthz").status_code == 200
    page = new_client().get("/dispatch", headers={"Accept": "text/html", "Cookie": "wangge_session=whoever"})
    assert page.status_code == 503
    assert int(page.headers["Retry-After"]) > 0
    assert "text/html" in page.headers["content-type"]
    gate._free = places
    assert new_client().get("/v1/editions").status_code == 200
    assert (gate.inside, gate.waiting) == (0, 0)
