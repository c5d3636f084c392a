"""Coordinate systems: published values, refusals, shapes."""

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from pyproj import CRS

from gis.crs import (
    check_degrees,
    from_wgs84,
    parse_crs,
    to_wgs84,
    transform_geometries,
    working_crs,
)
from gis.errors import CrsUnknown, GeometryError, SwappedCoordinates
from gis.measures import geodesic_distance_m
from gis.offsets import inside_china

ODD_WGS84 = (
    'GEOGCS["WGS84(DD)",DATUM["WGS84",SPHEROID["WGS84",6378137.0,298.257223563]],'
    'PRIMEM["Greenwich",0.0],UNIT["degree",0.017453292519943295],'
    'AXIS["Geodetic longitude",EAST],AXIS["Geodetic latitude",NORTH]]'
)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("wgs84", "wgs84"),
        ("WGS-84", "wgs84"),
        ("EPSG:4326", "wgs84"),
        ("CRS84", "wgs84"),
        ("cgcs2000", "cgcs2000"),
        ("epsg:4490", "cgcs2000"),
        ("GCJ02", "gcj02"),
        ("gcj-02", "gcj02"),
        ("Bd_09", "bd09"),
        (" EPSG:4549 ", "EPSG:4549"),
        (4528, "EPSG:4528"),
        (CRS.from_epsg(3435), "EPSG:3435"),
        (CRS.from_wkt(ODD_WGS84), "wgs84"),
        (CRS.from_epsg(4979), "wgs84"),
    ],
)
def test_names_that_are_read(text: object, name: str) -> None:
    assert parse_crs(text).name == name  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text",
    ["", "mars", "EPSG:", "EPSG:99999", "EPSG:4978", "EPSG:5773", "4326 ", 0, -1, True, "EPSG:4610", 2385],
)
def test_names_that_are_refused(text: object) -> None:
    with pytest.raises(CrsUnknown) as refused:
        parse_crs(text)  # type: ignore[arg-type]
    assert refused.value.detail.zh != refused.value.detail.en
    named = {
        "EPSG:4978": "crs-not-horizontal",
        "EPSG:5773": "crs-not-horizontal",
        "EPSG:4610": "no-transformation",
        "2385": "no-transformation",
    }
    assert refused.value.code == named.get(str(text), "crs-unknown")


# Values given with the published algorithm (eviltransform's own test set) and by Baidu's for its example.
@pytest.mark.parametrize(
    ("lon", "lat", "gcj_lon", "gcj_lat"),
    [
        (121.5272106, 31.1774276, 121.531541859215, 31.17530398364597),
        (113.912316, 22.543847, 113.9171764808363, 22.540796131694766),
        (116.377817, 39.911954, 116.38404722455657, 39.91334545536069),
    ],
)
def test_gcj02_agrees_with_published_values(lon: float, lat: float, gcj_lon: float, gcj_lat: float) -> None:
    x, y = from_wgs84(lon, lat, "gcj02")
    assert float(x) == pytest.approx(gcj_lon, abs=1e-11)
    assert float(y) == pytest.approx(gcj_lat, abs=1e-11)
    back = to_wgs84(gcj_lon, gcj_lat, "gcj02")
    assert float(geodesic_distance_m(lon, lat, float(back[0]), float(back[1]))) < 0.001


def test_bd09_agrees_with_the_published_example() -> None:
    lon, lat = to_wgs84(116.404, 39.915, "gcj02")
    x, y = from_wgs84(lon, lat, "bd09")
    assert float(x) == pytest.approx(116.41036949371029, abs=1e-9)
    assert float(y) == pytest.approx(39.92133699351021, abs=1e-9)


@pytest.mark.parametrize(
    ("place", "metres", "bearing"),
    [
        # domain/standards.md section 8.2, computed there with other tools
        ((120.1904, 35.9604), 465, 88),
        ((119.9, 35.65), 476, 92),
        ((120.468, 36.107), 449, 87),
        ((120.7, 30.77), 485, 122),
    ],
)
def test_size_of_the_shift_by_district(place: tuple[float, float], metres: float, bearing: float) -> None:
    x, y = from_wgs84(*place, "gcj02")
    east = float(geodesic_distance_m(*place, float(x), place[1])) * np.sign(float(x) - place[0])
    north = float(geodesic_distance_m(*place, place[0], float(y))) * np.sign(float(y) - place[1])
    assert np.hypot(east, north) == pytest.approx(metres, rel=0.05)
    assert np.degrees(np.arctan2(east, north)) == pytest.approx(bearing, abs=6)


@pytest.mark.parametrize("crs", ["gcj02", "bd09"])
def test_no_shift_outside_china(crs: str) -> None:
    lon, lat = [-87.7, 0.0, 150.0, 120.0], [41.9, 0.0, 40.0, -30.0]
    assert not inside_china(lon, lat).any()
    x, y = from_wgs84(lon, lat, crs)
    assert (x.tolist(), y.tolist()) == (lon, lat)
    x, y = to_wgs84(lon, lat, crs)
    assert (x.tolist(), y.tolist()) == (lon, lat)


@pytest.mark.parametrize("crs", ["wgs84", "cgcs2000", "gcj02", "bd09", "EPSG:4549", "EPSG:4528", "EPSG:3857"])
@given(places=st.lists(st.tuples(st.floats(118.0, 123.0), st.floats(30.0, 38.0)), min_size=1, max_size=20))
def test_there_and_back_is_below_a_millimetre(crs: str, places: list[tuple[float, float]]) -> None:
    lon, lat = np.array(places).T
    back_lon, back_lat = to_wgs84(*from_wgs84(lon, lat, crs), crs)
    assert geodesic_distance_m(lon, lat, back_lon, back_lat).max() < 0.001


@given(st.floats(73.0, 137.0), st.floats(3.0, 54.0), st.sampled_from(["gcj02", "bd09"]))
def test_back_and_there_is_below_a_millimetre_in_all_china(x: float, y: float, crs: str) -> None:
    again_x, again_y = from_wgs84(*to_wgs84(x, y, crs), crs)
    assert float(geodesic_distance_m(x, y, float(again_x), float(again_y))) < 0.001


@pytest.mark.parametrize("crs", ["gcj02", "bd09"])
def test_one_place_has_one_answer_in_any_company(crs: str) -> None:
    rng = np.random.default_rng(4)
    x, y = rng.uniform(73.0, 137.0, 20_000), rng.uniform(1.0, 55.0, 20_000)
    together = to_wgs84(x, y, crs)
    for at in (0, 8191, 8192, 19_999):
        alone = to_wgs84(x[at], y[at], crs)
        assert (float(alone[0]), float(alone[1])) == (together[0][at], together[1][at])


def test_shape_of_the_input_is_kept() -> None:
    assert to_wgs84(120.0, 36.0, "gcj02")[0].shape == ()
    assert to_wgs84(np.zeros((2, 3)), 0.0, "gcj02")[1].shape == (2, 3)
    assert to_wgs84([], [], "bd09")[0].shape == (0,)


def test_what_is_no_number_stays_none() -> None:
    x, y = to_wgs84([np.nan, np.inf, 120.0], [36.0, 36.0, 36.0], "gcj02")
    assert np.isnan(x).tolist() == [True, True, False]
    assert np.isnan(y).tolist() == [True, True, False]
    x, _ = to_wgs84([1e30], [1e30], "EPSG:4549")
    assert np.isnan(x).all()


def test_the_input_is_not_written_to() -> None:
    lon = np.array([120.0])
    lon.setflags(write=False)
    from_wgs84(lon, lon / 4, "bd09")
    to_wgs84(lon, lon / 4, "wgs84")[0][0] = 7.0
    assert lon.tolist() == [120.0]


def test_us_survey_feet() -> None:
    # The publisher's own pair of columns for one incident.
    lon, lat = to_wgs84(1161120.0, 1858829.0, 3435)
    assert float(geodesic_distance_m(float(lon), float(lat), -87.68497621, 41.7683084)) < 0.05


def test_zone_with_and_without_prefix_are_the_same_place() -> None:
    bare, prefixed = to_wgs84(516237.0, 3970000.0, 4549), to_wgs84(40516237.0, 3970000.0, 4528)
    assert np.allclose(bare, prefixed, atol=1e-12)


def test_cgcs2000_zones_lead_to_the_same_degrees_as_wgs84_utm() -> None:
    # No datum step may creep in: one meridian, two projections, one place.
    lon, lat = 120.05, 35.88
    for epsg in (4549, 32651):
        there = to_wgs84(*from_wgs84(lon, lat, epsg), epsg)
        assert float(geodesic_distance_m(lon, lat, float(there[0]), float(there[1]))) < 0.001
    x, _ = from_wgs84(120.0, 35.88, 4549)
    assert float(x) == pytest.approx(500000.0, abs=1e-6)


@pytest.mark.parametrize(
    ("lon", "lat", "epsg"),
    [
        (120.05, 35.88, 4549),
        (122.1, 37.5, 4550),
        (119.97, 36.78, 4549),
        (75.9, 39.5, 4534),
        (134.9, 48.0, 4554),
        (-87.6, 41.8, 32616),
        (-58.4, -34.6, 32721),
        (179.99, 10.0, 32660),
        (180.0, 10.0, 32660),
        (-180.0, 10.0, 32601),
        (0.0, 89.0, 32661),
        (0.0, -89.0, 32761),
    ],
)
def test_working_crs_is_metric_and_near(lon: float, lat: float, epsg: int) -> None:
    chosen = working_crs(lon, lat)
    assert chosen.to_epsg() == epsg
    assert chosen.axis_info[0].unit_name == "metre"


def test_working_crs_needs_a_place() -> None:
    with pytest.raises(GeometryError):
        working_crs([np.nan], [np.nan])


def test_swapped_axes_are_named() -> None:
    with pytest.raises(SwappedCoordinates) as refused:
        check_degrees([120.0, 35.88], [36.0, 120.05])
    assert refused.value.places == ((120.05, 35.88),)
    assert "35.88" in refused.value.text("zh")


def test_metres_read_as_degrees_are_named() -> None:
    with pytest.raises(GeometryError) as refused:
        check_degrees([516237.0], [3970000.0])
    assert refused.value.code == "out-of-range"
    assert "EPSG:4549" in refused.value.text("en")


def test_shapes_are_turned_vertex_by_vertex() -> None:
    square = shapely.box(500000, 4000000, 501000, 4001000)
    out = transform_geometries([square, None, shapely.Point(), shapely.Point(500000, 4000000, 9)], 4549)
    lon, lat = to_wgs84(*shapely.get_coordinates(square).T, 4549)
    assert shapely.get_coordinates(out[0]).T.tolist() == [lon.tolist(), lat.tolist()]
    assert out[1] is None
    assert out[2].is_empty
    assert not out[3].has_z
