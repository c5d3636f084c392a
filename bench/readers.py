"""Readers that ask GET /v1/locate at a steady pace from processes of their own, and note every answer and its wait.

The wait counts from when a question was due, not from when it was sent: a server that stands still for a second makes
all questions of that second late, not one.
"""

from __future__ import annotations

import multiprocessing
import queue
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from bench import wire
from bench.environment import PeerUnavailable

PROCESSES = 2
A_SECOND = 1000
"""Questions a second, all readers together."""


@dataclass(frozen=True)
class Answers:
    """When each question was due, how long its answer took (seconds), and whether it was a good one."""

    due: np.ndarray
    took: np.ndarray
    good: np.ndarray

    def between(self, since: float, until: float) -> Answers:
        """Those due in a time (`time.monotonic`)."""
        here = (self.due >= since) & (self.due < until)
        return Answers(self.due[here], self.took[here], self.good[here])

    @property
    def failed(self) -> int:
        """Questions without a good answer."""
        return int((~self.good).sum())

    def __str__(self) -> str:
        if not len(self.took):
            return "nothing asked"
        half, late, latest = np.quantile(self.took * 1000, (0.5, 0.99, 1)).tolist()
        return f"p50 {half:.1f}, p99 {late:.0f}, max {latest:.0f} ms"


def _read(port: int, requests: Sequence[bytes], pace: float, stop: Any, told: Any) -> None:
    rows: list[tuple[float, float, bool]] = []
    pipe: socket.socket | None = None
    begin, number = time.monotonic(), 0
    while not stop.is_set():
        due = begin + number * pace
        ahead = due - time.monotonic()
        if ahead > 0:
            time.sleep(ahead)
        good = False
        try:
            if pipe is None:
                pipe = socket.create_connection(("127.0.0.1", port), timeout=10)
                pipe.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            pipe.sendall(requests[number % len(requests)])
            status, body = wire.http_answer(pipe)
            good = status == 200 and b'"grid"' in body
        except (OSError, PeerUnavailable):
            pipe = None
        rows.append((due, time.monotonic() - due, good))
        number += 1
    told.put(rows)


class Readers:
    """Readers under way; ``stop`` ends them and gives what they met."""

    def __init__(self, port: int, requests: Sequence[bytes], *, connections: int = 4) -> None:
        # Not forked: this process has threads and connections to the database.
        context = multiprocessing.get_context("spawn")
        self._stop, self._told = context.Event(), context.Queue()
        self._processes = [
            context.Process(
                target=_many,
                args=(port, requests[n::PROCESSES], connections // PROCESSES, self._stop, self._told),
                daemon=True,
            )
            for n in range(PROCESSES)
        ]
        for process in self._processes:
            process.start()

    def end(self) -> None:
        """Let them end."""
        self._stop.set()

    def stop(self) -> Answers:
        """End them; all their answers in order."""
        self.end()
        rows = sorted(row for _ in self._processes for part in self._told.get(timeout=30) for row in part)
        for process in self._processes:
            process.join(10)
        due, took, good = zip(*rows, strict=True) if rows else ((), (), ())
        return Answers(np.array(due), np.array(took), np.array(good, dtype=bool))


def _many(port: int, requests: Sequence[bytes], connections: int, stop: Any, told: Any) -> None:
    """Several connections in one process, a thread each."""
    found: queue.Queue[Any] = queue.Queue()
    pace = PROCESSES * connections / A_SECOND
    threads = [
        threading.Thread(target=_read, args=(port, requests[n::connections], pace, stop, found))
        for n in range(connections)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    told.put([found.get() for _ in threads])


@contextmanager
def reading(port: int, requests: Sequence[bytes]) -> Iterator[Readers]:
    """Readers while the block lasts; ``stop`` them inside it to have their answers."""
    readers = Readers(port, requests)
    try:
        yield readers
    finally:
        readers.end()
