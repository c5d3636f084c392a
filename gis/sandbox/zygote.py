"""A process that has the libraries loaded and forks a confined one for each job. It never looks at a file itself.

It is one thread that waits for: jobs on its control socket; the end of a child; the other side of a job hanging up,
upon which the child is killed. When the control socket closes, because its owner ended in whatever way, it ends.
"""

from __future__ import annotations

import gc
import os
import selectors
import signal
import socket
import struct
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, NoReturn

import pyarrow as pa

from gis.io.limits import ReadLimits
from gis.sandbox.confine import Place, confine, is_closed_off
from gis.sandbox.messages import read_message, write_message
from gis.sandbox.preload import load_libraries
from gis.sandbox.tasks import answer

__all__ = ["main"]

CONTROL = 0
IDLE_S = 300.0


@dataclass(frozen=True)
class _Child:
    pid: int
    pidfd: int
    caller: socket.socket


def main() -> None:
    """Serve jobs until the owner is gone, or until none came for minutes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Before the first fork, and before files are closed to anybody.
    load_libraries()
    gc.freeze()
    control = socket.socket(fileno=CONTROL)
    control.setblocking(False)
    selector = selectors.DefaultSelector()
    selector.register(control, selectors.EVENT_READ)
    children: dict[int, _Child] = {}
    while True:
        events = selector.select(None if children else IDLE_S)
        if not events and not children:
            return
        for key, _ in events:
            if key.fileobj is control:
                job = _receive(control)
                if job is None:
                    _end_all(children)
                    return
                child = _start(job, selector, children.values())
                if child is None:
                    continue
                children[child.pid] = child
                selector.register(child.pidfd, selectors.EVENT_READ, child)
                selector.register(child.caller, selectors.EVENT_READ, child)
            elif key.fileobj == key.data.pidfd:
                _reap(key.data, selector)
                del children[key.data.pid]
                break  # The other events may speak of sockets that are closed now; they come again.
            else:
                with suppress(ProcessLookupError):
                    signal.pidfd_send_signal(key.data.pidfd, signal.SIGKILL)
                selector.unregister(key.data.caller)


def _receive(control: socket.socket) -> list[int] | None:
    """Take the files of a job: the question, the answer, and the caller's socket."""
    content, files, _, _ = socket.recv_fds(control, 16, 3, socket.MSG_CMSG_CLOEXEC)
    return list(files) if content else None


def _start(job: list[int], selector: selectors.BaseSelector, others: Iterable[_Child]) -> _Child | None:
    """Fork a child for a job; None where the machine has no more processes or descriptors just now.

    The caller sees a hang-up and tries again. To end instead would end the readers under way as well.
    """
    # Fewer than three when there was no room for all of them.
    if len(job) != 3:
        _close(job)
        return None
    question, reply, caller = job
    parent = os.getpid()
    try:
        pid = os.fork()
    except OSError:
        _close(job)
        return None
    if pid == 0:
        os.close(caller)
        _work(question, reply, parent, selector, others)
    try:
        pidfd = os.pidfd_open(pid)
    except OSError:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        _close(job)
        return None
    os.close(question)
    os.close(reply)
    return _Child(pid, pidfd, socket.socket(fileno=caller))


def _close(descriptors: Iterable[int]) -> None:
    for descriptor in descriptors:
        os.close(descriptor)


def _work(
    question: int, reply: int, parent: int, selector: selectors.BaseSelector, others: Iterable[_Child]
) -> NoReturn:
    """Do a job in the child; the exit code says whether there is an answer."""
    code = 1
    try:
        # Files of libraries stay open: they would take the number of another for their own.
        selector.close()
        for other in others:
            os.close(other.pidfd)
            other.caller.close()
        # SQLite takes no file below 3, so these stay in use; the control socket was the first of them.
        os.dup2(1, CONTROL)
        message = read_message(question)
        limits = ReadLimits(**message.header["limits"])
        place = Place(**{**message.header["place"], "files": tuple(message.header["place"]["files"])})
        protection = confine(place, limits, parent=parent)
        header: dict[str, Any]
        tables: dict[str, pa.Table]
        if message.header["closed_off"] and not is_closed_off(protection):
            # Decided before the file is opened: what it makes of this process could not be believed afterwards.
            header, tables = {"unconfined": True}, {}
        else:
            header, tables = answer(message, limits)
        try:
            write_message(reply, {**header, "protection": protection}, tables)
        except (MemoryError, OSError):
            os._exit(3)
        code = 0
    except MemoryError:
        code = 3
    finally:
        os._exit(code)


def _reap(child: _Child, selector: selectors.BaseSelector) -> None:
    """Tell the caller how the child ended."""
    _, status = os.waitpid(child.pid, 0)
    selector.unregister(child.pidfd)
    os.close(child.pidfd)
    with suppress(KeyError, ValueError):
        selector.unregister(child.caller)
    with suppress(OSError):
        child.caller.send(struct.pack("=i", os.waitstatus_to_exitcode(status)))
    child.caller.close()


def _end_all(children: dict[int, _Child]) -> None:
    for child in children.values():
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(child.pidfd, signal.SIGKILL)


if __name__ == "__main__":
    main()
