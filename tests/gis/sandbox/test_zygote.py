"""What the zygote survives, and what its caller survives: machines short of processes or descriptors."""

from __future__ import annotations

import errno
import os
import resource
import selectors
import socket
import struct
from pathlib import Path

import pytest

from gis.io import ReadLimits
from gis.sandbox import Sandbox, zygote


def _open_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.parametrize("call", ["fork", "pidfd_open"])
def test_a_job_that_cannot_start_is_hung_up_on_and_nothing_else_ends(
    monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    before = _open_descriptors()
    own, other = socket.socketpair()
    question, reply = os.memfd_create("question"), os.memfd_create("reply")

    def refuse(*_: object) -> int:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    monkeypatch.setattr(os, call, refuse)
    monkeypatch.setattr(zygote, "_work", lambda *_: os._exit(0))
    with own, selectors.DefaultSelector() as selector:
        assert zygote._start([question, reply, other.detach()], selector, []) is None
        assert own.recv(4) == b"", "the caller sees a hang-up"
    assert _open_descriptors() == before


def test_a_job_whose_files_did_not_all_arrive_is_dropped() -> None:
    before = _open_descriptors()
    with selectors.DefaultSelector() as selector:
        assert zygote._start([os.memfd_create("question")], selector, []) is None
    assert _open_descriptors() == before


def test_an_answer_is_read_from_a_descriptor_above_1023(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    high = 2000
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, high + 10), hard))
    try:
        near, far = socket.socketpair()
        with far:
            os.dup2(near.fileno(), high)
            near.close()
            with socket.socket(fileno=high) as own:
                far.sendall(struct.pack("=i", 7))
                sandbox = Sandbox(tmp_path)
                assert sandbox._wait(own, float("inf"), ReadLimits()) == 7
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
