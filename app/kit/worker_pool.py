"""Web workers, each started again when it ends or hangs.

One thread starts, watches and ends them, so that whoever made the pool is free for other work. A worker says by its
heartbeat that its event loop turns (``worker_channel``); the listening socket belongs to the pool, so that clients
wait in its queue while a worker is started again.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import structlog

from app.kit.backoff import Backoff
from app.kit.supervise import Child
from app.kit.worker_channel import Board, WorkerChannel
from gis.text import Text

log = structlog.get_logger("wangge.supervisor")

LOOK_S = 0.25
# A start imports for seconds, on a busy machine for a minute; a large city's index is built once.
START_PATIENCE_S = 300.0
END_PATIENCE_S = 12.0
# Longer than this between two looks, and this process itself stood still: the silence of workers says nothing then.
_STANDSTILL_S = 3.0
_TRACE_S = 0.5
TRACE_SIGNAL = signal.SIGUSR2
"""What makes a worker write where its threads are (``faulthandler``)."""


@dataclass
class _Worker:
    """One place in the pool, and the process that fills it."""

    number: int
    backoff: Backoff = field(default_factory=Backoff)
    due: float = 0.0
    child: Child | None = None
    leave: int = -1
    heartbeat: int = -1
    heard: float = 0.0
    serving: bool = False

    def close(self) -> None:
        """Close our ends of its pipes."""
        for descriptor in (self.leave, self.heartbeat):
            if descriptor >= 0:
                os.close(descriptor)
        self.leave = self.heartbeat = -1


class WorkerPool:
    """``count`` processes of ``command`` over one listening socket; they may serve once :meth:`open` is called."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        count: int,
        listener: socket.socket,
        env: Mapping[str, str],
        hang_s: float,
        board: Board,
        say: Callable[[Text], None],
        each_look: Callable[[], None] = lambda: None,
        ended: Callable[[int], None] = lambda _: None,
        closed: Callable[[], None] = lambda: None,
    ) -> None:
        self._command, self._env = list(command), dict(env)
        self._listener, self._board = listener, board
        self._hang_s, self._say, self._each_look = hang_s, say, each_look
        self._forget, self._closed = ended, closed
        self._workers = [_Worker(number) for number in range(1, count + 1)]
        self._opened, self._stopping, self._at_once = threading.Event(), threading.Event(), threading.Event()
        self._decided, self._replace = threading.Event(), threading.Event()
        self._served_once = False
        self.failure: int | None = None
        """Exit status of a worker that could not start, before any had served."""
        self._woken, self._wake = os.pipe()
        os.set_blocking(self._wake, False)
        self._looked = time.monotonic()
        board["workers_wanted"] = count
        self._thread = threading.Thread(target=self._run, name="workers", daemon=True)
        self._thread.start()

    def open(self) -> None:
        """Let the workers serve, those to come as well."""
        self._opened.set()
        self._awake()

    def wait_until_serving(self) -> bool:
        """Wait until a worker serves; False when none can (:attr:`failure` says how it ended)."""
        self._decided.wait()
        return self.failure is None

    def wait(self) -> None:
        """Wait for the end of the pool, which :meth:`stop` alone brings about."""
        self._thread.join()

    def restart(self) -> None:
        """Let every worker finish what it does, and start it again: what it was started with has changed."""
        self._replace.set()
        self._awake()

    def kill(self) -> None:
        """End everything at once; safe in a signal handler."""
        self._at_once.set()
        self._awake()

    def stop(self) -> None:
        """Refuse new connections, let workers finish what they do, end them."""
        self._stopping.set()
        self._awake()
        self._thread.join()

    def _awake(self) -> None:
        try:
            os.write(self._wake, b"!")
        except OSError:
            return  # full of them, or over

    def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                try:
                    self._look()
                except Exception:
                    # A watchman who leaves is worse than one who stumbles.
                    log.exception("supervisor_failed")
                    time.sleep(LOOK_S)
        finally:
            self._end_all()
            self._closed()
            self._decided.set()

    def _look(self) -> None:
        self._listen()
        instant = time.monotonic()
        if instant - self._looked > _STANDSTILL_S:
            for worker in self._workers:
                worker.heard = instant
        self._looked = instant
        if self._replace.is_set():
            self._replace.clear()
            for worker in self._workers:
                if worker.child is not None and worker.child.ended is None:
                    worker.child.process.terminate()
        for worker in self._workers:
            try:
                self._care_for(worker, instant)
            except Exception:
                # The trouble of one must not keep us from the others.
                log.exception("supervisor_failed", worker=worker.number)
        self._board["workers_serving"] = sum(worker.serving for worker in self._workers)
        self._each_look()

    def _listen(self) -> None:
        """Wait for heartbeats, for a death, for a call from another thread."""
        poll = select.poll()
        poll.register(self._woken, select.POLLIN)
        by_descriptor = {w.heartbeat: w for w in self._workers if w.heartbeat >= 0}
        for descriptor in by_descriptor:
            poll.register(descriptor, select.POLLIN)
        for descriptor, _ in poll.poll(LOOK_S * 1000):
            came = os.read(descriptor, 65536)
            worker = by_descriptor.get(descriptor)
            if worker is None:
                continue
            if not came:  # it has ended, or is about to
                os.close(descriptor)
                worker.heartbeat = -1
                continue
            worker.heard = time.monotonic()
            if not worker.serving:
                worker.serving = self._served_once = True
                worker.backoff.healthy()
                self._decided.set()
                log.info(
                    "worker_serving", worker=worker.number, pid=worker.child and worker.child.process.pid
                )

    def _care_for(self, worker: _Worker, instant: float) -> None:
        if worker.child is None:
            if instant >= worker.due and self.failure is None:
                self._start(worker, instant)
            return
        status = worker.child.ended
        if status is not None:
            self._ended(worker, status)
            return
        if self._opened.is_set() and worker.leave >= 0:
            with suppress(BrokenPipeError):  # it died since we looked: the next look sees that
                os.write(worker.leave, b"!")
            os.close(worker.leave)
            worker.leave, worker.heard = -1, instant
        if self._opened.is_set() and instant - worker.heard > self._patience(worker):
            self._end_hanging(worker, instant - worker.heard)

    def _patience(self, worker: _Worker) -> float:
        return self._hang_s if worker.serving else max(self._hang_s, START_PATIENCE_S)

    def _start(self, worker: _Worker, instant: float) -> None:
        theirs: list[int] = []
        try:
            leave, worker.leave = os.pipe()
            theirs.append(leave)
            worker.heartbeat, heartbeat = os.pipe()
            theirs.append(heartbeat)
            channel = WorkerChannel(self._listener.fileno(), leave, heartbeat, self._board.descriptor)
            worker.child = Child(
                [*self._command, "--channel", channel.format()],
                env=self._env,
                pass_fds=(channel.listener, leave, heartbeat, channel.board),
            )
        except OSError as error:  # no memory, too many processes or descriptors
            worker.close()
            worker.due = instant + worker.backoff.failed()
            log.error("worker_not_started", worker=worker.number, error=str(error))
        finally:
            for descriptor in theirs:
                os.close(descriptor)
        worker.heard, worker.serving = instant, False

    def _end_hanging(self, worker: _Worker, silent_s: float) -> None:
        child = worker.child
        if child is None:
            return
        self._board["worker_hangs"] += 1
        log.error("worker_hangs", worker=worker.number, pid=child.process.pid, silent_s=round(silent_s, 1))
        self._tell(
            f"网页进程 {child.process.pid} 已有 {silent_s:.0f} 秒没有反应，正在结束它。",
            f"Web worker {child.process.pid} has stood still for {silent_s:.0f} s; ending it.",
        )
        if worker.serving:
            # Where it stands, for the log. One that is stopped altogether cannot say.
            child.process.send_signal(TRACE_SIGNAL)
            time.sleep(_TRACE_S)
        child.kill()
        self._ended(worker, child.process.wait())

    def _ended(self, worker: _Worker, status: int) -> None:
        child = worker.child
        if child is None:
            return
        child.kill()  # what it started ends with it
        worker.close()
        worker.child, worker.serving = None, False
        self._forget(child.process.pid)
        if not self._served_once and status >= 0:
            # Not killed, but unable to start: it would not fare better a second time.
            self.failure = status
            self._decided.set()
            return
        wait = worker.backoff.failed()
        worker.due = time.monotonic() + wait
        self._board["worker_restarts"] += 1
        log.error(
            "worker_ended", worker=worker.number, pid=child.process.pid, status=status, restart_in_s=wait
        )
        when = (f"{wait:g} 秒后", f"in {wait:g} s") if wait else ("正在", "now")
        self._tell(
            f"网页进程 {child.process.pid} 意外结束（退出码 {status}），{when[0]}重新启动。",
            f"Web worker {child.process.pid} ended unexpectedly (exit status {status}); starting it again {when[1]}.",
        )

    def _tell(self, zh: str, en: str) -> None:
        try:
            self._say(Text(zh, en))
        except OSError:
            return  # a terminal that is gone, a log on a full disk

    def _end_all(self) -> None:
        self._listener.close()
        children = [worker.child for worker in self._workers if worker.child is not None]
        began = time.monotonic()
        for worker in self._workers:
            if worker.child is not None and worker.child.ended is None:
                worker.child.process.terminate()
        while any(child.ended is None for child in children) and not self._at_once.is_set():
            instant = time.monotonic()
            # One that stands still already will not finish anything.
            hanging = all(
                w.child is None or w.child.ended is not None or self._stands_still(w, began)
                for w in self._workers
            )
            if instant - began > (1.0 if hanging else END_PATIENCE_S):
                break
            time.sleep(0.02)
        for worker in self._workers:
            if worker.child is not None:
                worker.child.kill()
                worker.child.process.wait()
            worker.close()
        os.close(self._woken)

    def _stands_still(self, worker: _Worker, instant: float) -> bool:
        return worker.serving and instant - worker.heard > _STANDSTILL_S
