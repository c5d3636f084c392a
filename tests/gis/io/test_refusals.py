"""Files that are not what they say: refused at once, in words, whatever their size."""

import os
import zipfile
from pathlib import Path

import geopandas as gpd
import pytest
import shapely

from gis.errors import InputRefused, LimitExceeded, Refusal, UnknownFormat, UnreadableFile
from gis.io import WRITABLE, ReadLimits, list_layers, read_layer, write_layer

EXTENSIONS = [
    ".gpkg",
    ".shp",
    ".zip",
    ".geojson",
    ".json",
    ".fgb",
    ".kml",
    ".kmz",
    ".parquet",
    ".csv",
    ".tsv",
    ".dxf",
]
MAGIC = {
    ".gpkg": b"SQLite format 3\x00",
    ".shp": b"\x00\x00\x27\x0a",
    ".zip": b"PK\x03\x04",
    ".geojson": b'{"type":"FeatureCollection","features":[',
    ".json": b"{",
    ".fgb": b"fgb\x03fgb\x00",
    ".kml": b"<kml>",
    ".kmz": b"PK\x03\x04",
    ".parquet": b"PAR1",
    ".csv": b"lon,lat\n120,36\n",
    ".tsv": b"lon\tlat\n120\t36\n",
    ".dxf": b"0\nSECTION\n2\nENTITIES\n0\n",
}


def sparse(path: Path, size: int, start: bytes = b"") -> Path:
    with path.open("wb") as out:
        out.write(start)
        out.truncate(size)
    assert path.stat().st_blocks * 512 < 1 << 20, "the file should take no space"
    return path


# Of two gigabytes, so little may be looked at before they are refused.
MOST_READ = 128 << 20


def bytes_read() -> int:
    """What this process has read so far, as the kernel counts it."""
    counted = dict(line.split(": ") for line in Path("/proc/self/io").read_text().splitlines())
    return int(counted["rchar"])


@pytest.mark.parametrize("extension", EXTENSIONS)
def test_two_gigabytes_of_nothing(tmp_path: Path, extension: str) -> None:
    path = sparse(tmp_path / f"a{extension}", 2 << 30)
    before = bytes_read()
    with pytest.raises(InputRefused) as refused:
        read_layer(path, crs="wgs84")
    assert bytes_read() - before < MOST_READ
    assert path.name in refused.value.text("zh")


@pytest.mark.parametrize("extension", EXTENSIONS)
def test_two_gigabytes_of_nothing_behind_a_good_beginning(tmp_path: Path, extension: str) -> None:
    start = MAGIC[extension] + os.urandom(4096)
    path = sparse(tmp_path / f"a{extension}", 2 << 30, start)
    before = bytes_read()
    with pytest.raises(InputRefused):
        read_layer(path, crs="wgs84")
    assert bytes_read() - before < MOST_READ


@pytest.mark.parametrize("extension", EXTENSIONS)
def test_random_bytes(tmp_path: Path, extension: str) -> None:
    path = tmp_path / f"a{extension}"
    path.write_bytes(os.urandom(200_000))
    for read in (read_layer, list_layers):
        with pytest.raises(InputRefused):
            read(path)


@pytest.mark.parametrize("extension", [*EXTENSIONS, ""])
def test_empty_files_directories_and_files_that_are_not_there(tmp_path: Path, extension: str) -> None:
    empty, folder, absent = (tmp_path / f"{name}{extension}" for name in ("empty", "folder", "absent"))
    empty.touch()
    folder.mkdir()
    for path, code in ((empty, "empty-file"), (folder, "directory"), (absent, "no-such-file")):
        with pytest.raises(UnreadableFile) as refused:
            read_layer(path)
        assert refused.value.code == code
        assert str(tmp_path) not in str(refused.value)


@pytest.fixture(scope="module")
def frame() -> gpd.GeoDataFrame:
    shapes = [shapely.box(120 + k / 100, 36, 120.01 + k / 100, 36.01) for k in range(50)]
    return gpd.GeoDataFrame({"code": [f"{k:03d}" for k in range(50)]}, geometry=shapes, crs=4326)


@pytest.mark.parametrize("extension", [e for e in WRITABLE if e not in (".csv", ".shp")])
@pytest.mark.parametrize("part", [0.1, 0.5, 0.9, 0.99])
def test_truncated_files(frame: gpd.GeoDataFrame, tmp_path: Path, extension: str, part: float) -> None:
    path = write_layer(frame, tmp_path / f"a{extension}")
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * part)])
    with pytest.raises(InputRefused) as refused:
        read_layer(path)
    assert refused.value.detail.zh


@pytest.mark.parametrize("suffix", [".shp", ".dbf", ".shx"])
def test_a_truncated_shapefile(frame: gpd.GeoDataFrame, tmp_path: Path, suffix: str) -> None:
    path = write_layer(frame, tmp_path / "a.shp")
    part = path.with_suffix(suffix)
    part.write_bytes(part.read_bytes()[: part.stat().st_size // 2])
    with pytest.raises(InputRefused):
        read_layer(path)


@pytest.mark.parametrize("wrong", [".gpkg", ".shp", ".geojson", ".fgb", ".parquet", ".kml", ".csv", ".dxf"])
def test_a_wrong_extension_says_what_it_holds(frame: gpd.GeoDataFrame, tmp_path: Path, wrong: str) -> None:
    right = ".gpkg" if wrong != ".gpkg" else ".fgb"
    path = write_layer(frame, tmp_path / f"a{right}").rename(tmp_path / f"b{wrong}")
    with pytest.raises(UnknownFormat) as refused:
        read_layer(path)
    assert refused.value.code == "wrong-content"
    assert {".gpkg": "GeoPackage", ".fgb": "FlatGeobuf"}[right] in refused.value.text("en")


def test_without_an_extension_content_decides(frame: gpd.GeoDataFrame, tmp_path: Path) -> None:
    path = write_layer(frame, tmp_path / "a.gpkg").rename(tmp_path / "upload")
    assert len(read_layer(path).frame) == 50


def test_unknown_extensions_list_the_known(tmp_path: Path) -> None:
    (tmp_path / "a.abc").write_bytes(b"PK\x03\x04")
    with pytest.raises(UnknownFormat) as refused:
        read_layer(tmp_path / "a.abc")
    assert ".gpkg" in refused.value.text("zh")


def test_an_archive_without_shapefile(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("readme.txt", "nothing here")
    with pytest.raises(UnknownFormat):
        read_layer(tmp_path / "a.zip")


@pytest.mark.parametrize("name", ["a.zip", "a.kmz", "a.parquet"])
def test_an_archive_that_would_unpack_to_too_much(frame: gpd.GeoDataFrame, tmp_path: Path, name: str) -> None:
    path = write_layer(frame, tmp_path / name.replace(".kmz", ".kml"))
    if name == "a.kmz":
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            archive.write(path, "doc.kml")
        path = tmp_path / name
    assert len(read_layer(path, limits=ReadLimits(unpacked_mb=1)).frame) == len(frame)
    with pytest.raises(LimitExceeded) as refused:
        read_layer(path, limits=ReadLimits(unpacked_mb=0, prefix="MY_"))
    assert refused.value.limit == "MY_UNPACKED_MB"


def test_a_geojson_that_holds_something_else(tmp_path: Path) -> None:
    for body in (
        "{}",
        "[]",
        '{"type": "Topology"}',
        '{"features": 3}',
        "[1, 2, 3]",
        '{"type":"FeatureCollection"}',
    ):
        (tmp_path / "a.geojson").write_text(body)
        with pytest.raises(Refusal):
            read_layer(tmp_path / "a.geojson")


def test_a_layer_without_rows(frame: gpd.GeoDataFrame, tmp_path: Path) -> None:
    path = write_layer(frame.iloc[:0], tmp_path / "a.gpkg")
    with pytest.raises(UnreadableFile) as refused:
        read_layer(path)
    assert refused.value.code == "no-rows"
