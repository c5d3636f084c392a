"""What of many incidents a map draws: the points themselves, or hexagons with counts."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
from sqlalchemy.orm import Session

from app.incidents import queries
from app.incidents.queries import Filters
from app.incidents.visibility import items_of
from gis.geojson import collection, feature, point
from gis.heat import cluster

# Few enough to draw and to hit with a finger.
MOST_POINTS = 400
# What a mark on the map carries, of either view; texts are in the list and in the drawer only.
_DRAWN = {
    "view", "number", "class_code", "class_zh", "class_en", "urgency", "state", "open", "light", "day", "occurred_at", "due_at",
    "accuracy_m",
}  # fmt: skip
# A large screen full of hexagons has fewer.
MOST_CLUSTERS = 2000


def map_of(
    session: Session, filters: Filters, *, zoom: float, zone: ZoneInfo, instant: datetime
) -> dict[str, object]:
    """A feature collection with ``mode`` (``points`` or ``clusters``), the total, and how many are not drawn."""
    lon, lat, hidden = queries.points(session, filters)
    total = len(lon)
    if total <= MOST_POINTS:
        rows = queries.drawn_page(session, filters, limit=MOST_POINTS)
        features = [
            feature(point(item.lon, item.lat), item.model_dump(include=_DRAWN))
            for item in items_of(session, rows, zone=zone, instant=instant)
            if item.lon is not None and item.lat is not None
        ]
        mode = "points"
    else:
        cells, counts, centre_lon, centre_lat = cluster(lon, lat, zoom=zoom, most=MOST_CLUSTERS)
        order = np.argsort(-counts, kind="stable")
        features = [
            feature(
                point(float(centre_lon[i]), float(centre_lat[i])),
                {"cell": str(cells[i]), "count": int(counts[i])},
            )
            for i in order
        ]
        mode = "clusters"
    return {
        "mode": mode,
        "total": total,
        "not_drawn": hidden,
        "features": collection(features),
    }
