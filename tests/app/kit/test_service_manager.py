"""What systemd hears, and that our children do not speak for us."""

import os
import socket

import pytest

from app.kit.service_manager import ServiceManager


@pytest.fixture
def heard(tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.bind(str(tmp_path / "notify"))
        channel.setblocking(False)

        def read():
            messages = []
            while True:
                try:
                    messages.append(channel.recv(4096).decode())
                except BlockingIOError:
                    return messages

        yield read


def test_the_manager_hears_of_everything(heard, tmp_path):
    environment = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "2000000", "PATH": "/bin"}
    manager = ServiceManager(environment)
    assert environment == {"PATH": "/bin"}, "a worker must not answer the watchdog for us"
    manager.alive()
    # Not ready yet: more time is asked for, besides the sign of life.
    assert heard() == ["WATCHDOG=1", "EXTEND_TIMEOUT_USEC=120000000"]
    manager.alive()
    assert heard() == [], "twice in the interval, not with every look"
    manager.ready("http://127.0.0.1:8000\nX=1")
    assert heard() == ["READY=1\nSTATUS=http://127.0.0.1:8000 X=1"]
    manager.status("ok")
    manager.stopping()
    assert heard() == ["STATUS=ok", "STOPPING=1"]


def test_an_abstract_socket():
    name = f"wangge-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.bind("\0" + name)
        ServiceManager({"NOTIFY_SOCKET": "@" + name}).stopping()
        assert channel.recv(100) == b"STOPPING=1"


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"NOTIFY_SOCKET": "/no/such/socket", "WATCHDOG_USEC": "1000"},
        {"WATCHDOG_USEC": "x"},
        {"WATCHDOG_USEC": "5", "WATCHDOG_PID": "1"},
    ],
)
def test_without_a_manager_nothing_happens(environment):
    manager = ServiceManager(environment)
    manager.alive()
    manager.ready("x")
    manager.stopping()
