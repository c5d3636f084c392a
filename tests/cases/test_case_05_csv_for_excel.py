"""Case 05: GBK came out as UTF-8 without a mark, which Excel shows as other characters."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gis.errors import UnknownEncoding
from gis.io import read_layer, write_layer
from tests.fixtures.commands import runner
from tests.fixtures.towns import CODES, inside, town_grids, write_town

MARK = b"\xef\xbb\xbf"


@pytest.fixture
def wangge(monkeypatch, capfd):
    """A command that knows no database."""
    return runner(monkeypatch, capfd, {"WANGGE_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"})


@pytest.fixture
def boundaries(tmp_path: Path):
    return ("--boundaries", write_town(tmp_path / "town.gpkg"), "--code", "wgbm")


def test_gbk_goes_out_as_gbk_or_as_excel_reads_it_anywhere(wangge, boundaries, tmp_path):
    x, y = inside(CODES[0])
    text = f"名称,lon,lat\r\n云泰井盖,{x},{y}\r\n"
    (tmp_path / "in.csv").write_bytes(text.encode("gbk"))
    here = ("locate", "--input", tmp_path / "in.csv", "--output", tmp_path / "out.csv", *boundaries)
    expected = f"名称,lon,lat,grid_code\r\n云泰井盖,{x},{y},{CODES[0]}\r\n"
    assert wangge(*here).code == 0
    assert (tmp_path / "out.csv").read_bytes() == expected.encode("gbk")
    assert wangge(*here, "--encoding", "GBK", "--output-encoding", "utf-8-sig").code == 0
    assert (tmp_path / "out.csv").read_bytes() == MARK + expected.encode()
    refused = wangge(*here, "--output-encoding", "utf-8-sig")
    assert refused.code == 3
    assert "gb18030 → 云泰井盖" in refused.err


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig"])
def test_utf8_said_with_a_mark_gets_one(wangge, boundaries, tmp_path, codec):
    x, y = inside(CODES[0])
    (tmp_path / "in.csv").write_bytes(f"名称,lon,lat\n云泰,{x},{y}\n".encode(codec))
    here = ("locate", "--input", tmp_path / "in.csv", "--output", tmp_path / "out.csv", *boundaries)
    assert wangge(*here, "--encoding", "utf-8-sig").code == 0
    assert (
        tmp_path / "out.csv"
    ).read_bytes() == MARK + f"名称,lon,lat,grid_code\n云泰,{x},{y},{CODES[0]}\n".encode()


def test_what_cannot_be_written_is_named(wangge, boundaries, tmp_path):
    x, y = inside(CODES[0])
    (tmp_path / "in.csv").write_text(f"name,lon,lat\nStraße 云,{x},{y}\n")
    here = ("locate", "--input", tmp_path / "in.csv", "--output", tmp_path / "out.csv", *boundaries)
    refused = wangge(*here, "--output-encoding", "cp1252")
    assert refused.code == 3, str(refused)
    assert "云" in refused.err
    assert not (tmp_path / "out.csv").exists()


def test_tables_that_came_from_no_csv_have_the_mark(wangge, boundaries, tmp_path):
    x, y = inside(CODES[0])
    pq.write_table(pa.table({"名称": ["云泰"], "lon": [x], "lat": [y]}), tmp_path / "in.parquet")
    here = ("locate", "--input", tmp_path / "in.parquet", "--output", tmp_path / "out.csv", *boundaries)
    assert wangge(*here).code == 0
    assert (tmp_path / "out.csv").read_bytes().startswith(MARK + "名称,lon".encode())
    exported = write_layer(town_grids(), tmp_path / "grids.csv")
    assert exported.read_bytes().startswith(MARK + b"code")
    assert read_layer(exported).frame.columns[0] == "code"


def test_an_import_of_a_table_takes_the_word(tmp_path):
    for codec, text in (("gbk", "云泰井盖"), ("big5", "信義區"), ("latin-1", "Straße")):
        (tmp_path / "a.csv").write_bytes(f"code,name,lon,lat\n1,{text},120,36\n".encode(codec))
        with pytest.raises(UnknownEncoding) as refused:
            read_layer(tmp_path / "a.csv")
        assert text in [sample.texts[0] for sample in refused.value.samples]
        assert list(read_layer(tmp_path / "a.csv", encoding=codec).frame["name"]) == [text]
