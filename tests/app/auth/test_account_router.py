"""Administration of accounts: inside one's own unit, and never more than one has."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.app.auth.table_queries import audit, execute, scalar
from tests.fixtures.actors import PASSWORD, Actors, add_account
from tests.fixtures.clients import NewClient
from tests.fixtures.database import CommittingDatabase

pytestmark = pytest.mark.usefixtures("units")


@pytest.fixture
def admin(actors: Actors) -> TestClient:
    """Administers everything."""
    return actors.person(("admin", ""), name="root")


@pytest.fixture
def street(actors: Actors) -> TestClient:
    """Administers the street a."""
    return actors.person(("admin", "d.a"), name="street")


@pytest.fixture
def people(committing_db: CommittingDatabase) -> None:
    """One account inside a, one inside b, one in both, one everywhere, one nowhere."""
    engine = committing_db.service_engine
    add_account(engine, "in.a", ("dispatcher", "d.a"), ("viewer", "d.a.a1"))
    add_account(engine, "in.b", ("dispatcher", "d.b"))
    add_account(engine, "in.both", ("viewer", "d.a.a1"), ("gis-publisher", "d.b"))
    add_account(engine, "in.all", ("admin", ""))
    add_account(engine, "in.none")


def create(client: TestClient, **changes: Any) -> Any:
    body = {"name": "wang.wu", "display_name": "王五", "grants": [{"role": "dispatcher", "scope": "a"}]}
    return client.post("/v1/accounts", json=body | changes)


def give(client: TestClient, name: str, role: str, scope: str | None) -> Any:
    return client.post(f"/v1/accounts/{name}/grants", json={"role": role, "scope": scope})


def names(client: TestClient, **query: Any) -> list[str]:
    answer = client.get("/v1/accounts", params=query)
    assert answer.status_code == 200, answer.text
    return [each["name"] for each in answer.json()["items"]]


def roles(account: dict[str, Any]) -> list[tuple[str, str | None]]:
    return [(each["role"], each["scope"]) for each in account["grants"]]


def test_a_new_account_can_sign_in_and_must_change_its_password(
    admin: TestClient, new_client: NewClient, committing_db: CommittingDatabase
) -> None:
    made = create(admin)
    assert made.status_code == 201, made.text
    assert made.headers["cache-control"] == "private, no-store"
    body = made.json()
    assert (body["name"], body["display_name"], roles(body)) == ("wang.wu", "王五", [("dispatcher", "a")])
    assert body["must_change_password"] is True
    signed = new_client().post("/v1/session", json={"name": "wang.wu", "password": body["password"]})
    assert signed.status_code == 200
    assert signed.json()["must_change_password"] is True
    assert "password" not in admin.get("/v1/accounts/wang.wu").json()
    assert [entry for entry in audit(committing_db) if entry[0] == "root"] == [
        ("root", "account.created", "account:wang.wu", {"display_name": "王五"}),
        ("root", "role.granted", "account:wang.wu", {"role": "dispatcher", "scope": "d.a"}),
    ]


def test_a_given_password_is_not_answered(admin: TestClient, new_client: NewClient) -> None:
    made = create(admin, password="a long enough one", must_change_password=False)
    assert made.json()["password"] is None
    assert "a long enough one" not in made.text
    answer = new_client().post("/v1/session", json={"name": "wang.wu", "password": "a long enough one"})
    assert answer.json()["must_change_password"] is False


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"name": "in.a"}, 409, "name-taken"),
        ({"name": "IN.A"}, 409, "name-taken"),
        ({"name": "有 空格"}, 422, "account-name-malformed"),
        ({"name": "a/b"}, 422, "account-name-malformed"),
        ({"name": ".hidden"}, 422, "account-name-malformed"),
        ({"name": "x" * 65}, 422, "account-name-malformed"),
        ({"password": "short"}, 422, "password-length"),
        ({"password": "wang.wu wang.wu"}, 422, "weak-password"),
        ({"grants": [{"role": "boss"}]}, 422, "role-unknown"),
        ({"grants": [{"role": "viewer", "scope": "nowhere"}]}, 422, "scope-unknown"),
        ({"must_change_password": "perhaps"}, 422, "invalid"),
    ],
)
@pytest.mark.usefixtures("people")
def test_refused_accounts_leave_nothing(
    admin: TestClient, committing_db: CommittingDatabase, changes: dict[str, Any], status: int, code: str
) -> None:
    before = scalar(committing_db, "SELECT count(*) FROM account")
    answer = create(admin, **changes)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert scalar(committing_db, "SELECT count(*) FROM account") == before
    assert audit(committing_db) == []


def test_a_chinese_name_is_a_name(admin: TestClient) -> None:
    assert create(admin, name="王五").json()["name"] == "王五"
    assert admin.get("/v1/accounts/王五").status_code == 200


@pytest.mark.usefixtures("people")
def test_an_administrator_sees_whom_their_unit_concerns(admin: TestClient, street: TestClient) -> None:
    assert names(admin) == ["in.a", "in.all", "in.b", "in.both", "in.none", "root", "street"]
    assert names(street) == ["in.a", "in.both", "street"]
    assert names(admin, q="IN.B") == ["in.b", "in.both"]
    assert names(admin, q="%") == []
    assert street.get("/v1/accounts/in.b").status_code == 404
    assert street.get("/v1/accounts/in.b").json()["code"] == street.get("/v1/accounts/nobody").json()["code"]
    both = street.get("/v1/accounts/in.both").json()
    assert roles(both) == [("viewer", "a1")]  # what it may elsewhere is not their concern
    assert both["yours"] is False
    assert street.get("/v1/accounts/in.a").json()["yours"] is True


@pytest.mark.usefixtures("people")
def test_accounts_come_in_pages(admin: TestClient) -> None:
    seen: list[str] = []
    after: str | None = None
    for _ in range(4):
        page = admin.get("/v1/accounts", params={"limit": 2} | ({"after": after} if after else {})).json()
        seen += [each["name"] for each in page["items"]]
        after = page["next"]
        if after is None:
            break
    assert seen == ["in.a", "in.all", "in.b", "in.both", "in.none", "root"]


@pytest.mark.parametrize(
    ("role", "scope", "status"),
    [
        ("viewer", "a", 201),
        ("admin", "a", 201),
        ("dispatcher", "g1", 201),
        ("viewer", "b", 403),
        ("viewer", "d", 403),
        ("viewer", None, 403),
        ("viewer", "", 403),
        ("admin", "g4", 403),
    ],
)
@pytest.mark.usefixtures("people")
def test_rights_are_given_inside_ones_own_unit_only(
    street: TestClient, committing_db: CommittingDatabase, role: str, scope: str | None, status: int
) -> None:
    before = scalar(committing_db, "SELECT count(*) FROM account_grant")
    assert create(street, grants=[{"role": role, "scope": scope}]).status_code == status
    if status == 403:
        assert scalar(committing_db, "SELECT count(*) FROM account_grant") == before
        assert give(street, "in.a", role, scope).json()["code"] == "gives-too-much"
        assert give(street, "street", role, scope).status_code == 403


def test_an_account_of_a_street_has_at_least_one_role(street: TestClient, admin: TestClient) -> None:
    assert create(street, grants=[]).status_code == 422
    assert create(admin, grants=[]).status_code == 201


@pytest.mark.parametrize("role", ["viewer", "dispatcher", "gis-publisher", "grid-leader"])
def test_nobody_else_administers(actors: Actors, role: str) -> None:
    client = actors.sign_in(role)
    assert client.get("/v1/accounts").status_code == 403
    assert create(client).status_code == 403
    assert give(client, "in.a", "viewer", "a").status_code == 403
    assert client.get("/v1/audit").status_code == 403


def test_nobody_at_all(client: TestClient) -> None:
    assert client.get("/v1/accounts").status_code == 401
    assert create(client).status_code == 401
    assert client.get("/v1/audit").status_code == 401


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize("name", ["in.both", "in.b", "in.all", "in.none", "root"])
def test_a_wider_account_cannot_be_taken_over(street: TestClient, admin: TestClient, name: str) -> None:
    """Whoever could set its password would have its rights."""
    hidden = 403 if name == "in.both" else 404
    for answer in (
        street.post(f"/v1/accounts/{name}/password", json={}),
        street.patch(f"/v1/accounts/{name}", json={"active": False}),
        street.patch(f"/v1/accounts/{name}", json={"display_name": "x"}),
    ):
        assert answer.status_code == hidden
    assert admin.get(f"/v1/accounts/{name}").json()["active"] is True


@pytest.mark.usefixtures("people")
def test_a_right_outside_cannot_be_taken(street: TestClient, committing_db: CommittingDatabase) -> None:
    outside = scalar(committing_db, "SELECT id FROM account_grant WHERE role = 'gis-publisher'")
    assert street.delete(f"/v1/accounts/in.both/grants/{outside}").status_code == 404
    inside = scalar(
        committing_db,
        "SELECT g.id FROM account_grant g JOIN account a ON a.id = account_id WHERE name = 'in.both' AND role = 'viewer'",
    )
    assert street.delete(f"/v1/accounts/in.both/grants/{inside}").status_code == 200
    assert street.get("/v1/accounts/in.both").status_code == 404


@pytest.mark.usefixtures("people")
def test_a_right_taken_is_gone_with_the_next_request(
    actors: Actors, admin: TestClient, committing_db: CommittingDatabase
) -> None:
    account = scalar(committing_db, "SELECT id FROM account WHERE name = 'in.all'")
    other = actors.browser(account)
    grants = admin.get("/v1/accounts/in.all").json()["grants"]
    assert other.get("/v1/accounts").status_code == 200
    assert admin.delete(f"/v1/accounts/in.all/grants/{grants[0]['id']}").status_code == 200
    assert other.get("/v1/accounts").status_code == 403
    assert audit(committing_db, "role.revoked") == [
        ("root", "account:in.all", {"role": "admin", "scope": ""})
    ]


@pytest.mark.usefixtures("people")
def test_giving_a_right_twice_changes_nothing(admin: TestClient, committing_db: CommittingDatabase) -> None:
    assert give(admin, "in.a", "gis-editor", "a").status_code == 201
    again = give(admin, "in.a", "gis-editor", "a")
    assert again.status_code == 201
    assert roles(again.json()).count(("gis-editor", "a")) == 1
    assert len(audit(committing_db, "role.granted")) == 1


def test_the_last_administrator_stays(admin: TestClient, committing_db: CommittingDatabase) -> None:
    grant = admin.get("/v1/accounts/root").json()["grants"][0]["id"]
    assert admin.delete(f"/v1/accounts/root/grants/{grant}").json()["code"] == "last-admin"
    assert admin.patch("/v1/accounts/root", json={"active": False}).json()["code"] == "last-admin"
    add_account(committing_db.service_engine, "second", ("admin", ""), active=False)
    assert admin.patch("/v1/accounts/root", json={"active": False}).status_code == 409
    assert admin.patch("/v1/accounts/second", json={"active": True}).status_code == 200
    assert admin.patch("/v1/accounts/root", json={"active": False}).status_code == 200
    assert admin.get("/v1/accounts").status_code == 401


@pytest.mark.usefixtures("people")
def test_disabling_ends_sessions_and_enabling_does_not_bring_them_back(
    actors: Actors, admin: TestClient, new_client: NewClient, committing_db: CommittingDatabase
) -> None:
    account = scalar(committing_db, "SELECT id FROM account WHERE name = 'in.a'")
    browser = actors.browser(account)
    assert admin.patch("/v1/accounts/in.a", json={"active": False}).json()["active"] is False
    assert browser.get("/v1/tokens").status_code == 401
    door = new_client()
    assert door.post("/v1/session", json={"name": "in.a", "password": PASSWORD}).status_code == 401
    assert admin.patch("/v1/accounts/in.a", json={"active": True}).json()["active"] is True
    assert browser.get("/v1/tokens").status_code == 401
    assert door.post("/v1/session", json={"name": "in.a", "password": PASSWORD}).status_code == 200
    changes = [entry[1] for entry in audit(committing_db) if entry[1].startswith("account.")]
    assert changes == ["account.disabled", "account.enabled"]


@pytest.mark.usefixtures("people")
def test_a_password_set_by_an_administrator(
    actors: Actors, street: TestClient, new_client: NewClient, committing_db: CommittingDatabase
) -> None:
    browser = actors.browser(scalar(committing_db, "SELECT id FROM account WHERE name = 'in.a'"))
    answer = street.post("/v1/accounts/in.a/password", json={})
    assert answer.status_code == 200
    assert browser.get("/v1/session").json()["signed_in"] is False
    door = new_client()
    assert door.post("/v1/session", json={"name": "in.a", "password": PASSWORD}).status_code == 401
    signed = door.post("/v1/session", json={"name": "in.a", "password": answer.json()["password"]})
    assert signed.json()["must_change_password"] is True
    assert ("street", "account:in.a", {}) in audit(committing_db, "password.set")
    assert street.post("/v1/accounts/in.a/password", json={"password": "short"}).status_code == 422


def test_renaming_is_logged(admin: TestClient, committing_db: CommittingDatabase) -> None:
    assert admin.patch("/v1/accounts/root", json={"display_name": "老王"}).json()["display_name"] == "老王"
    assert admin.patch("/v1/accounts/root", json={"display_name": "老王"}).status_code == 200
    assert audit(committing_db, "account.renamed") == [
        ("root", "account:root", {"before": "root 同志", "after": "老王"})
    ]
    assert admin.patch("/v1/accounts/root", json={"display_name": "  "}).status_code == 422


def test_a_program_may_look_but_not_administer(actors: Actors) -> None:
    robot = actors.token("admin", name="hr sync")
    assert robot.get("/v1/accounts").status_code == 200
    assert create(robot).status_code == 403


# ── the audit log ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.usefixtures("people")
def test_an_administrator_reads_what_concerns_their_unit(admin: TestClient, street: TestClient) -> None:
    give(admin, "in.a", "viewer", "a2")
    give(admin, "in.b", "viewer", "b1")
    give(admin, "in.both", "viewer", "a2")
    admin.post("/v1/tokens", json={"name": "t", "role": "viewer", "scope": "a"})
    admin.post("/v1/tokens", json={"name": "t", "role": "viewer", "scope": "b"})
    everything = admin.get("/v1/audit").json()["items"]
    assert [each["action"] for each in everything] == ["token.issued"] * 2 + ["role.granted"] * 3
    theirs = street.get("/v1/audit").json()["items"]
    assert [(each["target"], each["detail"]["scope"]) for each in theirs] == [
        ("token:1", "d.a"),
        ("account:in.a", "d.a.a2"),
    ]
    filtered = admin.get("/v1/audit", params={"target": "account:in.b", "actor": "root"}).json()["items"]
    assert [each["detail"] for each in filtered] == [{"role": "viewer", "scope": "d.b.b1"}]
    assert admin.get("/v1/audit", params={"action": "nothing.such"}).json()["items"] == []


@pytest.mark.usefixtures("people")
def test_the_audit_log_comes_in_pages_with_address_and_request(admin: TestClient) -> None:
    for n in range(3):
        give(admin, "in.a", "viewer", f"g{n + 1}")
    page = admin.get("/v1/audit", params={"limit": 2}).json()
    assert [each["detail"]["scope"] for each in page["items"]] == ["d.a.a2.g3", "d.a.a1.g2"]
    rest = admin.get("/v1/audit", params={"limit": 2, "before": page["next"]}).json()
    assert [each["detail"]["scope"] for each in rest["items"]] == ["d.a.a1.g1"]
    assert rest["next"] is None
    assert rest["items"][0]["address"] == "203.0.113.5"


def test_the_audit_log_is_never_changed(admin: TestClient, committing_db: CommittingDatabase) -> None:
    create(admin)
    for statement in ("UPDATE audit_log SET actor = 'x'", "DELETE FROM audit_log", "TRUNCATE audit_log"):
        with pytest.raises(Exception, match="append-only"):
            execute(committing_db, statement)
    assert len(audit(committing_db)) == 2
