"""One clock: the database's, measured without believing in the time that the question took."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.kit import clock
from tests.app.boundaries.test_edition_cache import renamed
from tests.fixtures.actors import PASSWORD, add_account
from tests.fixtures.clients import client_on, serving
from tests.fixtures.towns import inside, publish_town

GRID = "370299002003001"
START = datetime(2026, 11, 29, 5, tzinfo=UTC)
SPANS = st.timedeltas(timedelta(0), timedelta(seconds=60))


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    yield
    clock.measure(START, START, START)


@given(took=SPANS, ahead=st.timedeltas(timedelta(days=-400), timedelta(days=400)), at=st.floats(0, 1))
def test_the_difference_is_never_off_by_more_than_the_question_took(took, ahead, at) -> None:
    found = clock.measure(START, START + took * at + ahead, START + took)
    assert abs(found - ahead) <= took + timedelta(microseconds=2)
    if ahead == timedelta(0):
        assert found == ahead, "on one machine there is no difference"


def slow(monkeypatch: pytest.MonkeyPatch, behind: timedelta) -> None:
    monkeypatch.setattr("app.kit.clock.service_now", lambda: datetime.now(UTC) - behind)


@pytest.mark.parametrize("behind", [timedelta(hours=13), timedelta(hours=-13)], ids=["behind", "ahead"])
def test_a_service_whose_clock_is_wrong_goes_by_the_databases_and_says_so(
    monkeypatch, town_db, capsys, behind: timedelta
) -> None:
    """13 hours is more than a session lives unused: signing in ended with a RuntimeError."""
    now = datetime.now(UTC)
    with town_db.writing() as session:
        publish_town(session, renamed("二"), effective_from=now + timedelta(hours=6))
    add_account(town_db.db.owner_engine, "zhang", ("admin", ""))
    slow(monkeypatch, behind)
    lon, lat = inside(GRID)
    with serving(town_db.db.settings) as app:
        person = client_on(app)
        answer = person.post("/v1/session", json={"name": "zhang", "password": PASSWORD})
        assert answer.status_code == 200, answer.text
        with Session(town_db.db.owner_engine) as session:
            left = session.scalar(text("SELECT expires_at - now() FROM session"))
        assert timedelta(0) < left <= timedelta(hours=12)
        assert person.get("/v1/session").json()["name"] == "zhang"
        # Behind it would give the first edition six hours too long, ahead the second one at once.
        assert person.get("/v1/locate", params={"lon": lon, "lat": lat}).json()["edition"] == 1
        later = {"lon": lon, "lat": lat, "at": (now + timedelta(hours=7)).isoformat()}
        assert person.get("/v1/locate", params=later).json()["edition"] == 2
        assert person.get("/v1/editions").json()["in_force"] == 1
        ready = person.get("/readyz")
        assert ready.status_code == 200
        assert ready.json()["clock"]["agrees"] is False
        assert ready.json()["clock"]["database_ahead_s"] == pytest.approx(behind.total_seconds(), abs=60)
        metric = next(
            line
            for line in person.get("/metrics").text.splitlines()
            if line.startswith("wangge_clock_difference_seconds")
        )
        assert float(metric.split()[1]) == pytest.approx(behind.total_seconds(), abs=60)
    said = capsys.readouterr()
    assert "clock_differs" in said.out + said.err


def test_clocks_that_agree_are_not_spoken_of(town_db) -> None:
    with serving(town_db.db.settings) as app:
        assert "clock" not in client_on(app).get("/readyz").json()
        assert clock.difference() == timedelta(0)
