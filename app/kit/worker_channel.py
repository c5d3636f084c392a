"""What a supervisor and its web worker say to one another: over pipes and shared memory, so that no disk is needed.

The worker waits for leave to serve, then sends a byte a second from its event loop. The first says that it serves;
when none comes for long, the loop stands still. A board in shared memory holds a few numbers for all workers to read.
"""

from __future__ import annotations

import mmap
import os
import struct
from dataclasses import dataclass
from typing import Literal, get_args

Number = Literal["workers_wanted", "workers_serving", "worker_restarts", "worker_hangs", "database_restarts"]
_PLACES: dict[str, int] = {name: 8 * index for index, name in enumerate(get_args(Number))}
_SIZE = 8 * len(_PLACES)


class Board:
    """Numbers that the supervisor writes and every worker reads."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self._memory = mmap.mmap(descriptor, _SIZE)

    @classmethod
    def make(cls) -> Board:
        """A new board, all numbers zero."""
        descriptor = os.memfd_create("wangge-board", os.MFD_CLOEXEC)
        os.ftruncate(descriptor, _SIZE)
        return cls(descriptor)

    def __getitem__(self, name: Number) -> int:
        return int(struct.unpack_from("<q", self._memory, _PLACES[name])[0])

    def __setitem__(self, name: Number, value: int) -> None:
        struct.pack_into("<q", self._memory, _PLACES[name], value)


@dataclass(frozen=True)
class WorkerChannel:
    """The worker's ends: the listening socket, leave to serve, the heartbeat, the board; file descriptors."""

    listener: int
    leave: int
    heartbeat: int
    board: int

    @classmethod
    def parse(cls, text: str) -> WorkerChannel:
        """The channel from the text of :meth:`format`."""
        return cls(*map(int, text.split(",")))

    def format(self) -> str:
        """One word for a command line."""
        return f"{self.listener},{self.leave},{self.heartbeat},{self.board}"

    def wait_for_leave(self) -> bool:
        """Wait until the supervisor lets us serve; False when it went away instead."""
        came = os.read(self.leave, 1)
        os.close(self.leave)
        return came != b""

    def beat(self) -> None:
        """Say that the event loop turns; never waits."""
        try:
            os.set_blocking(self.heartbeat, False)
            os.write(self.heartbeat, b".")
        except (BlockingIOError, BrokenPipeError):
            # Full: the supervisor stands still, and has enough to read when it goes on. Broken: it is gone, and the
            # kernel ends us.
            return
