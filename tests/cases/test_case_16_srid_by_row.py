"""Case 16: the spatial reference that a row names is that of the row."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely

from gis.errors import CrsUnknown
from gis.io import LayerData, read_layer

CASE = {
    "two zones": (["SRID=4549;POINT(500000 3985000)", "SRID=4548;POINT(500000 3985000)"], [(120, 35.995109), (117, 35.995109)]),
    "two datums": (["SRID=4326;POINT(120.05 35.88)", "SRID=4301;POINT(120.05 35.88)"], [(120.05, 35.88), (120.04859, 35.882831)]),
}  # fmt: skip


def read(path: Path, rows: list[str], **options: str) -> LayerData:
    path.write_text("wkt,n\n" + "".join(f'"{row}",{at}\n' for at, row in enumerate(rows)))
    return read_layer(path, **options)


def places(data: LayerData) -> list[tuple[float, float]]:
    return [tuple(pair) for pair in shapely.get_coordinates(data.frame.geometry).round(6).tolist()]


@pytest.mark.parametrize("name", CASE)
def test_each_row_is_converted_from_its_own(tmp_path: Path, name: str) -> None:
    rows, right = CASE[name]
    data = read(tmp_path / "a.csv", rows)
    assert np.allclose(places(data), right, atol=5e-6)
    assert not data.bad_rows
    # In the other order as well.
    assert np.allclose(places(read(tmp_path / "b.csv", rows[::-1])), right[::-1], atol=5e-6)


def test_a_row_without_one_beside_rows_with_is_bad(tmp_path: Path) -> None:
    for rows, bad in (
        (["SRID=4549;POINT(500000 3985000)", "POINT(120.05 35.88)"], 2),
        (["POINT(120.05 35.88)", "SRID=4549;POINT(500000 3985000)", "SRID=4548;POINT(500000 3985000)"], 1),
        (["SRID=0;POINT(120.05 35.88)", "SRID=4326;POINT(120.05 35.88)"], 1),
    ):
        data = read(tmp_path / "a.csv", rows)
        assert [(one.row, one.column) for one in data.bad_rows] == [(bad, "wkt")]
        assert "no SRID, while other rows name one" in data.bad_rows[0].reason.en


def test_hexadecimal_and_binary_ewkb_likewise(tmp_path: Path) -> None:
    points = [shapely.set_srid(shapely.Point(500000, 3985000), srid) for srid in (4549, 4548)]
    right = [(120, 35.995109), (117, 35.995109)]
    hexadecimal = [shapely.to_wkb(point, hex=True, include_srid=True) for point in points]
    assert np.allclose(places(read(tmp_path / "a.csv", hexadecimal)), right, atol=5e-6)
    mixed = [hexadecimal[0], "SRID=4548;POINT(500000 3985000)"]
    assert np.allclose(places(read(tmp_path / "m.csv", mixed)), right, atol=5e-6)
    binary = pa.array([shapely.to_wkb(point, include_srid=True) for point in points], pa.binary())
    for name, column in (("text", pa.array(hexadecimal)), ("binary", binary)):
        pq.write_table(pa.table({"geom": column, "n": [1, 2]}), tmp_path / f"{name}.parquet")
        assert np.allclose(places(read_layer(tmp_path / f"{name}.parquet")), right, atol=5e-6)


def test_one_that_nobody_knows(tmp_path: Path) -> None:
    data = read(tmp_path / "a.csv", ["SRID=4326;POINT(120 36)", "SRID=999999;POINT(120 36)"])
    assert [one.row for one in data.bad_rows] == [2]
    assert "EPSG:999999" in data.bad_rows[0].reason.en
    with pytest.raises(CrsUnknown, match="999999"):
        read(tmp_path / "b.csv", ["SRID=999999;POINT(120 36)"])


def test_the_word_of_the_caller_stands_and_is_said_to(tmp_path: Path) -> None:
    rows = ["SRID=4549;POINT(500000 3985000)", "SRID=4548;POINT(500000 3985000)"]
    data = read(tmp_path / "a.csv", rows, crs="EPSG:4549")
    assert np.allclose(places(data), [(120, 35.995109)] * 2, atol=5e-6)
    assert ["names SRID 4548" in note.en for note in data.notes] == [True]
