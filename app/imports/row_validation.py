"""What every import does with the rows of a file: columns by name, texts as codes, the rest as attributes, refusals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import TypeVar

import geopandas as gpd
import numpy as np
import pandas as pd

from gis.errors import BadRow, InputRefused
from gis.io import find_column, text_column
from gis.text import Text

Columns = TypeVar("Columns")
_SHOWN = 80


def found_columns(columns: Columns, names: Sequence[str], frame: gpd.GeoDataFrame, *, file: str) -> Columns:
    """The same dataclass with each named field holding the file's own spelling of its column.

    Raises MissingColumn, with the columns there are.
    """
    have = [str(name) for name in frame.columns if name != frame.geometry.name]
    known = {field.name for field in fields(columns)}  # type: ignore[arg-type]
    given = {name: getattr(columns, name) for name in names if name in known}
    spelt = {name: find_column(have, value, file=file) for name, value in given.items() if value}
    return replace(columns, **spelt)  # type: ignore[type-var]


def texts(plain: pd.DataFrame, column: str) -> tuple[pd.Series, list[BadRow]]:
    """A column of codes or names as text (NA where empty), and the rows whose code a spreadsheet has ruined."""
    numbered = plain.set_axis(pd.RangeIndex(1, len(plain) + 1), axis="index")
    values, bad = text_column(numbered, column)
    return pd.Series(values, index=plain.index, dtype="string"), bad


def rows_to_keep(count: int, bad: Sequence[BadRow], *, skip_bad: bool) -> np.ndarray:
    """Which rows go in, as booleans.

    Raises InputRefused with every bad row unless ``skip_bad``, and in any case when none is left.
    """
    if bad and not skip_bad:
        number = len({row.row for row in bad})
        raise InputRefused(
            f"{number} 行有问题，文件整体未导入；--skip-bad 可只导入其余各行",
            f"{number} rows are not acceptable, nothing was stored; --skip-bad stores the others",
            code="bad-rows",
            rows=in_order(bad),
        )
    keep = np.ones(count, dtype=bool)
    keep[[row.row - 1 for row in bad]] = False
    if not keep.any():
        raise InputRefused(
            f"全部 {count} 行都有问题，没有可导入的行",
            f"all {count} rows are bad: there is nothing to store",
            code="no-good-rows",
            rows=in_order(bad),
        )
    return keep


def in_order(bad: Sequence[BadRow]) -> tuple[BadRow, ...]:
    """Bad rows as a report lists them."""
    return tuple(sorted(bad, key=lambda row: (row.row, row.column)))


def repeated(values: pd.Series, column: str, *, noun_zh: str, noun_en: str) -> list[BadRow]:
    """Rows whose value stood in a row before; empty ones are no matter here."""
    present = values[values.notna()]
    again = present[present.duplicated(keep="first")]
    if not len(again):
        return []
    first = {value: int(at) + 1 for at, value in present.drop_duplicates().items()}  # type: ignore[call-overload]
    return [
        BadRow(
            int(at) + 1,  # type: ignore[call-overload]
            column,
            Text(f"{noun_zh}与第 {first[value]} 行重复", f"the {noun_en} repeats that of row {first[value]}"),
            str(value),
        )
        for at, value in again.items()
    ]
