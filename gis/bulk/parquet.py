"""Owners for Parquet and GeoParquet: columns, types and metadata as they were, row group by row group."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from gis.batches import OWNER_COLUMN, Places, locate_batch
from gis.bulk.columns import places_in_parquet
from gis.bulk.result import BulkResult, Progress, part_file
from gis.crs import CrsLike
from gis.errors import UnknownFormat, UnreadableFile
from gis.locate import GridIndex

__all__ = ["BATCH", "damaged", "locate_parquet", "located_batches", "owned_schema", "parquet_sink", "to_csv"]

BATCH = 1 << 17
"""Rows at a time."""


def locate_parquet(
    index: GridIndex,
    source: Path,
    target: Path,
    *,
    text: bool,
    lon: str | None,
    lat: str | None,
    crs: CrsLike | None,
    advance: Progress | None,
) -> BulkResult:
    """Write the rows of a Parquet file with their owners, as Parquet or (`text`) as CSV."""
    result = BulkResult()
    with damaged(source.name):
        file = pq.ParquetFile(source, pre_buffer=False)
    with file:
        schema = file.schema_arrow
        places = places_in_parquet(schema, source.name, lon=lon, lat=lat, crs=crs)
        if text and places.geometry:
            raise UnknownFormat(
                "GeoParquet 的结果请写成 .parquet", "write the result of GeoParquet as .parquet"
            )
        full = owned_schema(schema)
        with (
            part_file(target) as part,
            to_csv(part, full.names) if text else parquet_sink(part, full) as write,
        ):
            for batch in located_batches(index, file, places, result, full, name=source.name):
                write(batch)
                if advance:
                    advance(result.rows, file.metadata.num_rows)
            result.refuse_strays()
    return result


def owned_schema(schema: pa.Schema) -> pa.Schema:
    """The columns of a file and the owner's; the metadata stay."""
    return schema.append(pa.field(OWNER_COLUMN, pa.string()))


def located_batches(
    index: GridIndex,
    file: pq.ParquetFile,
    places: Places,
    result: BulkResult,
    full: pa.Schema,
    *,
    name: str,
    row_groups: list[int] | None = None,
) -> Iterator[pa.RecordBatch]:
    """Give the batches of a file (or of some of its row groups) with the column of owners, counting into `result`."""
    batches: Iterable[pa.RecordBatch] = file.iter_batches(batch_size=BATCH, row_groups=row_groups)
    with damaged(name):
        for batch in batches:
            found = locate_batch(index, batch, places)
            result.add(found, places.label, _values_of(batch, places))
            yield pa.RecordBatch.from_arrays([*batch.columns, found.owners], schema=full)


def _values_of(batch: pa.RecordBatch, places: Places) -> Callable[[Any], list[str]]:
    def values(rows: Any) -> list[str]:
        if places.geometry is not None:
            return [""] * len(rows)
        taken = pa.array(rows)
        sides = [batch.column(name).take(taken).to_pylist() for name in (places.lon, places.lat)]
        return [", ".join("" if v is None else str(v) for v in pair) for pair in zip(*sides, strict=True)]

    return values


@contextmanager
def damaged(name: str) -> Iterator[None]:
    """Refuse a file that cannot be read (on)."""
    try:
        yield
    except (pa.ArrowException, OSError) as error:
        if isinstance(error, OSError) and error.filename is not None:
            # A full disk or a folder that is not ours: no fault of the input.
            raise
        raise UnreadableFile(
            f"Parquet 文件 {name} 已损坏或不完整",
            f"Parquet file {name} is damaged or truncated",
            code="damaged",
        ) from error


@contextmanager
def parquet_sink(part: Any, schema: pa.Schema, **where: Any) -> Iterator[Callable[[pa.RecordBatch], None]]:
    """Write batches to a Parquet file."""
    with pq.ParquetWriter(part, schema, compression="zstd", compression_level=1, **where) as writer:
        yield writer.write_batch


@contextmanager
def to_csv(part: Path, columns: list[str]) -> Iterator[Callable[[pa.RecordBatch], None]]:
    """Write batches as CSV, each value as Python spells it."""
    with part.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(columns)

        def write(batch: pa.RecordBatch) -> None:
            values = [column.to_pylist() for column in batch.columns]
            writer.writerows(
                ["" if value is None else value for value in row] for row in zip(*values, strict=True)
            )

        yield write
