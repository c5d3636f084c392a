"""``wangge up`` from a person's side: one command, one address, one Ctrl-C, and nothing left behind."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from app.db import cluster
from app.db.cluster.process import processes_in
from tests.fixtures.clusters import ROOT

PATIENCE_S = 180  # a busy machine imports for a long time


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


class Up:
    """A running ``wangge up`` and what it says."""

    def __init__(self, home, log, *arguments, port=None, through_make=None):
        self.home, self.log = home, log
        self.port = port or free_port()
        env = {k: v for k, v in os.environ.items() if not k.startswith("WANGGE_")}
        env |= {"WANGGE_HOME": str(home), "WANGGE_PORT": str(self.port), "PYTHONUNBUFFERED": "1"}
        command = [sys.executable, "-m", "app", "up", "--no-demo", *arguments]
        if through_make:
            through_make.write_text(f"run:\n\t@exec {' '.join(command)} --parent $$PPID\n")
            # Whoever runs the tests in the background has told them, and so make, to ignore an interrupt.
            command = ["env", "--default-signal=INT", "make", "-f", str(through_make), "run"]
        with log.open("wb") as out:
            self.process = subprocess.Popen(
                command, cwd=ROOT, env=env, stdout=out, stderr=out, start_new_session=True
            )

    @property
    def said(self):
        return self.log.read_text("utf-8")

    def wait_for(self, text):
        soon(lambda: text in self.said or self.process.poll() is not None, self)
        assert text in self.said, self.said

    def get(self, path):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                return json.load(error)
        except (OSError, urllib.error.URLError):
            return None

    def end(self):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def soon(condition, up, patience_s=PATIENCE_S):
    deadline = time.monotonic() + patience_s
    while not condition():
        assert time.monotonic() < deadline, up.said
        time.sleep(0.05)


def nobody_listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


@pytest.fixture
def ups():
    """Starts them, and ends what a failed test left."""
    started = []

    def start(*arguments, **options):
        started.append(Up(*arguments, **options))
        return started[-1]

    yield start
    for up in started:
        up.end()


def test_from_nothing_to_a_page_and_back(home, scratch, ups):
    up = ups(home, scratch / "log", through_make=scratch / "Makefile")
    up.wait_for(f"已就绪：http://127.0.0.1:{up.port}")
    assert up.get("/healthz") == {"status": "ok"}
    (file,) = re.findall(r"初始密码在文件 (\S+) 里", up.said)
    assert Path(file).stat().st_mode & 0o777 == 0o600
    name, password = Path(file).read_text().split()
    assert (name, len(password) >= 12) == ("admin", True)
    assert password not in up.said

    # Twice over one folder: the second would take the database away from the first when it ends.
    second = ups(home, scratch / "log2")
    assert second.process.wait(PATIENCE_S) == 1
    assert "已在这个文件夹运行" in second.said
    # Another folder, the same port.
    third = ups(scratch / "other", scratch / "log3", port=up.port)
    assert third.process.wait(PATIENCE_S) == 1
    assert "WANGGE_PORT" in third.said
    assert cluster.status(scratch / "other").state == "absent"
    assert up.get("/healthz") == {"status": "ok"}

    # Somebody kills the database: it comes back, and so does the service.
    first = cluster.status(home)
    os.kill(first.pid, signal.SIGKILL)
    soon(lambda: cluster.status(home).pid not in (None, first.pid), up)
    soon(lambda: (up.get("/readyz") or {}).get("checks", {}).get("database") is True, up, 60)

    # Ctrl-C that reaches make alone, as a script may send it.
    data = first.data
    up.process.send_signal(signal.SIGINT)
    up.process.wait(60)
    assert nobody_listens(up.port)
    assert cluster.status(home).state == "stopped"
    assert processes_in(data) == []
    assert "已停止" in up.said
    assert "Traceback" not in up.said


def test_after_it_was_killed_outright(home, scratch, ups):
    up = ups(home, scratch / "log")
    up.wait_for(f"已就绪：http://127.0.0.1:{up.port}")
    up.process.kill()
    up.process.wait()
    # The service does not outlive it; the database may, it holds what was committed.
    soon(lambda: nobody_listens(up.port), up, 60)

    again = ups(home, scratch / "log2", "--json")
    again.wait_for('"url"')
    (line,) = [line for line in again.said.splitlines() if line.startswith("{")]
    document = json.loads(line)
    assert document["url"] == f"http://127.0.0.1:{again.port}"
    file = Path(document["admin"]["password_file"])
    assert file == home / "first-admin-password", "nobody has signed in yet: the same file is still good"
    assert file.read_text().split()[1] not in again.said
    again.process.terminate()
    assert again.process.wait(60) == 0
    assert cluster.status(home).state == "stopped"


def test_a_database_that_a_person_started_stays(home, scratch, ups, start_cluster):
    start_cluster(home)
    up = ups(home, scratch / "log")
    # Interrupted early, while everything is still starting.
    up.wait_for("结构")
    up.process.send_signal(signal.SIGINT)
    assert up.process.wait(60) == 0
    assert cluster.status(home).state == "running"
    assert "Traceback" not in up.said


def test_interrupted_while_creating_the_database(home, scratch, ups):
    up = ups(home, scratch / "log")
    soon(lambda: list(home.glob(".cluster.new*")), up)
    os.killpg(up.process.pid, signal.SIGINT)
    assert up.process.wait(60) == 0
    assert "Traceback" not in up.said
    assert cluster.status(home).state in ("absent", "stopped")
    assert not list(home.glob(".cluster.new*"))
