"""Five million places, Parquet to Parquet, as a whole program: our command beside a script of geopandas.

Everything counts: starting Python, importing, reading both files, the index, the answers, writing.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from time import perf_counter

import geopandas as gpd
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import shapely

from bench.city import city, codes_of
from bench.options import Options
from bench.record import PEERS, Row

_COLUMNS, _ROWS = 40, 33
"""About as many units as a city district has grids."""
_SCRIPT = Path(__file__).parent / "peers" / "whole.py"


def measure(options: Options) -> list[Row]:
    """Rows of the table."""
    shapes = city(_COLUMNS, _ROWS)
    with tempfile.TemporaryDirectory(prefix="wangge-bench-") as name:
        folder = Path(name)
        _write(folder, shapes, options.points)
        boundaries = ("--boundaries", folder / "grids.parquet", "--code", "code")
        places = ("--input", folder / "points.parquet", "--output", folder / "ours.parquet")
        ours_s, ours_cpu_s = _run("-m", "app", "locate", *places, *boundaries)
        theirs_s, theirs_cpu_s = _run(_SCRIPT, folder)
        told = _compared(folder)
    PEERS["geopandas, whole program"] = version("geopandas")
    work = f"{options.points:,} places, {len(shapes):,} units, Parquet to Parquet, the whole program"
    return [
        Row(work, f"{ours_s:.1f} s", "geopandas", f"{theirs_s:.1f} s", theirs_s / ours_s, "8", told),
        Row(
            "the same in processor time",
            f"{ours_cpu_s:.1f} s",
            "geopandas",
            f"{theirs_cpu_s:.1f} s",
            theirs_cpu_s / ours_cpu_s,
        ),
    ]


def _write(folder: Path, shapes: np.ndarray, count: int) -> None:
    rng = np.random.default_rng(5)
    west, south, east, north = shapely.total_bounds(shapes)
    lon, lat = rng.uniform(west, east, count).round(7), rng.uniform(south, north, count).round(7)
    pq.write_table(pa.table({"lon": lon, "lat": lat}), folder / "points.parquet")
    grids = gpd.GeoDataFrame({"code": codes_of(shapes)}, geometry=list(shapes), crs=4326)
    grids.to_parquet(folder / "grids.parquet")


def _run(*arguments: object) -> tuple[float, float]:
    """Seconds by the clock, and of processors."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), perf_counter()
    environment = {k: v for k, v in os.environ.items() if not k.startswith("WANGGE_")}
    done = subprocess.run(
        [sys.executable, *map(str, arguments)], env=environment, capture_output=True, text=True, check=False
    )
    seconds, after = perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise RuntimeError(done.stderr[-500:])
    return seconds, (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime)


def _compared(folder: Path) -> str:
    ours, theirs = (
        pq.read_table(folder / f"{who}.parquet", columns=["grid_code"])["grid_code"]
        for who in ("ours", "theirs")
    )
    differing = sum(a != b for a, b in zip(ours.to_pylist(), theirs.to_pylist(), strict=True))
    return f"{differing} answers differ (a place on a border is within nothing there)"
