"""Columns of Arrow as columns of pandas, value by value: what is exact in the file stays exact.

pandas' own way makes 64-bit floats of whole numbers beside an empty cell, which end at 2^53, and has
calendars of its own for dates. Here

============================== =====================================================================
whole numbers                  ``int64`` and the like; ``Int64`` and the like beside empty cells
wider than 64 bits, decimals   objects: `decimal.Decimal`
booleans                       ``bool``; ``boolean`` beside empty cells
dates, times, instants         text as ISO 8601 writes them
lists and structures           objects: lists and dicts of exact values
============================== =====================================================================
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyarrow.lib import string_to_tzinfo

__all__ = [
    "array_of",
    "frame_of",
    "is_exact_float",
    "number_text",
    "numbers_of",
    "series_of",
    "whole_or_decimal",
]

_NULLABLE = {
    pa.int8(): pd.Int8Dtype(),
    pa.int16(): pd.Int16Dtype(),
    pa.int32(): pd.Int32Dtype(),
    pa.int64(): pd.Int64Dtype(),
    pa.uint8(): pd.UInt8Dtype(),
    pa.uint16(): pd.UInt16Dtype(),
    pa.uint32(): pd.UInt32Dtype(),
    pa.uint64(): pd.UInt64Dtype(),
    pa.bool_(): pd.BooleanDtype(),
}
_WIDEST = 76
_QUARTER = 900
# Years 2 to 9998 in quarters of an hour: what Python's calendar can say in any zone.
_CALENDAR = (-62_100_000_000 // _QUARTER, 253_370_000_000 // _QUARTER)


def frame_of(table: pa.Table) -> pd.DataFrame:
    """Turn a table into a frame without changing a value; its index counts from 0.

    Examples
    --------
    >>> table = pa.table({"asset": pa.array([370211010018003001, None], pa.int64())})
    >>> frame_of(table)["asset"].tolist()
    [370211010018003001, <NA>]
    """
    columns = [series_of(table.column(at)) for at in range(table.num_columns)]
    if not columns:
        return pd.DataFrame(index=range(table.num_rows))
    frame = pd.concat(columns, axis="columns")
    frame.columns = pd.Index([str(name) for name in table.column_names])
    return frame


def series_of(column: pa.ChunkedArray) -> pd.Series:
    """Turn one column into a series; see the module for what becomes of each type."""
    kind, types = column.type, pa.types
    if isinstance(kind, pa.BaseExtensionType):
        stored = [chunk.storage for chunk in column.chunks]
        return series_of(pa.chunked_array(stored, type=kind.storage_type))
    if types.is_dictionary(kind):
        return series_of(column.cast(kind.value_type))
    if types.is_decimal(kind):
        return _from_decimals(column)
    if types.is_date(kind):
        return _plain(column.cast(pa.string()))
    if types.is_time(kind):
        return _plain(pc.replace_substring_regex(column.cast(pa.string()), r"\.0+$", ""))
    if types.is_timestamp(kind):
        return _from_instants(column)
    if types.is_nested(kind) or types.is_duration(kind) or types.is_interval(kind):
        return pd.Series(column.to_pylist(), dtype=object)
    if column.null_count and kind in _NULLABLE:
        series: pd.Series = column.to_pandas(types_mapper=_NULLABLE.get)
        return series
    return _plain(column)


def _plain(column: pa.ChunkedArray) -> pd.Series:
    series: pd.Series = column.to_pandas(use_threads=False)
    return series


def _from_decimals(column: pa.ChunkedArray) -> pd.Series:
    for narrower in (pa.int64(), pa.uint64()) if column.type.scale <= 0 else ():
        try:
            return series_of(column.cast(narrower))
        except pa.ArrowInvalid:
            continue
    return pd.Series(column.to_pylist(), dtype=object)


def _from_instants(column: pa.ChunkedArray) -> pd.Series:
    """Write instants as ISO 8601: with the offset of their zone where they have one, in seconds where those are whole."""
    kind = column.type
    missing = column.is_null().to_numpy(zero_copy_only=False)
    counts = pc.fill_null(column.cast(pa.int64()), 0).to_numpy()
    instants = counts.view(f"datetime64[{kind.unit}]")
    marks = _offsets(instants, string_to_tzinfo(kind.tz)) if kind.tz is not None else None
    if marks is not None:
        instants = instants + marks.astype("timedelta64[m]")
    seconds = instants.astype("datetime64[s]")
    texts = np.datetime_as_string(seconds if (seconds == instants).all() else instants).astype(object)
    if marks is not None:
        known, which = np.unique(marks, return_inverse=True)
        texts = texts + np.asarray([_offset(int(mark)) for mark in known], dtype=object)[which]
    texts[missing] = None
    return pd.Series(texts, dtype="str")


def _offsets(instants: NDArray[np.datetime64], zone: dt.tzinfo) -> NDArray[np.int64]:
    """Give the offsets of a zone from UTC in minutes; they change on quarters of an hour."""
    quarters = instants.astype("datetime64[s]").astype(np.int64) // _QUARTER
    known, which = np.unique(quarters, return_inverse=True)
    within = np.clip(known, *_CALENDAR)
    found = [
        dt.datetime.fromtimestamp(int(at) * _QUARTER, dt.UTC).astimezone(zone).utcoffset() for at in within
    ]
    minutes = [0 if offset is None else int(offset.total_seconds()) // 60 for offset in found]
    return np.asarray(minutes, dtype=np.int64)[which]


def _offset(minutes: int) -> str:
    sign, size = "-" if minutes < 0 else "+", abs(minutes)
    return f"{sign}{size // 60:02d}:{size % 60:02d}"


# ---------------------------------------------------------------- numbers out of text and other sources
def whole_or_decimal(text: str) -> int | Decimal:
    """Read a number that is written with digits, exactly.

    Examples
    --------
    >>> whole_or_decimal("370211010018003001.00"), whole_or_decimal("0.1")
    (370211010018003001, Decimal('0.1'))
    """
    number = Decimal(text)
    return int(number) if number == number.to_integral_value() and number.adjusted() < _WIDEST else number


def numbers_of(values: Iterable[int | float | Decimal | None]) -> pd.Series:
    """Make a column of numbers that holds each exactly, in the narrowest type that can.

    Examples
    --------
    >>> str(numbers_of([1, None]).dtype), str(numbers_of([2**63, None]).dtype), numbers_of([2**70]).tolist()
    ('Int64', 'UInt64', [Decimal('1180591620717411303424')])
    """
    listed = list(values)
    present = [value for value in listed if value is not None]
    if all(isinstance(value, int) for value in present):
        low, high = min(present, default=0), max(present, default=0)
        missing = np.array([value is None for value in listed], dtype=bool)
        for kind in (np.int64, np.uint64):
            if np.iinfo(kind).min <= low and high <= np.iinfo(kind).max:
                # pandas' own way from a list passes through floats when numbers exceed 63 bits.
                whole = np.array([0 if value is None else value for value in listed], dtype=kind)
                return pd.Series(pd.arrays.IntegerArray(whole, missing) if missing.any() else whole)
        return pd.Series([None if value is None else Decimal(value) for value in listed], dtype=object)
    if all(is_exact_float(value) for value in present):
        floats = [np.nan if value is None else float(value) for value in listed]
        return pd.Series(floats, dtype="float64")
    exact = [
        None if value is None else Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
        for value in listed
    ]
    return pd.Series(exact, dtype=object)


def is_exact_float(value: int | float | Decimal) -> bool:
    """Whether a float says just this number: no digit of a longer one would be lost."""
    if isinstance(value, float):
        return True
    number = float(value)
    return np.isfinite(number) and Decimal(repr(number)) == value


def number_text(value: Decimal) -> str:
    """Write a decimal with its digits, a whole one without a fraction.

    Examples
    --------
    >>> number_text(Decimal("1E+3")), number_text(Decimal("7.00")), number_text(Decimal("0.50"))
    ('1000', '7', '0.50')
    """
    if not value.is_finite() or abs(value.adjusted()) > _WIDEST:
        return str(value)
    whole = value == value.to_integral_value()
    return format(value.to_integral_value() if whole else value, "f")


# ---------------------------------------------------------------- and back
def array_of(column: pd.Series) -> pa.Array:
    """Turn a column into Arrow, each value as it is; what has no common type becomes text."""
    try:
        array = pa.array(column, from_pandas=True)
    except (pa.ArrowException, TypeError, OverflowError, ValueError):
        array = pa.array([_text(value) for value in column], pa.large_string())
    return array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array


def _text(value: object) -> str | None:
    if value is None or value is pd.NA or (isinstance(value, float) and np.isnan(value)):
        return None
    if isinstance(value, Decimal):
        return number_text(value)
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    return (
        json.dumps(value, ensure_ascii=False, default=str) if isinstance(value, list | dict) else str(value)
    )
