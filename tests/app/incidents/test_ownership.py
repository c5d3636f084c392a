"""Open incidents belong to the edition in force, closed ones to the one in force when they ended; SQL and engine agree."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.boundaries.assignment import index_in_force
from app.boundaries.unit_tree import CoverageInput
from app.db.session import EVERYTHING, write_session
from app.incidents import states
from app.incidents.ownership import Ownership
from app.kit.clock import now
from app.publishing.reassignment import publish
from app.verify.service import verify
from tests.fixtures.properties import effort
from tests.fixtures.towns import CODES, inside, publish_town, town_grids

LEFT, RIGHT = "370299002003001", "370299002003002"
X, Y = inside(LEFT)
ADD = (
    "INSERT INTO incident (number, source, state, geom, occurred_at, reported_at, closed_at) "
    "VALUES (:number, 't', :state, ST_Point(:x, :y, 4326), :occurred, :reported, :closed)"
)
OWNED = "SELECT grid_code, assigned_edition FROM incident WHERE number = :number"
# Before the first edition, in the first, in the second, in the third (the present one).
DAYS = [datetime(2019, 5, 1, tzinfo=UTC), *(datetime(2026, month, 15, tzinfo=UTC) for month in (2, 4, 6))]
BEGINS = [datetime(2026, month, 1, tzinfo=UTC) for month in (1, 3, 5)]


def swapped() -> Any:
    grids = town_grids()
    grids["code"] = grids["code"].replace({LEFT: RIGHT, RIGHT: LEFT})
    return grids


def publish_history(session: Session) -> None:
    """Three editions of this year: LEFT and RIGHT exchange their land with the second, and again with the third."""
    for begins, grids in zip(BEGINS, (town_grids(), swapped(), town_grids()), strict=True):
        publish_town(session, grids, effective_from=begins)
    session.execute(text("SELECT set_config('wangge.owners', '', true)"))


def add(session: Session, number: str, state: str, *, closed: datetime | None = None, **given: Any) -> tuple:
    values = {"x": X, "y": Y, "occurred": DAYS[0], "reported": DAYS[0]} | given
    session.execute(text(ADD), {"number": number, "state": state, "closed": closed, **values})
    return owned(session, number)


def owned(session: Session, number: str) -> tuple:
    return tuple(session.execute(text(OWNED), {"number": number}).one())


def holds(session: Session) -> bool:
    session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
    return all(each.holds for each in verify(session))


@pytest.mark.parametrize(
    ("ended", "owner", "edition"),
    [(DAYS[0], LEFT, 1), (DAYS[1], LEFT, 1), (DAYS[2], RIGHT, 2), (DAYS[3], LEFT, 3)],
)
def test_a_closed_incident_belongs_to_the_edition_of_its_end(
    session: Session, ended: datetime, owner: str, edition: int
) -> None:
    publish_history(session)
    assert add(session, "closed", "closed", closed=ended) == (owner, edition)
    assert add(session, "unknown", "closed", reported=ended) == (owner, edition)
    # When it happened decides nothing, nor does an end that is not one yet.
    assert add(session, "happened", "closed", occurred=ended, closed=DAYS[2]) == (RIGHT, 2)
    assert add(session, "open", "handling", reported=ended) == (LEFT, 3)
    assert holds(session)


def test_an_edition_begins_with_its_instant(session: Session) -> None:
    publish_history(session)
    assert add(session, "at", "closed", closed=BEGINS[1]) == (RIGHT, 2)
    assert add(session, "before", "closed", closed=BEGINS[1] - timedelta(microseconds=1)) == (LEFT, 1)


def test_the_owner_follows_when_an_incident_is_closed_opened_or_moved(session: Session) -> None:
    publish_history(session)
    assert add(session, "n", "handling") == (LEFT, 3)
    change = "UPDATE incident SET {} WHERE number = 'n'"
    session.execute(text(change.format("state = 'closed', closed_at = :t")), {"t": DAYS[2]})
    assert owned(session, "n") == (RIGHT, 2)
    session.execute(text(change.format("closed_at = :t")), {"t": DAYS[1]})
    assert owned(session, "n") == (LEFT, 1)
    x, y = inside(RIGHT)
    session.execute(text(change.format("geom = ST_Point(:x, :y, 4326)")), {"x": x, "y": y})
    assert owned(session, "n") == (RIGHT, 1)
    session.execute(text(change.format("state = 'handling', closed_at = NULL")))
    assert owned(session, "n") == (RIGHT, 3)
    assert holds(session)


def test_what_ends_in_the_future_is_taken_as_ended_now(session: Session) -> None:
    publish_history(session)
    publish_town(session, swapped(), effective_from=now() + timedelta(days=9))
    session.execute(text("SELECT set_config('wangge.owners', '', true)"))
    assert add(session, "n", "closed", closed=now() + timedelta(days=20)) == (LEFT, 3)


def test_an_edition_that_began_in_the_past_takes_what_ended_since(session: Session) -> None:
    publish_town(session, town_grids(), effective_from=BEGINS[0])
    session.execute(text("SELECT set_config('wangge.owners', '', true)"))
    for at, day in enumerate(DAYS):
        add(session, f"closed{at}", "closed", closed=day)
    add(session, "voided", "voided", closed=DAYS[3])
    publication = publish_town(session, swapped(), effective_from=BEGINS[1])
    assert publication.incidents_reassigned == 2
    assert [owned(session, f"closed{at}") for at in range(4)] == [
        (LEFT, 1),
        (LEFT, 1),
        (RIGHT, 2),
        (RIGHT, 2),
    ]
    assert owned(session, "voided") == (LEFT, 1), "nobody is asked about it any more"
    logged = session.execute(
        text(
            "SELECT l.detail FROM incident_log l JOIN incident i ON i.id = l.incident_id "
            "WHERE i.number = 'closed2' AND l.action = 'reassign'"
        )
    ).scalars()
    assert list(logged) == [{"from": LEFT, "to": RIGHT, "edition": 2}]
    assert holds(session)


def test_an_end_in_a_grid_that_stays_is_counted_to_the_new_edition(session: Session) -> None:
    """Its owner is the same, so nothing changes hands; the edition that says so is another one."""
    publish_town(session, town_grids(), effective_from=BEGINS[0])
    session.execute(text("SELECT set_config('wangge.owners', '', true)"))
    x, y = inside(CODES[0])
    assert add(session, "n", "closed", closed=DAYS[3], x=x, y=y) == (CODES[0], 1)
    grids = town_grids()
    grids.loc[grids["code"] == CODES[0], "name"] = "新名"
    assert publish_town(session, grids, effective_from=BEGINS[1]).incidents_reassigned == 0
    assert owned(session, "n") == (CODES[0], 2)
    assert holds(session)


# ---------------------------------------------------------------- a district's first edition stands for the time before
def test_records_that_are_older_than_all_editions_have_the_first_one(session: Session) -> None:
    publish_history(session)
    assert add(session, "old", "closed") == (LEFT, 1)
    assert add(session, "outside", "closed", x=121.0, y=37.0) == (None, 1)


def test_a_district_that_comes_later_finds_its_records(session: Session) -> None:
    """Register first, boundaries second: the records have owners once there are grids."""
    near, far = town_grids(), town_grids()
    far["geometry"] = far["geometry"].translate(0.5, 0)
    for column in ("code", "community_code", "street_code"):
        far[column] = far[column].str.replace("370299", "370288", n=1)
    publish_town(session, near, effective_from=BEGINS[0])
    session.execute(text("SELECT set_config('wangge.owners', '', true)"))
    for at, day in enumerate(DAYS):
        assert add(session, f"far{at}", "closed", closed=day, x=X + 0.5)[0] is None
    publish(session, coverage(far, "370288"), author="t", effective_from=BEGINS[1])
    its_left = LEFT.replace("370299", "370288", 1)
    assert [owned(session, f"far{at}") for at in range(4)] == [(its_left, 2)] * 4
    session.execute(text("SELECT set_config('wangge.owners', '', true)"))
    assert add(session, "later", "closed", closed=DAYS[0], x=X + 0.5) == (its_left, 2)
    # Grids that grow over land do not own what happened there before.
    wide = far[far["code"] != its_left]
    assert holds(session)
    publish(session, coverage(wide, "370288"), author="t", effective_from=BEGINS[2])
    assert owned(session, "far0") == (its_left, 2)
    assert holds(session)


def coverage(grids: Any, district: str) -> CoverageInput:
    return CoverageInput(
        grids=grids, district_code=district, district_name=f"{district}区", code_scheme="own"
    )


# ---------------------------------------------------------------- SQL and the engine
@settings(
    max_examples=effort(15, deep=200),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    rows=st.lists(
        st.tuples(
            st.sampled_from(CODES),
            st.sampled_from(states.NAMES),
            st.sampled_from([*DAYS, *BEGINS]),
            st.none() | st.sampled_from([*DAYS, *BEGINS]),
            st.booleans(),
        ),
        min_size=1,
        max_size=12,
    )
)
def test_engine_and_trigger_agree(town_history: Session, rows: list[tuple]) -> None:
    with town_history.begin_nested() as nested:
        for at, (code, state, reported, closed, away) in enumerate(rows):
            x, y = inside(code)
            add(town_history, f"h{at}", state, reported=reported, closed=closed, x=x + 3 * away, y=y)
        stored = town_history.execute(
            text(
                "SELECT ST_X(geom), ST_Y(geom), is_open, coalesce(closed_at, reported_at), grid_code, grid_path::text, "
                "assigned_edition FROM incident WHERE number LIKE 'h%' ORDER BY id"
            )
        ).all()
        frame = pd.DataFrame(stored, columns=["x", "y", "open", "ended", "code", "path", "edition"])
        owners = Ownership(town_history, index_in_force(town_history)).of(
            frame["x"].to_numpy(),
            frame["y"].to_numpy(),
            frame["open"].to_numpy(dtype=bool),
            pd.to_datetime(frame["ended"], utc=True),
        )
        nested.rollback()
    assert owners.codes.tolist() == [row[4] for row in stored]
    assert owners.paths.tolist() == frame["path"].tolist()
    assert owners.editions.tolist() == frame["edition"].tolist()


@pytest.fixture
def town_history(session: Session) -> Session:
    publish_history(session)
    return session


# ---------------------------------------------------------------- files
HEAD = "id,time,said,done,state,lon,lat"


@pytest.fixture
def importing(wangge: Callable[..., Any], tmp_path: Path) -> Callable[..., Any]:
    def run(*lines: str, options: tuple[str, ...] = ()) -> Any:
        file = tmp_path / "历史.csv"
        file.write_text("\n".join((HEAD, *lines)) + "\n", encoding="utf-8")
        named = (
            "--id-column",
            "id",
            "--time-column",
            "time",
            "--reported-column",
            "said",
            "--closed-column",
            "done",
        )
        return wangge("incidents", "import", file, *named, "--state-column", "state", *options, "--json")

    return run


def test_an_import_goes_by_the_times_of_the_file(importing: Any, town_db: Any) -> None:
    with write_session(town_db.db.owner_engine, EVERYTHING) as session:
        # The town's first edition began when the test did: what ended before is the first one's, too.
        publish_town(session, swapped())
    hour_ago = (now() - timedelta(hours=1)).isoformat(timespec="seconds")
    done = importing(
        f"1,2026-11-01 08:00,2026-11-01 09:00,2026-11-02 10:00,closed,{X},{Y}",
        f"2,2026-11-01 08:00,,,closed,{X},{Y}",
        f"3,{hour_ago},{hour_ago},,handling,{X},{Y}",
        # A date alone may be the day of the report.
        f"4,2026-11-01 08:00,2026-11-01,2026-11-01,closed,{X},{Y}",
    )
    assert done.code == 0, str(done)
    assert any("3 个已结事件" in note for note in done.document["notes"])
    with Session(town_db.db.owner_engine) as session:
        rows = session.execute(
            text(
                "SELECT source_id, reported_at, closed_at, grid_code, assigned_edition, attributes FROM incident ORDER BY id"
            )
        ).all()
        assert holds(session)
    assert [row[3:5] for row in rows] == [(LEFT, 1), (LEFT, 1), (RIGHT, 2), (LEFT, 1)]
    assert [row[1].isoformat() for row in rows[:2]] == [
        "2026-11-01T01:00:00+00:00",
        "2026-11-01T00:00:00+00:00",
    ]
    assert rows[0][2].isoformat() == "2026-11-02T02:00:00+00:00"
    assert [row[2] for row in rows[1:3]] == [None, None]
    assert not any({"said", "done"} & set(row[5]) for row in rows), (
        "a column with a place of its own is no attribute"
    )


@pytest.mark.parametrize(
    ("line", "column", "reason"),
    [
        (f"1,2026-11-03,2026-11-01,,closed,{X},{Y}", "said", "上报时间早于发生时间"),
        (f"1,2026-11-01,2026-11-03 09:00,2026-11-03 08:59,closed,{X},{Y}", "done", "结案时间早于上报时间"),
        (f"1,2026-11-01,2026-11-01,2099-01-01,closed,{X},{Y}", "done", "结案时间还没有到"),
        (f"1,2026-11-01,2026-11-01,2026-11-02,handling,{X},{Y}", "done", "状态却未结案"),
        (f"1,2026-11-01,soon,,closed,{X},{Y}", "said", "不是时间"),
        (f"1,2026-11-01,,never,closed,{X},{Y}", "done", "不是时间"),
    ],
)
def test_times_that_cannot_be_are_refused_by_row(
    importing: Any, town_db: Any, line: str, column: str, reason: str
) -> None:
    good = f"2,2026-11-01,,,closed,{X},{Y}"
    refused = importing(good, line.replace("1,", "7,", 1))
    assert refused.code == 3, str(refused)
    rows = refused.document["error"]["rows"]
    assert [(row["row"], row["column"]) for row in rows] == [(2, column)]
    assert reason in rows[0]["reason"]
    with Session(town_db.db.owner_engine) as session:
        assert session.scalar(text("SELECT count(*) FROM incident")) == 0
