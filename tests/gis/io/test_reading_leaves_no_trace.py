"""Reading a file leaves it and its folder as they were: bytes, times, and no file more, in this process and confined."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import geopandas as gpd
import pyogrio
import pytest
import shapely

from gis.io import ReadLimits, list_layers, read_layer
from gis.sandbox import Sandbox
from tests.fixtures.formats import LOOSE, WRITERS, reading_options

LIMITS = ReadLimits(memory_mb=1500, cpu_s=60, wall_s=120)


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with Sandbox(tmp_path_factory.mktemp("jobs")) as started:
        yield started


@pytest.fixture(scope="module")
def grids() -> gpd.GeoDataFrame:
    shapes = [shapely.box(120 + at / 100, 35, 120.01 + at / 100, 35.01) for at in range(3)]
    return gpd.GeoDataFrame({"code": ["007", "008", "009"]}, geometry=shapes, crs=4326)


def trace(folder: Path) -> dict[str, tuple[bytes, int, int]]:
    """All that a folder has: names with their bytes, times and rights; the folder's own time too."""
    out = {
        str(one.relative_to(folder)): (
            one.read_bytes() if one.is_file() else b"",
            one.stat().st_mtime_ns,
            one.stat().st_mode,
        )
        for one in sorted(folder.rglob("*"))
    }
    return {**out, ".": (b"", folder.stat().st_mtime_ns, folder.stat().st_mode)}


def read_in_every_way(path: Path, sandbox: Sandbox, extension: str) -> list[int]:
    options = reading_options(extension)
    list_layers(path)
    return [
        len(read_layer(path, **options).frame),
        len(sandbox.read_layer(path, limits=LIMITS, **options).frame),
    ]


@pytest.mark.parametrize("locked", [False, True], ids=["writable", "read-only"])
@pytest.mark.parametrize("extension", [*WRITERS, *LOOSE])
def test_nothing_changes(
    grids: gpd.GeoDataFrame, tmp_path: Path, sandbox: Sandbox, extension: str, *, locked: bool
) -> None:
    folder = tmp_path / "资料"
    folder.mkdir()
    path = {**WRITERS, **LOOSE}[extension](grids, folder / f"网格{extension}")
    if locked:
        for one in [*folder.rglob("*"), folder]:
            one.chmod(0o555 if one.is_dir() else 0o444)
    before = trace(folder)
    try:
        assert read_in_every_way(path, sandbox, extension) == [3, 3]
        assert trace(folder) == before
    finally:
        folder.chmod(0o755)


def package(grids: gpd.GeoDataFrame, folder: Path) -> Path:
    """A GeoPackage that plain SQLite can write to: triggers of an index would need functions of GDAL's."""
    path = folder / "网格.gpkg"
    pyogrio.write_dataframe(grids, path, SPATIAL_INDEX="NO")
    return path


@contextmanager
def ahead(path: Path) -> Iterator[sqlite3.Connection]:
    """Turn a GeoPackage into one that is written ahead, as QGIS does while it is open there."""
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA journal_mode = wal").fetchone() == ("wal",)
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        yield connection


@pytest.mark.parametrize("is_open", [True, False], ids=["open in QGIS", "closed"])
def test_a_geopackage_that_is_written_ahead(
    grids: gpd.GeoDataFrame, tmp_path: Path, sandbox: Sandbox, *, is_open: bool
) -> None:
    """The newest rows are in the log beside it alone, and are read."""
    folder = tmp_path / "资料"
    folder.mkdir()
    path = package(grids, folder)
    with ahead(path) as connection:
        connection.execute("UPDATE 网格 SET code = '100' WHERE code = '009'")
        connection.commit()
        if not is_open:
            connection.close()
        before = trace(folder)
        assert (f"{path.name}-wal" in before) == is_open
        for data in (read_layer(path), sandbox.read_layer(path, limits=LIMITS)):
            assert sorted(data.frame["code"]) == ["007", "008", "100"]
        assert trace(folder) == before


def test_a_geopackage_that_a_program_left_in_the_middle(
    grids: gpd.GeoDataFrame, tmp_path: Path, sandbox: Sandbox
) -> None:
    """Its journal says what was there before; SQLite would put it right by writing."""
    folder = tmp_path / "资料"
    folder.mkdir()
    path = package(grids, folder)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA cache_size = 1")
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("UPDATE 网格 SET code = '100'")
        connection.execute(
            "CREATE TABLE filler AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
            "LIMIT 5000) SELECT hex(randomblob(200)) t FROM n"
        )
        half = {one.name: one.read_bytes() for one in folder.iterdir()}
    assert len(half) == 2, "the journal is there"
    for name, content in half.items():
        (folder / name).write_bytes(content)
    before = trace(folder)
    for data in (read_layer(path, layer="网格"), sandbox.read_layer(path, limits=LIMITS, layer="网格")):
        assert sorted(data.frame["code"]) == ["007", "008", "009"]
    assert trace(folder) == before
