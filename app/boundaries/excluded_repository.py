"""Every query on land that is nobody's on purpose."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import shapely
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from app.boundaries.models import ExcludedLand
from app.db.copy import copy_columns

COLUMNS = ["id", "code", "reason", "district_code", "area_m2", "geometry"]


def excluded_in(session: Session, edition: int, *, district: str | None = None) -> pd.DataFrame:
    """Land of an edition that is nobody's, in the order of its numbers; ``geometry`` holds shapely objects."""
    query = select(
        ExcludedLand.id,
        ExcludedLand.code,
        ExcludedLand.reason,
        ExcludedLand.district_code,
        ExcludedLand.area_m2,
        func.ST_AsBinary(ExcludedLand.geom),
    ).where(ExcludedLand.editions.op("@>")(edition))
    if district is not None:
        query = query.where(ExcludedLand.district_code == district)
    # Nine comes before ten.
    query = query.order_by(func.length(ExcludedLand.code), ExcludedLand.code)
    frame = pd.DataFrame(session.execute(query).all(), columns=COLUMNS)
    frame["geometry"] = shapely.from_wkb([bytes(wkb) for wkb in frame["geometry"]])
    return frame


def has_excluded(session: Session, edition: int) -> bool:
    """Whether an edition has land that is nobody's on purpose; most have none, and no shape is asked for then."""
    query = select(ExcludedLand.id).where(ExcludedLand.editions.op("@>")(edition)).limit(1)
    return session.scalar(query) is not None


def next_number(session: Session) -> int:
    """A number for a piece that no other has, published or drawn in a draft that others cannot see."""
    return int(session.execute(select(func.nextval("excluded_land_number"))).scalar_one())


def close_excluded(session: Session, ids: Sequence[int], *, before: int) -> None:
    """End these versions with the edition before ``before``."""
    if ids:
        session.execute(
            text(
                "UPDATE excluded_land SET editions = int4range(lower(editions), :before) WHERE id = ANY(:ids)"
            ),
            {"before": before, "ids": [int(each) for each in ids]},
        )


def add_excluded(session: Session, land: pd.DataFrame, *, edition: int) -> None:
    """Store new versions that live from ``edition`` on."""
    if not len(land):
        return
    copy_columns(
        session,
        "excluded_land",
        {
            "code": land["code"].to_numpy(),
            "reason": land["reason"].to_numpy(),
            "district_code": land["district_code"].to_numpy(),
            "editions": np.full(len(land), f"[{edition},)", dtype=object),
            "geom": shapely.to_wkb(
                shapely.set_srid(land["geometry"].to_numpy(), 4326), hex=True, include_srid=True
            ),
            "area_m2": land["area_m2"].to_numpy(),
        },
    )
