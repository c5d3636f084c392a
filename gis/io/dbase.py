"""dBASE tables beside Shapefiles: numbers, dates and truth values out of their own bytes.

GDAL makes floating-point numbers of whole ones wider than 18 digits, another day of 31 February, and false of an empty
truth value. Cells have a fixed width here, so they can be read for themselves.
"""

from __future__ import annotations

import datetime as dt
import re
import struct
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gis.io.cells import decode_cell
from gis.io.values import numbers_of, whole_or_decimal
from gis.text import Text

__all__ = ["DbaseTable", "exact_columns"]

_NUMBER = re.compile(rb"[+-]?(\d+\.?\d*|\.\d+)")
_EXPONENT = re.compile(rb"[+-]?(\d+\.?\d*|\.\d+)[eE][+-]?\d+")
_TRUE, _FALSE = b"TtYy", b"FfNn"
# Whole numbers of as many digits GDAL reads into 64 bits; from here on a float may be another number than was written.
_WHOLE_DIGITS, _EXACT = 18, 2**53


@dataclass(frozen=True)
class Field:
    """A column: its type letter, and where its bytes lie in a record."""

    kind: str
    start: int
    width: int
    decimals: int


class DbaseTable:
    """The cells of a .dbf whose size was checked.

    Parameters
    ----------
    path : Path

    Attributes
    ----------
    records : int
        As the header says.
    fields : list of Field
        In order.
    """

    def __init__(self, path: Path) -> None:
        with path.open("rb") as stream:
            head = stream.read(32)
            self.records, header, width = (
                struct.unpack_from("<IHH", head, 4) if len(head) == 32 else (0, 0, 0)
            )
            described = stream.read(max(header - 32, 0))
        self.fields: list[Field] = []
        start = 1
        for begin in range(0, len(described) - 31, 32):
            one = described[begin : begin + 32]
            if one[0] == 0x0D:
                break
            kind = chr(one[11])
            # A text may be wider than 255 bytes; its decimals are the upper byte then.
            size = one[16] + 256 * one[17] if kind == "C" else one[16]
            self.fields.append(Field(kind, start, size, one[17]))
            start += size
        sound = self.records and width and path.stat().st_size >= header + self.records * width
        shape = (self.records, width) if sound else (0, max(width, 1))
        self._cells: NDArray[np.uint8] = (
            np.memmap(path, dtype=np.uint8, mode="r", offset=header, shape=shape)
            if sound
            else np.zeros(shape, dtype=np.uint8)
        )

    @property
    def deleted(self) -> int:
        """Records that are marked as deleted."""
        return int((self._cells[:, 0] == ord("*")).sum())

    def cells(self, field: Field, *, keep_left: bool = False) -> NDArray[np.bytes_]:
        """The bytes of a column, record by record, without outer blanks."""
        part = np.ascontiguousarray(self._cells[:, field.start : field.start + field.width])
        whole = part.view(f"S{field.width}").reshape(-1)
        return np.char.rstrip(whole, b" \0") if keep_left else np.char.strip(whole, b" \0")

    def has_leading_blanks(self, field: Field) -> bool:
        """Whether a cell of a column begins with a blank and has something behind it."""
        part = self._cells[:, field.start : field.start + field.width]
        blank = part[:, 0] == ord(" ")
        return bool(blank.any() and (part[blank] > ord(" ")).any())

    def has_other_than(self, field: Field, allowed: bytes) -> bool:
        """Whether a column has a byte that is none of these."""
        known = np.zeros(256, dtype=bool)
        known[list(allowed)] = True
        return not bool(known[self._cells[:, field.start : field.start + field.width]].all())


def exact_columns(
    columns: pd.DataFrame, path: Path, *, encoding: str | None
) -> tuple[pd.DataFrame, list[Text]]:
    """Put the exact values of a .dbf in place of what GDAL made of them.

    Parameters
    ----------
    columns : DataFrame
        All columns of the table in its order, as GDAL read them.
    path : Path
        The .dbf.
    encoding : str or None
        Of its text; None when that is ASCII.

    Returns
    -------
    columns : DataFrame
    notes : list of Text
        Numbers that were too long for their cells when the file was written, so that it holds asterisks for them.
    """
    table = DbaseTable(path)
    if len(table.fields) != columns.shape[1] or table.records != len(columns):
        return columns, []
    out, notes = [], []
    for at, field in enumerate(table.fields):
        series = columns.iloc[:, at]
        if field.kind in "NF" and not _is_safe(table, field, series):
            cells = table.cells(field)
            series = _numbers(cells, fractional=field.kind == "F" or field.decimals > 0)
            notes += _without_number(str(columns.columns[at]), cells)
        elif field.kind == "C" and table.has_leading_blanks(field):
            # GDAL takes the blanks away on both sides; a cell is filled up on the right only.
            series = _texts(table.cells(field, keep_left=True), encoding or "ascii")
        elif field.kind == "D":
            series = _mapped(table.cells(field), _day, "str")
        elif field.kind == "L":
            series = _mapped(table.cells(field), _truth, "boolean")
        out.append(series)
    frame = pd.concat(out, axis="columns") if out else columns
    frame.columns = columns.columns
    return frame, notes


def _is_safe(table: DbaseTable, field: Field, read: pd.Series) -> bool:
    """Whether GDAL reads a column as it stands: plain digits, few enough."""
    if field.kind == "F" or field.decimals:
        # GDAL makes whole numbers of a column without decimals, also of cells that have some.
        point = b"" if pd.api.types.is_integer_dtype(read.dtype) else b"."
        if table.has_other_than(field, b" +-0123456789" + point):
            return False
        largest = np.abs(read.to_numpy(dtype=np.float64, na_value=np.nan))
        return not bool((largest >= _EXACT).any())
    return field.width <= _WHOLE_DIGITS and not table.has_other_than(field, b" -0123456789")


def _numbers(cells: NDArray[np.bytes_], *, fractional: bool) -> pd.Series:
    known, which = np.unique(cells, return_inverse=True)
    meant = [_number(bytes(cell)) for cell in known]
    if fractional and not any(_is_long(value) for value in meant):
        floats = np.array([np.nan if value is None else float(value) for value in meant], dtype=np.float64)
        return pd.Series(floats[which])
    return numbers_of([meant[at] for at in which.tolist()])


def _without_number(name: str, cells: NDArray[np.bytes_]) -> list[Text]:
    """Say which cells of a column of numbers hold something else, and are read as empty."""
    notes = []
    starred = int(np.char.startswith(cells, b"*").sum())
    if starred:
        # Both the way that QGIS and GDAL write an empty cell, and that of others for a number that is too wide.
        notes.append(
            Text(
                f"{name} 列有 {starred} 格是星号，按空值读取：写文件时为空（QGIS），或数字放不下",
                f"column {name} has asterisks in {starred} cells, which are read as empty: they were so when the file "
                "was written (by QGIS), or the numbers did not fit",
            )
        )
    known, times = np.unique(cells, return_counts=True)
    odd = [
        at
        for at, cell in enumerate(known.tolist())
        if cell.strip(b" \x00") and not cell.startswith(b"*") and _number(cell) is None
    ]
    if odd:
        count, first = int(times[odd].sum()), known[odd[0]].decode("ascii", errors="backslashreplace")
        notes.append(
            Text(
                f"数字列 {name} 有 {count} 格不是数字，按空值读取；例如 {first!r}",
                f"column {name} of numbers has {count} cells that are none, which are read as empty; for example {first!r}",
            )
        )
    return notes


def _number(cell: bytes) -> int | float | Decimal | None:
    if _NUMBER.fullmatch(cell):
        return whole_or_decimal(cell.decode())
    return float(cell) if _EXPONENT.fullmatch(cell) else None


def _is_long(value: int | float | Decimal | None) -> bool:
    """Whether a number written with digits has more of them before the point than a float is sure to keep."""
    return value is not None and not isinstance(value, float) and abs(Decimal(value)) >= _EXACT


def _mapped(cells: NDArray[np.bytes_], meaning: Callable[[bytes], object], kind: type | str) -> pd.Series:
    known, which = np.unique(cells, return_inverse=True)
    meant = np.array([meaning(bytes(cell)) for cell in known], dtype=object)
    series: pd.Series = pd.Series(meant[which], dtype=kind)
    return series


def _texts(cells: NDArray[np.bytes_], encoding: str) -> pd.Series:
    def meant(cell: bytes) -> str | None:
        # What is in another encoding has been refused before.
        read = decode_cell(cell, encoding, full=True)
        return read[0] or None if read else None

    return _mapped(cells, meant, "str")


def _day(cell: bytes) -> str | None:
    """Write a day as ISO 8601 does; a day that does not exist as it stands."""
    text = cell.decode("ascii", errors="backslashreplace")
    try:
        return (
            dt.date(int(text[:4]), int(text[4:6]), int(text[6:])).isoformat()
            if len(text) == 8
            else text or None
        )
    except ValueError:
        return None if text == "00000000" else text


def _truth(cell: bytes) -> bool | None:
    return True if cell and cell in _TRUE else False if cell and cell in _FALSE else None
