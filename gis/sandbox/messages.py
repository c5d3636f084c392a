"""How the two sides write to one another: a JSON header and Arrow tables in one anonymous file. Nothing is executed.

::

    magic 8 bytes · length of the header, 8 bytes · header (JSON, UTF-8) · Arrow IPC streams, one after the other

The header's ``"tables"`` holds the length of each stream.
"""

from __future__ import annotations

import json
import mmap
import os
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

__all__ = ["Message", "MessageDamaged", "read_message", "write_message"]

_MAGIC = b"WANGGE\x00\x01"
_LONGEST_HEADER = 256 << 20


class MessageDamaged(Exception):
    """What the other side wrote is not a message."""


@dataclass(frozen=True)
class Message:
    """A header, and tables by name."""

    header: dict[str, Any]
    tables: dict[str, pa.Table]


def write_message(file: int, header: Mapping[str, object], tables: Mapping[str, pa.Table]) -> None:
    """Write a message into an empty file."""
    streams = []
    for table in tables.values():
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
        streams.append(sink.getvalue())
    lengths = {name: stream.size for name, stream in zip(tables, streams, strict=True)}
    # Escaped to ASCII: a lone half of a character has no other way through.
    head = json.dumps({**header, "tables": lengths}, allow_nan=True).encode("ascii")
    _write(file, _MAGIC + struct.pack("<Q", len(head)))
    _write(file, head)
    for stream in streams:
        _write(file, stream)


def _write(file: int, content: bytes | pa.Buffer) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(file, rest[: 1 << 28]) :]


def read_message(file: int) -> Message:
    """Read a message, believing none of its lengths.

    Raises
    ------
    MessageDamaged
    """
    size = os.fstat(file).st_size
    if size < 16:
        raise MessageDamaged("no message")
    content = mmap.mmap(file, size, access=mmap.ACCESS_READ)
    (length,) = struct.unpack("<Q", content[8:16])
    if content[:8] != _MAGIC or length > min(size - 16, _LONGEST_HEADER):
        raise MessageDamaged("not a message")
    try:
        header = json.loads(content[16 : 16 + length].decode("ascii"))
        lengths = header.pop("tables")
        buffer = pa.py_buffer(content)
        tables, at = {}, 16 + length
        for name, size_of_one in lengths.items():
            if type(size_of_one) is not int or not 0 <= size_of_one <= size - at:
                raise MessageDamaged(f"the table {name} is cut off")
            tables[str(name)] = _table(buffer.slice(at, size_of_one))
            at += size_of_one
    except (
        ValueError,
        KeyError,
        AttributeError,
        TypeError,
        RecursionError,
        OSError,
        pa.ArrowException,
    ) as error:
        raise MessageDamaged(str(error)[:200]) from error
    return Message(header, tables)


def _table(buffer: pa.Buffer) -> pa.Table:
    with pa.ipc.open_stream(buffer) as reader:
        table = reader.read_all()
    table.validate(full=True)
    for field in table.schema:
        if not _is_plain(field.type):
            raise MessageDamaged(f"a column of type {field.type}")
    return table


def _is_plain(kind: pa.DataType) -> bool:
    """Whether a type is one of plain values; extension types bring code of their own."""
    types = pa.types
    if types.is_dictionary(kind):
        return _is_plain(kind.value_type)
    if types.is_nested(kind):
        return not types.is_union(kind) and all(
            _is_plain(kind.field(at).type) for at in range(kind.num_fields)
        )
    return not isinstance(kind, pa.BaseExtensionType)
