"""The auditor reads the audit log and nothing else, and nobody changes it."""

from __future__ import annotations

import re

import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.auth.policy import policy_of
from tests.fixtures.actors import Actors
from tests.fixtures.commands import Command
from tests.fixtures.database import CommittingDatabase

pytestmark = pytest.mark.usefixtures("units")


def test_reads_the_log_and_no_other_route_that_asks_for_a_role(app: FastAPI, actors: Actors) -> None:
    auditor, admin = actors.sign_in("auditor"), actors.sign_in("admin")
    assert admin.post("/v1/tokens", json={"name": "t", "role": "viewer"}).status_code == 201
    read = auditor.get("/v1/audit")
    assert [each["action"] for each in read.json()["items"]] == ["token.issued"]
    tried = 0
    for route in iter_route_contexts(app.routes):
        policy = policy_of(route)
        for method in set(route.methods or ()) - {"HEAD", "OPTIONS"}:
            if policy is None or policy.kind != "allow" or route.path == "/v1/audit":
                continue
            tried += 1
            answer = auditor.request(method, re.sub(r"{[\w:]+}", "1", route.path or "/"))
            assert answer.status_code == 403, f"{method} {route.path}: {answer.status_code}"
    assert tried > 30


def test_sees_no_more_than_a_stranger_where_all_may_look(
    actors: Actors, committing_db: CommittingDatabase
) -> None:
    with committing_db.owner_engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO incident (number, source, occurred_at, reported_at, geom)"
                " SELECT 'T00001', 't', now(), now(), ST_PointOnSurface(geom) FROM unit_version WHERE code = 'g1'"
            )
        )
        connection.execute(
            text(
                "WITH o AS (INSERT INTO officer (staff_code, name, phone, unit_path) SELECT 'S', '赵', '13800000000', path"
                " FROM unit_version WHERE code = 'g1' RETURNING id, unit_path)"
                " INSERT INTO team_member (grid_code, grid_path, officer_id, role, during)"
                " SELECT 'g1', unit_path, id, 'leader', '[2026-01-01,)' FROM o"
            )
        )
    auditor, guest, viewer = actors.sign_in("auditor"), actors.person(), actors.sign_in("viewer")
    for path in ("/v1/search?q=T00001", "/v1/units/g1", "/v1/grids/g1"):
        assert auditor.get(path).json() == guest.get(path).json(), path
        assert auditor.get(path).json() != viewer.get(path).json(), path


def test_of_a_street_reads_what_concerns_the_street(actors: Actors) -> None:
    admin = actors.sign_in("admin")
    for scope in ("a", "b"):
        admin.post("/v1/tokens", json={"name": "t", "role": "viewer", "scope": scope})
    seen = actors.sign_in("auditor", "d.a").get("/v1/audit").json()["items"]
    assert [each["detail"]["scope"] for each in seen] == ["d.a"]


def test_is_named_by_an_administrator_and_names_nobody(actors: Actors, wangge_empty: Command) -> None:
    body = {"name": "shen", "grants": [{"role": "auditor"}]}
    assert actors.sign_in("auditor").post("/v1/accounts", json=body).status_code == 403
    assert actors.sign_in("admin").post("/v1/accounts", json=body).status_code == 201
    assert wangge_empty("user", "add", "shen2", "--role", "auditor", "--json").code == 0
    token = {"name": "siem", "role": "auditor"}
    assert actors.sign_in("viewer").post("/v1/tokens", json=token).status_code == 403
    assert actors.sign_in("admin").post("/v1/tokens", json=token).status_code == 201


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_log SET actor = 'x'",
        "DELETE FROM audit_log",
        "TRUNCATE audit_log",
        "ALTER TABLE audit_log DISABLE TRIGGER ALL",
        "DROP TABLE audit_log",
    ],
)
def test_the_service_cannot_change_the_log(
    actors: Actors, committing_db: CommittingDatabase, statement: str
) -> None:
    actors.sign_in("admin").post("/v1/tokens", json={"name": "t", "role": "viewer"})
    with pytest.raises(DBAPIError), committing_db.service_engine.begin() as connection:
        connection.execute(text(statement))
    with committing_db.owner_engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM audit_log WHERE actor <> 'x'")).scalar() == 1
