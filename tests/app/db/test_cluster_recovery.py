"""What a killed, forgotten or misremembered server leaves behind does not keep the next one from starting."""

import os
import signal
import subprocess
import threading
import time
from contextlib import closing

import psycopg
import pytest

from app.db import cluster
from app.db.cluster.account import server_account
from app.db.cluster.process import processes_in, running
from tests.fixtures.clusters import query
from tests.fixtures.eventually import eventually


@pytest.mark.parametrize("whose", ["nobody", "tester", "same account"])
def test_stale_pid_file(home, start_cluster, whose):
    info = start_cluster(home)
    cluster.stop(home)
    stranger = None
    if whose == "nobody":
        finished = subprocess.Popen(["true"])
        finished.wait()
        pid = finished.pid
    elif whose == "tester":
        pid = os.getpid()
    else:
        # The worst case: a live process of the very user that runs the server got the number.
        stranger = subprocess.Popen(["sleep", "300"], **server_account(info.data).spawn_options())
        pid = stranger.pid
    try:
        pid_file = info.data / "postmaster.pid"
        content = f"{pid}\n{info.data}\n1700000000\n{info.port}\n{info.socket_folder}\n127.0.0.1\n\nready\n"
        pid_file.write_text(content)
        # The socket has a lock file of its own.
        (info.socket_folder / f".s.PGSQL.{info.port}.lock").write_text(content)
        assert cluster.status(home).state == "stopped"
        again = start_cluster(home)
        assert again.pid != pid
        assert query(again, "SELECT 1") == 1
        if stranger is not None:
            assert stranger.poll() is None
    finally:
        if stranger is not None:
            stranger.kill()
            stranger.wait()


def test_killed_server_recovers_what_was_committed_and_nothing_else(home, start_cluster):
    info = start_cluster(home, extra={"shared_buffers": "16MB"})
    query(info, "CREATE TABLE kept (n int)")
    query(info, "INSERT INTO kept SELECT generate_series(1, 1000)")
    ended = []
    with (
        closing(psycopg.connect(info.libpq_url())) as open_transaction,
        closing(psycopg.connect(info.libpq_url())) as busy,
    ):
        open_transaction.execute("INSERT INTO kept SELECT generate_series(1, 500000)")

        # A backend deep in a computation does not notice that the server is gone, and holds its shared memory.
        def compute():
            with pytest.raises(psycopg.OperationalError):
                busy.execute("SELECT count(*) FROM generate_series(1, 100000000000) n WHERE sqrt(n) < 0")
            ended.append(True)

        thread = threading.Thread(target=compute)
        thread.start()
        computing = "SELECT count(*) FROM pg_stat_activity WHERE pid = {} AND state = 'active'"
        eventually(lambda: query(info, computing.format(busy.info.backend_pid)))

        os.kill(info.pid, signal.SIGKILL)
        eventually(lambda: running(info.data) is None)
        assert cluster.status(home).state == "stopped"
        assert processes_in(info.data), "the busy backend should still be there, or this test tests nothing"

        again = start_cluster(home, extra={"shared_buffers": "16MB"})
        assert again.pid != info.pid
        assert query(again, "SELECT count(*) FROM kept") == 1000
        thread.join(30)
    assert ended == [True]


def test_stop_after_a_kill_ends_what_is_left(home, start_cluster):
    info = start_cluster(home)
    os.kill(info.pid, signal.SIGKILL)
    eventually(lambda: running(info.data) is None)
    assert cluster.stop(home) is False
    assert processes_in(info.data) == []


def test_stop_does_not_wait_for_people(home, start_cluster):
    info = start_cluster(home)
    with psycopg.connect(info.libpq_url()) as connection:
        connection.execute("SELECT 1")
        began = time.monotonic()
        cluster.stop(home)
        assert time.monotonic() - began < 10
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")
        connection.close()
