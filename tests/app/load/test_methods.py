"""HEAD wherever GET, all methods in Allow, and answers of some size compressed for those who take it."""

from __future__ import annotations

import gzip
from collections.abc import Iterator

import httpx
import pytest
from fastapi.routing import iter_route_contexts

from app.kit.compression import WORTH_SQUEEZING, squeeze
from app.main import create_app
from tests.fixtures.served import ADMIN, BUSY, Served
from tests.fixtures.statuses import no_fault

SAMPLES = {
    "code": BUSY,
    "number": "1",
    "name": ADMIN,
    "z": "15",
    "x": "27313",
    "y": "12802",
    "collection": "grid",
    "feature": BUSY,
    "draft_id": "1",
    "grant_id": "1",
    "token_id": "1",
    "version": "0",
}
QUERIES = {
    "/v1/locate": "?lon=120.05&lat=35.88",
    "/v1/convert": "?lon=120.05&lat=35.88",
    "/v1/search": "?q=T0",
}


def addresses() -> dict[str, set[str]]:
    """Every path of the service with samples in it, and its methods over all routes."""
    found: dict[str, set[str]] = {}
    for route in iter_route_contexts(create_app().routes):
        path = route.path_format or ""
        for name in route.param_convertors:
            sample = "js/core/dom.js" if path.startswith("/static") and name == "name" else SAMPLES[name]
            path = path.replace(f"{{{name}}}", sample)
        found.setdefault(path, set()).update(route.methods or ())
    return found


@pytest.fixture(scope="module")
def admin(served: Served) -> Iterator[httpx.Client]:
    with served.person(ADMIN) as client:
        yield client


def lasting(answer: httpx.Response) -> dict[str, str]:
    """Headers that do not change from one moment to the next."""
    moving = {"date", "x-request-id", "set-cookie"}
    # Counters and times of day have more digits today than tomorrow.
    if answer.request.url.path in ("/metrics", "/readyz") or "/items" in answer.request.url.path:
        moving |= {"content-length"}
    return {name: value for name, value in answer.headers.items() if name not in moving}


@pytest.mark.parametrize("path", sorted(path for path, methods in addresses().items() if "GET" in methods))
def test_head_is_get_without_its_body(admin: httpx.Client, path: str):
    address = path + QUERIES.get(path, "")
    whole, head = admin.get(address), admin.head(address)
    assert head.status_code == whole.status_code
    assert lasting(head) == lasting(whole)
    assert head.content == b""
    no_fault(whole)


@pytest.mark.parametrize(("path", "methods"), sorted(addresses().items()))
def test_allow_names_all_methods(admin: httpx.Client, path: str, methods: set[str]):
    answer = admin.request("LOCK", path)
    assert answer.status_code == 405
    expected = methods | ({"HEAD"} if "GET" in methods else set())
    assert set(answer.headers["Allow"].split(", ")) == expected
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "path",
    [
        "/openapi.json",
        "/v1/incidents?limit=200",
        "/v1/incidents/map?zoom=20",
        "/v1/catalog/components",
        "/ogc/collections/grid/items",
        "/maps/units.json",
    ],
)
def test_what_is_long_is_compressed(admin: httpx.Client, path: str):
    plain = admin.get(path, headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert "accept-encoding" in plain.headers["vary"].lower()
    with admin.stream("GET", path, headers={"Accept-Encoding": "gzip"}) as packed:
        raw = b"".join(packed.iter_raw())
    assert packed.headers["content-encoding"] == "gzip"
    assert int(packed.headers["content-length"]) == len(raw)
    assert len(raw) < len(plain.content) / 2
    if "items" not in path:
        assert gzip.decompress(raw) == plain.content
    refused = admin.get(path, headers={"Accept-Encoding": "br, gzip;q=0"})
    assert "content-encoding" not in refused.headers


def test_a_tag_is_the_same_compressed(admin: httpx.Client):
    path = "/maps/units.json"
    tag = admin.get(path).headers["etag"]
    assert admin.get(path, headers={"Accept-Encoding": "identity"}).headers["etag"] == tag
    assert admin.get(path, headers={"If-None-Match": tag}).status_code == 304


@pytest.mark.parametrize("path", ["/", "/healthz", "/v1/session", "/signin"])
def test_pages_with_the_token_and_short_answers_are_not(admin: httpx.Client, path: str):
    assert "content-encoding" not in admin.get(path, headers={"Accept-Encoding": "gzip"}).headers


def test_the_same_bytes_give_the_same_bytes():
    body = b"grid" * WORTH_SQUEEZING * 100
    assert squeeze(body) == squeeze(body)
    assert gzip.decompress(squeeze(body)) == body
    assert gzip.decompress(squeeze(b"")) == b""
