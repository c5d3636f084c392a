"""What the zygote survives, and what its caller survives: machines short of processes or descriptors."""

from __future__ import annotations

import errno
import os
import resource
import selectors
import signal
import socket
import struct
from pathlib import Path

import pytest

from gis.io import ReadLimits
from gis.sandbox import Sandbox, zygote
from tests.fixtures.eventually import eventually

LIMITS = ReadLimits(memory_mb=1500, cpu_s=60, wall_s=120)


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


def test_a_spare_waits_and_takes_the_next_job(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("code,lon,lat\n1,120,36\n")
    with Sandbox(tmp_path / "jobs") as sandbox:
        sandbox.read_layer(path, limits=LIMITS)
        spare = waited_for(sandbox)
        assert len(sandbox.read_layer(path, limits=LIMITS).frame) == 1
        assert eventually(lambda: not Path(f"/proc/{spare}").exists()), "it ends with its job"
        assert waited_for(sandbox) != spare


def test_a_spare_that_was_killed_is_not_missed(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("code,lon,lat\n1,120,36\n")
    with Sandbox(tmp_path / "jobs") as sandbox:
        sandbox.read_layer(path, limits=LIMITS)
        spare = waited_for(sandbox)
        os.kill(spare, signal.SIGKILL)
        assert eventually(lambda: gone(spare))
        assert len(sandbox.read_layer(path, limits=LIMITS).frame) == 1
        waited_for(sandbox)


def test_a_spare_ends_with_the_zygote_and_gives_no_other_the_way_to_it(tmp_path: Path) -> None:
    with Sandbox(tmp_path / "jobs") as sandbox:
        spare = waited_for(sandbox)
        zygote_sockets, own = sockets_of(process_of(sandbox)), sockets_of(spare)
        assert len(own) == 1, (
            "the one it waits at; not the one that commands jobs, nor the far end of its own"
        )
        assert not own & zygote_sockets
        os.kill(process_of(sandbox), signal.SIGKILL)
        assert eventually(lambda: gone(spare))


def process_of(sandbox: Sandbox) -> int:
    assert sandbox._process is not None
    return sandbox._process.pid


def sockets_of(pid: int) -> set[str]:
    links = [str(one.readlink()) for one in Path(f"/proc/{pid}/fd").iterdir()]
    return {link for link in links if link.startswith("socket:")}


def spares(sandbox: Sandbox) -> list[int]:
    pid = process_of(sandbox)
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(one) for one in found if Path(f"/proc/{one}/comm").read_text().strip() == zygote.SPARE]


def waited_for(sandbox: Sandbox) -> int:
    assert eventually(lambda: spares(sandbox))
    return spares(sandbox)[0]


def gone(pid: int) -> bool:
    try:
        return "\nState:\tZ" in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return True
