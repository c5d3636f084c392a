"""Bulk ownership: our index beside geopandas.sjoin and a PostGIS join, with answers compared."""

from __future__ import annotations

from time import perf_counter

import geopandas as gpd
import numpy as np
import shapely
from sqlalchemy import text

from app.db.copy import copy_columns
from app.db.session import EVERYTHING, write_session
from bench.ground import Ground
from bench.record import Row, best_of

POINTS = 1_000_000
POSTGIS_POINTS = 100_000


def measure(ground: Ground) -> list[Row]:
    """Rows of the table."""
    rng = np.random.default_rng(5)
    west, south, east, north = shapely.total_bounds(ground.shapes)
    lon, lat = rng.uniform(west, east, POINTS).round(7), rng.uniform(south, north, POINTS).round(7)
    vertices = int(shapely.get_num_coordinates(ground.shapes).sum())
    index = ground.loaded.index
    index.locate(lon[:1000], lat[:1000])
    ours_s, owners = best_of(3, lambda: index.locate(lon, lat))
    work = f"{POINTS:,} points, {len(ground.shapes):,} grids, {vertices:,} vertices"
    ours = f"{POINTS / ours_s / 1e6:.2f} M/s"

    grids = gpd.GeoDataFrame({"i": np.arange(len(ground.shapes))}, geometry=list(ground.shapes), crs=4326)

    def sjoin() -> np.ndarray:
        points = gpd.GeoDataFrame(geometry=gpd.points_from_xy(lon, lat, crs=4326))
        joined = points.sjoin(grids, how="left", predicate="within")
        return joined[~joined.index.duplicated()]["i"].fillna(-1).to_numpy(dtype=np.int64)

    peer_s, theirs = best_of(1, sjoin)
    differing = int((theirs != owners).sum())
    rows = [
        Row(
            work,
            ours,
            "geopandas.sjoin",
            f"{POINTS / peer_s / 1e6:.2f} M/s",
            peer_s / ours_s,
            "50 (with the compiled kernel)",
            f"{differing} answers differ",
        )
    ]
    return [
        *rows,
        _postgis(ground, lon[:POSTGIS_POINTS], lat[:POSTGIS_POINTS], owners, ours, POINTS / ours_s),
    ]


def _postgis(
    ground: Ground, lon: np.ndarray, lat: np.ndarray, owners: np.ndarray, ours: str, rate: float
) -> Row:
    with write_session(ground.engine, EVERYTHING) as session:
        session.execute(text("CREATE TEMP TABLE asked (n bigint, geom geometry(Point, 4326)) ON COMMIT DROP"))
        points = shapely.set_srid(shapely.points(lon, lat), 4326)
        copy_columns(
            session,
            "asked",
            {"n": np.arange(len(lon)), "geom": shapely.to_wkb(points, hex=True, include_srid=True)},
        )
        session.execute(text("ANALYZE asked"))
        began = perf_counter()
        found = session.execute(
            text(
                "SELECT a.n, u.code FROM asked a JOIN unit_version u ON u.level = 'grid' "
                "AND u.editions @> 1 AND ST_Contains(u.geom, a.geom)"
            )
        ).all()
        seconds = perf_counter() - began
    codes = ground.loaded.index.codes
    theirs = np.full(len(lon), -1)
    where = {code: i for i, code in enumerate(codes)}
    for n, code in found:
        theirs[n] = where[code]
    differing = int((theirs != owners[: len(lon)]).sum())
    return Row(
        f"the same, {len(lon):,} points there",
        ours,
        "PostGIS join",
        f"{len(lon) / seconds / 1e6:.3f} M/s",
        rate / (len(lon) / seconds),
        "100 (with the compiled kernel)",
        f"{differing} answers differ",
    )
