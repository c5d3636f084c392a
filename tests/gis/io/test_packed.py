"""Single files in a zip, or squeezed by gzip, are read as what they are."""

from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import pytest
import shapely

from gis.errors import InputRefused, LimitExceeded
from gis.io import ReadLimits, list_layers, read_layer
from gis.io.formats import FORMATS, detect
from gis.sandbox import Sandbox

CODES = ["007", "乙"]


def town() -> gpd.GeoDataFrame:
    shapes = [shapely.box(120, 36, 120.01, 36.01), shapely.box(120.01, 36, 120.02, 36.01)]
    return gpd.GeoDataFrame({"code": CODES}, geometry=shapes, crs=4326)


def write_table(path: Path) -> None:
    frame = town()
    frame["wkt"] = frame.geometry.to_wkt()
    frame.drop(columns="geometry").to_csv(path, index=False)


WRITERS: dict[str, Callable[[Path], None]] = {
    ".gpkg": lambda path: town().to_file(path),
    ".geojson": lambda path: town().to_file(path),
    ".fgb": lambda path: town().to_file(path, SPATIAL_INDEX="NO"),
    ".parquet": lambda path: town().to_parquet(path),
    ".csv": write_table,
}


def zipped(source: Path, inside: str) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(source, inside)
        archive.writestr("说明.md", "只是说明")
        archive.writestr(f"__MACOSX/._{source.name}", b"\0")
    return target.getvalue()


@pytest.fixture(scope="module", params=WRITERS)
def plain(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path: Path = tmp_path_factory.mktemp("plain") / f"街道{request.param}"
    WRITERS[request.param](path)
    return path


@pytest.mark.parametrize("name", ["a{}.gz", "a.zip", "upload"])
@pytest.mark.parametrize("by", ["zip", "gzip"])
def test_they_are_read_as_their_kind(plain: Path, tmp_path: Path, name: str, by: str) -> None:
    path = tmp_path / name.format(plain.suffix)
    path.write_bytes(
        zipped(plain, f"资料/{plain.name}") if by == "zip" else gzip.compress(plain.read_bytes())
    )
    if path.suffix and (path.suffix == ".gz") != (by == "gzip"):
        with pytest.raises(InputRefused) as refused:
            read_layer(path)
        assert refused.value.code == "wrong-content"
        return
    expected, data = read_layer(plain), read_layer(path)
    assert data.frame.equals(expected.frame)
    assert data.frame.attrs == expected.frame.attrs
    assert (data.crs, data.sha256) == (expected.crs, expected.sha256)
    assert (
        data.driver
        == f"packed {expected.driver.removeprefix('Geo') if plain.suffix == '.parquet' else expected.driver}"
    )
    assert [one.features for one in list_layers(path)] == [one.features for one in list_layers(plain)]


def test_the_confined_reader_reads_them(plain: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(zipped(plain, plain.name))
    with Sandbox(tmp_path / "jobs") as sandbox:
        data = sandbox.read_layer(path, limits=ReadLimits(memory_mb=1500, cpu_s=60, wall_s=120))
    expected = read_layer(plain).frame
    assert data.frame.equals(expected)
    assert data.frame.attrs == expected.attrs


def test_a_shapefile_in_a_zip_by_its_other_name(tmp_path: Path) -> None:
    town().to_file(tmp_path / "a.shp")
    with zipfile.ZipFile(tmp_path / "a.shz", "w") as archive:
        for part in tmp_path.glob("a.*"):
            if part.suffix != ".shz":
                archive.write(part, part.name)
    assert read_layer(tmp_path / "a.shz").frame["code"].tolist() == CODES


@pytest.mark.parametrize("by", ["zip", "gzip"])
def test_what_unpacks_to_too_much_is_stopped(tmp_path: Path, by: str) -> None:
    source = tmp_path / "a.csv"
    source.write_bytes(b"lon,lat\n" + b"120,36\n" * 800_000)
    path = tmp_path / f"b.{'zip' if by == 'zip' else 'csv.gz'}"
    path.write_bytes(zipped(source, "a.csv") if by == "zip" else gzip.compress(source.read_bytes()))
    assert path.stat().st_size < 100_000
    with pytest.raises(LimitExceeded) as refused:
        read_layer(path, limits=ReadLimits(unpacked_mb=2))
    assert refused.value.limit == "unpacked_mb"


def test_several_files_are_told(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("甲.csv", "lon,lat\n120,36\n")
        archive.writestr("乙.csv", "lon,lat\n120,36\n")
    with pytest.raises(InputRefused) as refused:
        read_layer(tmp_path / "a.zip")
    assert refused.value.code == "several-files"
    assert "甲.csv" in refused.value.detail.zh


@pytest.mark.parametrize("cut", [12, 40, -9])
def test_half_a_file_is_damaged(tmp_path: Path, cut: int) -> None:
    town().to_file(tmp_path / "a.geojson")
    (tmp_path / "b.geojson.gz").write_bytes(gzip.compress((tmp_path / "a.geojson").read_bytes())[:cut])
    with pytest.raises(InputRefused):
        read_layer(tmp_path / "b.geojson.gz")


def test_an_archive_in_an_archive_is_not_opened(tmp_path: Path) -> None:
    town().to_file(tmp_path / "a.geojson")
    inner = zipped(tmp_path / "a.geojson", "a.geojson")
    (tmp_path / "b.zip.gz").write_bytes(gzip.compress(inner))
    (tmp_path / "c.gz.gz").write_bytes(gzip.compress(gzip.compress(b"lon,lat\n120,36\n")))
    with zipfile.ZipFile(tmp_path / "d.zip", "w") as archive:
        archive.writestr("a.csv", inner)
    for name in ("b.zip.gz", "c.gz.gz", "d.zip"):
        with pytest.raises(InputRefused):
            read_layer(tmp_path / name)


def test_names_in_an_archive_lead_nowhere(tmp_path: Path) -> None:
    for name in ("../../etc/x.csv", "/abs/x.csv", "长" * 90 + ".csv", "a\nb.csv", "C:\\x.csv"):
        with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
            archive.writestr(name, "code,lon,lat\n1,120,36\n")
        assert read_layer(tmp_path / "a.zip").frame["code"].tolist() == ["1"]
    assert [one.name for one in tmp_path.iterdir()] == ["a.zip"]


def test_only_the_driver_of_what_is_inside_is_named(tmp_path: Path) -> None:
    town().to_file(tmp_path / "a.gpkg")
    (tmp_path / "a.gpkg.gz").write_bytes(gzip.compress((tmp_path / "a.gpkg").read_bytes()))
    found = detect(tmp_path / "a.gpkg.gz")
    assert (found.driver, found.extensions) == (FORMATS["GeoPackage"].driver, (".gz",))
