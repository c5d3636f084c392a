"""kill -9 in the middle of an import or a publication: after the restart nothing half-done is there."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import psycopg
import pytest

from app.bootstrap import prepare
from app.boundaries.repository import OWNERS_LOCK
from app.db import cluster
from app.db.engine import make_engine
from app.db.session import EVERYTHING, read_session, write_session
from app.verify.service import verify
from tests.fixtures.clusters import query
from tests.fixtures.commands import runner, wangge_in
from tests.fixtures.towns import inside, publish_town, town_grids, write_town

ROWS = 3000


@pytest.fixture
def town_home(home: Path, start_cluster) -> Path:
    """A private cluster in which the town is published."""
    info = start_cluster(home, extra={"shared_buffers": "16MB"})
    prepare(info.owner_url)
    engine = make_engine(info.owner_url, pooled=False)
    with write_session(engine, EVERYTHING) as session:
        publish_town(session)
    engine.dispose()
    return home


def waiting_for_owners(info: cluster.ClusterInfo) -> bool:
    """Whether somebody waits for the lock that we hold: everything is written then, nothing committed."""
    return query(info, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted") > 0


def kill_when_all_is_written(home: Path, *arguments: object) -> tuple[int, str]:
    """Run a command, kill the postmaster as soon as it has only the commit left, and start the cluster again."""
    info = cluster.status(home)
    holder = psycopg.connect(info.libpq_url())
    holder.execute("SELECT pg_advisory_lock(%s)", [OWNERS_LOCK])
    command = wangge_in(home, *arguments)
    deadline = time.monotonic() + 60
    while not waiting_for_owners(info):
        assert command.poll() is None, command.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.05)
    os.kill(info.pid, signal.SIGKILL)
    out, err = command.communicate(timeout=60)
    holder.close()
    cluster.start(home, extra={"shared_buffers": "16MB"}, durable=False)
    return command.returncode, out + err


def sound(home: Path) -> bool:
    engine = make_engine(cluster.status(home).owner_url, pooled=False)
    try:
        with read_session(engine, EVERYTHING) as session:
            return all(outcome.holds for outcome in verify(session))
    finally:
        engine.dispose()


def rows(home: Path) -> dict[str, int]:
    """How much of everything there is."""
    tables = (
        "component",
        "component_share",
        "incident",
        "incident_log",
        "import_job",
        "unit_version",
        "edition",
    )
    return {table: query(cluster.status(home), f"SELECT count(*) FROM {table}") for table in tables}


def test_postmaster_killed(town_home, tmp_path, monkeypatch, capfd):
    run = runner(monkeypatch, capfd, {"WANGGE_HOME": str(town_home)})
    x, y = inside("370299001001001")
    lamps = tmp_path / "lamps.csv"
    lamps.write_text("code,lon,lat\n" + "".join(f"c{i},{x},{y}\n" for i in range(ROWS)))
    calls = tmp_path / "calls.csv"
    calls.write_text("id,time,lon,lat\n" + "".join(f"{i},2026-11-01,{x},{y}\n" for i in range(ROWS)))
    grids = town_grids()
    grids.loc[0, "name"] = "新名"
    changed = write_town(tmp_path / "town.gpkg", grids)
    levels = ("--community", "community_code", "--street", "street_code")
    publication = ("--code", "wgbm", "--name", "wgmc", *levels, "--kind", "kind", "--publish")

    for arguments, grown in (
        (("components", "import", lamps, "--class", "0118", "--code", "code"), "component"),
        (("incidents", "import", calls, "--id-column", "id", "--time-column", "time"), "incident"),
        (("grids", "import", changed, *publication), "edition"),
    ):
        before = rows(town_home)
        code, said = kill_when_all_is_written(town_home, *arguments)
        assert code == 4, said
        assert "Traceback" not in said
        assert rows(town_home) == before
        assert sound(town_home)
        # The very same command afterwards: nothing of the first try is in its way.
        again = run(*arguments)
        assert again.code == 0, str(again)
        after = rows(town_home)
        assert after[grown] == before[grown] + (1 if grown == "edition" else ROWS)
        assert after["import_job"] == before["import_job"] + 1
        assert sound(town_home)
