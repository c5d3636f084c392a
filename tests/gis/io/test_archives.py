"""Archives as people make them: names in any encoding, folders in folders, several data sets, the leavings of others."""

from __future__ import annotations

import struct
import zipfile
import zlib
from pathlib import Path

import geopandas as gpd
import pytest
import shapely

from gis.errors import LayerNotFound, UnknownFormat
from gis.io import list_layers, read_layer, write_layer
from tests.fixtures.formats import write_geodatabase, write_mapinfo


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files of a Shapefile, by extension."""
    folder = tmp_path_factory.mktemp("shp")
    write_layer(grids(), folder / "a.shp")
    return {part.suffix: part.read_bytes() for part in folder.iterdir()}


def grids(codes: str = "AB") -> gpd.GeoDataFrame:
    shapes = [shapely.box(120 + at / 100, 35, 120.01 + at / 100, 35.01) for at in range(len(codes))]
    return gpd.GeoDataFrame({"code": list(codes)}, geometry=shapes, crs=4326)


def raw_zip(path: Path, members: dict[bytes, bytes], *, flag: int = 0, extra: bytes = b"") -> Path:
    """An archive whose names are just these bytes, as tools write them that say nothing of an encoding."""
    body, directory = b"", b""
    for name, content in members.items():
        common = struct.pack(
            "<HHHHHIIIHH",
            20,
            flag,
            0,
            0,
            0,
            zlib.crc32(content),
            len(content),
            len(content),
            len(name),
            len(extra),
        )
        directory += b"PK\x01\x02" + struct.pack("<H", 20) + common
        directory += struct.pack("<HHHII", 0, 0, 0, 0, len(body)) + name + extra
        body += b"PK\x03\x04" + common + name + extra + content
    end = struct.pack("<HHHHIIH", 0, 0, len(members), len(members), len(directory), len(body), 0)
    path.write_bytes(body + directory + b"PK\x05\x06" + end)
    return path


@pytest.mark.parametrize(
    ("encoding", "flag"), [("gbk", 0), ("utf-8", 0x800), ("utf-8", 0)], ids=["Windows", "flagged", "macOS"]
)
def test_names_in_chinese(tmp_path: Path, parts: dict[str, bytes], encoding: str, flag: int) -> None:
    members = {f"黄岛区/网格{suffix}".encode(encoding): content for suffix, content in parts.items()}
    path = raw_zip(tmp_path / "网格.zip", members, flag=flag)
    assert [info.name for info in list_layers(path)] == ["网格"]
    data = read_layer(path)
    assert (data.layer, data.frame["code"].tolist()) == ("网格", ["A", "B"])


def test_names_that_were_mangled_and_flagged_afterwards(tmp_path: Path, parts: dict[str, bytes]) -> None:
    mangled = "网格边界".encode("gbk").decode("cp437")
    members = {f"{mangled}{suffix}".encode(): content for suffix, content in parts.items()}
    assert read_layer(raw_zip(tmp_path / "a.zip", members, flag=0x800)).layer == "网格边界"


def test_names_in_latin_letters_with_accents_are_left_alone(tmp_path: Path, parts: dict[str, bytes]) -> None:
    members = {f"Straße{suffix}".encode(): content for suffix, content in parts.items()}
    assert read_layer(raw_zip(tmp_path / "a.zip", members, flag=0x800)).layer == "Straße"


def test_a_name_in_utf8_beside_the_other(tmp_path: Path, parts: dict[str, bytes]) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for suffix, content in parts.items():
            plain, full = f"__{suffix}".encode(), f"网格{suffix}".encode()
            info = zipfile.ZipInfo(plain.decode())
            field = struct.pack("<BI", 1, zlib.crc32(plain)) + full
            info.extra = struct.pack("<HH", 0x7075, len(field)) + field
            archive.writestr(info, content)
    assert read_layer(tmp_path / "a.zip").layer == "网格"


def test_what_other_systems_leave_behind_is_no_layer(tmp_path: Path, parts: dict[str, bytes]) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for suffix, content in parts.items():
            archive.writestr(f"a/b/网格{suffix.upper()}", content)
            archive.writestr(f"__MACOSX/a/b/._网格{suffix}", b"\x00\x05\x16\x07")
            archive.writestr(f"a/b/._网格{suffix}", b"\x00\x05\x16\x07")
        archive.writestr("a/.DS_Store", b"x")
        archive.writestr("a/读我.txt", "x")
    assert [info.name for info in list_layers(tmp_path / "a.zip")] == ["网格"]
    assert len(read_layer(tmp_path / "a.zip").frame) == 2


def test_parts_whose_names_differ_in_case(tmp_path: Path, parts: dict[str, bytes]) -> None:
    names = {
        ".shp": "Grids.SHP",
        ".shx": "grids.shx",
        ".dbf": "GRIDS.Dbf",
        ".prj": "Grids.prj",
        ".cpg": "Grids.CPG",
    }
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for suffix, content in parts.items():
            archive.writestr(names[suffix], content)
    loose = tmp_path / "loose"
    loose.mkdir()
    for suffix, content in parts.items():
        (loose / names[suffix]).write_bytes(content)
    for path, layer in ((tmp_path / "a.zip", "Grids"), (loose / "Grids.SHP", "Grids")):
        data = read_layer(path)
        assert (data.frame["code"].tolist(), data.layer, data.crs) == (["A", "B"], layer, "wgs84")
        assert [info.name for info in list_layers(path)] == [layer]


def test_several_data_sets_are_several_layers(tmp_path: Path, parts: dict[str, bytes]) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for folder in ("东", "西"):
            for suffix, content in parts.items():
                archive.writestr(f"{folder}/网格{suffix}", content)
        for suffix, content in parts.items():
            archive.writestr(f"道路{suffix}", content)
    names = [info.name for info in list_layers(tmp_path / "a.zip")]
    assert sorted(names) == ["网格 (1)", "网格 (2)", "道路"]
    with pytest.raises(LayerNotFound) as refused:
        read_layer(tmp_path / "a.zip")
    assert refused.value.code == "several-layers"
    assert len(read_layer(tmp_path / "a.zip", layer="道路").frame) == 2


def test_a_geodatabase_with_several_layers(tmp_path: Path) -> None:
    folder = write_geodatabase(grids(), tmp_path / "黄岛.gdb")
    grids("CDE").to_file(folder, layer="社区", driver="OpenFileGDB", mode="a")
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for part in folder.iterdir():
            archive.write(part, f"数据/黄岛.gdb/{part.name}")
    bare = tmp_path / "b.zip"
    with zipfile.ZipFile(bare, "w") as archive:
        for part in folder.iterdir():
            archive.write(part, part.name)
    renamed = tmp_path / "黄岛边界"
    renamed.mkdir()
    for part in folder.iterdir():
        (renamed / part.name).write_bytes(part.read_bytes())
    for source in (folder, path, bare, renamed):
        assert {info.name: info.features for info in list_layers(source)} == {"grids": 2, "社区": 3}
        with pytest.raises(LayerNotFound):
            read_layer(source)
        data = read_layer(source, layer="社区")
        assert (data.layer, data.frame["code"].tolist(), data.crs) == ("社区", ["C", "D", "E"], "wgs84")


def test_other_formats_beside_are_said(tmp_path: Path, parts: dict[str, bytes]) -> None:
    write_mapinfo(grids(), tmp_path / "m.mif")
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for suffix, content in parts.items():
            archive.writestr(f"a{suffix}", content)
        for part in tmp_path.glob("m.*"):
            archive.write(part, part.name)
    data = read_layer(tmp_path / "a.zip")
    assert data.driver == "zipped Shapefile"
    assert any("m.mif" in note.in_("en") for note in data.notes)


@pytest.mark.parametrize(
    ("member", "words"),
    [("word/document.xml", "text or slides"), ("content.xml", "OpenDocument"), ("xl/workbook.bin", ".xlsb")],
)
def test_other_archives_are_refused_by_name(tmp_path: Path, member: str, words: str) -> None:
    for name in ("a.zip", "a.xlsx", "upload"):
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            archive.writestr("[Content_Types].xml", "<Types/>")
            archive.writestr(member, "x")
        with pytest.raises(UnknownFormat) as refused:
            read_layer(tmp_path / name)
        assert words in refused.value.text("en")
