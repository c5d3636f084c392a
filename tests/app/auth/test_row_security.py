"""Nobody sees past their area, whatever the query says: row-level security, tried from the service's own role."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg.errors
import pytest
from pydantic import SecretStr
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from app.db.cluster import ClusterInfo
from app.db.session import EVERYTHING, NOTHING, RowScope, read_session, write_session
from app.db.urls import database_urls
from app.settings import load_settings
from tests.app.auth.rows import PATHS, arrange, expected, filled, look, paths_seen, undone
from tests.fixtures.throwaway import TestDatabase
from tests.fixtures.units import place_in

A = RowScope(("d.a",), "li")
IN_A, IN_B, OUTSIDE = place_in(0), place_in(3), place_in(5)


@pytest.fixture(scope="module")
def town(database_server: ClusterInfo, worker_id: str) -> Iterator[TestDatabase]:
    """A database with every guarded table filled, for all tests of this module: each undoes what it does."""
    with filled(database_server, f"wangge_{worker_id}_rows", arrange) as own:
        yield own


@pytest.fixture
def service(town: TestDatabase) -> Iterator[Session]:
    """As the service signs in to the database; it sees nothing until told."""
    with undone(town.service_url) as session:
        yield session


@pytest.fixture
def owner(town: TestDatabase) -> Iterator[Session]:
    """As the owner of the schema, who is bound by nothing but triggers."""
    with undone(town.owner_url) as session:
        yield session


@pytest.fixture(scope="module")
def rows(town: TestDatabase) -> dict[str, list[tuple[str, ...]]]:
    """The paths of all rows, as the owner sees them."""
    with undone(town.owner_url) as session:
        return {table: paths_seen(session, table) for table in PATHS}


def refused(session: Session, statement: str, **values: object) -> str:
    """Run a statement that must fail; the SQL state it failed with. The transaction goes on."""
    with pytest.raises(DBAPIError) as failure, session.begin_nested():
        session.execute(text(statement), values)
    state = getattr(failure.value.orig, "sqlstate", None)
    assert state is not None
    return str(state)


DENIED = "42501"  # insufficient privilege: no right to the table, or a row outside of the policy


def changed(session: Session, statement: str, **values: object) -> int:
    """How many rows a statement changed."""
    return int(session.execute(text(statement), values).rowcount)  # type: ignore[attr-defined]


# ── seeing ───────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("table", PATHS)
@pytest.mark.parametrize(
    "scopes", [(), ("d.a",), ("d.b",), ("d.a.a1",), ("d.a.a1.g1", "d.b"), ("d",), ("",), ("x",)], ids=str
)
def test_what_is_seen_is_what_lies_in_sight(
    service: Session, rows: dict[str, list[tuple[str, ...]]], table: str, scopes: tuple[str, ...]
) -> None:
    look(service, RowScope(scopes, "li"))
    assert paths_seen(service, table) == expected(rows[table], scopes)


def test_the_rows_are_a_fair_trial(rows: dict[str, list[tuple[str, ...]]]) -> None:
    """Each table has rows in a, in b, and (but for drafts) outside of every grid."""
    for table, paths in rows.items():
        flat = [path for row in paths for path in row]
        assert any(path.startswith("d.a") for path in flat), table
        assert any(path.startswith("d.b") for path in flat), table
        assert ("outside" in flat) != (table.startswith("draft") or table == "component_share"), table
    assert ("d.a.a2.g3", "d.b.b1.g4") in rows["component"]


def test_no_sight_no_rows(service: Session) -> None:
    """A connection on which nobody said who is looking."""
    service.execute(text("RESET wangge.scope"))
    for table in PATHS:
        assert service.execute(text(f"SELECT count(*) FROM {table}")).scalar() == 0
    service.execute(text("SET LOCAL wangge.scope = ''"))
    assert service.execute(text("SELECT count(*) FROM incident")).scalar() == 0


@pytest.mark.parametrize("nonsense", ["*", "d.a", "{d.a", "{d.a.*} OR true", "d.*}"])
def test_a_sight_that_cannot_be_read_shows_nothing(service: Session, nonsense: str) -> None:
    service.execute(text("SELECT set_config('wangge.scope', :q, true)"), {"q": nonsense})
    assert refused(service, "SELECT count(*) FROM incident")[:2] in ("22", "42")


def test_an_outside_row_is_seen_only_by_those_who_see_everything(service: Session) -> None:
    look(service, RowScope(("d",), "li"))
    assert service.execute(text("SELECT count(*) FROM incident WHERE grid_path = 'outside'")).scalar() == 0
    look(service, EVERYTHING)
    assert service.execute(text("SELECT count(*) FROM incident WHERE grid_path = 'outside'")).scalar() == 1


def test_a_sight_ends_with_its_transaction(service_engine: Engine) -> None:
    """The next request on the same pooled connection starts blind."""
    with service_engine.connect() as connection:
        first = connection.execute(text("SELECT pg_backend_pid()")).scalar()
    with write_session(service_engine, EVERYTHING) as session:
        assert session.execute(text("SELECT can_see_all()")).scalar() is True
    with read_session(service_engine, A) as session:
        assert session.execute(text("SELECT can_see_all()")).scalar() is False
        assert session.execute(text("SELECT visible_units()::text")).scalar() == "{d.a.*}"
    with service_engine.connect() as connection:
        assert connection.execute(text("SELECT pg_backend_pid()")).scalar() == first
        assert connection.execute(text("SELECT visible_units()::text")).scalar() == "{}"


def test_a_read_session_cannot_write(service_engine: Engine) -> None:
    with (
        read_session(service_engine, EVERYTHING) as session,
        pytest.raises(DBAPIError) as failure,
    ):
        session.execute(text("INSERT INTO sign_in_attempt (name) VALUES ('x')"))
    assert isinstance(failure.value.orig, psycopg.errors.ReadOnlySqlTransaction)


# ── the roads round it ───────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "query",
    [
        "SELECT count(*) FROM incident WHERE grid_path <@ 'd.b' OR true",
        "SELECT count(*) FROM incident_log l JOIN incident i ON true WHERE i.grid_path <@ 'd.b'",
        "SELECT count(*) FROM (SELECT id, number FROM incident) i WHERE i.number = 'I3'",
        "SELECT (EXISTS (SELECT FROM incident WHERE number = 'I3'))::int",
        "SELECT count(*) FROM component WHERE geom && ST_MakeEnvelope(120.035, 35, 120.05, 36, 4326)",
        "SELECT count(*) FROM team_member t JOIN officer o ON o.id = t.officer_id WHERE t.grid_path <@ 'd.b'",
        "SELECT coalesce(max(count), 0) FROM population_count WHERE grid_code = 'g4'",
        "SELECT count(*) FROM incident TABLESAMPLE SYSTEM (100) WHERE grid_code IN ('g4', 'g5')",
        "WITH w AS MATERIALIZED (SELECT id, grid_code FROM incident) SELECT count(*) FROM w WHERE grid_code = 'g4'",
    ],
)
def test_no_query_reaches_the_other_street(service: Session, query: str) -> None:
    look(service, A)
    seen = service.execute(text(query)).scalar()
    if "OR true" in query:
        assert seen == 3
    elif "component" in query:
        assert seen == 1  # the pipeline that both streets share
    else:
        assert seen == 0


def test_a_function_in_the_query_is_shown_only_what_is_seen(service: Session) -> None:
    """The classic leak: a cheap function that tells what it is called with, run before the policy is."""
    service.execute(
        text(
            "CREATE FUNCTION pg_temp.tell(t text) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 AS"
            " $$ BEGIN RAISE NOTICE 'saw %', t; RETURN true; END $$"
        )
    )
    told: list[str] = []
    driver = service.connection().connection.driver_connection
    assert isinstance(driver, psycopg.Connection)

    def hear(notice: psycopg.errors.Diagnostic) -> None:
        told.append(str(notice.message_primary))

    driver.add_notice_handler(hear)
    look(service, A)
    service.execute(text("SELECT number FROM incident WHERE pg_temp.tell(number)"))
    driver.remove_notice_handler(hear)
    assert sorted(told) == ["saw I0", "saw I1", "saw I2"]


@pytest.mark.parametrize(
    "statement",
    [
        "SET ROLE wangge_owner",
        "SET SESSION AUTHORIZATION wangge_owner",
        "ALTER TABLE incident DISABLE ROW LEVEL SECURITY",
        "DROP POLICY incident_in_scope ON incident",
        "ALTER POLICY incident_in_scope ON incident USING (true)",
        "CREATE POLICY mine ON incident USING (true)",
        "ALTER ROLE wangge_service BYPASSRLS",
        "GRANT wangge_owner TO wangge_service",
        "CREATE OR REPLACE FUNCTION public.visible_units() RETURNS lquery[] LANGUAGE sql STABLE AS $$ SELECT '{*}'::lquery[] $$",
        "CREATE FUNCTION public.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE TABLE public.mine (a int)",
        "ALTER FUNCTION visible_units() OWNER TO wangge_service",
        "TRUNCATE incident CASCADE",
        "ALTER TABLE incident DISABLE TRIGGER ALL",
        "SET session_replication_role = replica",
        "DROP TABLE incident_log",
        "COPY incident TO '/tmp/x'",
        "SELECT pg_read_file('/etc/passwd')",
        "SELECT * FROM pg_authid",
        "LOAD 'x'",
    ],
)
def test_the_service_cannot_undo_its_own_bounds(service_session: Session, statement: str) -> None:
    with pytest.raises(DBAPIError) as failure:
        service_session.execute(text(statement))
    assert getattr(failure.value.orig, "sqlstate", None) == DENIED


def test_row_security_switched_off_is_an_error_not_a_door(service: Session) -> None:
    look(service, EVERYTHING)
    service.execute(text("SET LOCAL row_security = off"))
    assert refused(service, "SELECT count(*) FROM incident") == DENIED


def test_a_function_of_the_same_name_in_a_temporary_schema_changes_nothing(service: Session) -> None:
    service.execute(
        text("CREATE FUNCTION pg_temp.can_see_all() RETURNS boolean LANGUAGE sql STABLE AS 'SELECT true'")
    )
    service.execute(text("CREATE TEMP TABLE unit_version (code text)"))
    look(service, A)
    assert service.execute(text("SELECT count(*) FROM incident")).scalar() == 3


# ── writing ──────────────────────────────────────────────────────────────────────────────────────────

_INCIDENT = (
    "INSERT INTO incident (number, source, occurred_at, reported_at, geom) VALUES"
    " (:n, 't', now(), now(), ST_SetSRID(ST_MakePoint(:lon, :lat), 4326))"
)
_TAKE_OVER = (
    "INSERT INTO incident (number, source, occurred_at, reported_at) VALUES ('I3', 't', now(), now())"
    " ON CONFLICT (number) DO UPDATE SET description = 'taken'"
)
_ADD_SHARE = (
    "INSERT INTO component_share (component_id, grid_code, grid_path, share, measure)"
    " VALUES (:id, 'g1', 'd.a.a1.g1', 1, 1)"
)
_POINT = "ST_SetSRID(ST_MakePoint(:lon, :lat), 4326)"


def test_a_new_incident_must_lie_in_sight(service: Session) -> None:
    look(service, A)
    assert changed(service, _INCIDENT, n="N1", lon=IN_A[0], lat=IN_A[1]) == 1
    assert refused(service, _INCIDENT, n="N2", lon=IN_B[0], lat=IN_B[1]) == DENIED
    assert refused(service, _INCIDENT, n="N3", lon=OUTSIDE[0], lat=OUTSIDE[1]) == DENIED
    look(service, NOTHING)
    assert refused(service, _INCIDENT, n="N4", lon=IN_A[0], lat=IN_A[1]) == DENIED


def test_claiming_another_grid_does_not_help(service: Session) -> None:
    """The path is given by the trigger from the place, not by whoever inserts."""
    look(service, A)
    lying = _INCIDENT.replace("geom)", "geom, grid_code, grid_path)").replace(
        "4326))", "4326), 'g1', 'd.a.a1.g1')"
    )
    assert refused(service, lying, n="N5", lon=IN_B[0], lat=IN_B[1]) == DENIED


def test_an_incident_cannot_be_moved_out_of_sight_or_taken_from_there(service: Session) -> None:
    look(service, A)
    move = f"UPDATE incident SET geom = {_POINT} WHERE number = :n"
    assert refused(service, move, n="I0", lon=IN_B[0], lat=IN_B[1]) == DENIED
    assert changed(service, move, n="I3", lon=IN_A[0], lat=IN_A[1]) == 0
    assert changed(service, move, n="I0", lon=place_in(1)[0], lat=IN_A[1]) == 1
    for path in ("d.b.b1.g4", "outside"):
        assert (
            refused(service, "UPDATE incident SET grid_path = CAST(:p AS ltree) WHERE number = 'I0'", p=path)
            == DENIED
        )


@pytest.mark.parametrize("table", [t for t in PATHS if not t.endswith("_log")])
def test_rows_out_of_sight_are_not_changed_or_removed(service: Session, table: str) -> None:
    look(service, RowScope(("d.b",), "li"))
    key = "id" if table == "incident" else "ctid::text"
    theirs = set(service.execute(text(f"SELECT {key} FROM {table}")).scalars())
    look(service, EVERYTHING)
    total = service.execute(text(f"SELECT count(*) FROM {table}")).scalar()
    look(service, RowScope(("d.b",), "li"))
    assert 0 < len(theirs) < (total or 0)
    column = service.execute(
        text(
            "SELECT attname FROM pg_attribute WHERE attrelid = CAST(:t AS regclass) AND attnum > 0"
            " AND atttypid = 'text'::regtype ORDER BY attnum LIMIT 1"
        ),
        {"t": table},
    ).scalar()
    with service.begin_nested() as trial:
        assert changed(service, f"UPDATE {table} SET {column} = {column}") == len(theirs)
        trial.rollback()
    if table == "draft":
        assert refused(service, "DELETE FROM draft") == DENIED, "the service removes no draft"
        return
    if table == "incident":
        # Its log refers to it: nobody removes an incident.
        assert refused(service, "DELETE FROM incident") == "23503"
        return
    assert changed(service, f"DELETE FROM {table}") == len(theirs)
    look(service, EVERYTHING)
    assert service.execute(text(f"SELECT count(*) FROM {table}")).scalar() == (total or 0) - len(theirs)


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO officer (staff_code, name, unit_path) VALUES ('X', 'x', '{b}')",
        "INSERT INTO population_count (grid_code, grid_path, kind, count, counted_on) VALUES ('g4', '{b}', 'x', 1, now())",
        "INSERT INTO draft (title, base, scope_path, author) VALUES ('x', 1, '{b}', 'x')",
        "INSERT INTO draft (title, base, scope_path, author) VALUES ('x', 1, 'd', 'x')",
        "INSERT INTO draft (title, base, scope_path, author) VALUES ('x', 1, '', 'x')",
        "UPDATE officer SET unit_path = '{b}'",
        "UPDATE draft SET scope_path = '{b}'",
        "UPDATE population_count SET grid_path = '{b}'",
        "UPDATE team_member SET grid_path = '{b}'",
        "UPDATE component SET paths = '{{{b}}}'",
        f"UPDATE component SET geom = {_POINT} WHERE class_code = 'P'",
        f"INSERT INTO component (code, code_scheme, class_code, geom) VALUES ('X', 'own', 'P', {_POINT})",
        _TAKE_OVER,
    ],
)
def test_nothing_is_put_out_of_sight(service: Session, statement: str) -> None:
    look(service, A)
    filled = statement.replace("{{{b}}}", "{d.b.b1.g4}").replace("{b}", "d.b.b1.g4")
    values = {"lon": IN_B[0], "lat": IN_B[1]} if ":lon" in filled else {}
    assert refused(service, filled, **values) == DENIED


@pytest.mark.parametrize(
    ("parent", "child"),
    [
        (
            "SELECT id FROM incident WHERE number = 'I3'",
            "INSERT INTO incident_log (incident_id, actor, action) VALUES (:id, 'x', 'x')",
        ),
        (
            "SELECT id FROM component WHERE code = 'C3'",
            _ADD_SHARE,
        ),
        (
            "SELECT id FROM draft WHERE title = 'd.b'",
            "INSERT INTO draft_operation (draft_id, position, operation, author) VALUES (:id, 9, '{}', 'x')",
        ),
    ],
)
def test_nothing_is_hung_on_a_row_out_of_sight(service: Session, parent: str, child: str) -> None:
    look(service, EVERYTHING)
    hidden = service.execute(text(parent)).scalar()
    assert hidden is not None
    look(service, A)
    assert refused(service, child, id=hidden) == DENIED
    look(service, RowScope(("d.b",), "li"))
    assert changed(service, child, id=hidden) == 1


@pytest.mark.parametrize("table", ["audit_log", "incident_log"])
def test_logs_are_only_added_to(service: Session, table: str) -> None:
    look(service, EVERYTHING)
    assert refused(service, f"UPDATE {table} SET actor = 'x'") == DENIED
    assert refused(service, f"DELETE FROM {table}") == DENIED
    assert refused(service, f"TRUNCATE {table}") == DENIED


@pytest.mark.parametrize("table", ["edition", "unit_version", "lineage"])
def test_published_editions_are_read_only_for_the_service(service: Session, table: str) -> None:
    look(service, EVERYTHING)
    assert refused(service, f"DELETE FROM {table}") == DENIED
    column = {"edition": "note", "unit_version": "name", "lineage": "kind"}[table]
    assert refused(service, f"UPDATE {table} SET {column} = 'x'") == DENIED


_VERSION = (
    "INSERT INTO unit_version (level, code, name, parent_code, district_code, path, editions, geom, area_m2)"
    " SELECT 'street', 'new', 'x', 'd', 'd', 'd.new', '[%s,)', geom, 1 FROM unit_version LIMIT 1"
)


@pytest.mark.parametrize(
    "statement",
    [
        # Into an edition that is published; closed from the start; lineage of an edition of before.
        _VERSION % 1,
        _VERSION % 3,
        _VERSION.replace("'[%s,)'", "'[2,3)'"),
        "INSERT INTO lineage (edition, from_code, kind, area_m2) VALUES (1, 'g1', 'removed', 1)",
        # Refused when the transaction ends: no edition, or one that is no approved draft.
        _VERSION % 2,
        "UPDATE unit_version SET editions = int4range(1, 2) WHERE code = 'g1'",
        "INSERT INTO edition (number, effective_from, author, content_hash, grids) VALUES (2, now(), 'x', 'x', 5)",
    ],
)
def test_the_service_publishes_nothing_but_approved_drafts(service: Session, statement: str) -> None:
    look(service, EVERYTHING)
    # Constraints that wait for the end of the transaction are asked now.
    service.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
    assert refused(service, statement) == "23001"


@pytest.mark.parametrize(
    "statements",
    [
        ("UPDATE draft SET state = 'published'",),
        ("UPDATE draft SET state = 'approved', reviewer_key = 'account:9'",),
        ("UPDATE draft SET state = 'submitted'", "UPDATE draft SET state = 'approved'"),
        (
            "UPDATE draft SET state = 'submitted'",
            "UPDATE draft SET state = 'approved', reviewer_key = author_key",
        ),
        (
            "UPDATE draft_operation SET author_key = 'account:9'",
            "UPDATE draft SET state = 'submitted'",
            "UPDATE draft SET state = 'approved', reviewer_key = 'account:9'",
        ),
        ("UPDATE draft SET state = 'submitted'", "UPDATE draft_operation SET undone = true"),
        ("UPDATE draft SET state = 'submitted'", "DELETE FROM draft_grid"),
        ("UPDATE draft SET state = 'discarded'", "UPDATE draft SET state = 'open'"),
        ("UPDATE draft SET state = 'discarded'", "UPDATE draft SET title = 'x'"),
    ],
)
def test_a_draft_goes_its_way_even_for_the_owner(owner: Session, statements: tuple[str, ...]) -> None:
    """Four eyes and the order of states are kept by triggers, whoever asks."""
    for statement in statements[:-1]:
        owner.execute(text(statement))
    assert refused(owner, statements[-1]) == "23001"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_log SET actor = 'x'",
        "DELETE FROM audit_log",
        "TRUNCATE audit_log",
        "UPDATE incident_log SET note = 'x'",
        "DELETE FROM incident_log",
        "UPDATE edition SET note = 'x'",
        "DELETE FROM edition",
        "UPDATE unit_version SET name = 'x'",
        "UPDATE unit_version SET geom = ST_Translate(geom, 1, 0)",
        "DELETE FROM unit_version",
    ],
)
def test_history_stands_even_against_the_owner(owner: Session, statement: str) -> None:
    """By triggers, for whoever works in psql: restrict_violation."""
    owner.execute(text("INSERT INTO audit_log (actor, action, target) VALUES ('t', 'account.created', 'x')"))
    assert refused(owner, statement) == "23001"


def test_without_a_login_of_its_own_the_service_takes_its_role_at_start(
    town: TestDatabase, tmp_path: Path
) -> None:
    """An external server given by its owner's URL alone: the same bounds hold from the first statement on."""
    settings = load_settings(home=tmp_path, database_url=SecretStr(town.owner_url))
    with undone(database_urls(settings).service) as session:
        assert session.execute(text("SELECT current_user")).scalar() == "wangge_service"
        assert session.execute(text("SELECT count(*) FROM incident")).scalar() == 0
        look(session, A)
        assert session.execute(text("SELECT count(*) FROM incident")).scalar() == 3
        session.execute(text("RESET ROLE"))
        assert session.execute(text("SELECT current_user")).scalar() == "wangge_service"
