"""The second factor: set up, asked for, never taken twice, and away when the phone is gone."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyotp
import pytest
from starlette.testclient import TestClient

from app.auth import sessions, totp
from app.kit import clock
from tests.app.auth.table_queries import audit, execute, scalar
from tests.fixtures.actors import PASSWORD, Actors, add_account
from tests.fixtures.clients import NewClient, client_on, serving
from tests.fixtures.commands import Command
from tests.fixtures.database import CommittingDatabase

Clock = Callable[[float], None]


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Moves the clock by which codes are made and checked."""
    began = clock.now()

    def move(seconds: float) -> None:
        monkeypatch.setattr(totp, "now", lambda: began + timedelta(seconds=seconds))

    move(0)
    return move


def code_at(secret: str, seconds: float = 0) -> str:
    return pyotp.TOTP(secret).at(int(totp.now().timestamp() + seconds))


def enrol(browser: TestClient) -> tuple[str, list[str]]:
    begun = browser.post("/v1/session/totp", json={"password": PASSWORD})
    assert begun.status_code == 201, begun.text
    secret = begun.json()["secret"]
    confirmed = browser.post("/v1/session/totp/confirm", json={"code": code_at(secret)})
    assert confirmed.status_code == 200, confirmed.text
    return secret, confirmed.json()["recovery_codes"]


def sign_in(client: TestClient, code: str | None = None, **more: Any) -> Any:
    body = {"name": "root", "password": PASSWORD} | ({"code": code} if code else {}) | more
    return client.post("/v1/session", json=body)


@pytest.fixture
def root(committing_db: CommittingDatabase) -> int:
    return add_account(committing_db.service_engine, "root", ("admin", ""))


@pytest.fixture
def browser(actors: Actors, root: int) -> TestClient:
    return actors.browser(root)


def test_offered_set_up_and_asked_for(
    at: Clock, browser: TestClient, new_client: NewClient, committing_db: CommittingDatabase
) -> None:
    assert browser.get("/v1/session/totp").json() == {
        "enabled": False,
        "required": False,
        "recovery_codes": 0,
    }
    begun = browser.post("/v1/session/totp", json={"password": PASSWORD}).json()
    assert begun["uri"].startswith("otpauth://totp/")
    assert begun["secret"] in begun["uri"]
    assert begun["picture"].startswith("data:image/svg+xml")
    # Not before a code of it came: nobody locks themselves out with a picture they did not scan.
    assert sign_in(new_client()).status_code == 200
    assert browser.post("/v1/session/totp/confirm", json={"code": "000000"}).status_code == 422
    secret, codes = enrol(browser)
    assert len(set(codes)) == 8
    assert browser.get("/v1/session").json()["totp"] is True
    assert browser.post("/v1/session/totp", json={"password": PASSWORD}).status_code == 409

    asked = sign_in(new_client())
    assert (asked.status_code, asked.json()["code"]) == (401, "totp-required")
    assert "set-cookie" not in asked.headers
    at(60)
    answer = sign_in(new_client(), code_at(secret))
    assert answer.status_code == 200
    assert answer.json()["totp"] is True
    everything = scalar(
        committing_db,
        "SELECT (SELECT json_agg(t)::text FROM totp_device t) || (SELECT json_agg(r)::text FROM recovery_code r)"
        " || (SELECT json_agg(a)::text FROM audit_log a)",
    )
    for hidden in (secret, *codes, *(each.replace("-", "") for each in codes)):
        assert hidden not in everything
    assert (committing_db.settings.home / "totp.key").stat().st_mode & 0o777 == 0o600
    assert [entry[:2] for entry in audit(committing_db, "totp.enabled")] == [("root", "account:root")]


def test_a_code_opens_once(at: Clock, browser: TestClient, new_client: NewClient) -> None:
    secret, _ = enrol(browser)
    assert sign_in(new_client(), code_at(secret)).json()["code"] == "wrong-code", (
        "it confirmed the app already"
    )
    at(60)
    code = code_at(secret)
    assert sign_in(new_client(), code).status_code == 200
    for _ in range(2):
        again = sign_in(new_client(), code)
        assert (again.status_code, again.json()["code"]) == (401, "wrong-code")
    # Nor one of a step before it, which was not used.
    assert sign_in(new_client(), code_at(secret, -30)).status_code == 401
    assert sign_in(new_client(), f" {code_at(secret, 30)[:3]} {code_at(secret, 30)[3:]}").status_code == 200


def test_one_code_sent_many_times_at_once_opens_once(at: Clock, browser: TestClient, app: Any) -> None:
    secret, _ = enrol(browser)
    at(60)
    code = code_at(secret)
    clients = [client_on(app, address=f"203.0.113.{n}") for n in range(6)]
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda client: sign_in(client, code).status_code, clients))
    assert answers.count(200) == 1
    assert set(answers) <= {200, 401, 503}


@pytest.mark.parametrize("drift", [-90, 90, -3600])
def test_a_clock_that_is_wrong_by_more_than_a_step_is_refused(
    at: Clock, browser: TestClient, new_client: NewClient, drift: int
) -> None:
    secret, _ = enrol(browser)
    at(300)
    assert sign_in(new_client(), code_at(secret, drift)).status_code == 401
    assert sign_in(new_client(), code_at(secret, -30)).status_code == 200


def test_recovery_codes_open_once_each(
    at: Clock, browser: TestClient, new_client: NewClient, committing_db: CommittingDatabase
) -> None:
    _, codes = enrol(browser)
    assert sign_in(new_client(), codes[0].upper().replace("-", " ")).status_code == 200
    assert sign_in(new_client(), codes[0]).status_code == 401
    assert browser.get("/v1/session/totp").json()["recovery_codes"] == 7
    assert [entry[2] for entry in audit(committing_db, "totp.recovered")] == [{"left": 7}]


def test_guessing_codes_is_slowed_down_and_written_down(
    at: Clock, browser: TestClient, new_client: NewClient, committing_db: CommittingDatabase
) -> None:
    secret, _ = enrol(browser)
    at(60)
    right = code_at(secret)
    wrong = next(each for each in ("000000", "111111") if each != right)
    stranger = new_client()
    answers = [sign_in(stranger, wrong).status_code for _ in range(7)]
    assert answers == [401] * 5 + [429] * 2
    assert sign_in(stranger, right).status_code == 429
    refused = [entry[2]["reason"] for entry in audit(committing_db, "session.refused")]
    assert refused == ["code"] * 5


def test_a_wrong_password_says_nothing_of_the_second_factor(
    at: Clock, browser: TestClient, new_client: NewClient
) -> None:
    enrol(browser)
    answer = sign_in(new_client(), password="not the password")
    assert answer.json()["code"] == "wrong-credentials"
    assert "totp" not in answer.text


def test_being_asked_for_the_code_is_no_failure(
    at: Clock, browser: TestClient, new_client: NewClient, committing_db: CommittingDatabase
) -> None:
    enrol(browser)
    for _ in range(8):
        assert sign_in(new_client()).json()["code"] == "totp-required"
    assert scalar(committing_db, "SELECT count(*) FROM sign_in_attempt WHERE NOT succeeded") == 0


def test_setting_it_up_takes_the_password_and_ends_other_sessions(
    at: Clock, actors: Actors, root: int, browser: TestClient
) -> None:
    elsewhere = actors.browser(root)
    assert browser.post("/v1/session/totp", json={"password": "a guess at it"}).status_code == 401
    assert browser.post("/v1/session/totp/confirm", json={"code": "123456"}).status_code == 409
    enrol(browser)
    assert elsewhere.get("/v1/session").json()["signed_in"] is False
    assert browser.get("/v1/session").json()["signed_in"] is True
    assert actors.token("admin").get("/v1/session/totp").status_code == 403


def test_removing_it_takes_password_and_code(
    at: Clock, browser: TestClient, new_client: NewClient, committing_db: CommittingDatabase
) -> None:
    secret, codes = enrol(browser)
    at(60)

    def remove(password: str, code: str) -> int:
        return int(
            browser.request(
                "DELETE", "/v1/session/totp", json={"password": password, "code": code}
            ).status_code
        )

    assert remove("not the password", code_at(secret)) == 401
    assert remove(PASSWORD, "000000") == 401
    assert remove(PASSWORD, "") == 401
    assert remove(PASSWORD, code_at(secret)) == 204
    assert sign_in(new_client()).status_code == 200
    assert sign_in(new_client(), codes[0]).status_code == 200, "a code that is not needed is not looked at"
    assert scalar(committing_db, "SELECT count(*) FROM recovery_code") == 0


def test_an_administrator_and_the_operator_take_it_away(
    at: Clock, actors: Actors, browser: TestClient, new_client: NewClient, wangge_empty: Command
) -> None:
    enrol(browser)
    assert actors.sign_in("admin", "d").delete("/v1/accounts/root/totp").status_code == 404
    assert actors.sign_in("admin").delete("/v1/accounts/root/totp").status_code == 200
    assert browser.get("/v1/session").json()["signed_in"] is False
    assert sign_in(new_client()).status_code == 200
    done = wangge_empty("user", "totp-reset", "root", "--json")
    assert done.code == 0
    assert done.document["name"] == "root"
    assert wangge_empty("user", "totp-reset", "nobody").code == 1


def test_without_its_key_nobody_gets_in_and_is_told_why(
    at: Clock,
    browser: TestClient,
    new_client: NewClient,
    committing_db: CommittingDatabase,
    wangge_empty: Command,
) -> None:
    secret, _ = enrol(browser)
    at(60)
    key: Path = committing_db.settings.home / "totp.key"
    kept = key.read_bytes()
    for damage in (key.unlink, lambda: key.write_bytes(b"nonsense")):
        damage()
        answer = sign_in(new_client(), code_at(secret))
        assert (answer.status_code, answer.json()["code"]) == (503, "totp-key")
        assert str(key.parent) not in answer.text
    key.write_bytes(kept)
    assert sign_in(new_client(), code_at(secret)).status_code == 200
    key.unlink()
    assert wangge_empty("user", "totp-reset", "root").code == 0
    assert sign_in(new_client()).status_code == 200


# ── demanded by the setting ──────────────────────────────────────────────────────────────────────────


def test_where_it_is_demanded_administrators_do_nothing_before(
    at: Clock, committing_db: CommittingDatabase, root: int
) -> None:
    settings = committing_db.settings.model_copy(update={"require_totp": "admin"})
    with serving(settings) as app:
        actors = Actors(app, committing_db.service_engine, settings)
        browser = actors.browser(root)
        assert browser.get("/v1/session").json()["must_enrol_totp"] is True
        refused = browser.get("/v1/accounts")
        assert (refused.status_code, refused.json()["code"]) == (403, "totp-enrolment-required")
        assert browser.post("/v1/tokens", json={"name": "t", "role": "admin"}).status_code == 403
        page = browser.get("/dispatch", headers={"Accept": "text/html"})
        assert page.headers["location"] == "/account?next=%2Fdispatch"
        assert browser.get("/account", headers={"Accept": "text/html"}).status_code == 200
        assert actors.sign_in("dispatcher", "d").get("/v1/session").json()["must_enrol_totp"] is False
        secret, _ = enrol(browser)
        assert browser.get("/v1/accounts").status_code == 200
        at(60)
        signed = sign_in(client_on(app), code_at(secret))
        assert signed.json()["must_enrol_totp"] is False
        street = actors.sign_in("admin", "d.a")
        assert street.get("/v1/accounts").status_code == 403, "administrators of a street too"
    assert sessions.COOKIE in browser.cookies
    execute(committing_db, "DELETE FROM totp_device")
