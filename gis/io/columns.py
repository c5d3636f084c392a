"""Columns of a file: finding them by the name a user gives, and reading codes as text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from decimal import Decimal

import numpy as np
import pandas as pd

from gis.errors import BadRow, MissingColumn
from gis.io.layer import OWN_NAME, TYPED, bad_row
from gis.io.names import cut_forms
from gis.io.values import number_text
from gis.spelling import did_you_mean

__all__ = ["find_column", "guess_column", "text_column"]

# As spreadsheets write a number that is too long for them: one digit before the point, a signed exponent.
_SPREADSHEET = re.compile(r"[+-]?\d([.,]\d+)?E[+-]\d{2,3}", re.IGNORECASE)


def _plain(name: str) -> str:
    return name.strip().strip("\ufeff\"'").casefold()


def find_column(columns: Iterable[str], wanted: str, *, file: str) -> str:
    """Find a column by name; case and outer blanks are forgiven when that is unambiguous.

    A Shapefile keeps ten bytes of each name, so that a column is also found by the whole name that was cut to its own.

    Raises
    ------
    gis.errors.MissingColumn
        With the columns there are.

    Examples
    --------
    >>> find_column(["Code", "Name"], "code", file="a.csv")
    'Code'
    >>> find_column(["网格编", "名称"], "网格编码", file="a.shp")
    '网格编'
    """
    names = [str(name) for name in columns]
    if wanted == "geometry" and OWN_NAME in names:
        return OWN_NAME
    if wanted in names:
        return wanted
    close = [name for name in names if _plain(name) == _plain(wanted)]
    if len(close) == 1:
        return close[0]
    close = close or cut_forms(names, wanted)
    if len(close) == 1:
        return close[0]
    listing = ", ".join(names) or "-"
    if close:
        choices = ", ".join(close)
        raise MissingColumn(
            f"文件 {file} 中列 {wanted!r} 不止一个可能：{choices}；请写出其中一个的准确名称",
            f"file {file} has several columns that {wanted!r} may mean: {choices}; give the exact name of one",
            code="ambiguous-column",
        )
    meant = did_you_mean(wanted, names)
    raise MissingColumn(
        f"文件 {file} 中没有列 {wanted!r}；现有列：{listing}{meant.zh}",
        f"file {file} has no column {wanted!r}; it has: {listing}{meant.en}",
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
        Outer blanks removed; None where empty. Whole numbers become their digits, of any width (370211001.0 is
        370211001). Text is text: ``2E07``, ``1E5`` and ``007`` are codes like any other.
    bad_rows : list of BadRow
        Codes that have lost digits: floating-point numbers too large to have kept them and, in a table without
        types (CSV), a number that a spreadsheet has written like 3.70211E+14.

    Examples
    --------
    >>> text_column(pd.DataFrame({"c": [370211001.0, None]}, index=[1, 2]), "c")
    (['370211001', None], [])
    >>> text_column(pd.DataFrame({"c": ["2E07", " 007 "]}, index=[1, 2]), "c")
    (['2E07', '007'], [])
    """
    column = frame[name]
    if pd.api.types.is_float_dtype(column):
        return _from_floats(column, name)
    values = [_text(value) for value in column.tolist()]
    if frame.attrs.get(TYPED):
        return values, []
    zh = (
        "编码被电子表格改成了科学计数法，末位数字已丢失；请在电子表格里把该列设为文本后重新导出。"
        "若编码本来如此，请另存为列有类型的格式（GeoPackage、Parquet），文本列照原样读取"
    )
    en = (
        "a spreadsheet turned the code into scientific notation and lost its last digits; format the column as text "
        "there and export it again. If the code is meant so, save the table in a format whose columns have types "
        "(GeoPackage, Parquet): a text column is taken as it stands"
    )
    bad = [
        bad_row(int(row), name, zh, en, text)
        for row, text in zip(frame.index, values, strict=True)
        if text and _SPREADSHEET.fullmatch(text)
    ]
    return values, bad


def _text(value: object) -> str | None:
    """Write one value as text; None where there is none, or nothing but blanks."""
    if value is None or value is pd.NA or (isinstance(value, float) and np.isnan(value)):
        return None
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, Decimal):
        return number_text(value)
    return str(value).strip() or None


def _from_floats(column: pd.Series, name: str) -> tuple[list[str | None], list[BadRow]]:
    single = column.dtype in (np.float32, pd.Float32Dtype())
    # Beyond these, two whole numbers in a row are one floating-point number.
    most, digits = (2**24, 7) if single else (2**53, 15)
    numbers = column.to_numpy(dtype=np.float64, na_value=np.nan)
    zh = f"编码以浮点数保存，浮点数只能保留约 {digits} 位数字，末位已丢失；请改为文本列或整数列后重新导出"
    en = (
        f"the code is stored as a floating-point number, which keeps some {digits} digits, and its last ones are lost; "
        "make it a column of text or of whole numbers and export it again"
    )
    values: list[str | None] = []
    bad: list[BadRow] = []
    for row, number in zip(column.index, numbers.tolist(), strict=True):
        shown = float(str(np.float32(number))) if single and not float(number).is_integer() else number
        values.append(_text(shown))
        if abs(number) > most:
            bad.append(bad_row(int(row), name, zh, en, number))
    return values, bad
