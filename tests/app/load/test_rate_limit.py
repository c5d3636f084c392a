"""A rate by address and by token, where the settings name one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from pydantic import ValidationError

from app.rate_limit import RateLimit
from app.settings import load_settings
from tests.fixtures.actors import add_token
from tests.fixtures.clients import client_on, serving
from tests.fixtures.database import CommittingDatabase, settings_for

HERE, THERE = "203.0.113.5", "198.51.100.7"


@pytest.fixture
def limited(committing_db: CommittingDatabase) -> Iterator[FastAPI]:
    settings = settings_for(
        committing_db.database,
        committing_db.settings.home,
        rate_limit="5/hour",
        rate_limit_token="8/hour",
    )
    with serving(settings) as app:
        yield app


def test_an_address_has_its_rate_and_another_its_own(limited: FastAPI):
    client = client_on(limited, address=HERE)
    answers = [client.get("/v1/editions") for _ in range(7)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [429] * 2
    assert [int(answer.headers["RateLimit-Remaining"]) for answer in answers] == [4, 3, 2, 1, 0, 0, 0]
    refused = answers[-1]
    assert refused.headers["RateLimit-Limit"] == "5"
    assert 0 < int(refused.headers["Retry-After"]) <= 7200
    assert refused.json()["code"] == "rate-limit"
    assert refused.headers["content-type"] == "application/problem+json"
    assert client.get("/v1/locate?lon=120.05&lat=35.88").status_code == 429, "the short way counts, too"
    assert client.get("/healthz").status_code == 200
    assert client_on(limited, address=THERE).get("/v1/editions").status_code == 200


def test_a_token_has_its_own_wherever_it_comes_from(limited: FastAPI, committing_db: CommittingDatabase):
    token = add_token(committing_db.service_engine, "api-consumer", "")
    headers = {"Authorization": f"Bearer {token}"}
    statuses = [
        client_on(limited, address=place).get("/v1/editions", headers=headers).status_code
        for place in (HERE, THERE) * 5
    ]
    assert statuses == [200] * 8 + [429] * 2
    assert client_on(limited, address=HERE).get("/v1/editions").status_code == 200


def test_invented_tokens_count_for_their_address(limited: FastAPI):
    client = client_on(limited, address=HERE)
    statuses = [
        client.get("/v1/editions", headers={"Authorization": f"Bearer wg_{n}"}).status_code for n in range(8)
    ]
    assert statuses == [401] * 5 + [429] * 3


def test_without_a_setting_nothing_is_counted(app: FastAPI):
    client = client_on(app)
    assert [client.get("/v1/editions").status_code for _ in range(20)] == [200] * 20
    assert "RateLimit-Limit" not in client.get("/v1/editions").headers
    assert not [each for each in app.user_middleware if each.cls is RateLimit]


@pytest.mark.parametrize("rate", ["many", "5", "5/fortnight", "/second"])
def test_a_rate_that_is_none_is_said_at_the_start(rate: str):
    with pytest.raises(ValidationError, match="600/minute"):
        load_settings(rate_limit=rate)
