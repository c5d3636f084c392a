"""Case 01: a declared one-byte code page is believed, where it was read as Chinese."""

from __future__ import annotations

from pathlib import Path

import pytest

from gis.errors import UnknownEncoding
from gis.io import read_layer
from tests.fixtures.dbase import write_shapefile


def names_read(path: Path, **options: str) -> list[str]:
    return list(read_layer(path, **options).frame["name"])


@pytest.mark.parametrize("cpg", ["ISO-8859-1", "1252", "ANSI 1252", "88591", "windows-1252", "ANSI_1252\r\n"])
def test_german_under_its_code_page(tmp_path: Path, cpg: str) -> None:
    rows = [[b"1", "Gärtnerstraße".encode("cp1252")], [b"2", b"Markt"]]
    path = write_shapefile(tmp_path / "a.shp", [b"code", b"name"], rows, cpg=cpg)
    assert names_read(path) == ["Gärtnerstraße", "Markt"]
    assert read_layer(path).encoding == "cp1252"


@pytest.mark.parametrize(
    ("cpg", "codec", "texts"),
    [
        ("1251", "cp1251", ["Невский проспект", "улица Мира"]),
        ("ISO 8859-2", "iso8859-2", ["Świętokrzyska", "Žižkov"]),
        ("1254", "cp1254", ["Şişli", "Beyoğlu"]),
        ("OEM 850", "cp850", ["Rue de l'Évêché", "Größe"]),
        ("1253", "cp1253", ["Θεσσαλονίκη"]),
    ],
)
def test_other_code_pages(tmp_path: Path, cpg: str, codec: str, texts: list[str]) -> None:
    rows = [[str(at).encode(), text.encode(codec)] for at, text in enumerate(texts)]
    path = write_shapefile(tmp_path / "a.shp", [b"code", b"name"], rows, cpg=cpg)
    assert names_read(path) == texts


def test_a_code_page_that_nobody_looked_at_is_not_believed_over_chinese(tmp_path: Path) -> None:
    """Tools write ISO-8859-1 into every .cpg; Chinese is neither rewritten by it nor guessed."""
    rows = [[b"1", "灵山卫街道".encode("gbk")]]
    path = write_shapefile(tmp_path / "a.shp", [b"code", b"name"], rows, cpg="ISO-8859-1")
    with pytest.raises(UnknownEncoding) as refused:
        names_read(path)
    assert ".cpg ISO-8859-1" in refused.value.text("zh")
    assert refused.value.samples[0].texts[0] == "灵山卫街道"
    assert names_read(path, encoding="GBK") == ["灵山卫街道"]


@pytest.mark.parametrize("code", ["--json", ""])
def test_by_command(wangge_empty, tmp_path: Path, code: str) -> None:
    rows = [["Gärtnerstraße".encode("cp1252"), b"x"]]
    file = write_shapefile(tmp_path / "a.shp", [b"code", b"name"], rows, cpg="1252")
    done = wangge_empty(
        "locate", 120.005, 36.005, "--boundaries", file, "--code", "code", *filter(None, [code])
    )
    assert done.code == 0, str(done)
    assert "Gärtnerstraße" in done.out
