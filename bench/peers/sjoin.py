"""geopandas.sjoin: python sjoin.py FOLDER COUNT."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from time import perf_counter

import geopandas as gpd
import numpy as np
import pyarrow.parquet as pq


def main(folder: Path, count: int) -> None:
    table = pq.read_table(folder / "points.parquet").slice(0, count)
    grids = gpd.read_parquet(folder / "grids.parquet")
    began = perf_counter()
    places = gpd.points_from_xy(table["lon"].to_numpy(), table["lat"].to_numpy(), crs=4326)
    points = gpd.GeoDataFrame(geometry=places)
    made = perf_counter()
    joined = points.sjoin(grids, how="inner", predicate="within")
    ended = perf_counter()
    answers = np.full(count, -1, dtype=np.int32)
    answers[joined.index.to_numpy()] = joined["i"].to_numpy()
    np.save(folder / "sjoin.npy", answers)
    print(
        json.dumps(
            {"version": gpd.__version__, "seconds": ended - made, "preparing": made - began, "cores": 1}
        )
    )


main(Path(sys.argv[1]), int(sys.argv[2]))
