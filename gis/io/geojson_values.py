"""Properties of GeoJSON and Esri JSON whose type GDAL has to guess: numbers, words and truth values side by side.

GDAL has one type for a column. Beside a fraction, or beyond 64 bits, a whole number becomes a floating-point one and loses
its last digits; beside a number ``true`` becomes 1. Of escapes for U+1D800 to U+1DFFF, U+2D800 to U+2DFFF and so on it
makes U+FFFD. Where any of that may have happened, the file is read again as JSON.
"""

from __future__ import annotations

import json
import mmap
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from gis.io.values import number_text, numbers_of, whole_or_decimal

__all__ = ["exact_properties"]

_EXACT = 2**53
# Digits that a floating-point number says without fail.
_FLOAT_DIGITS = 15


def exact_properties(columns: pd.DataFrame, schema: pa.Schema, source: Path) -> pd.DataFrame:
    """Put properties as they stand in the file in place of those that GDAL may have changed.

    Parameters
    ----------
    columns : DataFrame
        As GDAL read them.
    schema : pyarrow.Schema
        Their types then.
    source : Path

    Returns
    -------
    DataFrame
        A column of numbers holds each exactly; one of mixed values is text: strings as they are, everything else as
        JSON writes it.
    """
    doubted = [name for name in columns.columns if _may_have_changed(columns[name], schema.field(name).type)]
    if _has_stray_truth(columns, source):
        numeric = [name for name in columns.columns if pd.api.types.is_numeric_dtype(columns[name])]
        doubted = list(dict.fromkeys([*doubted, *numeric]))
    if not doubted:
        return columns
    properties = _properties(source)
    if properties is None or len(properties) != len(columns):
        return columns
    out = columns.copy(deep=False)
    for name in doubted:
        if any(name in one for one in properties):
            out[name] = _column([one.get(name) for one in properties]).set_axis(columns.index)
    return out


def _may_have_changed(column: pd.Series, kind: pa.DataType) -> bool:
    if isinstance(kind, pa.BaseExtensionType):
        return True
    if pa.types.is_list(kind):
        return bool(pa.types.is_floating(kind.value_type))
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return bool(column.str.contains("\ufffd", regex=False, na=False).any())
    if not pa.types.is_floating(kind):
        return False
    with np.errstate(invalid="ignore"):
        return bool((np.abs(column.to_numpy(dtype=np.float64, na_value=np.nan)) >= _EXACT).any())


def _has_stray_truth(columns: pd.DataFrame, source: Path) -> bool:
    """Whether the file has more words ``true`` and ``false`` than there are truth values."""
    dtypes = columns.dtypes
    truths = [name for name in columns.columns if pd.api.types.is_bool_dtype(dtypes[name])]
    if not any(pd.api.types.is_numeric_dtype(dtypes[name]) for name in columns.columns if name not in truths):
        return False
    known = int(sum(columns[name].notna().sum() for name in truths))
    with source.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content:
        for word in (b"true", b"false"):
            at = content.find(word)
            while at >= 0:
                known -= 1
                if known < 0:
                    return True
                at = content.find(word, at + len(word))
    return False


def _properties(source: Path) -> list[dict[str, object]] | None:
    """Read the properties of a collection of features; None for anything else."""
    try:
        with source.open(encoding="utf-8-sig") as stream:
            parsed = json.load(stream, parse_int=_whole, parse_float=_fraction)
        found = [
            one["properties"] if "properties" in one else one["attributes"] for one in parsed["features"]
        ]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return found if all(isinstance(one, dict) for one in found) else None


def _whole(text: str) -> int | str:
    # Python refuses to compute with thousands of digits; nobody counts with them.
    return int(text) if len(text) <= 1000 else text


def _fraction(text: str) -> float | Decimal | int:
    plain = "e" not in text and "E" not in text
    return whole_or_decimal(text) if plain and len(text) > _FLOAT_DIGITS else float(text)


def _column(values: Sequence[Any]) -> pd.Series:
    present = [value for value in values if value is not None]
    if all(type(value) is bool for value in present):
        return pd.Series(pd.array(list(values), dtype="boolean"))
    if all(isinstance(value, int | float | Decimal) and type(value) is not bool for value in present):
        return numbers_of(values)
    if all(isinstance(value, list) for value in present):
        flat = [one for value in present for one in value]
        if all(type(one) is int and abs(one) < 2**63 for one in flat):
            return pd.Series(list(values), dtype=object)
    return pd.Series([_as_text(value) for value in values], dtype="str")


def _as_text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, Decimal):
        return number_text(value)
    return json.dumps(value, ensure_ascii=False, default=number_text)
