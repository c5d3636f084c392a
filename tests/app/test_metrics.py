"""One reading counts for all workers, those that ended too; request lines name who asked."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from app.kit.metrics_folder import FOLDER_VARIABLE, forget_worker, make_folder, remove_folder
from app.metrics import Metrics
from app.settings import Settings
from tests.fixtures.clients import client_on, serving
from tests.fixtures.clusters import ROOT

WORKER = """
import sys
from app.metrics import Metrics
from app.settings import Settings
metrics = Metrics()
metrics.answered("GET", "/v1/locate", 200, 0.002)
metrics.located.inc(int(sys.argv[1]))
metrics.connections.labels("in_use").set(3)
if len(sys.argv) > 2:
    print(metrics.exposed(Settings(home=sys.argv[2])).decode())
"""


@pytest.fixture
def folder(tmp_path):
    made = make_folder(tmp_path / "home")
    yield made
    remove_folder(made)
    assert not made.exists()


def worker(folder: Path, *arguments: object) -> tuple[int, str]:
    """A process that counts as a web worker does, and what it says."""
    process = subprocess.Popen(
        [sys.executable, "-c", WORKER, *map(str, arguments)],
        cwd=ROOT,
        env={"PATH": "/usr/bin", FOLDER_VARIABLE: str(folder)},
        stdout=subprocess.PIPE,
        text=True,
    )
    said, _ = process.communicate()
    assert process.returncode == 0
    return process.pid, said


def test_what_a_dead_worker_counted_stays_and_its_connections_go(folder, tmp_path):
    pid, _ = worker(folder, 5)
    forget_worker(folder, pid)
    _, said = worker(folder, 7, tmp_path / "home")
    assert "wangge_located_points_total 12.0" in said
    assert 'wangge_requests_total{method="GET",route="/v1/locate",status="200"} 2.0' in said
    assert 'wangge_request_seconds_count{method="GET",route="/v1/locate"} 2.0' in said
    assert 'wangge_database_connections{state="in_use"} 3.0' in said


def test_folders_of_ended_services_are_swept_and_never_a_running_ones_or_a_strangers(tmp_path):
    home = tmp_path / "home"
    (tmp_path / "kept").write_bytes(b"")
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    running = make_folder(home)
    (running / "counter_1.db").write_bytes(b"numbers")
    own, gone = f"-{os.getpid()}-", f"-{ended.pid}-"
    left = running.rename(running.with_name(running.name.replace(own, gone)))
    link = left.with_name(f"{left.name}link")
    link.symlink_to(tmp_path)
    first = make_folder(home)
    assert not left.exists()
    assert (list(first.iterdir()), first.stat().st_mode & 0o777) == ([], 0o700)
    (first / "counter_1.db").write_bytes(b"numbers")
    second = make_folder(home)
    elsewhere = make_folder(tmp_path / "other")
    assert len({first, second, elsewhere}) == 3
    assert (first / "counter_1.db").read_bytes() == b"numbers", "its service is running"
    assert (link.is_symlink(), (tmp_path / "kept").exists()) == (True, True)
    link.unlink()
    for folder in (first, second, elsewhere):
        remove_folder(folder)


def test_any_word_as_a_method_is_one_series():
    metrics = Metrics()
    for number in range(1000):
        metrics.answered(f"M{number}", "unmatched", 405, 0.001)
    text = metrics.exposed(Settings(home=Path("/nonexistent"))).decode()
    assert 'wangge_requests_total{method="other",route="unmatched",status="405"} 1000.0' in text
    assert "M999" not in text


def test_sign_ins_are_counted_by_how_they_end_and_lines_name_who_asked(committing_db, capfd):
    from tests.fixtures.actors import PASSWORD, add_account

    add_account(committing_db.service_engine, "zhou", ("viewer", ""))
    with serving(committing_db.settings) as app:
        client = client_on(app, address="127.0.0.1")
        wrong = client.post("/v1/session", json={"name": "zhou", "password": "not this one"})
        right = client.post("/v1/session", json={"name": "zhou", "password": PASSWORD})
        assert (wrong.status_code, right.status_code) == (401, 200)
        assert client.get("/v1/incidents").status_code == 200
        text = client.get("/metrics", headers={"Host": "127.0.0.1"}).text
    assert 'wangge_sign_ins_total{result="wrong-credentials"} 1.0' in text
    assert 'wangge_sign_ins_total{result="succeeded"} 1.0' in text
    assert "wangge_backup" not in text, "an external database is backed up by its own means"
    (line,) = [
        line
        for line in capfd.readouterr().err.splitlines()
        if "/v1/incidents" in line and "status=200" in line
    ]
    assert "user=zhou" in line
    assert "address=127.0.0.1" in line
