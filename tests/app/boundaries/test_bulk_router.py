"""POST /v1/locate with an Arrow stream of any length: bounded memory, all or nothing, and refusals by name."""

from __future__ import annotations

import io
import itertools
import socket
import struct
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import pyarrow as pa
import pytest

from app.boundaries.arrow import MEDIA_TYPE as ARROW
from tests.fixtures.actors import add_token
from tests.fixtures.commands import environment, start_wangge
from tests.fixtures.eventually import eventually
from tests.fixtures.served import BUSY
from tests.fixtures.statuses import no_fault
from tests.fixtures.towns import CODES, inside, town_index

X, Y = inside(BUSY)


@pytest.fixture(scope="module")
def http(served):
    with httpx.Client(base_url=served.url, timeout=60) as client:
        yield client


def stream(*batches, schema=None, **options) -> bytes:
    made = [pa.record_batch(batch, schema=schema) for batch in batches]
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, made[0].schema, options=pa.ipc.IpcWriteOptions(**options)) as writer:
        for batch in made:
            writer.write_batch(batch)
    return sink.getvalue()


def send(http, content, **params):
    return http.post("/v1/locate", content=content, params=params, headers={"Content-Type": ARROW})


def owners(answer) -> list:
    assert answer.status_code == 200, answer.text
    return pa.ipc.open_stream(answer.content).read_all().column("grid_code").to_pylist()


def refused(answer, status: int, code: str) -> str:
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    return answer.json()["detail"]


def places(rows: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.uniform(120.04, 120.11, rows), rng.uniform(35.87, 35.92, rows)


def named(lon, lat) -> list:
    index = town_index()
    return [None if at < 0 else index.codes[at] for at in index.locate(lon, lat).tolist()]


@pytest.mark.parametrize("codec", ["lz4", "zstd", None])
def test_other_columns_of_every_kind(http, codec):
    lon, lat = places(5000)
    lon[7] = np.nan
    columns = {
        "class": pa.array(["lamp", None] * 2500).dictionary_encode(),
        "lon": lon,
        "tags": pa.array([["a"]] * 5000),
        "at": pa.array(range(5000), pa.timestamp("ns")),
        "word": pa.array(["灯杆"] * 5000, pa.string_view()),
        "nothing": pa.nulls(5000),
        "lat": lat,
    }
    assert owners(send(http, stream(columns, columns, compression=codec))) == named(lon, lat) * 2


def test_words_that_change_from_batch_to_batch(http):
    batches = [
        {"w": pa.array(words).dictionary_encode(), "lon": [X], "lat": [Y]} for words in (["a"], ["b"], ["a"])
    ]
    assert owners(send(http, stream(*batches))) == [BUSY] * 3
    assert owners(send(http, stream(*batches, emit_dictionary_deltas=True))) == [BUSY] * 3


def test_many_small_batches(http):
    lon, lat = places(20_000)
    batches = [{"lon": lon[at : at + 4], "lat": lat[at : at + 4]} for at in range(0, 20_000, 4)]
    assert owners(send(http, stream(*batches))) == named(lon, lat)


def test_no_rows(http):
    empty = {"lon": pa.array([], pa.float64()), "lat": pa.array([], pa.float64())}
    assert owners(send(http, stream(empty))) == []
    sink = io.BytesIO()
    pa.ipc.new_stream(sink, pa.schema([("lon", pa.float64()), ("lat", pa.float64())])).close()
    assert owners(send(http, sink.getvalue())) == []


def test_columns_that_cannot_be(http):
    one = pa.array([1.0])
    for wrong, named_in_detail in (
        ({"lon": one.dictionary_encode(), "lat": one}, "lon"),
        ({"lon": one, "lat": pa.array(["36"])}, "lat"),
        ({"lon": pa.RunEndEncodedArray.from_arrays([1], [1.0]), "lat": one}, "lon"),
        (
            {"lon": one, "lat": one, "t": pa.array([["a"]], pa.list_(pa.dictionary(pa.int8(), pa.string())))},
            "t",
        ),
    ):
        assert f" {named_in_detail} " in refused(send(http, stream(wrong)), 422, "wrong-type")
    twice = pa.record_batch([one, one, one], names=["lon", "lat", "lon"])
    refused(send(http, stream({"lat": one})), 422, "missing-column")
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, twice.schema) as writer:
        writer.write_batch(twice)
    refused(send(http, sink.getvalue()), 422, "missing-column")


def test_broken_streams_are_refused_whole(http):
    good = stream(*[{"lon": np.full(1000, X), "lat": np.full(1000, Y)}] * 4)
    for size in (3, 9, 300, len(good) // 2, len(good) - 9):
        refused(send(http, good[:size]), 422, "not-arrow")
    refused(send(http, good + b"more"), 422, "not-arrow")
    schema_size = 8 + struct.unpack_from("<i", good, 4)[0]
    refused(send(http, good[schema_size:]), 422, "not-arrow")
    refused(send(http, good[:schema_size] + good), 422, "not-arrow")
    # A header that claims eight terabytes, and rows that are not there.
    size = struct.pack("<q", 16_000)
    refused(send(http, good.replace(size, struct.pack("<q", 8 * 2**40), 1)), 413, "batch-too-large")
    rows = struct.pack("<q", 1000)
    assert good.count(rows) >= 3
    refused(send(http, good.replace(rows, struct.pack("<q", 2**40))), 422, "not-arrow")


@pytest.mark.parametrize("seed", range(5))
def test_damage_anywhere_is_an_answer_or_a_refusal(http, seed):
    good = bytearray(stream(*[{"lon": np.full(50, X), "lat": np.full(50, Y)}] * 3, compression="lz4"))
    rng = np.random.default_rng(seed)
    for _ in range(40):
        damaged = bytearray(good)
        damaged[int(rng.integers(len(good)))] = int(rng.integers(256))
        answer = send(http, bytes(damaged))
        no_fault(answer)
    assert owners(send(http, bytes(good))) == [BUSY] * 150


def resident_mb(process: int, what: str = "VmRSS") -> float:
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(what)).split()[1]) / 1024


@pytest.fixture(scope="module")
def alone(populated_town):
    """The service in a process of its own, to see its memory: address and process number."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    variables = environment(populated_town.settings) | {"WANGGE_PORT": str(port), "WANGGE_MAX_UPLOAD_MB": "1"}
    # What it logs goes to a file: a pipe that nobody reads would stop it when it is full.
    said = (populated_town.settings.home / "alone.log").open("w+")
    process = start_wangge(variables, "serve", stdout=said, stderr=said)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=120) as client:

            def ready() -> bool:
                assert process.poll() is None, Path(said.name).read_text("utf-8")
                try:
                    return client.get("/readyz").is_success
                except httpx.HTTPError:
                    return False

            eventually(ready, seconds=90, every=0.2, otherwise="the service did not start")
            yield client, process.pid
    finally:
        process.terminate()
        process.wait(timeout=30)
        said.close()


def test_a_long_stream_in_bounded_memory(alone, populated_town):
    """Far more than an upload may have, sent while it is made, in less memory than it has bytes."""
    http, process = alone
    lon, lat = places(100_000)
    repeats, expected = 60, named(lon, lat)
    whole = stream({"lon": lon, "lat": lat})
    size = 8 + struct.unpack_from("<i", whole, 4)[0]
    head, batch, end = whole[:size], whole[size:-8], whole[-8:]
    owners(send(http, whole))
    before = resident_mb(process)

    def coming() -> Iterator[bytes]:
        yield head
        yield from itertools.repeat(batch, repeats)
        yield end

    headers = {"Content-Type": ARROW}
    with http.stream("POST", "/v1/locate", content=coming(), headers=headers) as answer:
        answer.read()
        assert "1000000" in refused(answer, 413, "too-many-points"), "from somebody who is not signed in"
    token = add_token(populated_town.service_engine, "api-consumer", "")
    headers["Authorization"] = f"Bearer {token}"
    with http.stream("POST", "/v1/locate", content=coming(), headers=headers) as answer:
        assert answer.status_code == 200
        received = b"".join(answer.iter_bytes())
    highest = resident_mb(process, "VmHWM")
    sent_mb = repeats * len(batch) / 2**20
    assert sent_mb > 90
    # 64 MB of answer before it goes to disk, and a few batches on their way.
    assert highest - before < 150, f"{highest - before:.0f} MB more than the {before:.0f} MB before"
    got = pa.ipc.open_stream(received).read_all().column("grid_code")
    assert len(got) == 6_000_000
    for part in (0, 29, 59):
        assert got.slice(part * 100_000, 100_000).to_pylist() == expected


def test_a_hostile_header_takes_no_memory(alone):
    http, process = alone
    before = resident_mb(process, "VmHWM")
    good = stream({"lon": np.full(1000, X), "lat": np.full(1000, Y)})
    refused(
        send(http, good.replace(struct.pack("<q", 16_000), struct.pack("<q", 8 * 2**40), 1)),
        413,
        "batch-too-large",
    )
    # Zeros that unpack to two gigabytes.
    bomb = stream({"lon": np.full(1000, X), "lat": np.full(1000, Y)}, compression="zstd")
    unpacked = struct.pack("<q", 8000)
    assert bomb.count(unpacked) == 2
    refused(send(http, bomb.replace(unpacked, struct.pack("<q", 2**31))), 413, "batch-too-large")
    assert resident_mb(process, "VmHWM") - before < 50


def test_few_bytes_in_are_few_bytes_out(alone, populated_town):
    """68 KB of equal places that unpack to 45 million: refused, before they are on the disk or the wire."""
    http, process = alone
    before = resident_mb(process, "VmHWM")
    batch = {"lon": np.full(1_900_000, X), "lat": np.full(1_900_000, Y)}
    body = stream(*[batch] * 24, compression="zstd")
    assert len(body) < 2**17
    refused(send(http, body), 413, "too-many-points")
    assert resident_mb(process, "VmHWM") - before < 150
    big = {"lon": np.full(7_500_000, X), "lat": np.full(7_500_000, Y)}
    refused(send(http, stream(big, compression="zstd")), 413, "batch-too-large")
    folder = populated_town.settings.home / "tmp"
    assert folder.is_dir(), "where answers lie that are too long for memory"
    assert not list(folder.iterdir())


def test_slow_senders_do_not_stop_others(alone, populated_town):
    """More senders that stop in the middle than there are threads; a lookup and a file still get through."""
    http, _ = alone
    host, port = http.base_url.host, http.base_url.port
    head = f"POST /v1/locate HTTP/1.1\r\nHost: x\r\nContent-Type: {ARROW}\r\nContent-Length: 100000\r\n\r\n"
    slow = [socket.create_connection((host, port)) for _ in range(40)]
    try:
        for one in slow:
            one.sendall(head.encode() + b"\xff\xff\xff\xff")
        assert http.get("/v1/locate", params={"lon": X, "lat": Y}, timeout=10).status_code == 200
        places_of = [inside(code) for code in CODES]
        body = stream({"lon": [x for x, _ in places_of], "lat": [y for _, y in places_of]})
        assert owners(send(http, body)) == list(CODES)
    finally:
        for one in slow:
            one.close()
    # Who hangs up in the middle is no fault of ours and fills no log.
    time.sleep(1)
    log = (populated_town.settings.home / "alone.log").read_text("utf-8")
    assert "Traceback" not in log
    assert "status=500" not in log
