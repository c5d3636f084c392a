"""What is made by hand here beside the library that does the same: time, and what the library would cost otherwise.

A part stays while it wins, or while it does what the library cannot; the figures stand in ARCHITECTURE.md.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import socket
import subprocess
import sys
import threading
import time
import zlib
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from zoneinfo import ZoneInfo

import charset_normalizer
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv as pacsv

from app.imports.date_parsing import parse_times
from app.kit.arrow_messages import Messages
from app.kit.compression import squeeze
from app.kit.worker_channel import Board
from app.kit.worker_pool import WorkerPool
from app.maps.rules import Tile
from bench import blockable, serving, wire
from bench.environment import PeerUnavailable, python
from bench.ground import Ground
from bench.options import Options
from bench.record import PEERS, Row, best_of
from gis.bulk_files.csv_records import append_column, decimals, scan
from gis.errors import Refusal
from gis.io.text_encoding import text_encoding

_ROWS = 500_000
_TIMES = 200_000
_SEED = 5


def measure(ground: Ground, options: Options) -> list[Row]:
    """Rows of the table."""
    return [
        _short_way(ground, options),
        _csv(),
        _framing(),
        _supervision(),
        *_dates(),
        *_encodings(),
        _remembering(),
        _gzip(),
        _tiles(),
    ]


def _row(work: str, unit: str, amount: float, ours: float, peer: str, theirs: float, note: str) -> Row:
    return Row(
        work,
        f"{amount / ours:,.0f} {unit}/s",
        peer,
        f"{amount / theirs:,.0f} {unit}/s",
        theirs / ours,
        "",
        note,
    )


def _short_way(ground: Ground, options: Options) -> Row:
    """The same question, and the same with its parameters turned about, which takes the documented route."""
    places = serving.places(ground, options.requests)
    short = [serving.question(*place) for place in places]
    routed = [wire.get(f"/v1/locate?lat={lat:.6f}&lon={lon:.6f}") for lon, lat in places]
    ours = theirs = 0.0
    with serving.served(ground) as (port, _):
        for _ in range(3):
            theirs = max(theirs, wire.rate(port, routed, connections=8))
            ours = max(ours, wire.rate(port, short, connections=8))
    return Row(
        "short way of locate, 8 connections",
        f"{ours:,.0f}/s",
        "the same through FastAPI's route",
        f"{theirs:,.0f}/s",
        ours / theirs,
    )


def _csv() -> Row:
    """Reading two numbers of each record and writing the record again with one more field."""
    rng = np.random.default_rng(_SEED)
    lon, lat = rng.uniform(119, 121, _ROWS), rng.uniform(35, 37, _ROWS)
    text = "".join(
        f'{i},"路灯, {i % 97} 号",{x:.6f},{y:.6f}\n' for i, (x, y) in enumerate(zip(lon, lat, strict=True))
    ).encode()
    owners = pa.array([f"3702110010010{i % 90 + 10}" for i in range(_ROWS)])

    def ours() -> bytes:
        records = scan(text, final=True, delimiter=",", columns=4, wanted=[2, 3])
        decimals(records, 0), decimals(records, 1)
        return bytes(append_column(records, ",", owners))

    def arrow() -> bytes:
        names = ["id", "name", "lon", "lat"]
        table = pacsv.read_csv(
            io.BytesIO(text),
            pacsv.ReadOptions(column_names=names),
            convert_options=pacsv.ConvertOptions(column_types=dict.fromkeys(names, pa.string())),
        )
        table.column("lon").cast(pa.float64()), table.column("lat").cast(pa.float64())
        out = io.BytesIO()
        pacsv.write_csv(
            table.append_column("grid_code", owners),
            out,
            pacsv.WriteOptions(include_header=False, quoting_style="needed"),
        )
        return out.getvalue()

    ours()
    own_s, own = best_of(3, ours)
    their_s, their = best_of(3, arrow)
    same = sum(
        a.startswith(b.rstrip(b"\n")) for a, b in zip(own.splitlines(), text.splitlines(), strict=True)
    )
    kept = sum(a.startswith(b) for a, b in zip(their.splitlines(), text.splitlines(), strict=True))
    note = f"rows that come out as they were: {same / _ROWS:.0%} and {kept / _ROWS:.0%}"
    return _row("CSV: two numbers read, a field appended", "rows", _ROWS, own_s, "pyarrow.csv", their_s, note)


def _framing() -> Row:
    """A stream of a million points in pieces as a server gets them."""
    count = 1_000_000
    rng = np.random.default_rng(_SEED)
    table = pa.table({"lon": rng.uniform(119, 121, count), "lat": rng.uniform(35, 37, count)})
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table, max_chunksize=100_000)
    stream = sink.getvalue()
    pieces = [stream[at : at + 65_536] for at in range(0, len(stream), 65_536)]

    def ours() -> int:
        messages = Messages()
        schema = None
        rows = 0
        for piece in pieces:
            for message in messages.feed(piece):
                if schema is None:
                    schema = pa.ipc.read_schema(pa.py_buffer(message))
                else:
                    rows += pa.ipc.read_record_batch(pa.py_buffer(message), schema).num_rows
        messages.finish()
        return rows

    def arrow() -> int:
        return sum(batch.num_rows for batch in pa.ipc.open_stream(io.BytesIO(b"".join(pieces))))

    own_s, own = best_of(5, ours)
    their_s, their = best_of(5, arrow)
    assert own == their == count
    note = "the library waits for the whole body, and makes room for what a header claims before reading it"
    return _row(
        "Arrow stream cut into messages", "points", count, own_s, "pyarrow.ipc.open_stream", their_s, note
    )


def _supervision() -> Row:
    """Seconds from an event loop that stands still to twenty answers in a row, two workers."""
    ours = _until_answered(_our_pool)
    theirs = _until_answered(_uvicorns)
    return Row(
        "two workers, one stands still: answered again after",
        f"{ours:.1f} s",
        "uvicorn --workers 2",
        f"{theirs:.1f} s",
        theirs / ours,
        note=f"it stood still for {blockable.BLOCKED_S:.0f} s; hangs count after 10 s here, as by default",
    )


@contextmanager
def _our_pool() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0), backlog=512) as listener:
        pool = WorkerPool(
            [sys.executable, "-m", "bench.blockable"],
            count=2,
            listener=listener,
            env=os.environ,
            hang_s=10.0,
            board=Board.make(),
            say=lambda _: None,
        )
        try:
            pool.open()
            pool.wait_until_serving()
            yield listener.getsockname()[1]
        finally:
            pool.stop()


@contextmanager
def _uvicorns() -> Iterator[int]:
    port = wire.free_port()
    command = [sys.executable, "-m", "uvicorn", "bench.blockable:app", "--workers", "2", "--lifespan", "off"]
    with wire.running([*command, "--port", str(port), *wire.QUIET], port, os.environ):
        yield port


def _until_answered(served: Callable[[], object]) -> float:
    with served() as port:  # type: ignore[attr-defined]
        time.sleep(5)  # both workers are there
        threading.Thread(target=_ask, args=(port, "/block", blockable.BLOCKED_S + 20), daemon=True).start()
        time.sleep(0.5)
        began = time.perf_counter()
        answered = 0
        while answered < 20:
            answered = answered + 1 if _ask(port, "/", 1.0) else 0
            if time.perf_counter() - began > blockable.BLOCKED_S + 60:
                break
        return time.perf_counter() - began


def _ask(port: int, path: str, patience_s: float) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=patience_s) as client:
            client.sendall(wire.get(path))
            return client.recv(65_536).startswith(b"HTTP/1.1 200")
    except OSError:
        return False


def _dates() -> list[Row]:
    """A column of instants in one layout, and columns that could mean two things."""
    zone = ZoneInfo("Asia/Shanghai")
    instants = pd.date_range("2020-01-01", periods=_TIMES, freq="11min")
    plain = pd.Series(instants.strftime("%Y/%m/%d %H:%M:%S"))
    own_s, (read, _) = best_of(3, lambda: parse_times(plain, zone, "t"))
    their_s, guessed = best_of(3, lambda: pd.to_datetime(plain, format="mixed"))
    assert (read.dt.tz_convert(zone).dt.tz_localize(None) == guessed).all()
    speed = _row("dates: one layout", "values", _TIMES, own_s, "pandas.to_datetime(mixed)", their_s, "")
    unclear = [
        pd.Series([f"{day:02d}/{month:02d}/2026"] * 3)
        for day in range(1, 13)
        for month in range(1, 13)
        if day != month
    ]
    refused = sum(_refuses(lambda each=each: parse_times(each, zone, "t")) for each in unclear)
    taken = len(unclear) - sum(
        _refuses(lambda each=each: pd.to_datetime(each, format="mixed")) for each in unclear
    )
    return [
        speed,
        Row(
            "dates: columns that could mean two days, decided silently",
            f"{len(unclear) - refused} of {len(unclear)}",
            "pandas.to_datetime(mixed)",
            f"{taken} of {len(unclear)}",
            None,
        ),
    ]


def _refuses(work: Callable[[], object]) -> bool:
    try:
        work()
    except (Refusal, ValueError):
        return True
    return False


_TEXTS = {
    "gb18030": "编号,名称,类别\n{n},黄岛街道第{n}网格,路灯\n{n},长江路社区,井盖\n",
    "big5": "編號,名稱,類別\n{n},黃島街道第{n}網格,路燈\n{n},長江路社區,井蓋\n",
    "utf-8": "编号,名称,类别\n{n},黄岛街道第{n}网格,路灯\n",
    "shift_jis": "番号,名称,種類\n{n},黒島町第{n}区,街灯\n",
    "cp1252": "id,nom,catégorie\n{n},Allée des Châtaigniers {n},éclairage\n",
}


def _encodings() -> list[Row]:
    """Small tables in five encodings: how many are decided, and how many of those wrongly."""
    samples = [
        (codec, text.format(n=n).encode(codec)) for codec, text in _TEXTS.items() for n in range(1, 21)
    ]

    def ours() -> list[str | None]:
        return [_ours_of(data) for _, data in samples]

    def theirs() -> list[str | None]:
        found = [charset_normalizer.from_bytes(data).best() for _, data in samples]
        return [None if each is None else each.encoding for each in found]

    own_s, own = best_of(2, ours)
    their_s, their = best_of(2, theirs)
    peer = "charset-normalizer"

    def wrong(found: list[str | None]) -> str:
        pairs = zip(samples, found, strict=True)
        mistakes = sum(
            said is not None and data.decode(said, "replace") != data.decode(codec)
            for (codec, data), said in pairs
        )
        return f"{mistakes} of {len(samples)}"

    refused = sum(each is None for each in own)
    return [
        _row(
            "encodings: small tables",
            "files",
            len(samples),
            own_s,
            peer,
            their_s,
            f"{refused} are asked about, with samples",
        ),
        Row("encodings: decided wrongly", wrong(own), peer, wrong(their), None),
    ]


def _ours_of(data: bytes) -> str | None:
    try:
        return text_encoding(io.BytesIO(data), name="t.csv")
    except Refusal:
        return None


def _remembering() -> Row:
    """A thousand systems of which 200 are asked for again and again, as `app.kit.crs` remembers them."""
    asked = np.random.default_rng(_SEED).integers(0, 200, 200_000).tolist()
    known: OrderedDict[int, int] = OrderedDict()

    def ours() -> None:
        for each in asked:
            found = known.get(each)
            if found is None:
                known[each] = each
                while len(known) > 256:
                    known.popitem(last=False)

    @lru_cache(maxsize=256)
    def library(number: int) -> int:
        return number

    def theirs() -> None:
        for each in asked:
            library(each)

    own_s, _ = best_of(5, ours)
    their_s, _ = best_of(5, theirs)
    note = "lru_cache cannot be asked whether it knows an answer, which the event loop has to know before it waits"
    return _row(
        "remembering the last 256", "lookups", len(asked), own_s, "functools.lru_cache", their_s, note
    )


def _gzip() -> Row:
    """A tile of 2 MB, beside the module; and how long another thread has to wait meanwhile."""
    rng = np.random.default_rng(_SEED)
    body = json.dumps(rng.uniform(100, 120, 100_000).round(7).tolist()).encode()
    own_s, own = best_of(5, lambda: squeeze(body))
    their_s, their = best_of(5, lambda: gzip.compress(body, 5, mtime=0))
    assert zlib.decompress(own, 31) == gzip.decompress(their) == body
    note = f"{len(own) / len(their):.3f} of the size; the same bytes each time without naming a time"
    return _row("gzip of 2 MB", "bytes", len(body), own_s, "gzip.compress", their_s, note)


_MORECANTILE = """
import json, time, morecantile
tms = morecantile.tms.get("WebMercatorQuad")
tiles = [morecantile.Tile(x, y, 14) for x in range(13600, 13700) for y in range(6400, 6420)]
began = time.perf_counter()
found = [tuple(tms.bounds(tile)) for tile in tiles]
print(json.dumps([time.perf_counter() - began, found[7], morecantile.__version__]))
"""


def _tiles() -> Row:
    """Bounds of tiles in degrees, in the peers' environment."""
    tiles = [Tile(14, x, y) for x in range(13600, 13700) for y in range(6400, 6420)]
    own_s, own = best_of(3, lambda: [tile.bounds() for tile in tiles])
    work, peer = "bounds of tiles", "morecantile"
    try:
        done = subprocess.run(
            [python(), "-c", _MORECANTILE], capture_output=True, text=True, check=True, timeout=120
        )
    except (PeerUnavailable, OSError, subprocess.SubprocessError) as trouble:
        return Row(work, f"{len(tiles) / own_s:,.0f} tiles/s", peer, "", None, "", str(trouble))
    their_s, bounds, version = json.loads(done.stdout)
    PEERS[peer] = version
    apart = float(np.abs(np.array(own[7]) - bounds).max())
    return _row(
        work,
        "tiles",
        len(tiles),
        own_s,
        peer,
        their_s,
        f"{apart:.0e} degree apart; it brings pyproj, pydantic, attrs",
    )
