"""kill -9 in the middle of publishing: the old edition is whole or the new one is, and the draft can be published."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from app.auth.principal import Principal
from app.bootstrap import prepare
from app.boundaries.repository import OWNERS_LOCK, PUBLISH_LOCK
from app.db import cluster
from app.db.engine import make_engine
from app.db.session import EVERYTHING, write_session
from app.db.urls import database_urls
from app.drafts import access, reviewing, service
from app.settings import load_settings
from app.verify.service import verify
from tests.app.drafts.drafting import LEFT, RIGHT, TALL, through
from tests.app.grids.test_publication import fill
from tests.fixtures.clusters import query
from tests.fixtures.towns import publish_town

ROOT = Path(__file__).parents[3]
AUTHOR = Principal(name="zhang", account_id=1, grants=(("gis-editor", ""),))
REVIEWER = Principal(name="wang", account_id=2, grants=(("gis-publisher", ""),))

# A worker's part of publishing: the service's own call, in a process that can be killed.
WORKER = """
import sys
from app.auth.principal import Principal
from app.db.engine import make_engine
from app.db.session import write_session
from app.db.urls import database_urls
from app.drafts import access, reviewing
from app.drafts.repository import find
from app.settings import load_settings
wang = Principal(name="wang", account_id=2, grants=(("gis-publisher", ""),))
engine = make_engine(database_urls(load_settings()).service, application="worker")
with write_session(engine, wang.sight("gis-publisher")) as session:
    draft = find(session, 1)
    reviewing.publish(session, wang, 1, seen=frozenset({access.tag_of(draft)}))
"""
# Where publishing is held up, so that it is killed there: a lock on what comes next.
POINTS = {
    "before anything": f"SELECT pg_advisory_lock({PUBLISH_LOCK})",
    "versions are opened and closed": "LOCK TABLE lineage IN ACCESS EXCLUSIVE MODE",
    "the edition is there, owners are not moved": f"SELECT pg_advisory_lock({OWNERS_LOCK})",
    "components are moved, incidents are not": "LOCK TABLE incident_log IN ACCESS EXCLUSIVE MODE",
    "all is written but the log": "LOCK TABLE draft_log IN ACCESS EXCLUSIVE MODE",
}


@pytest.fixture
def approved(home: Path, start_cluster) -> Path:
    """A private cluster with the town, what lies in it, and an approved draft."""
    info = start_cluster(home, extra={"shared_buffers": "16MB"})
    prepare(info.owner_url)
    owner = make_engine(info.owner_url, pooled=False)
    with write_session(owner, EVERYTHING) as session:
        publish_town(session)
        fill(session)
    owner.dispose()
    with engine(home) as ours, write_session(ours, AUTHOR.sight()) as session:
        draft = service.create(session, AUTHOR, title="调整")
        for operation in (
            {"op": "split", "grid": TALL, "by": through(TALL)},
            {"op": "merge", "grids": [LEFT, RIGHT], "code": LEFT},
        ):
            service.edit(session, AUTHOR, draft.id, operation, seen=frozenset({access.tag_of(draft)}))
        reviewing.submit(session, AUTHOR, draft.id, seen=frozenset({access.tag_of(draft)}), comment="")
        seen = frozenset({access.tag_of(draft)})
        reviewing.review(session, REVIEWER, draft.id, seen=seen, approve=True, comment="")
    return home


@contextmanager
def engine(home: Path) -> Iterator[Engine]:
    """Connections as the service makes them."""
    made = make_engine(database_urls(load_settings(home=home)).service, pooled=False)
    yield made
    made.dispose()


def worker(home: Path) -> subprocess.Popen[bytes]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("WANGGE_")} | {
        "WANGGE_HOME": str(home)
    }
    return subprocess.Popen(
        [sys.executable, "-c", WORKER], cwd=ROOT, env=environment, stderr=subprocess.DEVNULL
    )


def wait_until_held_up(info: cluster.ClusterInfo, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    waiting = (
        "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'worker' AND wait_event_type = 'Lock'"
    )
    while query(info, waiting) == 0:
        assert process.poll() is None, "the worker came through"
        assert time.monotonic() < deadline
        time.sleep(0.05)


def state(home: Path) -> tuple[int, str, int, int]:
    """The newest edition, the draft's state, versions opened for edition 2, owners moved by it."""
    info = cluster.status(home)
    return (
        query(info, "SELECT max(number) FROM edition"),
        query(info, "SELECT state FROM draft"),
        query(info, "SELECT count(*) FROM unit_version WHERE lower(editions) = 2 OR upper(editions) = 2"),
        query(info, "SELECT count(*) FROM incident_log WHERE action = 'reassign'"),
    )


def broken(home: Path) -> list[str]:
    owner = make_engine(cluster.status(home).owner_url, pooled=False)
    try:
        with Session(owner) as session:
            return [outcome.line("en") for outcome in verify(session) if not outcome.holds]
    finally:
        owner.dispose()


def kill(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait(30)


def kill_server(info: cluster.ClusterInfo) -> None:
    """The postmaster dies at once; its children notice, one after the other, and no new server starts before."""
    with psycopg.connect(info.libpq_url(), autocommit=True) as connection:
        children = [pid for (pid,) in connection.execute("SELECT pid FROM pg_stat_activity")]
    os.kill(info.pid, signal.SIGKILL)
    deadline = time.monotonic() + 30
    while any(Path(f"/proc/{pid}").exists() for pid in children):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_killed_at_every_point(approved: Path):
    home = approved
    before = state(home)
    assert before == (1, "approved", 0, 0)
    for number, (point, lock) in enumerate(POINTS.items()):
        info = cluster.status(home)
        holder = psycopg.connect(info.libpq_url())
        holder.execute(lock)
        process = worker(home)
        wait_until_held_up(info, process)
        # The worker dies and PostgreSQL goes on; every other time PostgreSQL itself dies.
        if number % 2:
            kill_server(info)
            process.wait(30)
            holder.close()
            cluster.start(home, extra={"shared_buffers": "16MB"}, durable=False)
        else:
            kill(process)
            holder.close()
            deadline = time.monotonic() + 30
            while query(info, "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'worker'"):
                assert time.monotonic() < deadline
                time.sleep(0.05)
        assert state(home) == before, point
    assert broken(home) == []

    # Nothing of these tries is in the way of the next, which is killed as soon as it has committed, PostgreSQL with it.
    info = cluster.status(home)
    process = worker(home)
    deadline = time.monotonic() + 60
    with psycopg.connect(info.libpq_url(), autocommit=True) as watcher:
        while watcher.execute("SELECT max(number) FROM edition").fetchone() != (2,):
            assert time.monotonic() < deadline
        kill(process)
        kill_server(info)
    cluster.start(home, extra={"shared_buffers": "16MB"}, durable=False)
    edition, draft, versions, moved = state(home)
    assert (edition, draft) == (2, "published")
    assert versions > 4
    assert moved > 0
    assert broken(home) == []
