"""A whole program with geopandas, file to file: python whole.py FOLDER."""

from __future__ import annotations

import sys
from pathlib import Path

import geopandas as gpd
import pandas as pd


def main(folder: Path) -> None:
    table = pd.read_parquet(folder / "points.parquet")
    grids = gpd.read_parquet(folder / "grids.parquet")
    points = gpd.GeoDataFrame(geometry=gpd.points_from_xy(table["lon"], table["lat"], crs=4326))
    joined = points.sjoin(grids, how="left", predicate="within")
    table["grid_code"] = joined["code"][~joined.index.duplicated()]
    table.to_parquet(folder / "theirs.parquet", index=False)


main(Path(sys.argv[1]))
