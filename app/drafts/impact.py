"""What changes hands with a draft: components, metres of line, incidents and people, from which grid to which.

Only the land that changes hands is looked at, and what lies there is asked twice: who owns it in the base, and who
would own it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy.orm import Session

from app.components import repository as component_rows
from app.drafts import grid_repository
from app.drafts.coverage_loader import boxes_of
from app.drafts.diff import Comparison, compare
from app.drafts.models import Draft
from app.drafts.ownership_diff import Ground, ground_of
from app.incidents import repository as incident_rows
from app.people import repository as people_rows
from gis.coverage import is_excluded_code
from gis.measures import geodesic_length_m

# So many grids' land is asked for at once: memory stays bounded when a whole district is drawn anew.
_AT_ONCE = 25

Pair = tuple[str | None, str | None]


@dataclass
class Impact:
    """Counts by (from, to, layer, class), and the land that goes from one grid to another."""

    area_m2: dict[Pair, float] = field(default_factory=lambda: defaultdict(float))
    counts: dict[tuple[Pair, str, str | None], dict[str, float | None]] = field(default_factory=dict)

    def add(self, pair: Pair, layer: str, name: str | None, **numbers: bool | float | None) -> None:
        """Add numbers to one count."""
        row = self.counts.setdefault((pair, layer, name), {})
        for key, number in numbers.items():
            before = row.get(key, 0)
            if isinstance(number, bool):
                row[key] = number
            else:
                row[key] = None if number is None or before is None else before + number

    def rows(self) -> list[tuple[Pair, str, str | None, dict[str, float | None]]]:
        """The counts in a fixed order."""

        def key(item: tuple[Pair, str, str | None]) -> tuple[str, ...]:
            (source, target), layer, name = item
            return (source or "", target or "", layer, name or "")

        return [(*each, self.counts[each]) for each in sorted(self.counts, key=key)]


def impact_of(session: Session, draft: Draft) -> Impact:
    """Compute the impact of a draft on what this session may see."""
    compared = compare(session, draft)
    impact = Impact()
    for row in compared.lineage:
        pair = _owner(row.from_code), _owner(row.to_code)
        if pair[0] != pair[1]:
            impact.area_m2[pair] += row.area_m2
    lost = _lost(session, draft, compared)
    wide: dict[int, tuple[str, BaseGeometry]] = {}
    for codes, boxes in _chunks(lost):
        found = component_rows.classed_near(session, boxes)
        is_wide = (
            shapely.get_dimensions(found["geometry"].to_numpy()) > 0 if len(found) else np.empty(0, bool)
        )
        large = found[is_wide]
        wide |= zip(large["id"], zip(large["class_code"], large["geometry"], strict=True), strict=True)
        ground = ground_of(session, draft, boxes)
        points = found[~is_wide]
        shapes = points["geometry"].to_numpy()
        _count_points(
            impact,
            ground,
            codes,
            "components",
            points.assign(lon=shapely.get_x(shapes), lat=shapely.get_y(shapes), number="count"),
        )
        incidents = incident_rows.classed_near(session, boxes)
        words = np.where(incidents["open"].astype(bool), "open", "closed")
        _count_points(impact, ground, codes, "incidents", incidents.assign(number=words))
    if wide:
        _count_wide(session, draft, compared, impact, list(wide.values()))
    _count_people(session, compared, impact)
    return impact


def _lost(session: Session, draft: Draft, compared: Comparison) -> dict[str | None, np.ndarray]:
    """Boxes around the land that each grid loses; None: land that was nobody's."""
    after = dict(zip(compared.now["code"], compared.now["geometry"], strict=True))
    lost: dict[str | None, list[BaseGeometry]] = {}
    for code, was in zip(compared.was["code"], compared.was["geometry"], strict=True):
        now = after.get(code)
        land = was if now is None else shapely.difference(was, now)
        if not land.is_empty:
            lost.setdefault(_owner(code), []).append(land)
    if len(compared.now):
        boxes = boxes_of(compared.now["geometry"].tolist())
        around = grid_repository.edition_grids(session, draft.base, boxes)
        owned = around.loc[around["kind"] != "excluded", "geometry"].to_numpy()
        tree = shapely.STRtree(owned)
        for now in compared.now.loc[compared.now["kind"] != "excluded", "geometry"]:
            met = owned[tree.query(now, predicate="intersects")]
            free = shapely.difference(now, shapely.union_all(met)) if len(met) else now
            if free.area > 0:
                lost.setdefault(None, []).append(free)
    return {code: np.array(boxes_of(shapes)) for code, shapes in lost.items()}


def _owner(code: str | None) -> str | None:
    """The grid of a code; nobody, for land that is declared to be nobody's."""
    return None if is_excluded_code(code) else code


def _chunks(lost: dict[str | None, np.ndarray]) -> Iterator[tuple[set[str | None], np.ndarray]]:
    codes = sorted(lost, key=lambda code: code or "")
    for start in range(0, len(codes), _AT_ONCE):
        chunk = codes[start : start + _AT_ONCE]
        yield set(chunk), np.concatenate([lost[code] for code in chunk])


def _count_points(
    impact: Impact, ground: Ground, codes: set[str | None], layer: str, points: pd.DataFrame
) -> None:
    """Count points that go from one of these grids to another, by class and what ``number`` calls them."""
    if not len(points):
        return
    was, now = ground.owners(points["lon"].to_numpy(dtype=float), points["lat"].to_numpy(dtype=float))
    # Each point is counted where its former owner's land is looked at, and nowhere else.
    mine = np.array([code in codes for code in was], dtype=bool) & (was != now)
    told = pd.DataFrame(
        {
            "was": was[mine],
            "now": now[mine],
            "class": points["class_code"].to_numpy()[mine],
            "number": points["number"].to_numpy()[mine],
        }
    )
    groups: Any = told.groupby(["was", "now", "class", "number"], dropna=False, sort=True).size().items()
    for (source, target, name, number), count in groups:
        pair = (_or_none(source), _or_none(target))
        impact.add(pair, layer, _or_none(name), **{str(number): int(count)})


def _or_none(value: str | float | None) -> str | None:
    return None if pd.isna(value) else str(value)


def _count_wide(
    session: Session, draft: Draft, compared: Comparison, impact: Impact, wide: list[tuple[str, BaseGeometry]]
) -> None:
    """Count lines and areas that get another owner, and the metres of line in land that changes hands."""
    shapes = np.empty(len(wide), dtype=object)
    shapes[:] = [shape for _, shape in wide]
    # A pipeline may run far: who owns it is decided by all the grids that it crosses.
    ground = ground_of(session, draft, np.array(boxes_of(shapes.tolist())))
    for (name, _), source, target in zip(wide, *ground.wide_owners(shapes), strict=True):
        if source != target:
            impact.add((source, target), "components", name, count=1)
    lines = np.flatnonzero(shapely.get_dimensions(shapes) == 1)
    pieces = list(_land(compared))
    if not len(lines) or not pieces:
        return
    tree = shapely.STRtree(shapes[lines])
    for pair, land in pieces:
        met = lines[tree.query(land, predicate="intersects")]
        metres = geodesic_length_m(shapely.intersection(shapes[met], land))
        for at, length in zip(met, metres, strict=True):
            if length > 0:
                impact.add(pair, "components", wide[at][0], length_m=float(length))


def _land(compared: Comparison) -> Iterator[tuple[Pair, BaseGeometry]]:
    """The land that goes from one grid to another, as shapes."""
    now = compared.now["geometry"].to_numpy()
    tree = shapely.STRtree(now)
    for source, was in zip(compared.was["code"], compared.was["geometry"], strict=True):
        for at in tree.query(was, predicate="intersects"):
            target = str(compared.now["code"].iloc[at])
            pair = _owner(str(source)), _owner(target)
            land = shapely.intersection(was, now[at]) if pair[0] != pair[1] else None
            if land is not None and land.area > 0:
                yield pair, land


def _count_people(session: Session, compared: Comparison, impact: Impact) -> None:
    """People go with the land: all of them with a whole grid, else as many as its part of the area says."""
    shares_of = {
        (row.from_code, _owner(row.to_code)): row.share_of_from
        for row in compared.lineage
        if _owner(row.from_code) is not None and row.from_code != row.to_code and row.share_of_from
    }
    counted: dict[str, list[Any]] = defaultdict(list)
    for row in people_rows.newest_counts(session, sorted({str(source) for source, _ in shares_of})):
        counted[row.grid_code].append(row)
    for pair, share in shares_of.items():
        for row in counted[str(pair[0])]:
            whole = share > 1 - 1e-6
            # What goes from one grid to another is finer than a community: no number of a sensitive kind.
            count = None if row.sensitive else round(row.count * share)
            impact.add(pair, "people", row.kind, count=count, estimated=not whole)
