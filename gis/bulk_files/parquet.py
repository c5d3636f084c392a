"""Owners for Parquet and GeoParquet: columns, types and metadata as they were, row group by row group."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from gis.bulk_arrow import BulkResult, damaged, located_batches, owned_schema, writing
from gis.bulk_files.atomic_file import Progress, part_file
from gis.bulk_files.columns import places_in_parquet
from gis.crs import CrsLike
from gis.errors import UnknownFormat
from gis.io.csv_file import csv_file
from gis.locate import GridIndex

__all__ = ["locate_parquet", "parquet_sink"]


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
    output_encoding: str | None = None,
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
                "GeoParquet 的结果请写成 .parquet",
                "write the result of GeoParquet as .parquet",
                code="parquet-suffix",
            )
        full = owned_schema(schema)
        with (
            part_file(target) as part,
            _csv_sink(part, full.names, output_encoding) if text else parquet_sink(part, full) as write,
        ):
            for batch in located_batches(index, file, places, result, name=source.name):
                write(batch)
                if advance:
                    advance(result.rows, file.metadata.num_rows)
            result.refuse_strays()
    return result


@contextmanager
def parquet_sink(part: Path, schema: pa.Schema) -> Iterator[Callable[[pa.RecordBatch], None]]:
    """Write batches to a Parquet file."""
    with pq.ParquetWriter(part, schema, **writing(schema)) as writer:
        yield writer.write_batch


@contextmanager
def _csv_sink(
    part: Path, columns: list[str], encoding: str | None
) -> Iterator[Callable[[pa.RecordBatch], None]]:
    """Write batches as CSV, each value as Python spells it."""
    with csv_file(part, encoding=encoding) as writer:
        writer.writerow(columns)

        def write(batch: pa.RecordBatch) -> None:
            values = [column.to_pylist() for column in batch.columns]
            writer.writerows(
                ["" if value is None else value for value in row] for row in zip(*values, strict=True)
            )

        yield write
