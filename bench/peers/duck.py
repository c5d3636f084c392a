"""DuckDB with its spatial extension from PyPI: python duck.py FOLDER COUNT."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from time import perf_counter

import duckdb
import duckdb_extension_spatial
import geopandas as gpd
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq


def main(folder: Path, count: int) -> None:
    (extension,) = Path(duckdb_extension_spatial.__file__).parent.rglob("spatial.duckdb_extension")
    connection = duckdb.connect()
    connection.execute(f"LOAD '{extension}'")
    asked = pq.read_table(folder / "points.parquet").slice(0, count)  # noqa: F841 - named in the statement
    frame = gpd.read_parquet(folder / "grids.parquet")
    shapes = pa.table({"i": frame["i"].to_numpy(), "wkb": frame.geometry.to_wkb().to_list()})  # noqa: F841
    connection.execute("CREATE TABLE grids AS SELECT i, ST_GeomFromWKB(wkb) AS geom FROM shapes")
    began = perf_counter()
    connection.execute(
        "CREATE TABLE points AS SELECT row_number() OVER () - 1 AS n, ST_Point(lon, lat) AS geom FROM asked"
    )
    prepared = perf_counter()
    found = connection.execute(
        "SELECT p.n, g.i FROM points AS p JOIN grids AS g ON ST_Contains(g.geom, p.geom)"
    ).to_arrow_table()
    ended = perf_counter()
    answers = np.full(count, -1, dtype=np.int32)
    answers[found["n"].to_numpy()] = found["i"].to_numpy()
    np.save(folder / "duck.npy", answers)
    threads = connection.execute("SELECT current_setting('threads')").fetchone()
    print(
        json.dumps(
            {
                "version": duckdb.__version__,
                "seconds": ended - prepared,
                "preparing": prepared - began,
                "cores": threads and threads[0],
            }
        )
    )


main(Path(sys.argv[1]), int(sys.argv[2]))
