"""Mending a city in which some units were drawn by themselves: thin gaps and overlaps along their borders."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path
from time import perf_counter

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from bench.city import city, codes_of
from bench.record import PEERS, Row
from gis.coverage import clean, has_errors
from gis.geometry import from_lattice

_WIDTH_M = 5.0
_THIN_M2 = 1000
"""Units have 14,000; a unit is smaller than this only if it is a gap or an overlap."""
_WHOLE, _SMALL = (184, 185, 2000), (60, 60, 200)
_GRASS = f"""
set -e
v.in.ogr input={{file}} output=grid snap=-1
v.clean input=grid output=mended tool=rmarea threshold={_THIN_M2}
v.out.ogr input=mended output={{out}} format=GPKG
"""


def measure() -> list[Row]:
    """Rows of the table."""
    return [_row(*_SMALL, peer=True), _row(*_WHOLE, peer=False)]


def _row(columns: int, rows: int, moved: int, *, peer: bool) -> Row:
    shapes = _with_moved_corners(city(columns, rows), moved)
    began = perf_counter()
    done = clean(codes_of(shapes), shapes, max_width_m=_WIDTH_M)
    seconds = perf_counter() - began
    note = f"{done.gaps:,} gaps, {done.overlaps:,} overlaps settled, errors left: {has_errors(done.left)}"
    peers_s, told = _grass(shapes) if peer else (None, "")
    return Row(
        f"mend {len(shapes):,} units, {int(shapely.get_num_coordinates(shapes).sum()):,} vertices, "
        f"{moved:,} corners moved by up to 2 m",
        f"{seconds:.1f} s",
        "GRASS v.in.ogr, v.clean rmarea" if peer else "",
        "" if peers_s is None else f"{peers_s:.1f} s",
        None if peers_s is None else peers_s / seconds,
        "" if peer else "under 120 s",
        f"{note}; {told}" if told else note,
    )


def _with_moved_corners(shapes: NDArray[np.object_], count: int) -> NDArray[np.object_]:
    rng = np.random.default_rng(4)
    out = shapes.copy()
    for at in rng.choice(len(out), count, replace=False).tolist():
        steps = np.rint(shapely.get_coordinates(out[at])[:-1] * 1e7)
        steps[rng.integers(0, len(steps))] += rng.integers(-200, 201, 2)
        moved = shapely.Polygon(from_lattice(steps))
        if moved.is_valid:
            out[at] = moved
    return out


def _grass(shapes: NDArray[np.object_]) -> tuple[float | None, str]:
    """Seconds of the peer with its reading and writing, and what it left.

    It takes each small area for a fault whatever its width, and gives it to the longest border.
    """
    program = shutil.which("grass")
    if program is None:
        return None, "grass is not installed"
    with tempfile.TemporaryDirectory(prefix="wangge-bench-") as folder:
        file, out, script = (
            Path(folder) / "city.gpkg",
            Path(folder) / "mended.gpkg",
            Path(folder) / "steps.sh",
        )
        gpd.GeoDataFrame({"code": codes_of(shapes)}, geometry=list(shapes), crs=4326).to_file(file)
        script.write_text(_GRASS.format(file=file, out=out), "utf-8")
        began = perf_counter()
        done = subprocess.run(
            [program, "--tmp-location", "EPSG:4326", "--exec", "bash", str(script)],
            capture_output=True,
            text=True,
            check=False,
        )
        seconds = perf_counter() - began
        if done.returncode != 0:
            return None, (done.stderr.strip().splitlines() or ["grass failed"])[-1]
        version = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
        PEERS["GRASS"] = (version.stdout.strip().splitlines() or ["?"])[0]
        bad = shapely.coverage_invalid_edges(gpd.read_file(out).geometry.to_numpy())
        return seconds, f"the peer leaves {int((~shapely.is_empty(bad)).sum()):,} units with bad edges"
