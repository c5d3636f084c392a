"""uvicorn's HTTP protocol with the limits it lacks: heads, bodies, answers and connections that never end.

It knows one time-out by itself, for a connection between two requests. Here a connection must send a whole head in
time, a body without long pauses, and read its answer; and when there are as many connections as may be, the one that
has been idle for the longest gives way to the new one, so that whoever opens a thousand and says nothing keeps nobody
out.
"""

from __future__ import annotations

import asyncio
import resource
from collections import Counter, OrderedDict
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache, partial
from ipaddress import ip_address, ip_network
from typing import Any
from weakref import WeakKeyDictionary

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from app.settings import Settings

MOST_HEAD_BYTES = 64 * 1024
# Of a body that nobody wants, as its refusal has been sent: enough for most clients to see the refusal.
_MOST_DISCARDED = 8 * 2**20
_LEAST_BYTES_A_SECOND = 500
_CHECKS = 6
# Files and sockets that are no connection of a client: database, indexes, logs, uploads.
_OTHER_FILES = 200


@dataclass(frozen=True)
class ConnectionLimits:
    """How long and how many; seconds, and connections of one worker."""

    head_s: float
    body_s: float
    answer_s: float
    connections: int
    connections_per_address: int
    proxies: str

    @classmethod
    def of(cls, settings: Settings) -> ConnectionLimits:
        """What the settings say, within what the system allows."""
        files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        most = max(16, files - _OTHER_FILES) if files != resource.RLIM_INFINITY else settings.max_connections
        return cls(
            head_s=settings.header_timeout_s,
            body_s=settings.body_timeout_s,
            answer_s=settings.answer_timeout_s,
            connections=min(settings.max_connections, most),
            connections_per_address=settings.max_connections_per_address,
            # Programs of this machine share an address, and so do all people behind a proxy on it.
            proxies=",".join(filter(None, (settings.trusted_proxies, "127.0.0.0/8", "::1"))),
        )


def server_options(settings: Settings) -> dict[str, Any]:
    """Options of ``uvicorn.run`` for all of this; lets the process, and its workers, open as many files as it may."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return {
        "http": partial(LimitedProtocol, limits=ConnectionLimits.of(settings)),
        "ws": "none",
        "timeout_keep_alive": settings.keep_alive_s,
    }


class _Open:
    """The connections of one server: those that may be closed for a new one, the longest idle first."""

    def __init__(self) -> None:
        self.idle: OrderedDict[LimitedProtocol, None] = OrderedDict()
        self.sending: OrderedDict[LimitedProtocol, None] = OrderedDict()
        self.by_address: Counter[str] = Counter()

    def dispensable(self, address: str | None = None) -> LimitedProtocol | None:
        """The one to close: idle before still sending; of one address only, when one is named."""
        for group in (self.idle, self.sending):
            for connection in group:
                if address is None or connection.address == address:
                    return connection
        return None


_servers: WeakKeyDictionary[ServerState, _Open] = WeakKeyDictionary()


class LimitedProtocol(HttpToolsProtocol):
    """One connection."""

    def __init__(self, *args: Any, limits: ConnectionLimits, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.limits = limits
        self.address: str | None = None
        self._open = _servers.setdefault(self.server_state, _Open())
        self._head_timer: asyncio.TimerHandle | None = None
        self._body_timer: asyncio.TimerHandle | None = None
        self._answer_timer: asyncio.TimerHandle | None = None
        self._check_s = limits.body_s / _CHECKS
        self._head_bytes = 0
        self._incomplete = False
        self._discarded = 0
        self._body_bytes = self._bytes_at_check = 0
        self._silent_s = self._watched_s = 0.0

    # Connections

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a connection, at the expense of the most idle one where there are too many."""
        super().connection_made(transport)
        # One whose address is unknown (a Unix socket), or many people behind a proxy of ours, count as nobody.
        peer = self.client[0] if self.client else None
        if peer is not None and not _is_proxy(peer, self.limits.proxies):
            self.address = peer
            self._open.by_address[peer] += 1
        if (
            self.address is not None
            and self._open.by_address[self.address] > self.limits.connections_per_address
        ):
            self._replace(self._open.dispensable(self.address))
        elif len(self.connections) > self.limits.connections:
            self._replace(self._open.dispensable())
        if not transport.is_closing():
            self._open.idle[self] = None
            self._await_head()

    def _replace(self, other: LimitedProtocol | None) -> None:
        if other is not None:
            other.forget()
            other.transport.abort()
        else:
            self._refuse(503, "Too many connections.", retry_after=True)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        self.forget()
        if self.address is not None:
            self._open.by_address[self.address] -= 1
            if not self._open.by_address[self.address]:
                del self._open.by_address[self.address]
            self.address = None
        super().connection_lost(exc)

    def forget(self) -> None:
        """Nothing of this connection is waited for any more."""
        self._open.idle.pop(self, None)
        self._open.sending.pop(self, None)
        for timer in (self._head_timer, self._body_timer, self._answer_timer):
            if timer is not None:
                timer.cancel()
        self._head_timer = self._body_timer = self._answer_timer = None

    # Heads

    def _await_head(self) -> None:
        if self._head_timer is None:
            self._head_bytes = 0
            self._head_timer = self.loop.call_later(self.limits.head_s, self._head_late)

    def _head_late(self) -> None:
        self._head_timer = None
        if self._head_bytes:
            self._refuse(408, "The head of the request did not come in time.")
        else:
            self.transport.abort()

    def data_received(self, data: bytes) -> None:
        """Feed the parser, and see what is waited for after that."""
        super().data_received(data)
        if self.transport.is_closing():
            return
        if self._incomplete:
            if self._body_timer is None:
                self._watch_body()
        elif self._head_timer is not None or self._waits_for_head():
            self._await_head()
            self._head_bytes += len(data)
            if self._head_bytes > MOST_HEAD_BYTES:
                self._refuse(431, "The head of the request is too long.")

    def _waits_for_head(self) -> bool:
        # Also when only an empty line came, which ends uvicorn's own wait and begins nothing.
        return (self.cycle is None or self.cycle.response_complete) and self.timeout_keep_alive_task is None

    def on_message_begin(self) -> None:
        """The first byte of a head."""
        super().on_message_begin()
        self._await_head()

    def on_headers_complete(self) -> None:
        """The head is whole: a request is under way."""
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None
        self._incomplete = True
        self._discarded = 0
        self._open.idle.pop(self, None)
        self._open.sending[self] = None
        super().on_headers_complete()

    # Bodies

    def on_body(self, body: bytes) -> None:
        """A piece of a body."""
        self._body_bytes += len(body)
        if self.cycle.response_complete:
            self._discarded += len(body)
            if self._discarded > _MOST_DISCARDED:
                self.transport.close()
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The request has come whole."""
        self._incomplete = False
        if self._body_timer is not None:
            self._body_timer.cancel()
            self._body_timer = None
        self._open.sending.pop(self, None)
        super().on_message_complete()
        if self.cycle.response_complete:
            self._open.idle[self] = None

    def _watch_body(self) -> None:
        self._body_bytes = self._bytes_at_check = 0
        self._silent_s = self._watched_s = 0.0
        self._body_timer = self.loop.call_later(self._check_s, self._check_body, self.loop.time())

    def _check_body(self, since: float) -> None:
        now = self.loop.time()
        self._body_timer = self.loop.call_later(self._check_s, self._check_body, now)
        if self.flow.read_paused:
            # It is we who do not read.
            self._silent_s = 0.0
            self._bytes_at_check = self._body_bytes
            return
        came = self._body_bytes - self._bytes_at_check
        self._bytes_at_check = self._body_bytes
        self._silent_s = 0.0 if came else self._silent_s + now - since
        self._watched_s += now - since
        too_slow = (
            self._watched_s >= self.limits.body_s
            and self._body_bytes < _LEAST_BYTES_A_SECOND * self._watched_s
        )
        if self._silent_s >= self.limits.body_s or too_slow:
            self._refuse(408, "The body of the request did not come in time.")

    # Answers

    def on_response_complete(self) -> None:
        """An answer has been handed over."""
        super().on_response_complete()
        if (
            not self.transport.is_closing()
            and not self._incomplete
            and self.timeout_keep_alive_task is not None
        ):
            self._open.idle[self] = None

    def pause_writing(self) -> None:
        """The client does not read as fast as we write."""
        super().pause_writing()
        if self._answer_timer is None:
            self._answer_timer = self.loop.call_later(self.limits.answer_s, self.transport.abort)

    def resume_writing(self) -> None:
        """It has read on."""
        super().resume_writing()
        if self._answer_timer is not None:
            self._answer_timer.cancel()
            self._answer_timer = None

    def timeout_keep_alive_handler(self) -> None:
        """Close what is idle, and do not wait for ever until the rest of an answer is read."""
        super().timeout_keep_alive_handler()
        self._end_close()

    def _end_close(self) -> None:
        if self.transport.get_write_buffer_size():
            self.loop.call_later(self.limits.answer_s, self.transport.abort)

    def _refuse(self, status: int, message: str, *, retry_after: bool = False) -> None:
        """Say why, where nothing was said yet, and close."""
        if self.cycle is None or not self.cycle.response_started or self.cycle.response_complete:
            more = "retry-after: 5\r\n" if retry_after else ""
            self.transport.write(
                f"HTTP/1.1 {status} {_PHRASES[status]}\r\ncontent-type: text/plain; charset=utf-8\r\n"
                f"content-length: {len(message)}\r\nconnection: close\r\n{more}\r\n{message}".encode()
            )
        self.forget()
        self.transport.close()
        self._end_close()


_PHRASES = {408: "Request Timeout", 431: "Request Header Fields Too Large", 503: "Service Unavailable"}


@lru_cache(maxsize=4096)
def _is_proxy(peer: str, proxies: str) -> bool:
    try:
        address = ip_address(peer)
    except ValueError:
        return False
    address = getattr(address, "ipv4_mapped", None) or address
    return any(
        address in ip_network(part.strip(), strict=False) for part in proxies.split(",") if part.strip()
    )
