"""The batches of a Parquet file with their owners; columns, types and metadata stay."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

import pyarrow as pa
import pyarrow.parquet as pq

from gis.arrays import Ints
from gis.bulk_arrow.counts import BulkResult
from gis.bulk_arrow.owners import OWNER_COLUMN, Places, locate_batch
from gis.errors import UnreadableFile
from gis.locate import GridIndex

__all__ = ["damaged", "located_batches", "owned_schema", "writing"]

_BATCH = 1 << 17


def owned_schema(schema: pa.Schema) -> pa.Schema:
    """The columns of a file and the owner's; the metadata stay."""
    return schema.append(pa.field(OWNER_COLUMN, pa.string()))


def located_batches(
    index: GridIndex,
    file: pq.ParquetFile,
    places: Places,
    result: BulkResult,
    *,
    name: str,
    row_groups: Sequence[int] | None = None,
) -> Iterator[pa.RecordBatch]:
    """Give the batches of a file (or of some of its row groups) with the column of owners, counting into `result`."""
    full = owned_schema(file.schema_arrow)
    batches: Iterable[pa.RecordBatch] = file.iter_batches(batch_size=_BATCH, row_groups=row_groups)
    with damaged(name):
        for batch in batches:
            found = locate_batch(index, batch, places)
            result.add(found, places.label, _values_of(batch, places))
            yield pa.RecordBatch.from_arrays([*batch.columns, found.owners], schema=full)


def _values_of(batch: pa.RecordBatch, places: Places) -> Callable[[Ints], list[str]]:
    def values(rows: Ints) -> list[str]:
        if places.geometry is not None:
            return [""] * len(rows)
        taken = pa.array(rows)
        sides = [batch.column(name).take(taken).to_pylist() for name in (places.lon, places.lat)]
        return [", ".join("" if v is None else str(v) for v in pair) for pair in zip(*sides, strict=True)]

    return values


def writing(schema: pa.Schema) -> dict[str, object]:
    """Give the options to write a file with: no dictionaries for measurements, which hardly ever repeat.

    Examples
    --------
    >>> writing(pa.schema([("lon", pa.float64()), ("grid_code", pa.string())]))
    {'compression': 'zstd', 'use_dictionary': ['grid_code']}
    """
    words = [field.name for field in schema if not pa.types.is_floating(field.type)]
    return {"compression": "zstd", "use_dictionary": words}


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
