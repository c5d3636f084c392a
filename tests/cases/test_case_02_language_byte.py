"""Case 02: the language byte of a .dbf is believed, where Big5 and Shift_JIS were read as GB18030."""

from __future__ import annotations

from pathlib import Path

import pytest

from gis.errors import UnknownEncoding
from gis.io import read_layer
from tests.fixtures.dbase import write_shapefile

TAIWAN, JAPAN, CHINA, GERMANY = "信義區三張里", "千代田区丸の内", "云泰社区", "Gärtnerstraße"


@pytest.mark.parametrize(
    ("driver", "codec", "text"),
    [
        (0x78, "big5", TAIWAN),
        (0x4F, "big5", TAIWAN),
        (0x7B, "cp932", JAPAN),
        (0x13, "cp932", JAPAN),
        (0x03, "cp1252", GERMANY),
        (0x4D, "gbk", CHINA),
        (0x7A, "gbk", CHINA),
        (0x4E, "cp949", "서울특별시 강남구"),
        (0xC9, "cp1251", "Невский проспект"),
        (0x65, "cp866", "Невский проспект"),
        (0xC8, "cp1250", "Świętokrzyska"),
        (0x02, "cp850", "Größe"),
    ],
)
def test_text_under_its_language_byte(tmp_path: Path, driver: int, codec: str, text: str) -> None:
    rows = [[text.encode(codec), b"x"]]
    data = read_layer(write_shapefile(tmp_path / "a.shp", [b"code", b"name"], rows, driver=driver))
    assert list(data.frame["code"]) == [text]


@pytest.mark.parametrize("driver", [0x00, 0x57])
@pytest.mark.parametrize(("codec", "text"), [("big5", TAIWAN), ("gbk", CHINA), ("cp1252", GERMANY)])
def test_a_byte_that_says_nothing_is_no_guess(tmp_path: Path, driver: int, codec: str, text: str) -> None:
    """0x57 is the code page of whatever machine wrote the file."""
    path = write_shapefile(
        tmp_path / "a.shp", [b"code", b"name"], [[text.encode(codec), b"x"]], driver=driver
    )
    with pytest.raises(UnknownEncoding) as refused:
        read_layer(path)
    read = {sample.encoding: sample.texts[0] for sample in refused.value.samples}
    assert text in read.values()
    assert "row 1, column code".lower() in refused.value.text("en").lower()
    assert list(read_layer(path, encoding=codec).frame["code"]) == [text]


def test_the_cpg_stands_over_the_byte(tmp_path: Path) -> None:
    rows = [[TAIWAN.encode("big5"), b"x"]]
    path = write_shapefile(tmp_path / "a.shp", [b"code", b"name"], rows, driver=0x4D, cpg="BIG5")
    assert list(read_layer(path).frame["code"]) == [TAIWAN]


def test_ascii_needs_no_word(tmp_path: Path) -> None:
    path = write_shapefile(tmp_path / "a.shp", [b"code", b"name"], [[b"007", b"Main St"]], driver=0x57)
    data = read_layer(path)
    assert (list(data.frame["code"]), data.encoding) == (["007"], "ascii")
