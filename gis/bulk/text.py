"""Owners for CSV: each row as it stands in the file, byte for byte, with one more field at its end."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from gis.batches import (
    OWNER_COLUMN,
    BulkResult,
    LocatedBatch,
    Places,
    locate_places,
    numbers_of,
    owned_schema,
)
from gis.bulk.columns import places_in_columns
from gis.bulk.parquet import parquet_sink
from gis.bulk.records import Records, append_column, decimals, gather, scan
from gis.bulk.target import Progress, part_file
from gis.crs import CrsLike
from gis.errors import BadRow, InputRefused, UnreadableFile
from gis.io.encoding import text_encoding
from gis.locate import GridIndex

__all__ = ["locate_text"]

_BLOCK = 1 << 23
_LONGEST = 1 << 26
_MOST_COLUMNS = 1 << 14
_DELIMITERS = (",", ";", "\t", "|")


@dataclass(frozen=True)
class _Dialect:
    """How a file is written."""

    encoding: str
    delimiter: str
    header: bytes
    columns: list[str]


def locate_text(
    index: GridIndex,
    source: Path,
    target: Path,
    *,
    parquet: bool,
    lon: str | None,
    lat: str | None,
    crs: CrsLike | None,
    advance: Progress | None,
) -> BulkResult:
    """Write the rows of a CSV file with their owners, as CSV or (`parquet`) as Parquet with columns of text.

    The CSV that comes out is UTF-8, with a byte order mark where the input has one; quotes, blanks, leading zeros
    and line ends are those of the input.
    """
    dialect = _dialect(source)
    places = places_in_columns(dialect.columns, source.name, lon=lon, lat=lat, crs=crs)
    pair = [dialect.columns.index(str(places.lon)), dialect.columns.index(str(places.lat))]
    result = BulkResult()
    size = max(1, source.stat().st_size)
    with part_file(target) as part, _sink(part, dialect, parquet=parquet) as write:
        wanted = list(range(len(dialect.columns))) if parquet else pair
        at = [wanted.index(column) for column in pair]
        for records, read in _blocks(source, dialect, wanted, result):
            found = _locate(index, records, at, places)
            result.add(found, places.label, _values_of(records, at))
            write(records, found.owners)
            if advance:
                advance(result.rows, round(result.rows * max(1.0, size / read)))
        result.refuse_strays()
    return result


def _dialect(source: Path) -> _Dialect:
    encoding = text_encoding(source)
    text = next(_utf8(source, encoding), b"")
    line = next((line for line in text.splitlines() if line.strip()), b"").decode("utf-8", "replace")
    delimiter = max(_DELIMITERS, key=line.count)
    first = scan(text, final=len(text) < _BLOCK, delimiter=delimiter, columns=_MOST_COLUMNS, wanted=[])
    header = text[int(first.begins[0]) : int(first.stops[0])] if len(first) else b""
    if not header.strip():
        raise UnreadableFile(f"{source.name} 是空文件", f"{source.name} is empty", code="empty")
    read = csv.reader(io.StringIO(header.decode(), newline=""), delimiter=delimiter)
    columns = [name.strip() for name in next(read)]
    return _Dialect(encoding, delimiter, header, columns)


def _utf8(source: Path, encoding: str) -> Iterator[bytes]:
    """Give the text of a file as UTF-8 without byte order mark, block by block."""
    plain = encoding in ("utf-8", "utf-8-sig")
    decoder = codecs.getincrementaldecoder(encoding)()
    with source.open("rb") as stream:
        if encoding == "utf-8-sig":
            stream.read(len(codecs.BOM_UTF8))
        while block := stream.read(_BLOCK):
            yield block if plain else decoder.decode(block).encode()


def _blocks(
    source: Path, dialect: _Dialect, wanted: list[int], result: BulkResult
) -> Iterator[tuple[Records, int]]:
    """Give the records after the header, and how much of the file has been read."""
    rest = b""
    read = 0
    skip: int | None = None
    pieces = _utf8(source, dialect.encoding)
    while True:
        block = next(pieces, b"")
        read += len(block)
        data = rest + block
        if skip is None:
            skip = data.find(dialect.header)
            data = data[skip + len(dialect.header) :]
        records = scan(
            data, final=not block, delimiter=dialect.delimiter, columns=len(dialect.columns), wanted=wanted
        )
        if len(records):
            yield records, read
        rest = data[records.used :]
        if records.trouble:
            _refuse(records.trouble, source, result.rows + 1, rest, dialect)
        if not block:
            return
        if len(rest) > _LONGEST:
            _refuse("unclosed", source, result.rows + 1, rest, dialect)


def _refuse(trouble: str, source: Path, row: int, text: bytes, dialect: _Dialect) -> None:
    shown = text[:200].decode("utf-8", "replace").splitlines()
    value = shown[0][:80] if shown else ""
    if trouble == "unclosed":
        zh, en = "引号没有结束", "a quote is never closed"
    else:
        zh = f"应有 {len(dialect.columns)} 列，实际更多"
        en = f"expected {len(dialect.columns)} fields, got more"
    raise InputRefused(
        f"{source.name} 第 {row} 行读不下去：{zh}（{value!r}）",
        f"{source.name} cannot be read on at row {row}: {en} ({value!r})",
        code="damaged",
        rows=[BadRow(row, "*", zh, en, value)],
    )


def _locate(index: GridIndex, records: Records, at: list[int], places: Places) -> LocatedBatch:
    x, y = (_numbers(records, side) for side in at)
    return locate_places(index, x, y, places.crs)


def _numbers(records: Records, wanted: int) -> NDArray[np.float64]:
    values = decimals(records, wanted)
    others = np.flatnonzero(np.isnan(values))
    if others.size:
        values[others] = numbers_of(gather(records, wanted, others))
    return values


def _values_of(records: Records, at: list[int]) -> Callable[[Any], list[str]]:
    def values(rows: Any) -> list[str]:
        sides = [gather(records, side, rows).to_pylist() for side in at]
        return [", ".join(pair) for pair in zip(*sides, strict=True)]

    return values


@contextmanager
def _sink(
    part: Path, dialect: _Dialect, *, parquet: bool
) -> Iterator[Callable[[Records, pa.StringArray], object]]:
    if parquet:
        schema = owned_schema(pa.schema([(name, pa.string()) for name in dialect.columns]))
        with parquet_sink(part, schema) as write_batch:
            yield lambda records, owners: write_batch(
                pa.RecordBatch.from_arrays(
                    [*(gather(records, at) for at in range(len(dialect.columns))), owners], schema=schema
                )
            )
        return
    with part.open("wb") as stream:
        if dialect.encoding == "utf-8-sig":
            stream.write(codecs.BOM_UTF8)
        head = scan(
            dialect.header, final=True, delimiter=dialect.delimiter, columns=len(dialect.columns), wanted=[]
        )
        stream.write(append_column(head, dialect.delimiter, pa.array([OWNER_COLUMN])))
        quoted = _Quoted(dialect.delimiter)
        yield lambda records, owners: stream.write(append_column(records, dialect.delimiter, quoted(owners)))


class _Quoted:
    """Codes as CSV writes them: with quotes where they hold a delimiter, a quote or an end of line."""

    def __init__(self, delimiter: str) -> None:
        self._awkward = "[" + {"\t": "\\t", "|": "\\|"}.get(delimiter, delimiter) + '"\r\n]'

    def __call__(self, owners: pa.StringArray) -> pa.StringArray:
        awkward = pc.match_substring_regex(owners, self._awkward)
        if not pc.any(awkward).as_py():
            return owners
        escaped = pc.binary_join_element_wise('"', pc.replace_substring(owners, '"', '""'), '"', "")
        return pc.if_else(awkward, escaped, owners)
