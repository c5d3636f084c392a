"""From the rows of a grid file to units of four levels: parents, paths, and the refusal of crossed hierarchies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely import MultiPolygon, Polygon

from app.boundaries.grid_changes import UNIT_COLUMNS
from app.db.ltree import path
from app.kit.unit_levels import UPPER
from gis.coverage import Defect, ExcludedLand
from gis.errors import CoverageError
from gis.geometry import representative_place
from gis.measures import geodesic_area_m2
from gis.text import Text


@dataclass(frozen=True)
class CoverageInput:
    """The grids of one district as they are to be published.

    ``grids`` has ``code``, ``name``, ``geometry`` (EPSG:4326, on the lattice) and, where known, ``kind``,
    ``community_code``, ``community_name``, ``street_code``, ``street_name``.
    """

    district_code: str
    district_name: str
    grids: gpd.GeoDataFrame
    # None: as it is published; of a new district "own".
    code_scheme: str | None = "own"
    # None: as it is published, while any of its published boundaries stays; of a new district False.
    synthetic: bool | None = False
    attributes: dict[str, object] = field(default_factory=dict)
    # Land that is nobody's on purpose. None: what the edition before declared stays, where no grid takes it.
    excluded: ExcludedLand | None = None


def units_of(given: CoverageInput) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The grids of a district, rings in their canonical order, and the units above them, as yet without an outline.

    Both in the columns of `repository.units_in`, grids by code, the others from the district down. A code scheme or
    synthetic that is None stays so. The geometry of a unit above is that of its first grid, to say where it lies.

    Raises
    ------
    CoverageError
        A community lies in two streets, or a grid names no community where others do.
    """
    grids = given.grids.reset_index(drop=True)
    columns: dict[str, object] = {
        "code": grids["code"].astype(str),
        "name": grids["name"].fillna(grids["code"]),
    }
    columns["kind"] = grids["kind"].fillna("base") if "kind" in grids else "base"
    for level in UPPER:
        code = f"{level}_code"
        columns[level] = grids[code].astype(str) if code in grids else None
        name = f"{level}_name"
        columns[f"{level}_name"] = grids.get(name, None)
    frame = pd.DataFrame(columns)
    frame["geometry"] = np.asarray(grids.geometry.array, dtype=object)
    levels = [level for level in UPPER if f"{level}_code" in grids]
    _refuse_crossed(frame, levels)
    frame = frame.sort_values("code", kind="stable")

    district = [given.district_code]
    first = frame["geometry"].iloc[0]
    upper = [_row("district", given.district_code, given.district_name, None, None, path(district), first)]
    chain: dict[str, list[str]] = {}
    parent_level: str | None = None
    for level in levels:
        for key, record in frame.groupby(level, sort=True).first().iterrows():
            above = chain[f"{parent_level}:{record[parent_level]}"] if parent_level else district
            own = [*above, str(key)]
            chain[f"{level}:{key}"] = own
            called = record[f"{level}_name"] or key
            upper.append(_row(level, str(key), called, None, above[-1], path(own), record["geometry"]))
        parent_level = level
    rows = []
    grid: Any
    for grid in frame.itertuples(index=False):
        above = chain[f"{parent_level}:{getattr(grid, parent_level)}"] if parent_level else district
        rows.append(
            _row("grid", grid.code, grid.name, grid.kind, above[-1], path([*above, grid.code]), grid.geometry)
        )
    found = []
    for each in (rows, upper):
        units = pd.DataFrame(each)
        # Formats turn rings round and editors begin them elsewhere: that is no change of a boundary.
        units["geometry"] = shapely.normalize(units["geometry"].to_numpy())
        units["id"] = 0
        units["district_code"] = given.district_code
        units["code_scheme"] = given.code_scheme
        units["synthetic"] = given.synthetic
        units["area_m2"] = geodesic_area_m2(units["geometry"].to_numpy())
        found.append(units[UNIT_COLUMNS])
    return found[0], found[1]


def _row(
    level: str,
    code: str,
    name: object,
    kind: str | None,
    parent: str | None,
    unit_path: str,
    shape: Polygon | MultiPolygon,
) -> dict[str, object]:
    if isinstance(shape, Polygon):
        shape = MultiPolygon([shape])
    return {
        "level": level,
        "code": str(code),
        "name": str(name),
        "kind": kind,
        "parent_code": parent,
        "path": unit_path,
        "geometry": shape,
    }


def _refuse_crossed(frame: pd.DataFrame, levels: Sequence[str]) -> None:
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
                detail=Text(
                    f"网格 {row.code} 没有写明所属的{'社区' if level == 'community' else '镇街'}",
                    f"grid {row.code} names no {level}",
                ),
            )
            for row in blank.itertuples(index=False)
        ]
    if tuple(levels) == UPPER and not defects:
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
                    detail=Text(
                        f"社区 {community} 同时属于镇街 {named}；同一层级的编码必须唯一",
                        f"community {community} lies in several streets ({named}); codes of a level are unique",
                    ),
                )
            )
    if defects:
        raise CoverageError(
            f"层级关系有 {len(defects)} 处错误：{defects[0].detail.zh}",
            f"{len(defects)} errors in the hierarchy: {defects[0].detail.en}",
            defects=defects,
            code="hierarchy-broken",
        )
