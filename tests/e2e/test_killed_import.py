"""The server is killed in the middle of an import: nothing half-imported, nothing lost, and the next try works."""

import os
import signal
import subprocess
import sys
import time

import psycopg
import pytest

from app.bootstrap import prepare
from tests.fixtures.clusters import ROOT, query

TABLES = (
    "edition",
    "unit_version",
    "component",
    "component_share",
    "incident",
    "incident_log",
    "team_member",
)


def counts(info):
    with psycopg.connect(info.libpq_url()) as connection:
        return {t: connection.execute(f"SELECT count(*) FROM {t}").fetchone()[0] for t in TABLES}


@pytest.mark.parametrize("victim", ["postgres", "wangge"])
def test_killed_in_the_middle(home, start_cluster, scratch, victim):
    info = start_cluster(home, extra={"shared_buffers": "64MB"})
    prepare(info.owner_url)
    before = counts(info)
    env = {k: v for k, v in os.environ.items() if not k.startswith("WANGGE_")} | {"WANGGE_HOME": str(home)}
    with (scratch / "said").open("w") as said:
        loading = subprocess.Popen(
            [sys.executable, "-m", "app", "demo", "load", "--district", "330402"],
            cwd=ROOT,
            env=env,
            stdout=said,
            stderr=said,
        )
        watcher = psycopg.connect(info.libpq_url(), autocommit=True)
        # Rows of incidents are on their way into the table: boundaries and components are written, nothing committed.
        copying = (
            "SELECT sum(tuples_processed) FROM pg_stat_progress_copy WHERE relid = to_regclass('incident')"
        )
        while (watcher.execute(copying).fetchone()[0] or 0) < 5000:
            assert loading.poll() is None, (scratch / "said").read_text()
            time.sleep(0.005)
        os.kill(info.pid if victim == "postgres" else loading.pid, signal.SIGKILL)
        code = loading.wait(120)
    watcher.close()
    if victim == "postgres":
        assert code == 4
        assert "Traceback" not in (scratch / "said").read_text()
    again = start_cluster(home, extra={"shared_buffers": "64MB"})
    assert counts(again) == before
    assert query(again, "SELECT count(*) FROM pg_prepared_xacts") == 0
