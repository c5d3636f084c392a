"""``wangge verify`` is green on a good database, and says which invariant is broken whichever way somebody breaks it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from app.verify.service import verify
from tests.fixtures.towns import ENCLAVE, inside, publish_town, town_grids

GRID = "370299002003001"
OTHER = "370299002003002"


@pytest.fixture(scope="module")
def town_session(owner_engine: Engine) -> Iterator[Session]:
    """The town with components, shares, incidents with logs, a team, counts of people and a draft; rolled back."""
    with owner_engine.connect() as connection:
        transaction = connection.begin()
        with Session(connection, join_transaction_mode="create_savepoint") as session:
            publish_town(session)
            fill(session)
            yield session
        transaction.rollback()


@pytest.fixture
def filled(town_session: Session) -> Iterator[Session]:
    """The same, with what the test breaks mended after it."""
    with town_session.begin_nested() as nested:
        yield town_session
        nested.rollback()
        town_session.expire_all()


def fill(session: Session) -> None:
    run(session, "SELECT set_config('wangge.owners', '', true)")
    for code in (GRID, OTHER, ENCLAVE):
        x, y = inside(code)
        run(
            session,
            "INSERT INTO incident (number, source, class_code, geom, description, occurred_at, reported_at)"
            " VALUES ('s' || :code, 't', '3101', ST_Point(:x, :y, 4326), '吵架', now(), now())",
            code=code,
            x=x,
            y=y,
        )
    for code in (GRID, OTHER, ENCLAVE):
        x, y = inside(code)
        run(
            session,
            "INSERT INTO component (code, code_scheme, class_code, geom)"
            " VALUES (:code, 'own', '0101', ST_Point(:x, :y, 4326)),"
            " ('line' || :code, 'own', '2102', ST_MakeLine(ST_Point(:x, :y, 4326), ST_Point(120.07, 35.89, 4326)))",
            code=code,
            x=x,
            y=y,
        )
        run(
            session,
            "INSERT INTO incident (number, source, geom, occurred_at, reported_at)"
            " VALUES (:code, 't', ST_Point(:x, :y, 4326), now(), now())",
            code=code,
            x=x,
            y=y,
        )
        run(
            session,
            "INSERT INTO population_count (grid_code, grid_path, kind, count, sensitive, counted_on)"
            " SELECT code, path, '独居老人', 2, true, current_date FROM unit_version WHERE code = :code",
            code=code,
        )
    run(
        session,
        "INSERT INTO officer (staff_code, name, unit_path) SELECT 's1', '王网格', path FROM unit_version WHERE code = :g",
        g=GRID,
    )
    run(
        session,
        "INSERT INTO team_member (grid_code, grid_path, officer_id, role, during)"
        " SELECT :g, o.unit_path, o.id, 'leader', '[2020-01-01,)' FROM officer o",
        g=GRID,
    )
    run(
        session,
        "INSERT INTO draft (title, base, scope_path, author) VALUES ('t', 1, '370299.370299002', 'a');"
        " INSERT INTO draft_operation (draft_id, position, operation, author) SELECT id, 1, '{}', 'a' FROM draft;"
        " INSERT INTO draft_log (draft_id, actor, actor_key, action, to_state) SELECT id, 'a', '', 'create', 'open'"
        " FROM draft",
    )
    run(session, "SET CONSTRAINTS ALL IMMEDIATE")


def run(session, statements: str, **values) -> None:
    for statement in statements.split(";"):
        session.execute(text(statement), values)


def outcomes(session) -> dict[int, str]:
    """Number -> what is broken, for the broken ones."""
    return {o.number: " | ".join(b.en for b in o.broken) for o in verify(session) if not o.holds}


def without_guard(session, table: str, statements: str, **values) -> None:
    """Do what nobody can while the triggers of a table are on, and switch them on again."""
    run(session, f"ALTER TABLE {table} DISABLE TRIGGER USER")
    run(session, statements, **values)
    run(session, "SET CONSTRAINTS ALL IMMEDIATE")
    run(session, f"ALTER TABLE {table} ENABLE TRIGGER USER")


def test_a_good_database(filled):
    found = list(verify(filled))
    assert [o.number for o in found] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert outcomes(filled) == {}
    for outcome in found:
        for lang in ("zh", "en"):
            line = outcome.line(lang)
            assert line.startswith("✓")
            assert "\n" not in line


def test_an_empty_database_has_nothing_to_break(session):
    assert outcomes(session) == {}
    assert [o.number for o in verify(session)] == [3, 4, 6, 7, 8]


def test_all_editions_are_looked_at(filled):
    grids = town_grids()
    grids.loc[0, "name"] = "新名"
    publish_town(filled, grids)
    assert outcomes(filled) == {}
    without_guard(
        filled,
        "unit_version",
        "UPDATE unit_version SET name = 'x' WHERE code = :c AND upper(editions) = 2",
        c="370299001001001",
    )
    assert list(outcomes(filled)) == [4]


SHIFT = "UPDATE unit_version SET geom = ST_Translate(geom, 0.0005, 0) WHERE code = '370299002003001'"
SPOILT = "POLYGON((120 35, 121 36, 121 35, 120 36, 120 35))"
BOW_TIE = (
    "UPDATE unit_version SET geom = ST_Multi(ST_GeomFromText('POLYGON((120 35, 121 36, 121 35, 120 36, 120 35))', 4326))"
    " WHERE code = '370299002003001'"
)


@pytest.mark.parametrize(
    ("table", "statement", "expected", "words"),
    [
        # 1 to 4: the coverage
        (
            "unit_version",
            "DELETE FROM unit_version WHERE code = '370299002003001'",
            {1, 3, 4, 5},
            "without owner",
        ),
        ("unit_version", SHIFT, {1, 2, 3, 4, 5}, "not a clean coverage"),
        ("unit_version", BOW_TIE, {1, 2, 3, 4, 5}, "not a clean coverage"),
        (
            "unit_version",
            "UPDATE unit_version SET geom = ST_Multi(ST_Envelope(geom)) WHERE code = '370299002004'",
            {3, 4},
            "not the union",
        ),
        (
            "unit_version",
            "UPDATE unit_version SET name = 'x' WHERE code = '370299002004'",
            {4},
            "altered since",
        ),
        (
            "unit_version",
            "UPDATE unit_version SET path = '370299.370299001.370299001001.370299002003001' WHERE code = '370299002003001'",
            {3, 4, 5},
            "altered since",
        ),
        # 5: owners
        (
            "component",
            "UPDATE component SET grid_code = '370299001001001' WHERE code = '370299002003001'",
            {5},
            "components whose owner",
        ),
        (
            "component",
            "UPDATE component SET grid_path = '370299' WHERE code = '370299002003001'",
            {5},
            "components whose owner",
        ),
        (
            "component",
            "UPDATE component SET paths = '{370299}' WHERE code LIKE 'line%'",
            {5},
            "components whose owner",
        ),
        (
            "component",
            "UPDATE component SET outside_share = 0.5 WHERE code LIKE 'line%'",
            {5},
            "components whose owner",
        ),
        (
            "component",
            "UPDATE component SET measure = measure + 1 WHERE code LIKE 'line%'",
            {5},
            "components whose owner",
        ),
        (
            "component",
            "UPDATE component SET geom = ST_Translate(geom, 0.01, 0) WHERE code LIKE 'line%'",
            {5},
            "components whose owner",
        ),
        ("component_share", "UPDATE component_share SET share = share - 0.001", {5}, "shares that differ"),
        ("component_share", "UPDATE component_share SET measure = measure + 1", {5}, "shares that differ"),
        (
            "component_share",
            "DELETE FROM component_share WHERE grid_code = '370299002003001'",
            {5},
            "shares that differ",
        ),
        (
            "component_share",
            "INSERT INTO component_share SELECT id, 'x', 'x', 0.5, 1 FROM component LIMIT 1",
            {5},
            "shares that differ",
        ),
        (
            "incident",
            "UPDATE incident SET grid_code = '370299001001001' WHERE number = '370299002003001'",
            {5},
            "incidents whose owner",
        ),
        (
            "incident",
            "UPDATE incident SET geom = NULL WHERE number = '370299002003001'",
            {5},
            "without place",
        ),
        ("incident", "UPDATE incident SET geom = ST_Translate(geom, 1, 1)", {5}, "incidents whose owner"),
        (
            "component",
            f"UPDATE component SET geom = ST_GeomFromText('{SPOILT}', 4326) WHERE code = '370299002003001'",
            {5},
            "not valid",
        ),
        (
            "component",
            "UPDATE component SET geom = ST_Point(500000, 4000000, 4326) WHERE code = '370299002003001'",
            {5},
            "not valid",
        ),
        # 6: logs
        (
            "incident_log",
            "DELETE FROM incident_log WHERE incident_id = (SELECT max(incident_id) FROM incident_log)",
            {6},
            "without any log",
        ),
        ("incident", "UPDATE incident SET state = 'closed'", {6}, "state is not their log's"),
        ("incident_log", "UPDATE incident_log SET to_state = 'closed'", {6}, "state is not their log's"),
    ],
)
def test_altered_past_the_guards(filled, table, statement, expected, words):
    without_guard(filled, table, statement)
    found = outcomes(filled)
    assert set(found) == expected, found
    assert words in " | ".join(found.values())


POPULATION_TOLD = """
CREATE OR REPLACE FUNCTION unit_population(unit ltree)
RETURNS TABLE (kind text, people bigint, is_sensitive boolean, as_of date) LANGUAGE sql STABLE
AS $$ SELECT p.kind, sum(p.count)::bigint, bool_or(p.sensitive), max(p.counted_on) FROM population_count p
       WHERE p.grid_path <@ unit GROUP BY p.kind $$
"""
ACTING_IS_SEEING = """
CREATE OR REPLACE FUNCTION acting_units() RETURNS lquery[] LANGUAGE sql STABLE PARALLEL SAFE RETURN visible_units()
"""
ALL_INCIDENTS_SHOWN = """
ALTER POLICY incident_in_scope ON incident USING ((SELECT can_see_all()) OR grid_path ? (SELECT visible_units()))
"""
SMALL_TOLD = """
CREATE OR REPLACE FUNCTION sensitive_incident_counts(zone text, first_year integer, last_year integer)
RETURNS TABLE (class_code text, unit ltree, period_from date, period_to date, incidents bigint) LANGUAGE sql STABLE
AS $$ SELECT i.class_code, i.grid_path, date '2024-01-01', date '2024-04-01', count(*) FROM incident i
       WHERE i.class_code = '3101' GROUP BY 1, 2 $$
"""
EVERYTHING_COUNTED = """
CREATE OR REPLACE FUNCTION sensitive_incident_classes() RETURNS text[] LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE WHEN session_user = current_user THEN '{}'::text[] ELSE ARRAY['3101', '3402'] END
"""
HIGHEST_WINS = """
CREATE OR REPLACE FUNCTION point_owner(place geometry, edition_number integer)
RETURNS TABLE (grid_code text, grid_path ltree) LANGUAGE sql STABLE
AS $$ SELECT u.code, u.path FROM unit_version u WHERE u.level = 'grid' AND u.editions @> edition_number
       AND ST_Intersects(u.lattice, to_lattice(place)) ORDER BY u.code COLLATE "C" DESC LIMIT 1 $$
"""


@pytest.mark.parametrize(
    ("statement", "expected", "words"),
    [
        (HIGHEST_WINS, {2}, "index and SQL differ"),
        # guards
        (
            "ALTER TABLE unit_version DISABLE TRIGGER unit_version_guard",
            {4},
            "unit_version (unit_version_guard)",
        ),
        ("ALTER TABLE unit_version DISABLE TRIGGER unit_version_no_truncate", {4}, "unit_version"),
        ("DROP TRIGGER edition_append_only ON edition", {4}, "edition (edition_append_only)"),
        ("ALTER TABLE lineage DISABLE TRIGGER USER", {4}, "lineage (lineage_no_truncate)"),
        ("GRANT UPDATE ON unit_version TO wangge_service", {4}, "unit_version: UPDATE"),
        ("GRANT DELETE ON edition TO wangge_service", {4}, "edition: DELETE"),
        ("DROP TRIGGER incident_log_append_only ON incident_log", {6}, "incident_log"),
        ("ALTER TABLE audit_log DISABLE TRIGGER audit_log_append_only", {6}, "audit_log"),
        ("ALTER TABLE incident_log DISABLE TRIGGER incident_log_no_truncate", {6}, "incident_log"),
        ("GRANT UPDATE ON incident_log TO wangge_service", {6}, "incident_log: UPDATE"),
        # owners are derived only while the triggers give them
        ("ALTER TABLE incident DISABLE TRIGGER incident_owner", {5}, "incident"),
        ("DROP TRIGGER component_shares ON component", {5}, "component"),
        ("ALTER TABLE incident DISABLE TRIGGER incident_logged", {6}, "incident"),
        # sight
        ("ALTER TABLE incident DISABLE ROW LEVEL SECURITY", {7, 8}, "incident"),
        (
            "DROP POLICY component_in_scope ON component; CREATE POLICY component_in_scope ON component USING (true)",
            {7},
            "component",
        ),
        ("DROP POLICY officer_in_scope ON officer", {7}, "officer"),
        ("CREATE POLICY more ON incident_log USING (true)", {7}, "incident_log"),
        ("CREATE POLICY more ON draft USING (true)", {7}, "draft"),
        ("ALTER ROLE wangge_service BYPASSRLS", {7, 8}, "bypass row security"),
        ("ALTER ROLE wangge_service SUPERUSER", {4, 6, 7, 8}, "bypass row security"),
        ("ALTER TABLE team_member OWNER TO wangge_service", {7}, "owns tables"),
        ("GRANT wangge_owner TO wangge_service", {4, 6, 7, 8}, "member of"),
        (
            "CREATE VIEW every_incident AS SELECT * FROM incident; GRANT SELECT ON every_incident TO wangge_service",
            {7},
            "every_incident",
        ),
        ("CREATE TABLE patrol (unit_path ltree)", {7}, "patrol.unit_path"),
        ("ALTER TABLE officer ADD COLUMN beats ltree[]", {7}, "officer.beats"),
        # people
        ("CREATE TABLE residents (id bigint, name text, home geometry(Point, 4326))", {8}, "residents.home"),
        ("CREATE TABLE residents (id bigint, home geography(Point, 4326))", {8}, "residents.home"),
        ("CREATE TABLE residents (id bigint, home geometry)", {8}, "residents.home"),
        ("CREATE MATERIALIZED VIEW homes AS SELECT id, geom AS home FROM incident", {8}, "homes.home"),
        (
            "ALTER TABLE population_count ADD COLUMN place geometry(Point, 4326)",
            {8},
            "population_count.place",
        ),
        (POPULATION_TOLD, {8}, "below three"),
        # texts and sensitive classes
        (
            "UPDATE incident_class SET sensitive = false WHERE code = '3402'",
            {8},
            "not marked as sensitive (1): 3402",
        ),
        (
            "UPDATE component_class SET sensitive = false WHERE code = '0502'",
            {8},
            "not marked as sensitive (1): 0502",
        ),
        ("GRANT SELECT ON incident TO wangge_service", {8}, "incident.address"),
        ("GRANT SELECT (note) ON incident_log TO wangge_service", {8}, "incident_log.note"),
        ("GRANT SELECT (description) ON incident TO PUBLIC", {8}, "incident.description"),
        (ACTING_IS_SEEING, {8}, "reads texts, by (3)"),
        (ALL_INCIDENTS_SHOWN, {8}, "rows of sensitive classes (1): incident: "),
        (SMALL_TOLD, {8}, "finer than community and quarter"),
        (EVERYTHING_COUNTED, {8}, "include sensitive classes"),
        (
            (
                "CREATE VIEW layers.incident AS SELECT number, description, geom FROM incident;"
                " GRANT SELECT ON layers.incident TO wangge_reader"
            ),
            {8},
            "layers.incident",
        ),
        ("GRANT SELECT (name) ON officer TO wangge_reader", {8}, "officer"),
    ],
)
def test_weakened(filled, statement, expected, words):
    run(filled, statement)
    found = outcomes(filled)
    assert set(found) == expected, found
    assert words in " | ".join(found.values())


def test_a_policy_that_hides_too_much(filled):
    """Not seeing one's own rows is broken, too."""
    run(
        filled,
        "DROP POLICY incident_in_scope ON incident; CREATE POLICY incident_in_scope ON incident USING (false)",
    )
    assert set(outcomes(filled)) == {7}
