"""Rows of a boundary file that contradict each other or the scheme of their codes, as defects with a place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

from app.kit.unit_levels import UPPER
from gis.codes import UNIT_DIGITS, UnitLevel, is_national_unit_code
from gis.coverage import Defect
from gis.geometry import representative_place
from gis.text import Text

LEVEL_ZH = {"district": "区", "street": "镇街", "community": "社区", "grid": "网格"}
OWN_SCHEME = "own"
NATIONAL_SCHEME = "GB/T 30428.1-2013"
# More of one kind are told by their number: a wrong column makes one of every row.
_MOST = 200


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


def row_conflicts(
    table: pd.DataFrame,
    shapes: np.ndarray,
    columns: GridColumns,
    *,
    code_scheme: str | None = None,
    known_parents: Mapping[str, str] | None = None,
) -> list[Defect]:
    """Find rows that name no parent, two parents for one unit, two names for one code, or codes that do not fit.

    Parameters
    ----------
    table : DataFrame, one row of the file each
        ``code`` and, where the file states them, ``community_code``, ``community_name``, ``street_code``,
        ``street_name``; None where a cell is empty.
    shapes : array of shapely geometries, shape (n,)
        EPSG:4326; they say where a defect is.
    columns : GridColumns
        What these columns are called in the file.
    code_scheme : str, optional
        The scheme the codes are said to be in. In the national one (6, 9, 12 and 15 digits) a code begins with that
        of the unit above. Without a word codes that have the national form on both levels are held to it; ``own``
        makes a mismatch a warning.
    known_parents : mapping, optional
        Code -> parent code as published. A grid that was given to another community keeps its code: no mismatch.
    """
    told = _Rows(table, shapes, columns)
    found: list[Defect] = []
    levels = [level for level in UPPER if f"{level}_code" in table]
    for level in levels:
        found += _without_parent(told, level)
        found += _two_names(told, level)
    if levels == list(UPPER):
        found += _two_parents(told)
    chain: list[UnitLevel] = [*levels, "grid"]
    for upper, lower in pairwise(chain):
        found += _unfit_codes(told, upper, lower, code_scheme, known_parents or {})
    return found


class _Rows:
    """The rows with what the file calls their columns."""

    def __init__(self, table: pd.DataFrame, shapes: np.ndarray, columns: GridColumns) -> None:
        self.table = table.reset_index(drop=True)
        self._shapes = shapes
        self._columns = columns

    def column(self, level: UnitLevel, part: Literal["code", "name"]) -> str:
        """The file's name of a column."""
        field = part if level == "grid" else level if part == "code" else f"{level}_name"
        return getattr(self._columns, field) or field

    def values(self, level: UnitLevel, part: Literal["code", "name"] = "code") -> pd.Series:
        """A column of the table, without its empty cells."""
        name = part if level == "grid" else f"{level}_{part}"
        return self.table[name].dropna() if name in self.table else pd.Series(dtype=object)

    def defect(self, at: int, codes: tuple[str, ...], zh: str, en: str, *, warning: bool = False) -> Defect:
        """A defect at a row."""
        return Defect(
            "hierarchy",
            "warning" if warning else "error",
            codes,
            _place(self._shapes[at]),
            detail=Text(zh, en),
        )


def _place(shape: BaseGeometry) -> tuple[float, float]:
    if shape is None or shape.is_empty:
        return (0.0, 0.0)
    if not shape.is_valid:
        x, y = shapely.get_coordinates(shape)[0]
        return (float(x), float(y))
    return representative_place(shape)


def _without_parent(told: _Rows, level: UnitLevel) -> list[Defect]:
    blank = told.table.index.difference(told.values(level).index)
    column = told.column(level, "code")
    return [
        told.defect(
            int(at),
            (str(told.table["code"].iloc[at] or f"#{at + 1}"),),
            f"第 {at + 1} 行（网格 {told.table['code'].iloc[at]}）的 {column} 列为空，没有写明所属的{LEVEL_ZH[level]}",
            f"row {at + 1} (grid {told.table['code'].iloc[at]}): column {column} is empty, the row names no {level}",
        )
        for at in blank[:_MOST].tolist()
    ]


def _two_names(told: _Rows, level: UnitLevel) -> list[Defect]:
    """One code with two names cannot be told which is meant; one name with two codes may be two villages."""
    codes, names = told.values(level), told.values(level, "name")
    both = codes.index.intersection(names.index)
    pairs = pd.DataFrame({"code": codes[both], "name": names[both], "row": both + 1})
    first = pairs.drop_duplicates(["code", "name"])
    column, code_column = told.column(level, "name"), told.column(level, "code")
    noun = LEVEL_ZH[level]
    found = []
    for code, group in list(first[first["code"].duplicated(keep=False)].groupby("code", sort=True))[:_MOST]:
        zh = "，".join(f"第 {row} 行是 {name}" for row, name in zip(group["row"], group["name"], strict=True))
        en = ", ".join(f"row {row} has {name}" for row, name in zip(group["row"], group["name"], strict=True))
        found.append(
            told.defect(
                int(group["row"].iloc[1]) - 1,
                (str(code),),
                f"{noun} {code} 有 {len(group)} 个名称（{column} 列）：{zh}；一个编码只能有一个名称",
                f"{level} {code} has {len(group)} names (column {column}): {en}; one code has one name",
            )
        )
    for name, group in list(first[first["name"].duplicated(keep=False)].groupby("name", sort=True))[:_MOST]:
        listed = [f"{code}" for code in group["code"]]
        rows = [int(row) for row in group["row"]]
        found.append(
            told.defect(
                rows[1] - 1,
                tuple(sorted(listed)),
                f"{noun}名称 {name} 对应 {len(listed)} 个编码（{code_column} 列）：{'、'.join(listed[:6])}"
                f"（第 {'、'.join(map(str, rows[:6]))} 行）；若是同一个{noun}，编码应相同",
                f"the {level} name {name} stands for {len(listed)} codes (column {code_column}): "
                f"{', '.join(listed[:6])} (rows {', '.join(map(str, rows[:6]))}); one {level} has one code",
                warning=True,
            )
        )
    return found


def _two_parents(told: _Rows) -> list[Defect]:
    communities, streets = told.values("community"), told.values("street")
    both = communities.index.intersection(streets.index)
    pairs = pd.DataFrame({"community": communities[both], "street": streets[both], "row": both + 1})
    first = pairs.drop_duplicates(list(UPPER))
    twice = first[first["community"].duplicated(keep=False)]
    found = []
    for community, group in list(twice.groupby("community", sort=True))[:_MOST]:
        zh = "，".join(f"第 {r} 行写 {s}" for r, s in zip(group["row"], group["street"], strict=True))
        en = ", ".join(f"row {r} says {s}" for r, s in zip(group["row"], group["street"], strict=True))
        found.append(
            told.defect(
                int(group["row"].iloc[1]) - 1,
                (str(community),),
                f"社区 {community} 同时属于 {len(group)} 个镇街（{told.column('street', 'code')} 列）：{zh}；"
                f"一个社区只属于一个镇街",
                f"community {community} lies in {len(group)} streets (column {told.column('street', 'code')}): "
                f"{en}; a community lies in one street",
            )
        )
    return found


def _unfit_codes(
    told: _Rows, upper: UnitLevel, lower: UnitLevel, scheme: str | None, known: Mapping[str, str]
) -> list[Defect]:
    above, below = told.values(upper), told.values(lower)
    both = above.index.intersection(below.index)
    seen: set[tuple[str, str]] = set()
    found: list[Defect] = []
    for at, code, parent in zip(both.tolist(), below[both], above[both], strict=True):
        pair = (str(code), str(parent))
        if pair in seen or known.get(pair[0]) == pair[1]:
            continue
        seen.add(pair)
        if not unfit(pair[0], lower, pair[1], upper, scheme):
            continue
        if len(found) == _MOST:
            break
        found.append(
            told.defect(
                at,
                (pair[0],),
                f"第 {at + 1} 行：{LEVEL_ZH[lower]}编码 {code} 与所属{LEVEL_ZH[upper]} {parent} 不符；"
                f"按国家标准应为 {parent} 加 {UNIT_DIGITS[lower] - UNIT_DIGITS[upper]} 位顺序号。"
                f"自编的编码请加 --code-scheme own",
                f"row {at + 1}: the code {code} of the {lower} does not fit its {upper} {parent}; "
                f"in the national scheme it is {parent} and {UNIT_DIGITS[lower] - UNIT_DIGITS[upper]} digits. "
                f"For codes of your own add --code-scheme own",
                warning=scheme == OWN_SCHEME,
            )
        )
    return found


def unfit(code: str, level: UnitLevel, parent: str, parent_level: UnitLevel, scheme: str | None) -> bool:
    """Say whether a code contradicts the code of the unit above in the national scheme.

    Examples
    --------
    >>> unfit("370211010018003", "grid", "370211010019", "community", None)
    True
    >>> unfit("HD-7", "grid", "370211010019", "community", None)
    False
    >>> unfit("HD-7", "grid", "370211010019", "community", "GB/T 30428.1-2013")
    True
    """
    national = is_national_unit_code(code, level) and is_national_unit_code(parent, parent_level)
    if not national:
        return scheme == NATIONAL_SCHEME
    return not code.startswith(parent)
