"""Tables in all their dialects: separators, encodings, columns, and rows that cannot be used."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv as pa_csv
import pytest
import shapely

from gis.crs import from_wgs84
from gis.errors import (
    CrsMissing,
    InputRefused,
    MissingColumn,
    SwappedCoordinates,
    UnknownEncoding,
)
from gis.geometry import round_degrees
from gis.io import find_column, guess_column, read_layer, text_column


def write(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16"])
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("line", ["\n", "\r\n"])
def test_dialects(tmp_path: Path, encoding: str, separator: str, line: str) -> None:
    rows = [
        ["编号", "名称", "经度", "纬度"],
        ["007", "路灯，甲", "120.05", "35.88"],
        ["008", "井盖", "120.06", "35.89"],
    ]
    path = write(tmp_path / "a.csv", line.join(separator.join(row) for row in rows) + line, encoding)
    if encoding.startswith("gb"):
        with pytest.raises(UnknownEncoding, match="gb18030 → "):
            read_layer(path)
    data = read_layer(path, encoding=encoding if encoding.startswith("gb") else None)
    assert data.frame["编号"].tolist() == ["007", "008"]
    assert data.frame["名称"].tolist() == ["路灯，甲", "井盖"]
    assert list(data.frame.columns) == ["编号", "名称", "经度", "纬度", "geometry"]
    assert shapely.get_coordinates(data.frame.geometry).tolist() == [[120.05, 35.88], [120.06, 35.89]]
    assert data.encoding == {"utf-8-sig": "utf-8", "gbk": "gb18030"}.get(encoding, encoding)
    assert (data.driver, data.crs_source, data.bad_rows) == ("CSV", "assumed", [])


def test_the_encoding_of_a_latin_file_has_to_be_said(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "lon,lat,name\n120,36,caf\u00e9 \u00fc.\n", "latin-1")
    with pytest.raises(UnknownEncoding):
        read_layer(path)
    assert read_layer(path, encoding="latin-1").frame["name"].tolist() == ["café ü."]


def test_quoted_fields_may_hold_separators_and_line_breaks(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", 'id,note,lon,lat\n1,"two\nlines, ""quoted""",120,36\n2,plain,121,36\n')
    data = read_layer(path)
    assert data.frame["note"].tolist() == ['two\nlines, "quoted"', "plain"]


def test_bad_rows_are_numbered_as_data_rows_with_column_and_value(tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.csv",
        "id,lon,lat\n1,120.05,35.88\n2,,35.88\n3,abc,35.88\n4,120.05,\n5,nan,35.88\n6,120.05,95\n7,120.06,35.89\n8,inf,1\n",
    )
    data = read_layer(path)
    assert [(bad.row, bad.column, bad.value) for bad in data.bad_rows] == [
        (2, "lon", ""),
        (3, "lon", "abc"),
        (4, "lat", ""),
        (5, "lon", "nan"),
        (6, "lon, lat", "(120.05, 95)"),
        (8, "lon", "inf"),
    ]
    assert data.bad_rows[1].text("zh") == "第 3 行，lon 列：不是数字（实际为 'abc'）"
    assert data.frame["id"].tolist() == list("12345678")
    assert data.usable["id"].tolist() == ["1", "7"]


def test_ragged_rows_are_told_and_keep_the_numbering(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "id,lon,lat\n1,120,36\n2,120\n3,120,36,extra\n4,121,36\n\n5,122,36\n")
    data = read_layer(path)
    assert [(bad.row, bad.column) for bad in data.bad_rows] == [(2, "*"), (3, "*")]
    assert "3" in data.bad_rows[0].reason.en
    assert data.frame["id"].tolist() == list("12345")
    assert data.usable["id"].tolist() == ["1", "4", "5"]


def test_decimal_commas_between_semicolons(tmp_path: Path) -> None:
    data = read_layer(write(tmp_path / "a.csv", "id;lon;lat\n1;120,05;35,88\n"))
    assert data.frame.geometry.iloc[0].wkt == "POINT (120.05 35.88)"


@pytest.mark.parametrize(
    ("header", "pair"),
    [
        ("lng,lat", ("lng", "lat")),
        ("LON,LAT", ("LON", "LAT")),
        ("Longitude,Latitude", ("Longitude", "Latitude")),
        ("经度,纬度", ("经度", "纬度")),
        (" lon , lat ", ("lon", "lat")),
        ("X,Y", ("X", "Y")),
    ],
)
def test_usual_names_are_guessed(tmp_path: Path, header: str, pair: tuple[str, str]) -> None:
    data = read_layer(write(tmp_path / "a.csv", f"{header}\n120.05,35.88\n"))
    assert data.frame[list(pair)].iloc[0].tolist() == ["120.05", "35.88"]
    assert data.frame.geometry.iloc[0].wkt == "POINT (120.05 35.88)"


def test_named_columns_stand_over_guesses(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "lon,lat,gps_lon,gps_lat\n1,2,120.05,35.88\n")
    assert read_layer(path, lon="gps_lon", lat="GPS_LAT").frame.geometry.iloc[0].x == 120.05
    with pytest.raises(MissingColumn) as refused:
        read_layer(path, lon="gps_lon", lat="nope")
    assert "gps_lat" in refused.value.text("zh")
    with pytest.raises(MissingColumn):
        read_layer(path, lon="gps_lon")


def test_no_columns_to_make_places_from(tmp_path: Path) -> None:
    with pytest.raises(MissingColumn) as refused:
        read_layer(write(tmp_path / "a.csv", "id,name\n1,x\n"))
    assert refused.value.code == "no-place-columns"
    assert "id, name" in refused.value.text("en")


def test_the_same_and_missing_column_names(tmp_path: Path) -> None:
    data = read_layer(write(tmp_path / "a.csv", "id,,id,lon,lat\n1,2,3,120,36\n"))
    assert list(data.frame.columns) == ["id", "column_2", "id_2", "lon", "lat", "geometry"]


@pytest.mark.parametrize("crs", ["gcj02", "bd09", "EPSG:4549"])
def test_coordinates_in_another_crs(tmp_path: Path, crs: str) -> None:
    x, y = from_wgs84([120.05, 120.06], [35.88, 35.89], crs)
    lines = "\n".join(f"{float(a)!r},{float(b)!r}" for a, b in zip(x, y, strict=True))
    data = read_layer(write(tmp_path / "a.csv", f"lon,lat\n{lines}\n"), crs=crs)
    assert (data.crs, data.crs_source) == (crs, "argument")
    assert round_degrees(shapely.get_coordinates(data.frame.geometry)).tolist() == [
        [120.05, 35.88],
        [120.06, 35.89],
    ]


def test_metres_without_crs_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "x,y\n504516.2,3971000.1\n504517.2,3971001.1\n")
    with pytest.raises(CrsMissing) as refused:
        read_layer(path)
    assert "504516" in refused.value.text("zh")
    assert len(read_layer(path, crs="EPSG:4549").frame) == 2


def test_swapped_columns_are_refused_as_a_whole_and_single_rows_by_number(tmp_path: Path) -> None:
    with pytest.raises(SwappedCoordinates):
        read_layer(write(tmp_path / "a.csv", "lon,lat\n35.88,120.05\n35.89,120.06\n"))
    data = read_layer(write(tmp_path / "b.csv", "lon,lat\n35.88,120.05\n120.06,35.89\n120.07,35.9\n"))
    assert [bad.row for bad in data.bad_rows] == [1]


def test_wkt_ewkt_and_hexadecimal_wkb(tmp_path: Path) -> None:
    square = shapely.box(120, 36, 120.01, 36.01)
    texts = [square.wkt, "POLYGON ((120 36, 121", "", square.wkt]
    path = write(
        tmp_path / "a.csv", "id;geom\n" + "\n".join(f"{at};{text}" for at, text in enumerate(texts)) + "\n"
    )
    data = read_layer(path)
    assert [(bad.row, bad.column) for bad in data.bad_rows] == [(2, "geom"), (3, "geom")]
    assert data.frame.geometry.iloc[0].equals(square)
    assert "geom" not in data.frame.columns
    x, y = from_wgs84(120.05, 35.88, 4549)
    ewkt = read_layer(write(tmp_path / "b.csv", f'id,wkt\n1,"SRID=4549;POINT ({float(x)!r} {float(y)!r})"\n'))
    assert (ewkt.crs, ewkt.crs_source) == ("EPSG:4549", "file")
    assert round_degrees(shapely.get_coordinates(ewkt.frame.geometry)).tolist() == [[120.05, 35.88]]
    blob = shapely.to_wkb(shapely.set_srid(shapely.Point(120.05, 35.88), 4326), hex=True, include_srid=True)
    hexed = read_layer(write(tmp_path / "c.csv", f"id,geom\n1,{blob}\n"), wkt="geom")
    assert (hexed.crs, hexed.frame.geometry.iloc[0].wkt) == ("wgs84", "POINT (120.05 35.88)")


def test_wkt_in_metres_without_crs_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CrsMissing):
        read_layer(write(tmp_path / "a.csv", "id,wkt\n1,POINT (504516 3971000)\n"))


@pytest.mark.parametrize("text", ["\n", "lon,lat\n", "\n\nlon,lat\n1,2\n", "\ufeff"])
def test_tables_without_header_or_rows(tmp_path: Path, text: str) -> None:
    with pytest.raises(InputRefused) as refused:
        read_layer(write(tmp_path / "a.csv", text))
    assert refused.value.code in {"no-header", "no-rows", "wrong-content"}


def test_a_plain_parquet_table_is_read_by_its_columns(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {"id": ["007", "008", "009"], "lon": [120.05, np.nan, 120.06], "lat": [35.88, 35.9, 35.89]}
    )
    frame.to_parquet(tmp_path / "a.parquet")
    data = read_layer(tmp_path / "a.parquet")
    assert (data.driver, data.crs_source) == ("Parquet", "assumed")
    assert [(bad.row, bad.column) for bad in data.bad_rows] == [(2, "lon")]
    assert data.frame["id"].tolist() == ["007", "008", "009"]


# ---------------------------------------------------------------- columns
def test_finding_columns() -> None:
    assert find_column(["Code", "code"], "code", file="a") == "code"
    with pytest.raises(MissingColumn):
        find_column(["Code", "CODE"], "code", file="a")
    assert guess_column(["b", "A"], ["a", "b"]) == "A"
    assert guess_column(["x"], ["a"]) is None


def test_codes_as_text() -> None:
    frame = pd.DataFrame(
        {
            "text": [" 007 ", None, ""],
            "whole": pd.array([7, None, 9], dtype="Int64"),
            "float": [370211001.0, np.nan, 1.5],
            "flag": [True, False, True],
        },
        index=[1, 2, 3],
    )
    assert text_column(frame, "text") == (["007", None, None], [])
    assert text_column(frame, "whole") == (["7", None, "9"], [])
    assert text_column(frame, "float") == (["370211001", None, "1.5"], [])
    assert text_column(frame, "flag") == (["true", "false", "true"], [])


def test_codes_that_a_spreadsheet_has_ruined_are_bad_rows() -> None:
    frame = pd.DataFrame(
        {"text": ["3.70211E+14", "370211"], "float": [37021101003000007.0, 1.0]}, index=[5, 6]
    )
    assert [(bad.row, bad.column) for bad in text_column(frame, "text")[1]] == [(5, "text")]
    assert [(bad.row, bad.column) for bad in text_column(frame, "float")[1]] == [(5, "float")]


def test_a_million_rows(tmp_path: Path) -> None:
    count = 1_000_000
    rng = np.random.default_rng(0)
    x, y = rng.uniform(119.5, 120.5, count).round(7), rng.uniform(35.5, 36.1, count).round(7)
    pa_csv.write_csv(pa.table({"编号": np.arange(count), "lon": x, "lat": y}), tmp_path / "a.csv")
    data = read_layer(tmp_path / "a.csv")
    assert len(data.frame) == count
    assert (shapely.get_coordinates(data.frame.geometry) == np.column_stack([x, y])).all()
