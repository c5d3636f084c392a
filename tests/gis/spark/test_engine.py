"""The cluster gives what one machine gives, row for row, also when a machine goes in the middle."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely

from gis.bulk_files import locate_file
from gis.errors import CrsMissing, InputRefused, MissingColumn, SwappedCoordinates, UnreadableFile
from gis.locate import GridIndex
from gis.spark.engine import locate_dataset
from gis.spark.pieces import list_dataset, location
from gis.spark.session import packed
from gis.testing import checkerboard
from tests.fixtures.clusters import ROOT
from tests.fixtures.eventually import eventually
from tests.fixtures.spark import MASTER, alive, executors

ROWS = 40_000


@pytest.fixture(scope="module")
def index():
    town = checkerboard(12, 9)
    return GridIndex.build(town.codes, town.polygons)


def places(index, rows, seed):
    west, south, east, north = shapely.total_bounds(index.polygons)
    rng = np.random.default_rng(seed)
    lon = rng.uniform(west - 0.1 * (east - west), east, rows).round(7)
    lat = rng.uniform(south, north, rows).round(7)
    corners = shapely.get_coordinates(index.polygons)
    some = rng.integers(0, len(corners), rows // 4)
    lon[: len(some)], lat[: len(some)] = corners[some].T
    lon[-3:] = np.nan
    return lon, lat


def geo_table(index, rows, seed, day):
    lon, lat = places(index, rows, seed)
    meta = {
        "version": "1.1.0",
        "primary_column": "place",
        "columns": {"place": {"encoding": "WKB", "geometry_types": ["Point"]}},
    }
    return pa.table(
        {
            "id": pa.array(np.arange(rows, dtype=np.uint64) + seed * rows),
            "kind": pa.array(["lamp", None, "灯"] * (rows // 3 + 1)).slice(0, rows).dictionary_encode(),
            "at": pa.array(np.arange(rows), pa.timestamp("ns", "Asia/Shanghai")),
            "place": pa.array(shapely.to_wkb(shapely.points(lon, lat)), pa.binary()),
        }
    ).replace_schema_metadata({"geo": json.dumps(meta), "day": str(day)})


def make_days(index, folder, days, *, rows=ROWS):
    for day in days:
        (folder / f"day={day}").mkdir(parents=True)
        pq.write_table(
            geo_table(index, rows, day, day), folder / f"day={day}" / "a.parquet", row_group_size=10_000
        )
    return folder


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def assert_same_rows(index, source, target, tmp_path):
    """Each file of the output is what the local engine makes of the file of that name."""
    for name in files(source):
        locate_file(index, source / name, tmp_path / "local.parquet")
        expected, got = pq.read_table(tmp_path / "local.parquet"), pq.read_table(target / name)
        assert got.schema.equals(expected.schema, check_metadata=True)
        assert got.equals(expected), name


def test_an_executor_killed_in_the_middle(spark_cluster, index, tmp_path):
    days = 36
    source, target = make_days(index, tmp_path / "in", range(days)), tmp_path / "out"
    outcome = {}
    told = []

    def work():
        outcome["result"] = locate_dataset(
            index, source, target, master=MASTER, advance=lambda *at: told.append(at)
        )

    job = threading.Thread(target=work)
    job.start()
    written = eventually(lambda: [*target.glob("_wangge-*/day=*/a.parquet")], seconds=90, every=0.005)
    victims = executors(spark_cluster)
    os.kill(victims[0], signal.SIGKILL)
    assert len(written) < days / 2, "too late to be in the middle"
    assert not [*target.glob("day=*")], "nothing takes its place before all of it is there"
    job.join(timeout=120)
    assert len(victims) == 2
    assert not alive(victims[0])
    result = outcome["result"]
    assert (result.rows, result.unusable) == (days * ROWS, days * 3)
    assert result.bad_rows[0].column == "day=0/a.parquet: place"
    assert result.bad_rows[0].row == ROWS - 2
    assert told[-1] == (days * ROWS, days * ROWS)
    assert files(target) == sorted([*files(source), "_SUCCESS"])
    assert_same_rows(index, source, target, tmp_path)


def test_whole_partitions_are_replaced_and_others_stay(spark_cluster, index, tmp_path):
    target = tmp_path / "out"
    locate_dataset(index, make_days(index, tmp_path / "first", [1, 2], rows=300), target, master=MASTER)
    (target / "day=1" / "stale.parquet").write_bytes(b"of an earlier run")
    before = (target / "day=2" / "a.parquet").read_bytes()
    second = make_days(index, tmp_path / "second", [1, 3], rows=600)
    locate_dataset(index, second, target, master=MASTER)
    assert files(target) == ["_SUCCESS", "day=1/a.parquet", "day=2/a.parquet", "day=3/a.parquet"]
    assert pq.read_metadata(target / "day=1" / "a.parquet").num_rows == 600
    assert (target / "day=2" / "a.parquet").read_bytes() == before
    assert_same_rows(index, second, target, tmp_path)
    # A refused run changes nothing, and leaves nothing.
    (second / "day=3" / "b.parquet").write_bytes((second / "day=3" / "a.parquet").read_bytes())
    with (second / "day=3" / "b.parquet").open("r+b") as stream:
        stream.seek(100)
        stream.write(bytes(3000))
    earlier = {name: (target / name).read_bytes() for name in files(target)}
    with pytest.raises(UnreadableFile, match=r"day=3/b\.parquet"):
        locate_dataset(index, second, target, master=MASTER)
    assert {name: (target / name).read_bytes() for name in files(target)} == earlier


def test_a_long_file_is_cut_and_stays_in_order(spark_cluster, index, tmp_path):
    lon, lat = places(index, 50_000, 7)
    table = pa.table({"n": np.arange(50_000), "x": lon, "y": lat.astype(str)})
    pq.write_table(table, tmp_path / "long.parquet", row_group_size=8_000)
    result = locate_dataset(
        index, tmp_path / "long.parquet", tmp_path / "out", master=MASTER, piece_rows=16_000
    )
    assert files(tmp_path / "out") == ["_SUCCESS", *(f"long-0000{n}.parquet" for n in range(4))]
    locate_file(index, tmp_path / "long.parquet", tmp_path / "local.parquet")
    together = pa.concat_tables(pq.read_table(path) for path in sorted((tmp_path / "out").glob("*.parquet")))
    assert repr(together.to_pydict()) == repr(pq.read_table(tmp_path / "local.parquet").to_pydict())
    assert [row.row for row in result.bad_rows] == [49_998, 49_999, 50_000]


def test_refusals_before_any_work(index, tmp_path):
    def run(name="in", **options):
        return locate_dataset(index, tmp_path / name, tmp_path / "out", master="local[1]", **options)

    with pytest.raises(InputRefused, match="there is no"):
        run()
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "note.txt").write_text("x")
    with pytest.raises(InputRefused, match="no Parquet"):
        run()
    pq.write_table(pa.table({"a": [1.0], "b": [2.0]}), tmp_path / "in" / "a.parquet")
    with pytest.raises(MissingColumn, match="--lon"):
        run()
    table = geo_table(index, 9, 0, 0)
    meta = json.loads(table.schema.metadata[b"geo"])
    meta["columns"]["place"]["crs"] = None
    pq.write_table(table.replace_schema_metadata({"geo": json.dumps(meta)}), tmp_path / "in" / "a.parquet")
    with pytest.raises(CrsMissing):
        run()
    (tmp_path / "in" / "a.parquet").write_bytes(b"PAR1 nonsense PAR1")
    with pytest.raises(UnreadableFile):
        run()
    with pytest.raises(InputRefused, match="inside"):
        locate_dataset(index, tmp_path / "in", tmp_path / "in" / "out")
    by_owner = tmp_path / "owned" / "grid_code=5"
    by_owner.mkdir(parents=True)
    pq.write_table(pa.table({"lon": [1.0], "lat": [2.0]}), by_owner / "a.parquet")
    with pytest.raises(MissingColumn, match="partitioned"):
        run("owned")
    assert not (tmp_path / "out").exists()


def test_all_of_them_exchanged(spark_cluster, index, tmp_path):
    pq.write_table(pa.table({"lon": [35.9, 36.0], "lat": [120.0, 120.1]}), tmp_path / "in.parquet")
    with pytest.raises(SwappedCoordinates):
        locate_dataset(index, tmp_path / "in.parquet", tmp_path / "out", master=MASTER)
    assert files(tmp_path / "out") == []


def test_hidden_files_are_none(index, tmp_path):
    make_days(index, tmp_path / "in", [1], rows=30)
    for name in (
        "_wangge-x/day=1/a.parquet",
        "day=1/.a.parquet.part.parquet",
        "_SUCCESS",
        "day=1/_metadata.parquet",
    ):
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "in" / name).write_bytes(b"")
    found = list_dataset(location(tmp_path / "in"), lon=None, lat=None, crs=None)
    assert [piece.source for piece in found.pieces] == ["day=1/a.parquet"]
    assert (found.partitions, found.rows) == (("day=1",), 30)


def test_the_package_travels(tmp_path):
    """What is sent to executors without wangge is enough to work on a piece."""
    archive = packed(tmp_path)
    script = "import gis, gis.spark.worker; print(gis.__file__)"
    done = subprocess.run(
        [sys.executable, "-c", script],
        check=True, capture_output=True, text=True, cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(archive)},
    )  # fmt: skip
    assert done.stdout.startswith(str(archive))
    script = "import sys, gis.spark.worker; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    loaded = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True, cwd=ROOT
    )
    assert not {"pandas", "geopandas", "pyogrio", "app", "pyspark"} & set(loaded.stdout.split())
