"""Cuts an Arrow IPC stream into its messages while the bytes come, so that none is held longer than it is needed.

Lengths are read by hand and refused before anything is allocated for them: the readers of the Arrow library would
first make room for what a header claims. Everything else in a message is left to that library, which verifies it.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from app.errors import Invalid, TooLarge

__all__ = ["MOST_BYTES", "Messages", "refuse_unpacking"]

MOST_BYTES = 128 * 2**20
"""The most of one message, packed and unpacked: eight million points."""

_MOST_METADATA = 16 * 2**20
_CONTINUES = 0xFFFFFFFF
_RECORD_BATCH = 3


class Messages:
    """Takes the bytes of a stream piece by piece; gives the whole messages in them."""

    def __init__(self, *, most_bytes: int = MOST_BYTES) -> None:
        self._most = most_bytes
        self._held = bytearray()
        self._ended = False

    @property
    def held_bytes(self) -> int:
        """What has come of a message that is not whole yet."""
        return len(self._held)

    def feed(self, piece: bytes) -> Iterator[memoryview]:
        """The messages that are whole now, each with its own length before it."""
        self._held += piece
        held, at = memoryview(self._held), 0
        size = self._size(held, at)
        while size is not None and at + size <= len(held):
            yield held[at : at + size]
            at += size
            size = self._size(held, at)
        if at:
            # What was given out stays as it is, in a buffer of its own.
            self._held = bytearray(held[at:])

    def finish(self) -> None:
        """Refuse a stream that ends inside a message. It may end without saying so: the format allows it."""
        if self._held:
            raise _refused(f"断在消息中间（{len(self._held)} 字节）", "it breaks off inside a message")

    def _size(self, held: memoryview, at: int) -> int | None:
        """The bytes of the message that begins at ``at``, if enough of it is here to know."""
        if self._ended and len(held) > at:
            raise _refused("结束标志之后还有内容", "there are bytes after its end")
        if len(held) < at + 8:
            return self._end_of_four(held, at)
        first, second = struct.unpack_from("<Ii", held, at)
        # Before 2020 streams had no mark before the length.
        prefix, metadata = (8, second) if first == _CONTINUES else (4, first)
        if metadata == 0:
            return self._end(prefix)
        if not 0 < metadata <= _MOST_METADATA:
            raise _refused(f"消息头长 {metadata} 字节", f"a message header of {metadata} bytes")
        begin = at + prefix
        if len(held) < begin + metadata:
            return None
        body = _body_length(held[begin : begin + metadata])
        if body > self._most:
            raise _too_large(body, self._most)
        if body < 0:
            raise _refused(f"消息体长 {body} 字节", f"a message body of {body} bytes")
        return int(prefix + metadata + body)

    def _end_of_four(self, held: memoryview, at: int) -> int | None:
        """An old stream ends with four zero bytes."""
        return self._end(4) if bytes(held[at:]) == bytes(4) else None

    def _end(self, prefix: int) -> int:
        self._ended = True
        return prefix


def _field(table: memoryview, at: int, number: int) -> int | None:
    """Where a field of a flatbuffers table stands; None when it is left out."""
    (back,) = struct.unpack_from("<i", table, at)
    (size,) = struct.unpack_from("<H", table, at - back)
    if 4 + 2 * number >= size:
        return None
    (offset,) = struct.unpack_from("<H", table, at - back + 4 + 2 * number)
    return at + offset if offset else None


def _body_length(metadata: memoryview) -> int:
    try:
        (root,) = struct.unpack_from("<I", metadata, 0)
        at = _field(metadata, root, 3)
        return 0 if at is None else int(struct.unpack_from("<q", metadata, at)[0])
    except struct.error as error:
        raise _refused("消息头不是 Arrow 的", "a header that is not Arrow's") from error


def refuse_unpacking(metadata: memoryview, body: memoryview, *, most_bytes: int = MOST_BYTES) -> None:
    """Refuse a compressed record batch that claims to unpack to more than it may; its header is verified already."""
    try:
        (root,) = struct.unpack_from("<I", metadata, 0)
        kind, header = _field(metadata, root, 1), _field(metadata, root, 2)
        if kind is None or header is None or metadata[kind] != _RECORD_BATCH:
            return
        batch = header + struct.unpack_from("<I", metadata, header)[0]
        buffers, compression = _field(metadata, batch, 2), _field(metadata, batch, 3)
        if buffers is None or compression is None:
            return
        begin = buffers + struct.unpack_from("<I", metadata, buffers)[0]
        total = 0
        for number in range(struct.unpack_from("<I", metadata, begin)[0]):
            offset, length = struct.unpack_from("<qq", metadata, begin + 4 + 16 * number)
            if length > 0:
                # Each begins with its size unpacked, or -1 where packing was not worth it.
                (unpacked,) = struct.unpack_from("<q", body, offset)
                total += length if unpacked == -1 else unpacked
                if unpacked < -1:
                    raise _refused(f"缓冲区长 {unpacked} 字节", f"a buffer of {unpacked} bytes")
    except struct.error as error:
        raise _refused("批次的缓冲区越界", "a buffer outside its message") from error
    if total > most_bytes:
        raise _too_large(total, most_bytes)


def _refused(zh: str, en: str) -> Invalid:
    return Invalid(f"不是完整的 Arrow IPC 流：{zh}", f"not a whole Arrow IPC stream: {en}", code="not-arrow")


def _too_large(size: int, most_bytes: int) -> TooLarge:
    most = most_bytes >> 20
    return TooLarge(
        f"流可以任意长，但一个批次最多 {most} MB，收到 {size >> 20} MB；请分成更小的批次",
        f"a stream may be of any length, but a batch of at most {most} MB, came {size >> 20} MB; send smaller batches",
        code="batch-too-large",
        most_bytes=most_bytes,
    )
