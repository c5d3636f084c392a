"""Files read: the demo district's 1,309 grids and a million points, beside pyogrio alone on the same files.

pyogrio gives a frame in the file's own reference and believes what GDAL made of the values. Ours is in WGS84, its values
are those of the file, its rows are counted. Each file is read three ways:

* by the confined reader that every command and request goes through, as its caller waits for it, beside
  ``pyogrio.read_dataframe`` in a process that is as warm;
* by what that reader does alone, in this process, beside the same;
* from a standing start, one Python for each, libraries and all, as a command does.

Turns alternate, so that whatever else the machine does falls on both; the best of each counts. Between two turns is a
moment, as there is between two files of people: the confined reader makes the next process ready in it.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyogrio
import shapely

from app.demo.plan import Scale, make_plan, read_outline
from bench.record import Row
from gis.io import ReadLimits, read_layer
from gis.sandbox import Sandbox
from gis.synthetic import build_district

POINTS = 1_000_000
TARGET = 1.2
_MOMENT_S = 0.5
_LIMITS = ReadLimits(memory_mb=8192, cpu_s=600, wall_s=900)
_EXTENSIONS = (".gpkg", ".shp", ".fgb", ".geojson")
_PEER = "pyogrio.read_dataframe"
_PEER_ALONE = "import sys, pyogrio; pyogrio.read_dataframe(sys.argv[1])"
_OURS_ALONE = """
import sys
from pathlib import Path
from gis.io import ReadLimits
from gis.sandbox import Sandbox
with Sandbox(Path(sys.argv[2])) as sandbox:
    sandbox.read_layer(sys.argv[1], limits=ReadLimits(memory_mb=8192, cpu_s=600, wall_s=900)).frame
"""


def measure() -> list[Row]:
    """Rows of the table."""
    rows = []
    with tempfile.TemporaryDirectory(prefix="wangge-bench-") as folder, Sandbox(Path(folder)) as sandbox:
        for noun, frame, repeats in (("grids", _grids(), 20), ("points", _points(), 2)):
            for extension in _EXTENSIONS:
                path = Path(folder) / f"{noun}{extension}"
                pyogrio.write_dataframe(frame, path)
                what = f"read {len(frame):,} {noun} {extension}"
                rows += _warm(sandbox, path, what, repeats)
                rows.append(_from_start(Path(folder), path, what, 1 if len(frame) == POINTS else 5))
                path.unlink()
    return rows


def _grids() -> gpd.GeoDataFrame:
    plan = make_plan(district="370211", scale=Scale.SMALL)
    grids = build_district(read_outline(plan.spec.code), plan.spec, seed=plan.seed).grids
    shapes = np.asarray(grids.geometry.array, dtype=object)
    columns = {"code": grids["code"].to_numpy(), "name": grids["name"].to_numpy(), "n": np.arange(len(grids))}
    return gpd.GeoDataFrame(columns, geometry=shapes, crs="EPSG:4326")


def _points() -> gpd.GeoDataFrame:
    rng = np.random.default_rng(15)
    places = rng.uniform((119.5, 35.5), (120.5, 36.2), (POINTS, 2)).round(7)
    columns = {
        "code": [f"{number:017d}" for number in range(POINTS)],
        "asset": 370211010018000000 + np.arange(POINTS),
        "value": rng.uniform(0, 100, POINTS).round(2),
    }
    return gpd.GeoDataFrame(columns, geometry=shapely.points(places), crs="EPSG:4326")


def _warm(sandbox: Sandbox, path: Path, what: str, repeats: int) -> list[Row]:
    """Read by processes that have their libraries, and have read a file before."""
    readers: dict[str, Callable[[], object]] = {
        _PEER: lambda: pyogrio.read_dataframe(path),
        "by the confined reader": lambda: sandbox.read_layer(path, limits=_LIMITS).frame,
        "in this process alone": lambda: read_layer(path).frame,
    }
    taken = _best(readers, repeats)
    return [_row(f"{what}, {way}", taken[way], taken[_PEER]) for way in readers if way != _PEER]


def _from_start(folder: Path, path: Path, what: str, repeats: int) -> Row:
    """Read by a Python that has to be started, as a command is; ours starts the confined one beside it."""
    commands = {_PEER: [_PEER_ALONE, str(path)], "ours": [_OURS_ALONE, str(path), str(folder)]}
    taken = _best({way: _run(arguments) for way, arguments in commands.items()}, repeats)
    return _row(f"{what}, a process from its start", taken["ours"], taken[_PEER])


def _run(arguments: list[str]) -> Callable[[], object]:
    return lambda: subprocess.run([sys.executable, "-c", *arguments], check=True)


def _best(readers: Mapping[str, Callable[[], object]], repeats: int) -> dict[str, float]:
    """Give the shortest time of each in seconds, in turns."""
    taken = dict.fromkeys(readers, float("inf"))
    for _ in range(repeats):
        for way, read in readers.items():
            time.sleep(_MOMENT_S)
            begin = time.perf_counter()
            read()
            taken[way] = min(taken[way], time.perf_counter() - begin)
    return taken


def _row(what: str, ours_s: float, peer_s: float) -> Row:
    # A million of anything takes a while; what is known is said meanwhile.
    sys.stderr.write(
        f"bench: {what}: {ours_s * 1000:,.0f} ms, {peer_s * 1000:,.0f} ms, {ours_s / peer_s:.2f}\n"
    )
    return Row(
        what,
        f"{ours_s * 1000:,.0f} ms",
        _PEER,
        f"{peer_s * 1000:,.0f} ms",
        ours_s / peer_s,
        f"at most {TARGET}",
    )
