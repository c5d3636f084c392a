"""Many requests at once, of all kinds: each is answered, and the answer is 2xx, 429 or 503."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence

import httpx
import pytest

from tests.fixtures.actors import add_token
from tests.fixtures.event_loops import run_async
from tests.fixtures.served import BUSY, Served
from tests.fixtures.towns import DISTRICT

UNIT = f"/v1/units/{BUSY}"
KINDS = (
    *("/", "/docs", "/v1/session", "/v1/editions", "/v1/catalog/components", "/v1/search?q=3702"),
    *(UNIT, f"{UNIT}/geometry", "/ogc/collections/grid/items", "/maps/tiles/units.json", "/maps/units.json"),
    *("/v1/incidents", "/v1/incidents/map?zoom=12", "/v1/incidents/T00001", f"/v1/grids/{BUSY}/components"),
    *(
        "/v1/drafts",
        "/v1/accounts",
        "/v1/audit",
        "/v1/tokens",
        f"/maps/heat/{DISTRICT}",
        "/readyz",
        "/metrics",
    ),
    "/v1/locate?lon=120.0552&lat=35.8801&crs=EPSG:4326",
    "/v1/convert?lon=120.0552&lat=35.8801&crs=EPSG:32650",
)
NEED_NO_DATABASE = ("/healthz", "/static/0/js/core/dom.js", "/v1/convert?lon=120.05&lat=35.88")


@pytest.fixture(scope="module")
def token(served: Served) -> dict[str, str]:
    secret = add_token(served.town.service_engine, "admin", "")
    return {"Authorization": f"Bearer {secret}"}


async def ask_at_once(url: str, paths: Sequence[str], token: dict[str, str]) -> list[httpx.Response]:
    """The answers to requests that are all under way at the same time; what needs no database is asked by nobody."""
    limits = httpx.Limits(max_connections=len(paths))
    async with httpx.AsyncClient(base_url=url, limits=limits, timeout=60) as client:
        answers = await asyncio.gather(
            *(client.get(path, headers={} if path in NEED_NO_DATABASE else token) for path in paths)
        )
    for answer in answers:
        if answer.status_code in (429, 503):
            assert int(answer.headers["Retry-After"]) > 0
    return answers


@pytest.mark.parametrize("times", [4, 30])
def test_more_requests_than_connections(served: Served, times: int):
    pool = served.town.settings.pool_size
    answers = run_async(ask_at_once(served.url, [UNIT] * (times * pool), {}))
    statuses = Counter(answer.status_code for answer in answers)
    assert set(statuses) <= {200, 503}, statuses
    assert statuses[200] >= 3 * pool, statuses


@pytest.mark.parametrize("times", [4, 30])
def test_all_kinds_at_once_and_what_needs_no_database_among_them(
    served: Served, token: dict[str, str], times: int
):
    count = times * served.town.settings.pool_size
    paths = [
        path for n in range(count) for path in (KINDS[n % len(KINDS)], *NEED_NO_DATABASE[n % 9 : n % 9 + 1])
    ]
    answers = run_async(ask_at_once(served.url, paths, token))
    for answer in answers:
        path = answer.request.url.raw_path.decode()
        allowed = {200} if path in NEED_NO_DATABASE else {200, 429, 503}
        assert answer.status_code in allowed, (path, answer.status_code, answer.text[:200])


def test_every_kind_is_there(served: Served, token: dict[str, str]):
    """Otherwise a refusal would pass for an answer above."""
    for path in (*KINDS, *NEED_NO_DATABASE):
        assert httpx.get(served.url + path, headers=token).status_code == 200, path
