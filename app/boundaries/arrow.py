"""Owners for an Arrow IPC stream of places, batch by batch: what has come is located while the rest is on its way."""

from __future__ import annotations

import errno
import shutil
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from typing import IO, Any

import numpy as np
import pyarrow as pa

from app.boundaries.editions import LoadedEdition
from app.errors import Invalid, Unavailable
from app.kit.arrow_messages import refuse_unpacking
from gis.crs import SourceCrs, to_wgs84

MEDIA_TYPE = "application/vnd.apache.arrow.stream"
_IN_MEMORY = 64 * 2**20
_FREE_BYTES = 2**30
_ROWS = 1 << 17


class LocatedStream:
    """The answer to a stream with columns ``lon`` and ``lat``: a stream with ``grid_code``, in the same order.

    All of it is made before any of it is sent, in a file that lies in memory while it is small: a stream that breaks
    in the middle is refused, not cut short.
    """

    def __init__(self, edition: LoadedEdition, crs: SourceCrs) -> None:
        self.rows = 0
        self._edition = edition
        self._crs = crs
        self._names = pa.array([*edition.index.codes, None], type=pa.string())
        self._answers = pa.schema([("grid_code", pa.string())], metadata={"edition": str(edition.number)})
        self._given: pa.Schema | None = None
        # Outlives this call: it is what is sent.
        self._file: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115
        self._writer = pa.ipc.new_stream(self._file, self._answers)

    def take(self, messages: Iterable[memoryview]) -> None:
        """Locate the places of whole messages."""
        try:
            for message in messages:
                self._take(message)
        except (pa.ArrowException, OverflowError, UnicodeDecodeError) as error:
            raise _not_arrow(str(error)) from error
        except OSError as error:
            if error.errno == errno.ENOSPC:
                raise _no_space() from error
            if error.errno is None:
                # So the Arrow library tells of contents that cannot be.
                raise _not_arrow(str(error)) from error
            raise

    def _take(self, given: memoryview) -> None:
        if len(given) <= 8:
            # The mark at the end.
            return
        message = pa.ipc.read_message(pa.py_buffer(given))
        if self._given is None:
            if message.type != "schema":
                raise _not_arrow(f"the first message is a {message.type}")
            self._given = _physical(pa.ipc.read_schema(message))
        elif message.type == "record batch":
            refuse_unpacking(memoryview(message.metadata), memoryview(message.body))
            self._locate(pa.ipc.read_record_batch(message, self._given))
        elif message.type != "dictionary":
            # The words of other columns are not needed; places never come in a dictionary.
            raise _not_arrow(f"a {message.type} among the batches")

    def _locate(self, batch: pa.RecordBatch) -> None:
        lon, lat = batch.column("lon"), batch.column("lat")
        for column in (lon, lat):
            column.validate(full=True)
        if not len(lon) == len(lat) == batch.num_rows:
            raise _not_arrow("columns of different length")
        index = self._edition.index
        for begin in range(0, batch.num_rows, _ROWS):
            x, y = (_degrees(column.slice(begin, _ROWS)) for column in (lon, lat))
            owners = index.locate(*to_wgs84(x, y, self._crs))
            taken = pa.array(np.where(owners < 0, len(index.codes), owners))
            self._writer.write_batch(pa.record_batch([self._names.take(taken)], schema=self._answers))
        self.rows += batch.num_rows
        if self._file.tell() > _IN_MEMORY and shutil.disk_usage(tempfile.gettempdir()).free < _FREE_BYTES:
            raise _no_space()

    def answer(self) -> IO[bytes]:
        """The whole answer, from its beginning; the caller closes it."""
        if self._given is None:
            raise _not_arrow("it is empty")
        self._writer.close()
        self._file.seek(0)
        return self._file

    def close(self) -> None:
        """Give up."""
        with suppress(OSError, pa.ArrowException):
            self._writer.close()
        self._file.close()


def _no_space() -> Unavailable:
    return Unavailable(
        "服务器的临时空间不足，请分几次发送",
        "the server is short of temporary space; send it in several parts",
        code="no-space",
    )


def _not_arrow(reason: str) -> Invalid:
    return Invalid(
        f"不是完整的 Arrow IPC 流：{reason}", f"not a whole Arrow IPC stream: {reason}", code="not-arrow"
    )


def _physical(schema: pa.Schema) -> pa.Schema:
    """The columns as they lie in the batches: a word of a dictionary is its number."""
    for name in ("lon", "lat"):
        if schema.names.count(name) != 1:
            raise Invalid(
                f"Arrow 流应有 lon 和 lat 各一列，收到 {sorted(schema.names)}",
                f"the stream needs one column lon and one lat, came {sorted(schema.names)}",
                code="missing-column",
            )
        kind = schema.field(name).type
        if not (pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_decimal(kind)):
            raise Invalid(
                f"列 {name} 应为数字，收到 {kind}",
                f"column {name} is of numbers, came {kind}",
                code="wrong-type",
                field=name,
            )
    return pa.schema([pa.field(field.name, _index_type(field, field.type)) for field in schema])


def _index_type(field: pa.Field, kind: pa.DataType) -> pa.DataType:
    if pa.types.is_dictionary(kind):
        return kind.index_type
    if any(pa.types.is_dictionary(inner) for inner in _inside(kind)):
        raise Invalid(
            f"列 {field.name} 的字典编码在嵌套类型 {kind} 里，不支持；请不要发送这一列",
            f"column {field.name} has a dictionary inside {kind}, which is not read; leave the column out",
            code="wrong-type",
            field=field.name,
        )
    return kind


def _inside(kind: pa.DataType) -> Iterable[pa.DataType]:
    if isinstance(kind, pa.BaseExtensionType):
        kind = kind.storage_type
    yield kind
    for number in range(kind.num_fields):
        yield from _inside(kind.field(number).type)


def _degrees(column: pa.Array) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.asarray(column.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False), dtype=np.float64)
