"""Readers that count what others would not notice: questions that were never answered, and those that had to wait."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from bench import wire
from bench.readers import Answers, Readers


class _Server(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    still = threading.Event()
    """While it is set, nobody is answered."""

    def do_GET(self) -> None:
        while self.still.is_set():
            time.sleep(0.01)
        body = b'{"grid":null}' if "good" in self.path else b"{}"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def port() -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Server)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_standstill_makes_every_question_of_it_late_and_a_wrong_answer_is_a_failure(port: int):
    readers = Readers(port, [wire.get("/good"), wire.get("/good"), wire.get("/good"), wire.get("/other")])
    time.sleep(4)
    _Server.still.set()
    time.sleep(0.5)
    _Server.still.clear()
    time.sleep(1)
    answers = readers.stop()
    late = answers.took > 0.1
    assert late.sum() > 50, "not the one question of each connection that was under way"
    assert answers.took.max() > 0.4
    assert 0.1 < answers.failed / len(answers.due) < 0.4


def test_only_what_was_due_in_a_time_is_told_of_it():
    answers = Answers(np.array([1.0, 2.0, 3.0]), np.array([0.1, 0.2, 0.3]), np.array([True, False, True]))
    assert answers.between(2, 3).failed == 1
    assert str(answers.between(1, 2)) == "p50 100.0, p99 100, max 100 ms"
    assert str(answers.between(5, 6)) == "nothing asked"
