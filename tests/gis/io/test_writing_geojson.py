"""GeoJSON keeps every lattice step: what is written and read again is the same boundary."""

import json

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely
from hypothesis import given
from hypothesis import strategies as st

from gis.io import read_layer, write_layer

steps = st.tuples(st.integers(-1_800_000_000, 1_800_000_000), st.integers(-900_000_000, 900_000_000))


def back(frame, folder, name="a.geojson"):
    return read_layer(write_layer(frame, folder / name))


@given(st.lists(steps, min_size=1, max_size=20))
def test_every_lattice_place_survives(tmp_path_factory, places):
    xy = np.array(places) / 1e7
    frame = gpd.GeoDataFrame({"n": range(len(xy))}, geometry=shapely.points(xy), crs=4326)
    folder = tmp_path_factory.mktemp("geojson")
    found = pyogrio.read_dataframe(write_layer(frame, folder / "a.geojson"))
    assert (shapely.get_coordinates(found.geometry.to_numpy()) == xy).all()


def test_a_digit_after_many_zeros(tmp_path):
    ring = [(120.1000003, 35.9050001), (120.1050007, 35.9), (120.1020002, 35.9090009)]
    frame = gpd.GeoDataFrame({"code": ["甲"]}, geometry=[shapely.Polygon(ring)], crs=4326)
    text = write_layer(frame, tmp_path / "a.geojson").read_text("utf-8")
    assert "120.1000003" in text
    assert json.loads(text)["features"][0]["properties"] == {"code": "甲"}


def test_values_of_every_kind(tmp_path):
    frame = gpd.GeoDataFrame(
        {
            "text": ['a"b\n\u2028', None],
            "number": [0.25, np.nan],
            "whole": [2**53 - 1, 0],
            "when": pd.to_datetime(["2026-11-21T14:05:00Z", None]),
            "yes": [True, False],
        },
        geometry=[shapely.Point(120, 36), None],
        crs=4326,
    )
    features = json.loads(write_layer(frame, tmp_path / "a.json").read_text("utf-8"))["features"]
    assert features[0]["properties"]["text"] == 'a"b\n\u2028'
    assert features[0]["properties"]["number"] == 0.25
    assert features[0]["properties"]["whole"] == 2**53 - 1
    assert features[0]["properties"]["when"].startswith("2026-11-21T14:05:00")
    assert features[1]["geometry"] is None
    assert features[1]["properties"]["number"] is None


def test_no_columns_and_no_rows(tmp_path):
    bare = gpd.GeoDataFrame(geometry=[shapely.Point(120, 36)], crs=4326)
    assert (
        json.loads(write_layer(bare, tmp_path / "a.geojson").read_text())["features"][0]["properties"] == {}
    )
    none = gpd.GeoDataFrame({"a": []}, geometry=[], crs=4326)
    assert json.loads(write_layer(none, tmp_path / "b.geojson").read_text())["features"] == []


def test_more_digits_than_the_lattice_are_rounded(tmp_path):
    frame = gpd.GeoDataFrame({"a": [1]}, geometry=[shapely.Point(120.123456789, 36)], crs=4326)
    assert back(frame, tmp_path).frame.geometry.iloc[0].x == 120.1234568
