"""Whatever anybody sends to any route, the answer is an answer: never a fault of ours, and refusals in one form."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, reject, settings

from app.db.session import EVERYTHING, write_session
from tests.fixtures import throwaway
from tests.fixtures.actors import add_account, add_token
from tests.fixtures.database import settings_for
from tests.fixtures.served import serving_at
from tests.fixtures.towns import publish_town


@pytest.fixture(scope="module")
def fuzzed(database_server, worker_id, tmp_path_factory) -> Iterator[tuple[str, str]]:
    """The address of a service over a town of its own, and a token of somebody who may do everything."""
    from app.db.engine import make_engine

    name = f"wangge_{worker_id}_fuzzed"
    throwaway.drop(database_server, name)
    own = throwaway.clone(database_server, name)
    owner, service = make_engine(own.owner_url), make_engine(own.service_url)
    with write_session(owner, EVERYTHING) as session:
        publish_town(session)
    add_account(service, "zhang", ("admin", ""))
    token = add_token(service, "admin", "")
    owner.dispose()
    service.dispose()
    with serving_at(settings_for(own, tmp_path_factory.mktemp("home"))) as url:
        yield url, token
    throwaway.drop(database_server, name)


def hold_form(response) -> None:
    """Every refusal is a problem document that says what it is about."""
    if response.status_code < 400:
        return
    assert response.headers["content-type"].startswith("application/problem+json"), response.text[:300]
    body = response.json()
    assert body["status"] == response.status_code
    assert body["title"]
    assert body["detail"]


def test_no_route_fails(fuzzed):
    """Every operation of the description, as an administrator and as nobody."""
    url, token = fuzzed
    # Signing in is tried on purpose in tests/app/auth: here it would only meet the throttle.
    described = schemathesis.openapi.from_url(f"{url}/openapi.json").exclude(path_regex="^/v1/session")
    operations = [found.ok() for found in described.get_all_operations()]
    assert len(operations) > 25
    with httpx.Client(base_url=url) as client:
        for operation in operations:
            _try(client, token, operation)


def _try(client: httpx.Client, token: str, operation: Any) -> None:
    @settings(
        max_examples=12,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def tried(case: Any) -> None:
        for headers in ({"Authorization": f"Bearer {token}"}, {}):
            sent = case.as_transport_kwargs(base_url=str(client.base_url), headers=headers)
            sent.pop("cookies", None)
            if isinstance(sent.get("data"), bytes | str):
                sent["content"] = sent.pop("data")
            if isinstance(sent.get("data"), bytes | str):
                # A file: httpx has another word for a body that is no form.
                sent["content"] = sent.pop("data")
            try:
                response = client.request(**sent)
            except (httpx.LocalProtocolError, httpx.InvalidURL, UnicodeEncodeError):
                reject()  # no client can send it
            assert response.status_code < 500, (
                f"{operation.label}: {response.status_code} {response.text[:500]}"
            )
            hold_form(response)

    tried()
