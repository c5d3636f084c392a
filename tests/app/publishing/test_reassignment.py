"""What a new edition does to components and incidents: now, later by the clock, and while somebody else is writing."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.boundaries.assignment import index_in_force, newer_edition
from app.boundaries.edition_cache import EditionCache
from app.components import service as components
from app.db import locks
from app.db.session import EVERYTHING, write_session
from app.publishing.reassignment import activate, activate_due
from app.verify.service import verify
from tests.fixtures.eventually import eventually
from tests.fixtures.towns import bring_forward, inside, publish_town, shape_of, town_grids

TOMORROW = datetime.now(UTC) + timedelta(days=1)
LEFT, RIGHT = "370299002003001", "370299002003002"
POINT = "INSERT INTO component (code, code_scheme, class_code, geom) VALUES (:code, 'own', '0101', ST_Point(:x, :y, 4326))"
REPORT = (
    "INSERT INTO incident (number, source, state, geom, occurred_at, reported_at)"
    " VALUES (:number, 't', :state, ST_Point(:x, :y, 4326), now() - interval '1 hour', "
    "now() - interval '1 hour')"
)


def swapped():
    """LEFT and RIGHT exchange their land."""
    grids = town_grids()
    grids["code"] = grids["code"].replace({LEFT: RIGHT, RIGHT: LEFT})
    return grids


def fill(session: Session) -> None:
    """A component and an open and a closed incident in every grid of the town, and some that cross."""
    for code in town_grids()["code"]:
        x, y = inside(code)
        session.execute(text(POINT), {"code": f"c{code}", "x": x, "y": y})
        for state in ("handling", "closed"):
            session.execute(text(REPORT), {"number": f"{state}{code}", "state": state, "x": x, "y": y})
    session.execute(
        text(
            "INSERT INTO component (code, code_scheme, class_code, geom) VALUES ('pipe', 'own', '2102',"
            " ST_MakeLine(ST_Point(:x, :y, 4326), ST_Point(:u, :v, 4326)))"
        ),
        dict(zip("xyuv", (*inside(LEFT), *inside(RIGHT)), strict=True)),
    )
    session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))


def owners(session: Session, table: str, column: str) -> dict[str, str]:
    return dict(tuple(row) for row in session.execute(text(f"SELECT {column}, grid_code FROM {table}")))


def versions(session: Session) -> dict[str, str]:
    """Where each component's row lies: a row that is written moves."""
    return dict(tuple(row) for row in session.execute(text("SELECT code, ctid::text FROM component")))


def broken(session: Session) -> list:
    return [o.number for o in verify(session) if not o.holds]


def test_only_what_changes_hands_is_written(session, town):
    session.execute(text("SELECT set_config('wangge.owners', '', true)"))
    fill(session)
    before = versions(session)
    logs = session.scalar(text("SELECT count(*) FROM incident_log"))
    publication = publish_town(session, swapped())
    assert publication.components_reassigned == 3  # two points and the pipe
    assert publication.incidents_reassigned == 2  # the open ones; closed ones keep the grid of their time
    components_now = owners(session, "component", "code")
    assert components_now[f"c{LEFT}"] == RIGHT
    assert components_now[f"c{RIGHT}"] == LEFT
    incidents = owners(session, "incident", "number")
    assert incidents[f"handling{LEFT}"] == RIGHT
    assert incidents[f"closed{LEFT}"] == LEFT
    detail = session.execute(
        text(
            "SELECT l.actor, l.action, l.detail FROM incident_log l JOIN incident i ON i.id = l.incident_id"
            " WHERE i.number = :n ORDER BY l.id DESC LIMIT 1"
        ),
        {"n": f"handling{LEFT}"},
    ).one()
    assert tuple(detail) == ("tester", "reassign", {"from": LEFT, "to": RIGHT, "edition": 2})
    assert session.scalar(text("SELECT count(*) FROM incident_log")) == logs + 2
    after = versions(session)
    assert {c for c in after if after[c] != before[c]} <= {f"c{LEFT}", f"c{RIGHT}", "pipe"}
    shares = session.execute(
        text("SELECT h.grid_code, round(h.share::numeric, 3) FROM component_share h ORDER BY 1")
    ).all()
    assert {code for code, _ in shares} == {LEFT, RIGHT}
    assert broken(session) == []


def test_a_border_that_moves_changes_shares_of_what_keeps_its_owner(session, town):
    session.execute(text("SELECT set_config('wangge.owners', '', true)"))
    fill(session)
    share = (
        "SELECT share FROM component_share h JOIN component c ON c.id = h.component_id WHERE h.grid_code = :g"
    )
    was = session.scalar(text(share), {"g": LEFT})
    grids = town_grids()
    first, second = shape_of(LEFT), shape_of(RIGHT)
    shared = first.intersection(second).envelope.buffer(0.0004).intersection(first)
    # Cut along the lattice by publishing the pieces rounded: only the two grids differ.
    from gis.geometry import snap

    strip = snap([shared])[0]
    left = snap([first.difference(strip)])[0]
    grids.loc[grids["code"] == LEFT, "geometry"] = left
    right = snap([second.union(first.difference(left))])[0]
    grids.loc[grids["code"] == RIGHT, "geometry"] = right
    publish_town(session, grids)
    assert session.scalar(text(share), {"g": LEFT}) != was
    assert broken(session) == []


def test_ring_renamed_and_relocated_follow(session, town):
    session.execute(text("SELECT set_config('wangge.owners', '', true)"))
    fill(session)
    grids = town_grids()
    grids.loc[grids["code"] == LEFT, ["community_code", "community_name"]] = ["370299002004", "第4社区"]
    publish_town(session, grids)
    path = "SELECT grid_path::text FROM component WHERE code = :c"
    assert session.scalar(text(path), {"c": f"c{LEFT}"}) == f"370299.370299002.370299002004.{LEFT}"
    assert broken(session) == []


# ---------------------------------------------------------------- by the clock
def test_an_edition_of_the_future_moves_owners_when_it_takes_force(town_db):
    with town_db.writing() as session:
        fill(session)
    with town_db.writing() as session:
        publication = publish_town(session, swapped(), effective_from=TOMORROW)
        assert (publication.components_reassigned, publication.incidents_reassigned) == (0, 0)
    assert activate_due(town_db.db.service_engine) == []
    with Session(town_db.db.owner_engine) as session:
        assert owners(session, "component", "code")[f"c{LEFT}"] == LEFT
        assert broken(session) == []
    bring_forward(town_db.db.owner_engine, 2)
    with Session(town_db.db.owner_engine) as session:
        assert broken(session) == [5], "verify must tell that owners have not followed"
    # As the service does it, with the role that cannot bypass row security.
    assert activate_due(town_db.db.service_engine) == [2]
    assert activate_due(town_db.db.service_engine) == []
    with Session(town_db.db.owner_engine) as session:
        assert owners(session, "component", "code")[f"c{LEFT}"] == RIGHT
        assert owners(session, "incident", "number")[f"handling{LEFT}"] == RIGHT
        assert owners(session, "incident", "number")[f"closed{LEFT}"] == LEFT
        assert session.execute(text("SELECT edition, components, incidents FROM settlement")).one() == (
            2,
            3,
            2,
        )
        assert broken(session) == []


def test_the_next_publication_settles_first(town_db):
    with town_db.writing() as session:
        fill(session)
    with town_db.writing() as session:
        publish_town(session, swapped(), effective_from=TOMORROW)
    bring_forward(town_db.db.owner_engine, 2)
    grids = swapped()
    grids.loc[grids["code"] == "370299001001001", "name"] = "新名"
    with town_db.writing() as session:
        publish_town(session, grids)
        assert broken(session) == []
        assert owners(session, "component", "code")[f"c{LEFT}"] == RIGHT


def test_the_service_notices_by_itself(town_db):
    with town_db.writing() as session:
        fill(session)
    cache = EditionCache(town_db.db.service_engine, taken_force=activate_due)
    cache.start()
    try:
        assert cache.in_force().number == 1
        soon = datetime.now(UTC) + timedelta(seconds=8)
        with town_db.writing() as session:
            publish_town(session, swapped(), effective_from=soon)
        eventually(
            lambda: cache.loaded(2) is not None, otherwise="loaded ahead of time, so that nobody waits for it"
        )
        assert datetime.now(UTC) < soon
        eventually(lambda: cache.in_force().number == 2)

        def settled() -> int:
            with Session(town_db.db.owner_engine) as session:
                return session.scalar(text("SELECT count(*) FROM settlement"))

        assert eventually(settled) == 1
    finally:
        cache.stop()


def test_a_new_edition_is_heard_at_once_and_past_ones_stay(town_db):
    cache = EditionCache(town_db.db.service_engine)
    cache.start()
    try:
        before = datetime.now(UTC)
        with town_db.writing() as session:
            publish_town(session, swapped())
        eventually(lambda: cache.in_force().number == 2)
        x, y = inside(LEFT)
        now, then = cache.in_force(), cache.in_force(before)
        assert (now.number, then.number) == (2, 1)
        assert now.index.codes[int(now.index.locate(x, y))] == RIGHT
        assert then.index.codes[int(then.index.locate(x, y))] == LEFT
    finally:
        cache.stop()


def test_the_edition_in_force_is_never_forgotten(session, town_db):
    cache = EditionCache(town_db.db.service_engine)
    for number in range(2, 14):
        grids = town_grids()
        grids.loc[0, "name"] = f"名{number}"
        with town_db.writing() as writing:
            publish_town(writing, grids, effective_from=datetime.now(UTC) + timedelta(days=number))
    cache.refresh()
    held = cache.in_force()
    for number in range(2, 14):
        cache.get(number)
        assert cache.loaded(1) is held
    assert sum(cache.loaded(n) is not None for n in range(1, 14)) == 8


# ---------------------------------------------------------------- at the same moment
def test_publication_waits_for_a_row_that_is_being_written(town_db):
    """A row stored under the old edition and committed after the new one must not keep the old owner."""
    x, y = inside(LEFT)
    done = threading.Event()

    def publish() -> None:
        with town_db.writing() as session:
            publish_town(session, swapped())
        done.set()

    with Session(town_db.db.owner_engine) as writer, writer.begin():
        writer.execute(text(POINT), {"code": "late", "x": x, "y": y})
        thread = threading.Thread(target=publish)
        thread.start()
        assert not done.wait(1.0), "the publication must wait"
    thread.join(20)
    assert done.is_set()
    with Session(town_db.db.owner_engine) as session:
        assert owners(session, "component", "code") == {"late": RIGHT}
        assert broken(session) == []


def test_a_row_written_during_a_publication_waits_for_it(town_db):
    x, y = inside(LEFT)
    written = threading.Event()

    def write() -> None:
        with Session(town_db.db.owner_engine) as session, session.begin():
            session.execute(text(POINT), {"code": "late", "x": x, "y": y})
        written.set()

    with town_db.writing() as session:
        publish_town(session, swapped())
        thread = threading.Thread(target=write)
        thread.start()
        assert not written.wait(0.5)
    thread.join(20)
    with Session(town_db.db.owner_engine) as session:
        assert owners(session, "component", "code") == {"late": RIGHT}


def test_a_long_load_follows_an_edition_published_meanwhile(town_db):
    """The engine's owners were computed by edition 1; edition 2 is published before they are committed."""
    x, y = inside(LEFT)
    with write_session(town_db.db.owner_engine, EVERYTHING) as load:
        loaded = index_in_force(load)
        job = load.scalar(
            text(
                "INSERT INTO import_job (kind, file_name, file_sha256, created_by)"
                " VALUES ('components', 'f', 'x', 't') RETURNING id"
            )
        )
        load.execute(text("SELECT set_config('wangge.owners', 'given', true)"))
        load.execute(
            text(
                "INSERT INTO component (code, code_scheme, class_code, geom, grid_code, grid_path, paths, import_id)"
                " VALUES ('bulk', 'own', '0101', ST_Point(:x, :y, 4326), :c, :p, ARRAY[CAST(:p AS ltree)], :j)"
            ),
            {"x": x, "y": y, "c": LEFT, "p": f"370299.370299002.370299002003.{LEFT}", "j": job},
        )
        with town_db.writing() as session:
            publish_town(session, swapped())
        newer = newer_edition(load, loaded)
        assert newer is not None
        assert newer.number == 2
        assert components.reassign_import(load, newer, job) == 1
        # From here to the commit no other edition takes force.
        with town_db.writing() as session:
            taken = session.scalar(text(f"SELECT pg_try_advisory_xact_lock({locks.OWNERS.number})"))
            assert not taken
    with Session(town_db.db.owner_engine) as session:
        assert owners(session, "component", "code") == {"bulk": RIGHT}
        assert broken(session) == []


def test_a_load_that_nothing_overtakes_goes_on(session, town):
    assert newer_edition(session, index_in_force(session)) is None


def test_settling_nothing_takes_no_lock(session, town):
    assert activate(session, actor="t") == []


def test_two_publications_at_once_make_two_editions(town_db):
    results: list[int] = []

    def publish(name: str) -> None:
        grids = town_grids()
        grids.loc[0, "name"] = name
        with town_db.writing() as session:
            results.append(publish_town(session, grids).published.edition)

    threads = [threading.Thread(target=publish, args=(f"名{i}",)) for i in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(results) == [2, 3, 4]
    with Session(town_db.db.owner_engine) as session:
        assert broken(session) == []
