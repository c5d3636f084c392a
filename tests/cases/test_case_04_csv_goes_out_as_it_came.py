"""Case 04: `locate` copies the bytes of a CSV, whose columns came out as other text."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fixtures.commands import runner
from tests.fixtures.towns import CODES, inside, town_grids, write_town


@pytest.fixture
def wangge(monkeypatch, capfd):
    """A command that knows no database."""
    return runner(monkeypatch, capfd, {"WANGGE_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"})


@pytest.fixture
def boundaries(tmp_path: Path):
    return ("--boundaries", write_town(tmp_path / "town.gpkg"), "--code", "wgbm")


def table(text: str, header: str = "name") -> str:
    x, y = inside(CODES[0])
    return f'id,{header},lon,lat\r\n007,"{text}",{x},{y}\r\n008, {text} ,1,1\r\n'


@pytest.mark.parametrize(
    ("codec", "text", "header"),
    [
        ("latin-1", "Straße", "name"),
        ("big5", "信義區三張里", "名稱"),
        ("gbk", "云泰社区", "名称"),
        ("gb18030", "㐂㙟𠀀云泰", "名称"),
        ("cp932", "千代田区丸の内", "名称"),
        ("cp949", "서울특별시", "이름"),
        ("cp1251", "Невский проспект", "имя"),
        ("utf-8", "云泰社区", "名称"),
        ("utf-8-sig", "云泰社区", "名称"),
        ("utf-16", "云泰社区𠀀", "名称"),
        ("utf-32", "云泰社区", "名称"),
    ],
)
@pytest.mark.parametrize("said", [False, True])
def test_every_byte_of_the_rows_stays(wangge, boundaries, tmp_path, codec, text, header, said):
    given = table(text, header)
    (tmp_path / "in.csv").write_bytes(given.encode(codec))
    options = ("--encoding", codec) if said else ()
    done = wangge(
        "locate", "--input", tmp_path / "in.csv", "--output", tmp_path / "out.csv", *boundaries, *options
    )
    assert done.code == 0, str(done)
    head, first, second, _ = given.split("\r\n")
    expected = f"{head},grid_code\r\n{first},{CODES[0]}\r\n{second},\r\n"
    assert (tmp_path / "out.csv").read_bytes() == expected.encode(codec)


@pytest.mark.parametrize("codec", ["gbk", "big5"])
def test_columns_of_places_with_chinese_names(wangge, boundaries, tmp_path, codec):
    x, y = inside(CODES[0])
    for header, options in (("经度,纬度", ()), ("東經,緯度", ("--lon", "東經", "--lat", "緯度"))):
        if codec == "big5" and header.startswith("经"):
            continue
        (tmp_path / "in.csv").write_bytes(f"{header}\n{x},{y}\n".encode(codec))
        done = wangge(
            "locate", "--input", tmp_path / "in.csv", "--output", tmp_path / "out.csv", *boundaries, *options
        )
        assert done.code == 0, str(done)
        assert (tmp_path / "out.csv").read_bytes() == f"{header},grid_code\n{x},{y},{CODES[0]}\n".encode(
            codec
        )


def test_bars_that_are_half_of_a_character(wangge, boundaries, tmp_path):
    """The second byte of 亅 in GBK is a bar: the encoding has to be known, and the bytes stay."""
    x, y = inside(CODES[0])
    text = f"id|name|lon|lat\n007|亅亅云泰社区|{x}|{y}\n".encode("gbk")
    (tmp_path / "in.csv").write_bytes(text)
    here = ("locate", "--input", tmp_path / "in.csv", "--output", tmp_path / "out.csv", *boundaries)
    assert wangge(*here).code == 3
    assert not (tmp_path / "out.csv").exists()
    assert wangge(*here, "--encoding", "GBK").code == 0
    assert (tmp_path / "out.csv").read_bytes().splitlines()[1] == text.splitlines()[
        1
    ] + f"|{CODES[0]}".encode()


def test_codes_that_are_not_ascii_need_an_encoding_that_is_known(wangge, tmp_path):
    town = town_grids()
    town["code"] = ["网格" + code for code in town["code"]]
    town.to_file(tmp_path / "town.gpkg")
    boundaries = ("--boundaries", tmp_path / "town.gpkg", "--code", "code")
    here = ("locate", "--input", tmp_path / "in.csv", "--output", tmp_path / "out.csv", *boundaries)
    code = "网格" + CODES[0]
    (tmp_path / "in.csv").write_bytes(table("云泰社区").encode("gbk"))
    refused = wangge(*here)
    assert refused.code == 3, str(refused)
    assert "gb18030 → 云泰社区" in refused.err
    assert "--encoding gb18030" in refused.err
    assert wangge(*here, "--encoding", "GBK").code == 0
    assert (tmp_path / "out.csv").read_bytes().decode("gbk").splitlines()[1].endswith(code)
    for codec in ("utf-8", "utf-8-sig", "utf-16"):
        (tmp_path / "in.csv").write_bytes(table("云泰社区").encode(codec))
        assert wangge(*here).code == 0
        assert (tmp_path / "out.csv").read_bytes().decode(codec).splitlines()[1].endswith(code)
    # Cyrillic has no way to write it; in another encoding it goes.
    (tmp_path / "in.csv").write_bytes(table("Невский проспект").encode("cp1251"))
    refused = wangge(*here, "--encoding", "cp1251")
    assert refused.code == 3
    assert "--output-encoding" in refused.err
    assert wangge(*here, "--encoding", "cp1251", "--output-encoding", "utf-8-sig").code == 0
    assert (tmp_path / "out.csv").read_bytes().decode("utf-8-sig").splitlines()[1].endswith(code)


def test_what_is_said_is_held_to(wangge, boundaries, tmp_path):
    here = ("locate", "--input", tmp_path / "in.csv", "--output", tmp_path / "out.csv", *boundaries)
    (tmp_path / "in.csv").write_bytes(table("云泰社区").encode())
    for name in ("gbk", "ascii", "klingon", "utf-16"):
        refused = wangge(*here, "--encoding", name)
        assert refused.code == 3, name
        assert not (tmp_path / "out.csv").exists()
    (tmp_path / "in.csv").write_bytes(table("云泰社区").encode("gbk"))
    refused = wangge(*here, "--encoding", "utf-8")
    assert refused.code == 3
    assert "第 1 行，name 列" in refused.err
