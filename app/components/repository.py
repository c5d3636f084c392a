"""Every query on components and their shares."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import shapely
from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.components.models import Component, ComponentClass
from app.db.copy import BOXES, box_columns, copy_columns, references_looked_up
from app.people.models import Department

_STAGED = """
code text, code_scheme text, code_county text, code_major text, code_minor text, code_sequence text,
class_code text, name text, geom geometry(Geometry, 4326), state text, department_id bigint, owner_name text,
maintainer_name text, surveyed_on date, source text, attributes jsonb, measure double precision, grid_code text,
grid_path ltree, paths ltree[], outside_share double precision, row bigint
"""
_COLUMNS = (
    "code, code_scheme, code_county, code_major, code_minor, code_sequence, class_code, name, geom, state, "
    "department_id, owner_name, maintainer_name, surveyed_on, source, attributes, measure, grid_code, grid_path, "
    "paths, outside_share"
)


def owners_are_given(session: Session) -> None:
    """Say for this transaction that rows bring their owners, so that the triggers leave them alone."""
    session.execute(text("SELECT set_config('wangge.owners', 'given', true)"))


def stage(
    session: Session, columns: Mapping[str, Any], *, advance: Callable[[int], object] | None = None
) -> None:
    """Copy rows into a staging table that ends with the transaction."""
    session.execute(text("DROP TABLE IF EXISTS staged_component"))
    session.execute(text(f"CREATE TEMP TABLE staged_component ({_STAGED}) ON COMMIT DROP"))
    copy_columns(session, "staged_component", columns, advance=advance)
    session.execute(text("ANALYZE staged_component"))


def stage_shares(session: Session, columns: Mapping[str, Any]) -> None:
    """Copy the shares of staged lines and areas."""
    session.execute(text("DROP TABLE IF EXISTS staged_share"))
    session.execute(
        text(
            "CREATE TEMP TABLE staged_share (row bigint, grid_code text, grid_path ltree, share double precision, "
            "measure double precision) ON COMMIT DROP"
        )
    )
    copy_columns(session, "staged_share", columns)


def staged_codes_present(session: Session, *, limit: int) -> tuple[int, list[Any]]:
    """How many staged rows have a code that is stored already, and the first of them: row, code."""
    rows = session.execute(
        text(
            "SELECT s.row, s.code, count(*) OVER () FROM staged_component s "
            "JOIN component c USING (code, code_scheme) ORDER BY s.row LIMIT :limit"
        ),
        {"limit": limit},
    ).all()
    return (int(rows[0][2]) if rows else 0), [(row, code) for row, code, _ in rows]


def store_staged(session: Session, *, import_id: int, edition: int, update: bool) -> tuple[int, int]:
    """Move staged rows into place; returns how many were new and how many were updated."""
    names = _COLUMNS.replace("\n", " ")
    sets = ", ".join(
        f"{name.strip()} = excluded.{name.strip()}"
        for name in names.split(",")
        if name.strip() not in ("code", "code_scheme")
    )
    clause = (
        f"ON CONFLICT (code, code_scheme) DO UPDATE SET {sets}, assigned_edition = excluded.assigned_edition, "
        "import_id = excluded.import_id, changed_on = current_date, updated_at = now()"
        if update
        else ""
    )
    insert_rows = (
        f"INSERT INTO component ({names}, assigned_edition, import_id) "
        f"SELECT {names}, :edition, :import_id FROM staged_component ORDER BY row {clause}"
    )
    given = {"edition": edition, "import_id": import_id}
    with references_looked_up(session):
        if update:
            # A row that was there before carries the transaction that wrote over it.
            counted = session.execute(
                text(
                    f"WITH moved AS ({insert_rows} RETURNING (xmax = 0) AS fresh) "
                    "SELECT count(*) FILTER (WHERE fresh), count(*) FILTER (WHERE NOT fresh) FROM moved"
                ),
                given,
            ).one()
            fresh, written_over = int(counted[0]), int(counted[1])
        else:
            fresh, written_over = session.execute(text(insert_rows), given).rowcount, 0  # type: ignore[attr-defined]
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
    return fresh, written_over


def remove_of_imports(session: Session, import_ids: Sequence[int]) -> int:
    """Delete what these imports stored."""
    result = session.execute(
        text("DELETE FROM component WHERE import_id = ANY(:ids)"), {"ids": list(import_ids)}
    )
    return int(result.rowcount)  # type: ignore[attr-defined]


def shapes_near(session: Session, boxes: np.ndarray, codes: Sequence[str]) -> pd.DataFrame:
    """Components that meet one of the boxes (west, south, east, north) or belong to one of these grids: id, geometry."""
    rows = session.execute(
        text(
            f"WITH {BOXES} SELECT c.id, ST_AsBinary(c.geom) FROM component c WHERE c.id IN ("
            "SELECT m.id FROM boxes b JOIN component m ON m.geom && b.box "
            "UNION SELECT o.id FROM component o WHERE o.grid_code = ANY(:codes)) ORDER BY c.id"
        ),
        {**box_columns(boxes), "codes": list(codes)},
    ).all()
    return _shapes(rows)


def classed_near(session: Session, boxes: np.ndarray) -> pd.DataFrame:
    """Components that meet one of the boxes (west, south, east, north): id, class_code, geometry."""
    rows = session.execute(
        text(
            f"WITH {BOXES} SELECT DISTINCT ON (c.id) c.id, c.class_code, ST_AsBinary(c.geom) FROM boxes b "
            "JOIN component c ON c.geom && b.box ORDER BY c.id"
        ),
        box_columns(boxes),
    ).all()
    frame = pd.DataFrame(rows, columns=["id", "class_code", "geometry"])
    frame["geometry"] = shapely.from_wkb([bytes(wkb) for wkb in frame["geometry"]])
    return frame


def shapes_of_import(session: Session, import_id: int) -> pd.DataFrame:
    """Components that an import stored: id, geometry."""
    rows = session.execute(
        text("SELECT id, ST_AsBinary(geom) FROM component WHERE import_id = :id ORDER BY id"),
        {"id": import_id},
    ).all()
    return _shapes(rows)


def _shapes(rows: Sequence[Any]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["id", "geometry"])
    frame["geometry"] = shapely.from_wkb([bytes(wkb) for wkb in frame["geometry"]])
    return frame


def count_ownerless(session: Session, import_id: int) -> int:
    """How many components of an import nobody owns."""
    query = text("SELECT count(*) FROM component WHERE import_id = :id AND grid_code IS NULL")
    return int(session.scalar(query, {"id": import_id}) or 0)


def stored_assignments(
    session: Session, *, chunk: int = 100_000
) -> Iterator[tuple[pd.DataFrame, pd.DataFrame]]:
    """Every component with its stored assignment and its shares, in chunks by id, so that memory stays bounded."""
    after = 0
    while True:
        rows = session.execute(
            text(
                "SELECT id, ST_AsBinary(geom) AS geometry, grid_code, grid_path::text AS grid_path, "
                "paths::text AS paths, outside_share, measure FROM component WHERE id > :after ORDER BY id LIMIT :chunk"
            ),
            {"after": after, "chunk": chunk},
        ).all()
        if not rows:
            return
        frame = pd.DataFrame(
            rows, columns=["id", "geometry", "grid_code", "grid_path", "paths", "outside_share", "measure"]
        )
        frame["geometry"] = shapely.from_wkb([bytes(wkb) for wkb in frame["geometry"]])
        last = int(frame["id"].iloc[-1])
        shares = session.execute(
            text(
                "SELECT component_id, grid_code, share, measure FROM component_share "
                "WHERE component_id > :after AND component_id <= :last ORDER BY 1, 2"
            ),
            {"after": after, "last": last},
        ).all()
        yield frame, pd.DataFrame(shares, columns=["component_id", "grid_code", "share", "measure"])
        after = last


def assign(session: Session, columns: Mapping[str, Any], shares: Mapping[str, Any], *, edition: int) -> int:
    """Write owners computed outside for the given ids, and their shares. Returns how many changed hands."""
    session.execute(text("DROP TABLE IF EXISTS assigned_component, assigned_share"))
    session.execute(
        text(
            "CREATE TEMP TABLE assigned_component (id bigint PRIMARY KEY, grid_code text, grid_path ltree, "
            "paths ltree[], outside_share double precision, measure double precision) ON COMMIT DROP"
        )
    )
    session.execute(
        text(
            "CREATE TEMP TABLE assigned_share (component_id bigint, grid_code text, grid_path ltree, "
            "share double precision, measure double precision) ON COMMIT DROP"
        )
    )
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


def count_in(session: Session, path: str) -> int:
    """How many components have their place, or a part of it, in a unit."""
    return int(
        session.scalar(
            text("SELECT count(*) FROM component WHERE paths <@ text2ltree(:path)"), {"path": path}
        )
        or 0
    )


def count_by_class(session: Session, path: str) -> list[Any]:
    """Counts of a unit's components by class: code, zh, en, count."""
    return list(
        session.execute(
            text(
                "SELECT k.code, k.name_zh, k.name_en, count(*) AS count FROM component c "
                "JOIN component_class k ON k.code = c.class_code WHERE c.paths <@ text2ltree(:path) "
                "GROUP BY k.code ORDER BY k.code"
            ),
            {"path": path},
        )
    )


def page_of(session: Session, path: str, *, after: int, limit: int, class_code: str | None) -> list[Any]:
    """A page of a unit's components by id, with their share in it where they have one."""
    query = (
        select(
            Component.id,
            Component.code,
            Component.code_scheme,
            Component.class_code,
            ComponentClass.name_zh.label("class_zh"),
            ComponentClass.name_en.label("class_en"),
            Component.name,
            Component.state,
            Department.name.label("department"),
            Component.grid_code,
            Component.measure,
            func.ST_AsGeoJSON(Component.geom, 7).label("geometry"),
        )
        .join(ComponentClass, ComponentClass.code == Component.class_code)
        .outerjoin(Department, Department.id == Component.department_id)
        .where(text("component.paths <@ text2ltree(:path)"), Component.id > after)
        .order_by(Component.id)
        .limit(limit)
    )
    if class_code:
        query = query.where(Component.class_code == class_code)
    return list(session.execute(query, {"path": path}))


def search(session: Session, words: str, *, limit: int) -> list[Any]:
    """Components by the beginning of their code."""
    point = func.ST_PointOnSurface(Component.geom)
    query = (
        select(
            Component.code,
            Component.name,
            ComponentClass.name_zh,
            ComponentClass.name_en,
            Component.grid_code,
            func.ST_X(point).label("lon"),
            func.ST_Y(point).label("lat"),
        )
        .join(ComponentClass, ComponentClass.code == Component.class_code)
        .where(Component.code >= words, Component.code < words + "\U0010ffff")
        .order_by(Component.code)
        .limit(limit)
    )
    return list(session.execute(query))


def nullable(values: np.ndarray) -> np.ndarray:
    """NaN as None, for columns of measures."""
    column = values.astype(object)
    column[np.isnan(values)] = None
    return column


def upsert_classes(session: Session, values: list[dict[str, Any]]) -> None:
    """Write classes over those of the same codes; none is removed."""
    statement = insert(ComponentClass).values(values)
    changed = {name: statement.excluded[name] for name in values[0] if name != "code"}
    session.execute(statement.on_conflict_do_update(index_elements=["code"], set_=changed))


def classes(session: Session) -> list[ComponentClass]:
    """All classes by code."""
    return list(session.scalars(select(ComponentClass).order_by(ComponentClass.code)))
