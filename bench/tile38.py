"""Tile38, where the machine has it or Go can build it: which grids intersect a point, over HTTP and over RESP."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from urllib.parse import quote

import numpy as np
import shapely

from bench import wire
from bench.environment import FOLDER, PeerUnavailable
from bench.record import PEERS

_MODULE = "github.com/tidwall/tile38/cmd/tile38-server@latest"


@cache
def _program() -> Path:
    built = FOLDER / "go" / "bin" / "tile38-server"
    found = shutil.which("tile38-server") or (str(built) if built.exists() else None)
    if found:
        return Path(found)
    go = shutil.which("go")
    if go is None:
        raise PeerUnavailable("neither tile38-server nor Go is on this machine")
    env = {**os.environ, "GOBIN": str(built.parent), "GOFLAGS": "-modcacherw"}
    done = subprocess.run(
        [go, "install", _MODULE], check=False, capture_output=True, text=True, env=env, timeout=900
    )
    if done.returncode:
        said = [line.strip() for line in done.stderr.splitlines() if line.strip()]
        raise PeerUnavailable(f"go install failed: {' '.join(said)[:240] or done.returncode}")
    return built


def resp(*words: str) -> bytes:
    """A command in Redis' protocol.

    >>> resp("PING")
    b'*1\\r\\n$4\\r\\nPING\\r\\n'
    """
    parts = [word.encode() for word in words]
    return b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(part), part) for part in parts)


def resp_answer(wire: socket.socket) -> object:
    """The next answer in Redis' protocol; nothing may follow it."""
    data = b""
    while True:
        more = wire.recv(1 << 16)
        if not more:
            raise PeerUnavailable("Tile38 closed the connection in the middle of an answer")
        data += more
        try:
            return _parsed(data, 0)[0]
        except IndexError:
            continue


def _parsed(data: bytes, at: int) -> tuple[object, int]:
    """A value of Redis' protocol and where it ends; IndexError when the rest has not come yet."""
    end = data.find(b"\r\n", at)
    if end < 0:
        raise IndexError("half a line")
    kind, rest, begin = data[at : at + 1], data[at + 1 : end], end + 2
    if kind == b"$":
        size = int(rest)
        if size < 0:
            return None, begin
        if len(data) < begin + size + 2:
            raise IndexError("half a text")
        return data[begin : begin + size], begin + size + 2
    if kind == b"*":
        values = []
        for _ in range(max(0, int(rest))):
            value, begin = _parsed(data, begin)
            values.append(value)
        return values, begin
    if kind == b"-":
        raise PeerUnavailable(f"Tile38: {rest.decode()}")
    return (int(rest) if kind == b":" else rest), begin


def question(lon: float, lat: float) -> tuple[str, ...]:
    """The words that ask which grids intersect a point."""
    point = json.dumps(
        {"type": "Point", "coordinates": [round(lon, 7), round(lat, 7)]}, separators=(",", ":")
    )
    return ("INTERSECTS", "grids", "IDS", "OBJECT", point)


def over_http(lon: float, lat: float) -> bytes:
    """The question as a GET."""
    return wire.get("/" + "+".join(quote(word, safe="") for word in question(lon, lat)))


def over_resp(lon: float, lat: float) -> bytes:
    """The question in Redis' protocol."""
    return resp(*question(lon, lat))


def code_of(answer: object) -> str | None:
    """The code named by an answer in Redis' protocol: ``[cursor, [ids…]]``."""
    assert isinstance(answer, list)
    ids = answer[1]
    return min(each.decode() for each in ids) if ids else None


@contextmanager
def served(codes: Sequence[str], shapes: np.ndarray) -> Iterator[int]:
    """Tile38 holding the grids while the block lasts; gives its port."""
    program = _program()
    port = wire.free_port()
    with tempfile.TemporaryDirectory(prefix="wangge-tile38-") as folder:
        command = [str(program), "-h", "127.0.0.1", "-p", str(port), "-d", folder, "-q"]
        with wire.running(command, port, os.environ):
            ask(port, resp("OUTPUT", "resp"))
            with socket.create_connection(("127.0.0.1", port)) as connection:
                for code, shape in zip(codes, shapes, strict=True):
                    connection.sendall(resp("SET", "grids", code, "OBJECT", shapely.to_geojson(shape)))
                    resp_answer(connection)
            said = ask(port, resp("SERVER"))
            words = (
                [w.decode() if isinstance(w, bytes) else str(w) for w in said]
                if isinstance(said, list)
                else []
            )
            PEERS["Tile38"] = dict(zip(words[::2], words[1::2], strict=False)).get("version", "?")
            yield port


def ask(port: int, asked: bytes) -> object:
    """One command on a connection of its own."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(asked)
        return resp_answer(connection)
