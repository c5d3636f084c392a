"""Rows as JSON, every value as the file has it."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from decimal import Decimal

import numpy as np
import pandas as pd

from gis.io.values import number_text

__all__ = ["json_rows"]


def _same(text: str) -> str:
    return text


def json_rows(columns: pd.DataFrame, *, clean: Callable[[str], str] = _same) -> list[str]:
    """Write each row as a JSON object.

    Parameters
    ----------
    columns : DataFrame
    clean : callable, optional
        What is done to every text and every name first.

    Returns
    -------
    list of str
        Whole numbers of any width and floats keep their digits as numbers. A decimal that no float says exactly, and
        infinity, for which JSON has no word, are text; what is not a number is null.

    Examples
    --------
    >>> json_rows(pd.DataFrame({"asset": pd.array([370211010018003001, None], dtype="Int64")}))
    ['{"asset":370211010018003001}', '{"asset":null}']
    """
    if not columns.shape[1]:
        return ["{}"] * len(columns)
    encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False).encode
    keys = [clean(str(name)) for name in columns.columns]
    values = [_values(columns.iloc[:, at], clean) for at in range(columns.shape[1])]
    return [encode(dict(zip(keys, row, strict=True))) for row in zip(*values, strict=True)]


def _values(column: pd.Series, clean: Callable[[str], str]) -> list[object]:
    """Give the values of a column as JSON can say them."""
    if column.dtype == np.float32:
        # The shortest text of a single is not that of the double it is kept in.
        return [_plain(float(str(value)), clean) for value in column.to_numpy()]
    if pd.api.types.is_bool_dtype(column) or pd.api.types.is_integer_dtype(column):
        return [None if value is pd.NA else value for value in column.tolist()]
    return [_plain(value, clean) for value in column.tolist()]


def _plain(value: object, clean: Callable[[str], str]) -> object:
    match value:
        case str():
            return clean(value)
        case None | bool() | int():
            return value
        case float():
            return float(value) if np.isfinite(value) else None if np.isnan(value) else str(value)
        case Decimal():
            return _number(value)
        case bytes():
            return value.hex()
        case dict():
            return {clean(str(key)): _plain(one, clean) for key, one in value.items()}
        case list() | tuple() | np.ndarray():
            return [_plain(one, clean) for one in value]
        case np.generic():
            return _plain(value.item(), clean)
        case dt.date() | dt.time():
            return value.isoformat()
    return None if value is pd.NA or value is pd.NaT else str(value)


def _number(value: Decimal) -> int | float | str | None:
    if value.is_nan():
        return None
    text = number_text(value)
    if text.lstrip("-").isdigit():
        return int(text)
    number = float(value)
    return number if np.isfinite(number) and Decimal(repr(number)) == value else text
