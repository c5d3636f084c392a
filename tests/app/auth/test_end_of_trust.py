"""Tokens end with the trust they stand on, and never make trust themselves."""

from __future__ import annotations

import ast
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from starlette.testclient import TestClient

import app as application
from app.auth.csrf import SAFE_METHODS
from app.auth.policy import policy_of
from tests.app.auth.table_queries import audit, execute, scalar
from tests.fixtures.actors import PASSWORD, Actors, add_account
from tests.fixtures.clients import NewClient
from tests.fixtures.commands import Command
from tests.fixtures.database import CommittingDatabase

pytestmark = pytest.mark.usefixtures("units")

NEW = "another long one"


def issue(client: TestClient, **changes: Any) -> Any:
    return client.post("/v1/tokens", json={"name": "t", "role": "viewer", "scope": "a"} | changes)


def program(new_client: NewClient, token: str) -> TestClient:
    client = new_client()
    client.headers["Authorization"] = f"Bearer {token}"
    return client


@pytest.fixture
def wang(committing_db: CommittingDatabase) -> int:
    return add_account(committing_db.service_engine, "wang", ("dispatcher", "d.a"))


@pytest.mark.parametrize("keep", [False, True])
def test_a_changed_password_ends_tokens_unless_they_are_kept(
    actors: Actors, wang: int, new_client: NewClient, committing_db: CommittingDatabase, keep: bool
) -> None:
    browser = actors.browser(wang)
    robot = program(new_client, issue(browser).json()["token"])
    body = {"current": PASSWORD, "new": NEW} | ({"keep_tokens": True} if keep else {})
    assert browser.post("/v1/session/password", json=body).status_code == 200
    assert robot.get("/v1/session").status_code == (200 if keep else 401)
    ended = [(who, detail["reason"]) for who, _, detail in audit(committing_db, "token.revoked")]
    assert ended == ([] if keep else [("wang", "password.changed")])


def test_a_password_set_by_an_administrator_always_ends_tokens(
    actors: Actors, wang: int, new_client: NewClient, committing_db: CommittingDatabase
) -> None:
    robot = program(new_client, issue(actors.browser(wang)).json()["token"])
    assert actors.sign_in("admin").post("/v1/accounts/wang/password", json={}).status_code == 200
    assert robot.get("/v1/session").status_code == 401
    assert [d["reason"] for _, _, d in audit(committing_db, "token.revoked")] == ["password.set"]


def test_a_disabled_account_does_not_get_its_tokens_back(
    actors: Actors, wang: int, new_client: NewClient
) -> None:
    robot = program(new_client, issue(actors.browser(wang)).json()["token"])
    admin = actors.sign_in("admin")
    assert admin.patch("/v1/accounts/wang", json={"active": False}).status_code == 200
    assert robot.get("/v1/session").status_code == 401
    assert admin.patch("/v1/accounts/wang", json={"active": True}).status_code == 200
    assert robot.get("/v1/session").status_code == 401


def test_tokens_of_others_stay(actors: Actors, wang: int, new_client: NewClient) -> None:
    robot = program(new_client, issue(actors.sign_in("dispatcher", "d.a")).json()["token"])
    assert actors.sign_in("admin").post("/v1/accounts/wang/password", json={}).status_code == 200
    assert robot.get("/v1/session").status_code == 200


def test_the_command_line_ends_tokens_too(
    actors: Actors, wang: int, new_client: NewClient, wangge_empty: Command
) -> None:
    robot = program(new_client, issue(actors.browser(wang)).json()["token"])
    assert wangge_empty("user", "password", "wang", "--json").code == 0
    assert robot.get("/v1/session").status_code == 401


def test_a_token_ends_by_itself_when_nobody_said_when(
    actors: Actors, committing_db: CommittingDatabase
) -> None:
    made = issue(actors.sign_in("dispatcher", "d.a")).json()
    left = datetime.fromisoformat(made["expires_at"]) - datetime.now(UTC)
    assert timedelta(days=89) < left <= timedelta(days=90)
    assert made["expires_soon"] is False
    execute(committing_db, "UPDATE api_token SET expires_at = now() + interval '13 days'")
    assert actors.sign_in("admin").get("/v1/tokens").json()["items"][0]["expires_soon"] is True


@pytest.mark.parametrize("end", [None, "2099-01-01T00:00:00Z"])
def test_an_endless_token_is_an_administrators_word(actors: Actors, end: str | None) -> None:
    refused = issue(actors.sign_in("dispatcher", "d.a"), expires_at=end)
    assert (refused.status_code, refused.json()["code"]) == (403, "lasts-too-long")
    assert issue(actors.sign_in("admin", "d.a"), expires_at=end).status_code == 403
    assert issue(actors.sign_in("admin"), expires_at=end).json()["expires_at"] == (
        end and end.replace("Z", "+00:00").replace("+00:00", "Z")
    )


def test_the_command_line_says_when_tokens_end(
    wangge_empty: Command, committing_db: CommittingDatabase
) -> None:
    made = wangge_empty("token", "issue", "--name", "t", "--role", "viewer", "--json").document
    left = datetime.fromisoformat(made["expires_at"]) - datetime.now(UTC)
    assert timedelta(days=89) < left <= timedelta(days=90)
    named = wangge_empty(
        "token", "issue", "--name", "d", "--role", "viewer", "--expires", "2099-01-31", "--json"
    )
    assert named.document["expires_at"] == "2099-02-01T00:00:00+08:00"
    endless = wangge_empty("token", "issue", "--name", "e", "--role", "viewer", "--expires", "never")
    assert endless.code == 0
    assert "不过期" in endless.err
    execute(committing_db, "UPDATE api_token SET expires_at = now() + interval '3 days' WHERE name = 't'")
    listed = wangge_empty("token", "list")
    assert "即将到期" in listed.out
    assert "两周内到期" in listed.err
    for wrong in (
        ("--expires", "tomorrow"),
        ("--expires", "9999-12-31"),
        ("--expires", "never", "--days", "3"),
    ):
        refused = wangge_empty("token", "issue", "--name", "x", "--role", "viewer", *wrong)
        assert refused.code == 2, refused
    assert scalar(committing_db, "SELECT count(*) FROM api_token") == 3


# ── no token makes trust ─────────────────────────────────────────────────────────────────────────────

# What the two routes of signing in write is a session, with a password that was proved.
BY_PASSWORD = {("POST", "/v1/session"), ("DELETE", "/v1/session")}


def _writing_routes(app: FastAPI) -> list[tuple[str, str, Any]]:
    return [
        (method, route.path or "?", route)
        for route in iter_route_contexts(app.routes)
        for method in sorted(set(route.methods or ()) - SAFE_METHODS)
        if getattr(route.endpoint, "__module__", "").startswith("app.auth.")
        and (method, route.path) not in BY_PASSWORD
    ]


def test_no_token_gets_at_accounts_grants_passwords_or_tokens(
    app: FastAPI, actors: Actors, committing_db: CommittingDatabase
) -> None:
    """Whatever writes to the tables of access is closed to programs, also to those of administrators."""
    robot = actors.token("admin")
    found = _writing_routes(app)
    assert {("POST", "/v1/accounts"), ("POST", "/v1/tokens")} <= {(m, p) for m, p, _ in found}
    for method, path, route in found:
        policy = policy_of(route)
        assert policy is not None
        assert policy.people_only, f"{method} {path}"
        answer = robot.request(method, re.sub(r"{\w+}", "1", path), json={})
        assert answer.status_code == 403, f"{method} {path}: {answer.status_code}"
    assert scalar(committing_db, "SELECT count(*) FROM account") == 0
    assert scalar(committing_db, "SELECT count(*) FROM audit_log") == 0


def test_only_the_folder_of_access_touches_its_tables() -> None:
    """So that looking at its routes is looking at all that make trust."""
    models = {"Account", "Grant", "ApiToken", "SignInSession", "TotpDevice", "RecoveryCode"}
    folder = Path(application.__file__).parent
    for path in folder.rglob("*.py"):
        inside = path.relative_to(folder).as_posix()
        if inside.startswith(("auth/", "migrations/", "models.py", "cli/", "db/cluster/")):
            continue
        imported = {
            alias.name
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("app.auth")
            for alias in node.names
        }
        assert not imported & models, f"{inside} imports {imported & models}"
