"""Far more at once than the service can do: all answered, what needs no database as quick as ever, and no memory kept."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
import numpy as np
import shapely
from sqlalchemy import text

from app.auth import secrets
from app.auth.models import ApiToken
from app.db.session import NOTHING, write_session
from bench import crowd, wire
from bench.crowd import Tally
from bench.environment import PeerUnavailable
from bench.ground import Ground
from bench.options import Options
from bench.record import Row

TIMES = (4, 30)
"""Requests at once, in pools of connections."""
CLIENTS = 64
_WHILE_S = 60.0
_FEW, _MANY = 10_000, 100_000
# What these are for: `make bench` in full. A smaller run looks, and says so.
_WHOLE = 5000
_PACE_S = 0.02


def measure(ground: Ground, options: Options) -> list[Row]:
    """Rows of the table."""
    share = min(1.0, options.requests / _WHOLE)
    token = _token(ground)
    kinds = _kinds(ground, token)
    with _served(ground) as (port, process):
        crowd.so_many(port, list(kinds.values()), clients=4, count=200)
        rows = [row for times in TIMES for row in _at_once(ground, port, kinds, times)]
        return [*rows, _for_a_while(ground, port, _WHILE_S * share), _memory(port, process, kinds, share)]


def _kinds(ground: Ground, token: str) -> dict[str, bytes]:
    """A request of each kind of route, for nobody and for somebody."""
    code = ground.loaded.index.codes[0]
    west, south, east, north = shapely.total_bounds(ground.shapes)
    lon, lat = (west + east) / 2, (south + north) / 2
    with ground.engine.connect() as connection:
        number = connection.scalar(text("SELECT number FROM incident ORDER BY id LIMIT 1"))
    open_to_all = [
        *(
            "/",
            "/signin",
            "/docs",
            "/v1/session",
            "/v1/editions",
            "/v1/catalog/components",
            "/v1/catalog/incident-classes",
        ),
        *(f"/v1/units/{code}", f"/v1/units/{code}/geometry", f"/v1/grids/{code}", "/v1/search?q=3702"),
        *("/ogc", "/ogc/collections", "/ogc/collections/grid/items", f"/ogc/collections/grid/items/{code}"),
        *(
            "/maps/tiles/units.json",
            "/maps/units.json",
            _tile(lon, lat, 12),
            f"/v1/convert?lon={lon}&lat={lat}",
        ),
    ]
    for_somebody = [
        *(
            "/v1/incidents",
            "/v1/incidents/map?zoom=12",
            f"/v1/incidents/{number}",
            f"/v1/grids/{code}/incidents",
        ),
        *(f"/v1/grids/{code}/components", "/v1/drafts", "/v1/accounts", "/v1/audit", "/v1/tokens"),
        *(f"/maps/heat/{code}", _tile(lon, lat, 15).replace("units", "components"), "/v1/search?q=3702"),
    ]
    made = {f"nobody {path}": crowd.get(path) for path in open_to_all}
    return made | {f"somebody {path}": crowd.get(path, token) for path in for_somebody}


def _tile(lon: float, lat: float, zoom: int) -> str:
    side = 2**zoom
    x = int((lon + 180) / 360 * side)
    y = int((1 - np.arcsinh(np.tan(np.radians(lat))) / np.pi) / 2 * side)
    return f"/maps/tiles/units/{zoom}/{x}/{y}.pbf"


def _token(ground: Ground) -> str:
    secret = secrets.new_token()
    with write_session(ground.engine, NOTHING) as session:
        session.add(
            ApiToken(
                name=f"bench {datetime.now(UTC):%H%M%S}",
                created_by="bench",
                prefix=secrets.shown_part(secret),
                token_hash=secrets.digest(secret),
                role="admin",
                scope_path="",
            )
        )
    return secret


@contextmanager
def _served(ground: Ground) -> Iterator[tuple[int, int]]:
    """The service as `wangge serve` starts it."""
    port = wire.free_port()
    env = {
        **{name: value for name, value in os.environ.items() if not name.startswith("WANGGE_")},
        "WANGGE_HOME": str(ground.settings.home),
        "WANGGE_PORT": str(port),
        "WANGGE_LOG_LEVEL": "error",
    }
    with wire.running([sys.executable, "-m", "app", "serve"], port, env) as process:
        yield port, process.pid


class _Probe:
    """Asks what needs no database at a steady pace; the wait counts from when a question was due."""

    def __init__(self, ground: Ground, port: int) -> None:
        west, south, east, north = shapely.total_bounds(ground.shapes)
        page = httpx.get(f"http://127.0.0.1:{port}/signin").text
        script = page.split('src="/static/', 1)[1].split('"', 1)[0]
        self.waits: dict[str, list[float]] = {}
        self.failed = 0
        self._over = threading.Event()
        requests = {
            "/healthz": wire.get("/healthz"),
            "static": wire.get(f"/static/{script}"),
            "locate": wire.get(f"/v1/locate?lon={(west + east) / 2:.6f}&lat={(south + north) / 2:.6f}"),
        }
        self._threads = [
            threading.Thread(target=self._ask, args=(port, name, request), daemon=True)
            for name, request in requests.items()
        ]

    def _ask(self, port: int, name: str, request: bytes) -> None:
        waits = self.waits.setdefault(name, [])
        begin = time.monotonic()
        pipe = None
        while not self._over.is_set():
            due = begin + len(waits) * _PACE_S
            time.sleep(max(0.0, due - time.monotonic()))
            try:
                if pipe is None:
                    pipe = wire.socket.create_connection(("127.0.0.1", port), timeout=20)
                pipe.sendall(request)
                self.failed += wire.http_answer(pipe)[0] >= 500
            except (OSError, PeerUnavailable):
                self.failed += 1
                pipe = None
            waits.append(time.monotonic() - due)

    def __enter__(self) -> _Probe:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(30)

    def rows(self, work: str) -> list[Row]:
        """What was met, one row for each."""
        return [
            Row(
                f"{name} meanwhile",
                f"p99 {np.quantile(waits, 0.99) * 1000:.0f} ms",
                work,
                f"max {max(waits) * 1000:.0f} ms",
                None,
                "p99 under 200 ms",
                f"{len(waits)} asked, {self.failed} failed in all",
            )
            for name, waits in self.waits.items()
            if waits
        ]


def _at_once(ground: Ground, port: int, kinds: dict[str, bytes], times: int) -> list[Row]:
    count = times * ground.settings.pool_size
    requests = (list(kinds.values()) * (count // len(kinds) + 1))[:count]
    work = f"{count} requests at once"
    with _Probe(ground, port) as probe:
        tally = crowd.all_at_once(port, requests)
    return [
        Row(
            f"{work}, all kinds of routes",
            str(tally),
            "",
            "",
            None,
            "2xx, 429 or 503, within 5 s",
            f"{tally.bad} others, {sum(wait > 5 for wait in tally.waits)} later",
        ),
        *probe.rows(work),
    ]


def _for_a_while(ground: Ground, port: int, seconds: float) -> Row:
    rng = np.random.default_rng(5)
    west, south, east, north = shapely.total_bounds(ground.shapes)
    token = _token(ground)
    requests: list[bytes] = []
    for lon, lat in zip(rng.uniform(west, east, 300), rng.uniform(south, north, 300), strict=True):
        requests += [
            crowd.get(f"/v1/locate?lon={lon:.6f}&lat={lat:.6f}", keep=True),
            crowd.get(_tile(lon, lat, 14), keep=True),
            crowd.get("/v1/incidents?limit=50", token, keep=True),
        ]
    tally = crowd.for_a_while(port, requests, clients=CLIENTS, seconds=seconds)
    # A place outside every grid is an answer, too.
    errors = sum(count for status, count in tally.statuses.items() if status >= 500 or status in (0, 429))
    return Row(
        f"{CLIENTS} clients for {seconds:.0f} s: locate, tiles, incidents",
        f"{len(tally.waits) / seconds:,.0f}/s",
        "",
        str(tally),
        None,
        "no error",
        f"{errors} errors",
    )


def _memory(port: int, process: int, kinds: dict[str, bytes], share: float) -> Row:
    few, many = int(_FEW * share), int(_MANY * share)
    requests = list(kinds.values())
    requests = [request.replace(b"Connection: close\r\n", b"") for request in requests]
    first = crowd.so_many(port, requests, clients=16, count=few)
    before = _resident(process)
    rest = crowd.so_many(port, requests, clients=16, count=many - few)
    after = _resident(process)
    failed = _failed(first) + _failed(rest)
    return Row(
        f"memory of a worker after {many:,} mixed requests",
        f"{after / 1e6:.0f} MB",
        f"after {few:,}",
        f"{before / 1e6:.0f} MB",
        after / before,
        "at most 1.05",
        f"{failed} of them failed",
    )


def _failed(tally: Tally) -> int:
    return sum(count for status, count in tally.statuses.items() if status >= 500 or status == crowd.BROKEN)


def _resident(process: int) -> int:
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) * 1024
    raise PeerUnavailable("the server is gone")
