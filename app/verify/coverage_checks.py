"""Invariants 1 to 4: one owner, one answer, a clean coverage, editions that do not change."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import shapely
from sqlalchemy.orm import Session

from app.boundaries import repository as boundary_rows
from app.boundaries.editions import LoadedEdition
from app.boundaries.effective_dates import within_bounds
from app.boundaries.service import content_hash
from app.i18n import Text
from app.verify import repository
from app.verify.outcome import Findings, Outcome
from gis.coverage import check, dissolve
from gis.geometry import lattice_geometries, round_degrees
from gis.measures import geodesic_area_m2

ONE_OWNER = Text("唯一归属", "One owner")
ONE_ANSWER = Text("答案一致", "One answer")
_SAMPLES = 20_000
_LEVELS = ("community", "street", "district")


def sample_places(grids: np.ndarray, *, count: int = _SAMPLES) -> tuple[np.ndarray, np.ndarray]:
    """Places where an owner is hardest to tell, and others: vertices, middles of edges, a step beside, anywhere."""
    rng = np.random.default_rng(1309)
    vertices = np.unique(shapely.get_coordinates(grids), axis=0)
    chosen = vertices[rng.choice(len(vertices), min(count // 4, len(vertices)), replace=False)]
    rings = shapely.get_parts(shapely.boundary(grids))
    coordinates, ring = shapely.get_coordinates(rings, return_index=True)
    same = ring[1:] == ring[:-1]
    middles = ((coordinates[1:] + coordinates[:-1]) / 2)[same]
    middles = middles[rng.choice(len(middles), min(count // 4, len(middles)), replace=False)]
    beside = chosen + rng.integers(-1, 2, chosen.shape) * 1e-7
    west, south, east, north = shapely.total_bounds(grids)
    anywhere = np.column_stack([rng.uniform(west, east, count // 4), rng.uniform(south, north, count // 4)])
    places = round_degrees(np.concatenate([chosen, middles, beside, anywhere]))
    return places[:, 0], places[:, 1]


def one_owner(session: Session, loaded: LoadedEdition) -> Outcome:
    """Every point of the district has exactly one owner, the lowest code of those that touch it; outside: none."""
    found = Findings()
    units = boundary_rows.units_in(session, loaded.number)
    grids = units[units["level"] == "grid"].sort_values("code", kind="stable")
    shapes = lattice_geometries(grids["geometry"].to_numpy())
    codes = grids["code"].to_numpy()
    lon, lat = sample_places(grids["geometry"].to_numpy())
    points = np.asarray(shapely.points(np.rint(lon * 1e7), np.rint(lat * 1e7)))
    # Asked polygon by polygon, not of the index: another road to the same answer.
    position, polygon = shapely.STRtree(shapes).query(points, predicate="intersects")
    expected = np.full(len(points), len(codes))
    np.minimum.at(expected, position, polygon)
    names = np.array([*codes, None], dtype=object)
    owners = loaded.index.locate(lon, lat)
    given = np.array([*loaded.index.codes, None], dtype=object)[owners]
    wrong = np.flatnonzero(given != names[expected])
    found.some([f"{lon[i]:.7f},{lat[i]:.7f}" for i in wrong], "归属不符的点", "points with a wrong owner")
    outlines = units.loc[units["level"] == "district", "geometry"].to_numpy()
    within = shapely.STRtree(lattice_geometries(outlines)).query(points, predicate="intersects")[0]
    homeless = np.setdiff1d(np.unique(within), np.unique(position))
    found.some(
        [f"{lon[i]:.7f},{lat[i]:.7f}" for i in homeless],
        "区内无归属的点",
        "points of the district without owner",
    )
    looked = Text(
        f"第 {loaded.number} 版 {len(codes)} 个网格，{len(points)} 个点（顶点、边中点、旁移一格、随机）",
        f"edition {loaded.number}, {len(codes)} grids, {len(points)} points (vertices, middles, one step off, random)",
    )
    return found.outcome(1, ONE_OWNER, looked)


def one_answer(session: Session, loaded: LoadedEdition) -> Outcome:
    """The SQL function in PostGIS gives the same owner as the index for the same point."""
    found = Findings()
    units = boundary_rows.units_in(session, loaded.number, level="grid")
    lon, lat = sample_places(units["geometry"].to_numpy(), count=_SAMPLES // 2)
    stored = repository.sql_owners(session, lon, lat, loaded.number)
    owners = loaded.index.locate(lon, lat)
    names = [*loaded.index.codes, None]
    differing = [
        f"{lon[i]:.7f},{lat[i]:.7f}: {names[owner]} / {stored[i]}"
        for i, owner in enumerate(owners)
        if names[owner] != stored[i]
    ]
    found.some(differing, "索引与 SQL 答案不同", "index and SQL differ")
    looked = Text(f"{len(lon)} 个点，索引与 SQL 函数", f"{len(lon)} points, index and SQL function")
    return found.outcome(2, ONE_ANSWER, looked)


def clean_coverage(session: Session) -> Outcome:
    """Every edition is a clean coverage, and its upper levels are what its grids dissolve to."""
    found = Findings()
    editions = sorted(e.number for e in boundary_rows.editions(session))
    for number in editions:
        units = boundary_rows.units_in(session, number)
        grids = units[units["level"] == "grid"]
        errors = [
            d for d in check(grids["code"].tolist(), grids["geometry"].to_numpy()) if d.severity == "error"
        ]
        found.some(
            [f"{d.kind} {'/'.join(d.codes)}" for d in errors],
            f"第 {number} 版覆盖不干净",
            f"edition {number} is not a clean coverage",
        )
        # Invalid shapes cannot be joined; they are told above.
        joined = [] if any(d.kind in ("invalid", "empty") for d in errors) else _not_dissolved(units, grids)
        found.some(
            joined,
            f"第 {number} 版上级单位与网格合并结果不符",
            f"edition {number}: units that are not the union of their grids",
        )
    looked = Text(f"{len(editions)} 个版本及其上级单位", f"{len(editions)} editions with their upper levels")
    return found.outcome(3, Text("覆盖干净", "A clean coverage"), looked)


def _not_dissolved(units: pd.DataFrame, grids: pd.DataFrame) -> list[str]:
    wrong: list[str] = []
    for level in _LEVELS:
        upper = units[units["level"] == level]
        if not len(upper):
            continue
        parents: dict[str, Any] = dict(zip(upper["path"], upper["code"], strict=True))
        keys = [_parent(path, parents) for path in grids["path"]]
        if any(key is None for key in keys):
            wrong += [
                f"{level}: {code}" for code, key in zip(grids["code"], keys, strict=True) if key is None
            ]
            continue
        merged_keys, merged = dissolve(grids["geometry"].to_numpy(), [str(key) for key in keys])
        expected = dict(zip(merged_keys, merged, strict=True))
        for code, shape in zip(upper["code"], upper["geometry"], strict=True):
            other = expected.get(code)
            if other is None or geodesic_area_m2([shapely.symmetric_difference(shape, other)])[0] > 1e-3:
                wrong.append(f"{level}: {code}")
    return wrong


def _parent(path: str, parents: dict[str, str]) -> str | None:
    labels = path.split(".")
    return next(
        (parents[p] for d in range(len(labels), 0, -1) if (p := ".".join(labels[:d])) in parents), None
    )


def unchanged_editions(session: Session) -> Outcome:
    """Every edition still says what it said when it was published, and nothing could change it."""
    found = Findings()
    editions = boundary_rows.editions(session)
    altered = [
        str(e.number)
        for e in editions
        if content_hash(boundary_rows.units_in(session, e.number)) != e.content_hash
    ]
    found.some(altered, "内容与发布时不同的版本", "editions altered since they were published")
    late = [str(e.number) for e in editions if not within_bounds(e.effective_from, e.published_at)]
    found.some(
        late,
        "生效时间越界（1990 年至发布后两年）的版本，尚未生效的可用 wangge grids withdraw 撤回",
        "editions that take effect out of bounds (1990 to two years after they were published); "
        "wangge grids withdraw takes back those yet to come",
    )
    missing = repository.missing_triggers(session, repository.HISTORY)
    found.some(missing, "缺少只读保护的表", "tables without their guard")
    forbidden = repository.forbidden_grants(session, repository.HISTORY)
    found.some(forbidden, "服务账号可改动", "the service could change")
    looked = Text(
        f"{len(editions)} 个版本的内容哈希与只读保护", f"content hash and guards of {len(editions)} editions"
    )
    return found.outcome(4, Text("版本不变", "Editions do not change"), looked)
