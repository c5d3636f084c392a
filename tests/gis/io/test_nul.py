"""NUL in a text: refused by row and column in every format, and never cut off in silence behind it."""

from __future__ import annotations

import sqlite3
import zipfile
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import pytest
import shapely

from gis.errors import InputRefused
from gis.io import read_layer
from tests.fixtures.written_tables import write_dbase, write_points


def town(code: str = "aXb") -> gpd.GeoDataFrame:
    places = [shapely.Point(120, 36), shapely.Point(120.1, 36)]
    return gpd.GeoDataFrame({"n": [1, 2], "code": ["c", code]}, geometry=places, crs=4326)


def packaged(path: Path) -> None:
    town().to_file(path)
    with sqlite3.connect(path) as connection:
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            connection.execute(f'DROP TRIGGER "{name}"')
        connection.execute(f"UPDATE {path.stem} SET code = ? WHERE n = 2", ("a\0b",))


def replaced(path: Path, *, part: str = "", by: bytes = b"a\0b", driver: str | None = None) -> None:
    town().to_file(path, driver=driver) if driver else town().to_file(path)
    where = path.with_suffix(part) if part else path
    content = where.read_bytes()
    assert b"aXb" in content
    where.write_bytes(content.replace(b"aXb", by))


def in_a_workbook(path: Path) -> None:
    """As XLSX escapes what XML has no character for."""
    cells = [("code", "lon", "lat"), ("c", "120", "36"), ("a_x0000_b", "120.1", "36")]
    rows = "".join(
        "<row>" + "".join(f'<c t="inlineStr"><is><t>{text}</t></is></c>' for text in row) + "</row>"
        for row in cells
    )
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    relations = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    packages = "http://schemas.openxmlformats.org/package/2006"
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{packages}/content-types"/>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{relations}"><sheets>'
        '<sheet name="s" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{packages}/relationships"><Relationship Id="r1" '
        f'Type="{relations}/worksheet" Target="worksheets/s.xml"/></Relationships>',
        "xl/worksheets/s.xml": f'<worksheet xmlns="{main}"><sheetData>{rows}</sheetData></worksheet>',
    }
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in parts.items():
            archive.writestr(name, text)


WRITERS: dict[str, Callable[[Path], None]] = {
    "a.gpkg": packaged,
    "a.parquet": lambda path: town("a\0b").to_parquet(path),
    "a.csv": lambda path: path.write_bytes(b"n,code,lon,lat\n1,c,120,36\n2,a\0b,120.1,36\n") and None,
    "a.tsv": lambda path: (
        path.write_bytes(b"n\tcode\tlon\tlat\n1\tc\t120\t36\n2\ta\0b\t120.1\t36\n") and None
    ),
    "a.shp": lambda path: replaced(path, part=".dbf"),
    "a.tab": lambda path: replaced(path, part=".dat", driver="MapInfo File"),
    "a.xlsx": in_a_workbook,
}


@pytest.mark.parametrize("name", WRITERS)
def test_it_is_refused_by_row_and_column(tmp_path: Path, name: str) -> None:
    WRITERS[name](tmp_path / name)
    with pytest.raises(InputRefused) as refused:
        read_layer(tmp_path / name)
    error = refused.value
    assert error.code == "not-text"
    assert [(row.row, row.column, row.value) for row in error.rows] == [(2, "code", "a\\x00b")]
    assert "第 2 行，code 列" in error.detail.zh
    assert "row 2, column code" in error.detail.en


def test_of_flatgeobuf_the_row_is_the_one_that_is_read(tmp_path: Path) -> None:
    replaced(tmp_path / "a.fgb")
    with pytest.raises(InputRefused) as refused:
        read_layer(tmp_path / "a.fgb")
    ((row, column, value),) = [(one.row, one.column, one.value) for one in refused.value.rows]
    replaced(tmp_path / "b.fgb", by=b"aYb")
    assert read_layer(tmp_path / "b.fgb").frame["code"].loc[row] == "aYb"
    assert (column, value) == ("code", "a\\x00b")


@pytest.mark.parametrize(
    ("name", "by", "driver"),
    [
        ("a.geojson", b"a\0b", None),
        ("a.geojson", b"a\\u0000b", None),
        ("a.mif", b"a\0b", "MapInfo File"),
        ("a.dxf", b"", None),
        ("a.kml", b"", None),
    ],
)
def test_in_documents_the_line_and_the_byte_are_named(
    tmp_path: Path, name: str, by: bytes, driver: str | None
) -> None:
    path = tmp_path / name
    if name == "a.kml":
        path.write_bytes(
            b'<?xml version="1.0"?>\n<kml xmlns="http://www.opengis.net/kml/2.2"><name>a\0b</name></kml>'
        )
    elif name == "a.dxf":
        path.write_bytes(b"0\nSECTION\n2\nENTITIES\n0\nTEXT\n1\na\0b\n0\nENDSEC\n0\nEOF\n")
    else:
        replaced(path, by=by, driver=driver, part=".mid" if driver else "")
    with pytest.raises(InputRefused) as refused:
        read_layer(path, crs="wgs84")
    assert "行" in refused.value.detail.zh
    assert "byte" in refused.value.detail.en
    assert "line" in refused.value.detail.en


def test_the_name_of_a_column(tmp_path: Path) -> None:
    town().rename(columns={"n": "n\0m"}).to_parquet(tmp_path / "a.parquet")
    with pytest.raises(InputRefused, match=r"n\\x00m") as refused:
        read_layer(tmp_path / "a.parquet")
    assert refused.value.code == "not-text"


@pytest.mark.parametrize("filler", [b"\0", b" "])
def test_a_field_that_is_filled_up_with_nul_is_whole(tmp_path: Path, filler: bytes) -> None:
    path = tmp_path / "a.shp"
    write_points(path, 2)
    write_dbase(path.with_suffix(".dbf"), [("CODE", "C", 6, 0)], [[b"A1" + filler * 4], [b"B" + filler * 5]])
    assert read_layer(path).frame["CODE"].tolist() == ["A1", "B"]


def test_bytes_that_are_no_text_are_no_table(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"lon,lat\n" + bytes(range(256)) * 4)
    with pytest.raises(InputRefused) as refused:
        read_layer(tmp_path / "a.csv")
    assert refused.value.code == "wrong-content"
