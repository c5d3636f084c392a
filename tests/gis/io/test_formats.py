"""Every format there and back, CRS and rows accounted for."""

import json
import zipfile
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely

from gis.crs import from_wgs84
from gis.errors import (
    CrsMissing,
    CrsUnknown,
    GeometryError,
    LayerNotFound,
    SwappedCoordinates,
    UnknownEncoding,
    UnknownFormat,
    UnreadableFile,
)
from gis.geometry import lattice_geometries
from gis.io import WRITABLE, LayerData, find_column, list_layers, read_layer, write_layer
from gis.testing import checkerboard, harbour_town


@pytest.fixture(scope="module")
def town() -> gpd.GeoDataFrame:
    return harbour_town().frame


def same_shapes(one: gpd.GeoDataFrame, other: gpd.GeoDataFrame) -> bool:
    a, b = (lattice_geometries(frame.geometry) for frame in (one, other))
    return bool(shapely.equals(a, b).all())


def projected(frame: gpd.GeoDataFrame, crs: str | int) -> gpd.GeoDataFrame:
    """The same shapes in another CRS, by our own arithmetic where PROJ has none."""
    shapes = shapely.transform(
        frame.geometry.to_numpy(), lambda xy: np.column_stack(from_wgs84(xy[:, 0], xy[:, 1], crs))
    )
    return bare(frame, shapes)


def bare(frame: gpd.GeoDataFrame, shapes: np.ndarray) -> gpd.GeoDataFrame:
    """The same rows with other shapes and no CRS."""
    return gpd.GeoDataFrame(frame.drop(columns="geometry"), geometry=list(shapes), crs=None)


# ---------------------------------------------------------------- there and back
@pytest.mark.parametrize("extension", WRITABLE)
def test_what_is_written_is_read_back(town: gpd.GeoDataFrame, tmp_path: Path, extension: str) -> None:
    path = write_layer(town, tmp_path / f"网格{extension}")
    data = read_layer(path)
    assert data.bad_rows == []
    assert data.crs == "wgs84"
    assert data.frame.crs.to_epsg() == 4326
    assert data.frame.index.tolist() == [1, 2, 3, 4]
    back = data.frame.sort_values("code").reset_index(drop=True)
    assert back["code"].tolist() == town["code"].tolist()
    names = "community_" if extension in (".shp", ".zip") else "community_code"
    assert back[names].tolist() == town["community_code"].tolist()
    assert back[find_column(back.columns, "name", file="-")].tolist() == town["name"].tolist()
    assert same_shapes(back, town)
    assert len(data.sha256) == 64
    assert read_layer(path).sha256 == data.sha256


@pytest.mark.parametrize("extension", WRITABLE)
def test_points_are_written_and_read_back(tmp_path: Path, extension: str) -> None:
    points = gpd.GeoDataFrame(
        {"code": ["007", "008"]}, geometry=gpd.points_from_xy([120.05, 120.06], [35.88, 35.89]), crs=4326
    )
    data = read_layer(write_layer(points, tmp_path / f"p{extension}"))
    assert sorted(data.frame["code"]) == ["007", "008"]
    assert same_shapes(data.frame.sort_values("code"), points)


def test_writing_replaces_and_leaves_nothing_else(town: gpd.GeoDataFrame, tmp_path: Path) -> None:
    for rows in (town, town.iloc[:2]):
        for extension in WRITABLE:
            write_layer(rows, tmp_path / f"a{extension}")
    for extension in WRITABLE:
        assert len(read_layer(tmp_path / f"a{extension}").frame) == 2
    assert {p.suffix for p in tmp_path.iterdir()} == {*WRITABLE, ".shx", ".dbf", ".prj", ".cpg"}


def test_writing_refuses_other_formats_and_other_crs(town: gpd.GeoDataFrame, tmp_path: Path) -> None:
    with pytest.raises(UnknownFormat):
        write_layer(town, tmp_path / "a.xlsx")
    with pytest.raises(CrsMissing):
        write_layer(town.to_crs(4549), tmp_path / "a.gpkg")
    assert list(tmp_path.iterdir()) == []


# ---------------------------------------------------------------- CRS
def test_a_file_in_a_city_projection(town: gpd.GeoDataFrame, tmp_path: Path) -> None:
    pyogrio.write_dataframe(projected(town, 4549).set_crs(4549), tmp_path / "a.gpkg")
    data = read_layer(tmp_path / "a.gpkg")
    assert (data.crs, data.crs_source) == ("EPSG:4549", "file")
    assert same_shapes(data.frame, town)


@pytest.mark.parametrize("crs", ["gcj02", "bd09", "EPSG:4549"])
def test_the_callers_word_stands_over_the_files(town: gpd.GeoDataFrame, tmp_path: Path, crs: str) -> None:
    # A shifted GeoJSON always claims WGS84: the format knows nothing else.
    (tmp_path / "a.geojson").write_text(projected(town, crs).to_json(), encoding="utf-8")
    data = read_layer(tmp_path / "a.geojson", crs=crs)
    assert (data.crs, data.crs_source) == (crs, "argument")
    assert same_shapes(data.frame, town)


def test_a_file_without_crs_is_refused_and_read_when_told(town: gpd.GeoDataFrame, tmp_path: Path) -> None:
    write_layer(projected(town, "gcj02").set_crs(4326), tmp_path / "a.shp")
    (tmp_path / "a.prj").unlink()
    with pytest.raises(CrsMissing) as refused:
        read_layer(tmp_path / "a.shp")
    assert "a.shp" in refused.value.text("zh")
    assert same_shapes(read_layer(tmp_path / "a.shp", crs="gcj02").frame, town)


@pytest.mark.parametrize("extension", [".gpkg", ".fgb", ".parquet"])
def test_formats_that_may_leave_the_crs_open(town: gpd.GeoDataFrame, tmp_path: Path, extension: str) -> None:
    path = tmp_path / f"a{extension}"
    unsaid = bare(town, town.geometry.to_numpy())
    if extension == ".parquet":
        unsaid.to_parquet(path)
    else:
        with pytest.warns(UserWarning, match="crs"):
            pyogrio.write_dataframe(unsaid, path)
    with pytest.raises(CrsMissing):
        read_layer(path)
    assert same_shapes(read_layer(path, crs="wgs84").frame.sort_values("code"), town)


def test_geoparquet_without_the_member_is_crs84_by_its_specification(
    town: gpd.GeoDataFrame, tmp_path: Path
) -> None:
    import pyarrow.parquet as pq

    town.to_parquet(tmp_path / "a.parquet")
    table = pq.read_table(tmp_path / "a.parquet")
    geo = json.loads(table.schema.metadata[b"geo"])
    del geo["columns"]["geometry"]["crs"]
    pq.write_table(table.replace_schema_metadata({b"geo": json.dumps(geo).encode()}), tmp_path / "b.parquet")
    data = read_layer(tmp_path / "b.parquet")
    assert (data.crs, data.crs_source) == ("wgs84", "format")


def test_geoparquet_with_native_encoding(town: gpd.GeoDataFrame, tmp_path: Path) -> None:
    points = town.set_geometry(town.geometry.representative_point())
    points.to_parquet(tmp_path / "a.parquet", geometry_encoding="geoarrow")
    assert same_shapes(read_layer(tmp_path / "a.parquet").frame, points)


def test_geojson_with_an_old_crs_member(town: gpd.GeoDataFrame, tmp_path: Path) -> None:
    body = json.loads(projected(town, 4549).to_json())
    body["crs"] = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::4549"}}
    (tmp_path / "a.geojson").write_text(json.dumps(body), encoding="utf-8")
    data = read_layer(tmp_path / "a.geojson")
    assert (data.crs, data.crs_source) == ("EPSG:4549", "file")
    assert same_shapes(data.frame, town)
    body["crs"] = None
    (tmp_path / "b.geojson").write_text(json.dumps(body), encoding="utf-8")
    with pytest.raises(CrsMissing):
        read_layer(tmp_path / "b.geojson")


def test_a_datum_without_published_parameters_is_refused(town: gpd.GeoDataFrame, tmp_path: Path) -> None:
    pyogrio.write_dataframe(town.set_crs(4610, allow_override=True), tmp_path / "xian80.gpkg")
    with pytest.raises(CrsUnknown) as refused:
        read_layer(tmp_path / "xian80.gpkg")
    assert "CGCS2000" in refused.value.text("zh")


def test_swapped_degrees_are_refused(town: gpd.GeoDataFrame, tmp_path: Path) -> None:
    swapped = bare(town, shapely.transform(town.geometry.to_numpy(), lambda xy: xy[:, ::-1]))
    (tmp_path / "a.geojson").write_text(swapped.to_json(), encoding="utf-8")
    with pytest.raises(SwappedCoordinates) as refused:
        read_layer(tmp_path / "a.geojson")
    assert refused.value.places[0] == pytest.approx((120.0, 36.0), abs=0.1)


def test_northing_before_easting_is_named(town: gpd.GeoDataFrame, tmp_path: Path) -> None:
    # Chinese surveys write X for north and Y for east.
    turned = projected(town, 4549)
    turned = bare(turned, shapely.transform(turned.geometry.to_numpy(), lambda xy: xy[:, ::-1]))
    (tmp_path / "a.geojson").write_text(turned.to_json(), encoding="utf-8")
    with pytest.raises(SwappedCoordinates) as refused:
        read_layer(tmp_path / "a.geojson", crs="EPSG:4549")
    assert "easting and northing" in refused.value.text("en")


def test_a_zone_prefix_is_named(town: gpd.GeoDataFrame, tmp_path: Path) -> None:
    (tmp_path / "a.geojson").write_text(projected(town, 4528).to_json(), encoding="utf-8")
    with pytest.raises(GeometryError) as refused:
        read_layer(tmp_path / "a.geojson", crs="EPSG:4549")
    assert "EPSG:4528" in refused.value.text("zh")
    with pytest.raises(GeometryError) as refused:
        read_layer(tmp_path / "a.geojson", crs="EPSG:4551")
    assert refused.value.code == "outside_crs_area"


def test_degrees_said_to_be_metres_are_named(town: gpd.GeoDataFrame, tmp_path: Path) -> None:
    with pytest.raises(GeometryError) as refused:
        read_layer(write_layer(town, tmp_path / "a.geojson"), crs="EPSG:4549")
    assert "wgs84" in refused.value.text("en")


# ---------------------------------------------------------------- rows
def test_single_rows_without_a_place_are_numbered(tmp_path: Path) -> None:
    square = shapely.geometry.mapping(shapely.box(120, 36, 120.01, 36.01))
    far = {"type": "Point", "coordinates": [500, 36]}
    two = {"type": "Polygon", "coordinates": [[[120, 36], [120.1, 36]]]}
    features = [
        {"type": "Feature", "properties": {"code": str(at)}, "geometry": shape}
        for at, shape in enumerate([square, None, square, far, two, square, square], start=1)
    ]
    (tmp_path / "a.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    data = read_layer(tmp_path / "a.geojson")
    assert [bad.row for bad in data.bad_rows] == [2, 4, 5]
    assert data.frame["code"].tolist() == list("1234567")
    assert data.frame.geometry.isna().tolist() == [False, True, False, True, True, False, False]
    assert data.usable["code"].tolist() == ["1", "3", "6", "7"]
    assert all(bad.reason.zh and bad.reason.en and bad.column for bad in data.bad_rows)


def test_heights_are_dropped(tmp_path: Path) -> None:
    frame = gpd.GeoDataFrame({"c": [1]}, geometry=[shapely.Point(120, 36, 88)], crs=4326)
    pyogrio.write_dataframe(frame, tmp_path / "a.gpkg")
    assert not read_layer(tmp_path / "a.gpkg").frame.has_z.any()


def test_an_attribute_called_geometry_keeps_its_values(tmp_path: Path) -> None:
    import sqlite3

    frame = gpd.GeoDataFrame({"shape_kind": ["box"]}, geometry=[shapely.Point(120, 36)], crs=4326)
    pyogrio.write_dataframe(frame, tmp_path / "a.gpkg", layer="a", layer_options={"GEOMETRY_NAME": "place"})
    with sqlite3.connect(tmp_path / "a.gpkg") as database:
        database.execute("ALTER TABLE a RENAME COLUMN shape_kind TO geometry")
    database.close()
    data = read_layer(tmp_path / "a.gpkg")
    assert data.frame["geometry_"].tolist() == ["box"]
    assert data.frame.geometry.iloc[0].wkt == "POINT (120 36)"


# ---------------------------------------------------------------- layers
def test_several_layers_must_be_named(town: gpd.GeoDataFrame, tmp_path: Path) -> None:
    path = tmp_path / "a.gpkg"
    pyogrio.write_dataframe(town, path, layer="网格")
    pyogrio.write_dataframe(town.iloc[:1], path, layer="社区", append=True)
    pyogrio.write_dataframe(pd.DataFrame({"note": ["x"]}), path, layer="notes", append=True)
    with pytest.raises(LayerNotFound) as refused:
        read_layer(path)
    assert "网格" in refused.value.text("zh")
    with pytest.raises(LayerNotFound):
        read_layer(path, layer="街道")
    assert len(read_layer(path, layer="社区").frame) == 1
    found = {info.name: (info.geometry_type, info.features) for info in list_layers(path)}
    assert found["网格"] == ("Unknown", 4) or found["网格"][1] == 4
    assert found["notes"] == (None, 1)


def test_the_only_layer_with_shapes_needs_no_name(town: gpd.GeoDataFrame, tmp_path: Path) -> None:
    path = tmp_path / "a.gpkg"
    pyogrio.write_dataframe(town, path, layer="grids")
    pyogrio.write_dataframe(pd.DataFrame({"note": ["x"]}), path, layer="notes", append=True)
    assert read_layer(path).layer == "grids"


# ---------------------------------------------------------------- Shapefiles
def gbk_shapefile(
    folder: Path, *, encoding: str = "GBK", cpg: str | None = "GBK", name: str = "边界"
) -> Path:
    frame = gpd.GeoDataFrame(
        {"编码": ["001", "002"], "名称": ["灵山卫街道", "辛安街道办事处网格"]},
        geometry=list(checkerboard(2, 1).polygons),
        crs=4326,
    )
    path = folder / f"{name}.shp"
    pyogrio.write_dataframe(frame, path, encoding=encoding)
    path.with_suffix(".cpg").unlink(missing_ok=True)
    if cpg is not None:
        path.with_suffix(".cpg").write_text(cpg)
    return path


@pytest.mark.parametrize("encoding", ["GBK", "GB18030", "UTF-8"])
@pytest.mark.parametrize("cpg", [None, "", "ISO-8859-1", "right", "nonsense"])
def test_text_of_a_dbf_is_what_is_declared_or_proven(tmp_path: Path, encoding: str, cpg: str | None) -> None:
    path = gbk_shapefile(tmp_path, encoding=encoding, cpg=encoding if cpg == "right" else cpg)
    if encoding != "UTF-8" and cpg != "right":
        with pytest.raises(UnknownEncoding) as refused:
            read_layer(path)
        # The samples show how it would read, and what to say.
        assert refused.value.samples[0].encoding == "gb18030"
        assert "encoding=gb18030" in refused.value.text("en")
    data = read_layer(path, encoding=None if encoding == "UTF-8" or cpg == "right" else "GBK")
    assert data.frame["名称"].tolist() == ["灵山卫街道", "辛安街道办事处网格"]
    assert data.frame["编码"].tolist() == ["001", "002"]
    assert data.encoding == ("utf-8" if encoding == "UTF-8" else "gb18030")


def test_a_character_cut_in_half_by_the_field_is_dropped(tmp_path: Path) -> None:
    import struct

    path = gbk_shapefile(tmp_path)
    table = bytearray(path.with_suffix(".dbf").read_bytes())
    (header,) = struct.unpack_from("<H", table, 8)
    # Fill the last field of the first record to its last byte with an odd number of bytes before.
    width = table[32 + 32 + 16]
    begin = header + 1 + table[32 + 16]
    table[begin : begin + width] = (b"x" + "区".encode("gbk") * width)[:width]
    path.with_suffix(".dbf").write_bytes(table)
    name = read_layer(path).frame["名称"].iloc[0]
    assert name.startswith("x区区")
    assert name.count("区") == (width - 1) // 2


def test_a_named_encoding_is_held_to(tmp_path: Path) -> None:
    path = gbk_shapefile(tmp_path)
    assert read_layer(path, encoding="936").frame["名称"].iloc[0] == "灵山卫街道"
    with pytest.raises(UnknownEncoding):
        read_layer(path, encoding="utf-8")
    with pytest.raises(UnknownEncoding):
        read_layer(path, encoding="klingon")


def zipped(path: Path, *folders: str) -> Path:
    target = path.with_suffix(".zip")
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for part in sorted(path.parent.glob(f"{path.stem}.*")):
            if part.suffix == ".zip":
                continue
            name = "/".join([*folders, part.name])
            archive.write(part, name)
        archive.writestr("__MACOSX/._x.shp", b"resource fork")
        archive.writestr("说明.txt", "readme")
    return target


@pytest.mark.parametrize("folders", [(), ("数据", "2026")])
def test_zipped_shapefiles(tmp_path: Path, folders: tuple[str, ...]) -> None:
    target = zipped(gbk_shapefile(tmp_path, name="grids"), *folders)
    data = read_layer(target)
    assert data.frame["名称"].iloc[0] == "灵山卫街道"
    assert (data.driver, data.layer) == ("zipped Shapefile", "grids")
    assert [info.name for info in list_layers(target)] == ["grids"]


def test_zip_members_named_in_gbk(tmp_path: Path) -> None:
    target = zipped(gbk_shapefile(tmp_path, name="XXXX"))
    # Python writes such names in UTF-8 and says so; the tools of the trade write four bytes of GBK and say nothing.
    target.write_bytes(target.read_bytes().replace(b"XXXX.", "边界".encode("gbk") + b"."))
    assert [info.name for info in list_layers(target)] == ["边界"]
    assert len(read_layer(target, layer="边界").frame) == 2


def test_a_zip_with_several_shapefiles(tmp_path: Path) -> None:
    one, other = gbk_shapefile(tmp_path, name="a"), gbk_shapefile(tmp_path, name="b")
    target = tmp_path / "both.zip"
    with zipfile.ZipFile(target, "w") as archive:
        for path in (one, other):
            for part in tmp_path.glob(f"{path.stem}.*"):
                archive.write(part, part.name)
    with pytest.raises(LayerNotFound) as refused:
        read_layer(target)
    assert refused.value.code == "several-layers"
    assert len(read_layer(target, layer="b").frame) == 2
    with pytest.raises(LayerNotFound):
        read_layer(target, layer="c")


@pytest.mark.parametrize("part", [".shx", ".dbf"])
def test_a_shapefile_without_its_parts_is_refused(tmp_path: Path, part: str) -> None:
    path = gbk_shapefile(tmp_path)
    path.with_suffix(part).unlink()
    with pytest.raises(UnreadableFile) as refused:
        read_layer(path)
    assert refused.value.code == "missing-part"
    assert part in refused.value.text("zh")


def test_upper_case_parts_are_found(tmp_path: Path) -> None:
    path = gbk_shapefile(tmp_path, name="A")
    for suffix in (".shp", ".shx", ".dbf", ".prj"):
        path.with_suffix(suffix).rename(path.with_suffix(suffix.upper()))
    assert read_layer(path.with_suffix(".SHP")).frame["编码"].tolist() == ["001", "002"]


def test_reading_keeps_no_file_beside(tmp_path: Path) -> None:
    path = gbk_shapefile(tmp_path)
    before = sorted(tmp_path.iterdir())
    data: LayerData = read_layer(path)
    assert len(data.frame) == 2
    assert sorted(tmp_path.iterdir()) == before
