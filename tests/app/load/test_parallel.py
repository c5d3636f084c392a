"""Many requests at once, as many kinds as there are: each is answered, and the answer is 2xx, 429 or 503."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence

import httpx
import pytest

from tests.fixtures.served import BUSY, Served

UNIT = f"/v1/units/{BUSY}"


async def ask_at_once(url: str, paths: Sequence[str], **options) -> list[int]:
    """The statuses of requests that are all under way at the same time."""
    limits = httpx.Limits(max_connections=len(paths))
    async with httpx.AsyncClient(base_url=url, limits=limits, timeout=60, **options) as client:
        answers = await asyncio.gather(*(client.get(path) for path in paths))
    for answer in answers:
        if answer.status_code in (429, 503):
            assert int(answer.headers["Retry-After"]) > 0
    return [answer.status_code for answer in answers]


@pytest.mark.parametrize("times", [4, 30])
def test_more_requests_than_connections(served: Served, times: int):
    pool = served.town.settings.pool_size
    statuses = Counter(asyncio.run(ask_at_once(served.url, [UNIT] * (times * pool))))
    assert set(statuses) <= {200, 503}, statuses
    assert statuses[200] >= 3 * pool, statuses
