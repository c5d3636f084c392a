"""What is sent is looked at after who sends it, and never in any length or depth."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import closing
from urllib.parse import urlsplit

import httpx
import pytest
from fastapi.routing import iter_route_contexts
from hypothesis import given
from hypothesis import strategies as st

from app.auth.policy import policy_of
from app.auth.routing import Route
from app.kit.body_limit import DEEPEST_JSON, is_deeper
from app.main import create_app
from app.settings import Settings
from tests.fixtures.served import ADMIN, Served

HUGE = 2**40
FRAMEWORK = {"/openapi.json"}


def writing_routes() -> list[tuple[str, str, int]]:
    """(method, an address, what nobody is told) of everything that may take a body."""
    found = []
    for route in iter_route_contexts(create_app().routes):
        address = route.path_format or ""
        for name in route.param_convertors:
            address = address.replace(f"{{{name}}}", "1")
        policy = policy_of(route)
        # Who may not come in is told so; where anybody may, that it is too much.
        status = 413 if policy is not None and policy.is_open(Settings()) else 401
        writing = sorted(route.methods & {"POST", "PUT", "PATCH", "DELETE"})
        found += [(method, address, status) for method in writing]
    return found


def test_every_route_is_of_the_kind_that_limits():
    for route in iter_route_contexts(create_app().routes):
        assert route.path in FRAMEWORK or isinstance(route.original_route, Route), route.path


def head_of_answer(url: str, head: str, *, body: bytes = b"") -> tuple[int, dict[str, str]]:
    """Send the head of a request and perhaps a beginning; the status and headers that come although no more is sent."""
    where = urlsplit(url)
    with closing(socket.create_connection((where.hostname, where.port), timeout=20)) as wire:
        wire.sendall(head.encode() + b"\r\n\r\n" + body)
        data = b""
        while b"\r\n\r\n" not in data:
            piece = wire.recv(65536)
            assert piece, "closed without an answer"
            data += piece
    lines = data.split(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")
    return int(lines[0].split()[1]), {
        name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:])
    }


@pytest.mark.parametrize(("method", "path", "expected"), writing_routes())
def test_a_huge_body_of_nobody_is_refused_before_it_comes(
    served: Served, method: str, path: str, expected: int
):
    """Answered although not one byte of the body was sent."""
    head = f"{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {HUGE}"
    status, headers = head_of_answer(served.url, head)
    assert status == expected, headers


def test_a_body_without_length_is_refused_while_it_comes(served: Served):
    head = (
        "POST /v1/session HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked"
    )
    chunk = b'{"name":"' + b"a" * 40_000
    two = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (chunk, b"b" * 40_000))
    status, _ = head_of_answer(served.url, head, body=two)
    assert status == 413


@pytest.fixture(scope="module")
def admin(served: Served) -> Iterator[httpx.Client]:
    with served.person(ADMIN) as client:
        yield client


def test_who_is_known_is_told_what_fits(admin: httpx.Client, served: Served):
    most = served.town.settings.max_json_kb * 1024
    answer = admin.post("/v1/drafts", content=b'{"title":"' + b"a" * most + b'"}')
    assert answer.status_code == 413
    assert answer.json()["most_bytes"] == most
    assert answer.json()["code"] == "body-too-large"


@pytest.mark.parametrize("path", ["/v1/drafts", "/v1/drafts/1/operations", "/v1/session", "/v1/tokens"])
@pytest.mark.parametrize(
    "body",
    [
        b"[" * 60_000,
        b'{"a":' * 10_000,
        b"[" * 30_000 + b"]" * 30_000,
        b'{"title":' + b"[" * 70 + b"]" * 70 + b"}",
    ],
    ids=["open", "objects", "closed", "70 levels"],
)
def test_deep_nesting_is_a_refusal(admin: httpx.Client, path: str, body: bytes):
    headers = {"Content-Type": "application/json", "If-Match": '"1-1"'}
    answer = admin.post(path, content=body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "too-deep")


def test_many_values_beside_one_another_are_an_ordinary_refusal(admin: httpx.Client):
    body = b'{"title":[' + b"[]," * 600_000 + b"[]]}"
    assert admin.post("/v1/drafts", content=body).status_code == 422


json_values = st.recursive(
    st.none() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
)


def depth(value: object) -> int:
    if isinstance(value, dict):
        return 1 + max(map(depth, value.values()), default=0)
    return 1 + max(map(depth, value), default=0) if isinstance(value, list) else 0


@given(json_values, st.booleans(), st.integers(0, 6))
def test_depth_is_counted_as_a_parser_would(value: object, ascii_only: bool, most: int):
    assert is_deeper(json.dumps(value, ensure_ascii=ascii_only).encode("utf-8", "replace"), most) is (
        depth(value) > most
    )


@given(st.text(alphabet='[]{}"\\a', max_size=200))
def test_what_is_no_json_has_a_depth_too(text: str):
    assert is_deeper(text.encode(), DEEPEST_JSON) in (True, False)
    assert is_deeper(b"[" * (DEEPEST_JSON + 1) + text.encode(), DEEPEST_JSON)
