"""Texts in scripts x encodings x declarations: read equal to what was written, or refused by name; never other text."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from gis.errors import EncodingSample, UnknownEncoding
from gis.io import read_layer
from gis.io.cells import Cell
from gis.io.code_pages import (
    KNOWN_ENCODINGS,
    MULTI_BYTE,
    codec_of,
    codec_or_none,
    language_driver,
    usual_name,
)
from gis.io.encoding import choose_encoding
from gis.io.text_encoding import document_encoding, drawing_encoding, text_encoding
from gis.sandbox.refusals import describe_refusal, refusal_of
from tests.fixtures.dbase import write_shapefile

HAN = "云泰社区灵山卫街道网格编码名称青岛市北京路灯井盖一二三号楼东西南北"
WORDS = {
    "gb18030": HAN + "㙟堃喆𠀀",
    "cp950": "信義區三張里臺北市新板橋高雄名稱編碼號",
    "cp932": "千代田区丸の内東京都新宿大阪府さくらアパート",
    "cp949": "서울특별시강남구종로부산광역동이름",
    "cp1252": "äöüßéèçñÅØœabcdefghijk ",
    "cp1250": "łódźżńśčřžýůabcdefgh ",
    "cp1251": "абвгдежзийклмнопрстуфхц ",
    "cp1253": "αβγδεζηθικλμνξο ",
    "koi8-r": "абвгдежзийклмнопрст ",
    "cp850": "éèçüöäabcdefgh ",
}
DRIVERS = {
    "gb18030": 0x4D,
    "cp950": 0x78,
    "cp932": 0x7B,
    "cp949": 0x4E,
    "cp1252": 0x03,
    "cp1251": 0xC9,
    "cp850": 2,
}


@st.composite
def tables(draw: st.DrawFn) -> tuple[str, list[str]]:
    codec = draw(st.sampled_from(sorted(WORDS)))
    letters = st.sampled_from(WORDS[codec])
    texts = draw(st.lists(st.text(letters, min_size=1, max_size=8).map(str.strip), min_size=1, max_size=5))
    return codec, texts


def is_utf8(content: bytes) -> bool:
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def read_or_refused(path: Path) -> list[str] | UnknownEncoding:
    """The column of names, or why there is none."""
    try:
        return list(read_layer(path).frame["name"].fillna(""))
    except UnknownEncoding as refused:
        return refused


@settings(max_examples=150, deadline=None)
@given(
    tables(),
    st.sampled_from(["right", "none", "utf-8", "GBK", "1252", "BIG5", "ISO-8859-1", "nonsense"]),
    st.sampled_from(["right", "none", 0x57, 0x4D, 0x03]),
    st.sampled_from(["codec", "utf-8"]),
)
@example(("cp1252", ["Gärtnerstraße"]), "GBK", "none", "utf-8")
@example(("gb18030", ["路"]), "GBK", "none", "codec")
def test_a_shapefile_reads_as_written_or_not_at_all(written, cpg, driver, stored) -> None:
    codec, texts = written
    stored = codec if stored == "codec" else "utf-8"
    # Two letters of cp1252 may be one of UTF-8: text that is valid UTF-8 is taken for that, whatever was meant.
    letters = b"".join(text.encode(stored) for text in texts)
    assume(stored == "utf-8" or letters.isascii() or not all(is_utf8(text.encode(stored)) for text in texts))
    # What is written into the file is true of it, or nothing, or a word that its bytes do not bear out.
    words = {"right": stored, "none": None}
    byte = {"right": DRIVERS.get(stored, 0), "none": 0}.get(driver, driver)
    with tempfile.TemporaryDirectory() as folder:
        path = write_shapefile(
            Path(folder) / "a.shp",
            [b"name", b"n"],
            [[text.encode(stored), b"1"] for text in texts],
            cpg=words.get(cpg, cpg),
            driver=int(byte),
        )
        said = read_layer(path, encoding=stored)
        assert said.frame["name"].fillna("").tolist() == texts
        read = read_or_refused(path)
    if isinstance(read, UnknownEncoding):
        assert read.samples or read.rows
        return
    # A word that is not true, but that the bytes bear out, cannot be told from one that is.
    believed = {codec_or_none(str(words.get(cpg, cpg))), language_driver(int(byte))} - {None, stored}
    possible = [texts]
    if stored != "utf-8":
        possible += [[text.encode(stored).decode(word, "replace") for text in texts] for word in believed]
    assert read in possible


@settings(max_examples=100, deadline=None)
@given(tables(), st.booleans())
def test_a_table_that_says_nothing_is_utf8_or_refused(written, utf8) -> None:
    codec, texts = written
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.csv"
        lines = ["name,lon,lat", *(f"{text},120,36" for text in texts)]
        path.write_bytes("\n".join(lines).encode("utf-8" if utf8 else codec))
        assert [*read_layer(path, encoding="utf-8" if utf8 else codec).frame["name"].fillna("")] == texts
        read = read_or_refused(path)
    if isinstance(read, UnknownEncoding):
        assert not utf8
        assert read.samples
    else:
        # Two bytes of another encoding may be a character of UTF-8, which nothing tells apart.
        short = all(len(text.encode(codec)) <= 4 or text.isascii() for text in texts)
        assert read == texts or (short and not utf8)


def test_gbk_under_a_word_for_big5_is_doubted() -> None:
    from gis.io.encoding import Declaration

    cells = [Cell(text.encode("gbk"), 1, "name") for text in ("灵山卫街道", "云泰社区")]
    with pytest.raises(UnknownEncoding, match="Big5") as refused:
        choose_encoding(cells, file="a.dbf", declared=[Declaration("cp950", ".cpg Big5")])
    assert refused.value.samples[0].encoding == "gb18030"


@pytest.mark.parametrize(
    "name", ["rot13", "base64", "unicode_escape", "punycode", "idna", "utf-7", "", "\x00", "９３６"]
)
def test_what_is_no_encoding_of_text_is_unknown(name: str) -> None:
    with pytest.raises(UnknownEncoding) as refused:
        codec_of(name)
    assert refused.value.code == "unknown-encoding-name"
    for known in ("gb18030", "big5", "shift_jis", "utf-8"):
        assert known in refused.value.text("en")


def test_every_known_encoding_is_known_by_its_own_name() -> None:
    for codec in KNOWN_ENCODINGS:
        assert codec_of(codec) == codec
        assert codec_of(usual_name(codec)) == codec
        assert codec_of(codec.upper()) == codec
    assert set(MULTI_BYTE) < set(KNOWN_ENCODINGS)


@pytest.mark.parametrize(
    ("head", "codec", "found"),
    [
        ('<?xml version="1.0" encoding="GB2312"?>', "gbk", "gb18030"),
        ("<?xml version='1.0' encoding='big5'?>", "big5", "cp950"),
        ('<?xml version="1.0" encoding="ISO-8859-1"?>', "utf-8", "utf-8"),
        ('<?xml version="1.0" encoding="GBK"?>', "utf-8", "utf-8"),
        ('<?xml version="1.0" encoding="UTF-8"?>', "utf-8-sig", "utf-8-sig"),
        ('<?xml version="1.0" encoding="UTF-16"?>', "utf-16", "utf-16"),
        ("", "utf-8", "utf-8"),
    ],
)
def test_documents_of_xml(tmp_path: Path, head: str, codec: str, found: str) -> None:
    text = "信義區三張里" if codec == "big5" else "云泰社区"
    (tmp_path / "a.kml").write_bytes(f"{head}<kml><name>{text}</name></kml>".encode(codec))
    assert document_encoding(tmp_path / "a.kml") == found
    with (tmp_path / "a.kml").open("rb") as stream:
        assert document_encoding(stream, name="a.kml") == found


def test_a_document_that_says_nothing_is_not_guessed(tmp_path: Path) -> None:
    (tmp_path / "a.kml").write_bytes("<kml>\n<name>云泰社区</name></kml>".encode("gbk"))
    with pytest.raises(UnknownEncoding, match="Line 2 would read: gb18030 → 云泰社区"):
        document_encoding(tmp_path / "a.kml")
    assert document_encoding(tmp_path / "a.kml", given="GBK") == "gb18030"


@pytest.mark.parametrize(
    ("version", "page", "codec", "found"),
    [
        ("AC1021", "ANSI_936", "utf-8", "utf-8"),
        ("AC1015", "ANSI_936", "gbk", "gb18030"),
        ("AC1015", "ANSI_950", "big5", "cp950"),
        ("AC1015", "ANSI_1252", "cp1252", "cp1252"),
        ("AC1032", "ANSI_936", "gbk", "gb18030"),
    ],
)
def test_drawings(tmp_path: Path, version: str, page: str, codec: str, found: str) -> None:
    text = {"big5": "信義區三張里", "cp1252": "Gärtnerstraße"}.get(codec, "云泰社区")
    head = f"0\nSECTION\n2\nHEADER\n9\n$ACADVER\n1\n{version}\n9\n$DWGCODEPAGE\n3\n{page}\n0\nENDSEC\n1\n{text}\n"
    (tmp_path / "a.dxf").write_bytes(head.encode(codec))
    assert drawing_encoding(tmp_path / "a.dxf") == found


@pytest.mark.parametrize("given_", ["gbk", "utf-16", "latin-1"])
def test_a_mark_stands_over_what_is_said(tmp_path: Path, given_: str) -> None:
    (tmp_path / "a.csv").write_bytes("名称,lon,lat\n云,120,36\n".encode("utf-8-sig"))
    with pytest.raises(UnknownEncoding, match="UTF-8"):
        text_encoding(tmp_path / "a.csv", given=given_)
    assert text_encoding(tmp_path / "a.csv", given="utf-8") == "utf-8-sig"


def test_geojson_of_an_older_tool(tmp_path: Path) -> None:
    text = '{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"name":"云泰社区"},'
    text += '"geometry":{"type":"Point","coordinates":[120,36]}}]}'
    (tmp_path / "a.geojson").write_bytes(text.encode("gbk"))
    with pytest.raises(UnknownEncoding, match="gb18030 → 云泰社区"):
        read_layer(tmp_path / "a.geojson")
    data = read_layer(tmp_path / "a.geojson", encoding="GBK")
    assert (data.frame["name"].tolist(), data.encoding) == (["云泰社区"], "gb18030")


def test_a_format_with_an_encoding_of_its_own_says_so(tmp_path: Path) -> None:
    import geopandas as gpd
    import shapely

    frame = gpd.GeoDataFrame({"name": ["云"]}, geometry=[shapely.Point(120, 36)], crs=4326)
    frame.to_file(tmp_path / "a.gpkg")
    data = read_layer(tmp_path / "a.gpkg", encoding="GBK")
    assert data.frame["name"].tolist() == ["云"]
    assert "encoding=GBK" in data.notes[0].zh
    with pytest.raises(UnknownEncoding):
        read_layer(tmp_path / "a.gpkg", encoding="klingon")


def test_samples_pass_the_sandbox() -> None:
    error = UnknownEncoding("甲", "a", samples=[EncodingSample("gb18030", ("云", "泰"))])
    assert refusal_of(describe_refusal(error)).samples == error.samples
