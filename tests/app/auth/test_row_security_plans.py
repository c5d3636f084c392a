"""Row security must not cost the indexes: a map's query finds its rows by place, also for one street."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.db.cluster import ClusterInfo
from app.db.session import EVERYTHING, RowScope
from tests.app.auth.rows import filled, look, undone
from tests.fixtures.throwaway import TestDatabase
from tests.fixtures.units import GRIDS, make_units

ROWS = 20_000
STREET = RowScope(("d.a",), "li")
BOX = "geom && ST_MakeEnvelope(120.001, 35.001, 120.002, 35.002, 4326)"


def crowd(session: Session) -> None:
    """Twenty thousand incidents and components spread over five grids."""
    make_units(session, GRIDS)
    session.execute(text("SET LOCAL wangge.owners = 'given'"))
    session.execute(
        text(
            "INSERT INTO incident (number, source, occurred_at, reported_at, geom, grid_code, grid_path)"
            " SELECT n::text, 't', now(), now(),"
            "        ST_SetSRID(ST_MakePoint(120 + (n % 500) * 0.0001, 35 + (n / 500) * 0.00025), 4326),"
            "        split_part(p, '.', 4), p::ltree"
            "   FROM generate_series(1, :rows) n,"
            "        LATERAL (SELECT (CAST(:grids AS text[]))[1 + (n % 500) / 100] AS p) g"
        ),
        {"rows": ROWS, "grids": list(GRIDS)},
    )
    session.execute(
        text(
            "INSERT INTO component_class (code, major_code, major_zh, major_en, name_zh, name_en, geometry, hazard,"
            " patrol_days, scheme, codes_2026, evidence)"
            " VALUES ('P', '1', '大', 'm', '灯', 'lamp', 'point', 'low', 1, 't', '{}', 't')"
        )
    )
    session.execute(
        text(
            "INSERT INTO component (code, code_scheme, class_code, geom, grid_code, grid_path, paths)"
            " SELECT number, 'own', 'P', geom, grid_code, grid_path, ARRAY[grid_path] FROM incident"
        )
    )
    session.execute(text("ANALYZE incident"))
    session.execute(text("ANALYZE component"))


@pytest.fixture(scope="module")
def town(database_server: ClusterInfo, worker_id: str) -> Iterator[TestDatabase]:
    """A crowded database for all tests of this module."""
    with filled(database_server, f"wangge_{worker_id}_plans", crowd) as own:
        yield own


@pytest.fixture
def service(town: TestDatabase) -> Iterator[Session]:
    """As the service signs in to the database."""
    with undone(town.service_url) as session:
        yield session


def plan(session: Session, query: str) -> str:
    return "\n".join(session.execute(text(f"EXPLAIN (COSTS OFF) {query}")).scalars())


@pytest.mark.parametrize("table", ["incident", "component"])
@pytest.mark.parametrize("scope", [STREET, EVERYTHING], ids=["street", "everything"])
def test_a_box_is_found_by_the_index_on_places(service: Session, table: str, scope: RowScope) -> None:
    look(service, scope)
    shown = plan(service, f"SELECT count(*) FROM {table} WHERE {BOX}")
    assert f"idx_{table}_geom" in shown, shown
    assert "Index Cond: (geom &&" in shown, shown
    assert "Filter: (($0 OR (" in shown, "the policy is applied to what the index finds"


def test_a_distance_is_found_by_the_index_on_places(service: Session) -> None:
    look(service, STREET)
    near = "ST_DWithin(geom, ST_SetSRID(ST_MakePoint(120.001, 35.001), 4326), 0.0002)"
    shown = plan(
        service,
        f"SELECT count(*) FROM incident WHERE geom && ST_Expand(ST_SetSRID(ST_MakePoint(120.001, 35.001), 4326), 0.0002) AND {near}",
    )
    assert "idx_incident_geom" in shown, shown


@pytest.mark.parametrize(
    ("table", "condition", "index"),
    [
        ("incident", "grid_path <@ 'd.a.a1.g1'", "ix_incident_grid_path"),
        ("incident", "grid_code = 'g1' AND occurred_at > now() - interval '1 hour'", "ix_incident_grid_code"),
        ("incident", "number = '77'", "uq_incident_number"),
        ("component", "code = '77' AND code_scheme = 'own'", "uq_component_code"),
    ],
)
def test_rows_of_a_unit_are_found_by_theirs(service: Session, table: str, condition: str, index: str) -> None:
    look(service, STREET)
    service.execute(text("SET LOCAL enable_seqscan = off"))
    shown = plan(service, f"SELECT count(*) FROM {table} WHERE {condition}")
    assert index in shown, shown
    assert "Index Cond" in shown, shown


def test_and_the_rows_are_the_right_ones(service: Session, town: TestDatabase) -> None:
    """The same box, counted by index and by reading everything."""
    look(service, RowScope(("d.a.a1.g2", "d.b"), "li"))
    wide = "geom && ST_MakeEnvelope(120.005, 35.001, 120.035, 35.003, 4326)"
    by_index = service.execute(text(f"SELECT count(*) FROM incident WHERE {wide}")).scalar()
    service.execute(text("SET LOCAL enable_indexscan = off"))
    service.execute(text("SET LOCAL enable_bitmapscan = off"))
    assert "Seq Scan" in plan(service, f"SELECT count(*) FROM incident WHERE {wide}")
    assert service.execute(text(f"SELECT count(*) FROM incident WHERE {wide}")).scalar() == by_index
    owned = "grid_path <@ 'd.a.a1.g2' OR grid_path <@ 'd.b'"
    with undone(town.owner_url) as owner:
        counted = owner.execute(text(f"SELECT count(*) FROM incident WHERE {wide} AND ({owned})")).scalar()
    assert counted == by_index
    assert by_index
