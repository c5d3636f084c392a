"""A made-up district small enough to build in a second: a square of mainland, an island town, an islet, a bay."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

import geopandas as gpd
import pandas as pd
import shapely

from gis.synthetic import DistrictSpec, SyntheticDistrict, TownSpec
from gis.synthetic.components import build_components
from gis.synthetic.district import build_district
from gis.synthetic.incidents import build_incidents

DATA = Path(__file__).parents[3] / "data"
UNTIL = datetime(2026, 11, 20, 18, tzinfo=ZoneInfo("Asia/Shanghai"))
SEED = 7

MAINLAND = shapely.Polygon(
    [
        (120.0, 35.8),
        (120.12, 35.8),
        (120.12, 35.84),
        (120.09, 35.85),
        (120.12, 35.86),
        (120.12, 35.9),
        (120.0, 35.9),
    ]
)
ISLAND = shapely.box(120.15, 35.83, 120.17, 35.85)
ISLET = shapely.box(120.125, 35.81, 120.127, 35.812)
OUTLINE = shapely.MultiPolygon([MAINLAND, ISLAND, ISLET])

SPEC = DistrictSpec(
    code="990101",
    name="试验区",
    grids=60,
    towns=(
        TownSpec("990101001", "东街道", (120.085, 35.83), 24, 1.6),
        TownSpec("990101002", "西街道", (120.03, 35.86), 20, 1.2),
        TownSpec("990101101", "北镇", (120.08, 35.885), 12, 0.6),
        TownSpec("990101401", "海岛", (120.16, 35.84), 4, 0.3),
    ),
    downhill_deg=90.0,
    coastal=True,
    naming="shandong",
    oil_route=((120.11, 35.83), (120.005, 35.85)),
)


@lru_cache
def toy(*, seed: int = SEED, grids: int = 60) -> SyntheticDistrict:
    """The district, built once a run for each seed and number of grids."""
    return build_district(OUTLINE, replace(SPEC, grids=grids), seed=seed)


def catalog(name: str) -> pd.DataFrame:
    """One of the project's catalogues as texts."""
    return pd.read_csv(DATA / "catalog" / f"{name}_classes.csv", dtype=str, keep_default_na=False)


@lru_cache
def toy_components(*, count: int = 6000, seed: int = SEED) -> gpd.GeoDataFrame:
    """Components of the toy district; not to be changed."""
    return build_components(toy(), catalog("component"), count=count, seed=seed, until=UNTIL.date())


@lru_cache
def toy_incidents(*, count: int = 20_000, years: int = 2, seed: int = SEED) -> pd.DataFrame:
    """Incidents of the toy district; not to be changed."""
    return build_incidents(
        toy(), toy_components(), catalog("incident"), count=count, until=UNTIL, years=years, seed=seed
    )
