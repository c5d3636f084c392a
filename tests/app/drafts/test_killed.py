"""kill -9 in the middle of publishing: the old edition is whole or the new one is, and the draft can be published."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from app.auth.principal import Principal
from app.bootstrap import prepare
from app.db import cluster, locks
from app.db.session import EVERYTHING, write_session
from app.db.urls import database_urls
from app.drafts import policy, service, workflow
from app.settings import load_settings
from app.verify.service import verify
from gis.editing import parse_operation
from tests.app.drafts.drafting import LEFT, RIGHT, TALL, through
from tests.app.publishing.test_reassignment import fill
from tests.fixtures.clusters import query
from tests.fixtures.connections import engine_on
from tests.fixtures.eventually import eventually
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
from app.drafts import policy, workflow
from app.drafts.repository import find
from app.settings import load_settings
wang = Principal(name="wang", account_id=2, grants=(("gis-publisher", ""),))
engine = make_engine(database_urls(load_settings()).service, application="worker")
with write_session(engine, wang.row_scope("gis-publisher")) as session:
    draft = find(session, 1)
    workflow.publish(session, wang, 1, seen=frozenset({policy.tag_of(draft)}))
"""
# Where publishing is held up, so that it is killed there: a lock on what comes next.
POINTS = {
    "before anything": f"SELECT pg_advisory_lock({locks.PUBLISHING.number})",
    "versions are opened and closed": "LOCK TABLE lineage IN ACCESS EXCLUSIVE MODE",
    "the edition is there, owners are not moved": f"SELECT pg_advisory_lock({locks.OWNERS.number})",
    "components are moved, incidents are not": "LOCK TABLE incident_log IN ACCESS EXCLUSIVE MODE",
    "all is written but the log": "LOCK TABLE draft_log IN ACCESS EXCLUSIVE MODE",
}


@pytest.fixture
def approved(home: Path, start_cluster) -> Path:
    """A private cluster with the town, what lies in it, and an approved draft."""
    info = start_cluster(home, extra={"shared_buffers": "16MB"})
    prepare(info.owner_url)
    with engine_on(info.owner_url, pooled=False) as owner, write_session(owner, EVERYTHING) as session:
        publish_town(session)
        fill(session)
    with engine(home) as ours, write_session(ours, AUTHOR.row_scope()) as session:
        draft = service.create(session, AUTHOR, title="调整")
        for operation in (
            {"op": "split", "grid": TALL, "by": through(TALL)},
            {"op": "merge", "grids": [LEFT, RIGHT], "code": LEFT},
        ):
            service.edit(
                session, AUTHOR, draft.id, parse_operation(operation), seen=frozenset({policy.tag_of(draft)})
            )
        workflow.submit(session, AUTHOR, draft.id, seen=frozenset({policy.tag_of(draft)}), comment="")
        seen = frozenset({policy.tag_of(draft)})
        workflow.review(session, REVIEWER, draft.id, seen=seen, approve=True, comment="")
    return home


@contextmanager
def engine(home: Path) -> Iterator[Engine]:
    """Connections as the service makes them."""
    with engine_on(database_urls(load_settings(home=home)).service, pooled=False) as made:
        yield made


def worker(home: Path) -> subprocess.Popen[bytes]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("WANGGE_")} | {
        "WANGGE_HOME": str(home)
    }
    return subprocess.Popen([sys.executable, "-c", WORKER], cwd=ROOT, env=environment)


def wait_until_held_up(info: cluster.ClusterInfo, process: subprocess.Popen[bytes]) -> None:
    waiting = (
        "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'worker' AND wait_event_type = 'Lock'"
    )

    def held_up() -> bool:
        assert process.poll() is None, "the worker came through"
        return query(info, waiting) > 0

    eventually(held_up)


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
    with engine_on(cluster.status(home).owner_url, pooled=False) as owner, Session(owner) as session:
        return [outcome.line("en") for outcome in verify(session) if not outcome.holds]


def kill(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait(30)


def kill_server(info: cluster.ClusterInfo) -> None:
    """The postmaster dies at once; its children notice, one after the other, and no new server starts before."""
    with psycopg.connect(info.libpq_url(), autocommit=True) as connection:
        children = [pid for (pid,) in connection.execute("SELECT pid FROM pg_stat_activity")]
    os.kill(info.pid, signal.SIGKILL)
    eventually(lambda: not any(Path(f"/proc/{pid}").exists() for pid in children))


def test_killed_at_every_point(approved: Path):
    home = approved
    before = state(home)
    assert before == (1, "approved", 0, 0)
    for number, (point, lock) in enumerate(POINTS.items()):
        info = cluster.status(home)
        with closing(psycopg.connect(info.libpq_url())) as holder:
            holder.execute(lock)
            process = worker(home)
            wait_until_held_up(info, process)
            # The worker dies and PostgreSQL goes on; every other time PostgreSQL itself dies.
            if number % 2:
                kill_server(info)
                process.wait(30)
            else:
                kill(process)
        if number % 2:
            cluster.start(home, extra={"shared_buffers": "16MB"}, durable=False)
        else:
            workers = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'worker'"
            eventually(lambda workers=workers, info=info: not query(info, workers))
        assert state(home) == before, point
    assert broken(home) == []

    # Nothing of these tries is in the way of the next, which is killed as soon as it has committed, PostgreSQL with it.
    info = cluster.status(home)
    process = worker(home)
    with psycopg.connect(info.libpq_url(), autocommit=True) as watcher:
        newest = "SELECT max(number) FROM edition"
        eventually(lambda: watcher.execute(newest).fetchone() == (2,), every=0)
        kill(process)
        kill_server(info)
    cluster.start(home, extra={"shared_buffers": "16MB"}, durable=False)
    edition, draft, versions, moved = state(home)
    assert (edition, draft) == (2, "published")
    assert versions > 4
    assert moved > 0
    assert broken(home) == []
