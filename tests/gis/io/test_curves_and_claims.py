"""Columns of shapes with arcs among them, and claims about a column that it does not bear out."""

from __future__ import annotations

import json
import sqlite3
import struct
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely

from gis.bulk_arrow.owners import _wkb_points
from gis.curves import CURVED
from gis.errors import UnreadableFile
from gis.io import read_layer

_ARC = b"\x01" + struct.pack("<II6d", 8, 3, 120, 36, 120.1, 36.1, 120.2, 36)
_CURVE_POLYGON = b"\x01" + struct.pack("<II", 10, 1) + _ARC
_POINT = shapely.to_wkb(shapely.Point(120, 36))


@pytest.mark.parametrize(
    "curve",
    [
        "CIRCULARSTRING (120 36, 120.1 36.1, 120.2 36)",
        "CURVEPOLYGON (CIRCULARSTRING (120 36, 120.1 36.1, 120 36))",
        "SRID=4326;MULTISURFACE (((120 36, 120.1 36, 120.1 36.1, 120 36)))",
        _CURVE_POLYGON.hex(),
    ],
)
def test_a_curve_in_a_table_costs_its_own_row_only(tmp_path: Path, curve: str) -> None:
    prefix = "SRID=4326;" if curve.startswith("SRID") else ""
    file = tmp_path / "a.csv"
    file.write_text(f'wkt,n\n{prefix}POINT (120 36),a\n"{curve}",b\n', encoding="utf-8")
    data = read_layer(file)
    assert data.frame.geometry.iloc[0] == shapely.Point(120, 36)
    assert [(bad.row, bad.reason.en) for bad in data.bad_rows] == [(2, CURVED[1])]


def test_a_curve_in_geoparquet_costs_its_own_row_only(tmp_path: Path) -> None:
    file = _parquet(tmp_path / "a.parquet", [_POINT, _CURVE_POLYGON], encoding="WKB")
    data = read_layer(file)
    assert [(bad.row, bad.reason.en) for bad in data.bad_rows] == [(2, CURVED[1])]


def test_a_curve_among_places_in_bulk_has_none() -> None:
    # With a height, so that the fast way is not taken.
    raised = shapely.to_wkb(shapely.Point(120, 36, 5))
    x, y = _wkb_points(pa.array([raised, _ARC, None], pa.binary()))
    assert np.array_equal([x, y], [[120, np.nan, np.nan], [36, np.nan, np.nan]], equal_nan=True)


def test_a_curve_in_a_geopackage_is_named_by_its_row(tmp_path: Path) -> None:
    file = tmp_path / "a.gpkg"
    gpd.GeoDataFrame({"n": ["a", "b"]}, geometry=gpd.points_from_xy([120, 121], [36, 36]), crs=4326).to_file(
        file
    )
    header = b"GP\x00\x01" + struct.pack("<i", 4326)
    with sqlite3.connect(file) as package:
        for name in [
            row[0] for row in package.execute("SELECT name FROM sqlite_master WHERE type='trigger'")
        ]:
            package.execute(f'DROP TRIGGER "{name}"')
        package.execute("UPDATE a SET geom = ? WHERE fid = 2", (header + _CURVE_POLYGON,))
    package.close()
    data = read_layer(file)
    assert [bad.row for bad in data.bad_rows] in ([], [2])
    assert data.frame.geometry.iloc[0] == shapely.Point(120, 36)
    assert len(data.frame) == 2


@pytest.mark.parametrize("encoding", ["point", "polygon", "multipolygon", "WKT", "wkb", "x"])
def test_an_encoding_that_the_column_does_not_have_is_refused(tmp_path: Path, encoding: str) -> None:
    file = _parquet(tmp_path / "a.parquet", [_POINT, _POINT], encoding=encoding)
    with pytest.raises(UnreadableFile, match="is damaged"):
        read_layer(file)


def test_truth_values_are_no_degrees(tmp_path: Path) -> None:
    file = tmp_path / "a.parquet"
    pq.write_table(pa.table({"lon": [True, None], "lat": [35.0, 36.0]}), file)
    assert [(bad.row, bad.reason.en) for bad in read_layer(file).bad_rows] == [
        (1, "not a number"),
        (2, "no coordinate"),
    ]


def test_headers_in_traditional_characters_are_degrees(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes("編號,經度,緯度\n七,120,36\n".encode("big5"))
    data = read_layer(file, encoding="Big5")
    assert data.frame.geometry.iloc[0] == shapely.Point(120, 36)


def _parquet(path: Path, wkb: list[bytes], *, encoding: str) -> Path:
    about = {
        "version": "1.0.0",
        "primary_column": "g",
        "columns": {"g": {"encoding": encoding, "geometry_types": []}},
    }
    table = pa.table({"n": np.arange(len(wkb)), "g": pa.array(wkb, pa.binary())})
    pq.write_table(table.replace_schema_metadata({"geo": json.dumps(about)}), path)
    return path
