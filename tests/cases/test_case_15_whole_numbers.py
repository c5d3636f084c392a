"""Case 15: whole numbers beside an empty cell keep their digits, as attributes and as codes, into the database and out."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio
import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from gis.errors import UnreadableFile
from gis.io import ReadLimits, read_layer, text_column
from gis.io.json_rows import json_rows
from gis.sandbox import Sandbox
from tests.fixtures.written_tables import TABLE_WRITERS, places, write_dbase, write_geopackage, write_points

ASSETS = {
    "asset18": [370211010018003001, 370211010018003002, None],
    "asset17": [37021101001800301, None, 37021101001800302],
    "asset16": [None, 3702110102000001, 3702110102000002],
}


@pytest.mark.parametrize("extension", TABLE_WRITERS)
def test_through_the_sandbox_as_attributes_and_as_codes(tmp_path: Path, extension: str) -> None:
    path = TABLE_WRITERS[extension](ASSETS, tmp_path / f"lamps{extension}")
    (tmp_path / "jobs").mkdir()
    with Sandbox(tmp_path / "jobs") as sandbox:
        frame = sandbox.read_layer(path, limits=ReadLimits()).frame
    rows = [json.loads(line) for line in json_rows(pd.DataFrame(frame[list(ASSETS)]))]
    for name, values in ASSETS.items():
        written = [None if value is None else str(value) for value in values]
        assert text_column(frame, name) == (written, [])
        assert [row[name] for row in rows] == (written if extension == ".csv" else values)


@pytest.mark.parametrize("extension", [".gpkg", ".geojson", ".shp", ".fgb", ".parquet"])
def test_components_hold_them(wangge, town_db, tmp_path: Path, extension: str) -> None:
    path = TABLE_WRITERS[extension]({"code": ["L1", "L2", "L3"], **ASSETS}, tmp_path / f"lamps{extension}")
    done = wangge("components", "import", path, "--class", "路灯", "--code", "code", "--json")
    assert done.code == 0, str(done)
    again = TABLE_WRITERS[extension](ASSETS, tmp_path / f"again{extension}")
    refused = wangge(
        "components", "import", again, "--class", "路灯", "--code", "asset18", "--skip-bad", "--json"
    )
    assert refused.code == 0, str(refused)
    assert refused.document["rejected"] == 1  # the one without a code
    with Session(town_db.db.owner_engine) as session:
        found = session.execute(text("SELECT code, attributes FROM component WHERE code LIKE 'L_'")).all()
        stored: dict[str, Any] = {row.code: row.attributes for row in found}
        codes = session.scalars(
            text("SELECT code FROM component WHERE code LIKE '3702%' ORDER BY code")
        ).all()
    for name, values in ASSETS.items():
        assert [stored[f"L{at}"][name] for at in (1, 2, 3)] == values
    assert set(codes) >= {"370211010018003001", "370211010018003002"}


# ---------------------------------------------------------------- others of the kind
def test_numbers_wider_than_sixty_four_bits(tmp_path: Path) -> None:
    wide = [12345678901234567890123, None, 7]
    for extension in (".geojson", ".csv", ".parquet", ".shp"):
        frame = read_layer(TABLE_WRITERS[extension]({"n": wide}, tmp_path / f"a{extension}")).frame
        assert text_column(frame, "n") == (["12345678901234567890123", None, "7"], [])


def test_dbase_numbers_by_width(tmp_path: Path) -> None:
    write_points(tmp_path / "a.shp", 3)
    fields = [
        ("n18", "N", 18, 0),
        ("n19", "N", 19, 0),
        ("n20", "N", 24, 5),
        ("f", "F", 19, 0),
        ("l", "L", 1, 0),
    ]
    rows = [
        [
            b"370211010018003001",
            b"3702110100180030011",
            b"370211010018003001.00000",
            b" 370211010018003001",
            b"T",
        ],
        [b"", b"", b"", b"", b"?"],
        [b"7".rjust(18), b"+5".rjust(19), b"1.50000".rjust(24), b"1".rjust(19), b"f"],
    ]
    write_dbase(tmp_path / "a.dbf", fields, rows)
    frame = read_layer(tmp_path / "a.shp").frame
    assert text_column(frame, "n18")[0] == ["370211010018003001", None, "7"]
    assert text_column(frame, "n19")[0] == ["3702110100180030011", None, "5"]
    assert text_column(frame, "n20")[0] == ["370211010018003001", None, "1.50000"]
    assert text_column(frame, "f")[0] == ["370211010018003001", None, "1"]
    assert text_column(frame, "l")[0] == ["true", None, "false"]


def test_numbers_that_did_not_fit_their_cells_are_said(tmp_path: Path) -> None:
    write_points(tmp_path / "a.shp", 2)
    write_dbase(tmp_path / "a.dbf", [("n", "N", 4, 0)], [[b"****"], [b"  12"]])
    data = read_layer(tmp_path / "a.shp")
    assert [note.en for note in data.notes] == [
        (
            "column n has asterisks in 1 cells, which are read as empty: they were so when the file was written "
            "(by QGIS), or the numbers did not fit"
        )
    ]
    assert text_column(data.frame, "n")[0] == [None, "12"]


def test_cells_of_numbers_that_hold_letters_are_said(tmp_path: Path) -> None:
    write_points(tmp_path / "a.shp", 3)
    write_dbase(tmp_path / "a.dbf", [("n", "N", 4, 0)], [[b"12A4"], [b"    "], [b"  12"]])
    data = read_layer(tmp_path / "a.shp")
    assert [note.en for note in data.notes] == [
        "column n of numbers has 1 cells that are none, which are read as empty; for example '12A4'"
    ]
    assert text_column(data.frame, "n")[0] == [None, None, "12"]


@pytest.mark.parametrize(
    "word", ["MEDIUMINT", "SMALLINT", "TINYINT", "BIGINT", "NUMERIC", "DECIMAL(18,0)", "VARCHAR(20)", ""]
)
def test_columns_of_a_geopackage_declared_by_any_word(tmp_path: Path, word: str) -> None:
    path = write_geopackage({"x": ["a", "b", "c"]}, tmp_path / "a.gpkg")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"ALTER TABLE t ADD COLUMN n {word}")
        connection.execute("UPDATE t SET n = 370211010018003001 WHERE fid = 1")
        connection.execute("UPDATE t SET n = '007x' WHERE fid = 3")
        connection.commit()
    assert text_column(read_layer(path).frame, "n") == (["370211010018003001", None, "007x"], [])


def test_decimals_and_unsigned_numbers_of_parquet(tmp_path: Path) -> None:
    table = pa.table(
        {
            "u": pa.array([18446744073709551615, None], pa.uint64()),
            "d": pa.array([370211010018003001, None], pa.decimal128(18, 0)),
            "m": pa.array(["0.10", None], pa.string()).cast(pa.decimal128(20, 2)),
            "l": pa.array([[370211010018003001, None], None], pa.list_(pa.int64())),
            "b": pa.array([True, None]),
            "s": pa.array([0.1, None], pa.float32()),
            "lon": [120.0, 120.0],
            "lat": [36.0, 36.0],
        }
    )
    pq.write_table(table, tmp_path / "a.parquet")
    frame = read_layer(tmp_path / "a.parquet").frame
    assert text_column(frame, "u")[0] == ["18446744073709551615", None]
    assert text_column(frame, "d")[0] == ["370211010018003001", None]
    assert text_column(frame, "m")[0] == ["0.10", None]
    assert text_column(frame, "b")[0] == ["true", None]
    first = json.loads(json_rows(pd.DataFrame(frame.drop(columns="geometry")))[0])
    assert first["l"] == [370211010018003001, None]
    assert first["s"] == 0.1
    assert first["m"] == 0.1
    assert first["b"] is True


@pytest.mark.parametrize("name", ["fid", "FID"])
def test_the_key_of_a_geopackage_is_one_of_its_columns(tmp_path: Path, wangge_offline, name: str) -> None:
    path = write_geopackage({"x": ["a", "b"]}, tmp_path / "a.gpkg")
    assert text_column(read_layer(path).frame, "fid")[0] == ["1", "2"]
    result = wangge_offline("grids", "check", path, "--code", name, "--json")
    assert "no column" not in str(result)


def test_floats_that_lost_digits_name_cause_and_cure() -> None:
    frame = pd.DataFrame({"f": np.array([3.70211010018003e17, 1.0])}, index=[1, 2])
    (bad,) = text_column(frame, "f")[1]
    assert "floating-point number, which keeps some 15 digits" in bad.reason.en
    assert "make it a column of text or of whole numbers" in bad.reason.en
    single = pd.DataFrame({"f": np.array([370211010, 7.5], dtype=np.float32)}, index=[1, 2])
    assert [one.row for one in text_column(single, "f")[1]] == [1]


@pytest.mark.parametrize(("rows", "indexed"), [(1, "NO"), (1, "YES"), (40, "YES")])
def test_unsigned_numbers_of_flatgeobuf(tmp_path: Path, rows: int, indexed: str) -> None:
    """GDAL writes none of them: the type of a column of signed ones is changed in the header."""
    columns = {"t": ["甲"] * rows, "n": np.arange(rows) - 1, "d": [1.5] * rows}
    frame = gpd.GeoDataFrame(columns, geometry=places(rows), crs="EPSG:4326")
    path = tmp_path / "a.fgb"
    pyogrio.write_dataframe(frame, path, SPATIAL_INDEX=indexed)
    content = path.read_bytes()
    header = 12 + int.from_bytes(content[8:12], "little")
    found = []
    for at in (at for at in range(12, header) if content[at] == 7):
        path.write_bytes(content[:at] + b"\x08" + content[at + 1 :])
        try:
            read = read_layer(path).frame
        except UnreadableFile:
            continue
        if read["n"].dtype == np.uint64:
            found.append(sorted(read["n"].tolist()))
            assert read["t"].tolist() == ["甲"] * rows
            assert read["d"].tolist() == [1.5] * rows
    assert [*range(rows - 1), 2**64 - 1] in found
