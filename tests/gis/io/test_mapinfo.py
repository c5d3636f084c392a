"""MapInfo tables: native and for exchange, in the encoding that they declare, and what is refused of them."""

from __future__ import annotations

import re
from pathlib import Path

import geopandas as gpd
import pytest
import shapely

from gis.errors import CrsMissing, UnknownEncoding, UnknownFormat, UnreadableFile
from gis.io import list_layers, read_layer
from tests.fixtures.formats import write_mapinfo


def grids(names: tuple[str, str] = ("a", "b")) -> gpd.GeoDataFrame:
    shapes = [shapely.box(120 + at / 100, 35, 120.01 + at / 100, 35.01) for at in range(2)]
    return gpd.GeoDataFrame(
        {"code": ["007", "008"], "nm": list(names), "n": [1, 2]}, geometry=shapes, crs=4326
    )


def written(
    folder: Path, kind: str, encoding: str, charset: str, names: tuple[str, str] = ("网格甲", "格乙")
) -> Path:
    """A table whose texts are in an encoding, and say a charset: GDAL itself writes what the machine can recode."""
    raw = [name.encode(encoding) for name in names]
    stand_ins = [letter * len(text) for letter, text in zip("QZ", raw, strict=True)]
    path = write_mapinfo(grids((stand_ins[0], stand_ins[1])), folder / f"网格{kind}")
    for part in folder.glob("网格.*"):
        content = part.read_bytes()
        for old, new in zip(stand_ins, raw, strict=True):
            content = content.replace(old.encode(), new)
        if part.suffix in (".tab", ".mif"):
            content = content.replace(b" nm ", " 名字 ".encode(encoding))
            content = re.sub(rb'(?i)(charset\s+)"?[\w-]+"?', rf'\1"{charset}"'.encode(), content)
        part.write_bytes(content)
    return path


@pytest.mark.parametrize("kind", [".tab", ".mif"])
@pytest.mark.parametrize(
    ("encoding", "charset", "found"),
    [
        ("gbk", "WindowsSimpChinese", "gb18030"),
        ("utf-8", "UTF-8", "utf-8"),
        ("utf-8", "Neutral", "utf-8"),
        ("big5", "WindowsTradChinese", "cp950"),
    ],
)
def test_the_declared_encoding_is_read(
    tmp_path: Path, kind: str, encoding: str, charset: str, found: str
) -> None:
    names = ("信義區三張里", "網格") if encoding == "big5" else ("网格", "乙")
    data = read_layer(written(tmp_path, kind, encoding, charset, names))
    assert data.frame["名字"].tolist() == list(names)
    assert (data.encoding, data.frame["code"].tolist(), data.frame["n"].tolist()) == (
        found,
        ["007", "008"],
        [1, 2],
    )
    assert (data.layer, data.crs, data.crs_source) == ("网格", "wgs84", "file")


@pytest.mark.parametrize("kind", [".tab", ".mif"])
def test_an_encoding_that_nobody_declares_is_asked_for(tmp_path: Path, kind: str) -> None:
    path = written(tmp_path, kind, "gbk", "Neutral")
    with pytest.raises(UnknownEncoding) as refused:
        read_layer(path)
    assert "网格" in refused.value.text("zh")
    assert read_layer(path, encoding="GBK").frame["名字"].iloc[0] == "网格甲"


@pytest.mark.parametrize(
    ("kind", "part"), [(".tab", ".dat"), (".tab", ".map"), (".tab", ".id"), (".mif", ".mid")]
)
def test_a_part_that_is_missing_is_named(tmp_path: Path, kind: str, part: str) -> None:
    path = write_mapinfo(grids(), tmp_path / f"a{kind}")
    path.with_suffix(part).unlink()
    for read in (read_layer, list_layers):
        with pytest.raises(UnreadableFile) as refused:
            read(path)
        assert refused.value.code == "missing-part"
        assert part in refused.value.text("zh")


def test_a_part_named_instead_of_the_whole(tmp_path: Path) -> None:
    write_mapinfo(grids(), tmp_path / "a.tab")
    for name in ("a.dat", "a.map", "a.id"):
        with pytest.raises(UnknownFormat, match=r"\.tab"):
            read_layer(tmp_path / name)


def test_tables_that_point_elsewhere_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.tab").write_text(
        "!table\n!version 300\n!charset Neutral\n\nDefinition Table\n  Type LINKED\n  Fields 1\n"
    )
    with pytest.raises(UnreadableFile) as refused:
        read_layer(tmp_path / "a.tab")
    assert refused.value.code == "linked-table"


def test_parts_in_capitals(tmp_path: Path) -> None:
    write_mapinfo(grids(), tmp_path / "a.tab")
    for part in list(tmp_path.iterdir()):
        part.rename(tmp_path / part.name.upper())
    assert read_layer(tmp_path / "A.TAB").frame["code"].tolist() == ["007", "008"]


def test_tab_separated_text_is_still_a_table(tmp_path: Path) -> None:
    (tmp_path / "a.tab").write_text("code\tlon\tlat\n007\t120.05\t35.88\n")
    assert read_layer(tmp_path / "a.tab").driver == "CSV"


def test_a_plan_that_is_nowhere_needs_a_crs(tmp_path: Path) -> None:
    path = write_mapinfo(grids(), tmp_path / "a.mif")
    path.write_text(
        re.sub(r"CoordSys .*", 'CoordSys NonEarth Units "m" Bounds (0, 0) (1000, 1000)', path.read_text())
    )
    with pytest.raises(CrsMissing):
        read_layer(tmp_path / "a.mif")
