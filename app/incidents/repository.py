"""Writing incidents: bulk loads, removals, re-assignment. Reading them is in ``queries``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

import numpy as np
import pandas as pd
from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.db.copy import BOXES, box_columns
from app.db.edition_follower import ChangedLand
from app.incidents.models import IncidentClass

# What the owner of a row `i` depends on; `app.incidents.ownership` has the rule.
_POINT = "i.id, ST_X(i.geom), ST_Y(i.geom), i.is_open, i.reported_at, i.closed_at"
_ENDED = "coalesce(i.closed_at, i.reported_at)"


def stored_assignments(session: Session, *, chunk: int = 200_000) -> Iterator[pd.DataFrame]:
    """Every incident with a place and its stored assignment, in chunks by id, so that memory stays bounded."""
    after = 0
    while True:
        rows = session.execute(
            text(
                f"SELECT {_POINT}, i.is_void, i.grid_code, i.grid_path::text, i.assigned_edition FROM incident i "
                "WHERE i.geom IS NOT NULL AND i.id > :after ORDER BY i.id LIMIT :chunk"
            ),
            {"after": after, "chunk": chunk},
        ).all()
        if not rows:
            return
        frame = _points([row[:6] for row in rows])
        stored = ["is_void", "grid_code", "grid_path", "assigned_edition"]
        frame[stored] = pd.DataFrame([row[6:] for row in rows], columns=stored)
        yield frame
        after = int(frame["id"].iloc[-1])


def owners_unknown_in_their_edition(session: Session) -> list[str]:
    """Grids that incidents are said to belong to by an edition that does not have them there: code/edition."""
    rows = session.execute(
        text(
            "SELECT d.grid_code, d.assigned_edition FROM (SELECT DISTINCT grid_code, grid_path, assigned_edition "
            "FROM incident WHERE grid_code IS NOT NULL) d WHERE NOT EXISTS (SELECT FROM unit_version u "
            "WHERE u.level = 'grid' AND u.code = d.grid_code AND u.path = d.grid_path AND u.editions @> d.assigned_edition) "
            'ORDER BY d.grid_code COLLATE "C", d.assigned_edition'
        )
    )
    return [f"{code}/{edition}" for code, edition in rows]


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


def points_in_changed_land(session: Session, land: ChangedLand) -> pd.DataFrame:
    """Incidents whose owner may be another one now: those in the boxes or of the grids that are open, and closed ones.

    Closed ones only if they ended since the editions are in force, or have no owner where a district is new.
    """
    closed = [f"{_ENDED} >= :since"]
    if land.new_districts:
        closed.append("i.grid_code IS NULL")
    rows = session.execute(
        text(
            # Said of each part, so that open ones are looked up among the open ones only.
            f"WITH {BOXES}, found AS ("
            "SELECT i.id FROM boxes b JOIN incident i ON i.geom && b.box WHERE i.is_open UNION "
            "SELECT i.id FROM incident i WHERE i.grid_code = ANY(:codes) AND i.is_open UNION "
            "SELECT i.id FROM boxes b JOIN incident i ON i.geom && b.box WHERE NOT i.is_open AND NOT i.is_void "
            f"AND ({' OR '.join(closed)})) "
            f"SELECT {_POINT} FROM found JOIN incident i USING (id) WHERE i.geom IS NOT NULL ORDER BY i.id"
        ),
        {**box_columns(land.boxes), "codes": land.codes, "since": land.since},
    ).all()
    return _points(rows)


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


def points_of_import(session: Session, import_id: int, *, since: datetime) -> pd.DataFrame:
    """Incidents that an import stored, and that are open, ended since an instant or have no owner."""
    rows = session.execute(
        text(
            f"SELECT {_POINT} FROM incident i WHERE i.geom IS NOT NULL AND i.import_id = :id "
            f"AND (i.is_open OR {_ENDED} >= :since OR i.grid_code IS NULL) ORDER BY i.id"
        ),
        {"id": import_id, "since": since},
    ).all()
    return _points(rows)


def _points(rows: Sequence[tuple[int, float, float, bool, datetime, datetime | None]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["id", "lon", "lat", "is_open", "reported_at", "closed_at"])
    for name in ("reported_at", "closed_at"):
        # A column without a single instant has another unit.
        frame[name] = pd.to_datetime(frame[name], utc=True).dt.as_unit("us")
    return frame


def upsert_classes(session: Session, values: Sequence[Mapping[str, object]]) -> None:
    """Write classes over those of the same codes; none is removed."""
    statement = insert(IncidentClass).values(values)
    changed = {name: statement.excluded[name] for name in values[0] if name != "code"}
    session.execute(statement.on_conflict_do_update(index_elements=["code"], set_=changed))


def classes(session: Session) -> list[IncidentClass]:
    """All classes by code."""
    return list(session.scalars(select(IncidentClass).order_by(IncidentClass.code)))
