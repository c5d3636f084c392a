"""Many clients at once from a process of their own: each request on its own connection, or each client on one."""

from __future__ import annotations

import asyncio
import multiprocessing
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

_PATIENCE_S = 60.0
BROKEN = 0
"""Stands for a status where no answer came."""


@dataclass
class Tally:
    """Statuses and waits (seconds) of many requests."""

    statuses: Counter[int] = field(default_factory=Counter)
    waits: list[float] = field(default_factory=list)

    def add(self, status: int, wait: float) -> None:
        """One more."""
        self.statuses[status] += 1
        self.waits.append(wait)

    @property
    def bad(self) -> int:
        """Answers that are neither good nor a refusal for now."""
        return sum(
            n for status, n in self.statuses.items() if not (200 <= status < 400 or status in (429, 503))
        )

    def __str__(self) -> str:
        told = ", ".join(f"{status}: {count}" for status, count in sorted(self.statuses.items()))
        half, late, latest = (
            np.quantile(self.waits, (0.5, 0.99, 1)).tolist() if self.waits else (0.0, 0.0, 0.0)
        )
        return f"{told}; p50 {half:.2f}, p99 {late:.2f}, max {latest:.2f} s"


def get(path: str, token: str | None = None, *, keep: bool = False) -> bytes:
    """A GET in bytes, of somebody with a token or of nobody."""
    who = f"Authorization: Bearer {token}\r\n" if token else ""
    end = "" if keep else "Connection: close\r\n"
    return f"GET {path} HTTP/1.1\r\nHost: bench\r\nAccept-Encoding: gzip\r\n{who}{end}\r\n".encode()


def all_at_once(port: int, requests: Sequence[bytes]) -> Tally:
    """All of them under way at the same time."""
    return _elsewhere(_at_once, port, requests)


def for_a_while(port: int, requests: Sequence[bytes], *, clients: int, seconds: float) -> Tally:
    """Clients that ask one after the other, each on a connection of its own."""
    return _elsewhere(_in_a_row, port, requests, clients, seconds, 0)


def so_many(port: int, requests: Sequence[bytes], *, clients: int, count: int) -> Tally:
    """The same until so many were answered."""
    return _elsewhere(_in_a_row, port, requests, clients, 3600.0, count)


def _elsewhere(work: Any, *arguments: Any) -> Tally:
    # Not forked: this process has threads and connections to the database.
    context = multiprocessing.get_context("spawn")
    told = context.Queue()
    process = context.Process(target=_run, args=(told, work, arguments), daemon=True)
    process.start()
    tally: Tally = told.get()
    process.join(30)
    return tally


def _run(told: Any, work: Any, arguments: tuple[Any, ...]) -> None:
    told.put(asyncio.run(work(*arguments)))


async def _at_once(port: int, requests: Sequence[bytes]) -> Tally:
    tally = Tally()

    async def one(request: bytes) -> None:
        began = time.monotonic()
        status = BROKEN
        try:
            async with asyncio.timeout(_PATIENCE_S):
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                try:
                    writer.write(request)
                    status = await _status(reader)
                finally:
                    writer.close()
        except (OSError, ValueError, TimeoutError, asyncio.IncompleteReadError):
            pass
        tally.add(status, time.monotonic() - began)

    await asyncio.gather(*(one(request) for request in requests))
    return tally


async def _in_a_row(port: int, requests: Sequence[bytes], clients: int, seconds: float, count: int) -> Tally:
    tally = Tally()
    until = time.monotonic() + seconds
    left = count or None

    async def one(number: int) -> None:
        nonlocal left
        reader = writer = None
        turn = number
        while time.monotonic() < until and (left is None or left > 0):
            if left is not None:
                left -= 1
            began = time.monotonic()
            status = BROKEN
            try:
                async with asyncio.timeout(_PATIENCE_S):
                    if writer is None:
                        reader, writer = await asyncio.open_connection("127.0.0.1", port)
                    writer.write(requests[turn % len(requests)])
                    assert reader is not None
                    status = await _status(reader)
            except (OSError, ValueError, TimeoutError, asyncio.IncompleteReadError):
                if writer is not None:
                    writer.close()
                reader = writer = None
            tally.add(status, time.monotonic() - began)
            turn += clients
        if writer is not None:
            writer.close()

    await asyncio.gather(*(one(number) for number in range(clients)))
    return tally


async def _status(reader: asyncio.StreamReader) -> int:
    """The status of the next answer, whose body is read to its end."""
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    status = int(head[9:12])
    length = head.partition(b"\r\ncontent-length:")[2].partition(b"\r\n")[0]
    if length:
        await reader.readexactly(int(length))
    elif b"transfer-encoding: chunked" in head:
        while size := int(await reader.readuntil(b"\r\n"), 16):
            await reader.readexactly(size + 2)
        await reader.readexactly(2)
    return status
