"""What was measured, shown as a table of ratios and kept as a file."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from time import perf_counter
from typing import Any

from rich.console import Console
from rich.table import Table

RESULTS = Path(__file__).parent / "results"
_LIBRARIES = (
    *("numpy", "numba", "shapely", "geopandas", "pyarrow", "pyogrio"),
    *("psycopg", "folium", "uvicorn", "fastapi", "starlette"),
)


@dataclass(frozen=True)
class Row:
    """One figure of ours beside a peer's. ``ratio`` above 1 is better for us unless ``target`` says "at most"."""

    work: str
    ours: str
    peer: str
    peers: str
    ratio: float | None
    target: str = ""
    note: str = ""


def best_of(repeats: int, work: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds of the quickest run, and what it gave."""
    best, result = float("inf"), None
    for _ in range(repeats):
        began = perf_counter()
        result = work()
        best = min(best, perf_counter() - began)
    return best, result


def show(rows: list[Row]) -> None:
    """Print the table."""
    table = Table("work", "ours", "peer", "peer's", "ratio", "to reach", "note")
    for row in rows:
        ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
        table.add_row(row.work, row.ours, row.peer, row.peers, ratio, row.target, row.note)
    Console(width=160).print(table)


PEERS: dict[str, str] = {}
"""Versions of the peers that were met in this run, each noted where it is measured."""


def keep(rows: list[Row], options: Any = None) -> Path:
    """Write the rows with date, versions and machine (core count and model only)."""
    model = platform.processor() or platform.machine()
    for line in Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []:
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    now = datetime.now(UTC)
    document = {
        "measured_at": now.isoformat(timespec="seconds"),
        "machine": {"cores": os.cpu_count(), "model": model, "load_before": round(os.getloadavg()[0], 2)},
        "sizes": asdict(options) if options else {},
        "versions": {"python": platform.python_version(), **{name: version(name) for name in _LIBRARIES}},
        "peers": dict(sorted(PEERS.items())),
        "rows": [asdict(row) for row in rows],
    }
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{now:%Y-%m-%d-%H%M}.json"
    path.write_text(json.dumps(document, ensure_ascii=False, indent=1) + "\n", "utf-8")
    return path
