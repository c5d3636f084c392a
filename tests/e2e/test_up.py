"""``wangge up`` from a person's side: one command, one address, one Ctrl-C, and nothing left behind."""

import json
import os
import re
import signal
from pathlib import Path

from app.db import cluster
from app.db.cluster.process import processes_in
from tests.fixtures.ups import PATIENCE_S, nobody_listens, soon


def test_from_nothing_to_a_page_and_back(home, scratch, ups):
    up = ups(home, scratch / "log", "--empty", through_make=scratch / "Makefile")
    up.wait_for(f"已就绪：http://127.0.0.1:{up.port}")
    assert up.get("/healthz") == {"status": "ok"}
    (file,) = re.findall(r"初始密码在文件 (\S+) 里", up.said)
    assert Path(file).stat().st_mode & 0o777 == 0o600
    name, password = Path(file).read_text().split()
    assert (name, len(password) >= 12) == ("admin", True)
    assert password not in up.said

    # Twice over one folder: the second would take the database away from the first when it ends.
    second = ups(home, scratch / "log2", "--empty")
    assert second.process.wait(PATIENCE_S) == 1
    assert "已在这个文件夹运行" in second.said
    # Another folder, the same port.
    third = ups(scratch / "other", scratch / "log3", "--empty", port=up.port)
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
    up = ups(home, scratch / "log", "--no-demo")  # the earlier name of --empty
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
    assert again.get("/readyz")["edition"] is None, "once chosen, empty it stays"
    again.process.terminate()
    assert again.process.wait(60) == 0
    assert cluster.status(home).state == "stopped"


def test_a_database_that_a_person_started_stays(home, scratch, ups, start_cluster):
    start_cluster(home)
    up = ups(home, scratch / "log", "--empty")
    # Interrupted early, while everything is still starting.
    up.wait_for("结构")
    up.process.send_signal(signal.SIGINT)
    assert up.process.wait(60) == 0
    assert cluster.status(home).state == "running"
    assert "Traceback" not in up.said


def test_interrupted_while_creating_the_database(home, scratch, ups):
    up = ups(home, scratch / "log", "--empty")
    soon(lambda: list(home.glob(".cluster.new*")), up)
    os.killpg(up.process.pid, signal.SIGINT)
    assert up.process.wait(60) == 0
    assert "Traceback" not in up.said
    assert cluster.status(home).state in ("absent", "stopped")
    assert not list(home.glob(".cluster.new*"))
