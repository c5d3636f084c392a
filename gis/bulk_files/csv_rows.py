"""Owners for CSV: each row as it stands in the file, byte for byte, with one more field at its end."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from gis.arrays import Ints
from gis.bulk_arrow import (
    OWNER_COLUMN,
    BulkResult,
    LocatedBatch,
    Places,
    locate_places,
    numbers_of,
    owned_schema,
)
from gis.bulk_files.atomic_file import Progress, part_file
from gis.bulk_files.columns import places_in_columns
from gis.bulk_files.csv_dialect import Dialect, read_dialect, read_pieces
from gis.bulk_files.csv_output import CodesAsBytes, Recoder
from gis.bulk_files.csv_records import Records, append_column, decimals, gather
from gis.bulk_files.parquet import parquet_sink
from gis.crs import CrsLike
from gis.errors import BadRow, InputRefused
from gis.io.code_pages import codec_of
from gis.io.text_encoding import delimited_cells, text_encoding
from gis.locate import GridIndex
from gis.text import Text

__all__ = ["locate_text"]

_LONGEST = 1 << 26


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
    encoding: str | None = None,
    output_encoding: str | None = None,
) -> BulkResult:
    """Write the rows of a CSV file with their owners, as CSV or (`parquet`) as Parquet with columns of text.

    The CSV that comes out is in the encoding of the one that went in, with a byte order mark where that has one;
    quotes, blanks, leading zeros and line ends are those of the input. With `output_encoding` it is in that one.
    """
    wanted_codec = _wanted(encoding, output_encoding)
    named = [name for name in (lon, lat) if name]
    dialect = read_dialect(source, given=encoding, recode=parquet or wanted_codec is not None, named=named)
    places = places_in_columns(dialect.columns, source.name, lon=lon, lat=lat, crs=crs)
    pair = [dialect.columns.index(str(places.lon)), dialect.columns.index(str(places.lat))]
    result = BulkResult()
    size = max(1, source.stat().st_size)
    sink = (
        _parquet_sink(target, dialect)
        if parquet
        else _csv_sink(target, dialect, Recoder.between(dialect, wanted_codec), index, source)
    )
    with sink as write:
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


def _wanted(encoding: str | None, output_encoding: str | None) -> str | None:
    """Give the codec that the output is asked for in: as a word of its own, or as UTF-8 with a mark."""
    if output_encoding is not None:
        return codec_of(output_encoding)
    given = None if encoding is None else codec_of(encoding)
    return given if given == "utf-8-sig" else None


def _blocks(
    source: Path, dialect: Dialect, wanted: list[int], result: BulkResult
) -> Iterator[tuple[Records, int]]:
    """Give the records after the header, and how much of the file has been read."""
    rest = b""
    read = 0
    skip: int | None = None
    pieces = read_pieces(source, dialect.encoding, recoded=dialect.recoded)
    while True:
        block = next(pieces, b"")
        read += len(block)
        data = rest + block
        if skip is None:
            skip = data.find(dialect.header)
            data = data[skip + len(dialect.header) :]
        records = dialect.scan(data, final=not block, wanted=wanted)
        if len(records):
            yield records, read
        rest = data[records.used :]
        if records.trouble:
            _refuse(records.trouble, source, result.rows + 1, rest, dialect)
        if not block:
            return
        if len(rest) > _LONGEST:
            _refuse("unclosed", source, result.rows + 1, rest, dialect)


def _refuse(trouble: str, source: Path, row: int, text: bytes, dialect: Dialect) -> None:
    shown = text[:200].decode("utf-8", "backslashreplace").splitlines()
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
        rows=[BadRow(row, "*", Text(zh, en), value)],
    )


def _locate(index: GridIndex, records: Records, at: list[int], places: Places) -> LocatedBatch:
    x, y = (_numbers(records, side) for side in at)
    return locate_places(index, x, y, places.crs)


def _numbers(records: Records, wanted: int) -> NDArray[np.float64]:
    values = decimals(records, wanted)
    others = np.flatnonzero(np.isnan(values))
    if others.size:
        values[others] = numbers_of(_texts(records, wanted, others))
    return values


def _texts(records: Records, wanted: int, rows: Ints) -> pa.StringArray:
    """Give some values as text; bytes that are no UTF-8 are shown, for they are no numbers."""
    values = gather(records, wanted, rows)
    try:
        values.validate(full=True)
    except pa.ArrowInvalid:
        raw = values.cast(pa.binary()).to_pylist()
        return pa.array([value.decode("utf-8", "backslashreplace") for value in raw], pa.string())
    return values


def _values_of(records: Records, at: list[int]) -> Callable[[Ints], list[str]]:
    def values(rows: Ints) -> list[str]:
        sides = [_texts(records, side, rows).to_pylist() for side in at]
        return [", ".join(pair) for pair in zip(*sides, strict=True)]

    return values


Write = Callable[[Records, pa.StringArray], object]


@contextmanager
def _parquet_sink(target: Path, dialect: Dialect) -> Iterator[Write]:
    schema = owned_schema(pa.schema([(name, pa.string()) for name in dialect.columns]))
    with part_file(target) as part, parquet_sink(part, schema) as write_batch:
        yield lambda records, owners: write_batch(
            pa.RecordBatch.from_arrays(
                [*(gather(records, at) for at in range(len(dialect.columns))), owners], schema=schema
            )
        )


@contextmanager
def _csv_sink(
    target: Path, dialect: Dialect, recoder: Recoder | None, index: GridIndex, source: Path
) -> Iterator[Write]:
    codes = CodesAsBytes(index.codes, lambda: _codec_of_rows(dialect, source), file=source.name)
    with part_file(target) as part, part.open("wb") as stream:
        if recoder is None and dialect.marked:
            stream.write(codecs.BOM_UTF8)
        put = stream.write if recoder is None else recoder.into(stream, file=source.name)
        head = dialect.scan(dialect.header, final=True, wanted=[])
        put(append_column(head, dialect.delimiter, pa.array([OWNER_COLUMN])))
        quoted = _Quoted(dialect.delimiter)
        yield lambda records, owners: put(append_column(records, dialect.delimiter, codes(quoted(owners))))


def _codec_of_rows(dialect: Dialect, source: Path) -> str:
    """Give the encoding that the rows are taken in; it has to be known when a code is not in ASCII."""
    if dialect.recoded:
        return "utf-8"
    return (dialect.encoding or text_encoding(source, cells=delimited_cells)).removesuffix("-sig")


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
