"""``wangge token`` as an operator runs it."""

from __future__ import annotations

import getpass

import pytest

from tests.app.auth.table_queries import audit, execute, scalar
from tests.fixtures.clients import NewClient
from tests.fixtures.commands import Command, Result
from tests.fixtures.database import CommittingDatabase

OPERATOR = f"cli:{getpass.getuser()}"
pytestmark = pytest.mark.usefixtures("units")


def issue(wangge: Command, name: str = "etl", *more: object) -> Result:
    return wangge("token", "issue", "--name", name, "--role", "api-consumer", "--scope", "a", *more)


def status(new_client: NewClient, token: str) -> int:
    client = new_client()
    client.headers["Authorization"] = f"Bearer {token}"
    return int(client.get("/v1/session").status_code)


def test_a_token_is_printed_once_and_alone(
    wangge_empty: Command, new_client: NewClient, committing_db: CommittingDatabase
) -> None:
    """``TOKEN=$(wangge token issue …)`` must work: the words about it go to standard error."""
    done = issue(wangge_empty)
    assert done.code == 0, done
    token = done.out.strip()
    assert token.startswith("wg_")
    assert " " not in token
    assert "etl" in done.err
    assert token not in done.err
    assert status(new_client, token) == 200
    assert token not in wangge_empty("token", "list").out
    assert token not in scalar(committing_db, "SELECT json_agg(t)::text FROM api_token t")
    logged = audit(committing_db, "token.issued")
    assert [(actor, detail["scope"]) for actor, _, detail in logged] == [(OPERATOR, "d.a")]


def test_as_one_document(wangge_empty: Command, new_client: NewClient) -> None:
    document = issue(wangge_empty, "etl", "--days", 30, "--json").document
    assert (document["role"], document["scope"], document["unit"]) == ("api-consumer", "a", "a 名")
    assert document["expires_at"]
    assert status(new_client, document["token"]) == 200


def test_list_tells_live_from_revoked_and_expired(
    wangge_empty: Command, committing_db: CommittingDatabase
) -> None:
    for name in ("live", "expired", "ended"):
        issue(wangge_empty, name)
    execute(
        committing_db, "UPDATE api_token SET expires_at = now() - interval '1 day' WHERE name = 'expired'"
    )
    assert wangge_empty("token", "revoke", "ended").code == 0
    shown = wangge_empty("token", "list").out
    for name, state in (("live", "有效"), ("expired", "已过期"), ("ended", "已吊销")):
        line = next(line for line in shown.splitlines() if name in line)
        assert state in line
    assert [each["name"] for each in wangge_empty("token", "list", "--json").document["tokens"]] == [
        "ended",
        "expired",
        "live",
    ]


def test_revoke_by_name_or_beginning(wangge_empty: Command, new_client: NewClient) -> None:
    first, second = issue(wangge_empty).out.strip(), issue(wangge_empty).out.strip()
    ambiguous = wangge_empty("token", "revoke", "etl")
    assert ambiguous.code == 3
    assert first[:11] in ambiguous.err
    done = wangge_empty("token", "revoke", first[:11], "--json")
    assert done.code == 0, done
    assert done.document["revoked_at"]
    assert (status(new_client, first), status(new_client, second)) == (401, 200)
    assert wangge_empty("token", "revoke", "etl").code == 0
    assert status(new_client, second) == 401
    assert wangge_empty("token", "revoke", "etl").code == 1


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--name", "x", "--role", "boss"], 2),
        (["--role", "viewer"], 2),
        (["--name", "x", "--role", "viewer", "--days", "0"], 2),
        (["--name", " ", "--role", "viewer"], 3),
        (["--name", "x", "--role", "viewer", "--scope", "nowhere"], 3),
    ],
)
def test_refusals(
    wangge_empty: Command, committing_db: CommittingDatabase, arguments: list[str], code: int
) -> None:
    done = wangge_empty("token", "issue", *arguments)
    assert done.code == code, done
    assert scalar(committing_db, "SELECT count(*) FROM api_token") == 0
