"""Signing in and out, over HTTP, through the whole application."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from argon2 import PasswordHasher
from starlette.testclient import TestClient

from app.auth import passwords, secrets, sessions
from tests.app.auth.table_queries import audit, execute, scalar
from tests.fixtures.actors import PASSWORD, Actors, add_account
from tests.fixtures.clients import NewClient, client_on, serving
from tests.fixtures.database import CommittingDatabase, settings_for

JSON = {"name": "wang.wu", "password": PASSWORD}


@pytest.fixture
def wang(committing_db: CommittingDatabase) -> int:
    return add_account(committing_db.service_engine, "wang.wu", ("dispatcher", "d.a"))


def sign_in(client: TestClient, **changes: Any) -> Any:
    return client.post("/v1/session", json=JSON | changes)


def test_nobody_is_an_answer(client: TestClient) -> None:
    answer = client.get("/v1/session")
    assert answer.status_code == 200
    assert answer.json() == {
        "signed_in": False,
        "name": None,
        "display_name": None,
        "roles": [],
        "csrf": None,
        "must_change_password": False,
        "must_enrol_totp": False,
        "totp": False,
        "idle_ends_at": None,
        "ends_at": None,
    }
    assert answer.headers["cache-control"] == "private, no-store"


@pytest.mark.usefixtures("wang")
def test_signing_in_sets_a_cookie_that_scripts_cannot_read(client: TestClient) -> None:
    answer = sign_in(client)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert body["signed_in"] is True
    assert body["name"] == "wang.wu"
    assert [(r["role"], r["path"]) for r in body["roles"]] == [("dispatcher", "d.a")]
    assert body["csrf"]
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("wangge_session=")
    attributes = {part.strip().lower() for part in cookie.split(";")[1:]}
    assert {"httponly", "samesite=lax", "path=/"} <= attributes
    assert "secure" not in attributes
    assert answer.headers["cache-control"] == "private, no-store"
    times = {"idle_ends_at", "ends_at"}
    again = client.get("/v1/session").json()
    assert {k: v for k, v in again.items() if k not in times} == {
        k: v for k, v in body.items() if k not in times
    }
    begun = datetime.fromisoformat(body["ends_at"]) - timedelta(hours=12)
    assert datetime.fromisoformat(body["idle_ends_at"]) - begun == pytest.approx(
        timedelta(minutes=180), abs=timedelta(seconds=5)
    )


@pytest.mark.usefixtures("wang")
def test_only_the_hash_of_the_key_is_stored(client: TestClient, committing_db: CommittingDatabase) -> None:
    sign_in(client)
    key = client.cookies[sessions.COOKIE]
    stored = scalar(committing_db, "SELECT row_to_json(s)::text FROM session s")
    assert secrets.digest(key) in stored
    assert key not in stored


@pytest.mark.parametrize("name", ["WANG.Wu", " wang.wu ", "ｗａｎｇ.wu"])
@pytest.mark.usefixtures("wang")
def test_a_name_has_one_spelling(client: TestClient, name: str) -> None:
    assert sign_in(client, name=name).json()["name"] == "wang.wu"


@pytest.mark.usefixtures("wang")
def test_every_wrong_way_gets_the_same_answer(client: TestClient, committing_db: CommittingDatabase) -> None:
    add_account(committing_db.service_engine, "gone", ("viewer", ""), active=False)
    answers = [
        sign_in(client, password="not the password"),
        sign_in(client, name="nobody.here"),
        sign_in(client, name="gone"),
        sign_in(client, name="gone", password="not the password"),
        sign_in(client, name="'; DROP TABLE account; --"),
        sign_in(client, name="a\u0301\u4e2d"),
    ]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.text for answer in answers}) == 1
    assert answers[0].json()["code"] == "wrong-credentials"
    assert not any("set-cookie" in answer.headers for answer in answers)


@pytest.mark.usefixtures("wang")
def test_what_was_typed_as_a_name_is_not_logged_when_it_is_none(
    client: TestClient, committing_db: CommittingDatabase
) -> None:
    """People type their password into the field of the name."""
    sign_in(client, name="my-secret-password")
    sign_in(client, password="not the password")
    assert audit(committing_db, "session.refused") == [
        ("anonymous", "account:?", {"reason": "unknown-name"}),
        ("anonymous", "account:wang.wu", {"reason": "password"}),
    ]
    tables = ("audit_log", "sign_in_attempt")
    for table in tables:
        assert "my-secret" not in scalar(committing_db, f"SELECT json_agg(t)::text FROM {table} t")


@pytest.mark.usefixtures("wang")
def test_sign_in_and_out_are_in_the_audit_log_with_the_address(
    client: TestClient, committing_db: CommittingDatabase
) -> None:
    csrf = sign_in(client).json()["csrf"]
    assert client.delete("/v1/session", headers={"X-CSRF-Token": csrf}).status_code == 204
    assert audit(committing_db) == [
        ("wang.wu", "session.opened", "account:wang.wu", {}),
        ("wang.wu", "session.closed", "account:wang.wu", {}),
    ]
    addresses = scalar(committing_db, "SELECT array_agg(DISTINCT host(address)) FROM audit_log")
    assert addresses == ["203.0.113.5"]


@pytest.mark.usefixtures("wang")
def test_signing_out_ends_the_session_in_the_database(client: TestClient, new_client: NewClient) -> None:
    csrf = sign_in(client).json()["csrf"]
    key = client.cookies[sessions.COOKIE]
    answer = client.delete("/v1/session", headers={"X-CSRF-Token": csrf})
    assert answer.status_code == 204
    assert 'wangge_session=""' in answer.headers["set-cookie"]
    thief = new_client()
    thief.cookies.set(sessions.COOKIE, key)
    assert thief.get("/v1/session").json()["signed_in"] is False


def test_signing_out_without_a_session_takes_the_cookie_back(client: TestClient) -> None:
    client.cookies.set(sessions.COOKIE, "stale")
    answer = client.delete("/v1/session")
    assert answer.status_code == 204
    assert 'wangge_session=""' in answer.headers["set-cookie"]


@pytest.mark.usefixtures("wang")
def test_a_planted_key_is_worth_nothing(client: TestClient, new_client: NewClient) -> None:
    """Session fixation: the key is made at sign-in, whatever cookie came along."""
    client.cookies.set(sessions.COOKIE, "planted")
    answer = sign_in(client)
    assert answer.status_code == 200
    assert "wangge_session=planted" not in answer.headers["set-cookie"]
    thief = new_client()
    thief.cookies.set(sessions.COOKIE, "planted")
    assert thief.get("/v1/session").json()["signed_in"] is False


@pytest.mark.usefixtures("wang")
def test_signing_in_again_ends_the_session_of_this_browser_only(
    client: TestClient, new_client: NewClient, committing_db: CommittingDatabase
) -> None:
    other = new_client()
    sign_in(other)
    sign_in(client)
    first = client.cookies[sessions.COOKIE]
    sign_in(client)
    assert client.cookies[sessions.COOKIE] != first
    thief = new_client()
    thief.cookies.set(sessions.COOKIE, first)
    assert thief.get("/v1/session").json()["signed_in"] is False
    assert other.get("/v1/session").json()["signed_in"] is True
    assert scalar(committing_db, "SELECT count(*) FROM session") == 2


def test_a_session_ends_when_it_is_not_used(actors: Actors, committing_db: CommittingDatabase) -> None:
    client = actors.sign_in("viewer")
    assert client.get("/v1/session").json()["signed_in"] is True
    execute(committing_db, "UPDATE session SET expires_at = now() - interval '1 second'")
    assert client.get("/v1/session").json()["signed_in"] is False


def test_using_a_session_keeps_it_alive(actors: Actors, committing_db: CommittingDatabase) -> None:
    client = actors.sign_in("viewer")
    execute(committing_db, "UPDATE session SET expires_at = now() + interval '1 hour'")
    told = client.get("/v1/session").json()["idle_ends_at"]
    left = scalar(committing_db, "SELECT expires_at - now() FROM session")
    assert left > timedelta(minutes=actors.settings.session_idle_minutes - 1)
    assert datetime.fromisoformat(told) == scalar(committing_db, "SELECT expires_at FROM session")


def test_no_session_lives_longer_than_the_setting(actors: Actors, committing_db: CommittingDatabase) -> None:
    client = actors.sign_in("viewer")
    execute(
        committing_db,
        "UPDATE session SET created_at = now() - interval '12 hours' + interval '30 minutes',"
        " expires_at = now() + interval '5 minutes'",
    )
    client.get("/v1/session")
    left = scalar(committing_db, "SELECT expires_at - now() FROM session")
    assert timedelta(minutes=25) < left <= timedelta(minutes=30)


def test_a_session_is_not_written_to_with_every_request(
    actors: Actors, committing_db: CommittingDatabase
) -> None:
    client = actors.sign_in("viewer")
    before = scalar(committing_db, "SELECT xmin::text FROM session")
    for _ in range(3):
        client.get("/v1/session")
    assert scalar(committing_db, "SELECT xmin::text FROM session") == before


def test_a_disabled_account_is_out_at_once(actors: Actors, committing_db: CommittingDatabase) -> None:
    client = actors.sign_in("viewer")
    execute(committing_db, "UPDATE account SET active = false")
    assert client.get("/v1/session").json()["signed_in"] is False


@pytest.mark.usefixtures("wang")
def test_a_hash_made_with_weaker_parameters_is_replaced(
    client: TestClient, committing_db: CommittingDatabase
) -> None:
    weak = PasswordHasher(time_cost=1, memory_cost=256, parallelism=1).hash(PASSWORD)
    execute(committing_db, "UPDATE account SET password_hash = :weak", weak=weak)
    assert sign_in(client).status_code == 200
    stored = scalar(committing_db, "SELECT password_hash FROM account")
    assert stored != weak
    assert not passwords.needs_rehash(stored)
    assert sign_in(client).status_code == 200


def test_secure_cookies_are_a_setting(committing_db: CommittingDatabase, tmp_path: Any) -> None:
    add_account(committing_db.service_engine, "wang.wu", ("viewer", ""))
    settings = settings_for(committing_db.database, tmp_path / "home", secure_cookies=True)
    with serving(settings) as app:
        cookie = sign_in(client_on(app)).headers["set-cookie"]
    assert "; secure" in cookie.lower()


def test_over_https_cookies_are_secure_without_being_told(app: Any, wang: int) -> None:
    client = client_on(app, base_url="https://wangge.example")
    assert "; secure" in sign_in(client).headers["set-cookie"].lower()


@pytest.mark.usefixtures("wang")
@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://testserver.evil.example"},
    ],
)
def test_another_site_cannot_sign_anybody_in(client: TestClient, headers: dict[str, str]) -> None:
    """Or its visitors would work, unknowingly, under an account of its choice."""
    answer = client.post("/v1/session", json=JSON, headers=headers)
    assert answer.status_code == 403
    assert answer.json()["code"] == "forged-request"
    assert "set-cookie" not in answer.headers


@pytest.mark.usefixtures("wang")
@pytest.mark.parametrize(
    "headers",
    [{}, {"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"}, {"Origin": "http://testserver"}],
)
def test_our_own_pages_and_programs_can(client: TestClient, headers: dict[str, str]) -> None:
    assert client.post("/v1/session", json=JSON, headers=headers).status_code == 200


@pytest.mark.usefixtures("wang")
def test_a_form_of_another_site_cannot_carry_credentials(client: TestClient) -> None:
    """A plain form can send text that looks like JSON, but not under that name."""
    answer = client.post(
        "/v1/session",
        content=b'{"name": "wang.wu", "password": "correct horse battery"}',
        headers={"Content-Type": "text/plain"},
    )
    assert answer.status_code == 422
    answer = client.post("/v1/session", data=JSON)
    assert answer.status_code == 422


@pytest.mark.usefixtures("wang")
def test_a_password_never_comes_back(client: TestClient) -> None:
    for status, body in (
        (401, {"name": "wang.wu", "password": "x" * 300 + "SECRET"}),
        (422, {"name": "wang.wu", "password": ["SECRET"]}),
        (422, {"password": "SECRET"}),
        (422, {"name": "", "password": "SECRET"}),
    ):
        answer = client.post("/v1/session", json=body)
        assert answer.status_code == status
        assert "SECRET" not in answer.text


def test_a_long_body_is_refused_before_it_is_kept(client: TestClient) -> None:
    answer = client.post("/v1/session", json=JSON | {"password": "x" * 100_000})
    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/problem+json"

    def endless() -> Iterator[bytes]:
        yield b'{"name": "wang.wu", "password": "'
        for _ in range(100):
            yield b"x" * 10_000

    answer = client.post("/v1/session", content=endless(), headers={"Content-Type": "application/json"})
    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/problem+json"


# ── one's own password ───────────────────────────────────────────────────────────────────────────────


def change(client: TestClient, *, current: str = PASSWORD, new: str = "another long one") -> Any:
    return client.post("/v1/session/password", json={"current": current, "new": new})


def test_changing_the_password_ends_every_other_session(
    actors: Actors, committing_db: CommittingDatabase, new_client: NewClient
) -> None:
    account = add_account(committing_db.service_engine, "li.si", ("viewer", ""))
    here, elsewhere = actors.browser(account), actors.browser(account)
    before = here.cookies[sessions.COOKIE]
    answer = change(here)
    assert answer.status_code == 200, answer.text
    assert elsewhere.get("/v1/session").json()["signed_in"] is False
    key = answer.headers["set-cookie"].partition("=")[2].partition(";")[0]
    assert key != before
    fresh = new_client()
    fresh.cookies.set(sessions.COOKIE, key)
    assert fresh.get("/v1/session").json()["csrf"] == answer.json()["csrf"]
    assert ("li.si", "password.changed", "account:li.si", {}) in audit(committing_db)
    assert new_client().post("/v1/session", json={"name": "li.si", "password": PASSWORD}).status_code == 401
    signed = new_client().post("/v1/session", json={"name": "li.si", "password": "another long one"})
    assert signed.status_code == 200


def test_a_browser_left_open_is_not_enough_to_take_an_account(actors: Actors) -> None:
    client = actors.sign_in("viewer")
    assert change(client, current="a guess at it").status_code == 401
    answers = [change(client, current="a guess at it") for _ in range(6)]
    assert answers[-1].status_code == 429


@pytest.mark.parametrize("new", ["short", "aaaaaaaaaaaaaa", "x" * 257, PASSWORD, "viewer1-viewer1"])
def test_a_weak_new_password_is_refused(actors: Actors, new: str) -> None:
    answer = change(actors.sign_in("viewer"), new=new)
    assert answer.status_code == 422
    assert new not in answer.text


def test_a_token_cannot_change_a_password(actors: Actors) -> None:
    assert change(actors.token("admin")).status_code == 403


def test_somebody_with_a_given_password_can_do_nothing_but_change_it(
    actors: Actors, committing_db: CommittingDatabase
) -> None:
    client = actors.person(("admin", ""), must_change_password=True)
    refused = client.get("/v1/accounts")
    assert refused.status_code == 403
    assert refused.json()["code"] == "password-change-required"
    assert client.get("/v1/session").json()["must_change_password"] is True
    changed = change(client)
    assert changed.status_code == 200
    assert changed.json()["must_change_password"] is False
    client.headers["X-CSRF-Token"] = changed.json()["csrf"]
    client.cookies.set(
        sessions.COOKIE, changed.headers["set-cookie"].partition("=")[2].partition(";")[0], domain=""
    )
    assert scalar(committing_db, "SELECT must_change_password FROM account") is False
