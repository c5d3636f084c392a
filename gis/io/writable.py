"""Columns as the formats that we write can hold them: with all their digits, or refused by name."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal

import geopandas as gpd
import numpy as np
import pandas as pd

from gis.errors import InputRefused
from gis.io.values import array_of, number_text

__all__ = ["as_arrow", "as_ogr", "as_text", "refuse_for_dbase"]

_INT63 = 2**63
# What OGR gives a number in a .dbf: 18 digits, or 24 characters with 15 decimals.
_WHOLE, _WIDTH, _DECIMALS = 10**18, 24, 15


def _columns(frame: gpd.GeoDataFrame) -> list[str]:
    return [str(name) for name in frame.columns if name != frame.geometry.name]


def as_arrow(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Give columns of objects without a common type as text, for Parquet."""
    out = frame.copy(deep=False)
    for name in _columns(frame):
        if frame[name].dtype == object:
            out[name] = pd.Series(array_of(frame[name]).to_pylist(), index=frame.index, dtype=object)
    return out


def as_text(frame: gpd.GeoDataFrame, *, exact: bool) -> gpd.GeoDataFrame:
    """Give columns of objects as text, for CSV; all columns when `exact`, for KML, which has no other type."""
    out = frame.copy(deep=False)
    for name in _columns(frame):
        column = frame[name]
        if column.dtype == object or (exact and not pd.api.types.is_string_dtype(column)):
            out[name] = pd.Series([_text(one) for one in column.tolist()], index=frame.index, dtype="str")
    return out


def as_ogr(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Give columns as GDAL can write them: what it has no type for as text.

    Raises
    ------
    gis.errors.InputRefused
        A text with NUL, where GDAL would end it.
    """
    out = frame.copy(deep=False)
    for name in _columns(frame):
        column = frame[name]
        if pd.api.types.is_unsigned_integer_dtype(column) and column.dtype.itemsize == 8:
            whole = column.max() < _INT63 if column.notna().any() else True
            signed = "Int64" if column.isna().any() else "int64"
            out[name] = column.astype(signed) if whole else _texts(column)
        elif column.dtype == object:
            out[name] = _texts(column)
        _refuse_nul(out[name], name)
    return out


def _texts(column: pd.Series) -> pd.Series:
    texts: pd.Series = pd.Series([_text(one) for one in column.tolist()], index=column.index, dtype="str")
    return texts


def _text(value: object) -> str | None:
    match value:
        case None:
            return None
        case float() if np.isnan(value):
            return None
        case str():
            return value
        case Decimal():
            return number_text(value)
        case bytes():
            return value.hex()
        case bool():
            return str(value).lower()
        case dt.date() | dt.time():
            return value.isoformat()
        case list() | dict() | tuple() | np.ndarray():
            listed = value.tolist() if isinstance(value, np.ndarray) else value
            return json.dumps(listed, ensure_ascii=False, default=str)
    return (
        None if value is pd.NA or value is pd.NaT else repr(value) if isinstance(value, float) else str(value)
    )


def _refuse_nul(column: pd.Series, name: str) -> None:
    if not pd.api.types.is_string_dtype(column):
        return
    for row, value in enumerate(column.tolist(), start=1):
        if isinstance(value, str) and "\0" in value:
            raise InputRefused(
                f"第 {row} 行 {name} 含 NUL 字符，这种格式写到它为止；请改用 .geojson、.csv 或 .parquet",
                f"row {row}, {name} has a NUL character, at which this format would end the text; write .geojson, "
                ".csv or .parquet instead",
                code="text-with-nul",
            )


def refuse_for_dbase(frame: gpd.GeoDataFrame) -> None:
    """Refuse numbers that a cell of dBASE would change in silence.

    Raises
    ------
    gis.errors.InputRefused
        With row and column.
    """
    for name in _columns(frame):
        column = frame[name]
        if pd.api.types.is_integer_dtype(column):
            unfit = [value is not pd.NA and abs(value) >= _WHOLE for value in column.tolist()]
        elif pd.api.types.is_float_dtype(column):
            unfit = [
                not _fits(value) for value in column.to_numpy(dtype=np.float64, na_value=np.nan).tolist()
            ]
        else:
            continue
        if any(unfit):
            row = unfit.index(True) + 1
            raise InputRefused(
                f"第 {row} 行 {name} 的数 {column.iloc[row - 1]!r} 放不进 Shapefile 的一格；请改用 .gpkg 或 .geojson",
                f"row {row}, {name}: a Shapefile has no room for the number {column.iloc[row - 1]!r}; "
                "write .gpkg or .geojson instead",
                code="number-too-long",
            )


def _fits(value: float) -> bool:
    if np.isnan(value):
        return True
    text = f"{value:.{_DECIMALS}f}"
    return len(text) <= _WIDTH and float(text) == value
