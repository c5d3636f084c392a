"""The pool on its own: workers that end, hang, cannot start, ignore a polite end."""

import errno
import os
import signal
import socket
import sys
import time
from pathlib import Path

import pytest

from app.kit.listener import base_url, bind_listener
from app.kit.worker_channel import Board, WorkerChannel
from app.kit.worker_pool import WorkerPool, _Worker
from tests.fixtures.clusters import ROOT
from tests.fixtures.eventually import eventually

WORKER = """
import os, signal, socket, sys, time
from app.kit.supervise import end_with_parent
from app.kit.worker_channel import Board, WorkerChannel
end_with_parent(int(sys.argv[1]))
mode = sys.argv[2]
channel = WorkerChannel.parse(sys.argv[4])
if mode == "broken":
    sys.exit(7)
if mode == "stubborn":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
if not channel.wait_for_leave():
    sys.exit(0)
listener = socket.socket(fileno=channel.listener)
listener.listen(100)
listener.settimeout(0.05)
while True:
    channel.beat()
    try:
        asker, _ = listener.accept()
    except TimeoutError:
        continue
    with asker:
        asker.settimeout(10)
        asker.sendall(f"{os.getpid()} {Board(channel.board)['worker_restarts']}".encode())
        asker.shutdown(socket.SHUT_WR)
        asker.recv(1)
"""


@pytest.fixture
def pools():
    made = []

    def make(mode="good", count=1, **options):
        listener = bind_listener("127.0.0.1", 0)
        said = []
        pool = WorkerPool(
            [sys.executable, "-c", WORKER, str(os.getpid()), mode],
            count=count,
            listener=listener,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            board=Board.make(),
            say=said.append,
            **{"hang_s": 1.0} | options,
        )
        pool.said, pool.port = said, listener.getsockname()[1]
        made.append(pool)
        return pool

    yield make
    for pool in made:
        pool.kill()
        pool.stop()


def ask(pool):
    """Which worker answers, and how many restarts the board shows it."""
    with socket.create_connection(("127.0.0.1", pool.port), timeout=60) as connection:
        said = b""
        while part := connection.recv(100):
            said += part
        pid, restarts = said.split()
        return int(pid), int(restarts)


def gone(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def test_nothing_is_served_before_leave_and_a_killed_worker_is_replaced(pools):
    pool = pools()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", pool.port))
    pool.open()
    assert pool.wait_until_serving()
    first, restarts = ask(pool)
    assert restarts == 0
    os.kill(first, signal.SIGKILL)
    # Whoever asks now waits in the queue of the socket.
    second, restarts = ask(pool)
    assert second != first
    assert restarts == 1
    assert "-9" in pool.said[-1].zh
    assert "-9" in pool.said[-1].en
    pool.stop()
    assert gone(second)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", pool.port))


def test_a_worker_that_stands_still_is_ended(pools):
    pool = pools(count=2)
    pool.open()
    assert pool.wait_until_serving()
    hanging, _ = ask(pool)
    os.kill(hanging, signal.SIGSTOP)
    eventually(lambda: gone(hanging))
    eventually(lambda: ask(pool)[1] == 1)


def test_a_worker_that_cannot_start_is_told_and_not_tried_for_ever(pools):
    pool = pools("broken")
    pool.open()
    assert not pool.wait_until_serving()
    assert pool.failure == 7


def test_one_that_is_killed_before_it_ever_served_is_tried_again(pools):
    pool = pools()
    eventually(lambda: pool._workers[0].child is not None)
    pool._workers[0].child.process.kill()
    pool.open()
    assert pool.wait_until_serving()
    assert ask(pool)[1] == 1


def test_all_are_replaced_when_asked(pools):
    pool = pools()
    pool.open()
    assert pool.wait_until_serving()
    before, _ = ask(pool)
    pool.restart()
    eventually(lambda: gone(before))
    assert ask(pool)[0] != before


def test_a_second_interrupt_does_not_wait(pools):
    pool = pools("stubborn")
    pool.open()
    assert pool.wait_until_serving()
    worker, _ = ask(pool)
    pool.kill()
    pool.stop()
    assert gone(worker)


def test_a_supervisor_that_stood_still_itself_blames_nobody(pools, monkeypatch):
    """A suspended machine: nobody was heard of for long, and nobody is to blame."""
    pool = pools(hang_s=2.0)
    pool.open()
    assert pool.wait_until_serving()
    worker, _ = ask(pool)
    real = time.monotonic
    monkeypatch.setattr("app.kit.worker_pool.time.monotonic", lambda: real() + 3600)
    for _ in range(3):
        assert ask(pool) == (worker, 0)
        time.sleep(0.3)


def test_channels_and_addresses():
    channel = WorkerChannel(3, 4, 5, 6)
    assert WorkerChannel.parse(channel.format()) == channel
    board = Board.make()
    board["worker_hangs"] = 2**40
    assert Board(os.dup(board.descriptor))["worker_hangs"] == 2**40
    assert base_url("https", "::1", 8000) == "https://[::1]:8000"
    read, write = os.pipe()
    os.close(read)
    WorkerChannel(0, 0, write, 0).beat()  # the supervisor is gone: nothing to be done here
    os.close(write)
    read, write = os.pipe()
    full = WorkerChannel(0, 0, write, 0)
    for _ in range(70_000):  # more than a pipe holds: it never waits
        full.beat()
    os.close(read)
    os.close(write)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", ""])
def test_a_port_that_is_taken_is_said_at_once(host):
    with bind_listener(host, 0) as first:
        first.listen()
        with pytest.raises(OSError, match="Address already in use"):
            bind_listener(host, first.getsockname()[1])


@pytest.mark.parametrize("made_before", [0, 1])
def test_a_start_without_descriptors_leaks_none_and_waits_for_its_turn(pools, monkeypatch, made_before):
    pool = pools()
    pool.stop()
    worker, pipe, calls = _Worker(1), os.pipe, []

    def pipe_or_none_left():
        calls.append(1)
        if len(calls) % (made_before + 1) == 0:
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
        return pipe()

    before = len(list(Path("/proc/self/fd").iterdir()))
    monkeypatch.setattr(os, "pipe", pipe_or_none_left)
    for _ in range(3):
        pool._start(worker, 1000.0)
    assert len(list(Path("/proc/self/fd").iterdir())) == before
    assert (worker.child, worker.leave, worker.heartbeat) == (None, -1, -1)
    assert worker.due > 1000.0
