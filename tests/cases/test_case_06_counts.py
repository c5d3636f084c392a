"""Case 06: a shape without its row, or a row without its shape, is no row that may vanish."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
import shapely

from gis.errors import UnreadableFile
from gis.io import read_layer
from tests.fixtures.written_tables import write_dbase, write_points

FIELDS = [("CODE", "C", 6, 0)]


def shapefile(
    path: Path, *, shapes: int, rows: int, index: int | None = None, deleted: tuple[int, ...] = ()
) -> Path:
    write_points(path, shapes, index=index)
    cells = [[f"A{at}".encode()] for at in range(rows)]
    write_dbase(path.with_suffix(".dbf"), FIELDS, cells, deleted=deleted)
    return path


def refusal(path: Path) -> UnreadableFile:
    with pytest.raises(UnreadableFile) as refused:
        read_layer(path)
    return refused.value


@pytest.mark.parametrize(("shapes", "rows"), [(3, 2), (2, 3), (1, 400), (0, 1)])
def test_both_counts_are_named(tmp_path: Path, shapes: int, rows: int) -> None:
    error = refusal(shapefile(tmp_path / "a.shp", shapes=shapes, rows=rows))
    assert error.code == "counts-differ"
    assert f"{shapes} shapes, {rows} rows" in error.detail.en
    assert f"{shapes} 个图形" in error.detail.zh
    assert f"{rows} 行" in error.detail.zh


def test_the_command_refuses_it(tmp_path: Path, wangge_offline) -> None:
    result = wangge_offline(
        "grids", "check", shapefile(tmp_path / "dbf_short.shp", shapes=3, rows=2), "--code", "CODE"
    )
    assert result.code == 3
    assert "3 个图形" in result.err


def test_as_many_of_both_are_read(tmp_path: Path) -> None:
    assert read_layer(shapefile(tmp_path / "a.shp", shapes=3, rows=3)).frame["CODE"].tolist() == [
        "A0",
        "A1",
        "A2",
    ]


def test_rows_that_are_marked_as_deleted(tmp_path: Path) -> None:
    error = refusal(shapefile(tmp_path / "a.shp", shapes=4, rows=4, deleted=(1, 2)))
    assert error.code == "counts-differ"
    assert "4 shapes, 2 rows: 2 more in its .dbf are marked as deleted" in error.detail.en


def test_an_index_that_lacks_shapes(tmp_path: Path) -> None:
    error = refusal(shapefile(tmp_path / "a.shp", shapes=4, index=3, rows=3))
    assert error.code == "counts-differ"
    assert "4 shapes in its .shp, 3 entries in its .shx" in error.detail.en


def test_an_index_that_points_elsewhere(tmp_path: Path) -> None:
    path = shapefile(tmp_path / "a.shp", shapes=4, rows=4)
    index = bytearray(path.with_suffix(".shx").read_bytes())
    index[108:112] = struct.pack(">i", 51)
    path.with_suffix(".shx").write_bytes(index)
    assert "entry 2 of 4 points at no shape" in refusal(path).detail.en


def test_space_that_an_editor_left_behind_is_no_shape(tmp_path: Path) -> None:
    """GDAL writes a shape that grew at the end, and leaves the old one where it was."""
    path = shapefile(tmp_path / "a.shp", shapes=2, rows=2)
    content = bytearray(path.read_bytes())
    content += struct.pack(">ii", 1, 10) + struct.pack("<idd", 1, 120.5, 36.5)
    content[24:28] = struct.pack(">i", len(content) // 2)
    path.write_bytes(content)
    index = bytearray(path.with_suffix(".shx").read_bytes())
    index[100:104] = struct.pack(">i", (len(content) - 28) // 2)
    path.with_suffix(".shx").write_bytes(index)
    frame = read_layer(path).frame
    assert shapely.get_coordinates(frame.geometry).tolist() == [[120.5, 36.5], [120.001, 36]]


@pytest.mark.parametrize("suffix", [".shp", ".shx", ".dbf"])
def test_a_part_that_is_cut_off(tmp_path: Path, suffix: str) -> None:
    path = shapefile(tmp_path / "a.shp", shapes=3, rows=3)
    part = path.with_suffix(suffix)
    part.write_bytes(part.read_bytes()[:-10])
    assert refusal(path).code in ("damaged", "counts-differ")
