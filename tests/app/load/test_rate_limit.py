"""A rate by address and by token, where the settings name one."""

from __future__ import annotations

from collections.abc import Iterator
from secrets import token_urlsafe

import pytest
from fastapi import FastAPI
from pydantic import ValidationError

from app.auth import sessions
from app.rate_limit import RateLimit
from app.settings import load_settings
from tests.fixtures.actors import add_account, add_session, add_token
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


@pytest.mark.parametrize("name", ["wangge_session", "__Host-wangge_session", "__Secure-wangge_session"])
def test_invented_cookies_count_for_their_address(limited: FastAPI, name: str):
    client = client_on(limited, address=HERE, base_url="https://testserver")
    statuses = [
        client.get("/v1/editions", headers={"Cookie": f"{name}={token_urlsafe(32)}"}).status_code
        for _ in range(100)
    ]
    assert statuses == [200] * 5 + [429] * 95


def test_a_hundred_invented_tokens_of_any_form(limited: FastAPI):
    client = client_on(limited, address=HERE)
    forms = ("Bearer wg_{}", "bearer  wg_{}", "Bearer {}", "Basic {}")
    statuses = [
        client.get(
            "/v1/editions", headers={"Authorization": forms[n % 4].format(token_urlsafe(32))}
        ).status_code
        for n in range(100)
    ]
    assert statuses == [401] * 5 + [429] * 95


def test_a_token_is_one_however_it_is_written(limited: FastAPI, committing_db: CommittingDatabase):
    token = add_token(committing_db.service_engine, "api-consumer", "")
    headers = [{"Authorization": f"{word} {token}"} for word in ("Bearer", "bearer", "BEARER")]
    for each in headers:
        assert client_on(limited, address=HERE).get("/v1/editions", headers=each).status_code == 200
    statuses = [
        client_on(limited, address=THERE).get("/v1/editions", headers=headers[n % 3]).status_code
        for n in range(6)
    ]
    assert statuses == [200] * 5 + [429]


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_session_has_its_own_until_it_ends(
    limited: FastAPI, committing_db: CommittingDatabase, scheme: str
):
    engine, settings = committing_db.service_engine, limited.state.settings
    key, csrf = add_session(engine, settings, add_account(engine, "wang", ("viewer", "")))
    name = sessions.name_of_cookie(settings, secure=scheme == "https")
    site = f"{scheme}://testserver"
    headers = {"Cookie": f"{name}={key}", "X-CSRF-Token": csrf, "Origin": site}
    client = client_on(limited, address=HERE, base_url=site)
    assert [client.get("/v1/session", headers=headers).status_code for _ in range(6)] == [200] * 6
    assert client_on(limited, address=HERE).get("/v1/editions").headers["RateLimit-Remaining"] == "3"
    assert client.delete("/v1/session", headers=headers).status_code == 204
    # Over, and found to be: counts for its address again, where three are left.
    statuses = [client.get("/v1/session", headers=headers).status_code for _ in range(5)]
    assert statuses == [200] * 4 + [429]


def test_without_a_setting_nothing_is_counted(app: FastAPI):
    client = client_on(app)
    assert [client.get("/v1/editions").status_code for _ in range(20)] == [200] * 20
    assert "RateLimit-Limit" not in client.get("/v1/editions").headers
    assert not [each for each in app.user_middleware if each.cls is RateLimit]


@pytest.mark.parametrize("rate", ["many", "5", "5/fortnight", "/second"])
def test_a_rate_that_is_none_is_said_at_the_start(rate: str):
    with pytest.raises(ValidationError, match="600/minute"):
        load_settings(rate_limit=rate)
