"""Single lookups over HTTP, one worker, beside a constant of the same server, tipg and Tile38; and the memory of it."""

from __future__ import annotations

import json
import os
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import shapely

from bench import constant, tile38, tipg, wire
from bench.environment import PeerUnavailable
from bench.ground import Ground
from bench.options import Options
from bench.record import Row

CONNECTIONS = (1, 8)
_ROUNDS = 3
# tipg answers a hundredth of what we do: it is asked that much less often.
_TIPG_SHARE = 20
_CHECKED = 200


def measure(ground: Ground, options: Options) -> list[Row]:
    """Rows of the table."""
    asked = places(ground, options.requests)
    with served(ground) as (port, process):
        rows = [*_constant(port, asked), *_memory(process, ground)]
        ours = _Ours(port, asked, [_code(port, *place) for place in asked[:_CHECKED]])
        return [*rows, *_tipg(ground, ours), *_tile38(ground, ours)]


@dataclass(frozen=True)
class _Ours:
    """Our server, the places, and what it says of the first of them."""

    port: int
    asked: list[tuple[float, float]]
    codes: list[str | None]

    def beside(
        self,
        peer: str,
        port: int,
        requests: list[bytes],
        codes: list[str | None],
        *,
        read: Callable[[socket.socket], object] = wire.http_answer,
        target: str = "",
    ) -> list[Row]:
        """Our rate and a peer's, measured turn about, so that both meet the same weather."""
        rows = []
        questions = [question(*place) for place in self.asked]
        differing = sum(a != b for a, b in zip(self.codes, codes, strict=True))
        for connections in CONNECTIONS:
            ours = theirs = 0.0
            for _ in range(_ROUNDS):
                theirs = max(theirs, wire.rate(port, requests, read, connections=connections))
                ours = max(ours, wire.rate(self.port, questions, connections=connections))
            rows.append(
                Row(
                    f"one point over HTTP, {_said(connections)}",
                    f"{ours:,.0f}/s",
                    peer,
                    f"{theirs:,.0f}/s",
                    ours / theirs,
                    target,
                    f"{differing} of {len(codes)} answers differ",
                )
            )
        return rows


def places(ground: Ground, count: int) -> list[tuple[float, float]]:
    """Places that somebody owns: a refusal is another answer, and a longer one."""
    rng = np.random.default_rng(7)
    west, south, east, north = shapely.total_bounds(ground.shapes)
    lon, lat = rng.uniform(west, east, count * 8).round(6), rng.uniform(south, north, count * 8).round(6)
    owned = np.flatnonzero(ground.loaded.index.locate(lon, lat) >= 0)
    return list(
        zip(lon[np.resize(owned, count)].tolist(), lat[np.resize(owned, count)].tolist(), strict=True)
    )


def question(lon: float, lat: float) -> bytes:
    return wire.get(f"/v1/locate?lon={lon:.6f}&lat={lat:.6f}")


@contextmanager
def served(ground: Ground) -> Iterator[tuple[int, int]]:
    port = wire.free_port()
    env = {
        **os.environ,
        "WANGGE_HOME": str(ground.settings.home),
        "WANGGE_LOG_LEVEL": "error",
        "WANGGE_DATABASE_URL": "",
    }
    command = [sys.executable, "-m", "uvicorn", "--factory", "bench.constant:create_app", "--port", str(port)]
    with wire.running([*command, *wire.QUIET], port, env) as process:
        yield port, process.pid


def _constant(port: int, asked: list[tuple[float, float]]) -> list[Row]:
    rows = []
    requests = {
        "constant": [wire.get(constant.PATH)] * len(asked),
        "one point over HTTP": [question(*place) for place in asked],
        "a point outside every grid": [question(10 + i / 1000, 36.0) for i in range(len(asked))],
    }
    for connections in CONNECTIONS:
        best = dict.fromkeys(requests, 0.0)
        for _ in range(_ROUNDS):
            for name, each in requests.items():
                best[name] = max(best[name], wire.rate(port, each, connections=connections))
        floor = best.pop("constant")
        rows += [
            Row(
                f"{name}, {_said(connections)}",
                f"{rate:,.0f}/s",
                "constant answer, same server",
                f"{floor:,.0f}/s",
                rate / floor,
                "0.6",
            )
            for name, rate in best.items()
        ]
    return rows


def _said(connections: int) -> str:
    return "one connection" if connections == 1 else f"{connections} connections"


def _code(port: int, lon: float, lat: float) -> str | None:
    status, body = tipg.ask(port, question(lon, lat))
    return json.loads(body)["grid"]["code"] if status == 200 else None


def _tipg(ground: Ground, ours: _Ours) -> list[Row]:
    peer = "tipg, CQL2 S_INTERSECTS"
    try:
        with tipg.served(ground) as port:
            codes = [tipg.code_of(tipg.ask(port, tipg.request(*p))[1]) for p in ours.asked[: len(ours.codes)]]
            some = ours.asked[: max(100, len(ours.asked) // _TIPG_SHARE)]
            return ours.beside(peer, port, [tipg.request(*place) for place in some], codes, target="40")
    except PeerUnavailable as trouble:
        return [Row("one point over HTTP", "", peer, "", None, "40", str(trouble))]


def _tile38(ground: Ground, ours: _Ours) -> list[Row]:
    try:
        with tile38.served(ground.loaded.index.codes, ground.shapes) as port:
            codes = [
                tile38.code_of(tile38.ask(port, tile38.over_resp(*p))) for p in ours.asked[: len(ours.codes)]
            ]
            by_http = [tile38.over_http(*place) for place in ours.asked]
            by_resp = [tile38.over_resp(*place) for place in ours.asked]
            return [
                *ours.beside("Tile38 INTERSECTS, HTTP", port, by_http, codes),
                *ours.beside("Tile38 INTERSECTS, RESP", port, by_resp, codes, read=tile38.resp_answer),
            ]
    except PeerUnavailable as trouble:
        return [
            Row("one point over HTTP", "", "Tile38 INTERSECTS, HTTP and RESP", "", None, "", str(trouble))
        ]


def _memory(process: int, ground: Ground) -> list[Row]:
    """What the index and one worker hold."""
    index = ground.loaded.index
    kept = sum(path.stat().st_size for path in (ground.settings.home / "cache" / "index").glob("*.wgix"))
    told: dict[str, int] = {}
    for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()[1:]:
        name, _, size = line.partition(":")
        told[name] = int(size.split()[0]) * 1024
    return [
        Row("memory of the index", f"{index.nbytes / 1e6:.1f} MB", "its file, with the shapes", f"{kept / 1e6:.1f} MB", None),
        Row("memory of a worker", f"{told['Rss'] / 1e6:.0f} MB", "of it shared or on file", f"{(told['Rss'] - told['Anonymous']) / 1e6:.0f} MB", None),
    ]  # fmt: skip
