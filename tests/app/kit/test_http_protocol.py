"""Connections that send nothing, half a head, a body by drops, or read nothing: closed, and others are served."""

from __future__ import annotations

import functools
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import replace

import pytest
import uvicorn

from app.kit.http_protocol import MOST_HEAD_BYTES, ConnectionLimits, LimitedProtocol
from tests.fixtures.eventually import eventually

# Long enough for nothing to end that should not, on any machine.
PATIENT = ConnectionLimits(
    head_s=600, body_s=600, answer_s=600, connections=100, connections_per_address=90, proxies=""
)
GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
BIG = 64 * 2**20


async def answer(scope, receive, send) -> None:
    """The length of the body; at /big much; at /early at once, without looking at the body."""
    size = 0
    if scope["path"] != "/early":
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            size += len(message.get("body", b""))
            if not message.get("more_body"):
                break
    body = b"x" * BIG if scope["path"] == "/big" else str(size).encode()
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    for begin in range(0, len(body), 65536):
        await send({"type": "http.response.body", "body": body[begin : begin + 65536], "more_body": True})
    await send({"type": "http.response.body"})


@contextmanager
def serving(loop: str, **limits: object) -> Iterator[tuple[int, uvicorn.Server]]:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        config = uvicorn.Config(
            answer,
            http=functools.partial(LimitedProtocol, limits=replace(PATIENT, **limits)),
            loop=loop,
            ws="none",
            lifespan="off",
            log_config=None,
            timeout_keep_alive=600,
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        eventually(lambda: server.started)
        try:
            yield listening.getsockname()[1], server
        finally:
            server.should_exit = server.force_exit = True
            thread.join(30)
            assert not thread.is_alive()


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=60)


def until_closed(wire: socket.socket) -> bytes:
    """What comes until the other side closes."""
    data = b""
    try:
        while piece := wire.recv(65536):
            data += piece
    except ConnectionResetError:
        pass
    return data


def ask(port: int) -> bytes:
    with closing(connect(port)) as wire:
        wire.sendall(GET)
        return answer_of(wire)


def answer_of(wire: socket.socket) -> bytes:
    """One answer to :data:`GET`, whole."""
    data = b""
    while not data.endswith(b"\r\n\r\n0"):
        piece = wire.recv(65536)
        assert piece, data
        data += piece
    return data


def send_slowly(wire: socket.socket, piece: bytes, *, times: int, pause_s: float) -> None:
    for _ in range(times):
        wire.sendall(piece)
        time.sleep(pause_s)


@pytest.fixture(params=["asyncio", "uvloop"])
def loop(request) -> str:
    return request.param


def test_who_says_nothing_is_closed(loop):
    with serving(loop, head_s=0.2) as (port, _), closing(connect(port)) as wire:
        assert until_closed(wire) == b""


def test_half_a_head_is_closed_and_told(loop):
    with serving(loop, head_s=0.2) as (port, _), closing(connect(port)) as wire:
        wire.sendall(b"GET / HTTP/1.1\r\nX: ")
        assert until_closed(wire).startswith(b"HTTP/1.1 408 ")


def test_a_second_request_has_the_time_of_a_first(loop):
    """Also one that begins with empty lines, which end uvicorn's own wait."""
    with serving(loop, head_s=0.2) as (port, _), closing(connect(port)) as wire:
        wire.sendall(GET)
        assert answer_of(wire).startswith(b"HTTP/1.1 200")
        wire.sendall(b"\r\n")
        said = until_closed(wire)
        assert not said or said.startswith(b"HTTP/1.1 408 ")


def test_a_head_that_drips_is_closed(loop):
    with serving(loop, head_s=0.5) as (port, _), closing(connect(port)) as wire:
        wire.sendall(b"GET / HTTP/1.1\r\n")
        with pytest.raises(ConnectionError):
            send_slowly(wire, b"X: y\r\n", times=3000, pause_s=0.02)


def test_a_head_without_end_is_refused_by_length(loop):
    with serving(loop) as (port, _), closing(connect(port)) as wire:
        wire.sendall(b"GET / HTTP/1.1\r\n")
        line = b"X-Long: " + b"a" * 8000 + b"\r\n"
        with suppress(ConnectionError):
            send_slowly(wire, line, times=4 * MOST_HEAD_BYTES // len(line), pause_s=0.002)
        said = until_closed(wire)
        # A reset, as more was on its way, may overtake the words.
        assert not said or said.startswith(b"HTTP/1.1 431 ")


def test_a_body_that_stops_is_given_up(loop):
    with serving(loop, body_s=0.3) as (port, _), closing(connect(port)) as wire:
        wire.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nabc")
        assert until_closed(wire).startswith(b"HTTP/1.1 408 ")


def test_a_body_by_drops_is_given_up(loop):
    with serving(loop, body_s=1) as (port, _), closing(connect(port)) as wire:
        wire.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n")
        with pytest.raises(ConnectionError):
            send_slowly(wire, b"a", times=3000, pause_s=0.02)


def test_a_body_that_comes_well_is_read_whole(loop):
    """In pieces over several times the time-out."""
    with serving(loop, body_s=0.3) as (port, _), closing(connect(port)) as wire:
        wire.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 300000\r\n\r\n")
        for _ in range(30):
            wire.sendall(b"a" * 10_000)
            time.sleep(0.03)
        assert wire.recv(65536).endswith(b"300000")


def test_a_body_that_nobody_wants_any_more_ends(loop):
    with serving(loop) as (port, _), closing(connect(port)) as wire:
        wire.sendall(b"POST /early HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n")
        assert wire.recv(65536).startswith(b"HTTP/1.1 200")
        with pytest.raises(ConnectionError):
            send_slowly(wire, b"a" * 100_000, times=1000, pause_s=0.001)


def test_who_does_not_read_is_cut_off(loop):
    with serving(loop, answer_s=0.3) as (port, server), closing(connect(port)) as wire:
        wire.sendall(GET.replace(b"/ ", b"/big ", 1))
        # Looked at without a pause: it is there for a third of a second only.
        eventually(lambda: server.server_state.connections, every=0, otherwise="never there")
        eventually(lambda: not server.server_state.connections, otherwise="still open")


@pytest.mark.parametrize(
    "begun", [b"", b"GET / HTTP/1.1\r\nX: ", b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\n"]
)
def test_a_crowd_gives_way_to_whoever_comes(loop, begun):
    """Far more connections than may be, none of which ends by itself; a new one is served each time."""
    with (
        serving(loop, connections=20, connections_per_address=10_000) as (port, server),
        ExitStack() as crowd,
    ):
        for number in range(100):
            wire = crowd.enter_context(closing(connect(port)))
            wire.sendall(begun)
            if number % 20 == 19:
                assert ask(port).startswith(b"HTTP/1.1 200")
        assert len(server.server_state.connections) <= 21


def test_one_address_has_a_share(loop):
    with serving(loop, connections_per_address=5) as (port, server), ExitStack() as crowd:
        for _ in range(30):
            crowd.enter_context(closing(connect(port)))
        assert ask(port).startswith(b"HTTP/1.1 200")
        assert len(server.server_state.connections) <= 6


def test_people_behind_a_proxy_of_ours_are_not_one_address(loop):
    with (
        serving(loop, connections_per_address=5, proxies="127.0.0.0/8") as (port, server),
        ExitStack() as many,
    ):
        for _ in range(30):
            wire = many.enter_context(closing(connect(port)))
            wire.sendall(GET)
            assert answer_of(wire).startswith(b"HTTP/1.1 200")
        assert len(server.server_state.connections) == 30


def test_requests_in_a_row_and_in_one_piece(loop):
    with serving(loop) as (port, _), closing(connect(port)) as wire:
        wire.sendall(GET * 20 + b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc" + GET)
        data = b""
        while data.count(b"HTTP/1.1 200") < 22:
            piece = wire.recv(65536)
            assert piece
            data += piece


def test_nothing_is_kept_of_those_who_went(loop):
    from app.kit import http_protocol

    with serving(loop) as (port, server):
        for _ in range(20):
            assert ask(port).startswith(b"HTTP/1.1 200")
        eventually(lambda: not server.server_state.connections)
        kept = http_protocol._servers[server.server_state]
        assert not kept.idle
        assert not kept.sending
        assert not kept.by_address
