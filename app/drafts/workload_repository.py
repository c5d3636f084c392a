"""How much lies and happens in grids: counts by stored owner, and single things where owners are to be looked up."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pandas as pd
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.db.copy import BOXES, box_columns

_SINCE = "i.occurred_at >= :since AND i.occurred_at < :until AND NOT i.is_void"


def components_by_grid(session: Session) -> dict[str, int]:
    """How many components each grid owns now."""
    rows = session.execute(
        text(
            "SELECT grid_code, count(*) FROM component WHERE grid_code IS NOT NULL GROUP BY grid_code ORDER BY 1"
        )
    )
    return dict(tuple(row) for row in rows)


def incidents_by_grid(session: Session, *, since: datetime, until: datetime) -> dict[str, int]:
    """How many incidents happened in each grid; voided ones are none."""
    rows = session.execute(
        text(
            f"SELECT i.grid_code, count(*) FROM incident i WHERE {_SINCE} AND i.grid_code IS NOT NULL "
            "GROUP BY i.grid_code ORDER BY 1"
        ),
        {"since": since, "until": until},
    )
    return dict(tuple(row) for row in rows)


def incidents_near(
    session: Session, boxes: np.ndarray, *, since: datetime, until: datetime
) -> tuple[np.ndarray, np.ndarray]:
    """Longitudes and latitudes of the incidents in one of the boxes (west, south, east, north)."""
    rows = session.execute(
        text(
            f"WITH {BOXES} SELECT DISTINCT ON (i.id) i.id, ST_X(i.geom) AS lon, ST_Y(i.geom) AS lat FROM boxes b "
            f"JOIN incident i ON i.geom && b.box WHERE {_SINCE} ORDER BY i.id"
        ),
        box_columns(boxes) | {"since": since, "until": until},
    ).all()
    frame = pd.DataFrame(rows, columns=["id", "lon", "lat"])
    return frame["lon"].to_numpy(dtype=float), frame["lat"].to_numpy(dtype=float)
