"""The first administrator, made once, whoever comes first, with a password that stands in a file."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from app.auth import first_admin
from app.db.session import NOTHING, write_session
from tests.app.auth.table_queries import audit, execute, scalar
from tests.fixtures.actors import Actors, add_account
from tests.fixtures.clients import NewClient, client_on
from tests.fixtures.commands import Command
from tests.fixtures.database import CommittingDatabase

NEW = "several words of my own"


@pytest.fixture
def home(committing_db: CommittingDatabase) -> Path:
    committing_db.settings.home.mkdir(exist_ok=True)
    return committing_db.settings.home


def ensure(db: CommittingDatabase) -> Path | None:
    with write_session(db.service_engine, NOTHING) as session:
        return first_admin.ensure(session, db.settings.home)


def test_made_once_and_can_do_everything_after_changing_the_password(
    committing_db: CommittingDatabase, home: Path, new_client: NewClient
) -> None:
    file = ensure(committing_db)
    assert file == home / "first-admin-password"
    assert file.stat().st_mode & 0o777 == 0o600
    name, password = file.read_text().split()
    client = new_client()
    signed = client.post("/v1/session", json={"name": name, "password": password})
    assert signed.status_code == 200
    assert [(r["role"], r["path"]) for r in signed.json()["roles"]] == [("admin", "")]
    assert signed.json()["must_change_password"] is True
    assert client.get("/v1/accounts").status_code == 403
    assert ensure(committing_db) == file, "still good: said again at the next start"
    assert file.read_text().split()[1] == password
    client.headers["X-CSRF-Token"] = signed.json()["csrf"]
    body = {"current": password, "new": NEW}
    assert client.post("/v1/session/password", json=body).status_code == 200
    assert not file.exists()
    assert client.get("/v1/accounts").status_code == 200
    assert ensure(committing_db) is None
    assert [entry[:3] for entry in audit(committing_db)][:2] == [
        ("setup", "account.created", "account:admin"),
        ("setup", "role.granted", "account:admin"),
    ]
    assert password not in str(audit(committing_db))


def test_what_a_crash_left_is_replaced(committing_db: CommittingDatabase, home: Path, tmp_path: Path) -> None:
    """The file is written before the account is there; and nobody can make us write through a link of theirs."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("mine")
    (home / "first-admin-password").symlink_to(elsewhere)
    file = ensure(committing_db)
    assert file is not None
    assert not file.is_symlink()
    assert elsewhere.read_text() == "mine"


def test_a_password_set_otherwise_removes_the_file(
    committing_db: CommittingDatabase, home: Path, actors: Actors, wangge_empty: Command
) -> None:
    file = ensure(committing_db)
    assert file is not None
    assert wangge_empty("user", "password", "admin", "--must-change", "--json").code == 0
    assert not file.exists()
    file.write_text("admin\nold\n")
    assert actors.sign_in("admin").post("/v1/accounts/admin/password", json={}).status_code == 200
    assert not file.exists()
    file.write_text("admin\nold\n")
    execute(committing_db, "UPDATE account SET must_change_password = false")
    assert ensure(committing_db) is None
    assert not file.exists()


def test_a_password_that_was_not_set_after_all_keeps_the_file(
    committing_db: CommittingDatabase, home: Path, actors: Actors
) -> None:
    """The transaction fails where it ends: the password in the file is still the good one."""
    file = ensure(committing_db)
    assert file is not None
    execute(
        committing_db,
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE disk_full; END $$",
    )
    execute(
        committing_db,
        "CREATE CONSTRAINT TRIGGER refuse AFTER UPDATE ON account DEFERRABLE INITIALLY DEFERRED"
        " FOR EACH ROW EXECUTE FUNCTION refuse()",
    )
    try:
        assert actors.sign_in("admin").post("/v1/accounts/admin/password", json={}).status_code == 503
    finally:
        execute(committing_db, "DROP FUNCTION refuse CASCADE")
    assert file.exists()
    name, password = file.read_text().split()
    signed = client_on(actors.app).post("/v1/session", json={"name": name, "password": password})
    assert signed.status_code == 200


def test_somebody_elses_password_does_not(
    committing_db: CommittingDatabase, home: Path, actors: Actors
) -> None:
    file = ensure(committing_db)
    assert file is not None
    add_account(committing_db.service_engine, "wang", ("viewer", ""))
    assert actors.sign_in("admin").post("/v1/accounts/wang/password", json={}).status_code == 200
    assert file.exists()


@pytest.mark.usefixtures("home")
def test_not_made_where_there_are_people(committing_db: CommittingDatabase) -> None:
    add_account(committing_db.service_engine, "wang", ("viewer", ""))
    assert ensure(committing_db) is None
    execute(committing_db, "UPDATE account SET active = false")
    assert ensure(committing_db) is None


@pytest.mark.usefixtures("home")
def test_two_starting_at_once_make_one(committing_db: CommittingDatabase, new_client: NewClient) -> None:
    with ThreadPoolExecutor(4) as pool:
        files = list(pool.map(lambda _: ensure(committing_db), range(4)))
    assert scalar(committing_db, "SELECT count(*) FROM account") == 1
    (file,) = set(files)
    assert file is not None
    name, password = file.read_text().split()
    assert new_client().post("/v1/session", json={"name": name, "password": password}).status_code == 200
