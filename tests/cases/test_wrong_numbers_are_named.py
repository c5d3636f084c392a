"""Metres where degrees are meant, degrees where metres are, exchanged axes, zone numbers: named with a row and a way out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from gis.crs import from_wgs84, to_wgs84
from gis.errors import CrsMissing, GeometryError, Refusal, SwappedCoordinates
from gis.io import read_layer
from gis.io.likely_crs import likely_crs

PLACE = (120.05, 35.88)


def point_file(path: Path, x: float, y: float, *, rows: int = 3) -> Path:
    if path.suffix == ".csv":
        path.write_text("x,y\n" + f"{x},{y}\n" * rows)
    elif path.suffix == ".geojson":
        shape = {"type": "Point", "coordinates": [x, y]}
        features = [{"type": "Feature", "properties": {}, "geometry": shape}] * rows
        path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    else:
        gpd.GeoDataFrame({"a": range(rows)}, geometry=[shapely.Point(x, y)] * rows, crs=4326).to_file(path)
    return path


@pytest.mark.parametrize("name", ["a.csv", "a.geojson", "a.gpkg", "a.shp"])
@pytest.mark.parametrize(
    ("crs", "said"),
    [("EPSG:4528", "--crs EPSG:4528"), ("EPSG:4549", "--crs EPSG:4549"), ("EPSG:3857", "--crs EPSG:3857"),
     ("EPSG:4498", "--crs EPSG:4498")],
)  # fmt: skip
def test_metres_where_degrees_are_meant(tmp_path: Path, name: str, crs: str, said: str) -> None:
    x, y = from_wgs84(*PLACE, crs)
    file = point_file(tmp_path / name, round(float(x), 3), round(float(y), 3))
    with pytest.raises((GeometryError, CrsMissing)) as refused:
        read_layer(file)
    for text in (refused.value.detail.zh, refused.value.detail.en):
        assert said in text
        assert str(int(x)) in text
    assert "第 1 行" in refused.value.detail.zh
    # The option that is named works.
    point = read_layer(file, crs=crs).frame.geometry.iloc[0]
    assert (round(point.x, 6), round(point.y, 6)) == PLACE


@pytest.mark.parametrize(
    ("x", "y", "crs", "said"),
    [
        (*PLACE, "EPSG:4549", "--crs wgs84"),
        (*PLACE, "EPSG:3857", "--crs wgs84"),
        (40504513.1, 3972000.5, "EPSG:4549", "--crs EPSG:4528"),
        (39504513.1, 3972000.5, "EPSG:4549", "--crs EPSG:4527"),
        (504513.1, 3972000.5, "EPSG:4528", "--crs EPSG:4549"),
        (504513.1, 3972000.5, "EPSG:4498", "--crs EPSG:4509"),
        (13364000.5, 4285000.5, "EPSG:4549", "--crs EPSG:3857"),
        (35.88, 120.05, "EPSG:4549", "纬度写在前面"),
        # Northing first, as the registry has the axes of these systems and surveyors write them.
        (3972000.5, 504513.1, "EPSG:4549", "写反"),
        (3972000.5, 40504513.1, "EPSG:4528", "写反"),
        (3972000.5, 40504513.1, "EPSG:4549", "--crs EPSG:4528"),
    ],
)
def test_numbers_of_another_system(tmp_path: Path, x: float, y: float, crs: str, said: str) -> None:
    with pytest.raises(GeometryError) as refused:
        read_layer(point_file(tmp_path / "a.csv", x, y), crs=crs)
    assert said in refused.value.detail.zh
    assert "第 1 行" in refused.value.detail.zh
    assert "row 1" in refused.value.detail.en


def test_latitude_first(tmp_path: Path) -> None:
    with pytest.raises(SwappedCoordinates) as refused:
        read_layer(point_file(tmp_path / "a.geojson", 35.88, 120.05))
    assert "第 1 行" in refused.value.detail.zh


@pytest.mark.parametrize("crs", ["EPSG:4326", "urn:ogc:def:crs:EPSG::4326", "EPSG:4490"])
def test_geojson_and_geopackage_have_longitude_first_whatever_the_registry_says(
    tmp_path: Path, crs: str
) -> None:
    file = point_file(tmp_path / "a.geojson", *PLACE)
    body: dict[str, Any] = json.loads(file.read_text())
    body["crs"] = {"type": "name", "properties": {"name": crs}}
    file.write_text(json.dumps(body))
    assert read_layer(file).frame.geometry.iloc[0].coords[0] == PLACE
    assert read_layer(point_file(tmp_path / "a.gpkg", *PLACE)).frame.geometry.iloc[0].coords[0] == PLACE


@given(st.floats(-2e8, 2e8), st.floats(-2e8, 2e8))
def test_a_guess_is_of_two_languages_and_never_fails(x: float, y: float) -> None:
    found = likely_crs(x, y)
    assert found is None or (found.zh and found.en and found.zh != found.en)


@given(st.floats(75, 135), st.floats(18, 53))
def test_what_a_zone_number_says_is_right(lon: float, lat: float) -> None:
    zone = round(lon / 3)
    x, y = (float(v) for v in from_wgs84(lon, lat, f"EPSG:{4488 + zone}"))
    said = likely_crs(x, y)
    assert said is not None
    assert f"EPSG:{4488 + zone}" in said.en
    back = to_wgs84(x, y, f"EPSG:{4488 + zone}")
    assert (round(float(back[0]), 9), round(float(back[1]), 9)) == (round(lon, 9), round(lat, 9))


def test_one_wrong_row_is_a_bad_row_and_not_the_file(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("x,y\n120.05,35.88\n120.06,35.88\n504513,3972000\n")
    data = read_layer(tmp_path / "a.csv")
    assert [one.row for one in data.bad_rows] == [3]
    assert issubclass(GeometryError, Refusal)
