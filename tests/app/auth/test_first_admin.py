"""The first administrator, made once, whoever comes first."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from app.auth import service
from app.db.session import NOTHING, write_session
from tests.app.auth.looking import audit, execute, scalar
from tests.fixtures.actors import add_account
from tests.fixtures.clients import NewClient
from tests.fixtures.database import CommittingDatabase


def ensure(db: CommittingDatabase) -> tuple[str, str] | None:
    with write_session(db.service_engine, NOTHING) as session:
        return service.ensure_first_admin(session)


def test_made_once_and_can_do_everything(committing_db: CommittingDatabase, new_client: NewClient) -> None:
    made = ensure(committing_db)
    assert made is not None
    name, password = made
    client = new_client()
    signed = client.post("/v1/session", json={"name": name, "password": password})
    assert signed.status_code == 200
    assert [(r["role"], r["path"]) for r in signed.json()["roles"]] == [("admin", "")]
    assert signed.json()["must_change_password"] is False
    assert client.get("/v1/accounts").status_code == 200
    assert ensure(committing_db) is None
    assert [entry[:3] for entry in audit(committing_db)][:2] == [
        ("setup", "account.created", "account:admin"),
        ("setup", "role.granted", "account:admin"),
    ]
    assert password not in str(audit(committing_db))


def test_not_made_where_there_are_people(committing_db: CommittingDatabase) -> None:
    add_account(committing_db.service_engine, "wang", ("viewer", ""))
    assert ensure(committing_db) is None
    execute(committing_db, "UPDATE account SET active = false")
    assert ensure(committing_db) is None


def test_two_starting_at_once_make_one(committing_db: CommittingDatabase) -> None:
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda _: ensure(committing_db), range(4)))
    assert len([each for each in made if each]) == 1
    assert scalar(committing_db, "SELECT count(*) FROM account") == 1
