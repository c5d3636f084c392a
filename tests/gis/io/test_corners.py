"""Corners of single formats."""

import json
import os
import zipfile
from pathlib import Path

import geopandas as gpd
import pyarrow.parquet as pq
import pyogrio
import pytest
import shapely

from gis.crs import from_wgs84
from gis.errors import CrsMissing, CrsUnknown, InputRefused, LayerNotFound, UnknownEncoding, UnreadableFile
from gis.geometry import round_degrees
from gis.io import list_layers, read_layer, write_layer
from gis.testing import checkerboard


@pytest.fixture(scope="module")
def frame() -> gpd.GeoDataFrame:
    return checkerboard(2, 1).frame


# ---------------------------------------------------------------- GeoJSON and its old crs member
POINT = {"type": "Feature", "properties": {}, "geometry": {"type": "Point", "coordinates": [120.05, 35.88]}}


def geojson(
    path: Path, crs: object = "absent", *, last: bool = False, properties: dict | None = None
) -> Path:
    body: dict = {"type": "FeatureCollection"}
    if crs != "absent" and not last:
        body["crs"] = crs
    body["features"] = [{**POINT, "properties": properties or {}}]
    if crs != "absent" and last:
        # Far from the beginning, where some writers put it.
        body["features"] += [POINT] * 2000
        body["crs"] = crs
    path.write_text(json.dumps(body), encoding="utf-8")
    return path


@pytest.mark.parametrize("last", [False, True])
@pytest.mark.parametrize(
    "crs",
    [
        {"type": "name", "properties": {"name": "urn:ogc:def:crs:OGC:1.3:CRS84"}},
        {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::4326"}},
        {"type": "name", "properties": {"name": "EPSG:4490"}},
        {"type": "EPSG", "properties": {"code": 4326}},
    ],
)
def test_a_crs_member_that_is_known(tmp_path: Path, crs: dict, last: bool) -> None:
    data = read_layer(geojson(tmp_path / "a.geojson", crs, last=last))
    assert data.crs in {"wgs84", "cgcs2000"}
    assert data.crs_source == "file"
    assert data.frame.geometry.iloc[0].wkt == "POINT (120.05 35.88)"


@pytest.mark.parametrize("last", [False, True])
@pytest.mark.parametrize(
    "crs",
    [
        {"type": "name", "properties": {"name": "urn:x:mars"}},
        {"type": "link", "properties": {"href": "somewhere"}},
        {"type": "name"},
        "EPSG:4549",
        7,
    ],
)
def test_a_crs_member_that_is_not_is_refused_not_guessed(tmp_path: Path, crs: object, last: bool) -> None:
    with pytest.raises(CrsUnknown):
        read_layer(geojson(tmp_path / "a.geojson", crs, last=last))


@pytest.mark.parametrize("last", [False, True])
def test_a_null_member_says_unknown(tmp_path: Path, last: bool) -> None:
    with pytest.raises(CrsMissing):
        read_layer(geojson(tmp_path / "a.geojson", None, last=last))


@pytest.mark.parametrize("value", [None, {"type": "name", "properties": {"name": "mars"}}, "x"])
def test_a_property_called_crs_says_nothing(tmp_path: Path, value: object) -> None:
    path = geojson(tmp_path / "a.geojson", properties={"crs": value, "note": 'a } quoted " brace'})
    assert read_layer(path).crs_source == "format"


# ---------------------------------------------------------------- KML
KML = """<?xml version="1.0" encoding="UTF-8"?>
<kml xmlns="http://www.opengis.net/kml/2.2"><Document><name>图</name>{folders}</Document></kml>"""
PLACEMARK = (
    "<Placemark><name>{name}</name><Point><coordinates>120.05,35.88,3</coordinates></Point></Placemark>"
)


def folder(name: str, *names: str) -> str:
    return f"<Folder><name>{name}</name>{''.join(PLACEMARK.format(name=one) for one in names)}</Folder>"


def test_folders_of_a_kml_are_layers(tmp_path: Path) -> None:
    path = tmp_path / "a.kml"
    path.write_text(KML.format(folders=folder("网格", "a", "b") + folder("其他", "c")), encoding="utf-8")
    assert {info.name: info.features for info in list_layers(path)} == {"网格": 2, "其他": 1}
    with pytest.raises(LayerNotFound):
        read_layer(path)
    data = read_layer(path, layer="网格")
    assert data.frame["Name"].tolist() == ["a", "b"]
    assert (data.crs, data.crs_source) == ("wgs84", "format")
    assert "tessellate" not in data.frame.columns


def test_a_kmz_is_read(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.kmz", "w") as archive:
        archive.writestr("doc.kml", KML.format(folders=folder("网格", "a")))
    data = read_layer(tmp_path / "a.kmz")
    assert (data.driver, data.frame["Name"].tolist()) == ("KMZ", ["a"])


def test_xml_that_is_no_kml(tmp_path: Path) -> None:
    (tmp_path / "a.kml").write_text("<gpx></gpx>")
    with pytest.raises(InputRefused):
        read_layer(tmp_path / "a.kml")


def test_a_kml_too_large_for_memory(tmp_path: Path) -> None:
    path = tmp_path / "a.kml"
    with path.open("wb") as out:
        out.write(b"<kml>" + b" " * 70_000)
        out.truncate(600 << 20)
    with pytest.raises(UnreadableFile) as refused:
        read_layer(path)
    assert refused.value.code == "file-too-large"


# ---------------------------------------------------------------- projections in a .prj
GK = (
    'PROJCS["{name}",GEOGCS["{geo}",DATUM["{datum}",SPHEROID[{spheroid}]{towgs84}],PRIMEM["Greenwich",0.0],'
    'UNIT["Degree",0.0174532925199433]],PROJECTION["Gauss_Kruger"],PARAMETER["False_Easting",500000.0],'
    'PARAMETER["False_Northing",0.0],PARAMETER["Central_Meridian",{meridian}],PARAMETER["Scale_Factor",1.0],'
    'PARAMETER["Latitude_Of_Origin",0.0],UNIT["Meter",1.0]]'
)
CGCS = {
    "geo": "GCS_China_Geodetic_Coordinate_System_2000",
    "datum": "D_China_2000",
    "spheroid": '"CGCS2000",6378137.0,298.257222101',
    "towgs84": "",
}


def with_prj(folder: Path, wkt: str, meridian_epsg: int = 4549) -> Path:
    x, y = from_wgs84(120.05, 35.88, meridian_epsg)
    points = gpd.GeoDataFrame({"id": ["1"]}, geometry=[shapely.Point(float(x), float(y))], crs=meridian_epsg)
    pyogrio.write_dataframe(points, folder / "a.shp")
    (folder / "a.prj").write_text(wkt)
    return folder / "a.shp"


def test_esri_spelling_of_a_city_projection(tmp_path: Path) -> None:
    wkt = GK.format(name="CGCS2000_3_Degree_GK_CM_120E", meridian=120.0, **CGCS)
    data = read_layer(with_prj(tmp_path, wkt))
    assert data.crs == "EPSG:4549"
    assert round_degrees(shapely.get_coordinates(data.frame.geometry)).tolist() == [[120.05, 35.88]]


def test_a_local_meridian_without_a_number(tmp_path: Path) -> None:
    wkt = GK.format(name="Local", meridian=120.0, **CGCS)
    wkt = wkt.replace('PARAMETER["False_Easting",500000.0]', 'PARAMETER["False_Easting",550000.0]')
    data = read_layer(with_prj(tmp_path, wkt))
    assert data.crs == "Local"
    assert data.frame.geometry.iloc[0].x == pytest.approx(120.05 - 0.5541, abs=1e-3)


def test_an_old_datum_needs_its_shift(tmp_path: Path) -> None:
    xian = {"geo": "GCS_Xian_1980", "datum": "D_Xian_1980", "spheroid": '"Xian_1980",6378140.0,298.257'}
    bare = GK.format(name="Xian", meridian=120.0, towgs84="", **xian)
    with pytest.raises(CrsUnknown):
        read_layer(with_prj(tmp_path, bare))
    shifted = GK.format(name="Xian", meridian=120.0, towgs84=",TOWGS84[-100,50,30,0,0,0,0]", **xian)
    data = read_layer(with_prj(tmp_path, shifted))
    away = abs(shapely.get_coordinates(data.frame.geometry)[0] - [120.05, 35.88])
    assert 1e-5 < away.max() < 2e-3


def test_a_prj_that_is_no_wkt(tmp_path: Path) -> None:
    with pytest.raises((CrsMissing, CrsUnknown)):
        read_layer(with_prj(tmp_path, "what is this"))


# ---------------------------------------------------------------- the rest
def test_a_named_pipe_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.csv")
    with pytest.raises(UnreadableFile):
        read_layer(tmp_path / "a.csv")


def test_a_name_that_cannot_be(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile):
        read_layer(f"{tmp_path}/a\0b.csv")


def test_binary_dxf_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "a.dxf").write_bytes(b"AutoCAD Binary DXF\r\n\x1a\x00" + b"\x00" * 100)
    with pytest.raises(InputRefused):
        read_layer(tmp_path / "a.dxf", crs=4549)


def test_encodings_that_are_named_for_a_table(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("\ufeff名,lon,lat\n青,120,36\n".encode())
    assert read_layer(path, encoding="UTF-8").frame["名"].tolist() == ["青"]
    with pytest.raises(UnknownEncoding):
        read_layer(path, encoding="ascii")


def test_layers_of_formats_without_layers(frame: gpd.GeoDataFrame, tmp_path: Path) -> None:
    (csv,) = list_layers(write_layer(frame, tmp_path / "a.csv"))
    assert (csv.name, csv.geometry_type, csv.features) == ("a", None, None)
    (parquet,) = list_layers(write_layer(frame, tmp_path / "a.parquet"))
    assert (parquet.geometry_type, parquet.features) == ("Polygon", 2)
    frame.drop(columns="geometry").to_parquet(tmp_path / "b.parquet")
    assert list_layers(tmp_path / "b.parquet")[0].geometry_type is None


def test_geoparquet_that_lies_about_itself(frame: gpd.GeoDataFrame, tmp_path: Path) -> None:
    table = pq.read_table(write_layer(frame, tmp_path / "a.parquet"))
    geo = json.loads(table.schema.metadata[b"geo"])
    for change in ({"primary_column": "nowhere"}, {"columns": {}}):
        broken = table.replace_schema_metadata({b"geo": json.dumps({**geo, **change}).encode()})
        pq.write_table(broken, tmp_path / "b.parquet")
        with pytest.raises(UnreadableFile):
            read_layer(tmp_path / "b.parquet")
    geo["columns"]["geometry"]["crs"] = {"type": "nonsense"}
    pq.write_table(table.replace_schema_metadata({b"geo": json.dumps(geo).encode()}), tmp_path / "c.parquet")
    with pytest.raises(CrsUnknown):
        read_layer(tmp_path / "c.parquet")


def test_a_table_of_one_endless_line(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("lon,lat\n" + "9" * 3_000_000)
    with pytest.raises(InputRefused):
        read_layer(tmp_path / "a.csv")


def test_a_shapefile_of_points_only_without_attributes(tmp_path: Path) -> None:
    points = gpd.GeoDataFrame(geometry=[shapely.Point(120, 36)], crs=4326)
    pyogrio.write_dataframe(points, tmp_path / "a.fgb")
    data = read_layer(tmp_path / "a.fgb")
    assert list(data.frame.columns) == ["geometry"]
    assert len(data.frame) == 1
