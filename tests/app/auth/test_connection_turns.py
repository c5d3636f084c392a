"""No more connections are wanted at once than turns were given for them."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import Engine, QueuePool, event, text

from app.auth import throttle
from app.auth.sign_in_turns import SignInTurns
from app.db import locks
from app.kit.admission import Overloaded
from app.settings import SIGN_IN_CONNECTIONS, load_settings
from tests.app.auth.table_queries import scalar
from tests.app.incidents.reports import report_all
from tests.fixtures.actors import PASSWORD, Actors, add_account
from tests.fixtures.clients import client_on
from tests.fixtures.database import CommittingDatabase
from tests.fixtures.eventually import eventually

WAITING = """
    SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
       AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


@contextmanager
def watched(app: FastAPI) -> Iterator[list[tuple[int, int]]]:
    """(connections in use, turns at the database in use) each time when a connection is taken."""
    seen: list[tuple[int, int]] = []
    engine: Engine = app.state.engine
    pool = engine.pool
    assert isinstance(pool, QueuePool)

    def look(*_: Any) -> None:
        seen.append((pool.checkedout(), app.state.database_gate.inside))

    event.listen(engine, "checkout", look)
    try:
        yield seen
    finally:
        event.remove(engine, "checkout", look)


def test_turns_and_kept_connections_fit_into_the_pool() -> None:
    for size in range(4, 40):
        settings = load_settings(pool_size=size)
        assert settings.database_turns + SIGN_IN_CONNECTIONS < size


def test_one_turn_for_a_name_and_so_many_in_all() -> None:
    turns = SignInTurns(2, patience_s=0.01)
    with turns.turn("li"):
        with pytest.raises(Overloaded), turns.turn("li"):
            pass
        with turns.turn("wang"), pytest.raises(Overloaded), turns.turn("zhao"):
            pass
    with turns.turn("li"), turns.turn("zhao"):
        pass


def test_a_name_that_is_hammered_keeps_nobody_else_out(
    app: FastAPI, committing_db: CommittingDatabase
) -> None:
    """Its lock is held elsewhere, as by other workers: one connection waits for it, and others sign in meanwhile."""
    app.state.hashing_gates._strangers.places = app.state.hashing_gates._strangers._free = 12
    for name in ("li", "wang"):
        add_account(committing_db.service_engine, name, ("viewer", ""))
    key = locks.name_of(locks.SIGN_IN, f"name {throttle.name_key('li')}")

    def sign_in(name: str, address: str) -> int:
        return (
            client_on(app, address=address)
            .post("/v1/session", json={"name": name, "password": PASSWORD})
            .status_code
        )

    with ThreadPoolExecutor(8) as pool, watched(app) as seen:
        with committing_db.owner_engine.begin() as holder:
            holder.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"), {"key": key})
            hammering = [pool.submit(sign_in, "li", f"203.0.113.{n}") for n in range(8)]
            eventually(lambda: scalar(committing_db, WAITING))
            others = [sign_in("wang", "198.51.100.7") for _ in range(3)]
            waiting = scalar(committing_db, WAITING)
        ended = {each.result() for each in hammering}
    assert others == [200] * 3
    assert waiting == 1
    assert ended <= {200, 503}
    assert max(used - turns for used, turns in seen) <= SIGN_IN_CONNECTIONS


@pytest.mark.usefixtures("units")
def test_contacts_are_logged_with_a_turn(
    app: FastAPI, committing_db: CommittingDatabase, actors: Actors
) -> None:
    report_all(committing_db)
    dispatcher = actors.sign_in("dispatcher", "d")
    with watched(app) as seen:
        assert "0532-55550199" in dispatcher.get("/v1/grids/g1").text
    assert scalar(committing_db, "SELECT count(*) FROM audit_log WHERE action = 'contacts.read'") == 1
    assert all(used <= turns for used, turns in seen), seen
