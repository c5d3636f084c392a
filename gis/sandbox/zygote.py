"""A process that has the libraries loaded and forks a confined one for each job. It never looks at anybody's file.

It is one thread that waits for: jobs on its control socket; the end of a child; the other side of a job hanging up,
upon which the child is killed. When the control socket closes, because its owner ended in whatever way, it ends.

To fork so large a process takes longer than to read a small file, and so does the first use of each page of memory
afterwards. So one child, the spare, is forked and warm before there is a job for it; it has met no file, and gives up
its rights as any other does, once it knows the job.
"""

from __future__ import annotations

import gc
import os
import selectors
import signal
import socket
import struct
import traceback
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import pyarrow as pa

from gis.io.limits import ReadLimits
from gis.sandbox.confine import Place, confine, is_closed_off
from gis.sandbox.messages import read_message, write_message
from gis.sandbox.preload import load_libraries, sample_files, warm_up
from gis.sandbox.tasks import answer

__all__ = ["SPARE", "main"]

CONTROL = 0
IDLE_S = 300.0
SPARE = "wangge-spare"
"""What a child is called while it has no job."""
_READER = "wangge-reader"
# A job that is there already, or comes next, is not to wait behind the making of a spare.
_PAUSE_S = 0.05


@dataclass(frozen=True)
class _Child:
    pid: int
    pidfd: int
    caller: socket.socket


@dataclass(frozen=True)
class _Spare:
    """A child that waits for a job on its own socket; that is closed in every other child."""

    pid: int
    pidfd: int
    channel: socket.socket


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
    spare: _Spare | None = None
    spares_wanted = True
    while True:
        wants_spare = spare is None and spares_wanted and not children
        events = selector.select(_PAUSE_S if wants_spare else None if children else IDLE_S)
        if not events and wants_spare:
            spare = _start_spare(selector)
            # Without room for one now, the next job may find it.
            spares_wanted = spare is not None
            continue
        if not events and not children:
            return
        for key, _ in events:
            if key.fileobj is control:
                job = _receive(control)
                if job is None:
                    _end_all(children)
                    return
                child, spare = _start(job, selector, children.values(), spare), None
                spares_wanted = True
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


def _start(
    job: list[int], selector: selectors.BaseSelector, others: Iterable[_Child], spare: _Spare | None = None
) -> _Child | None:
    """Give a job to the spare, or to a child forked for it; None where the machine has no more processes just now.

    The caller sees a hang-up and tries again. To end instead would end the readers under way as well.
    """
    # Fewer than three when there was no room for all of them.
    if len(job) != 3:
        _close(job)
        _dismiss(spare)
        return None
    question, reply, caller = job
    if spare is not None and _hand_over(spare, question, reply):
        started: tuple[int, int] | None = (spare.pid, spare.pidfd)
    else:
        _dismiss(spare)
        started = _fork(lambda parent: _work(question, reply, parent), selector, others, [caller])
    if started is None:
        _close(job)
        return None
    os.close(question)
    os.close(reply)
    return _Child(*started, socket.socket(fileno=caller))


def _start_spare(selector: selectors.BaseSelector) -> _Spare | None:
    """Fork a child that waits for a job; None where the machine has no more processes just now."""
    # Made once for all spares.
    sample_files()
    try:
        channel, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    except OSError:
        return None
    with far:
        started = _fork(lambda parent: _wait(far, parent), selector, [], [channel.fileno()])
    if started is None:
        channel.close()
        return None
    return _Spare(*started, channel)


def _hand_over(spare: _Spare, question: int, reply: int) -> bool:
    """Send a job to the spare; False where that has ended."""
    try:
        socket.send_fds(spare.channel, [b"job"], [question, reply])
    except OSError:
        return False
    spare.channel.close()
    return True


def _dismiss(spare: _Spare | None) -> None:
    """End a spare that is of no use."""
    if spare is None:
        return
    spare.channel.close()
    with suppress(ProcessLookupError):
        signal.pidfd_send_signal(spare.pidfd, signal.SIGKILL)
    os.close(spare.pidfd)
    os.waitpid(spare.pid, 0)


def _fork(
    work: Callable[[int], NoReturn],
    selector: selectors.BaseSelector,
    others: Iterable[_Child],
    descriptors: Iterable[int],
) -> tuple[int, int] | None:
    """Fork a child for some work, which is told who its parent is; ``descriptors`` are none of its business.

    Returns
    -------
    pid, pidfd : int
        None where the machine has no more processes or descriptors.
    """
    parent = os.getpid()
    try:
        pid = os.fork()
    except OSError:
        return None
    if pid == 0:
        try:
            # Files of libraries stay open: they would take the number of another for their own.
            selector.close()
            for other in others:
                os.close(other.pidfd)
                other.caller.close()
            _close(descriptors)
            # SQLite takes no file below 3, so these stay in use; the control socket was the first of them.
            os.dup2(1, CONTROL)
            work(parent)
        finally:
            os._exit(1)
    try:
        return pid, os.pidfd_open(pid)
    except OSError:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        return None


def _close(descriptors: Iterable[int]) -> None:
    for descriptor in descriptors:
        os.close(descriptor)


def _wait(channel: socket.socket, parent: int) -> NoReturn:
    """Wait for a job in the spare, and do it; end when the zygote does."""
    try:
        _call(SPARE)
        warm_up()
        gc.freeze()
        _, files, _, _ = socket.recv_fds(channel, 16, 2, socket.MSG_CMSG_CLOEXEC)
        channel.close()
        if len(files) == 2:
            _work(files[0], files[1], parent)
    finally:
        os._exit(1)


def _call(name: str) -> None:
    """Give this process a name, by which people tell those with a job from the one without."""
    with suppress(OSError):
        Path("/proc/self/comm").write_text(name)


def _work(question: int, reply: int, parent: int) -> NoReturn:
    """Do a job in the child; the exit code says whether there is an answer."""
    code = 1
    try:
        _call(_READER)
        message = read_message(question)
        limits = ReadLimits(**message.header["limits"])
        place = Place(**{**message.header["place"], "files": tuple(message.header["place"]["files"])})
        protection = confine(place, limits, parent=parent)
        header: dict[str, object]
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
        except (TypeError, ValueError):
            # An answer that cannot be written is a fault of ours: it must not pass for one of the file.
            write_message(reply, {"failure": traceback.format_exc(), "protection": protection}, {})
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
