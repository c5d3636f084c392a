"""How much is taken of one file: rows, vertices, columns, bytes, memory and seconds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Literal

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from gis.errors import LimitExceeded
from gis.text import Text

__all__ = ["LimitName", "ReadLimits", "current_limits", "limit_exceeded", "limit_reading"]

LimitName = Literal[
    "features", "vertices", "unpacked_mb", "columns", "text_length", "memory_mb", "cpu_s", "wall_s"
]
_PHRASES: dict[LimitName, Text] = {
    "features": Text("文件有 {found} 行", "the file has {found} rows"),
    "vertices": Text("文件的图形有 {found} 个节点", "the shapes of the file have {found} vertices"),
    "unpacked_mb": Text("文件解开后有 {found} MB", "the file unpacks to {found} MB"),
    "columns": Text("文件有 {found} 列", "the file has {found} columns"),
    "text_length": Text("文件中有 {found} 个字符的文字", "the file holds a text of {found} characters"),
    "memory_mb": Text("读取文件所需内存超限", "reading the file takes too much memory"),
    "cpu_s": Text("读取文件的计算时间超限", "reading the file takes too many seconds of computing"),
    "wall_s": Text("读取文件用时超限", "reading the file takes too long"),
}
_UNITS = {"memory_mb": " MB", "unpacked_mb": " MB", "cpu_s": " s", "wall_s": " s"}


@dataclass(frozen=True)
class ReadLimits:
    """The most that is taken of a file.

    Parameters
    ----------
    features, vertices, columns : int
        Rows, vertices of all shapes together, columns.
    text_length : int
        Characters of the longest text.
    unpacked_mb : int
        Size of archives and compressed columns when unpacked.
    memory_mb, cpu_s, wall_s : int
        What reading may take; only the sandbox can hold a reader to these.
    prefix : str
        Put before the name of a limit in refusals, so that people find the setting.
    """

    features: int = 1 << 40
    vertices: int = 1 << 40
    columns: int = 1 << 20
    text_length: int = 1 << 31
    unpacked_mb: int = 8 << 10
    memory_mb: int = 1 << 20
    cpu_s: int = 1 << 20
    wall_s: int = 1 << 20
    prefix: str = ""

    def refuse_over(self, name: LimitName, found: int) -> None:
        """Raise `LimitExceeded` when `found` is more than the limit.

        Examples
        --------
        >>> ReadLimits(features=10, prefix="WANGGE_UPLOAD_").refuse_over("features", 11)
        Traceback (most recent call last):
        gis.errors.LimitExceeded: 文件有 11 行，上限 10（设置 WANGGE_UPLOAD_FEATURES） | the file has 11 rows; \
the limit is 10 (setting WANGGE_UPLOAD_FEATURES)
        """
        if found > int(getattr(self, name)):
            raise limit_exceeded(self, name, found)

    def refuse_over_bytes(self, found: int) -> None:
        """Raise `LimitExceeded` when as many bytes come out of an archive or of compressed columns."""
        if found > self.unpacked_mb << 20:
            raise limit_exceeded(self, "unpacked_mb", -(-found >> 20))

    def refuse_table(self, columns: pd.DataFrame, vertices: int) -> None:
        """Raise `LimitExceeded` for a table that was read, with so many vertices in its shapes, and is over a limit."""
        self.refuse_over("features", len(columns))
        self.refuse_over("columns", columns.shape[1])
        self.refuse_over("vertices", vertices)
        for name in range(columns.shape[1]):
            self.refuse_over("text_length", _longest_text(columns.iloc[:, name]))


def limit_exceeded(limits: ReadLimits, name: LimitName, found: int | None = None) -> LimitExceeded:
    """Make the refusal of a file that is over a limit."""
    zh, en = _PHRASES[name].format(found=found)
    largest, unit = int(getattr(limits, name)), _UNITS.get(name, "")
    setting = f"{limits.prefix}{name}".upper() if limits.prefix else name
    return LimitExceeded(
        f"{zh}，上限 {largest}{unit}（设置 {setting}）",
        f"{en}; the limit is {largest}{unit} (setting {setting})",
        limit=setting,
        largest=largest,
        found=found,
    )


def _longest_text(column: pd.Series) -> int:
    if pd.api.types.is_numeric_dtype(column.dtype) or pd.api.types.is_datetime64_any_dtype(column.dtype):
        return 0
    try:
        texts = pa.array(column, from_pandas=True)
        if isinstance(texts, pa.ChunkedArray):
            texts = texts.combine_chunks()
    except (pa.ArrowException, TypeError):
        return max((len(value) for value in column if isinstance(value, str | bytes)), default=0)
    if pa.types.is_string(texts.type) or pa.types.is_large_string(texts.type):
        return int(pc.max(pc.utf8_length(texts)).as_py() or 0)
    if pa.types.is_binary(texts.type) or pa.types.is_large_binary(texts.type):
        return int(pc.max(pc.binary_length(texts)).as_py() or 0)
    return 0


_UNLIMITED = ReadLimits()
_CURRENT: ContextVar[ReadLimits] = ContextVar("read_limits", default=_UNLIMITED)


def current_limits() -> ReadLimits:
    """Return the limits of the reading that is under way."""
    return _CURRENT.get()


@contextmanager
def limit_reading(limits: ReadLimits) -> Iterator[None]:
    """Hold the readers that are called inside to limits."""
    token = _CURRENT.set(limits)
    try:
        yield
    finally:
        _CURRENT.reset(token)
