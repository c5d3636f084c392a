"""From a file's rows to grids that can be published: columns, dissolving, mending, and the list of defects."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from app.boundaries.models import GRID_KINDS
from app.jobs.rows import found_columns, in_order, texts
from gis.coverage import Defect, check, clean, compare_levels, dissolve, snap_coverage
from gis.errors import BadRow, CoverageError, InputRefused, InvalidGeometry
from gis.geometry import representative_place

KIND_NAMES = {
    "base": "base",
    "基础": "base",
    "基础网格": "base",
    "dedicated": "dedicated",
    "专属": "dedicated",
    "专属网格": "dedicated",
}


@dataclass(frozen=True)
class GridColumns:
    """Which columns of a boundary file say what."""

    code: str
    name: str | None = None
    community: str | None = None
    community_name: str | None = None
    street: str | None = None
    street_name: str | None = None
    kind: str | None = None


@dataclass
class PreparedGrids:
    """Grids ready to be published, if ``defects`` holds no error."""

    grids: gpd.GeoDataFrame
    defects: list[Defect]
    moved: list[Any] = field(default_factory=list)
    rows: int = 0
    unmended: CoverageError | None = None

    @property
    def errors(self) -> list[Defect]:
        """The defects that keep it from being published."""
        return [defect for defect in self.defects if defect.severity == "error"]


def prepare_grids(
    frame: gpd.GeoDataFrame,
    columns: GridColumns,
    *,
    dissolve_parts: bool = False,
    clean_m: float = 0.0,
    levels: dict[str, gpd.GeoDataFrame] | None = None,
    step: Callable[[str, str], object] | None = None,
    file: str = "-",
) -> PreparedGrids:
    """Check the rows of a boundary file (EPSG:4326), mending as far as was allowed.

    ``levels`` are the file's own streets and communities, each with ``code`` and a geometry, to be compared with what
    the grids dissolve to.
    """
    say = step or _quiet
    columns = found_columns(columns, [field.name for field in fields(columns)], frame, file=file)
    if not len(frame):
        raise InputRefused("文件里没有图形", "the file has no shapes", code="empty")
    table = _table(frame, columns)
    shapes = np.asarray(frame.geometry.array, dtype=object)
    if dissolve_parts:
        say("按编码合并", "dissolving by code")
        table, shapes, early = _dissolved(table, shapes)
        if early:
            return PreparedGrids(_frame(table, shapes), early, rows=len(frame))
    moved: list[Any] = []
    if clean_m > 0:
        say(f"修补 {clean_m:g} 米以内的缝隙和重叠", f"mending gaps and overlaps up to {clean_m:g} m")
        unmendable = _unmendable(table["code"].tolist(), shapes)
        if unmendable:
            return PreparedGrids(_frame(table, shapes), unmendable, rows=len(frame))
        try:
            mended = clean(table["code"].tolist(), shapes, max_width_m=clean_m)
        except CoverageError as error:
            # Too wide to mend: these are the defects, one by one.
            return PreparedGrids(_frame(table, shapes), error.defects, rows=len(frame), unmended=error)
        shapes, moved = mended.polygons, list(mended.moved)
    say("检查覆盖", "checking the coverage")
    defects = check(table["code"].tolist(), shapes)
    prepared = PreparedGrids(_frame(table, shapes), defects, moved, rows=len(frame))
    if not prepared.errors:
        prepared.grids = _frame(table, snap_coverage(shapes).polygons)
        prepared.defects += _compared(prepared.grids, levels or {})
    return prepared


def _quiet(_zh: str, _en: str) -> None:
    """Nobody listens."""


def _unmendable(codes: list[Any], shapes: np.ndarray) -> list[Defect]:
    """What no mending of borders can help: rows without code or shape, repeated codes, shapes that are not valid."""
    kinds = {"missing_code", "malformed_code", "duplicate_code", "empty", "invalid"}
    return [d for d in check(codes, shapes) if d.kind in kinds and d.severity == "error"]


def _table(frame: gpd.GeoDataFrame, columns: GridColumns) -> pd.DataFrame:
    plain = frame.drop(columns=frame.geometry.name).reset_index(drop=True)
    ruined: list[BadRow] = []

    def text_of(column: str) -> pd.Series:
        found, bad = texts(plain, column)
        ruined.extend(bad)
        return found

    table = pd.DataFrame({"code": text_of(columns.code)})
    table["name"] = texts(plain, columns.name)[0] if columns.name else table["code"]
    table["name"] = table["name"].fillna(table["code"])
    for level in ("community", "street"):
        code, name = getattr(columns, level), getattr(columns, f"{level}_name")
        if code:
            table[f"{level}_code"] = text_of(code)
            named = texts(plain, name)[0] if name else table[f"{level}_code"]
            table[f"{level}_name"] = named.fillna(table[f"{level}_code"])
    if ruined:
        raise InputRefused(
            f"{len(ruined)} 行的编码已被电子表格损坏",
            f"the codes of {len(ruined)} rows were ruined by a spreadsheet",
            code="ruined-codes",
            rows=in_order(ruined),
        )
    table["kind"] = "base"
    if columns.kind:
        given = texts(plain, columns.kind)[0].fillna("base")
        kinds = given.str.casefold().map(KIND_NAMES)
        wrong = kinds.isna()
        if wrong.any():
            row = int(np.flatnonzero(wrong.to_numpy())[0])
            raise InputRefused(
                f"第 {row + 1} 行 {columns.kind}：应为 基础网格 或 专属网格，收到 {given.iloc[row]}",
                f"row {row + 1}, {columns.kind}: expected one of {', '.join(GRID_KINDS)}, came {given.iloc[row]}",
                code="no-such-kind",
            )
        table["kind"] = kinds
    return table.astype(object).where(table.notna(), None)


def _dissolved(table: pd.DataFrame, shapes: np.ndarray) -> tuple[pd.DataFrame, np.ndarray, list[Defect]]:
    """One row a code; the first row of a code gives the rest. Invalid rows are reported, not dissolved."""
    missing = table["code"].isna().to_numpy()
    try:
        keys, merged = dissolve(shapes[~missing], [str(c) for c in table["code"][~missing]])
    except InvalidGeometry:
        return table, shapes, check([None if m else f"#{i + 1}" for i, m in enumerate(missing)], shapes)
    if missing.any():
        return table, shapes, [d for d in check(table["code"].tolist(), shapes) if d.kind == "missing_code"]
    first = table.drop_duplicates("code").set_index("code").loc[keys].reset_index()
    return first, merged, _disagreeing(table, dict(zip(keys, merged, strict=True)))


def _disagreeing(table: pd.DataFrame, merged: dict[str, Any]) -> list[Defect]:
    """Parts of one grid that name different communities, streets or kinds."""
    defects = []
    for column in ("community_code", "street_code", "kind"):
        if column not in table:
            continue
        for code, named in table.groupby("code", sort=True)[column].unique().items():
            if len(named) > 1:
                listed = "、".join(map(str, named))
                defects.append(
                    Defect(
                        "hierarchy",
                        "error",
                        (str(code),),
                        representative_place(merged[str(code)]),
                        detail_zh=f"网格 {code} 的各部分写的 {column} 不同：{listed}",
                        detail_en=f"the parts of grid {code} name different {column}: {listed}",
                    )
                )
    return defects


def _frame(table: pd.DataFrame, shapes: np.ndarray) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(table.reset_index(drop=True), geometry=list(shapes), crs="EPSG:4326")


def _compared(grids: gpd.GeoDataFrame, levels: dict[str, gpd.GeoDataFrame]) -> list[Defect]:
    found: list[Defect] = []
    for level, given in sorted(levels.items()):
        if f"{level}_code" not in grids:
            raise InputRefused(
                f"要与 {level} 图层比较，需要用 --{level} 指明网格所属的列",
                f"to compare with the {level} layer, name the grids' column with --{level}",
                code="missing-column",
            )
        keys, shapes = dissolve(
            np.asarray(grids.geometry.array, dtype=object), grids[f"{level}_code"].tolist()
        )
        found += compare_levels(
            keys, shapes, [str(c) for c in given["code"]], np.asarray(given.geometry.array, dtype=object)
        )
    return found
