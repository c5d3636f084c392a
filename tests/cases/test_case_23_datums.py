"""Case 23: a datum is shifted by one published transformation that holds for the places, or refused."""

from __future__ import annotations

import json
from pathlib import Path

import geopandas as gpd
import httpx
import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from gis.crs import CrsLike, choose_shift, from_wgs84, parse_crs, to_wgs84
from gis.errors import CrsUnknown
from gis.io import read_layer
from gis.locate import GridIndex
from gis.measures import geodesic_distance_m
from tests.fixtures.served import Served

BEIJING_GK_114 = (
    'PROJCS["Beijing_1954_3_Degree_GK_CM_114E",GEOGCS["GCS_Beijing_1954",DATUM["D_Beijing_1954",'
    'SPHEROID["Krasovsky_1940",6378245.0,298.3]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],'
    'PROJECTION["Gauss_Kruger"],PARAMETER["False_Easting",500000.0],PARAMETER["False_Northing",0.0],'
    'PARAMETER["Central_Meridian",114.0],PARAMETER["Scale_Factor",1.0],PARAMETER["Latitude_Of_Origin",0.0],'
    'UNIT["Meter",1.0]]'
)


def squares(path: Path, *boxes: tuple[float, float, float, float]) -> Path:
    features = [
        {
            "type": "Feature",
            "properties": {"code": f"g{at}"},
            "geometry": shapely.geometry.mapping(shapely.box(*box)),
        }
        for at, box in enumerate(boxes)
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return path


def refused(lon: float, lat: float, crs: CrsLike) -> CrsUnknown:
    with pytest.raises(CrsUnknown) as caught:
        to_wgs84(lon, lat, crs)
    assert caught.value.code == "no-transformation"
    assert "CGCS2000" in caught.value.detail.zh
    assert "published transformation" in caught.value.detail.en
    return caught.value


# ---------------------------------------------------------------- the case itself
@pytest.mark.parametrize(
    ("x", "y", "crs"),
    [
        (114.4246, 30.4733, "EPSG:4214"),
        (500000.0, 3985000.0, "EPSG:21460"),
        (500000.0, 3372000.0, "EPSG:2435"),
        (114.4246, 30.4733, "EPSG:4610"),
        (114.4246, 30.4733, "EPSG:4555"),
        # The box of an operation for oil fields at sea reaches over the coast.
        (120.05, 35.88, "EPSG:4214"),
    ],
)
def test_places_without_a_published_transformation_are_refused(x: float, y: float, crs: str) -> None:
    refused(x, y, crs)


def test_the_refusal_names_the_place_as_it_was_given() -> None:
    assert "(114.4246, 30.4733)" in refused(114.4246, 30.4733, "EPSG:4214").detail.zh


def test_squares_astride_the_edge_of_an_area_are_refused_as_a_whole(wangge, tmp_path: Path) -> None:
    file = squares(
        tmp_path / "astride_119_23.geojson", (119.22, 35.9, 119.23, 35.91), (119.23, 35.9, 119.25, 35.91)
    )
    result = wangge("grids", "check", file, "--code", "code", "--crs", "EPSG:4214", "--json")
    assert result.code == 3, str(result)
    assert result.document["error"]["code"] == "no-transformation"


def test_the_prj_that_arcgis_writes_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "grids.shp"
    gpd.GeoDataFrame(
        {"code": ["a"]}, geometry=[shapely.box(504000, 3372000, 504100, 3372100)], crs=4547
    ).to_file(file)
    (tmp_path / "grids.prj").write_text(BEIJING_GK_114)
    with pytest.raises(CrsUnknown):
        read_layer(file)


def test_over_http(served: Served) -> None:
    body = {"points": [[120.05, 35.88]], "crs": "EPSG:4214"}
    with httpx.Client(base_url=served.url) as web:
        answers = [
            web.get("/v1/convert?lon=114.4246&lat=30.4733&crs=EPSG:4214"),
            web.get("/v1/locate?lon=120.05&lat=35.88&crs=EPSG:4214"),
            web.get("/v1/locate?lon=504513&lat=3972000&crs=EPSG:21460"),
            web.post("/v1/locate", json=body),
        ]
        moved = web.get("/v1/convert?lon=139.7&lat=35.7&crs=EPSG:4301").json()
    assert [(one.status_code, one.json()["code"]) for one in answers] == [(422, "no-transformation")] * 4
    assert moved["transformation"] == {"name": "Tokyo to WGS 84 (108)", "accuracy_m": 9.0}
    assert moved["wgs84"] == [139.696771, 35.703235]


# ---------------------------------------------------------------- what holds is used, and its accuracy said
@pytest.mark.parametrize(
    ("x", "y", "crs", "lon", "lat"),
    [
        # Made with cs2cs of PROJ 9 and the operation named by hand.
        (120.0, 36.0, "EPSG:4301", 119.998593, 36.002816),
        (120.05, 35.88, "EPSG:4301", 120.04859, 35.882831),
        (108.5, 37.0, "EPSG:4214", 108.500425, 37.000264),
        (37.6, 55.75, "EPSG:4284", 37.598126, 55.750042),
        (151.2, -33.9, "EPSG:4202", 151.201156, -33.898423),
    ],
)
def test_places_inside_an_area_are_moved(x: float, y: float, crs: str, lon: float, lat: float) -> None:
    got = to_wgs84(x, y, crs)
    assert (round(float(got[0]), 6), round(float(got[1]), 6)) == (lon, lat)
    back = from_wgs84(*got, crs)
    assert float(geodesic_distance_m(x, y, float(back[0]), float(back[1]))) < 0.01


def test_the_accuracy_is_said(wangge, tmp_path: Path) -> None:
    file = squares(tmp_path / "a.geojson", (139.70, 35.60, 139.71, 35.61))
    result = wangge("grids", "check", file, "--code", "code", "--crs", "EPSG:4301", lang="en")
    assert result.code == 0, str(result)
    assert "Tokyo to WGS 84" in result.err
    assert "9 m" in result.err
    (note,) = read_layer(file, crs="EPSG:4301").notes
    assert "9 米" in note.zh


def test_parameters_in_the_file_are_its_own_word(tmp_path: Path) -> None:
    file = tmp_path / "grids.shp"
    gpd.GeoDataFrame(
        {"code": ["a"]}, geometry=[shapely.box(504000, 3372000, 504100, 3372100)], crs=4547
    ).to_file(file)
    stated = BEIJING_GK_114.replace("298.3]]", "298.3],TOWGS84[15.8,-154.4,-82.3,0,0,0,0]]")
    (tmp_path / "grids.prj").write_text(stated)
    data = read_layer(file)
    assert "自带的参数" in data.notes[0].zh
    lon, lat = data.frame.total_bounds[:2]
    unmoved = to_wgs84(504000, 3372000, "EPSG:4547")
    assert 50 < float(geodesic_distance_m(lon, lat, float(unmoved[0]), float(unmoved[1]))) < 200
    # Seven zeros are how software writes that it knows none.
    (tmp_path / "grids.prj").write_text(stated.replace("15.8,-154.4,-82.3", "0,0,0"))
    with pytest.raises(CrsUnknown):
        read_layer(file)


def test_a_stray_row_does_not_decide_for_the_file() -> None:
    lon, lat = to_wgs84([139.7, 0.0, np.nan], [35.7, 0.0, 35.7], "EPSG:4301")
    assert np.isnan(lon).tolist() == [False, True, True]
    assert (float(lon[0]), float(lat[0])) == tuple(float(v) for v in to_wgs84(139.7, 35.7, "EPSG:4301"))


@pytest.mark.parametrize(
    "crs", ["EPSG:4267", "EPSG:4230", "EPSG:4284", "EPSG:4618", "EPSG:4204", "EPSG:4214"]
)
@given(data=st.data())
def test_nothing_is_torn(crs: str, data: st.DataObject) -> None:
    """Whatever the places are: all are moved by one transformation, or none is."""
    area = parse_crs(crs).definition.area_of_use
    east = area.east if area.east > area.west else area.east + 360
    place = st.tuples(st.floats(area.west, east), st.floats(area.south, area.north))
    lon, lat = np.array(data.draw(st.lists(place, min_size=2, max_size=6))).T
    lon = (lon + 180) % 360 - 180
    try:
        together = to_wgs84(lon, lat, crs)
    except CrsUnknown:
        return
    alone = choose_shift(crs, *together)
    assert np.array_equal(together, to_wgs84(lon, lat, alone))


def test_every_door_of_an_index_uses_the_same_transformation() -> None:
    """Korea has an operation of 4 m, Japan one of 9 m: grids of both are asked by the one that holds for both."""
    both = GridIndex.build(["j", "k"], [shapely.box(139, 35, 140, 36), shapely.box(127, 36, 128, 37)])
    korea = GridIndex.build(["k"], [shapely.box(127, 36, 128, 37)])
    assert both.settle_crs("EPSG:4301").shift.name == "Tokyo to WGS 84 (108)"
    assert korea.settle_crs("EPSG:4301").shift.name == "Tokyo to WGS 84 (5)"
    assert korea.settle_crs("EPSG:4549").shift is None
