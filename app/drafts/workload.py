"""How much each grid of a draft carries: components, incidents of some days, area; to draw evenly by."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import shapely
from sqlalchemy.orm import Session

from app.components import repository as component_rows
from app.drafts import grid_repository, workload_repository
from app.drafts.coverage_loader import boxes_of
from app.drafts.diff import compare
from app.drafts.models import Draft
from app.drafts.ownership_diff import ground_of
from gis.measures import geodesic_area_m2


@dataclass(frozen=True)
class GridLoad:
    """What one grid carries."""

    code: str
    components: int
    incidents: int
    area_m2: float


def loads_of(
    session: Session, draft: Draft, *, days: int, until: datetime, changed: bool = False
) -> list[GridLoad]:
    """The load of the draft's grids by code: all of them, or those that differ from the base.

    What lies in grids that the draft changed, and in their neighbours, is counted by place: what lies on a common
    border falls to one by its code. The rest is counted by the owners that are stored.
    """
    since = until - timedelta(days=days)
    compared = compare(session, draft)
    differing = set(compared.words)
    grids = grid_repository.grids(session, draft, touched_only=changed)
    grids = grids[grids["kind"] != "excluded"].reset_index(drop=True)
    if changed:
        grids = grids[grids["code"].isin(differing)].reset_index(drop=True)
    if not len(grids):
        return []
    components: dict[str | None, int] = {}
    incidents: dict[str | None, int] = {}
    if not changed:
        components.update(workload_repository.components_by_grid(session))
        incidents.update(workload_repository.incidents_by_grid(session, since=since, until=until))
    if differing:
        touched = [*compared.was["geometry"], *compared.now["geometry"]]
        drawn = grid_repository.grids(session, draft, boxes=boxes_of(touched))
        drawn = drawn[drawn["kind"] != "excluded"]
        if changed:
            drawn = drawn[drawn["code"].isin(differing)]
        boxes = np.array(boxes_of(drawn["geometry"].tolist()))
        by_place = _components(session, draft, boxes), _incidents(session, draft, boxes, since, until)
        for code in drawn["code"]:
            components[code], incidents[code] = (counted[code] for counted in by_place)
    areas = geodesic_area_m2(grids["geometry"].to_numpy())
    return [
        GridLoad(code, components.get(code, 0), incidents.get(code, 0), round(float(area), 1))
        for code, area in zip(grids["code"], areas, strict=True)
    ]


def _components(session: Session, draft: Draft, boxes: np.ndarray) -> Counter[str | None]:
    shapes = component_rows.classed_near(session, boxes)["geometry"].to_numpy()
    if not len(shapes):
        return Counter()
    is_wide = shapely.get_dimensions(shapes) > 0
    points, wide = shapes[~is_wide], shapes[is_wide]
    ground = ground_of(session, draft, boxes)
    counted = Counter(ground.owners(shapely.get_x(points), shapely.get_y(points))[1].tolist())
    if len(wide):
        # A pipeline may run far: who owns it is decided by all the grids that it crosses.
        ground = ground_of(session, draft, np.array(boxes_of(wide.tolist())))
        counted.update(ground.wide_owners(wide)[1].tolist())
    return counted


def _incidents(
    session: Session, draft: Draft, boxes: np.ndarray, since: datetime, until: datetime
) -> Counter[str | None]:
    lon, lat = workload_repository.incidents_near(session, boxes, since=since, until=until)
    return Counter(ground_of(session, draft, boxes).owners(lon, lat)[1].tolist()) if len(lon) else Counter()
