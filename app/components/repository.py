"""Every query on components and their shares."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd
import shapely
from sqlalchemy import Row, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.components.models import Component, ComponentClass
from app.components.rows import ComponentMatch, ComponentRow, ExportRow
from app.db.copy import BOXES, box_columns
from app.db.geojson import as_geojson
from app.people.models import Department


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


def _shapes(rows: Sequence[Row[int, bytes]]) -> pd.DataFrame:
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


def page_of(
    session: Session, path: str, *, after: int, limit: int, class_code: str | None
) -> list[ComponentRow]:
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
            as_geojson(Component.geom).label("geometry"),
        )
        .join(ComponentClass, ComponentClass.code == Component.class_code)
        .outerjoin(Department, Department.id == Component.department_id)
        .where(text("component.paths <@ text2ltree(:path)"), Component.id > after)
        .order_by(Component.id)
        .limit(limit)
    )
    if class_code:
        query = query.where(Component.class_code == class_code)
    return [ComponentRow._make(row) for row in session.execute(query, {"path": path})]


def rows_for_export(
    session: Session,
    *,
    path: str | None,
    classes: Sequence[str],
    majors: Sequence[str],
    states: Sequence[str],
) -> list[ExportRow]:
    """Components by code, with their attributes and shape, of a unit, of classes, in states; empty means all."""
    query = (
        select(
            Component.code,
            Component.code_scheme,
            Component.class_code,
            ComponentClass.name_zh,
            ComponentClass.name_en,
            Component.name,
            Component.state,
            Department.name.label("department"),
            Component.owner_name,
            Component.maintainer_name,
            Component.surveyed_on,
            Component.grid_code,
            Component.assigned_edition,
            Component.attributes,
            func.ST_AsBinary(Component.geom).label("geometry"),
        )
        .join(ComponentClass, ComponentClass.code == Component.class_code)
        .outerjoin(Department, Department.id == Component.department_id)
        .order_by(Component.code)
    )
    if path is not None:
        query = query.where(text("component.paths <@ text2ltree(:path)").bindparams(path=path))
    if classes:
        query = query.where(Component.class_code.in_(classes))
    if majors:
        query = query.where(ComponentClass.major_code.in_(majors))
    if states:
        query = query.where(Component.state.in_(states))
    return [ExportRow._make(row) for row in session.execute(query)]


def search(session: Session, words: str, *, limit: int) -> list[ComponentMatch]:
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
    return [ComponentMatch._make(row) for row in session.execute(query)]


def upsert_classes(session: Session, values: Sequence[Mapping[str, object]]) -> None:
    """Write classes over those of the same codes; none is removed."""
    statement = insert(ComponentClass).values(values)
    changed = {name: statement.excluded[name] for name in values[0] if name != "code"}
    session.execute(statement.on_conflict_do_update(index_elements=["code"], set_=changed))


def classes(session: Session) -> list[ComponentClass]:
    """All classes by code."""
    return list(session.scalars(select(ComponentClass).order_by(ComponentClass.code)))
