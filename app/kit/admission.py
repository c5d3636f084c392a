"""A gate before what only a few requests may use at once; the rest wait for a bounded time, in a bounded number.

Waiting costs neither a thread nor a connection. Turns go round by place, so that somebody who sends a thousand requests
delays others by one turn, not by a thousand; where there is no room to wait, the place with most waiting loses one.
"""

from __future__ import annotations

import asyncio
import threading
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager

from app.errors import Unavailable


class Overloaded(Unavailable):
    """More is under way than this worker can serve in time."""

    code = "busy"

    def __init__(self) -> None:
        super().__init__(
            "服务繁忙，请稍后重试。",
            "The service is busy; try again in a moment.",
            headers={"Retry-After": "2"},
        )


class _Waiter:
    """One who waits, and the event loop they wait in."""

    __slots__ = ("future", "key", "outcome")

    def __init__(self, key: Hashable) -> None:
        self.key = key
        self.future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        # None while waiting; then whether a turn was had.
        self.outcome: bool | None = None

    def wake(self) -> bool:
        """Let them go on; False when their event loop is over."""
        try:
            self.future.get_loop().call_soon_threadsafe(self._end_wait)
        except RuntimeError:
            return False
        return True

    def _end_wait(self) -> None:
        if not self.future.done():
            self.future.set_result(None)


class Gate:
    """Lets ``places`` through at once and ``most_waiting`` wait, none longer than ``patience_s``.

    May be used from several event loops (as tests do), so what it keeps is held by a lock, which nobody holds for long.
    """

    def __init__(self, places: int, *, most_waiting: int, patience_s: float) -> None:
        self.places = places
        self.patience_s = patience_s
        self._most_waiting = most_waiting
        self._free = places
        self._lock = threading.Lock()
        self._queues: OrderedDict[Hashable, deque[_Waiter]] = OrderedDict()
        self._waiting = 0

    @property
    def inside(self) -> int:
        """How many are through."""
        return self.places - self._free

    @property
    def waiting(self) -> int:
        """How many wait."""
        return self._waiting

    @asynccontextmanager
    async def turn(self, key: Hashable = None, *, patience_s: float | None = None) -> AsyncIterator[None]:
        """A place for as long as the block lasts; ``key`` is who shares their turns among themselves.

        Raises
        ------
        Overloaded
            Nothing became free in time, or too many wait already.
        """
        await self._enter(key, self.patience_s if patience_s is None else patience_s)
        try:
            yield
        finally:
            self._leave()

    async def _enter(self, key: Hashable, patience_s: float) -> None:
        with self._lock:
            if self._free and not self._waiting:
                self._free -= 1
                return
            if self._waiting >= self._most_waiting and not self._make_room(key):
                raise Overloaded
            waiter = _Waiter(key)
            self._queues.setdefault(key, deque()).append(waiter)
            self._waiting += 1
        try:
            async with asyncio.timeout(max(0.0, patience_s)):
                await waiter.future
        except TimeoutError:
            self._withdraw(waiter)
        except BaseException:
            if self._withdraw(waiter):
                self._leave()
            raise
        if not waiter.outcome:
            raise Overloaded

    def _withdraw(self, waiter: _Waiter) -> bool:
        """End a wait; True when a turn came at the last moment after all."""
        with self._lock:
            if waiter.outcome is None:
                self._drop(waiter)
                waiter.outcome = False
            return waiter.outcome

    def _drop(self, waiter: _Waiter) -> None:
        queue = self._queues[waiter.key]
        queue.remove(waiter)
        if not queue:
            del self._queues[waiter.key]
        self._waiting -= 1

    def _make_room(self, key: Hashable) -> bool:
        """Send away the last one of the longest queue, if that is longer than the newcomer's own would be."""
        longest = max(self._queues.values(), key=len, default=None)
        if longest is None or len(longest) <= len(self._queues.get(key, ())) + 1:
            return False
        waiter = longest[-1]
        self._drop(waiter)
        waiter.outcome = False
        waiter.wake()
        return True

    def _leave(self) -> None:
        with self._lock:
            while self._queues:
                key, queue = next(iter(self._queues.items()))
                waiter = queue[0]
                self._drop(waiter)
                if key in self._queues:
                    # The next turn is somebody else's.
                    self._queues.move_to_end(key)
                waiter.outcome = True
                if waiter.wake():
                    return
            self._free += 1
