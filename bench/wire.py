"""A client that costs little: requests in bytes over kept-alive sockets, without an HTTP library."""

from __future__ import annotations

import re
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from bench.environment import ROOT, PeerUnavailable

_WARM = 300
QUIET = ("--log-level", "error", "--no-access-log", "--no-server-header")
"""How every uvicorn here is started, ours as `wangge serve` does it."""


def free_port() -> int:
    """A port of the loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def running(command: Sequence[str], port: int, env: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """A server while the block lasts; given when it listens."""
    process = subprocess.Popen(command, env=dict(env), cwd=ROOT, stdout=subprocess.DEVNULL)
    try:
        until = time.monotonic() + 120
        while True:
            if process.poll() is not None:
                raise PeerUnavailable(f"{command[0]} ended with {process.returncode}")
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            if time.monotonic() > until:
                raise PeerUnavailable(f"{command[0]} does not listen")
            time.sleep(0.1)
        yield process
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def get(path: str) -> bytes:
    """A GET in bytes."""
    return f"GET {path} HTTP/1.1\r\nHost: bench\r\n\r\n".encode()


_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


def http_answer(wire: socket.socket) -> tuple[int, bytes]:
    """Status and body of the next answer; made to cost the client little, since it shares the machine."""
    data = wire.recv(1 << 16)
    while (end := data.find(b"\r\n\r\n")) < 0:
        data += _more(wire)
    length = _LENGTH.search(data, 0, end)
    if length:
        whole = end + 4 + int(length[1])
        while len(data) < whole:
            data += _more(wire)
        return int(data[9:12]), data[end + 4 :]
    while not data.endswith(b"\r\n0\r\n\r\n"):
        data += _more(wire)
    body, rest = b"", data[end + 4 :]
    while size := int(rest[: (line := rest.find(b"\r\n"))], 16):
        body += rest[line + 2 : line + 2 + size]
        rest = rest[line + 4 + size :]
    return int(data[9:12]), body


def _more(wire: socket.socket) -> bytes:
    data = wire.recv(1 << 16)
    if not data:
        raise PeerUnavailable("the server closed the connection in the middle of an answer")
    return data


def rate(
    port: int,
    requests: Sequence[bytes],
    read: Callable[[socket.socket], object] = http_answer,
    *,
    connections: int = 1,
) -> float:
    """Requests answered a second; each connection has one request under way at a time."""
    wires = [socket.create_connection(("127.0.0.1", port)) for _ in range(connections)]
    try:
        for wire in wires:
            wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

        def turn(sent: Sequence[bytes]) -> None:
            for begin in range(0, len(sent), connections):
                asked = sent[begin : begin + connections]
                for wire, request in zip(wires, asked, strict=False):
                    wire.sendall(request)
                for wire, _ in zip(wires, asked, strict=False):
                    read(wire)

        turn(requests[:_WARM])
        began = time.perf_counter()
        turn(requests)
        return len(requests) / (time.perf_counter() - began)
    finally:
        for wire in wires:
            wire.close()
