"""Loading incidents with owners, beside a bare COPY of the same rows into the same table."""

from __future__ import annotations

from time import perf_counter
from zoneinfo import ZoneInfo

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from sqlalchemy import text

from app.components.file_import import ComponentColumns, import_components
from app.db.bulk_table import bring_owners
from app.db.copy import copy_columns
from app.db.session import EVERYTHING, write_session
from app.imports.service import SourceFile
from app.incidents import states
from app.incidents.file_import import IncidentColumns, import_incidents
from bench.ground import Ground
from bench.record import Row

INCIDENTS = 200_000
COMPONENTS = 200_000


class _TakeBack(Exception):
    """Rolls a measured load back."""


def measure(ground: Ground) -> list[Row]:
    """Rows of the table."""
    return [_incidents(ground), _components(ground)]


def _places(ground: Ground, count: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(6)
    west, south, east, north = shapely.total_bounds(ground.shapes)
    return rng.uniform(west, east, count).round(7), rng.uniform(south, north, count).round(7)


def _incidents(ground: Ground) -> Row:
    lon, lat = _places(ground, INCIDENTS)
    stamps = pd.date_range("2025-01-01", periods=INCIDENTS, freq="2min", tz="UTC")
    frame = gpd.GeoDataFrame(
        {"time": stamps, "class": "0104", "id": np.arange(INCIDENTS).astype(str)},
        geometry=gpd.points_from_xy(lon, lat, crs=4326),
    )
    began = perf_counter()
    try:
        with write_session(ground.engine, EVERYTHING) as session:
            import_incidents(
                session,
                frame,
                IncidentColumns(time="time", class_column="class", id="id"),
                SourceFile("bench.csv", "bench", "wgs84"),
                zone=ZoneInfo("UTC"),
                actor="bench",
                source_name="bench",
            )
            ours = perf_counter() - began
            raise _TakeBack
    except _TakeBack:
        pass
    wkb = shapely.to_wkb(shapely.set_srid(frame.geometry.to_numpy(), 4326), hex=True, include_srid=True)
    try:
        with write_session(ground.engine, EVERYTHING) as session:
            bring_owners(session)
            began = perf_counter()
            copy_columns(
                session,
                "incident",
                {
                    "number": np.char.add("bench-", np.arange(INCIDENTS).astype(str)).astype(object),
                    "source": np.full(INCIDENTS, "bench", dtype=object),
                    "source_id": np.arange(INCIDENTS).astype(str).astype(object),
                    "class_code": np.full(INCIDENTS, "0104", dtype=object),
                    "state": np.full(INCIDENTS, states.CLOSED, dtype=object),
                    "geom": wkb,
                    "occurred_at": stamps,
                    "reported_at": stamps,
                },
            )
            peer = perf_counter() - began
            raise _TakeBack
    except _TakeBack:
        pass
    return Row(
        f"load {INCIDENTS:,} incidents with owners and log",
        f"{INCIDENTS / ours:,.0f}/s",
        "bare COPY, same table",
        f"{INCIDENTS / peer:,.0f}/s",
        ours / peer,
        "at most 1.6 times the time",
        "ours also checks every row and writes a log entry for each",
    )


def _components(ground: Ground) -> Row:
    lon, lat = _places(ground, COMPONENTS)
    frame = gpd.GeoDataFrame(
        {"class": "0118", "code": np.char.add("b", np.arange(COMPONENTS).astype(str))},
        geometry=gpd.points_from_xy(lon, lat, crs=4326),
    )
    began = perf_counter()
    seconds = 0.0
    try:
        with write_session(ground.engine, EVERYTHING) as session:
            import_components(
                session,
                frame,
                ComponentColumns(class_column="class", code="code"),
                SourceFile("bench.gpkg", "bench", "wgs84"),
                actor="bench",
            )
            session.execute(text("SELECT 1"))
            seconds = perf_counter() - began
            raise _TakeBack
    except _TakeBack:
        pass
    return Row(
        f"import {COMPONENTS:,} components",
        f"{seconds:.1f} s",
        "",
        "",
        None,
        "1 M in 90 s",
        f"that is 1 M in {seconds * 1_000_000 / COMPONENTS:.0f} s",
    )
