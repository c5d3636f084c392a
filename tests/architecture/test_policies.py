"""Every route says who may call it, and what it says is what happens."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from starlette.routing import Mount

from app.auth.csrf import SAFE_METHODS
from app.auth.policy import Policy, policy_of
from app.main import create_app
from tests.fixtures.actors import Actors
from tests.fixtures.clients import client_on, serving
from tests.fixtures.database import CommittingDatabase

# Not ours: made by FastAPI itself, and it tells only how to ask.
FRAMEWORK = {"/openapi.json"}

# Routes that anybody may call whatever the settings, each with its reason. A new one is added here on purpose.
ALWAYS_OPEN = {
    ("GET", "/healthz"): "probes have no account",
    ("GET", "/readyz"): "probes have no account",
    ("GET", "/ca.crt"): "a certificate is public, and a phone fetches it before it trusts us",
    ("GET", "/v1/session"): "whether one is signed in",
    ("POST", "/v1/session"): "signing in",
    ("DELETE", "/v1/session"): "signing out, also when the session is over",
    ("GET", "/signin"): "the page to sign in",
    ("GET", "/docs"): "how to ask",
    ("GET", "/static/{version}/{name}"): "scripts and styles",
}


def routes(app: FastAPI) -> Iterator[tuple[str, str, Any]]:
    """(method, path, route) of everything the application answers."""
    for route in iter_route_contexts(app.routes):
        if route.path in FRAMEWORK:
            continue
        for method in sorted(set(route.methods or ("?",)) - {"HEAD"}):
            yield method, re.sub(r":\w+}", "}", route.path or "?"), route


@pytest.fixture(scope="module")
def declared() -> dict[tuple[str, str], Policy | None]:
    """The policies of a real application; making it opens nothing."""
    return {(method, path): policy_of(route) for method, path, route in routes(create_app())}


def test_there_are_routes_to_look_at(declared: dict[tuple[str, str], Policy | None]) -> None:
    assert ("GET", "/v1/locate") in declared
    assert ("POST", "/v1/accounts") in declared
    assert len(declared) > 30


def test_nothing_is_mounted_that_has_no_routes_to_look_at() -> None:
    """A mounted application would answer behind the policies' back."""
    assert not [each for each in create_app().routes if isinstance(each, Mount)]


def test_every_route_declares_its_policy(declared: dict[tuple[str, str], Policy | None]) -> None:
    silent = sorted(f"{method} {path}" for (method, path), policy in declared.items() if policy is None)
    assert not silent, "add dependencies=[allow(…)] (app.auth.policy) to: " + ", ".join(silent)


def test_what_is_always_open_is_known(declared: dict[tuple[str, str], Policy | None]) -> None:
    opened = {
        key for key, policy in declared.items() if policy and policy.kind == "public" and not policy.open_by
    }
    assert opened == set(ALWAYS_OPEN)


def test_nothing_is_written_by_everybody(declared: dict[tuple[str, str], Policy | None]) -> None:
    """Asking for owners carries a body but writes nothing."""
    opened = {
        key
        for key, policy in declared.items()
        if policy and (policy.kind == "public" or policy.open_by) and key[0] not in SAFE_METHODS
    }
    assert opened == {("POST", "/v1/session"), ("DELETE", "/v1/session"), ("POST", "/v1/locate")}


def test_a_forgotten_policy_would_be_found() -> None:
    app = create_app()
    app.get("/v1/forgotten")(lambda: None)
    found = {(method, path): policy_of(route) for method, path, route in routes(app)}
    assert found["GET", "/v1/forgotten"] is None


def _address(path: str) -> str:
    return re.sub(r"{\w+}", "1", path)


def test_nobody_gets_past_a_closed_door(app: FastAPI) -> None:
    """Every route that is not open answers 401 to nobody, before it looks at anything else."""
    nobody = client_on(app)
    tried = 0
    for method, path, route in routes(app):
        policy = policy_of(route)
        if policy is None or policy.kind == "public" or policy.open_by:
            continue
        answer = nobody.request(method, _address(path))
        assert answer.status_code == 401, f"{method} {path}: {answer.status_code}"
        tried += 1
    assert tried > 15


def test_a_guest_without_any_role_gets_past_none_that_asks_for_one(app: FastAPI, actors: Actors) -> None:
    guest = actors.person()
    for method, path, route in routes(app):
        policy = policy_of(route)
        if policy is not None and policy.kind == "allow":
            answer = guest.request(method, _address(path))
            assert answer.status_code == 403, f"{method} {path}: {answer.status_code}"


def test_with_public_doors_closed_only_the_always_open_answer(
    committing_db: CommittingDatabase,
) -> None:
    closed = committing_db.settings.model_copy(update={"public_locate": False, "public_layers": False})
    with serving(closed) as app:
        nobody = client_on(app)
        for method, path, _ in routes(app):
            answer = nobody.request(method, _address(path))
            if (method, path) in ALWAYS_OPEN:
                assert answer.status_code != 401 or path == "/v1/session", f"{method} {path}"
            else:
                assert answer.status_code == 401, f"{method} {path}: {answer.status_code}"


def test_the_description_of_the_api_says_the_same(declared: dict[tuple[str, str], Policy | None]) -> None:
    described = create_app().openapi()["paths"]
    seen = 0
    for (method, path), policy in declared.items():
        operation = described.get(path, {}).get(method.lower())
        if operation is None or policy is None:
            continue
        seen += 1
        assert bool(operation["security"]) == (policy.kind != "public"), (method, path)
        assert ({} in operation["security"]) == bool(policy.open_by or policy.on_machine), (method, path)
    assert seen > 25
