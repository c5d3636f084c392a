"""Writing incidents: bulk loads, removals, re-assignment. Reading them is in ``queries``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.db.copy import BOXES, box_columns
from app.incidents.models import IncidentClass


def stored_assignments(session: Session, *, chunk: int = 200_000) -> Iterator[pd.DataFrame]:
    """Every incident with a place and its stored assignment, in chunks by id, so that memory stays bounded."""
    after = 0
    while True:
        rows = session.execute(
            text(
                "SELECT id, ST_X(geom) AS lon, ST_Y(geom) AS lat, grid_code, grid_path::text AS grid_path, "
                "assigned_edition, is_open FROM incident WHERE geom IS NOT NULL AND id > :after ORDER BY id LIMIT :chunk"
            ),
            {"after": after, "chunk": chunk},
        ).all()
        if not rows:
            return
        columns = ["id", "lon", "lat", "grid_code", "grid_path", "assigned_edition", "is_open"]
        frame = pd.DataFrame(rows, columns=columns)
        yield frame
        after = int(frame["id"].iloc[-1])


def count_placeless_with_owner(session: Session) -> int:
    """Incidents that have an owner but no place: there should be none."""
    return int(
        session.scalar(
            text(
                "SELECT count(*) FROM incident WHERE geom IS NULL AND (grid_code IS NOT NULL OR grid_path <> 'outside')"
            )
        )
        or 0
    )


def open_points_near(session: Session, boxes: np.ndarray, codes: Sequence[str]) -> pd.DataFrame:
    """Open incidents in one of the boxes (west, south, east, north) or of these grids: id, lon, lat."""
    rows = session.execute(
        text(
            # Said of each part, so that each is looked up among the open ones only.
            f"WITH {BOXES}, found AS ("
            "SELECT i.id, i.geom FROM boxes b JOIN incident i ON i.geom && b.box WHERE i.is_open UNION ALL "
            "SELECT i.id, i.geom FROM incident i WHERE i.grid_code = ANY(:codes) AND i.geom IS NOT NULL AND i.is_open) "
            "SELECT DISTINCT ON (id) id, ST_X(geom), ST_Y(geom) FROM found ORDER BY id"
        ),
        {**box_columns(boxes), "codes": list(codes)},
    ).all()
    return pd.DataFrame(rows, columns=["id", "lon", "lat"])


def classed_near(session: Session, boxes: np.ndarray) -> pd.DataFrame:
    """Incidents in one of the boxes (west, south, east, north): id, class_code, open, lon, lat. Voided ones are none."""
    rows = session.execute(
        text(
            f"WITH {BOXES} SELECT DISTINCT ON (i.id) i.id, i.class_code, i.is_open, ST_X(i.geom), ST_Y(i.geom) "
            "FROM boxes b JOIN incident i ON i.geom && b.box WHERE NOT i.is_void ORDER BY i.id"
        ),
        box_columns(boxes),
    ).all()
    return pd.DataFrame(rows, columns=["id", "class_code", "open", "lon", "lat"])


def open_points_of_import(session: Session, import_id: int) -> pd.DataFrame:
    """Open incidents that an import stored: id, lon, lat."""
    rows = session.execute(
        text(
            "SELECT i.id, ST_X(i.geom), ST_Y(i.geom) FROM incident i WHERE i.is_open AND i.geom IS NOT NULL "
            "AND i.import_id = :id ORDER BY i.id"
        ),
        {"id": import_id},
    ).all()
    return pd.DataFrame(rows, columns=["id", "lon", "lat"])


def upsert_classes(session: Session, values: list[dict[str, Any]]) -> None:
    """Write classes over those of the same codes; none is removed."""
    statement = insert(IncidentClass).values(values)
    changed = {name: statement.excluded[name] for name in values[0] if name != "code"}
    session.execute(statement.on_conflict_do_update(index_elements=["code"], set_=changed))


def classes(session: Session) -> list[IncidentClass]:
    """All classes by code."""
    return list(session.scalars(select(IncidentClass).order_by(IncidentClass.code)))
