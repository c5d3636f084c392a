"""What the database says of each state, and the lists that are filtered by it."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from app.db.session import EVERYTHING, read_session, write_session
from app.incidents import states
from tests.fixtures.actors import Actors
from tests.fixtures.database import CommittingDatabase
from tests.fixtures.units import place_in


@pytest.fixture
def one_in_each(committing_db: CommittingDatabase, units: tuple[str, ...]) -> CommittingDatabase:
    lon, lat = place_in(0)
    with write_session(committing_db.owner_engine, EVERYTHING) as session:
        for state in states.NAMES:
            session.execute(
                text(
                    "INSERT INTO incident (number, source, state, geom, occurred_at, reported_at) "
                    "VALUES ('N-' || :state, 'test', :state, ST_Point(:x, :y, 4326), now(), now())"
                ),
                {"state": state, "x": lon, "y": lat},
            )
    return committing_db


@pytest.fixture
def dispatcher(one_in_each: CommittingDatabase, actors: Actors) -> TestClient:
    return actors.sign_in("dispatcher", "d")


def test_the_columns_say_what_the_table_of_states_says(one_in_each: CommittingDatabase):
    with read_session(one_in_each.owner_engine, EVERYTHING) as session:
        rows = session.execute(text("SELECT state, is_open, is_void FROM incident")).all()
        planned = session.execute(
            text(
                "SELECT indexdef FROM pg_indexes WHERE tablename = 'incident' AND indexname LIKE 'ix_incident_open%'"
            )
        ).scalars()
        assert all(definition.endswith("WHERE is_open") for definition in planned)
    said = {state: (is_open, is_void) for state, is_open, is_void in rows}
    assert said == {state.name: (state.is_open, state.name == states.VOIDED) for state in states.TABLE}


@pytest.mark.parametrize(
    ("asked", "shown"),
    [
        ("open", set(states.OPEN)),
        ("closed", {"closed"}),
        ("open,closed", {*states.OPEN, "closed"}),
        ("suspended,voided", {"suspended", "voided"}),
        ("open,handling", set(states.OPEN)),
        ("", set(states.NAMES)),
    ],
)
def test_lists_by_state(dispatcher: TestClient, asked: str, shown: set[str]):
    answer = dispatcher.get("/v1/incidents", params={"state": asked} if asked else None)
    assert answer.status_code == 200, answer.text
    items = answer.json()["items"]
    assert {item["state"] for item in items} == shown
    assert all(item["open"] == (item["state"] in states.OPEN) for item in items)


def test_the_map_is_told_what_is_open(dispatcher: TestClient):
    answer = dispatcher.get("/v1/incidents/map", params={"zoom": 16})
    assert answer.status_code == 200, answer.text
    marks = [feature["properties"] for feature in answer.json()["features"]["features"]]
    assert {mark["state"]: mark["open"] for mark in marks} == {
        state.name: state.is_open for state in states.TABLE
    }


def test_counts_of_a_unit(dispatcher: TestClient):
    counts = dispatcher.get("/v1/units/d").json()["counts"]
    assert counts["incidents_open"] == len(states.OPEN)
    assert counts["incidents_total"] == len(states.NAMES) - 1
