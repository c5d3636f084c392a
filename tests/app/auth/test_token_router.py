"""API tokens over HTTP."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from starlette.testclient import TestClient

from app.auth import secrets
from tests.app.auth.table_queries import audit, execute, scalar
from tests.fixtures.actors import Actors, add_account
from tests.fixtures.clients import NewClient
from tests.fixtures.database import CommittingDatabase

pytestmark = pytest.mark.usefixtures("units")


def issue(client: TestClient, **changes: Any) -> Any:
    body = {"name": "nightly export", "role": "api-consumer", "scope": "a"} | changes
    return client.post("/v1/tokens", json=body)


def with_token(client: TestClient, token: str) -> TestClient:
    client.headers["Authorization"] = f"Bearer {token}"
    return client


def test_a_token_is_shown_once_and_works(
    actors: Actors, new_client: NewClient, committing_db: CommittingDatabase
) -> None:
    admin = actors.sign_in("admin", "d")
    made = issue(admin)
    assert made.status_code == 201, made.text
    assert made.headers["cache-control"] == "private, no-store"
    body = made.json()
    token = body.pop("token")
    assert token.startswith("wg_")
    assert body["prefix"] == token[:11]
    assert (body["role"], body["scope"], body["path"], body["unit"]) == ("api-consumer", "a", "d.a", "a 名")
    assert admin.get("/v1/tokens").json()["items"] == [body]
    stored = scalar(committing_db, "SELECT row_to_json(t)::text FROM api_token t")
    assert token not in stored
    assert secrets.digest(token) in stored

    program = with_token(new_client(), token)
    assert program.get("/v1/session").json()["name"] == "nightly export"
    assert [r["path"] for r in program.get("/v1/session").json()["roles"]] == ["d.a"]
    logged = audit(committing_db, "token.issued")
    assert [(actor, detail["role"], detail["scope"]) for actor, _, detail in logged] == [
        ("admin1", "api-consumer", "d.a")
    ]
    assert token not in str(logged)


@pytest.mark.parametrize(
    ("role", "path", "asked", "scope", "status"),
    [
        ("admin", "", "admin", None, 201),
        ("admin", "d.a", "dispatcher", "a", 201),
        ("admin", "d.a", "dispatcher", "g1", 201),
        ("admin", "d.a", "viewer", None, 403),
        ("admin", "d.a", "viewer", "d", 403),
        ("admin", "d.a", "viewer", "b", 403),
        ("dispatcher", "d.a", "dispatcher", "a", 201),
        ("dispatcher", "d.a", "viewer", "a1", 201),
        ("dispatcher", "d.a", "gis-editor", "a", 403),
        ("dispatcher", "d.a", "api-consumer", "a", 403),
        ("viewer", "d.a", "admin", "a", 403),
        ("viewer", "d.a", "viewer", "", 403),
    ],
)
def test_nobody_gives_more_than_they_have(
    actors: Actors, role: str, path: str, asked: str, scope: str | None, status: int
) -> None:
    answer = issue(actors.sign_in(role, path), role=asked, scope=scope)
    assert answer.status_code == status, answer.text
    if status == 403:
        assert answer.json()["code"] == "gives-too-much"


def test_a_token_does_not_issue_tokens(actors: Actors) -> None:
    assert issue(actors.token("admin")).status_code == 403


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"role": "boss"}, "role-unknown"),
        ({"scope": "nowhere"}, "scope-unknown"),
        ({"scope": "d.a"}, "scope-unknown"),
        ({"scope": "grid:a"}, "scope-unknown"),
        ({"name": "   "}, "token-name-length"),
        ({"name": "x" * 101}, "invalid"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, "expiry-past"),
        ({"expires_at": "2099-01-01T00:00:00"}, "invalid"),
        ({"extra": 1}, "invalid"),
    ],
)
def test_refusals_name_what_is_wrong(actors: Actors, changes: dict[str, Any], code: str) -> None:
    answer = issue(actors.sign_in("admin"), **changes)
    assert answer.status_code == 422
    assert answer.json()["code"] == code


def test_a_scope_may_name_its_level(actors: Actors) -> None:
    assert issue(actors.sign_in("admin"), scope="street:a").json()["path"] == "d.a"


def test_a_code_of_two_units_must_name_its_level(actors: Actors, committing_db: CommittingDatabase) -> None:
    execute(
        committing_db,
        "INSERT INTO unit_version (level, code, name, kind, parent_code, district_code, path, editions, geom, area_m2)"
        " SELECT 'grid', 'a', 'x', 'base', 'a1', 'd', 'd.a.a1.a', editions, geom, 1 FROM unit_version WHERE code = 'g1'",
    )
    admin = actors.sign_in("admin")
    refused = issue(admin, scope="a")
    assert refused.status_code == 422
    assert refused.json()["choices"] == ["street:a", "grid:a"]
    assert issue(admin, scope="grid:a").json()["path"] == "d.a.a1.a"


def test_a_revoked_token_is_out_at_once(
    actors: Actors, new_client: NewClient, committing_db: CommittingDatabase
) -> None:
    admin = actors.sign_in("admin")
    made = issue(admin).json()
    program = with_token(new_client(), made["token"])
    assert program.get("/v1/session").status_code == 200
    assert admin.delete(f"/v1/tokens/{made['id']}").status_code == 204
    refused = program.get("/v1/session")
    assert refused.status_code == 401
    assert refused.json()["code"] == "invalid-token"
    assert admin.get("/v1/tokens").json()["items"][0]["revoked_at"]
    assert admin.delete(f"/v1/tokens/{made['id']}").status_code == 204
    assert len(audit(committing_db, "token.revoked")) == 1


def test_a_token_ends_when_it_was_said_to(
    actors: Actors, new_client: NewClient, committing_db: CommittingDatabase
) -> None:
    ends = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    program = with_token(new_client(), issue(actors.sign_in("admin"), expires_at=ends).json()["token"])
    assert program.get("/v1/session").status_code == 200
    execute(committing_db, "UPDATE api_token SET expires_at = now() - interval '1 second'")
    assert program.get("/v1/session").status_code == 401


def test_a_token_loses_what_its_owner_loses(
    actors: Actors, new_client: NewClient, committing_db: CommittingDatabase
) -> None:
    account = add_account(committing_db.service_engine, "wang", ("dispatcher", "d.a"))
    token = issue(actors.browser(account), role="viewer", scope="a1").json()["token"]
    program = with_token(new_client(), token)
    assert [r["path"] for r in program.get("/v1/session").json()["roles"]] == ["d.a.a1"]
    execute(committing_db, "UPDATE account_grant SET scope_path = 'd.b'")
    assert program.get("/v1/session").json()["roles"] == []
    execute(committing_db, "UPDATE account_grant SET scope_path = 'd', role = 'grid-leader'")
    assert [r["path"] for r in program.get("/v1/session").json()["roles"]] == ["d.a.a1"]
    execute(committing_db, "UPDATE account SET active = false")
    assert program.get("/v1/session").status_code == 401


def test_people_see_their_own_tokens_and_administrators_those_of_their_units(
    actors: Actors, committing_db: CommittingDatabase
) -> None:
    wang, zhao = actors.sign_in("dispatcher", "d.a"), actors.sign_in("dispatcher", "d.a")
    mine = issue(wang, role="viewer", scope="a1", name="mine").json()
    issue(actors.sign_in("admin"), scope=None, name="wide")

    def names(client: TestClient) -> list[str]:
        return [each["name"] for each in client.get("/v1/tokens").json()["items"]]

    assert names(wang) == ["mine"]
    assert names(zhao) == []
    assert names(actors.sign_in("admin", "d.a")) == ["mine"]
    assert names(actors.sign_in("admin", "d.b")) == []
    assert names(actors.sign_in("admin")) == ["wide", "mine"]
    for stranger in (zhao, actors.sign_in("admin", "d.b")):
        assert stranger.delete(f"/v1/tokens/{mine['id']}").status_code == 404
    assert actors.sign_in("admin", "d.a").delete(f"/v1/tokens/{mine['id']}").status_code == 204


def test_use_is_remembered_but_not_with_every_request(
    actors: Actors, committing_db: CommittingDatabase
) -> None:
    program = actors.token("viewer")
    program.get("/v1/session")
    first = scalar(committing_db, "SELECT last_used_at FROM api_token")
    assert first is not None
    program.get("/v1/session")
    assert scalar(committing_db, "SELECT last_used_at FROM api_token") == first
    execute(committing_db, "UPDATE api_token SET last_used_at = now() - interval '11 minutes'")
    program.get("/v1/session")
    assert scalar(committing_db, "SELECT last_used_at > now() - interval '1 minute' FROM api_token")


@pytest.mark.usefixtures("actors")
def test_nobody_has_no_tokens(client: TestClient) -> None:
    assert client.get("/v1/tokens").status_code == 401
    assert issue(client).status_code == 401
    assert client.delete("/v1/tokens/1").status_code == 401
