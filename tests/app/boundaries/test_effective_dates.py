"""From when editions may take effect, and what becomes of rows that break the rule."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.boundaries.edition_cache import EditionCache
from app.boundaries.effective_dates import EARLIEST, latest_effective, refuse_out_of_bounds, within_bounds
from app.errors import Invalid
from app.problems import problem_of
from app.verify.service import verify
from tests.app.boundaries.test_edition_cache import renamed
from tests.fixtures.clients import client_on
from tests.fixtures.towns import inside, publish_town

GRID = "370299002003001"
ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
INSTANTS = st.datetimes(timezones=ZONES)
# The bounds that Hypothesis takes have no zone.
LATER = st.datetimes(datetime(2000, 1, 1), datetime(2900, 1, 1), timezones=ZONES)  # noqa: DTZ001
NOW = datetime(2026, 11, 29, 5, tzinfo=UTC)


@given(instant=INSTANTS, now=LATER)
def test_an_instant_is_kept_in_utc_or_refused_with_the_bounds(instant: datetime, now: datetime) -> None:
    good = EARLIEST <= instant <= latest_effective(now)
    assert within_bounds(instant, now) == good
    if good:
        kept = refuse_out_of_bounds(instant, now)
        assert kept == instant
        assert kept.utcoffset() == timedelta(0)
        return
    with pytest.raises(Invalid) as refusal:
        refuse_out_of_bounds(instant, now)
    problem = problem_of(refusal.value, "en")
    assert (problem["code"], problem["field"]) == ("effective-out-of-bounds", "effective_from")
    for shown in (problem["earliest"], problem["latest"], instant.isoformat(), "effective_from"):
        assert shown in problem["detail"]


@pytest.mark.parametrize(
    ("instant", "good"),
    [
        ("1990-01-01T00:00:00Z", True),
        ("1990-01-01T07:59:59+08:00", False),
        ("1989-12-31T23:59:59.999999Z", False),
        ("2028-11-29T05:00:00Z", True),
        ("2028-11-29T05:00:00.000001Z", False),
        ("2028-11-29T13:00:00+08:00", True),
    ],
)
def test_the_bounds_are_judged_in_utc(session: Session, instant: str, good: bool) -> None:
    assert within_bounds(datetime.fromisoformat(instant), NOW) == good
    statement = text(
        "INSERT INTO edition (number, effective_from, published_at, author, content_hash, grids) "
        "VALUES (1, CAST(:i AS timestamptz), CAST(:n AS timestamptz), 'x', 'x', 1)"
    )
    # The database says the same of the same row, whatever zone it is asked in. (A guard knows its clock.)
    session.execute(text("ALTER TABLE edition DISABLE TRIGGER USER"))
    session.execute(text("SET LOCAL timezone = 'Asia/Shanghai'"))
    values = {"i": instant, "n": NOW.isoformat()}
    if good:
        session.execute(statement, values)
        return
    with pytest.raises(IntegrityError, match="ck_edition_effective_from"):
        session.execute(statement, values)


@pytest.mark.parametrize("instant", ["infinity", "-infinity", "10000-01-01", "0044-03-15 BC", "2126-11-30"])
def test_psql_cannot_either(session: Session, town, instant: str) -> None:
    with pytest.raises(IntegrityError, match="ck_edition_effective_from"):
        session.execute(
            text(
                "INSERT INTO edition (number, effective_from, author, content_hash, grids) "
                "VALUES (2, CAST(:i AS timestamptz), 'x', 'x', 1)"
            ),
            {"i": instant},
        )


@pytest.mark.parametrize("instant", ["10000-01-01 13:59:59.999999", "2126-11-30", "-infinity"])
def test_one_bad_row_does_not_empty_the_schedule(app, actors, town_db, wangge_empty, instant: str) -> None:
    """As an older release, or somebody with psql, may have left it."""
    with town_db.writing() as session:
        publish_town(session, renamed("二"), effective_from=datetime.now(UTC) + timedelta(days=1))
    with town_db.writing() as session:
        session.execute(text("ALTER TABLE edition DROP CONSTRAINT ck_edition_effective_from"))
        session.execute(text("ALTER TABLE edition DISABLE TRIGGER USER"))
        session.execute(
            text("UPDATE edition SET effective_from = CAST(:i AS timestamptz) WHERE number = 2"),
            {"i": instant},
        )
        session.execute(text("ALTER TABLE edition ENABLE TRIGGER USER"))
    lon, lat = inside(GRID)
    cache = EditionCache(town_db.db.service_engine)
    cache.refresh()
    assert cache.in_force().number == 1
    person = actors.person(("gis-publisher", ""))
    assert [e["number"] for e in person.get("/v1/editions").json()["editions"]] == [2, 1]
    for address in (
        "/ogc/collections/grid/items?limit=1",
        "/ogc/collections",
        "/v1/drafts",
        "/readyz",
        "/maps/units.json",
    ):
        assert person.get(address).status_code == 200, address
    assert client_on(app).get("/v1/locate", params={"lon": lon, "lat": lat}).json()["edition"] == 1
    assert person.post("/v1/drafts", json={"title": "照常"}).status_code == 201
    assert wangge_empty("locate", lon, lat, "--json").document["edition"] == 1
    said = wangge_empty("verify", "--json")
    assert said.code == 1
    assert "out of bounds" in said.out or "越界" in said.out
    with Session(town_db.db.owner_engine) as session:
        assert [o.number for o in verify(session) if not o.holds] == [4]
    if instant[0] != "-":  # What has always been in force cannot be withdrawn.
        drafts = person.get("/v1/drafts").json()["drafts"]
        assert (
            wangge_empty("grids", "withdraw", "2", "--reason", "年份写错", "--json").document["newest"] == 1
        )
        assert person.get(f"/v1/drafts/{drafts[0]['id']}").json()["base"] == 1
        with Session(town_db.db.owner_engine) as session:
            assert [o.number for o in verify(session) if not o.holds] == []
