"""From the rows of a grid file to units of four levels: parents, paths, and the refusal of crossed hierarchies."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from app.boundaries.paths import path
from gis.coverage import Defect, dissolve
from gis.errors import CoverageError
from gis.geometry import representative_place
from gis.measures import geodesic_area_m2

UPPER = ("street", "community")


@dataclass(frozen=True)
class CoverageInput:
    """The grids of one district as they are to be published.

    ``grids`` has ``code``, ``name``, ``geometry`` (EPSG:4326, on the lattice) and, where known, ``kind``,
    ``community_code``, ``community_name``, ``street_code``, ``street_name``.
    """

    district_code: str
    district_name: str
    grids: gpd.GeoDataFrame
    code_scheme: str = "own"
    synthetic: bool = False
    attributes: dict[str, Any] = field(default_factory=dict)


def units_of(given: CoverageInput) -> pd.DataFrame:
    """All units of a district, upper ones dissolved from their grids, rings in their canonical order.

    Returns a frame with ``level, code, name, kind, parent_code, path, geometry, area_m2``, ordered from the district
    down and by code. Raises CoverageError when a community lies in two streets, or a grid names no community where
    others do.
    """
    grids = given.grids.reset_index(drop=True)
    columns: dict[str, Any] = {"code": grids["code"].astype(str), "name": grids["name"].fillna(grids["code"])}
    columns["kind"] = grids.get("kind", "base")
    for level in UPPER:
        code = f"{level}_code"
        columns[level] = grids[code].astype(str) if code in grids else None
        name = f"{level}_name"
        columns[f"{level}_name"] = grids[name].fillna(columns[level]) if name in grids else columns[level]
    frame = pd.DataFrame(columns)
    frame["geometry"] = np.asarray(grids.geometry.array, dtype=object)
    levels = [level for level in UPPER if f"{level}_code" in grids]
    _refuse_crossed(frame, levels)

    rows: list[dict[str, Any]] = []
    chain: dict[str, list[str]] = {}
    district = [given.district_code]
    _, (outline,) = dissolve(frame["geometry"].to_numpy(), ["district"] * len(frame))
    rows.append(
        _row("district", given.district_code, given.district_name, None, None, path(district), outline)
    )
    parent_level: str | None = None
    for level in levels:
        keys, shapes = dissolve(frame["geometry"].to_numpy(), frame[level].tolist())
        first = frame.groupby(level, sort=True).first()
        for key, shape in zip(keys, shapes, strict=True):
            record: Any = first.loc[key]
            above = chain[f"{parent_level}:{record[parent_level]}"] if parent_level else district
            chain[f"{level}:{key}"] = [*above, key]
            rows.append(
                _row(level, key, record[f"{level}_name"], None, above[-1], path([*above, key]), shape)
            )
        parent_level = level
    grid: Any
    for grid in frame.sort_values("code", kind="stable").itertuples(index=False):
        above = chain[f"{parent_level}:{getattr(grid, parent_level)}"] if parent_level else district
        rows.append(
            _row(
                "grid",
                grid.code,
                grid.name,
                grid.kind,
                above[-1],
                path([*above, grid.code]),
                grid.geometry,
            )
        )
    units = pd.DataFrame(rows)
    # Formats turn rings round and editors begin them elsewhere: that is no change of a boundary.
    units["geometry"] = shapely.normalize(units["geometry"].to_numpy())
    units["synthetic"] = given.synthetic
    units["area_m2"] = geodesic_area_m2(units["geometry"].to_numpy())
    return units


def _row(
    level: str, code: str, name: str, kind: str | None, parent: str | None, unit_path: str, shape: Any
) -> dict[str, Any]:
    if shapely.get_type_id(shape) == 3:
        shape = shapely.multipolygons([shape])
    return {
        "level": level,
        "code": str(code),
        "name": str(name),
        "kind": kind,
        "parent_code": parent,
        "path": unit_path,
        "geometry": shape,
    }


def _refuse_crossed(frame: pd.DataFrame, levels: list[str]) -> None:
    defects = []
    for level in levels:
        blank = frame[frame[level].isna() | frame[level].isin(["", "nan", "None"])]
        defects += [
            Defect(
                kind="hierarchy",
                severity="error",
                codes=(str(row.code),),
                place=representative_place(row.geometry),
                width_m=None,
                area_m2=None,
                detail_zh=f"网格 {row.code} 没有写明所属的{'社区' if level == 'community' else '镇街'}",
                detail_en=f"grid {row.code} names no {level}",
            )
            for row in blank.itertuples(index=False)
        ]
    if levels == list(UPPER) and not defects:
        parents = frame.groupby("community", sort=True)["street"].unique()
        for community, streets in parents[parents.map(len) > 1].items():
            where = frame.loc[frame["community"] == community, "geometry"].iloc[0]
            named = "、".join(sorted(map(str, streets)))
            defects.append(
                Defect(
                    kind="hierarchy",
                    severity="error",
                    codes=(str(community),),
                    place=representative_place(where),
                    width_m=None,
                    area_m2=None,
                    detail_zh=f"社区 {community} 同时属于镇街 {named}；同一层级的编码必须唯一",
                    detail_en=f"community {community} lies in several streets ({named}); codes of a level are unique",
                )
            )
    if defects:
        raise CoverageError(
            f"层级关系有 {len(defects)} 处错误：{defects[0].detail_zh}",
            f"{len(defects)} errors in the hierarchy: {defects[0].detail_en}",
            defects=defects,
        )
