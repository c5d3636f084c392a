"""Storing components in bulk: imports with their shares, removals, re-assignment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.db.bulk_table import BulkTable, Stored, make_temporary
from app.db.copy import copy_columns, references_looked_up

COMPONENTS = BulkTable(
    "component",
    columns={
        "code": "text",
        "code_scheme": "text",
        "code_county": "text",
        "code_major": "text",
        "code_minor": "text",
        "code_sequence": "text",
        "class_code": "text",
        "name": "text",
        "geom": "geometry(Geometry, 4326)",
        "state": "text",
        "department_id": "bigint",
        "owner_name": "text",
        "maintainer_name": "text",
        "surveyed_on": "date",
        "source": "text",
        "attributes": "jsonb",
        "measure": "double precision",
        "grid_code": "text",
        "grid_path": "ltree",
        "paths": "ltree[]",
        "outside_share": "double precision",
        "assigned_edition": "integer",
    },
    key=("code", "code_scheme"),
    known_by="code",
    touched="changed_on = current_date, updated_at = now()",
)
# What an assignment writes.
_OWNED = ("grid_code", "grid_path", "paths", "outside_share", "measure")
_SHARE = {
    "grid_code": "text",
    "grid_path": "ltree",
    "share": "double precision",
    "measure": "double precision",
}


def stage_shares(session: Session, columns: Mapping[str, object]) -> None:
    """Copy the shares of staged lines and areas."""
    make_temporary(session, "staged_share", {"row": "bigint", **_SHARE})
    copy_columns(session, "staged_share", columns)


def store_staged(session: Session, *, import_id: int, update: bool) -> Stored:
    """Move staged components and their shares into place."""
    stored = COMPONENTS.store(session, import_id=import_id, update=update)
    if update:
        session.execute(
            text(
                "DELETE FROM component_share h USING component c, staged_component s "
                "WHERE h.component_id = c.id AND c.code = s.code AND c.code_scheme = s.code_scheme"
            )
        )
    with references_looked_up(session):
        session.execute(
            text(
                "INSERT INTO component_share (component_id, grid_code, grid_path, share, measure) "
                "SELECT c.id, h.grid_code, h.grid_path, h.share, h.measure FROM staged_share h "
                "JOIN staged_component s ON s.row = h.row "
                "JOIN component c ON c.code = s.code AND c.code_scheme = s.code_scheme"
            )
        )
    return stored


def remove_of_imports(session: Session, import_ids: Sequence[int]) -> int:
    """Delete what these imports stored."""
    result = session.execute(
        text("DELETE FROM component WHERE import_id = ANY(:ids)"), {"ids": list(import_ids)}
    )
    return int(result.rowcount)  # type: ignore[attr-defined]


def assign(
    session: Session, columns: Mapping[str, object], shares: Mapping[str, object], *, edition: int
) -> int:
    """Write owners computed outside for the given ids, and their shares. Returns how many changed hands."""
    owned = {name: COMPONENTS.columns[name] for name in _OWNED}
    make_temporary(session, "assigned_component", {"id": "bigint PRIMARY KEY", **owned})
    make_temporary(session, "assigned_share", {"component_id": "bigint", **_SHARE})
    copy_columns(session, "assigned_component", columns)
    copy_columns(session, "assigned_share", shares)
    session.execute(text("ANALYZE assigned_component"))
    # What comes out as it was is left alone: neither row nor index is written for it.
    result = session.execute(
        text(
            "UPDATE component c SET grid_code = a.grid_code, grid_path = a.grid_path, paths = a.paths, "
            "outside_share = a.outside_share, assigned_edition = :edition FROM assigned_component a "
            "WHERE a.id = c.id AND (c.grid_code, c.grid_path, c.paths) IS DISTINCT FROM (a.grid_code, a.grid_path, a.paths)"
        ),
        {"edition": edition},
    )
    session.execute(
        text(
            "UPDATE component c SET outside_share = a.outside_share FROM assigned_component a "
            "WHERE a.id = c.id AND c.outside_share <> a.outside_share"
        )
    )
    session.execute(
        text(
            "DELETE FROM component_share h USING assigned_component a WHERE h.component_id = a.id AND NOT EXISTS ("
            "SELECT FROM assigned_share s WHERE (s.component_id, s.grid_code, s.grid_path, s.share, s.measure) = "
            "(h.component_id, h.grid_code, h.grid_path, h.share, h.measure))"
        )
    )
    session.execute(text("INSERT INTO component_share SELECT * FROM assigned_share ON CONFLICT DO NOTHING"))
    return int(result.rowcount)  # type: ignore[attr-defined]


def nullable(values: np.ndarray) -> np.ndarray:
    """NaN as None, for columns of measures."""
    column = values.astype(object)
    column[np.isnan(values)] = None
    return column
