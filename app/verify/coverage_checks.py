"""Invariants 1 to 4: one owner, one answer, a clean coverage, editions that do not change."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd
import shapely
from sqlalchemy.orm import Session

from app.boundaries import excluded_land, excluded_repository
from app.boundaries import repository as boundary_rows
from app.boundaries.content_hash import content_hash
from app.boundaries.edition_cache import LoadedEdition
from app.boundaries.effective_dates import within_bounds
from app.kit.unit_levels import DISSOLVED
from app.verify import repository
from app.verify.outcome import Findings, Outcome
from gis.antimeridian import bounds_around
from gis.coverage import check_with_excluded, dissolve
from gis.geometry import lattice_geometries, round_degrees
from gis.measures import geodesic_area_m2
from gis.text import Text

ONE_OWNER = Text("唯一归属", "One owner")
ONE_ANSWER = Text("答案一致", "One answer")
_SAMPLES = 20_000


def sample_excluded(land: np.ndarray) -> np.ndarray:
    """Places in declared land and on its border, shape (n, 2); all of its vertices, up to a number."""
    if not len(land):
        return np.empty((0, 2))
    inner = shapely.get_coordinates(shapely.point_on_surface(shapely.get_parts(land)))
    vertices = np.unique(shapely.get_coordinates(land), axis=0)
    if len(vertices) > _SAMPLES // 4:
        vertices = np.random.default_rng(1309).choice(vertices, _SAMPLES // 4, replace=False)
    beside = vertices + np.random.default_rng(911).integers(-1, 2, vertices.shape) * 1e-7
    return np.asarray(round_degrees(np.concatenate([inner, vertices, beside])))


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
    west, south, east, north = bounds_around(grids)
    anywhere = np.column_stack(
        [
            rng.uniform(west, east if west <= east else east + 360.0, count // 4),
            rng.uniform(south, north, count // 4),
        ]
    )
    anywhere[anywhere[:, 0] > 180.0, 0] -= 360.0
    places = round_degrees(np.concatenate([chosen, middles, beside, anywhere]))
    return places[:, 0], places[:, 1]


def one_owner(session: Session, loaded: LoadedEdition) -> Outcome:
    """Every point of the district has exactly one owner, the lowest code of those that touch it; outside: none.

    Land that is declared to be nobody's has no owner, and nothing else inside a district is without.
    """
    found = Findings()
    units = boundary_rows.units_in(session, loaded.number)
    grids = units[units["level"] == "grid"].sort_values("code", kind="stable")
    shapes = lattice_geometries(grids["geometry"].to_numpy())
    codes = grids["code"].to_numpy()
    land = excluded_repository.excluded_in(session, loaded.number)["geometry"].to_numpy()
    lon, lat = sample_places(grids["geometry"].to_numpy())
    lon, lat = np.concatenate([np.column_stack([lon, lat]), sample_excluded(land)]).T
    points = np.asarray(shapely.points(np.rint(lon * 1e7), np.rint(lat * 1e7)))
    # Asked polygon by polygon, not of the index: another road to the same answer.
    position, polygon = _touching(shapes, points)
    expected = np.full(len(points), len(codes))
    np.minimum.at(expected, position, polygon)
    names = np.array([*codes, None], dtype=object)
    owners = loaded.index.locate(lon, lat)
    given = np.array([*loaded.index.codes, None], dtype=object)[owners]
    wrong = np.flatnonzero(given != names[expected])
    found.some([f"{lon[i]:.7f},{lat[i]:.7f}" for i in wrong], "归属不符的点", "points with a wrong owner")
    outlines = _filled(units.loc[units["level"] == "district", "geometry"].to_numpy())
    within = _touching(lattice_geometries(outlines), points)[0]
    declared = _inside_of(land, points)
    homeless = np.setdiff1d(np.unique(within), np.union1d(np.unique(position), np.flatnonzero(declared)))
    found.some(
        [f"{lon[i]:.7f},{lat[i]:.7f}" for i in homeless],
        "区内无归属的点",
        "points of the district without owner",
    )
    inner = _inside_of(land, points, predicate="contains_properly")
    taken = np.flatnonzero(inner & (given != None))  # noqa: E711 - one by one
    found.some(
        [f"{lon[i]:.7f},{lat[i]:.7f}" for i in taken],
        "不划入网格的区域内却有归属的点",
        "points of excluded land with an owner",
    )
    silent = np.flatnonzero(inner & (loaded.excluded.locate(lon, lat) < 0))
    found.some(
        [f"{lon[i]:.7f},{lat[i]:.7f}" for i in silent],
        "不划入网格的区域内未说明理由的点",
        "points of excluded land without its reason",
    )
    looked = Text(
        f"第 {loaded.number} 版 {len(codes)} 个网格、{len(land)} 处不划入网格的区域，"
        f"{len(points)} 个点（顶点、边中点、旁移一格、随机）",
        f"edition {loaded.number}, {len(codes)} grids and {len(land)} pieces of excluded land, "
        f"{len(points)} points (vertices, middles, one step off, random)",
    )
    return found.outcome(1, ONE_OWNER, looked)


def _touching(shapes: np.ndarray, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Which points touch which shapes; on the 180th meridian a point has two names."""
    tree = shapely.STRtree(shapes)
    x, y = shapely.get_x(points), shapely.get_y(points)
    at_meridian = np.flatnonzero(np.abs(x) == 1.8e9)
    twins = np.asarray(shapely.points(-x[at_meridian], y[at_meridian]))
    point, shape = tree.query(points, predicate="intersects")
    twin, other = tree.query(twins, predicate="intersects")
    return np.concatenate([point, at_meridian[twin]]), np.concatenate([shape, other])


def _filled(outlines: np.ndarray) -> np.ndarray:
    """Districts without their holes: what the grids leave out inside has to be declared, or another district's."""
    rings = shapely.get_exterior_ring(shapely.get_parts(outlines))
    return np.asarray(shapely.polygons(rings), dtype=object)


def _inside_of(
    land: np.ndarray,
    points: np.ndarray,
    *,
    predicate: Literal["intersects", "contains_properly"] = "intersects",
) -> np.ndarray:
    hit = np.zeros(len(points), dtype=bool)
    if not len(land):
        return hit
    steps = lattice_geometries(land)
    shapely.prepare(steps)
    near, piece = shapely.STRtree(steps).query(points, predicate="intersects")
    if predicate == "contains_properly":
        proper = shapely.contains_properly(steps[piece], points[near])
        near = near[proper]
    hit[near] = True
    return hit


def one_answer(session: Session, loaded: LoadedEdition) -> Outcome:
    """The SQL function in PostGIS gives the same owner as the index for the same point."""
    found = Findings()
    units = boundary_rows.units_in(session, loaded.number, level="grid")
    lon, lat = sample_places(units["geometry"].to_numpy(), count=_SAMPLES // 2)
    land = excluded_repository.excluded_in(session, loaded.number)["geometry"].to_numpy()
    lon, lat = np.concatenate([np.column_stack([lon, lat]), sample_excluded(land)]).T
    owners = loaded.index.locate(lon, lat)
    # Grid by grid: PostGIS keeps the shape that it looked at last, and taking one out of storage is most of the work.
    order = np.argsort(owners, kind="stable")
    lon, lat, owners = lon[order], lat[order], owners[order]
    stored = repository.sql_owners(session, lon, lat, loaded.number)
    names = [*loaded.index.codes, None]
    differing = [
        f"{lon[i]:.7f},{lat[i]:.7f}: {names[owner]} / {stored[i]}"
        for i, owner in enumerate(owners)
        if names[owner] != stored[i]
    ]
    found.some(differing, "索引与 SQL 答案不同", "index and SQL differ")
    looked = Text(f"{len(lon)} 个点，索引与 SQL 函数", f"{len(lon)} points, index and SQL function")
    return found.outcome(2, ONE_ANSWER, looked)


_APART_DEG = 1.0
"""Farther apart than this, in longitude, districts cannot touch."""


def clean_coverage(session: Session) -> Outcome:
    """Every edition is a clean coverage, and its upper levels are what its grids dissolve to."""
    found = Findings()
    editions = sorted(e.number for e in boundary_rows.editions(session))
    for number in editions:
        units = boundary_rows.units_in(session, number)
        grids = units[units["level"] == "grid"]
        land = excluded_repository.excluded_in(session, number)
        errors = [
            defect
            for here, land_here in _regions(grids, land)
            for defect in check_with_excluded(
                here["code"].tolist(), here["geometry"].to_numpy(), excluded_land.as_land(land_here)
            )
            if defect.severity == "error"
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


def _regions(grids: pd.DataFrame, land: pd.DataFrame) -> list[tuple[pd.DataFrame, pd.DataFrame]]:
    """Part an edition where a degree of longitude lies between: districts of two countries fit no one projection."""
    both = np.concatenate([grids["geometry"].to_numpy(), land["geometry"].to_numpy()])
    bounds = shapely.bounds(both).reshape(-1, 4)
    order = np.argsort(bounds[:, 0], kind="stable")
    reach = np.maximum.accumulate(bounds[order, 2])
    region = np.zeros(len(both), dtype=np.int64)
    region[order[1:]] = np.cumsum(bounds[order[1:], 0] - reach[:-1] > _APART_DEG)
    of_grid, of_land = region[: len(grids)], region[len(grids) :]
    return [(grids[of_grid == at], land[of_land == at]) for at in np.unique(region)]


def _not_dissolved(units: pd.DataFrame, grids: pd.DataFrame) -> list[str]:
    """Upper units that are not the union of their grids, and grids without a unit of a level that their district has."""
    wrong: list[str] = []
    for level in DISSOLVED:
        upper = units[units["level"] == level]
        if not len(upper):
            continue
        # Not every district has communities and streets.
        divided = grids[grids["district_code"].isin(upper["district_code"])]
        paths = set(upper["path"])
        above = np.array([_ancestor(path, paths) for path in divided["path"]], dtype=object)
        has_unit = np.array([path is not None for path in above], dtype=bool)
        wrong += [f"{level}: {code}" for code in divided.loc[~has_unit, "code"]]
        keys, merged = dissolve(divided.loc[has_unit, "geometry"].to_numpy(), above[has_unit].tolist())
        expected = dict(zip(keys, merged, strict=True))
        for path, code, shape in zip(upper["path"], upper["code"], upper["geometry"], strict=True):
            other = expected.get(path)
            if other is None or geodesic_area_m2([shapely.symmetric_difference(shape, other)])[0] > 1e-3:
                wrong.append(f"{level}: {code}")
    return wrong


def _ancestor(path: str, paths: set[str]) -> str | None:
    """The nearest of some paths that a path lies in."""
    labels = path.split(".")
    return next((p for d in range(len(labels), 0, -1) if (p := ".".join(labels[:d])) in paths), None)


def _hash_of(session: Session, number: int) -> str:
    return content_hash(
        boundary_rows.units_in(session, number), excluded_repository.excluded_in(session, number)
    )


def unchanged_editions(session: Session) -> Outcome:
    """Every edition still says what it said when it was published, and nothing could change it."""
    found = Findings()
    editions = boundary_rows.editions(session)
    altered = [str(e.number) for e in editions if _hash_of(session, e.number) != e.content_hash]
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
