"""The benchmark's own tools: what they read from the wire, and what they are told to measure."""

from __future__ import annotations

import json
import socket
import threading
import time

import pytest

from bench import tile38, tipg, wire
from bench.environment import PeerUnavailable
from bench.options import parse

BODY = '{"a": "网格"}'.encode()
WHOLE = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nx: y\r\n\r\n%s" % (len(BODY), BODY)
CHUNKED = b"HTTP/1.1 404 Not Found\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n10\r\n, world, says he\r\n0\r\n\r\n"
REPLY = b'*2\r\n:0\r\n*2\r\n$1\r\nb\r\n$3\r\na\r\n\r\n'  # fmt: skip


def read_in_pieces(content: bytes, cut: int, read):
    """What ``read`` gives of content that arrives in two pieces."""
    ours, theirs = socket.socketpair()
    with ours, theirs:

        def send() -> None:
            theirs.sendall(content[:cut])
            if cut < len(content):
                time.sleep(0.002)
                theirs.sendall(content[cut:])

        thread = threading.Thread(target=send)
        thread.start()
        found = read(ours)
        thread.join()
        return found


@pytest.mark.parametrize("cut", range(1, len(WHOLE) + 1))
def test_an_answer_with_its_length(cut):
    assert read_in_pieces(WHOLE, cut, wire.http_answer) == (200, BODY)


@pytest.mark.parametrize("cut", range(1, len(CHUNKED) + 1))
def test_an_answer_in_chunks(cut):
    assert read_in_pieces(CHUNKED, cut, wire.http_answer) == (404, b"hello, world, says he")


@pytest.mark.parametrize("cut", range(1, len(REPLY) + 1))
def test_an_answer_in_redis_protocol(cut):
    found = read_in_pieces(REPLY, cut, tile38.resp_answer)
    assert found == [0, [b"b", b"a\r\n"]]


def test_what_tile38_is_asked():
    assert tile38.resp("SET", "网") == b"*2\r\n$3\r\nSET\r\n$3\r\n\xe7\xbd\x91\r\n"
    asked = tile38.over_http(120.1, 35.5).split(b" ")[1]
    assert asked.startswith(b"/INTERSECTS+grids+IDS+OBJECT+%7B%22type%22%3A%22Point%22")
    assert b" " not in asked
    assert tile38.code_of([0, [b"b", b"a"]]) == "a"
    assert tile38.code_of([0, []]) is None
    with pytest.raises(PeerUnavailable, match="invalid"):
        read_in_pieces(b"-ERR invalid\r\n", 3, tile38.resp_answer)


def test_what_tipg_answers():
    assert tipg.code_of(json.dumps([{"code": "1"}]).encode()) == "1"
    assert tipg.code_of(json.dumps({"features": [{"properties": {"code": "2"}}]}).encode()) == "2"
    assert tipg.code_of(b"[]") is None


def test_a_server_that_goes_away():
    ours, theirs = socket.socketpair()
    theirs.sendall(WHOLE[:-3])
    theirs.close()
    with ours, pytest.raises(PeerUnavailable, match="closed"):
        wire.http_answer(ours)


def test_options(monkeypatch, capsys):
    for name in ("BENCH_POINTS", "BENCH_REQUESTS", "BENCH_ONLY"):
        monkeypatch.delenv(name, raising=False)
    whole = parse([], ["a", "b"])
    assert (whole.points, whole.only) == (5_000_000, ("a", "b"))
    monkeypatch.setenv("BENCH_POINTS", "10")
    small = parse(["--only", "b", "--requests", "7"], ["a", "b"])
    assert (small.points, small.requests, small.only) == (10, 7, ("b",))
    for wrong in (["--only", "c"], ["--points", "0"]):
        with pytest.raises(SystemExit):
            parse(wrong, ["a", "b"])
    assert "came c" in capsys.readouterr().err
