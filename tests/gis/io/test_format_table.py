"""One table of formats: help texts, the file chooser, drivers and refusals follow it."""

from __future__ import annotations

from pathlib import Path

import pyogrio
import pytest

from gis.errors import UnknownFormat
from gis.io import read_layer
from gis.io.formats import FORMATS, accepted_extensions, describe_formats, detect
from tests.fixtures.formats import LOOSE, WRITERS


def test_drivers_are_in_the_library() -> None:
    known = pyogrio.list_drivers(read=True)
    assert {one.driver for one in FORMATS.values() if one.driver} <= known.keys()


def test_help_names_what_is_read_in_both_languages() -> None:
    for lang in ("zh", "en"):
        words = describe_formats(lang)
        for name in ("GeoPackage", ".gdb", "MapInfo TAB", "MapInfo MIF", "zip", "KMZ", "XLSX", "DXF", "CSV"):
            assert name in words


def test_every_extension_that_is_written_in_tests_can_be_chosen_or_lies_in_a_folder() -> None:
    offered = accepted_extensions().split(",")
    assert {Path(f"a{extension}").suffix for extension in WRITERS} <= {*offered}
    assert not {*LOOSE} & {*offered}


@pytest.mark.parametrize(
    "name",
    [
        *(
            f"a.{e}"
            for e in [
                "dwg",
                "dgn",
                "xls",
                "et",
                "xlsb",
                "ods",
                "doc",
                "docx",
                "wps",
                "rar",
                "7z",
                "mdb",
                "pdf",
                "png",
                "jpg",
                "tif",
                "mxd",
                "qgz",
                "wor",
                "gml",
                "gpx",
            ]
        )
    ]
    + [f"a.{e}" for e in ["shx", "dbf", "prj", "cpg", "dat", "map", "id", "mid"]],
)
def test_what_is_not_read_is_named_with_the_way_out(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"\x01\x02 nothing that any format begins with")
    with pytest.raises(UnknownFormat) as refused:
        read_layer(tmp_path / name)
    assert refused.value.code == "foreign-format"
    for lang in ("zh", "en"):
        assert name in refused.value.text(lang)
        assert "；" in refused.value.text("zh")


def test_what_only_calls_itself_packed_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.gz").write_bytes(b"\x01\x02 nothing that any format begins with")
    with pytest.raises(UnknownFormat) as refused:
        read_layer(tmp_path / "a.gz")
    assert refused.value.code == "wrong-content"
    assert "a.gz" in refused.value.text("zh")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"Rar!\x1a\x07\x01\x00", "RAR"),
        (b"7z\xbc\xaf\x27\x1c", "7z"),
        (b"\x1f\x8b\x08\x00", "gz"),
        (b"%PDF-1.7", "PDF"),
        (b"\x00\x01\x00\x00Standard Jet DB\x00", "Access"),
        (b"<gpx version='1.1'/>", "GPX"),
    ],
)
def test_content_tells_an_upload_without_a_name(tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "grids").write_bytes(content + bytes(64) if not content.startswith(b"<") else content)
    with pytest.raises(UnknownFormat, match=words):
        detect(tmp_path / "grids")
