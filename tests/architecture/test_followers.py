"""Whatever carries the path of a unit follows editions: a table that nobody registered would be left behind in silence."""

from __future__ import annotations

from sqlalchemy import ARRAY

from app.db.base import LTREE
from app.models import Base
from app.publishing.registry import FOLLOWERS, registered_columns, unit_path_tables


def path_columns() -> set[tuple[str, str]]:
    """Every (table, column) of the models that holds the path of a unit."""
    return {
        (table.name, column.name)
        for table in Base.metadata.tables.values()
        for column in table.columns
        if isinstance(column.type, LTREE)
        or (isinstance(column.type, ARRAY) and isinstance(column.type.item_type, LTREE))
    }


def test_there_are_paths_to_look_at() -> None:
    assert {("incident", "grid_path"), ("component", "paths"), ("api_token", "scope_path")} <= path_columns()


def test_every_table_with_a_unit_path_is_registered() -> None:
    assert path_columns() == registered_columns()


def test_each_table_follows_once() -> None:
    names = [each.table for follower in FOLLOWERS for each in follower.tables]
    assert sorted(names) == sorted(set(names))
    assert len({follower.name for follower in FOLLOWERS}) == len(FOLLOWERS)


def test_rows_are_secured_by_a_column_of_theirs() -> None:
    for table in unit_path_tables().values():
        assert table.secured_by is None or table.secured_by in table.columns, table
