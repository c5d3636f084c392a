"""A city of 34,000 units and 1.7 million vertices: is it a clean coverage?"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from bench import mending
from bench.city import city, codes_of
from bench.options import Options
from bench.record import Row, best_of
from gis.coverage import check, has_errors
from gis.geometry import lattice_geometries

_COLUMNS, _ROWS = 184, 185
_PART = 60
"""Units a side of the city that is simplified."""


def measure(_options: Options) -> list[Row]:
    """Rows of the table."""
    clean = city(_COLUMNS, _ROWS)
    simplified = np.asarray(shapely.simplify(city(_PART, _PART), 3e-5), dtype=object)
    rows = []
    for name, shapes in (("clean", clean), ("each unit simplified alone", simplified)):
        named = f"{len(shapes):,} units, {int(shapely.get_num_coordinates(shapes).sum()):,} vertices, {name}"
        codes = codes_of(shapes)
        ours_s, defects = best_of(1, lambda codes=codes, shapes=shapes: check(codes, shapes))
        peers_s, told = best_of(1, lambda shapes=shapes: _peer(shapes))
        rows.append(
            Row(
                f"check a coverage: {named}",
                f"{ours_s:.1f} s",
                "shapely.coverage_invalid_edges and union",
                f"{peers_s:.1f} s",
                peers_s / ours_s,
                "",
                f"{len(defects):,} defects, errors: {has_errors(defects)}; the peer: {told}",
            )
        )
    seconds, megabytes = _command(clean)
    rows.append(
        Row(
            "the same by wangge grids check, from a GeoPackage",
            f"{seconds:.1f} s",
            "peak memory",
            f"{megabytes:.0f} MB",
            None,
            "under 60 s and 1000 MB",
        )
    )
    return [*rows, *mending.measure()]


def _peer(shapes: NDArray[np.object_]) -> str:
    """What GEOS says: edges that do not match, and holes of the union; neither pairs nor widths nor what is open."""
    steps = lattice_geometries(shapes)
    edges = shapely.coverage_invalid_edges(steps)
    bad = int((~shapely.is_empty(edges)).sum())
    union = shapely.union_all(steps) if bad else shapely.coverage_union_all(steps)
    holes = int(shapely.get_num_interior_rings(shapely.get_parts(union)).sum())
    return f"{bad:,} units with bad edges, {holes:,} holes"


def _command(shapes: NDArray[np.object_]) -> tuple[float, float]:
    """Seconds and peak megabytes of the command, its reader included."""
    with tempfile.TemporaryDirectory(prefix="wangge-bench-") as folder:
        file = Path(folder) / "city.gpkg"
        codes = codes_of(shapes)
        gpd.GeoDataFrame({"code": codes}, geometry=list(shapes), crs=4326).to_file(file)
        began = perf_counter()
        command = [sys.executable, "-m", "app", "grids", "check", str(file), "--code", "code"]
        child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(child.pid, 0)
        seconds = perf_counter() - began
        if status != 0:
            raise RuntimeError(f"wangge grids check ended with {os.waitstatus_to_exitcode(status)}")
        return seconds, usage.ru_maxrss / 1024
