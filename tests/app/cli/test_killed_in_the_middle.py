"""kill -9 in the middle of an import or a publication: after the restart nothing half-done is there."""

from __future__ import annotations

import os
import signal
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from app.bootstrap import prepare
from app.db import cluster, locks
from app.db.session import EVERYTHING, read_session, write_session
from app.verify.service import verify
from tests.fixtures.clusters import query
from tests.fixtures.commands import runner, wangge_in
from tests.fixtures.connections import engine_on
from tests.fixtures.eventually import eventually
from tests.fixtures.towns import inside, publish_town, town_grids, write_town

ROWS = 3000


@pytest.fixture
def town_home(home: Path, start_cluster) -> Path:
    """A private cluster in which the town is published."""
    info = start_cluster(home, extra={"shared_buffers": "16MB"})
    prepare(info.owner_url)
    with engine_on(info.owner_url, pooled=False) as engine, write_session(engine, EVERYTHING) as session:
        publish_town(session)
    return home


def waiting_for_owners(info: cluster.ClusterInfo) -> bool:
    """Whether somebody waits for the lock that we hold: everything is written then, nothing committed."""
    return query(info, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted") > 0


def kill_when_all_is_written(home: Path, *arguments: object) -> tuple[int, str]:
    """Run a command, kill the postmaster as soon as it has only the commit left, and start the cluster again."""
    info = cluster.status(home)
    with closing(psycopg.connect(info.libpq_url())) as holder:
        holder.execute("SELECT pg_advisory_lock(%s)", [locks.OWNERS.number])
        command = wangge_in(home, *arguments)

        def all_is_written() -> bool:
            assert command.poll() is None, command.communicate()
            return waiting_for_owners(info)

        eventually(all_is_written)
        os.kill(info.pid, signal.SIGKILL)
        out, err = command.communicate(timeout=60)
    cluster.start(home, extra={"shared_buffers": "16MB"}, durable=False)
    return command.returncode, out + err


def sound(home: Path) -> bool:
    with (
        engine_on(cluster.status(home).owner_url, pooled=False) as engine,
        read_session(engine, EVERYTHING) as session,
    ):
        return all(outcome.holds for outcome in verify(session))


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
