"""``wangge user`` as an operator runs it."""

from __future__ import annotations

import getpass
import io
from typing import Any, get_args

import pytest

from app.auth.models import ROLES
from app.cli.user import RoleName
from tests.app.auth.table_queries import audit, scalar
from tests.fixtures.actors import Actors, add_account
from tests.fixtures.clients import NewClient
from tests.fixtures.commands import Command
from tests.fixtures.database import CommittingDatabase

OPERATOR = f"cli:{getpass.getuser()}"
pytestmark = pytest.mark.usefixtures("units")


def type_in(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(text))


def sign_in(client: Any, name: str, password: str) -> int:
    return int(client.post("/v1/session", json={"name": name, "password": password}).status_code)


def test_the_roles_of_the_command_line_are_those_of_the_database() -> None:
    assert get_args(RoleName) == ROLES


def test_the_first_administrator(
    wangge_empty: Command, new_client: NewClient, committing_db: CommittingDatabase
) -> None:
    done = wangge_empty("user", "add", "Boss", "--role", "admin", "--display", "王主任")
    assert done.code == 0, done
    assert "boss  王主任  admin（全域）" in done.out
    password = done.out.strip().splitlines()[-1]
    assert sign_in(new_client(), "boss", password) == 200
    assert audit(committing_db, "account.created") == [(OPERATOR, "account:boss", {"display_name": "王主任"})]


def test_as_one_document(wangge_empty: Command, new_client: NewClient) -> None:
    done = wangge_empty("user", "add", "wang", "--role", "dispatcher", "--scope", "a", "--json")
    assert done.code == 0, done
    assert done.err == ""
    assert done.document["roles"] == [{"role": "dispatcher", "scope": "a", "path": "d.a", "unit": "a 名"}]
    assert sign_in(new_client(), "wang", done.document["password"]) == 200


def test_a_password_from_standard_input_is_not_printed(
    wangge_empty: Command, new_client: NewClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    type_in(monkeypatch, "a long enough one\r\n")
    done = wangge_empty("user", "add", "wang", "--role", "viewer", "--password-stdin", "--json")
    assert done.code == 0, done
    assert "long enough" not in done.out + done.err
    assert "password" not in done.document
    assert sign_in(new_client(), "wang", "a long enough one") == 200


@pytest.mark.parametrize(
    ("arguments", "code", "word"),
    [
        (["add", "wang", "--role", "boss"], 2, "boss"),
        (["add", "wang"], 2, "--role"),
        (["add", "wang", "--role", "viewer", "--scope", "nowhere"], 3, "nowhere"),
        (["add", "a b", "--role", "viewer"], 3, "a b"),
        (["add", "taken", "--role", "viewer"], 3, "taken"),
        (["add", "wang", "--role", "viewer", "--password-stdin"], 3, "密码"),
        (["grant", "nobody", "--role", "viewer"], 1, "nobody"),
        (["revoke", "taken", "--role", "viewer", "--scope", "b"], 1, "viewer"),
        (["password", "nobody"], 1, "nobody"),
        (["disable", "nobody"], 1, "nobody"),
        (["disable", "only.admin"], 3, "only.admin"),
    ],
)
def test_refusals_say_what_and_change_nothing(
    wangge_empty: Command,
    committing_db: CommittingDatabase,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    code: int,
    word: str,
) -> None:
    add_account(committing_db.service_engine, "taken", ("viewer", "d.a"))
    add_account(committing_db.service_engine, "only.admin", ("admin", ""))
    type_in(monkeypatch, "")
    done = wangge_empty("user", *arguments)
    assert done.code == code, done
    assert word in done.err
    assert "Traceback" not in done.err
    assert scalar(committing_db, "SELECT count(*) FROM account") == 2
    assert audit(committing_db) == []


def test_grant_and_revoke_by_the_code_of_a_unit(
    wangge_empty: Command, committing_db: CommittingDatabase
) -> None:
    add_account(committing_db.service_engine, "wang", ("viewer", "d.a"))
    done = wangge_empty("user", "grant", "wang", "--role", "gis-editor", "--scope", "street:b", "--json")
    assert [(r["role"], r["path"]) for r in done.document["roles"]] == [
        ("viewer", "d.a"),
        ("gis-editor", "d.b"),
    ]
    for scope in ("a", "d.a", "street:a"):
        wangge_empty("user", "grant", "wang", "--role", "viewer", "--scope", "a")
        done = wangge_empty("user", "revoke", "wang", "--role", "viewer", "--scope", scope, "--json")
        assert done.code == 0, done
        assert [r["role"] for r in done.document["roles"]] == ["gis-editor"]
    assert {entry[0] for entry in audit(committing_db)} == {OPERATOR}


def test_a_right_in_a_unit_that_is_gone_can_be_taken_by_its_path(
    wangge_empty: Command, committing_db: CommittingDatabase
) -> None:
    add_account(committing_db.service_engine, "wang", ("viewer", "d.gone"), ("viewer", ""))
    done = wangge_empty("user", "revoke", "wang", "--role", "viewer", "--scope", "d.gone", "--json")
    assert [r["path"] for r in done.document["roles"]] == [""]
    done = wangge_empty("user", "revoke", "wang", "--role", "viewer", "--json")
    assert done.document["roles"] == []


def test_list(wangge_empty: Command, committing_db: CommittingDatabase) -> None:
    add_account(committing_db.service_engine, "wang", ("viewer", "d.a"), ("admin", ""))
    add_account(committing_db.service_engine, "zhao", active=False)
    shown = wangge_empty("user", "list")
    assert "viewer（a 名）" in shown.out
    assert "停用" in shown.out
    document = wangge_empty("user", "list", "ZHA", "--json").document
    assert [(each["name"], each["active"]) for each in document["accounts"]] == [("zhao", False)]
    assert "hash" not in str(document)


def test_a_new_password_ends_sessions(
    wangge_empty: Command, actors: Actors, new_client: NewClient, committing_db: CommittingDatabase
) -> None:
    browser = actors.person(("viewer", ""), name="wang")
    done = wangge_empty("user", "password", "wang", "--must-change", "--json")
    assert done.code == 0, done
    assert browser.get("/v1/session").json()["signed_in"] is False
    assert done.document["must_change_password"] is True
    assert sign_in(new_client(), "wang", done.document["password"]) == 200


def test_disable_and_enable(wangge_empty: Command, actors: Actors) -> None:
    browser = actors.person(("viewer", ""), name="wang")
    assert "已停用" in wangge_empty("user", "disable", "wang").out
    assert browser.get("/v1/session").json()["signed_in"] is False
    assert wangge_empty("user", "enable", "wang", "--json").document["active"] is True


def test_in_english(wangge_empty: Command) -> None:
    done = wangge_empty("user", "add", "wang", "--role", "viewer", "--scope", "nowhere", lang="en")
    assert "No district, street, community or grid" in done.err
