"""Children end with their parent, whichever way it goes; a stop waits where it must."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.fixtures.clusters import python
from tests.fixtures.eventually import eventually

PARENT = """
import os, sys, time
from app.kit.supervise import Child
child = Child([sys.executable, "-c", '''
import os, subprocess, sys, time
from app.kit.supervise import end_with_parent
end_with_parent(int(sys.argv[1]))
print(os.getpid(), flush=True)
time.sleep(300)
''', str(os.getpid())])
time.sleep(300)
"""

HOLDING = """
import sys, time
from app.kit.supervise import Stopped, held_back, raise_on_signals
raise_on_signals()
try:
    with held_back():
        print("holding", flush=True)
        time.sleep(float(sys.argv[1]))
        print("finished", flush=True)
    print("went on", flush=True)
    time.sleep(300)
except Stopped:
    print("stopped", flush=True)
"""


def gone(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def test_a_child_does_not_outlive_a_killed_parent():
    parent = python(PARENT)
    child = int(parent.stdout.readline())
    assert not gone(child)
    parent.kill()
    parent.communicate()
    eventually(lambda: gone(child))


def test_a_child_that_ignores_a_polite_end_is_ended_with_all_it_started():
    from app.kit.supervise import Child

    stubborn = "trap '' TERM; sleep 300 & echo $! > \"$0\"; wait; sleep 300"
    marker = Path(os.environ.get("TMPDIR", "/tmp")) / f"wangge-grandchild-{os.getpid()}"
    child = Child(["sh", "-c", stubborn, str(marker)])
    try:
        eventually(lambda: marker.exists() and marker.read_text().strip())
        grandchild = int(marker.read_text())
        assert child.ended is None
        child.stop(patience_s=0.3)
        assert child.ended == -signal.SIGKILL
        eventually(lambda: gone(grandchild))
    finally:
        child.kill()
        marker.unlink(missing_ok=True)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_stop_waits_for_what_is_held(number):
    process = python(HOLDING, 1.0)
    assert process.stdout.readline() == "holding\n"
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert out.splitlines() == ["finished", "stopped"], err
    assert process.returncode == 0


STOPPING = """
import time
from app.kit.supervise import Stopped, raise_on_signals
raise_on_signals()
try:
    print("running", flush=True)
    time.sleep(300)
except Stopped:
    time.sleep(0.3)
    print("tidied up", flush=True)
"""


def test_two_stops_at_once_are_one():
    """A terminal that closes sends several; none may interrupt the tidying up, or be complained about."""
    process = python(STOPPING)
    assert process.stdout.readline() == "running\n"
    process.send_signal(signal.SIGSTOP)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        process.send_signal(number)
    process.send_signal(signal.SIGCONT)
    out, err = process.communicate(timeout=60)
    assert (out, err, process.returncode) == ("tidied up\n", "", 0)


def test_waiting_for_an_answer_ends_with_the_server():
    from app.kit.supervise import wait_until_answering

    began = time.monotonic()
    assert wait_until_answering("127.0.0.1", 9, "/", alive=lambda: time.monotonic() - began < 0.3) is False
    serving = subprocess.Popen(
        [sys.executable, "-u", "-m", "http.server", "0", "--bind", "127.0.0.1"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        port = int(serving.stdout.readline().split("port ")[1].split()[0])
        assert wait_until_answering("127.0.0.1", port, "/", alive=lambda: serving.poll() is None) is True
        no = wait_until_answering("127.0.0.1", port, "/none-such", alive=lambda: True, patience_s=0.3)
        assert no is False
    finally:
        serving.kill()
        serving.communicate()
