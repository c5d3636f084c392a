"""One file for an index: a header in JSON, then arrays that are used where they lie.

::

    8 bytes   magic WANGGEIX
    4 bytes   format version, little-endian
    4 bytes   length of the header
    32 bytes  SHA-256 of the header
    header    JSON: codes, edition, content_hash, length, sections {name: [offset, dtype, shape, sha256]}
    sections  each at a multiple of 64

Opening maps the file; the arrays of the kernel are checked against their digests then, the polygons (which only
lines and areas need) when they are first asked for.
"""

from __future__ import annotations

import hashlib
import json
import mmap
import os
import struct
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from gis.errors import IndexRefused

__all__ = ["Sections", "open_file", "pack", "write_file"]

MAGIC = b"WANGGEIX"
FORMAT = 2
_HEAD = struct.Struct("<8sII32s")
_ALIGN = 64


class Sections:
    """The header of an index file and its arrays, checked when taken.

    Parameters
    ----------
    name : str
        For refusals.
    buffer : bytes-like
        The whole file.
    """

    def __init__(self, name: str, buffer: bytes | mmap.mmap) -> None:
        self._name = name
        self._buffer = buffer
        if len(buffer) < _HEAD.size or bytes(buffer[: len(MAGIC)]) != MAGIC:
            raise refused(name, "不是 wangge 索引文件", "not a wangge index")
        _, version, length, digest = _HEAD.unpack_from(buffer)
        if version != FORMAT:
            raise refused(
                name, f"格式版本为 {version}，需要 {FORMAT}", f"format version {version}, expected {FORMAT}"
            )
        header = bytes(buffer[_HEAD.size : _HEAD.size + length])
        if len(header) != length or hashlib.sha256(header).digest() != digest:
            raise refused(name, "文件头已损坏", "the header is damaged")
        self.header: dict[str, Any] = json.loads(header)
        if self.header["length"] != len(buffer):
            raise refused(name, "文件长度不对，可能被截断", "wrong length, probably truncated")

    def take(self, section: str) -> np.ndarray:
        """Give an array that lies in the file.

        Raises
        ------
        gis.errors.IndexRefused
            It is not what was written.
        """
        offset, dtype, shape, digest = self.header["sections"][section]
        size = int(np.prod(shape, dtype=np.int64))
        array = np.frombuffer(self._buffer, dtype=dtype, count=size, offset=offset)
        if hashlib.sha256(array.data).hexdigest() != digest:
            raise refused(self._name, "内容已损坏（校验和不符）", "damaged: the checksum differs")
        return array.reshape(shape)


def refused(name: str, zh: str, en: str) -> IndexRefused:
    """Make the refusal of a file."""
    return IndexRefused(f"索引文件 {name}：{zh}", f"index file {name}: {en}")


def pack(facts: Mapping[str, object], arrays: Mapping[str, np.ndarray]) -> list[bytes]:
    """Lay out a file; the pieces are to be written one after the other.

    The same facts and arrays give the same bytes.
    """
    listed = {
        name: [
            0,
            array.dtype.str,
            list(array.shape),
            hashlib.sha256(np.ascontiguousarray(array).data).hexdigest(),
        ]
        for name, array in arrays.items()
    }
    header = _header(facts, listed, 0)
    # The offsets are in the header, whose length depends on them: leave room for the longest numbers.
    at = _aligned(_HEAD.size + len(header) + 24 * (len(listed) + 1))
    begin = at
    pieces: list[bytes] = []
    for name, array in arrays.items():
        listed[name][0] = at
        content = np.ascontiguousarray(array).tobytes()
        padding = _aligned(len(content)) - len(content)
        pieces += [content, b"\0" * padding]
        at += len(content) + padding
    header = _header(facts, listed, at)
    header += b" " * (begin - _HEAD.size - len(header))
    return [_HEAD.pack(MAGIC, FORMAT, len(header), hashlib.sha256(header).digest()), header, *pieces]


def _header(facts: Mapping[str, object], listed: Mapping[str, object], length: int) -> bytes:
    return json.dumps({**facts, "sections": listed, "length": length}, ensure_ascii=False).encode()


def _aligned(size: int) -> int:
    return -(-size // _ALIGN) * _ALIGN


def write_file(path: Path, pieces: Iterable[bytes]) -> None:
    """Write pieces to a file that takes its name when it is whole and on the disk."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with draft.open("wb") as out:
            out.writelines(pieces)
            out.flush()
            os.fsync(out.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def open_file(path: Path) -> Sections:
    """Map a file that `write_file` wrote.

    Raises
    ------
    gis.errors.IndexRefused
        Not such a file, damaged, truncated, of another format version, or not readable.
    """
    try:
        with path.open("rb") as stream:
            if os.fstat(stream.fileno()).st_size == 0:
                raise refused(path.name, "是空文件", "it is empty")
            mapped = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
    except OSError as error:
        raise refused(
            path.name, f"无法读取：{error.strerror}", f"cannot be read: {error.strerror}"
        ) from error
    return Sections(path.name, mapped)
