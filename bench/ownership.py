"""Bulk ownership: our index beside geopandas.sjoin, SedonaDB, DuckDB and a PostGIS join, with answers compared."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import geopandas as gpd
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import shapely
from sqlalchemy import text

from app.db.copy import copy_columns
from app.db.session import EVERYTHING, write_session
from bench import environment
from bench.environment import PeerUnavailable
from bench.ground import Ground
from bench.options import Options
from bench.record import PEERS, Row, best_of

# PostGIS takes its points through a table; this part of them tells its rate as well as all would.
POSTGIS_SHARE = 50
_PEERS = (
    ("sjoin", "geopandas.sjoin", "50"),
    ("sedona", "SedonaDB", "15"),
    ("duck", "DuckDB", "60"),
)


@dataclass(frozen=True)
class Ours:
    """Our answers, and seconds on one core."""

    owners: np.ndarray
    on_boundary: np.ndarray
    seconds: float

    @property
    def rate(self) -> float:
        """Points a second."""
        return len(self.owners) / self.seconds


def measure(ground: Ground, options: Options) -> list[Row]:
    """Rows of the table."""
    lon, lat = _places(ground.shapes, options.points)
    index = ground.loaded.index
    vertices = int(shapely.get_num_coordinates(ground.shapes).sum())
    index.locate(lon[:1000], lat[:1000])
    seconds, owners = best_of(3, lambda: index.locate(lon, lat, workers=1))
    _, on_boundary = index.locate_detail(lon, lat)
    ours = Ours(owners, on_boundary, seconds)
    cores = os.cpu_count() or 1
    all_s, again = best_of(3, lambda: index.locate(lon, lat, workers=cores))
    work = f"{options.points:,} points, {len(ground.shapes):,} grids, {vertices:,} vertices"
    rows = [
        Row(
            f"{work}: all {cores} cores",
            _rate(options.points / all_s),
            "ours on one core",
            _rate(ours.rate),
            all_s and seconds / all_s,
            "40 M/s on one core",
            f"{int((again != owners).sum())} answers differ",
        )
    ]
    with tempfile.TemporaryDirectory(prefix="wangge-bench-") as folder:
        _write(Path(folder), ground, lon, lat)
        rows += list(_peers(Path(folder), ours, work))
    count = max(1, options.points // POSTGIS_SHARE)
    return [*rows, _postgis(ground, lon[:count], lat[:count], ours)]


def _places(shapes: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(5)
    west, south, east, north = shapely.total_bounds(shapes)
    return rng.uniform(west, east, count).round(7), rng.uniform(south, north, count).round(7)


def _rate(per_second: float) -> str:
    return f"{per_second / 1e6:.3g} M/s"


def _write(folder: Path, ground: Ground, lon: np.ndarray, lat: np.ndarray) -> None:
    pq.write_table(pa.table({"lon": lon, "lat": lat}), folder / "points.parquet", compression="none")
    numbers = np.arange(len(ground.shapes), dtype=np.int32)
    grids = gpd.GeoDataFrame({"i": numbers}, geometry=list(ground.shapes), crs=4326)
    grids.to_parquet(folder / "grids.parquet")


def _peers(folder: Path, ours: Ours, work: str) -> Iterator[Row]:
    count = len(ours.owners)
    for script, name, target in _PEERS:
        try:
            told = environment.run(script, folder, count)
        except PeerUnavailable as trouble:
            yield Row(f"{work}: one core", _rate(ours.rate), name, "", None, target, str(trouble))
            continue
        PEERS[name] = told["version"]
        theirs = np.load(folder / f"{script}.npy")
        yield Row(
            f"{work}: one core",
            _rate(ours.rate),
            f"{name}, {told['cores']} core(s), the join alone",
            _rate(count / told["seconds"]),
            told["seconds"] / ours.seconds,
            target,
            f"{_compared(ours, theirs)}; making its points {told['preparing']:.2f} s more",
        )


def _compared(ours: Ours, theirs: np.ndarray) -> str:
    count = len(theirs)
    differing = theirs != ours.owners[:count]
    border = int((differing & ours.on_boundary[:count]).sum())
    away = int(differing.sum()) - border
    return f"{away} answers differ away from borders, {border} on them"


def _postgis(ground: Ground, lon: np.ndarray, lat: np.ndarray, ours: Ours) -> Row:
    with write_session(ground.engine, EVERYTHING) as session:
        session.execute(text("CREATE TEMP TABLE asked (n bigint, geom geometry(Point, 4326)) ON COMMIT DROP"))
        points = shapely.set_srid(shapely.points(lon, lat), 4326)
        copy_columns(
            session,
            "asked",
            {"n": np.arange(len(lon)), "geom": shapely.to_wkb(points, hex=True, include_srid=True)},
        )
        # As one would lay it out for this: grids by themselves, an index on either side, fresh statistics.
        session.execute(
            text(
                "CREATE TEMP TABLE grids ON COMMIT DROP AS SELECT code, geom FROM unit_version "
                "WHERE level = 'grid' AND editions @> (SELECT edition_at())"
            )
        )
        for table in ("grids", "asked"):
            session.execute(text(f"CREATE INDEX ON {table} USING gist (geom)"))
            session.execute(text(f"ANALYZE {table}"))
        began = perf_counter()
        found = session.execute(
            text("SELECT a.n, g.code FROM asked a JOIN grids g ON ST_Contains(g.geom, a.geom)")
        ).all()
        seconds = perf_counter() - began
        PEERS["PostGIS"] = str(session.execute(text("SELECT postgis_lib_version()")).scalar_one())
        PEERS["PostgreSQL"] = str(session.execute(text("SHOW server_version")).scalar_one())
    where = {code: i for i, code in enumerate(ground.loaded.index.codes)}
    theirs = np.full(len(lon), -1)
    for n, code in found:
        theirs[n] = where[code]
    rate = len(lon) / seconds
    return Row(
        f"the same, one core; {len(lon):,} of the points there",
        _rate(ours.rate),
        "PostGIS join",
        _rate(rate),
        ours.rate / rate,
        "100",
        _compared(ours, theirs),
    )
