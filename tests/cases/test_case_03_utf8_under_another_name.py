"""Case 03: valid UTF-8 is UTF-8, whatever the .cpg calls it; and what a user says is checked, too."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from fastapi import FastAPI

from gis.errors import UnknownEncoding
from gis.io import read_layer
from tests.app.drafts.drafting import DraftClient, Drafting
from tests.app.drafts.test_upload import exported, sent, taken
from tests.app.drafts.test_workflow import refused
from tests.fixtures.actors import Actors
from tests.fixtures.dbase import write_shapefile
from tests.fixtures.towns import ENCLAVE, TownDatabase

TEXT = "云泰社区"


@pytest.mark.parametrize("cpg", ["GBK", "936", "1252", "BIG5", None, "", "nonsense"])
@pytest.mark.parametrize("driver", [0x00, 0x4D, 0x57])
def test_utf8_under_any_cpg(tmp_path: Path, cpg: str | None, driver: int) -> None:
    rows = [[TEXT.encode(), b"1"]]
    path = write_shapefile(tmp_path / "a.shp", [b"code", b"name"], rows, cpg=cpg, driver=driver)
    data = read_layer(path)
    assert (list(data.frame["code"]), data.encoding) == ([TEXT], "utf-8")


@pytest.mark.parametrize("text", ["Gärtnerstraße", "Świętokrzyska", "Straße"])
@pytest.mark.parametrize("cpg", ["936", "GB18030", "1252"])
def test_latin_letters_in_utf8_under_a_chinese_cpg(tmp_path: Path, text: str, cpg: str) -> None:
    path = write_shapefile(tmp_path / "a.shp", [b"code", b"name"], [[text.encode(), b"1"]], cpg=cpg)
    assert list(read_layer(path).frame["code"]) == [text]


def test_two_bytes_that_are_both_are_not_guessed(tmp_path: Path) -> None:
    """The bytes of 路 in GBK are a middle dot in UTF-8; nothing else in this file tells which."""
    path = write_shapefile(tmp_path / "a.shp", [b"code", b"name"], [["路".encode("gbk"), b"1"]], cpg="GBK")
    with pytest.raises(UnknownEncoding, match="valid UTF-8 as well"):
        read_layer(path)
    assert list(read_layer(path, encoding="GBK").frame["code"]) == ["路"]
    assert list(read_layer(path, encoding="UTF-8").frame["code"]) == ["·"]


def test_what_the_user_says_is_checked(tmp_path: Path) -> None:
    path = write_shapefile(tmp_path / "a.shp", [b"code", b"name"], [[TEXT.encode(), b"1"]])
    with pytest.raises(UnknownEncoding, match="浜戞嘲绀惧尯"):
        read_layer(path, encoding="GBK")
    with pytest.raises(UnknownEncoding, match="gb18030"):
        read_layer(path, encoding="klingon")


def test_one_cell_in_another_encoding_is_named(tmp_path: Path) -> None:
    rows = [[TEXT.encode(), b"1"], ["灵山卫".encode(), b"2"], ["珠海街道".encode("gbk"), b"3"]]
    path = write_shapefile(tmp_path / "a.shp", [b"code", b"name"], rows, cpg="UTF-8")
    with pytest.raises(UnknownEncoding) as refused_:
        read_layer(path)
    assert [(row.row, row.column) for row in refused_.value.rows] == [(3, "code")]


@pytest.fixture
def drafting(app: FastAPI, actors: Actors, town_db: TownDatabase) -> Drafting:
    return Drafting(app, actors, town_db.db)


def test_by_http(drafting: Drafting, tmp_path: Path) -> None:
    import pyogrio

    draft_client = DraftClient.begin(drafting.editor())
    frame = exported(draft_client).drop(columns=["community", "kind"])
    frame.loc[frame["code"] == ENCLAVE, "name"] = TEXT

    def packed(encoding: str, cpg: str | None) -> Path:
        folder = tmp_path / f"{encoding}-{cpg}"
        folder.mkdir()
        pyogrio.write_dataframe(frame, folder / "grids.shp", encoding=encoding)
        (folder / "grids.cpg").unlink(missing_ok=True)
        if cpg:
            (folder / "grids.cpg").write_text(cpg)
        target = folder / "grids.zip"
        with zipfile.ZipFile(target, "w") as archive:
            for part in folder.glob("grids.*"):
                if part != target:
                    archive.write(part, part.name)
        return target

    body = refused(sent(draft_client, packed("GBK", None)), 422, "unknown-encoding")
    assert body["samples"][0]["encoding"] == "gb18030"
    assert "encoding=gb18030" in body["detail"]
    body = refused(
        sent(draft_client, tmp_path / "GBK-None" / "grids.zip", encoding="klingon"),
        422,
        "unknown-encoding-name",
    )
    assert "gb18030" in body["detail"]
    refused(
        sent(draft_client, tmp_path / "GBK-None" / "grids.zip", encoding="utf-8"), 422, "unknown-encoding"
    )
    assert draft_client.get()["operations"] == 0
    result = taken(draft_client, tmp_path / "GBK-None" / "grids.zip", encoding="GBK")
    assert [step["op"] for step in result["steps"]]
    names = {
        feature["id"]: feature["properties"]["name"] for feature in draft_client.get("/grids")["features"]
    }
    assert names[ENCLAVE] == TEXT
    # UTF-8 that calls itself GBK says the same, so that nothing changes.
    refused(sent(draft_client, packed("UTF-8", "GBK")), 409, "no-changes")
