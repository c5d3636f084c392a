"""Halves of surrogate pairs, bytes that are not UTF-8, NUL: refused by every operation, with the name of the field."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from fastapi.routing import iter_route_contexts
from hypothesis import given
from hypothesis import strategies as st

from app.kit.visible import encodable
from app.main import create_app
from tests.fixtures.hostile_town import COMPUTED, CORE, EVERYBODY, LONG, UNSEEN, HostileTown
from tests.fixtures.statuses import no_fault

NO_TEXT = ("半\ud800个", "\udfff", "空\0")
NO_BYTES = ("%ff", "a%ED%A0%80", "b%00")
UNSAFE = ("post", "put", "patch", "delete")


def described() -> dict[str, Any]:
    return create_app().openapi()


DESCRIBED = described()
OPERATIONS = [
    (method, path, operation)
    for path, methods in DESCRIBED["paths"].items()
    for method, operation in methods.items()
    if method in ("get", *UNSAFE)
]


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    name = schema.get("$ref", "").rpartition("/")[2]
    return DESCRIBED["components"]["schemas"][name] if name else schema


def fields_of(operation: dict[str, Any]) -> list[str]:
    """The fields of a JSON body by the description of the API; for a free one, what is sent usually."""
    content = operation.get("requestBody", {}).get("content", {}).get("application/json")
    if content is None:
        return []
    return list(resolved(content["schema"]).get("properties", {})) or ["op", "grid", "name", "geometry"]


WITH_BODY = [
    (method, path, fields_of(operation)) for method, path, operation in OPERATIONS if fields_of(operation)
]


def filled(path: str, **values: str) -> str:
    """An address with its parameters filled in, as a browser would write it."""
    for name in [part[1:-1] for part in path.split("/") if part.startswith("{")]:
        path = path.replace(f"{{{name}}}", values.get(name, "1"))
    return path.replace("{y}.pbf", values.get("y", "1") + ".pbf")


@pytest.fixture(scope="module")
def admin(hostile: HostileTown) -> Iterator[httpx.Client]:
    """Somebody who may do everything, in a browser."""
    with hostile.person(EVERYBODY) as client:
        yield client


def refused(answer: Any, field: str, *, status: int = 422) -> None:
    assert answer.status_code == status, (answer.request.method, str(answer.request.url), answer.text)
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert field in body["field"], body
    assert field in body["detail"] or field == "body"
    json.dumps(body, ensure_ascii=False).encode()


def test_there_is_something_to_try() -> None:
    assert len(OPERATIONS) > 50
    assert len(WITH_BODY) >= 13
    assert ("post", "/v1/session", ["name", "password", "code"]) in WITH_BODY


@pytest.mark.parametrize("method,path,fields", WITH_BODY, ids=lambda value: str(value)[:60])  # noqa: PT006
def test_every_field_of_every_body(admin: httpx.Client, method: str, path: str, fields: list[str]) -> None:
    if path == "/v1/locate":
        return  # Numbers only: it has a reader of its own, which is tried below.
    for field in fields:
        for text in NO_TEXT:
            for value, place in ((text, field), ([{"deep": [text]}], f"{field}.0.deep.0")):
                content = json.dumps({field: value})
                answer = admin.request(
                    method, filled(path), content=content, headers={"Content-Type": "application/json"}
                )
                refused(answer, place)
    kind = {"Content-Type": "application/json"}
    refused(admin.request(method, filled(path), content=rb'{"x\udead":1}', headers=kind), "x\\udead")


@pytest.mark.parametrize("method,path,fields", WITH_BODY, ids=lambda value: str(value)[:60])  # noqa: PT006
def test_whole_text_in_every_field(admin: httpx.Client, method: str, path: str, fields: list[str]) -> None:
    """Taken or refused, hostile text is never run and never a fault of ours."""
    for field in fields:
        for text in (CORE, CORE + UNSEEN, LONG):
            for value in (text, {text: [text]}):
                # A draft and an account that nobody has: nothing of the town is changed.
                answer = admin.request(
                    method, filled(path, draft_id="999", name="nobody"), json={field: value}
                )
                no_fault(answer, field)
                assert COMPUTED not in answer.text
                answer.json()


def test_a_password_is_not_repeated(admin: httpx.Client) -> None:
    content = rb'{"name":"li","password":"geheim\ud800"}'
    answer = admin.post("/v1/session", content=content, headers={"Content-Type": "application/json"})
    refused(answer, "password")
    assert "geheim" not in answer.text
    assert "第 7 个字符是 U+D800" in answer.json()["detail"]


@pytest.mark.parametrize("method,path,fields", WITH_BODY, ids=lambda value: str(value)[:60])  # noqa: PT006
def test_a_body_that_is_not_utf8(admin: httpx.Client, method: str, path: str, fields: list[str]) -> None:
    kind = {"Content-Type": "application/json"}
    if path == "/v1/locate":
        answer = admin.request(method, path, content=b'{"crs":"\xff"}', headers=kind)
        assert answer.status_code == 422
        answer = admin.request(method, path, content=b'{"points":[[1,2]],"crs":"\\ud800"}', headers=kind)
        assert answer.status_code == 422
        return
    answer = admin.request(method, filled(path), content=b'{"a":"\xff"}', headers=kind)
    refused(answer, "body")
    assert answer.json()["position"] == 6
    # Python's reader of JSON takes these bytes of half a pair for one, and UTF-16, too.
    refused(admin.request(method, filled(path), content=b'{"a":"\xed\xa0\x80"}', headers=kind), "a")
    utf16 = (
        json.dumps({"a": "x"}, ensure_ascii=False).replace("x", "\ud800").encode("utf-16-le", "surrogatepass")
    )
    refused(admin.request(method, filled(path), content=utf16, headers=kind), "a")


@pytest.mark.parametrize("method,path,operation", OPERATIONS, ids=lambda value: str(value)[:60])  # noqa: PT006
def test_every_parameter_of_every_address(
    admin: httpx.Client, method: str, path: str, operation: dict[str, Any]
) -> None:
    strict = 400 if path.startswith("/ogc") else 422
    named = {"in": "query", "name": "不曾有"}
    for parameter in [*operation.get("parameters", []), named]:
        name = parameter["name"]
        for broken in NO_BYTES:
            if parameter["in"] == "query":
                answer = admin.request(method, f"{filled(path)}?{name}={broken}")
                refused(answer, name, status=strict)
            elif parameter["in"] == "path":
                answer = admin.request(method, filled(path, **{name: broken}))
                refused(answer, name, status=422 if "00" in broken else 400)


def test_pages_and_files_too(admin: httpx.Client) -> None:
    """Those that the description of the API leaves out, from the table of routes itself."""
    known = set(DESCRIBED["paths"])
    others = [each for each in iter_route_contexts(create_app().routes) if each.path_format not in known]
    pages = {each.path_format for each in others} - {"/openapi.json"}
    assert {"/", "/dispatch", "/editor", "/signin", "/docs"} <= pages
    for path in pages:
        for broken in NO_BYTES:
            refused(admin.get(f"{filled(path)}?next={broken}"), "next")


def test_whole_text_passes(admin: httpx.Client) -> None:
    """Pairs of surrogates are an emoji, and a backslash before a u is a backslash."""
    body = b'{"title":"\\ud83d\\ude00 \\\\ud800 \\u00e9"}'
    answer = admin.post("/v1/drafts", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 201, answer.text
    assert answer.json()["title"] == "😀 \\ud800 é"
    assert admin.get("/v1/search?q=%F0%9F%98%80100%25%ZZ").status_code == 200


DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(exclude_categories=())),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(exclude_categories=())), inner),
    max_leaves=12,
)


@given(DOCUMENTS)
def test_whatever_a_refusal_repeats_can_be_sent(document: Any) -> None:
    from app.problems import ProblemDocument

    sent = ProblemDocument({"came": document}).body
    assert json.loads(sent)["came"] == encodable(document)
