"""Single lookups over HTTP, one worker, beside a constant answer of the same server."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import shapely

from bench.ground import Ground
from bench.record import Row

REQUESTS = 3000


@contextmanager
def _served(ground: Ground) -> Iterator[int]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        **os.environ,
        "WANGGE_HOME": str(ground.settings.home),
        "WANGGE_LOG_LEVEL": "error",
        "WANGGE_DATABASE_URL": "",
    }
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "uvicorn",
            "--factory",
            "app.main:create_app",
            "--port",
            str(port),
            "--log-level",
            "error",
        ],
        env=environment,
    )
    try:
        for _ in range(200):
            time.sleep(0.2)
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
        yield port
    finally:
        process.terminate()
        process.wait(20)


def _rate(port: int, paths: list[str]) -> float:
    """Requests a second over one kept-alive connection, asked one after the other, without an HTTP library."""
    with socket.create_connection(("127.0.0.1", port)) as wire:
        stream = wire.makefile("rb")

        def ask(path: str) -> None:
            wire.sendall(f"GET {path} HTTP/1.1\r\nHost: bench\r\n\r\n".encode())
            length = 0
            while (line := stream.readline()) not in (b"\r\n", b""):
                if line.lower().startswith(b"content-length:"):
                    length = int(line.split(b":")[1])
            stream.read(length)

        for path in paths[:200]:
            ask(path)
        began = time.perf_counter()
        for path in paths:
            ask(path)
        return len(paths) / (time.perf_counter() - began)


def measure(ground: Ground) -> list[Row]:
    """Rows of the table."""
    rng = np.random.default_rng(7)
    west, south, east, north = shapely.total_bounds(ground.shapes)
    lon, lat = rng.uniform(west, east, REQUESTS), rng.uniform(south, north, REQUESTS)
    asked = [f"/v1/locate?lon={x:.6f}&lat={y:.6f}" for x, y in zip(lon, lat, strict=True)]
    with _served(ground) as port:
        # Turn about, so that both meet the same weather.
        constant = max(_rate(port, ["/healthz"] * REQUESTS) for _ in range(2))
        ours = max(_rate(port, asked) for _ in range(2))
    return [
        Row(
            "one point over HTTP, one connection",
            f"{ours:,.0f}/s",
            "constant answer, same server",
            f"{constant:,.0f}/s",
            ours / constant,
            "0.6",
        )
    ]
