"""Taking the demo away: only the demo; beside a real district; under real grids; and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from app.boundaries import repository as boundary_rows
from app.boundaries.unit_tree import CoverageInput
from app.demo import service
from app.demo.plan import DemoPlan, make_plan, read_outline
from app.demo.removal import RealDataOnDemo, Way, plan_removal, remove_demo
from app.errors import Conflict
from app.publishing.reassignment import publish
from app.verify.service import verify
from gis.synthetic import build_district
from tests.app.demo.test_service import counted, demo_session
from tests.app.demo.test_service import plan as plan_of
from tests.fixtures.towns import inside, publish_town

__all__ = ["demo_session"]

INVENTED = ("component", "incident", "officer", "population_count", "team_member", "component_share")


def plan(district: str = "371002", **more: int) -> DemoPlan:
    return plan_of(district, **{"grids": 30, "components": 90, "incidents": 120} | more)


def broken(session: Session) -> list[str]:
    return [str(outcome) for outcome in verify(session) if not outcome.holds]


def tables(session: Session) -> set[str]:
    return set(session.scalars(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")))


def add_component(session: Session, code: str, place: tuple[float, float]) -> None:
    # A load in this very transaction has told the triggers to rest.
    session.execute(text("SELECT set_config('wangge.owners', '', true)"))
    session.execute(
        text(
            "INSERT INTO component (code, code_scheme, class_code, geom) SELECT :code, 'own', min(code), "
            "ST_SetSRID(ST_MakePoint(:lon, :lat), 4326) FROM component_class WHERE geometry = 'point'"
        ),
        {"code": code, "lon": place[0], "lat": place[1]},
    )


def add_account(session: Session, name: str, scope: str) -> None:
    session.execute(
        text("INSERT INTO account (name, display_name, password_hash) VALUES (:name, :name, 'x')"),
        {"name": name},
    )
    session.execute(
        text(
            "INSERT INTO account_grant (account_id, role, scope_path, granted_by) "
            "SELECT id, 'viewer', text2ltree(:scope), 'test' FROM account WHERE name = :name"
        ),
        {"name": name, "scope": scope},
    )


def place_in_demo(session: Session) -> tuple[float, float]:
    row = session.execute(
        text(
            "SELECT ST_X(p), ST_Y(p) FROM (SELECT ST_PointOnSurface(geom) AS p FROM unit_version "
            "WHERE level = 'grid' AND district_code = '371002' ORDER BY code LIMIT 1) s"
        )
    ).one()
    return float(row[0]), float(row[1])


def test_with_nothing_but_the_demo_the_database_is_as_new(demo_session: Session) -> None:
    fresh = {table: counted(demo_session, table) for table in tables(demo_session)}
    service.load(demo_session, plan(), actor="test")
    service.load(demo_session, plan("330402", grids=26), actor="test")
    service.load(demo_session, plan(seed=12), actor="test")
    add_account(demo_session, "li", "371002")
    assert counted(demo_session, "edition") == 3

    removal = remove_demo(demo_session, actor="cli:li")

    assert removal.plan.way is Way.RESET
    assert removal.plan.codes == ("330402", "371002")
    assert removal.plan.accounts == ("li",)
    kept = {"account": 1, "account_grant": 1, "audit_log": fresh["audit_log"] + 1}
    assert {table: counted(demo_session, table) for table in tables(demo_session)} == fresh | kept
    entry = demo_session.execute(text("SELECT actor, target, detail FROM audit_log ORDER BY id DESC")).first()
    assert entry is not None
    assert (entry.actor, entry.target) == ("cli:li", "demo:330402,371002")
    assert entry.detail["rows"]["component"] == 180
    assert broken(demo_session) == []
    assert plan_removal(demo_session).way is Way.NOTHING
    # The first real district is edition 1, and the guards are awake again.
    assert publish_town(demo_session).published.edition == 1
    assert broken(demo_session) == []
    with pytest.raises(DBAPIError, match="append-only"), demo_session.begin_nested():
        demo_session.execute(text("DELETE FROM edition"))


def test_beside_a_real_district_the_past_stays(demo_session: Session) -> None:
    service.load(demo_session, plan(), actor="test")
    publish_town(demo_session)
    add_component(demo_session, "real-1", inside("370299001001001"))
    add_component(demo_session, "real-2", (100.0, 30.0))
    history = demo_session.execute(
        text("SELECT number, content_hash, grids, synthetic FROM edition ORDER BY number")
    ).all()
    lon, lat = place_in_demo(demo_session)
    owner_at = text("SELECT grid_code FROM point_owner(ST_SetSRID(ST_MakePoint(:lon, :lat), 4326), :edition)")
    was = demo_session.scalar(owner_at, {"lon": lon, "lat": lat, "edition": 2})

    removal = remove_demo(demo_session, actor="cli:li")

    assert (removal.plan.way, removal.edition) == (Way.RETIRE, 3)
    assert [counted(demo_session, t) for t in INVENTED] == [2, 0, 0, 0, 0, 0]
    rows = demo_session.execute(text("SELECT code, grid_code FROM component ORDER BY code")).all()
    assert [tuple(row) for row in rows] == [("real-1", "370299001001001"), ("real-2", None)]
    assert was is not None
    assert demo_session.scalar(owner_at, {"lon": lon, "lat": lat, "edition": 2}) == was
    assert demo_session.scalar(owner_at, {"lon": lon, "lat": lat, "edition": 3}) is None
    present = "SELECT number, content_hash, grids, synthetic FROM edition ORDER BY number"
    editions = demo_session.execute(text(present)).all()
    assert editions[:2] == history
    assert (editions[2].grids, editions[2].synthetic) == (12, False)
    assert counted(demo_session, "lineage WHERE edition = 3 AND kind = 'removed' AND to_code IS NULL") == 30
    assert broken(demo_session) == []
    # Nothing remembers a load, so the demo can come back.
    assert plan_removal(demo_session).way is Way.NOTHING
    assert not service.load(demo_session, plan(), actor="test").unchanged
    assert broken(demo_session) == []


def test_real_grids_in_its_place_leave_rows_to_delete(demo_session: Session) -> None:
    report = service.load(demo_session, plan(), actor="test")
    spec = make_plan(district="371002").spec.with_grids(30)
    surveyed = build_district(read_outline("371002"), spec, seed=99).grids
    publish(demo_session, CoverageInput("371002", "环翠区", surveyed), author="test")
    assert boundary_rows.synthetic_districts(demo_session, 2) == set()
    add_component(demo_session, "real-1", place_in_demo(demo_session))

    removal = remove_demo(demo_session, actor="cli:li")

    assert (removal.plan.way, removal.edition) == (Way.ROWS, None)
    assert removal.plan.invented["component"] == report.components
    assert [counted(demo_session, t) for t in INVENTED] == [1, 0, 0, 0, 0, 0]
    assert counted(demo_session, "edition") == 2
    assert broken(demo_session) == []


def test_real_data_on_invented_grids_are_named_and_nothing_changes(demo_session: Session) -> None:
    service.load(demo_session, plan(), actor="test")
    add_component(demo_session, "lamp-7", place_in_demo(demo_session))
    before = {table: counted(demo_session, table) for table in tables(demo_session)}
    for district in (None, "beside"):
        if district:
            publish_town(demo_session)
            before = {table: counted(demo_session, table) for table in tables(demo_session)}
        with pytest.raises(RealDataOnDemo) as refused:
            remove_demo(demo_session, actor="cli:li")
        assert "lamp-7" in refused.value.detail.zh
        assert "lamp-7" in refused.value.detail.en
        assert refused.value.extra["rows"] == {"component": 1}
        assert {table: counted(demo_session, table) for table in tables(demo_session)} == before


def test_an_edition_to_come_is_waited_for(demo_session: Session) -> None:
    service.load(demo_session, plan(), actor="test")
    tomorrow: Any = demo_session.scalar(text("SELECT now() + interval '1 day'"))
    publish_town(demo_session, effective_from=tomorrow)
    with pytest.raises(Conflict) as refused, demo_session.begin_nested():
        remove_demo(demo_session, actor="cli:li")
    assert refused.value.code == "scheduled-edition"
    assert counted(demo_session, "component") == 90


def test_open_drafts_on_the_demo_end_with_a_line_in_their_log(demo_session: Session) -> None:
    service.load(demo_session, plan(), actor="test")
    publish_town(demo_session)
    for title, path in (("演示", "371002"), ("真实", "370299")):
        demo_session.execute(
            text(
                "WITH d AS (INSERT INTO draft (title, base, scope_path, author, author_key) "
                "VALUES (:title, 2, text2ltree(:path), 'wang', 'account:1') RETURNING id) "
                "INSERT INTO draft_log (draft_id, actor, actor_key, action, to_state) "
                "SELECT id, 'wang', 'account:1', 'create', 'open' FROM d"
            ),
            {"title": title, "path": path},
        )
    removal = remove_demo(demo_session, actor="cli:li")
    assert [title for _, title, _ in removal.plan.drafts] == ["演示"]
    states = dict(tuple(row) for row in demo_session.execute(text("SELECT title, state FROM draft")))
    assert states == {"演示": "discarded", "真实": "open"}
    log = demo_session.execute(
        text("SELECT actor, from_state, to_state FROM draft_log ORDER BY id DESC")
    ).first()
    assert log is not None
    assert tuple(log) == ("cli:li", "open", "discarded")
    assert broken(demo_session) == []
