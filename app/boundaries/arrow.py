"""Owners for an Arrow IPC stream of places: batch by batch, through files that stay in memory while they are small."""

from __future__ import annotations

from tempfile import SpooledTemporaryFile
from typing import IO, Any

import numpy as np
import pyarrow as pa

from app.boundaries.editions import LoadedEdition
from app.errors import Invalid
from gis.crs import SourceCrs, to_wgs84

MEDIA_TYPE = "application/vnd.apache.arrow.stream"
_IN_MEMORY = 64 * 2**20


def spool() -> IO[bytes]:
    """A file that lies in memory while it is small, and is gone when it is closed."""
    return SpooledTemporaryFile(max_size=_IN_MEMORY)


def locate_stream(source: IO[bytes], edition: LoadedEdition, crs: SourceCrs) -> tuple[IO[bytes], int]:
    """The owners of a stream with columns ``lon`` and ``lat``, as a stream with ``grid_code``, and how many there are.

    The whole answer is made before any of it is sent: a stream that breaks in the middle is refused, not cut short.
    """
    names = pa.array([*edition.index.codes, None], type=pa.string())
    schema = pa.schema([("grid_code", pa.string())], metadata={"edition": str(edition.number)})
    answer = spool()
    rows = 0
    try:
        with pa.ipc.open_stream(source) as reader, pa.ipc.new_stream(answer, schema) as writer:
            _refuse_columns(reader.schema)
            for batch in reader:
                lon, lat = to_wgs84(_degrees(batch, "lon"), _degrees(batch, "lat"), crs)
                owners = edition.index.locate(lon, lat)
                taken = pa.array(np.where(owners < 0, len(edition.index.codes), owners))
                writer.write_batch(pa.record_batch([names.take(taken)], schema=schema))
                rows += batch.num_rows
    except (pa.ArrowException, OSError) as error:
        answer.close()
        raise Invalid(
            f"不是完整的 Arrow IPC 流：{error}", f"not a whole Arrow IPC stream: {error}", code="not-arrow"
        ) from error
    except Invalid:
        answer.close()
        raise
    answer.seek(0)
    return answer, rows


def _refuse_columns(schema: pa.Schema) -> None:
    if not {"lon", "lat"} <= set(schema.names):
        raise Invalid(
            f"Arrow 流应有 lon 和 lat 两列，收到 {sorted(schema.names)}",
            f"the stream needs the columns lon and lat, came {sorted(schema.names)}",
            code="missing-column",
        )
    for name in ("lon", "lat"):
        kind = schema.field(name).type
        if not (pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_decimal(kind)):
            raise Invalid(
                f"列 {name} 应为数字，收到 {kind}",
                f"column {name} is of numbers, came {kind}",
                code="wrong-type",
                field=name,
            )


def _degrees(batch: pa.RecordBatch, name: str) -> np.ndarray[Any, np.dtype[np.float64]]:
    column = batch.column(name)
    column.validate(full=True)
    return np.asarray(column.cast(pa.float64()).to_numpy(zero_copy_only=False), dtype=np.float64)
