"""From a file's rows to grids that can be published: columns, dissolving, mending, and the list of defects."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from shapely.geometry.base import BaseGeometry

from app.boundaries.exclusion_input import Declaration
from app.boundaries.row_conflicts import GridColumns, row_conflicts
from app.imports.row_validation import found_columns, in_order, texts
from app.kit.unit_levels import UPPER
from gis.coverage import (
    Defect,
    ExcludedLand,
    check_with_excluded,
    clean,
    compare_levels,
    dissolve,
    matched_together,
    read_rings,
    unusable_rows,
)
from gis.errors import BadRow, InputRefused
from gis.geometry import representative_place
from gis.text import Text

KIND_NAMES = {
    "base": "base",
    "基础": "base",
    "基础网格": "base",
    "dedicated": "dedicated",
    "专属": "dedicated",
    "专属网格": "dedicated",
}

_OF_ROWS = {"missing-code", "malformed-code", "duplicate-code", "empty", "invalid"}


@dataclass
class PreparedGrids:
    """Grids ready to be published, if ``defects`` holds no error."""

    grids: gpd.GeoDataFrame
    defects: list[Defect]
    moved: list[Any] = field(default_factory=list)
    rows: int = 0
    gaps_mended: int = 0
    overlaps_mended: int = 0
    # Land that belongs to no grid on purpose.
    excluded: ExcludedLand = field(default_factory=ExcludedLand)
    # Codes of published grids that stand beside those of the file.
    kept: tuple[str, ...] = ()

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
    code_scheme: str | None = None,
    known_parents: Mapping[str, str] | None = None,
    kept: gpd.GeoDataFrame | None = None,
    step: Callable[[str, str], object] | None = None,
    file: str = "-",
    declaration: Declaration | None = None,
    make_valid: bool = False,
) -> PreparedGrids:
    """Check the rows of a boundary file (EPSG:4326), mending as far as was allowed.

    ``levels`` are the file's own streets and communities, each with ``code`` and a geometry, to be compared with what
    the grids dissolve to. ``code_scheme`` and ``known_parents`` are as `row_conflicts` takes them. ``kept`` are grids
    that stay as they are where the file has none of their codes: they are checked with the others. What the file does
    not state, a name or a kind, is None in the result. Rings that touch themselves are read as the same ground, those
    that cross themselves with ``make_valid`` only; defects name the rows of the file, which the index ``row`` numbers.
    ``declaration`` names land that belongs to no grid on purpose.
    """
    say = step or _quiet
    columns = found_columns(columns, [field.name for field in fields(columns)], frame, file=file)
    if not len(frame):
        raise InputRefused("文件里没有图形", "the file has no shapes", code="no-shapes")
    table = _table(frame, columns)
    rows = _file_rows(frame)
    table["row"] = rows
    shapes, read = read_rings(
        table["code"].tolist(), frame.geometry.to_numpy(), rows=rows, make_valid=make_valid
    )
    conflicts = row_conflicts(
        table, shapes, columns, code_scheme=code_scheme, known_parents=known_parents or {}
    )
    withheld: list[BaseGeometry] = []
    if dissolve_parts:
        say("按编码合并", "dissolving by code")
        table, shapes, unusable, withheld = _dissolved(table, shapes)
        read += unusable
    if kept is not None:
        kept = kept[~kept["code"].isin(table["code"].dropna())]
        table, shapes = _with_kept(table, shapes, kept)
    declaration = declaration or Declaration()
    codes, rows = table["code"].tolist(), table["row"].tolist()
    fitted = declaration.fit(codes, shapes, tolerance_m=clean_m)
    land = fitted.land
    say("检查覆盖", "checking the coverage")
    known = declaration.accepted(shapes, land) if clean_m == 0 else land
    defects = check_with_excluded(codes, shapes, known, rows=rows, withheld=withheld)
    mended = None
    # What is wrong with a row no moving of borders mends, and its ground is no gap of its neighbours.
    if clean_m > 0 and not any(d.kind in _OF_ROWS and d.severity == "error" for d in [*read, *defects]):
        say(f"修补 {clean_m:g} 米以内的缝隙和重叠", f"mending gaps and overlaps up to {clean_m:g} m")
        # Declared land is mended with the grids, or a narrow piece would be given to one of them.
        members = np.concatenate([shapes, land.polygons])
        mended = clean([*codes, *land.codes], members, max_width_m=clean_m, rows=[*rows, *([()] * len(land))])
        shapes = mended.polygons[: len(shapes)]
        land = replace(land, polygons=mended.polygons[len(shapes) :])
        known = declaration.accepted(shapes, land)
        defects = check_with_excluded(codes, shapes, known, rows=rows)
    land = known
    defects = sorted(
        [*read, *defects, *fitted.defects, *conflicts], key=lambda defect: defect.severity != "error"
    )
    beside = tuple(kept["code"]) if kept is not None else ()
    prepared = PreparedGrids(_frame(table, shapes), defects, rows=len(frame), kept=beside)
    if mended is not None:
        prepared.moved = list(mended.moved)
        prepared.gaps_mended, prepared.overlaps_mended = mended.gaps, mended.overlaps
    if not prepared.errors:
        matched, prepared.excluded = matched_together(shapes, land)
        prepared.grids = _frame(table, matched)
        prepared.defects += _compared(prepared.grids, levels or {})
    return prepared


def _quiet(_zh: str, _en: str) -> None:
    """Nobody listens."""


def _file_rows(frame: gpd.GeoDataFrame) -> list[tuple[int, ...]]:
    """The rows of the file as the user counts them; a reader numbers them, a frame made by hand is counted."""
    numbers = frame.index if frame.index.name == "row" else range(1, len(frame) + 1)
    return [(int(number),) for number in numbers]


def _table(frame: gpd.GeoDataFrame, columns: GridColumns) -> pd.DataFrame:
    plain = frame.drop(columns=frame.geometry.name).reset_index(drop=True)
    ruined: list[BadRow] = []

    def text_of(column: str) -> pd.Series:
        found, bad = texts(plain, column)
        ruined.extend(bad)
        return found

    table = pd.DataFrame({"code": text_of(columns.code)})
    table["name"] = texts(plain, columns.name)[0] if columns.name else None
    for level in reversed(UPPER):
        code, name = getattr(columns, level), getattr(columns, f"{level}_name")
        if code:
            table[f"{level}_code"] = text_of(code)
            table[f"{level}_name"] = texts(plain, name)[0] if name else None
    if ruined:
        raise InputRefused(
            f"{len(ruined)} 行的编码已被电子表格损坏",
            f"the codes of {len(ruined)} rows were ruined by a spreadsheet",
            code="ruined-codes",
            rows=in_order(ruined),
        )
    table["kind"] = None
    if columns.kind:
        given = texts(plain, columns.kind)[0]
        kinds = given.str.casefold().map(KIND_NAMES)
        wrong = kinds.isna() & given.notna()
        if wrong.any():
            row = int(np.flatnonzero(wrong.to_numpy())[0])
            raise InputRefused(
                f"第 {row + 1} 行 {columns.kind}：应为 基础网格 或 专属网格，收到 {given.iloc[row]}",
                f"row {row + 1}, {columns.kind}: expected one of {', '.join(sorted({*KIND_NAMES.values()}))}, came {given.iloc[row]}",
                code="no-such-kind",
            )
        table["kind"] = kinds
    return table.astype(object).where(table.notna(), None)


def _dissolved(
    table: pd.DataFrame, shapes: np.ndarray
) -> tuple[pd.DataFrame, np.ndarray, list[Defect], list[Any]]:
    """One row a code; the first row of a code gives the rest.

    Rows without a code or a valid shape are reported under their own names and their shapes handed back: the
    others are dissolved without them.
    """
    usable, unusable = unusable_rows(table["code"].tolist(), shapes, rows=table["row"].tolist())
    rest, kept = table.iloc[usable], shapes[usable]
    keys, merged = dissolve(kept, [str(code) for code in rest["code"]])
    rows: dict[str, tuple[int, ...]] = {}
    for code, numbers in zip(rest["code"], rest["row"], strict=True):
        rows[code] = (*rows.get(code, ()), *numbers)
    first = rest.drop_duplicates("code").set_index("code").loc[keys].reset_index()
    first["row"] = [rows[key] for key in keys]
    unusable += _disagreeing(rest, dict(zip(keys, merged, strict=True)))
    return first, merged, unusable, np.delete(shapes, usable).tolist()


def _with_kept(
    table: pd.DataFrame, shapes: np.ndarray, kept: gpd.GeoDataFrame
) -> tuple[pd.DataFrame, np.ndarray]:
    """The rows of the file and, after them, grids that it does not have."""
    # What the file does not state is filled in for all of them alike, later.
    rows = pd.DataFrame(kept[[name for name in table.columns if name in kept]])
    rows["row"] = [()] * len(rows)
    joined = pd.concat([table.astype(object), rows.astype(object)], ignore_index=True)
    every = np.array([*shapes, *kept.geometry], dtype=object)
    return joined.where(joined.notna(), None), every


def _disagreeing(table: pd.DataFrame, merged: Mapping[str, BaseGeometry]) -> list[Defect]:
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
                        detail=Text(
                            f"网格 {code} 的各部分写的 {column} 不同：{listed}",
                            f"the parts of grid {code} name different {column}: {listed}",
                        ),
                    )
                )
    return defects


def _frame(table: pd.DataFrame, shapes: np.ndarray) -> gpd.GeoDataFrame:
    plain = table.drop(columns="row").reset_index(drop=True)
    return gpd.GeoDataFrame(plain, geometry=list(shapes), crs="EPSG:4326")


def _compared(grids: gpd.GeoDataFrame, levels: dict[str, gpd.GeoDataFrame]) -> list[Defect]:
    found: list[Defect] = []
    for level, given in sorted(levels.items()):
        if f"{level}_code" not in grids:
            raise InputRefused(
                f"要与 {level} 图层比较，需要用 --{level} 指明网格所属的列",
                f"to compare with the {level} layer, name the grids' column with --{level}",
                code="level-column-needed",
            )
        keys, shapes = dissolve(
            np.asarray(grids.geometry.array, dtype=object), grids[f"{level}_code"].tolist()
        )
        found += compare_levels(
            keys, shapes, [str(c) for c in given["code"]], np.asarray(given.geometry.array, dtype=object)
        )
    return found
