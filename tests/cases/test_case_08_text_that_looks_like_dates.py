"""Case 08: text that looks like a date, a number or a word of a programming language is text."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gis.io import read_layer, text_column
from tests.fixtures.written_tables import TABLE_WRITERS, TRAPS, write_dbase, write_geopackage, write_points

CASE = (
    *(
        "3000-02-31",
        "9000-01-01",
        "2021/03/01",
        "12:30",
        "2021/03/01 08:00:00",
        "2026-02-31",
        "2026-11-31",
        "2:3",
    ),
    *(
        "20210301",
        "2021-W09-1",
        "12:30:00.5",
        "2021-03-01T08:00:00Z",
        "2021-03-01T08:00:00+08:00",
        "31/12/2026",
    ),
)


@pytest.mark.parametrize("extension", TABLE_WRITERS)
def test_codes_come_out_as_they_stand(tmp_path: Path, extension: str) -> None:
    codes = list(dict.fromkeys([*CASE, *(text for text in TRAPS if text == text.strip() and text)]))
    path = TABLE_WRITERS[extension]({"code": codes}, tmp_path / f"a{extension}")
    assert text_column(read_layer(path).frame, "code") == (codes, [])


@pytest.mark.parametrize("text", CASE)
def test_a_column_of_nothing_but_one_kind_of_them(tmp_path: Path, text: str) -> None:
    path = TABLE_WRITERS[".geojson"]({"code": [text, None, text]}, tmp_path / "a.geojson")
    assert text_column(read_layer(path).frame, "code")[0] == [text, None, text]


def test_owners_are_called_by_them(tmp_path: Path, wangge_offline) -> None:
    rings = {code: [[[x, 36], [x + 0.01, 36], [x + 0.01, 36.01], [x, 36.01], [x, 36]]] for code, x in
             (("3000-02-31", 120.0), ("9000-01-01", 120.01))}  # fmt: skip
    features = [
        {
            "type": "Feature",
            "properties": {"code": code},
            "geometry": {"type": "Polygon", "coordinates": ring},
        }
        for code, ring in rings.items()
    ]
    (tmp_path / "g.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    for code, x in (("3000-02-31", 120.005), ("9000-01-01", 120.015)):
        result = wangge_offline(
            "locate", x, 36.005, "--boundaries", tmp_path / "g.geojson", "--code", "code", "--json"
        )
        assert result.document["grid"]["code"] == code


def test_columns_of_dates_come_out_as_iso_text(tmp_path: Path) -> None:
    days = pa.array([1, None], pa.date32())
    instants = pa.array([0, None], pa.timestamp("ms", tz="Asia/Shanghai"))
    exact = pa.array([1, None], pa.timestamp("us"))
    pq.write_table(
        pa.table({"d": days, "t": instants, "e": exact, "lon": [120.0, 120.0], "lat": [36.0, 36.0]}),
        tmp_path / "a.parquet",
    )
    frame = read_layer(tmp_path / "a.parquet").frame
    assert text_column(frame, "d")[0] == ["1970-01-02", None]
    assert text_column(frame, "t")[0] == ["1970-01-01T08:00:00+08:00", None]
    assert text_column(frame, "e")[0] == ["1970-01-01T00:00:00.000001", None]


def test_days_that_do_not_exist_in_columns_of_dates(tmp_path: Path) -> None:
    path = write_geopackage({"n": [1, 2]}, tmp_path / "a.gpkg")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("ALTER TABLE t ADD COLUMN day DATE")
        connection.execute("UPDATE t SET day = '2026-02-31' WHERE fid = 1")
        connection.commit()
    assert read_layer(path).frame["day"].fillna("").tolist() == ["2026-02-31", ""]
    write_points(tmp_path / "a.shp", 3)
    write_dbase(tmp_path / "a.dbf", [("day", "D", 8, 0)], [[b"20260301"], [b"20260231"], [b""]])
    assert text_column(read_layer(tmp_path / "a.shp").frame, "day")[0] == ["2026-03-01", "20260231", None]
