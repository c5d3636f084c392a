"""Names of columns: cut inside a character, the same twice, wrapped in marks; none is lost, and each change is said."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gis.errors import MissingColumn, UnknownEncoding
from gis.io import find_column, list_layers, read_layer
from gis.io.names import cut_forms, distinct_names, plain_name
from tests.fixtures.dbase import write_shapefile

LONG, OTHER = "网格编码名称", "网格编号"


def columns(data) -> list[str]:
    return [str(name) for name in data.frame.columns if name != "geometry"]


@pytest.mark.parametrize(("codec", "cut"), [("utf-8", "网格编"), ("gbk", "网格编码名")])
@pytest.mark.parametrize("width", [10, 11])
def test_a_name_cut_inside_a_character(tmp_path: Path, codec: str, cut: str, width: int) -> None:
    name = b"x" + LONG.encode(codec) if codec == "gbk" else LONG.encode(codec)
    cut = f"x{cut[:-1]}" if codec == "gbk" and width == 10 else f"x{cut}" if codec == "gbk" else cut
    path = write_shapefile(tmp_path / "a.shp", [name[:width], b"n"], [[b"007", b"1"]], cpg=codec)
    data = read_layer(path)
    assert columns(data) == [cut, "n"]
    broken = len(cut.encode(codec)) < width
    assert [note for note in data.notes if "截断" in note.zh and cut in note.en] if broken else True
    wanted = f"x{LONG}" if codec == "gbk" else LONG
    assert find_column(columns(data), wanted, file="a.shp") == cut
    assert data.frame[cut].tolist() == ["007"]


def test_two_names_that_are_cut_to_one(tmp_path: Path) -> None:
    names = [LONG.encode()[:10], OTHER.encode()[:10], b"n"]
    path = write_shapefile(tmp_path / "a.shp", names, [[b"007", b"008", b"1"]], cpg="UTF-8")
    data = read_layer(path)
    assert columns(data) == ["网格编", "网格编_2", "n"]
    assert data.frame.iloc[0, :3].tolist() == ["007", "008", "1"]
    assert any("网格编_2" in note.zh and "同名" in note.zh for note in data.notes)
    with pytest.raises(MissingColumn) as refused:
        find_column(columns(data), OTHER, file="a.shp")
    assert refused.value.code == "ambiguous-column"
    assert "网格编, 网格编_2" in refused.value.text("en")
    assert find_column(columns(data), "网格编_2", file="a.shp") == "网格编_2"


def test_the_same_name_twice(tmp_path: Path) -> None:
    path = write_shapefile(tmp_path / "a.shp", [b"name", b"name", b"name_2"], [[b"a", b"b", b"c"]])
    data = read_layer(path)
    assert columns(data) == ["name", "name_3", "name_2"]
    assert data.frame.iloc[0, :3].tolist() == ["a", "b", "c"]


def test_names_that_differ_in_case_are_two(tmp_path: Path) -> None:
    data = read_layer(write_shapefile(tmp_path / "a.shp", [b"Code", b"code"], [[b"a", b"b"]]))
    assert columns(data) == ["Code", "code"]
    assert data.frame["code"].tolist() == ["b"]
    with pytest.raises(MissingColumn, match="several columns"):
        find_column(columns(data), "CODE", file="a.shp")


def test_names_with_marks_and_padding(tmp_path: Path) -> None:
    names = ["\ufeff编码".encode(), b" n ", b"x\0junk", b""]
    data = read_layer(write_shapefile(tmp_path / "a.shp", names, [[b"a", b"b", b"c", b"d"]], cpg="UTF-8"))
    assert columns(data) == ["编码", "n", "x", "column_4"]
    assert data.frame.iloc[0, :4].tolist() == ["a", "b", "c", "d"]


def test_a_table_with_names_twice_says_so(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("\ufeff编码,编码,lon,lat\n1,2,120,36\n")
    data = read_layer(tmp_path / "a.csv")
    assert columns(data) == ["编码", "编码_2", "lon", "lat"]
    assert "编码_2" in data.notes[0].zh


def test_the_layers_of_an_archive_with_cut_names_are_listed(tmp_path: Path) -> None:
    path = write_shapefile(tmp_path / "a.shp", [LONG.encode()[:10]], [[b"1"]], cpg="UTF-8")
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for part in path.parent.glob("a.*"):
            if part.suffix != ".zip":
                archive.write(part, part.name)
    assert [layer.name for layer in list_layers(tmp_path / "a.zip")] == ["a"]
    assert columns(read_layer(tmp_path / "a.zip")) == ["网格编"]


def test_cells_cut_inside_a_character_are_said(tmp_path: Path) -> None:
    whole = "社区居民委员会"
    rows = [[whole.encode(), b"1"], [("社" * 14).encode(), b"2"], [b"plain", b"3"]]
    data = read_layer(write_shapefile(tmp_path / "a.shp", [b"name", b"n"], rows, cpg="UTF-8", width=40))
    assert data.frame["name"].tolist() == [whole, "社" * 13, "plain"]
    (note,) = data.notes
    assert "第 2 行 name 列" in note.zh
    assert "row 2, column name" in note.en


def test_the_lead_of_a_character_is_no_cut_one(tmp_path: Path) -> None:
    """The last byte of café in Latin-1 begins a character in UTF-8; without any other there is no UTF-8 here."""
    path = write_shapefile(tmp_path / "a.shp", [b"name", b"n"], [["café".encode("latin-1"), b"1"]], width=4)
    with pytest.raises(UnknownEncoding):
        read_layer(path)
    assert read_layer(path, encoding="latin-1").frame["name"].tolist() == ["café"]


NAMES = st.lists(st.text(st.sampled_from("aA网格编码_2 \ufeff\0"), max_size=5), min_size=1, max_size=6)


@given(NAMES)
def test_every_column_has_a_name_of_its_own(names: list[str]) -> None:
    out, changed = distinct_names(names)
    assert len(set(out)) == len(names)
    kept = {at for at, _ in changed}
    for at, (name, given_) in enumerate(zip(out, names, strict=True)):
        plain = plain_name(given_) or f"column_{at + 1}"
        assert (name == plain) == (at not in kept)
        if at in kept:
            assert plain in out[:at]


@given(st.text(st.characters(codec="gb18030", categories=("Lo", "Ll", "Nd")), min_size=1, max_size=12))
def test_a_cut_name_is_found_by_the_whole_one(name: str) -> None:
    for codec in ("utf-8", "gb18030"):
        whole = name.encode(codec)
        if len(whole) > 11:
            cut = whole[:10].decode(codec, "ignore")
            assert cut_forms([cut, "n"], name) == [cut]
    assert cut_forms(["n", "zzz"], name[:3]) == []


def test_columns_of_a_frame_are_found() -> None:
    frame = pd.DataFrame({"communit_1": [1], "community_": [2]})
    with pytest.raises(MissingColumn):
        find_column(frame.columns, "community_code", file="a.shp")
    assert find_column(["community_"], "community_code", file="a.shp") == "community_"
