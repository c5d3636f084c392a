"""What of many incidents a map draws: the points themselves, or hexagons with counts."""

from __future__ import annotations

from typing import Any

import numpy as np
from sqlalchemy.orm import Session

from app.incidents import queries
from app.incidents.queries import Filters
from gis.heat import cluster

# Few enough to draw and to hit with a finger.
MOST_POINTS = 400
# A large screen full of hexagons has fewer.
MOST_CLUSTERS = 2000


def map_of(session: Session, filters: Filters, *, zoom: float) -> dict[str, Any]:
    """A feature collection with ``mode`` (``points`` or ``clusters``) and the total."""
    lon, lat = queries.points(session, filters)
    total = len(lon)
    if total <= MOST_POINTS:
        rows = queries.page(session, filters, before=None, limit=MOST_POINTS)
        features = [
            _feature(
                row.lon,
                row.lat,
                {
                    "number": row.number,
                    "class_code": row.class_code,
                    "class_zh": row.class_zh,
                    "class_en": row.class_en,
                    "urgency": row.urgency,
                    "state": row.state,
                    "occurred_at": row.occurred_at,
                    "due_at": row.due_at,
                },
            )
            for row in rows
            if row.lon is not None
        ]
        mode = "points"
    else:
        cells, counts, centre_lon, centre_lat = cluster(lon, lat, zoom=zoom, most=MOST_CLUSTERS)
        order = np.argsort(-counts, kind="stable")
        features = [
            _feature(
                float(centre_lon[i]), float(centre_lat[i]), {"cell": str(cells[i]), "count": int(counts[i])}
            )
            for i in order
        ]
        mode = "clusters"
    return {
        "mode": mode,
        "total": total,
        "features": {"type": "FeatureCollection", "features": features},
    }


def _feature(lon: float, lat: float, properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [round(lon, 7), round(lat, 7)]},
        "properties": properties,
    }
