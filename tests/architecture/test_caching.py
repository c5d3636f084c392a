"""What depends on who asks is kept by nobody: every route, by its policy."""

from __future__ import annotations

import re
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from starlette.testclient import TestClient

from app.auth.policy import policy_of
from app.main import create_app
from tests.fixtures.actors import Actors
from tests.fixtures.clients import client_on, serving
from tests.fixtures.database import CommittingDatabase

NO_STORE = "private, no-store"
ASKER = {"cookie", "authorization", "accept-language"}

# The same for everybody who may ask at all; all else is kept by nobody. A new one is added here on purpose.
SAME_FOR_ALL = {
    ("GET", "/v1/locate"),
    ("POST", "/v1/locate"),
    ("GET", "/v1/convert"),
    ("GET", "/v1/catalog/components"),
    ("GET", "/v1/catalog/incident-classes"),
    ("GET", "/v1/catalog/events"),
    ("GET", "/v1/editions/{number}/lineage"),
    ("GET", "/v1/units/{code}/geometry"),
    ("GET", "/v1/units/{code}/touching"),
    ("GET", "/maps/tiles/units/{z}/{x}/{y}.pbf"),
    ("GET", "/maps/tiles/units.json"),
    ("GET", "/maps/units.json"),
    ("GET", "/ogc"),
    ("GET", "/ogc/api"),
    ("GET", "/ogc/conformance"),
    ("GET", "/ogc/collections"),
    ("GET", "/ogc/collections/{collection}"),
    ("GET", "/ogc/collections/{collection}/queryables"),
    ("GET", "/ogc/collections/{collection}/items"),
    ("GET", "/ogc/collections/{collection}/items/{feature}"),
    ("GET", "/static/{version}/{name}"),
}


def routes(app: FastAPI) -> list[tuple[str, str, Any]]:
    return [
        (method, re.sub(r":\w+}", "}", route.path or "?"), policy_of(route))
        for route in iter_route_contexts(app.routes)
        for method in sorted(set(route.methods or ()) - {"HEAD"})
        if policy_of(route) is not None
    ]


def varies_by(answer: Any) -> set[str]:
    return {name.strip().lower() for name in answer.headers.get("vary", "").split(",")}


def address(path: str) -> str:
    path = path.replace("{z}/{x}/{y}", "3/6/3").replace("{code}", "g1").replace("{collection}", "grid")
    return re.sub(r"{\w+}", "1", path)


def test_what_may_be_kept_is_known() -> None:
    assert {(m, p) for m, p, policy in routes(create_app()) if policy.same_for_all} == SAME_FOR_ALL


@pytest.mark.usefixtures("units")
@pytest.mark.parametrize("who", ["nobody", "viewer", "admin", "program"])
def test_every_other_answer_is_kept_by_nobody(app: FastAPI, actors: Actors, who: str) -> None:
    asker = {
        "nobody": lambda: client_on(app),
        "viewer": lambda: actors.sign_in("viewer"),
        "admin": lambda: actors.sign_in("admin"),
        "program": lambda: actors.token("admin"),
    }[who]()
    answered = 0
    for method, path, policy in routes(app):
        if policy.same_for_all or (method, path) == ("DELETE", "/v1/session"):
            continue
        answer = asker.request(method, address(path))
        answered += answer.status_code < 300
        assert answer.headers.get("cache-control") == NO_STORE, f"{method} {path}"
        assert varies_by(answer) >= ASKER, f"{method} {path}"
    assert answered > 5
    assert asker.get("/nowhere").headers["cache-control"] == NO_STORE


@pytest.mark.usefixtures("units")
def test_refusals_are_kept_by_nobody(client: TestClient) -> None:
    for path, status in (
        ("/maps/tiles/units.json?edition=77", 404),
        ("/ogc/collections/none", 404),
        ("/v1/convert", 422),
        ("/static/x/none.js", 404),
    ):
        answer = client.get(path)
        assert answer.status_code == status, path
        assert answer.headers["cache-control"] == NO_STORE
        assert varies_by(answer) >= ASKER


@pytest.mark.usefixtures("units")
def test_what_is_the_same_for_all_may_be_kept_while_all_may_ask(
    client: TestClient, committing_db: CommittingDatabase
) -> None:
    paths = (
        "/v1/convert?lon=120&lat=36",
        "/ogc/collections",
        "/v1/catalog/incident-classes",
        "/maps/tiles/units.json",
    )
    for path in paths:
        assert "no-store" not in client.get(path).headers["cache-control"], path
    closed = committing_db.settings.model_copy(update={"public_locate": False, "public_layers": False})
    with serving(closed) as app:
        program = Actors(app, committing_db.service_engine, closed).token("viewer")
        for path in paths:
            answer = program.get(path)
            assert answer.status_code == 200, path
            assert answer.headers["cache-control"].startswith("private, "), path
            assert varies_by(answer) >= ASKER, path


@pytest.mark.usefixtures("units")
def test_accounts_behind_editions_are_for_those_with_a_role(client: TestClient, actors: Actors) -> None:
    def names(asker: TestClient) -> set[str | None]:
        return {each["author"] for each in asker.get("/v1/editions").json()["editions"]}

    assert names(client) == {None}
    assert names(actors.person()) == {None}
    assert None not in names(actors.sign_in("viewer"))
