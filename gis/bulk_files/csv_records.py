"""Records of CSV text as spans of its bytes, so that a row can be written again exactly as it was read.

A field that begins with a quote ends at the next single one; two inside stand for one. A quote anywhere else is a
character like others. Records end with LF, CRLF or CR; empty lines are none.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from gis.arrays import Bytes, Ints
from gis.locate.compiled import compiled

__all__ = ["RAGGED", "append_column", "decimals", "gather", "scan"]


RAGGED = -1
"""What `scan` answers instead of a number of rows: the record after those it found has too many fields."""

_QUOTE, _LF, _CR, _DOT, _MINUS, _ZERO, _NINE = 34, 10, 13, 46, 45, 48, 57
_POWERS = np.array([float(f"1e{power}") for power in range(23)])
_EXACT_DIGITS = 15


def _scan(
    text: Bytes,
    final: bool,
    delimiter: int,
    columns: int,
    slots: Ints,
    begins: Ints,
    ends: Ints,
    stops: Ints,
    counts: Ints,
    spans: Ints,
) -> tuple[int, int, bool]:
    """Find the records of ``text``: the heart of `scan`, compiled."""
    size = text.size
    at = 0
    rows = 0
    whole = 0
    while at < size:
        if text[at] == _LF or text[at] == _CR:
            # An empty line, or the second half of CRLF cut from its first by the end of a block.
            at += 1
            whole = at
            continue
        begin = at
        field = 0
        ended = False
        while not ended:
            first = at
            if at < size and text[at] == _QUOTE:
                at += 1
                while at < size:
                    if text[at] == _QUOTE:
                        if at + 1 < size and text[at + 1] == _QUOTE:
                            at += 2
                            continue
                        break
                    at += 1
                if at >= size:
                    # The closing quote is not here (yet).
                    return rows, whole, final
                at += 1
            while at < size and text[at] != delimiter and text[at] != _LF and text[at] != _CR:
                at += 1
            if at >= size and not final:
                return rows, whole, False
            if field < columns:
                slot = slots[field]
                if slot >= 0:
                    spans[slot, rows, 0] = first
                    spans[slot, rows, 1] = at
            field += 1
            if at < size and text[at] == delimiter:
                at += 1
            else:
                ended = True
        if at + 1 >= size and not final and at < size and text[at] == _CR:
            # CRLF may be cut in two here.
            return rows, whole, False
        if field > columns:
            return RAGGED - rows, begin, False
        begins[rows] = begin
        ends[rows] = at
        if at < size:
            at += 2 if text[at] == _CR and at + 1 < size and text[at + 1] == _LF else 1
        stops[rows] = at
        counts[rows] = field
        for missing in range(field, columns):
            slot = slots[missing]
            if slot >= 0:
                spans[slot, rows, 0] = at
                spans[slot, rows, 1] = at
        rows += 1
        whole = at
    return rows, whole, False


def _decimals(text: Bytes, span: Ints, powers: NDArray[np.float64], out: NDArray[np.float64]) -> None:
    """Read plain decimals of up to 15 digits exactly; NaN for every other spelling."""
    for row in range(span.shape[0]):
        at = span[row, 0]
        stop = span[row, 1]
        negative = at < stop and text[at] == _MINUS
        if negative:
            at += 1
        whole = np.int64(0)
        digits = 0
        decimals = 0
        dot = False
        good = at < stop
        while at < stop:
            sign = text[at]
            if _ZERO <= sign <= _NINE:
                whole = whole * 10 + np.int64(sign - _ZERO)
                digits += 1
                if dot:
                    decimals += 1
                if digits > _EXACT_DIGITS:
                    good = False
                    break
            elif sign == _DOT and not dot:
                dot = True
            else:
                good = False
                break
            at += 1
        # A whole number below 2^53 over an exact power of ten is rounded once: the nearest double.
        value = np.float64(whole) / powers[decimals]
        out[row] = (-value if negative else value) if good and digits > 0 else np.nan


def _gather_sizes(text: Bytes, span: Ints, offsets: NDArray[np.int32]) -> None:
    """Fill offsets of the values of a column without their quotes."""
    total = 0
    for row in range(span.shape[0]):
        offsets[row] = total
        at = span[row, 0]
        stop = span[row, 1]
        if at < stop and text[at] == _QUOTE:
            at += 1
            inside = True
            while at < stop:
                if inside and text[at] == _QUOTE:
                    if at + 1 < stop and text[at + 1] == _QUOTE:
                        total += 1
                        at += 2
                        continue
                    inside = False
                    at += 1
                    continue
                total += 1
                at += 1
        else:
            total += stop - at
    offsets[span.shape[0]] = total


def _gather_bytes(text: Bytes, span: Ints, out: Bytes) -> None:
    """Copy the values of a column without their quotes."""
    to = 0
    for row in range(span.shape[0]):
        at = span[row, 0]
        stop = span[row, 1]
        if at < stop and text[at] == _QUOTE:
            at += 1
            inside = True
            while at < stop:
                if inside and text[at] == _QUOTE:
                    if at + 1 < stop and text[at + 1] == _QUOTE:
                        out[to] = _QUOTE
                        to += 1
                        at += 2
                        continue
                    inside = False
                    at += 1
                    continue
                out[to] = text[at]
                to += 1
                at += 1
        else:
            while at < stop:
                out[to] = text[at]
                to += 1
                at += 1


def _append(
    text: Bytes,
    begins: Ints,
    ends: Ints,
    stops: Ints,
    counts: Ints,
    columns: int,
    delimiter: int,
    values: Bytes,
    offsets: NDArray[np.int32],
    out: Bytes,
) -> int:
    """Copy each record with one more field before its end of line."""
    to = 0
    for row in range(begins.size):
        for at in range(begins[row], ends[row]):
            out[to] = text[at]
            to += 1
        for _ in range(columns - counts[row] + 1):
            out[to] = delimiter
            to += 1
        for at in range(offsets[row], offsets[row + 1]):
            out[to] = values[at]
            to += 1
        if stops[row] == ends[row]:
            out[to] = _LF
            to += 1
        for at in range(ends[row], stops[row]):
            out[to] = text[at]
            to += 1
    return to


_compiled_scan = compiled(_scan)
_compiled_decimals = compiled(_decimals)
_compiled_sizes = compiled(_gather_sizes)
_compiled_gather = compiled(_gather_bytes)
_compiled_append = compiled(_append)


class Records:
    """The records of a block of text.

    Attributes
    ----------
    text : ndarray of uint8
    begins, ends, stops : ndarray of int64, shape (rows,)
        Where a record begins, where its last field ends, and where its end of line does.
    counts : ndarray of int64, shape (rows,)
        Fields of each record; at most `columns`.
    spans : ndarray of int64, shape (wanted columns, rows, 2)
        Where the wanted fields begin and end, with their quotes; empty where a record is too short to have one.
    used : int
        Bytes that these records take; what follows belongs to the next block.
    trouble : {None, "ragged", "unclosed"}
        Why the record after these cannot be read.
    """

    def __init__(
        self, text: Bytes, columns: int, spots: Ints, spans: Ints, *, used: int, trouble: str | None
    ) -> None:
        self.text = text
        self.columns = columns
        self.begins, self.ends, self.stops, self.counts = spots
        self.spans = spans
        self.used = used
        self.trouble = trouble

    def __len__(self) -> int:
        return int(self.begins.size)


def scan(data: bytes, *, final: bool, delimiter: str, columns: int, wanted: list[int]) -> Records:
    """Find the whole records of a block of CSV text.

    Parameters
    ----------
    data : bytes
        UTF-8, or another encoding in which delimiter, quote and line ends are single bytes found nowhere else.
    final : bool
        Nothing follows: the last record may lack its end of line.
    delimiter : str
        One ASCII character.
    columns : int
        Fields of a record; one with more is trouble, one with fewer is not.
    wanted : list of int
        Columns to give the spans of.

    Examples
    --------
    >>> found = scan(b'1,"a,b"\\n2,c', final=False, delimiter=",", columns=2, wanted=[1])
    >>> len(found), found.used, gather(found, 0).to_pylist()
    (1, 8, ['a,b'])
    """
    text = np.frombuffer(data, dtype=np.uint8)
    most = int(np.count_nonzero(text == _LF) + np.count_nonzero(text == _CR)) + 1
    slots = np.full(columns, -1, dtype=np.int64)
    slots[wanted] = np.arange(len(wanted))
    spots = np.empty((4, most), dtype=np.int64)
    spans = np.empty((len(wanted), most, 2), dtype=np.int64)
    begins, ends, stops, counts = spots
    rows, used, unclosed = _compiled_scan(
        text, final, ord(delimiter), columns, slots, begins, ends, stops, counts, spans
    )
    trouble = "unclosed" if unclosed else None
    if rows < 0:
        rows, trouble = RAGGED - rows, "ragged"
    return Records(text, columns, spots[:, :rows], spans[:, :rows], used=used, trouble=trouble)


def decimals(records: Records, wanted: int) -> NDArray[np.float64]:
    """Read a wanted column where it holds plain decimals of up to 15 digits; NaN where anything else stands."""
    out = np.empty(len(records), dtype=np.float64)
    _compiled_decimals(records.text, records.spans[wanted], _POWERS, out)
    return out


def gather(records: Records, wanted: int, rows: NDArray[np.int64] | None = None) -> pa.StringArray:
    """Give the values of a wanted column (of some of the rows) as text, without their quotes."""
    span = records.spans[wanted] if rows is None else records.spans[wanted][rows]
    span = np.ascontiguousarray(span)
    offsets = np.empty(len(span) + 1, dtype=np.int32)
    _compiled_sizes(records.text, span, offsets)
    values = np.empty(int(offsets[-1]), dtype=np.uint8)
    _compiled_gather(records.text, span, values)
    return pa.StringArray.from_buffers(len(span), pa.py_buffer(offsets), pa.py_buffer(values))


def append_column(records: Records, delimiter: str, values: pa.StringArray) -> memoryview:
    """Give the text of the records with one more field each; a null is an empty one.

    `values` must hold nothing that needs quotes. Records that are too short are filled up with empty fields.
    """
    _, offsets_buffer, data = values.buffers()
    offsets = np.frombuffer(offsets_buffer, dtype=np.int32)[values.offset : values.offset + len(values) + 1]
    codes = np.frombuffer(data, dtype=np.uint8) if data is not None else np.empty(0, dtype=np.uint8)
    pads = int((records.columns - records.counts).sum())
    size = int((records.stops - records.begins).sum()) + pads + 2 * len(records)
    out = np.empty(size + int(offsets[-1] - offsets[0]), dtype=np.uint8)
    spots = (records.begins, records.ends, records.stops, records.counts)
    used = _compiled_append(records.text, *spots, records.columns, ord(delimiter), codes, offsets, out)
    return out[:used].data
