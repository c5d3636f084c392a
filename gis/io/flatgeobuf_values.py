"""Unsigned 64-bit whole numbers of FlatGeobuf, of which GDAL makes floating-point ones, out of the file itself.

The file is a magic word, a header, an index and features, the last two kinds of tables being those of FlatBuffers: an
offset leads to a list of where each field lies. Only what leads to the numbers is read.
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from gis.errors import UnreadableFile
from gis.io.values import numbers_of

__all__ = ["exact_unsigned"]

_START = 8
_NODE_BYTES = 40
_ULONG = 8
# Bytes of a value by the number of its type; the others have a length of their own before them.
_WIDTHS = {0: 1, 1: 1, 2: 1, 3: 2, 4: 2, 5: 4, 6: 4, 7: 8, _ULONG: 8, 9: 4, 10: 8}
# Places of fields in the tables of the format.
_COLUMNS, _COUNT, _NODE_SIZE = 7, 8, 9
_NAME, _TYPE = 0, 1
_PROPERTIES = 1


class _Table:
    """A table of FlatBuffers that begins at a place in a buffer."""

    def __init__(self, content: mmap.mmap, at: int) -> None:
        self.content, self.at = content, at
        self._fields = at - self.number("i", at)
        self._size = self.number("H", self._fields)

    def number(self, kind: str, at: int) -> int:
        """Read a number."""
        return int(struct.unpack_from(f"<{kind}", self.content, at)[0])

    def field(self, index: int) -> int | None:
        """Find where a field lies; None where it has its default."""
        entry = 4 + 2 * index
        offset = self.number("H", self._fields + entry) if entry < self._size else 0
        return self.at + offset if offset else None

    def value(self, index: int, kind: str, default: int) -> int:
        """Read a field that is a number."""
        at = self.field(index)
        return default if at is None else self.number(kind, at)

    def vector(self, index: int) -> tuple[int, int]:
        """Find a list: how long it is and where it begins."""
        at = self.field(index)
        if at is None:
            return 0, 0
        at += self.number("I", at)
        return self.number("I", at), at + 4

    def follow(self, at: int) -> _Table:
        """Go to the table that an offset leads to."""
        return _Table(self.content, at + self.number("I", at))


def exact_unsigned(columns: pd.DataFrame, source: Path) -> pd.DataFrame:
    """Put unsigned numbers as they stand in the file in place of the floats that GDAL made of them.

    Raises
    ------
    gis.errors.UnreadableFile
        The tables of the file lead nowhere, or to another number of features.
    """
    if not any(pd.api.types.is_float_dtype(dtype) for dtype in columns.dtypes):
        return columns
    try:
        with source.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content:
            found = _unsigned(content, len(columns))
    except (struct.error, UnicodeDecodeError, KeyError, IndexError, ValueError) as error:
        raise UnreadableFile(
            f"文件 {source.name} 已损坏或不完整",
            f"file {source.name} is damaged or truncated",
            code="damaged",
        ) from error
    out = columns.copy(deep=False)
    for name, values in found.items():
        if name in out:
            out[name] = numbers_of(values).set_axis(columns.index)
    return out


def _unsigned(content: mmap.mmap, rows: int) -> dict[str, list[int | None]]:
    (size,) = struct.unpack_from("<I", content, _START)
    header = _root(content, _START + 4)
    count, begin = header.vector(_COLUMNS)
    described = [header.follow(begin + 4 * at) for at in range(count)]
    kinds = [column.value(_TYPE, "B", 0) for column in described]
    wanted = {at: _name(column) for at, column in enumerate(described) if kinds[at] == _ULONG}
    out: dict[str, list[int | None]] = {name: [] for name in wanted.values()}
    if not wanted:
        return out
    at = _START + 4 + size + _index_bytes(header.value(_COUNT, "Q", 0), header.value(_NODE_SIZE, "H", 16))
    for _ in range(rows):
        (length,) = struct.unpack_from("<I", content, at)
        values = dict(_properties(_root(content, at + 4), kinds))
        for column, name in wanted.items():
            out[name].append(values.get(column))
        at += 4 + length
    if at != len(content):
        raise ValueError("features behind the last one")
    return out


def _root(content: mmap.mmap, at: int) -> _Table:
    return _Table(content, at + int(struct.unpack_from("<I", content, at)[0]))


def _name(column: _Table) -> str:
    length, begin = column.vector(_NAME)
    return column.content[begin : begin + length].decode()


def _index_bytes(count: int, node_size: int) -> int:
    """Say how long the index is: a tree whose nodes have so many children, down to each feature."""
    if node_size == 0 or count == 0:
        return 0
    nodes, level = count, count
    while level > 1:
        level = -(-level // node_size)
        nodes += level
    # One feature alone has a root above it as well.
    return _NODE_BYTES * (nodes + (count == 1))


def _properties(feature: _Table, kinds: list[int]) -> Iterator[tuple[int, int]]:
    """Go through the values of a feature, and give the unsigned ones with the number of their column."""
    length, at = feature.vector(_PROPERTIES)
    end = at + length
    while at < end:
        column = feature.number("H", at)
        kind, at = kinds[column], at + 2
        if kind == _ULONG:
            yield column, feature.number("Q", at)
        at += _WIDTHS[kind] if kind in _WIDTHS else 4 + feature.number("I", at)
