"""SedonaDB: python sedona.py FOLDER COUNT."""

from __future__ import annotations

import json
import os
import sys
from importlib.metadata import version
from pathlib import Path
from time import perf_counter

import geopandas as gpd
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import sedonadb


def main(folder: Path, count: int) -> None:
    table = pq.read_table(folder / "points.parquet").slice(0, count)
    table = table.append_column("n", pa.array(np.arange(count)))
    session = sedonadb.connect()
    frame = gpd.read_parquet(folder / "grids.parquet")
    shapes = pa.table({"i": frame["i"].to_numpy(), "wkb": frame.geometry.to_wkb().to_list()})
    session.create_data_frame(shapes).to_view("shapes")
    grids = session.sql("SELECT i, ST_GeomFromWKB(wkb) AS geometry FROM shapes")
    grids.to_memtable().to_view("grids")
    session.create_data_frame(table).to_view("asked")
    began = perf_counter()
    made = session.sql("SELECT n, ST_Point(lon, lat) AS geometry FROM asked")
    made.to_memtable().to_view("points")
    prepared = perf_counter()
    joined = session.sql(
        "SELECT p.n, g.i FROM points AS p JOIN grids AS g ON ST_Contains(g.geometry, p.geometry)"
    )
    found = pa.RecordBatchReader.from_stream(joined).read_all()
    ended = perf_counter()
    answers = np.full(count, -1, dtype=np.int32)
    answers[found["n"].to_numpy()] = found["i"].to_numpy()
    np.save(folder / "sedona.npy", answers)
    print(
        json.dumps(
            {
                "version": version("sedonadb"),
                "seconds": ended - prepared,
                "preparing": prepared - began,
                "cores": os.cpu_count(),
            }
        )
    )


main(Path(sys.argv[1]), int(sys.argv[2]))
