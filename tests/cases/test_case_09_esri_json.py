"""Case 09: a file of JSON says what its coordinates are in, and that is what they are taken for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gis.crs import to_wgs84
from gis.errors import CrsMissing, CrsUnknown, UnknownFormat
from gis.io import read_layer
from gis.io.json_members import members

RING = [[120.0, 36.0], [120.0, 36.01], [120.01, 36.01], [120.01, 36.0], [120.0, 36.0]]
METRES = [[500000, 3985000], [500000, 3986000], [501000, 3986000], [501000, 3985000], [500000, 3985000]]
GK_120 = (
    'PROJCS["CGCS2000_3_Degree_GK_CM_120E",GEOGCS["GCS_China_Geodetic_Coordinate_System_2000",DATUM["D_China_2000",'
    'SPHEROID["CGCS2000",6378137.0,298.257222101]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],'
    'PROJECTION["Gauss_Kruger"],PARAMETER["False_Easting",500000.0],PARAMETER["False_Northing",0.0],'
    'PARAMETER["Central_Meridian",120.0],PARAMETER["Scale_Factor",1.0],PARAMETER["Latitude_Of_Origin",0.0],'
    'UNIT["Meter",1.0]]'
)


def esri(
    path: Path, reference: Any, ring: Any = RING, *, attributes: bool = True, last: bool = False
) -> Path:
    feature: dict[str, Any] = {"geometry": {"rings": [ring]}}
    if attributes:
        feature = {"attributes": {"code": "a"}, **feature}
    body: dict[str, Any] = {"displayFieldName": "", "geometryType": "esriGeometryPolygon"}
    if attributes:
        body["fields"] = [{"name": "code", "type": "esriFieldTypeString", "alias": "code", "length": 20}]
    said = {} if reference is None else {"spatialReference": reference}
    body |= {"features": [feature], **said} if last else {**said, "features": [feature]}
    path.write_text(json.dumps(body))
    return path


def first_vertex(path: Path, **options: Any) -> tuple[float, float]:
    shape = read_layer(path, **options).frame.geometry.iloc[0]
    return min((round(x, 6), round(y, 6)) for x, y in shape.exterior.coords)


@pytest.mark.parametrize("last", [False, True])
@pytest.mark.parametrize(
    ("reference", "ring", "crs", "corner"),
    [
        ({"wkid": 4301}, RING, "EPSG:4301", (119.998593, 36.002816)),
        ({"wkid": 4301, "latestWkid": 4301}, RING, "EPSG:4301", (119.998593, 36.002816)),
        ({"wkid": 4326}, RING, "wgs84", (120.0, 36.0)),
        ({"wkid": 4490}, RING, "cgcs2000", (120.0, 36.0)),
        ({"wkid": 4549}, METRES, "EPSG:4549", (120.0, 35.995109)),
        ({"wkt": GK_120}, METRES, "EPSG:4549", (120.0, 35.995109)),
        # Numbers of Esri's own, and one that has become one of the registry's.
        ({"wkid": 102100}, [[13358338.9, 4300621.4], [13358338.9, 4301621.4], [13359338.9, 4301621.4]], "EPSG:3857", None),
        ({"wkid": 102100, "latestWkid": 3857}, [[13358338.9, 4300621.4], [13358338.9, 4301621.4], [13359338.9, 4301621.4]], "EPSG:3857", None),
        ({"wkid": 102012}, [[1342000.0, 4130000.0], [1342000.0, 4131000.0], [1343000.0, 4131000.0]], "Asia_Lambert_Conformal_Conic", None),
    ],
)  # fmt: skip
def test_the_spatial_reference_of_the_file_counts(
    tmp_path: Path, reference: Any, ring: Any, crs: str, corner: Any, last: bool
) -> None:
    file = esri(tmp_path / "grids.json", reference, [*ring, ring[0]], last=last)
    data = read_layer(file)
    assert (data.crs, data.crs_source, data.driver) == (crs, "file", "Esri JSON")
    assert data.frame["code"].tolist() == ["a"]
    if corner is not None:
        assert first_vertex(file) == corner


@pytest.mark.parametrize(
    "reference",
    [{"wkid": 4610}, {"wkid": 4214}, {"wkid": 2437}, {"wkid": 99999999}, {"wkt": "nonsense"}, {"wkid": 0}],
)
def test_what_leads_nowhere_is_refused(tmp_path: Path, reference: Any) -> None:
    with pytest.raises(CrsUnknown) as refused:
        read_layer(esri(tmp_path / "grids.json", reference))
    assert "grids.json" in refused.value.detail.zh or "CGCS2000" in refused.value.detail.zh


def test_without_one_it_has_to_be_named(tmp_path: Path) -> None:
    file = esri(tmp_path / "grids.json", None)
    with pytest.raises(CrsMissing):
        read_layer(file)
    assert read_layer(file, crs="wgs84").crs_source == "argument"
    # The caller's word stands over a reference that nobody knows.
    assert read_layer(esri(tmp_path / "b.json", {"wkid": 99999999}), crs="wgs84").crs == "wgs84"


def test_shapes_may_carry_it(tmp_path: Path) -> None:
    file = esri(tmp_path / "grids.json", None, METRES)
    body = json.loads(file.read_text())
    body["features"][0]["geometry"]["spatialReference"] = {"wkid": 4549}
    file.write_text(json.dumps(body))
    assert first_vertex(file) == (120.0, 35.995109)
    other = json.loads(json.dumps(body["features"][0]))
    other["geometry"]["spatialReference"] = {"wkid": 4548}
    body["features"].append(other)
    file.write_text(json.dumps(body))
    with pytest.raises(CrsUnknown, match="4548"):
        read_layer(file)


def test_features_without_attributes(tmp_path: Path) -> None:
    data = read_layer(esri(tmp_path / "grids.json", {"wkid": 4326}, attributes=False))
    assert len(data.frame) == 1
    assert data.bad_rows == []


def test_at_the_command_line(wangge, tmp_path: Path) -> None:
    good = wangge(
        "grids", "check", esri(tmp_path / "a.json", {"wkid": 4549}, METRES), "--code", "code", "--json"
    )
    assert good.code == 0, str(good)
    bad = wangge("grids", "check", esri(tmp_path / "b.json", {"wkid": 4610}), "--code", "code", "--json")
    assert bad.code == 3
    assert bad.document["error"]["code"] == "no-transformation"


# ---------------------------------------------------------------- the crs member of GeoJSON
def geojson(path: Path, *, at: int, crs: Any, of: int) -> Path:
    """A file of some 400 KiB with the member between its other members, or inside its features."""
    feature = {"type": "Feature", "properties": {"note": 'says "crs": {[', "crs": "EPSG:9"},
               "geometry": {"type": "Point", "coordinates": [500000, 3985000]}}  # fmt: skip
    parts = [("features", [feature] * of), ("name", "x"), ("bbox", [0.0] * 20000)]
    parts.insert(at, ("crs", crs))
    path.write_text(json.dumps(dict([("type", "FeatureCollection"), *parts])))
    return path


@pytest.mark.parametrize("at", [0, 1, 2, 3])
def test_a_crs_member_anywhere_counts(tmp_path: Path, at: int) -> None:
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::4549"}}
    file = geojson(tmp_path / "a.geojson", at=at, crs=crs, of=1500)
    assert file.stat().st_size > 4 * (1 << 16)
    data = read_layer(file)
    assert (data.crs, data.crs_source) == ("EPSG:4549", "file")
    assert round(data.frame.geometry.iloc[0].y, 6) == 35.995109


@pytest.mark.parametrize("value", [None, {"type": "name", "properties": {"name": "mars"}}])
def test_a_crs_member_in_the_middle_that_cannot_be_used(tmp_path: Path, value: Any) -> None:
    with pytest.raises((CrsMissing, CrsUnknown)):
        read_layer(geojson(tmp_path / "a.geojson", at=1, crs=value, of=1500))


@pytest.mark.parametrize(
    "name",
    ["EPSG:4549", "urn:ogc:def:crs:EPSG:9.8:4549", "http://www.opengis.net/def/crs/EPSG/0/4549",
     "http://www.opengis.net/gml/srs/epsg.xml#4549"],
)  # fmt: skip
def test_names_in_use(tmp_path: Path, name: str) -> None:
    file = geojson(tmp_path / "a.geojson", at=0, crs={"type": "name", "properties": {"name": name}}, of=1)
    assert read_layer(file).crs == "EPSG:4549"


def test_a_crs_of_each_shape(tmp_path: Path) -> None:
    """PostGIS can write it into every geometry."""
    named = {"type": "name", "properties": {"name": "EPSG:4549"}}
    shape = {"type": "Point", "crs": named, "coordinates": [500000, 3985000]}
    feature = {"type": "Feature", "properties": {}, "geometry": shape}
    file = tmp_path / "a.geojson"
    file.write_text(json.dumps({"type": "FeatureCollection", "features": [feature, feature]}))
    assert read_layer(file).crs == "EPSG:4549"
    other = {**feature, "geometry": {**shape, "crs": {"type": "name", "properties": {"name": "EPSG:4548"}}}}
    file.write_text(json.dumps({"type": "FeatureCollection", "features": [feature, other]}))
    with pytest.raises(CrsUnknown, match="4548"):
        read_layer(file)


@pytest.mark.parametrize("name", ["a.json", "a.geojson"])
def test_topojson_is_refused_by_name(tmp_path: Path, name: str) -> None:
    body = {"type": "Topology", "objects": {"a": {"type": "Polygon", "arcs": [[0]]}}, "arcs": [RING]}
    (tmp_path / name).write_text(json.dumps(body))
    with pytest.raises(UnknownFormat, match="TopoJSON"):
        read_layer(tmp_path / name)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(alphabet='"\\{}[]:,crs é\n', max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["crs", "a", 'x"', "c\\"]), inner, max_size=3)
    ),
    max_leaves=12,
)


@given(body=st.dictionaries(st.sampled_from(["crs", "a", "b", "}"]), JSON, max_size=4), escaped=st.booleans())
def test_members_are_found_as_a_parser_finds_them(body: dict[str, Any], escaped: bool) -> None:
    text = json.dumps(body, ensure_ascii=escaped).encode()
    outermost = [one.value for one in members(text, "crs") if one.depth == 1]
    assert outermost == ([body["crs"]] if "crs" in body else [])


def test_the_numbers_are_right() -> None:
    lon, lat = to_wgs84(500000, 3985000, 4549)
    assert (round(float(lon), 6), round(float(lat), 6)) == (120.0, 35.995109)
