"""The lock after failures to sign in: an administrator ends it, and strangers cannot put it on somebody at home."""

from __future__ import annotations

import pytest

from tests.app.auth.table_queries import audit
from tests.fixtures.actors import PASSWORD, Actors, add_account
from tests.fixtures.clients import NewClient
from tests.fixtures.commands import Command
from tests.fixtures.database import CommittingDatabase

pytestmark = pytest.mark.usefixtures("units")


@pytest.fixture(autouse=True)
def _wang(committing_db: CommittingDatabase) -> None:
    add_account(committing_db.service_engine, "wang", ("viewer", "d.a"))


def attempt(new_client: NewClient, address: str, password: str = "a" * 12) -> int:
    body = {"name": "wang", "password": password}
    return int(new_client(address=address).post("/v1/session", json=body).status_code)


def lock(new_client: NewClient, address: str = "198.51.100.7") -> None:
    while attempt(new_client, address) != 429:
        pass
    assert attempt(new_client, address, PASSWORD) == 429


def test_an_administrator_unlocks(
    new_client: NewClient, actors: Actors, committing_db: CommittingDatabase
) -> None:
    lock(new_client)
    assert actors.sign_in("admin", "d.b").post("/v1/accounts/wang/unlock").status_code == 404
    assert actors.token("admin").post("/v1/accounts/wang/unlock").status_code == 403
    assert actors.person(("admin", "d.a"), name="boss").post("/v1/accounts/wang/unlock").status_code == 200
    assert attempt(new_client, "198.51.100.7", PASSWORD) == 200
    assert audit(committing_db, "account.unlocked") == [("boss", "account:wang", {"failures": 5})]


def test_the_operator_unlocks(new_client: NewClient, wangge_empty: Command) -> None:
    lock(new_client)
    assert wangge_empty("user", "unlock", "wang").code == 0
    assert attempt(new_client, "198.51.100.7", PASSWORD) == 200


def test_strangers_do_not_lock_the_owner_out_at_home(new_client: NewClient) -> None:
    home = "203.0.113.77"
    assert attempt(new_client, home, PASSWORD) == 200
    for n in range(12):
        for _ in range(5):
            attempt(new_client, f"198.51.100.{n + 1}")
    assert attempt(new_client, home, PASSWORD) == 200
