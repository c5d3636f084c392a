"""Heat maps: whose incidents, which period, how large."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import httpx
import numpy as np
import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.auth.principal import NOBODY, Principal
from app.db.session import EVERYTHING, read_session
from app.errors import Forbidden, Invalid, NotFound
from app.maps import heat
from app.maps.heat import HeatRequest, draw
from gis.viz import Assets, to_html
from tests.fixtures.served import BUSY, DISPATCHER, INCIDENTS, STREET, STREET_DISPATCHER, Served
from tests.fixtures.towns import DISTRICT, TownDatabase, inside

ZONE = ZoneInfo("Asia/Shanghai")
LINKED = Assets.linked(lambda name: f"/static/0/vendor/{name}")
EVERYWHERE = Principal("boss", grants=(("admin", ""),))
ALL_DAYS = 600


@pytest.fixture
def session(served: Served) -> Iterator[Session]:
    with read_session(served.town.owner_engine, EVERYTHING) as session:
        yield session


def points_of(html: str) -> list[list[float]]:
    found = re.search(r"L\.heatLayer\(\s*(\[\[.*?\]\])", html, re.DOTALL)
    return json.loads(found[1]) if found else []


def drawn(session: Session, code: str, viewer: Principal = EVERYWHERE, **more: object) -> heat.Heat:
    request = HeatRequest(code=code, **({"days": ALL_DAYS} | more))  # type: ignore[arg-type]
    return draw(session, request, viewer=viewer, instant=datetime.now(UTC), zone=ZONE, assets=LINKED)


def test_every_incident_of_the_unit_is_in_it(session: Session) -> None:
    whole = drawn(session, DISTRICT)
    assert whole.total == INCIDENTS
    assert sum(point[2] for point in points_of(to_html(whole.map))) == INCIDENTS
    one = drawn(session, BUSY)
    expected = session.scalar(text("SELECT count(*) FROM incident WHERE grid_code = :c"), {"c": BUSY})
    assert one.total == expected > INCIDENTS / 2


def test_a_class_and_a_period_narrow_it(session: Session) -> None:
    rubbish = drawn(session, DISTRICT, class_code="0102")
    assert 0 < rubbish.total < INCIDENTS
    assert "暴露垃圾" in to_html(rubbish.map)
    assert drawn(session, DISTRICT, days=30).total < INCIDENTS / 4


def test_the_period_begins_at_a_local_midnight(session: Session) -> None:
    instant = datetime(2026, 3, 1, 17, 30, tzinfo=UTC)  # already the 2nd in China
    found = draw(
        session,
        HeatRequest(code=DISTRICT, days=2),
        viewer=EVERYWHERE,
        instant=instant,
        zone=ZONE,
        assets=LINKED,
    )
    assert found.since == datetime(2026, 3, 1, tzinfo=ZONE)
    assert "2026-03-01 至 2026-03-02" in to_html(found.map)


def test_a_synthetic_district_says_so(session: Session) -> None:
    assert "演示数据，非真实事件" in to_html(drawn(session, BUSY).map)
    assert "Demo data, not real incidents" in to_html(drawn(session, BUSY, lang="en").map)


def test_part_of_a_unit_says_that_it_is_a_part(session: Session) -> None:
    viewer = Principal("wang", grants=(("viewer", f"{DISTRICT}.{STREET}"),))
    assert "仅含您管辖范围内的事件" in to_html(drawn(session, DISTRICT, viewer).map)
    assert "仅含您管辖范围内的事件" not in to_html(drawn(session, STREET, viewer).map)


@pytest.mark.parametrize("viewer", [NOBODY, Principal("wang", grants=(("viewer", f"{DISTRICT}.370299002"),))])
def test_a_unit_outside_ones_area_is_refused(session: Session, viewer: Principal) -> None:
    with pytest.raises(Forbidden, match=STREET):
        drawn(session, STREET, viewer)


def test_what_does_not_exist(session: Session) -> None:
    with pytest.raises(NotFound, match="370298"):
        drawn(session, "370298")
    with pytest.raises(NotFound, match="9999"):
        drawn(session, DISTRICT, class_code="9999")
    for days in (0, -3, 100_000):
        with pytest.raises(Invalid, match=str(days)):
            drawn(session, DISTRICT, days=days)


def test_many_incidents_are_counted_in_squares_and_none_is_lost(town_db: TownDatabase) -> None:
    lon, lat = inside(BUSY)
    rng = np.random.default_rng(1)
    rows = [
        {"n": f"M{n}", "lon": lon + dx, "lat": lat + dy}
        for n, (dx, dy) in enumerate(rng.uniform(-0.002, 0.002, (heat.POINTS_AS_THEY_ARE + 400, 2)))
    ]
    with town_db.writing() as session:
        session.execute(
            text(
                "INSERT INTO incident (number, source, geom, occurred_at, reported_at) VALUES "
                "(:n, 'test', ST_SetSRID(ST_MakePoint(:lon, :lat), 4326), now(), now())"
            ),
            rows,
        )
    with read_session(town_db.db.owner_engine, EVERYTHING) as session:
        found = drawn(session, DISTRICT, days=1)
        points = points_of(to_html(found.map))
    assert found.total == len(rows)
    assert sum(point[2] for point in points) == len(rows)
    assert len(points) < len(rows) / 4
    # Squares are a few pixels of a full screen: their points stay where they were to within one.
    assert max(abs(p[0] - lat) for p in points) < 0.0025


def test_squares_grow_until_they_fit_in_the_page(
    town_db: TownDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heat, "POINTS_AS_THEY_ARE", 100)
    monkeypatch.setattr(heat, "MOST_CELLS", 20)
    lon, lat = inside(BUSY)
    rng = np.random.default_rng(2)
    with town_db.writing() as session:
        session.execute(
            text(
                "INSERT INTO incident (number, source, geom, occurred_at, reported_at) VALUES "
                "(:n, 'test', ST_SetSRID(ST_MakePoint(:lon, :lat), 4326), now(), now())"
            ),
            [
                {"n": f"M{n}", "lon": lon + dx, "lat": lat + dy}
                for n, (dx, dy) in enumerate(rng.uniform(-0.002, 0.002, (300, 2)))
            ],
        )
    with read_session(town_db.db.owner_engine, EVERYTHING) as session:
        points = points_of(to_html(drawn(session, DISTRICT, days=1).map))
    assert len(points) <= 20
    assert sum(point[2] for point in points) == 300


def test_the_page_is_for_those_who_are_signed_in(served: Served) -> None:
    address = f"{served.url}/maps/heat/{BUSY}"
    assert httpx.get(address).status_code == 401
    browser = httpx.get(address, headers={"Accept": "text/html"})
    assert browser.status_code == 303
    assert browser.headers["location"] == f"/signin?next=%2Fmaps%2Fheat%2F{BUSY}"


def test_the_page_shows_what_row_security_lets_through(served: Served) -> None:
    with served.person(STREET_DISPATCHER) as client:
        mine = client.get(f"/maps/heat/{DISTRICT}?days={ALL_DAYS}").text
        assert client.get("/maps/heat/370299002").status_code == 403
    with served.person(DISPATCHER) as client:
        whole = client.get(f"/maps/heat/{DISTRICT}?days={ALL_DAYS}").text
    assert 0 < sum(p[2] for p in points_of(mine)) < sum(p[2] for p in points_of(whole)) == INCIDENTS


def test_the_page_may_run_its_own_scripts_and_nothing_else(served: Served) -> None:
    with served.person(DISPATCHER) as client:
        answer = client.get(f"/maps/heat/{BUSY}")
    policy = answer.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "'sha256-" in policy
    assert "connect-src" not in policy
    assert "default-src 'none'" in policy
    assert "maps.heat" not in answer.text
    assert answer.headers["cache-control"] == "private, no-store"


def test_a_year_of_a_grid_is_quick_and_small(served: Served) -> None:
    with served.person(DISPATCHER) as client:
        client.get(f"/maps/heat/{BUSY}")
        answer = client.get(f"/maps/heat/{BUSY}")
    assert len(answer.content) < 1_000_000
    # A wide margin over the 300 ms that are asked for: the machine of a test run is shared.
