"""Columns of a file: finding them by the name a user gives, and reading codes as text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from gis.errors import BadRow, MissingColumn
from gis.io.layer import bad_row

__all__ = ["find_column", "guess_column", "text_column"]

_SCIENTIFIC = re.compile(r"[+-]?\d+(\.\d+)?[eE][+-]?\d+")
_EXACT = 2**53


def _plain(name: str) -> str:
    return name.strip().strip("\ufeff\"'").casefold()


def find_column(columns: Iterable[str], wanted: str, *, file: str) -> str:
    """Find a column by name; case and outer blanks are forgiven when that is unambiguous.

    Raises
    ------
    gis.errors.MissingColumn
        With the columns there are.

    Examples
    --------
    >>> find_column(["Code", "Name"], "code", file="a.csv")
    'Code'
    """
    names = [str(name) for name in columns]
    if wanted in names:
        return wanted
    close = [name for name in names if _plain(name) == _plain(wanted)]
    if len(close) == 1:
        return close[0]
    listing = ", ".join(names) or "-"
    raise MissingColumn(
        f"文件 {file} 中没有列 {wanted!r}；现有列：{listing}",
        f"file {file} has no column {wanted!r}; it has: {listing}",
    )


def guess_column(columns: Iterable[str], candidates: Sequence[str]) -> str | None:
    """Return the column whose name is the earliest of `candidates`, case aside; None when there is none.

    Examples
    --------
    >>> guess_column(["ID", "LNG", "LAT"], ["lon", "lng"])
    'LNG'
    """
    names = {_plain(str(name)): str(name) for name in reversed(list(columns))}
    for candidate in candidates:
        if candidate in names:
            return names[candidate]
    return None


def text_column(frame: pd.DataFrame, name: str) -> tuple[list[str | None], list[BadRow]]:
    """Read a column of codes or names as text.

    Parameters
    ----------
    frame : DataFrame
        As `LayerData.frame`, its index the row numbers.
    name : str

    Returns
    -------
    values : list of str or None
        Outer blanks removed; None where empty. Whole numbers become their digits (370211001.0 is 370211001).
    bad_rows : list of BadRow
        Codes that a spreadsheet has ruined: written like 3.70211E+14, or a number too large to have kept its
        last digits.

    Examples
    --------
    >>> text_column(pd.DataFrame({"c": [370211001.0, None]}, index=[1, 2]), "c")
    (['370211001', None], [])
    """
    column = frame[name]
    rows = [int(row) for row in frame.index]
    if pd.api.types.is_bool_dtype(column):
        return [None if pd.isna(value) else str(value).lower() for value in column], []
    if pd.api.types.is_integer_dtype(column):
        return [None if pd.isna(value) else str(int(value)) for value in column], []
    if pd.api.types.is_float_dtype(column):
        return _from_floats(column.to_numpy(dtype=np.float64, na_value=np.nan), rows, name)
    values: list[str | None] = []
    bad: list[BadRow] = []
    for row, value in zip(rows, column.tolist(), strict=True):
        text = None if _absent(value) else str(value).strip()
        values.append(text or None)
        if text and _SCIENTIFIC.fullmatch(text):
            bad.append(
                bad_row(
                    row,
                    name,
                    "编码被电子表格改成了科学计数法，末位数字已丢失",
                    "a spreadsheet turned the code into scientific notation and lost its last digits",
                    text,
                )
            )
    return values, bad


def _absent(value: Any) -> bool:
    return value is None or value is pd.NA or (isinstance(value, float) and np.isnan(value))


def _from_floats(numbers: Any, rows: list[int], name: str) -> tuple[list[str | None], list[BadRow]]:
    values: list[str | None] = []
    bad: list[BadRow] = []
    for row, number in zip(rows, numbers.tolist(), strict=True):
        if np.isnan(number):
            values.append(None)
            continue
        values.append(str(int(number)) if float(number).is_integer() else repr(number))
        if abs(number) > _EXACT:
            bad.append(
                bad_row(
                    row,
                    name,
                    "编码以浮点数保存，末位数字已丢失，应改为文本列",
                    "the code was stored as a floating-point number and lost its last digits; make it a text column",
                    number,
                )
            )
    return values, bad
