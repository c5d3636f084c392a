"""Streams cut into messages, whatever pieces they come in, and lies about lengths."""

from __future__ import annotations

import io
import itertools
import struct

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import Invalid, TooLarge
from app.kit.arrow_messages import MOST_BYTES, Messages, refuse_unpacking
from gis.errors import Refusal


def stream(batches: int = 3, rows: int = 5, **options) -> bytes:
    sink = io.BytesIO()
    schema = pa.schema([("lon", pa.float64()), ("word", pa.dictionary(pa.int8(), pa.string()))])
    with pa.ipc.new_stream(sink, schema, options=pa.ipc.IpcWriteOptions(**options)) as writer:
        for number in range(batches):
            columns = [
                pa.array(np.arange(rows) + number, pa.float64()),
                pa.array(["a"] * rows).dictionary_encode(),
            ]
            writer.write_batch(
                pa.record_batch([c.cast(f.type) for c, f in zip(columns, schema, strict=True)], schema)
            )
    return sink.getvalue()


def cut(pieces) -> list[bytes]:
    messages = Messages()
    found = [bytes(one) for piece in pieces for one in messages.feed(piece)]
    messages.finish()
    return found


WHOLE = stream()


@given(st.lists(st.integers(0, len(WHOLE)), max_size=12))
def test_pieces_of_any_size(places):
    edges = sorted({0, len(WHOLE), *places})
    found = cut(WHOLE[a:b] for a, b in itertools.pairwise(edges))
    assert b"".join(found) == WHOLE
    assert [pa.ipc.read_message(one).type for one in found[:-1]] == [
        "schema",
        "dictionary",
        *["record batch"] * 3,
    ]


def test_old_streams_and_such_without_an_end():
    old = stream(use_legacy_format=True)
    assert b"".join(cut([old])) == old
    assert b"".join(cut([old[i : i + 1] for i in range(len(old))])) == old
    assert b"".join(cut([old[:-4]])) == old[:-4]
    assert b"".join(cut([WHOLE[:-8]])) == WHOLE[:-8]


@given(st.integers(1, len(WHOLE) - 1))
def test_breaking_off(place):
    """Anywhere but between messages it is noticed."""
    edges = {0}
    for one in cut([WHOLE]):
        edges.add(max(edges) + len(one))
    if place in edges:
        cut([WHOLE[:place]])
    else:
        with pytest.raises(Invalid, match="breaks off"):
            cut([WHOLE[:place]])


@given(st.binary(max_size=200))
def test_nonsense_is_refused_or_waited_for(noise):
    try:
        cut([noise])
    except Refusal:
        return
    assert not noise or noise.startswith((bytes(4), b"\xff\xff\xff\xff" + bytes(4)))


@given(st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), min_size=1, max_size=4))
def test_damaged_headers_end_in_a_refusal_or_the_same_bytes(changes):
    damaged = bytearray(WHOLE)
    for place, value in changes:
        damaged[place] = value
    try:
        found = cut([bytes(damaged)])
    except Refusal:
        return
    assert b"".join(found) == damaged


def claims(body: int) -> bytes:
    """A batch whose header says that its body has so many bytes."""
    second = cut([stream(1)])[2]
    (metadata,) = struct.unpack_from("<i", second, 4)
    true = len(second) - 8 - metadata
    at = second.index(struct.pack("<q", true), 8)
    return second[:at] + struct.pack("<q", body) + second[at + 8 : 8 + metadata]


@pytest.mark.parametrize("body", [8 * 2**40, 2**63 - 1, MOST_BYTES + 1])
def test_a_claim_is_refused_before_anything_is_made_ready_for_it(body):
    with pytest.raises(TooLarge) as refused:
        cut([claims(body)])
    assert refused.value.code == "batch-too-large"


def test_negative_lengths():
    with pytest.raises(Invalid):
        cut([claims(-1)])
    with pytest.raises(Invalid):
        cut([b"\xff\xff\xff\xff" + struct.pack("<i", -5)])
    with pytest.raises(Invalid):
        cut([b"\xff\xff\xff\xff" + struct.pack("<i", 2**31 - 1)])


def test_bytes_after_the_end():
    with pytest.raises(Invalid, match="after its end"):
        cut([WHOLE + b"x"])


@pytest.mark.parametrize("codec", ["lz4", "zstd"])
def test_what_a_batch_unpacks_to(codec):
    packed = cut([stream(1, 100_000, compression=codec)])[2]
    message = pa.ipc.read_message(packed)
    refuse_unpacking(memoryview(message.metadata), memoryview(message.body))
    with pytest.raises(TooLarge):
        refuse_unpacking(memoryview(message.metadata), memoryview(message.body), most_bytes=700_000)
    lie = bytearray(message.body)
    size = lie.index(struct.pack("<q", 800_000))
    lie[size : size + 8] = struct.pack("<q", 8 * 2**40)
    with pytest.raises(TooLarge):
        refuse_unpacking(memoryview(message.metadata), memoryview(lie))
    lie[size : size + 8] = struct.pack("<q", -8)
    with pytest.raises(Invalid):
        refuse_unpacking(memoryview(message.metadata), memoryview(lie))
