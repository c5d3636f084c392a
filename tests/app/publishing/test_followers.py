"""What is bound to a unit goes where the unit goes, whatever table it is in."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.publishing.reassignment import Publication
from app.publishing.registry import BOUND_TO_UNITS
from tests.fixtures.towns import publish_town, town_grids

GRID, NEW_CODE = "370299002003001", "PARK"
WAS = "370299.370299002.370299002003.370299002003001"
ELSEWHERE = "370299.370299002.370299002003.370299002003002"
NOW = "370299.370299002.370299002003.PARK"

# A row bound to the path :path, for every registered table; a table that comes without one fails the test.
ROWS = {
    "account_grant": (
        "INSERT INTO account_grant (account_id, role, scope_path, granted_by) SELECT id, 'gis-editor', "
        "text2ltree(:path), 't' FROM account WHERE name = 'ann'"
    ),
    "api_token": (
        "INSERT INTO api_token (name, prefix, token_hash, role, scope_path, created_by) VALUES "
        "('t', 'p', 'h' || :path, 'gis-editor', text2ltree(:path), 't')"
    ),
    "officer": "INSERT INTO officer (staff_code, name, unit_path) VALUES (:path, 'o', text2ltree(:path))",
    "team_member": (
        "WITH o AS (INSERT INTO officer (staff_code, name, unit_path) VALUES ('m' || :path, 'o', '370299') RETURNING id) "
        "INSERT INTO team_member (grid_code, grid_path, officer_id, role, during) "
        "SELECT :code, text2ltree(:path), id, 'leader', '[2026-01-01,)' FROM o"
    ),
    "population_count": (
        "INSERT INTO population_count (grid_code, grid_path, kind, count, counted_on) "
        "VALUES (:code, text2ltree(:path), 'households', 3, '2026-01-01')"
    ),
    "draft": (
        "INSERT INTO draft (title, base, scope_path, author, author_key) VALUES ('d', 1, text2ltree(:path), 'a', 'k')"
    ),
}


@pytest.mark.parametrize(
    ("table", "column"),
    [(each.table, column) for f in BOUND_TO_UNITS for each in f.tables for column in each.columns],
)
def test_rows_go_with_the_unit(session: Session, town: Publication, table: str, column: str) -> None:
    session.execute(
        text("INSERT INTO account (name, display_name, password_hash) VALUES ('ann', 'Ann', 'x')")
    )
    for path in (WAS, ELSEWHERE):
        session.execute(text(ROWS[table]), {"path": path, "code": path.rpartition(".")[2]})
    grids = town_grids()
    grids.loc[grids["code"] == GRID, "code"] = NEW_CODE
    publish_town(session, grids)
    found = set(session.scalars(text(f"SELECT {column}::text FROM {table} WHERE {column} <> '370299'")))
    assert found == {NOW, ELSEWHERE}
