"""Owners for an Arrow IPC stream of places, batch by batch: what has come is located while the rest is on its way."""

from __future__ import annotations

import errno
import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from app.boundaries.edition_cache import LoadedEdition
from app.errors import Invalid, TooLarge, Unavailable
from app.kit.arrow_messages import MOST_BYTES, refuse_unpacking
from app.settings import Settings
from gis.crs import SourceCrs, to_wgs84

MEDIA_TYPE = "application/vnd.apache.arrow.stream"
_IN_MEMORY = 16 * 2**20
_FREE_BYTES = 2**30
_ROWS = 1 << 17
_ANONYMOUS_BATCH = 32 * 2**20


@dataclass(frozen=True)
class StreamLimits:
    """How much one stream may ask for; a stream packs so well that its own length says nothing."""

    rows: int | None
    answer_bytes: int
    batch_bytes: int
    signed_in: bool

    @classmethod
    def of(cls, settings: Settings, *, signed_in: bool) -> StreamLimits:
        """What the settings allow."""
        if signed_in:
            return cls(None, settings.locate_answer_mb * 2**20, MOST_BYTES, signed_in=True)
        return cls(
            settings.locate_rows_anonymous,
            settings.locate_answer_mb_anonymous * 2**20,
            _ANONYMOUS_BATCH,
            signed_in=False,
        )


class LocatedStream:
    """The answer to a stream with columns ``lon`` and ``lat``: a stream with ``grid_code`` and more, in the same order.

    All of it is made before any of it is sent, in a file that lies in memory while it is small: a stream that breaks
    in the middle is refused, not cut short.
    """

    def __init__(
        self,
        edition: LoadedEdition,
        crs: SourceCrs,
        limits: StreamLimits,
        *,
        folder: Path,
        columns: Mapping[str, Sequence[str | None]] | None = None,
    ) -> None:
        """``columns``: what is carried beside the code, by name, one value for each grid in the index's order."""
        self.rows = 0
        self._limits = limits
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._edition = edition
        self._crs = edition.index.settle_crs(crs)
        columns = {"grid_code": edition.index.codes, **(columns or {})}
        self._columns = [pa.array([*values, None], type=pa.string()) for values in columns.values()]
        self._answers = pa.schema(
            [(name, pa.string()) for name in columns], metadata={"edition": str(edition.number)}
        )
        self._given: pa.Schema | None = None
        # Outlives this call: it is what is sent.
        self._file: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY, dir=str(folder))  # noqa: SIM115
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
            refuse_unpacking(
                memoryview(message.metadata), memoryview(message.body), most_bytes=self._limits.batch_bytes
            )
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
        self.rows += batch.num_rows
        if self._limits.rows is not None and self.rows > self._limits.rows:
            raise _too_many_rows(self._limits.rows)
        index = self._edition.index
        for begin in range(0, batch.num_rows, _ROWS):
            x, y = (_degrees(column.slice(begin, _ROWS)) for column in (lon, lat))
            owners = index.locate(*to_wgs84(x, y, self._crs))
            taken = pa.array(np.where(owners < 0, len(index.codes), owners))
            located = [column.take(taken) for column in self._columns]
            self._writer.write_batch(pa.record_batch(located, schema=self._answers))
            if self._file.tell() > self._limits.answer_bytes:
                raise _answer_too_large(self._limits)
        if self._file.tell() > _IN_MEMORY and shutil.disk_usage(self._folder).free < _FREE_BYTES:
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


def _too_many_rows(most: int) -> TooLarge:
    return TooLarge(
        f"未登录时一个流最多 {most} 个点；请登录或使用令牌，或分几次发送",
        f"a stream of somebody who is not signed in has at most {most} places; sign in, use a token, or send several",
        code="too-many-points",
        most=most,
    )


def _answer_too_large(limits: StreamLimits) -> TooLarge:
    most = limits.answer_bytes >> 20
    way_zh, way_en = ("", "") if limits.signed_in else ("请登录或使用令牌，或", "sign in, use a token, or ")
    return TooLarge(
        f"应答超过 {most} MB；{way_zh}分几次发送",
        f"the answer would have more than {most} MB; {way_en}send it in several parts",
        code="answer-too-large",
        most_bytes=limits.answer_bytes,
    )


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


def _degrees(column: pa.Array) -> NDArray[np.float64]:
    return np.asarray(column.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False), dtype=np.float64)
