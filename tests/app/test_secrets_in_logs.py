"""What must never be in a log: passwords, keys, tokens, and the values of statements that failed."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import pytest
from fastapi import FastAPI
from sqlalchemy import text

from app.auth import sessions
from app.auth.dependencies import Read
from app.auth.policy import public
from app.auth.schemas import Credentials
from tests.fixtures.actors import PASSWORD, add_account
from tests.fixtures.clients import client_on, serving
from tests.fixtures.database import CommittingDatabase, settings_for

WORD = "s3cret-w0rd-of-somebody"


def add_broken_routes(app: FastAPI) -> None:
    """Routes with bugs, which hold a secret in their hands when they fail."""

    @app.post("/v1/bug", dependencies=[public()])
    def bug(given: Credentials, session: Read) -> None:
        held = given.password.get_secret_value()
        raise ZeroDivisionError(len(held) and "a bug")

    @app.post("/v1/statement", dependencies=[public()])
    def statement(given: Credentials, session: Read) -> None:
        session.execute(text("SELECT 1 / 0 + length(:word)"), {"word": given.password.get_secret_value()})


@pytest.fixture(params=["text", "json"])
def log_format(request: pytest.FixtureRequest) -> Literal["text", "json"]:
    form: Literal["text", "json"] = request.param
    return form


@dataclass(frozen=True)
class Broken:
    """An application with bugs, and what it logs."""

    app: FastAPI
    written: io.StringIO


@pytest.fixture
def broken(committing_db: CommittingDatabase, tmp_path: Any, log_format: str) -> Iterator[Broken]:
    settings = settings_for(
        committing_db.database, tmp_path / "home", log_format=log_format, log_level="debug"
    )
    with serving(settings) as app:
        add_broken_routes(app)
        written = io.StringIO()
        (handler,) = [each for each in logging.getLogger().handlers if type(each) is logging.StreamHandler]
        handler.setStream(written)
        yield Broken(app, written)


@pytest.mark.parametrize("address", ["/v1/bug", "/v1/statement"])
def test_a_bug_is_logged_without_what_it_held(broken: Broken, address: str, log_format: str) -> None:
    client = client_on(broken.app, raise_server_exceptions=False)
    answer = client.post(address, json={"name": "wang", "password": WORD}, headers={"Cookie": f"x={WORD}"})
    assert answer.status_code == 500
    logged = broken.written.getvalue()
    assert "ZeroDivisionError" in logged or "DivisionByZero" in logged, "the fault itself is told"
    assert "test_secrets_in_logs.py" in logged, "and where"
    assert WORD not in logged
    assert WORD not in answer.text
    if log_format == "json":
        for line in logged.splitlines():
            json.loads(line)


def test_signing_in_and_using_keys_leaves_none_in_the_log(
    broken: Broken, committing_db: CommittingDatabase
) -> None:
    add_account(committing_db.service_engine, "wang", ("admin", ""))
    client = client_on(broken.app)
    body = client.post("/v1/session", json={"name": "wang", "password": PASSWORD}).json()
    key = client.cookies[sessions.COOKIE]
    client.headers["X-CSRF-Token"] = body["csrf"]
    token = client.post("/v1/tokens", json={"name": "t", "role": "viewer"}).json()["token"]
    program = client_on(broken.app)
    program.headers["Authorization"] = f"Bearer {token}"
    assert program.get("/v1/session").status_code == 200
    assert program.get(f"/v1/search?q={WORD}").status_code == 200
    client.post("/v1/session", json={"name": "wang", "password": WORD})
    logged = broken.written.getvalue()
    assert "/v1/tokens" in logged, "requests are logged"
    ours = "\n".join(
        line for line in logged.splitlines() if "HTTP Request:" not in line
    )  # the test client's own
    for secret in (PASSWORD, key, body["csrf"], token, WORD):
        assert secret not in ours
