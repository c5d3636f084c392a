"""Loading demo districts into a database: small amounts of a small district, the same road as the large ones."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.bootstrap import component_catalog, event_catalog
from app.demo import service
from app.demo.plan import ZONE, Amount, DemoPlan, Scale, make_plan
from app.verify.service import verify

UNTIL = datetime(2026, 11, 20, 18, tzinfo=ZONE)


def plan(
    district: str = "371002", *, grids: int = 60, components: int = 400, incidents: int = 600, seed: int = 11
) -> DemoPlan:
    whole = make_plan(district=district, seed=seed, until=UNTIL)
    return replace(
        whole, spec=whole.spec.with_grids(grids), scale=Scale.SMALL, amount=Amount(components, incidents, 2)
    )


def counted(session: Session, what: str) -> int:
    return int(session.scalar(text(f"SELECT count(*) FROM {what}")) or 0)


@pytest.fixture
def demo_session(session: Session) -> Session:
    session.execute(
        text("SELECT set_config('wangge.scope', '{*}', true), set_config('wangge.actor', 'test', true)")
    )
    component_catalog.sync(session)
    event_catalog.sync(session)
    return session


def test_a_load_brings_what_it_says(demo_session: Session) -> None:
    heard: list[tuple[str, int | None]] = []

    def begin(zh: str, en: str, total: int | None):
        heard.append((en, total))
        return lambda rows: None

    assert service.is_empty(demo_session)
    report = service.load(demo_session, plan(), actor="test", begin=begin)
    assert not service.is_empty(demo_session)
    assert (report.grids, report.streets, report.components, report.incidents) == (60, 9, 400, 600)
    assert counted(demo_session, "component") == 400
    assert counted(demo_session, "component WHERE grid_code IS NULL") == 0
    assert counted(demo_session, "incident") == 600
    assert counted(demo_session, "incident WHERE grid_code IS NULL") == 0
    assert counted(demo_session, "incident_log") >= 600
    assert counted(demo_session, "team_member WHERE role = 'leader'") == 60
    assert counted(demo_session, "population_count") == 60 * 7
    assert counted(demo_session, "component_share") > 0
    assert ("components", 400) in heard
    assert ("incidents", 600) in heard
    assert counted(demo_session, "edition WHERE synthetic") == 1
    assert [str(outcome) for outcome in verify(demo_session) if not outcome.holds] == []


def test_what_is_invented_is_labelled_in_every_table(demo_session: Session) -> None:
    service.load(demo_session, plan(), actor="test")
    for rest in (
        "component WHERE source IS DISTINCT FROM 'synthetic' OR NOT (attributes ->> 'synthetic')::boolean",
        "incident WHERE source IS DISTINCT FROM 'demo' OR NOT (attributes ->> 'synthetic')::boolean",
        "officer WHERE NOT synthetic",
        "population_count WHERE NOT (attributes ->> 'synthetic')::boolean",
        "edition WHERE NOT synthetic OR note NOT LIKE '%合成%'",
    ):
        assert counted(demo_session, rest) == 0, rest


def test_the_same_load_again_changes_nothing(demo_session: Session) -> None:
    first = service.load(demo_session, plan(), actor="test")
    before = [
        counted(demo_session, t) for t in ("edition", "component", "incident", "incident_log", "import_job")
    ]
    again = service.load(demo_session, plan(), actor="test")
    assert again.unchanged
    assert (again.grids, again.components, again.edition) == (first.grids, first.components, first.edition)
    after = [
        counted(demo_session, t) for t in ("edition", "component", "incident", "incident_log", "import_job")
    ]
    assert after == before


def test_a_larger_load_takes_the_place_of_a_smaller_one_and_back(demo_session: Session) -> None:
    service.load(demo_session, plan(), actor="test")
    numbers = set(demo_session.scalars(text("SELECT number FROM incident")))
    larger = service.load(demo_session, plan(components=900, incidents=1500), actor="test")
    # The grids are the same: no new edition.
    assert larger.edition == 1
    assert counted(demo_session, "component") == 900
    assert counted(demo_session, "incident") == 1500
    assert numbers < set(demo_session.scalars(text("SELECT number FROM incident")))
    smaller = service.load(demo_session, plan(components=300, incidents=500), actor="test")
    assert smaller.incidents == 500
    assert counted(demo_session, "component") == 300
    # Incidents are never deleted; those left over are voided.
    assert counted(demo_session, "incident") == 1500
    left_over = "incident WHERE import_id <> (SELECT max(id) FROM import_job)"
    assert counted(demo_session, left_over) == 1000
    assert counted(demo_session, f"{left_over} AND state <> 'voided'") == 0
    assert [str(outcome) for outcome in verify(demo_session) if not outcome.holds] == []


def test_another_seed_publishes_other_grids(demo_session: Session) -> None:
    service.load(demo_session, plan(), actor="test")
    report = service.load(demo_session, plan(seed=12), actor="test")
    assert report.edition == 2
    assert counted(demo_session, "component") == 400
    assert counted(demo_session, "team_member WHERE role = 'leader'") == 60


def test_another_district_stands_beside_the_first(demo_session: Session) -> None:
    service.load(demo_session, plan(), actor="test")
    report = service.load(demo_session, plan("330402", grids=40), actor="test")
    assert report.edition == 2
    assert counted(demo_session, "component") == 800
    assert counted(demo_session, "incident WHERE state <> 'voided'") > 1150
    districts = "unit_version WHERE level = 'district' AND upper_inf(editions)"
    assert counted(demo_session, districts) == 2


def test_places_of_the_past_have_owners(demo_session: Session) -> None:
    service.load(demo_session, plan(), actor="test")
    began = demo_session.scalar(text("SELECT min(effective_from) FROM edition"))
    oldest = demo_session.scalar(text("SELECT min(occurred_at) FROM incident"))
    assert began < oldest


def test_logs_of_incidents_tell_their_life(demo_session: Session) -> None:
    service.load(demo_session, plan(incidents=3000), actor="test")
    rows = demo_session.execute(
        text(
            "SELECT array_agg(l.action ORDER BY l.id), array_agg(l.at ORDER BY l.id) FROM incident i "
            "JOIN incident_log l ON l.incident_id = i.id WHERE i.state = 'closed' AND i.reported_at > :recent "
            "GROUP BY i.id"
        ),
        {"recent": datetime(2026, 9, 1, tzinfo=ZONE)},
    ).all()
    assert len(rows) > 50
    for actions, instants in rows:
        assert actions == ["report", "dispatch", "close"]
        assert instants == sorted(instants)
