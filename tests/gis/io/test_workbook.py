"""XLSX: what stands in the cells comes out to the last digit, headers of any shape, sheets as layers, no bombs."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pandas as pd
import pyogrio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gis.errors import InputRefused, LayerNotFound, LimitExceeded, UnknownFormat, UnreadableFile
from gis.io import LayerData, ReadLimits, list_layers, read_layer
from tests.fixtures.workbooks import Cell, Number, write_sheets

PLACE = [Number("120.05"), Number("35.88")]
HEADER = ["编码", "lon", "lat"]


def read(tmp_path: Path, rows: object, **more: object) -> LayerData:
    return read_layer(write_sheets(tmp_path / "a.xlsx", {"表": rows}, **more))


def said(data: LayerData) -> str:
    return " ".join(note.in_("en") for note in data.notes)


@pytest.mark.parametrize(
    ("formula", "uncomputed"),
    [
        ("<c><f>1+1</f></c>", True),
        ("<c><f>1+1</f><v>2</v></c>", False),
        ('<c t="str"><f>A1</f><v></v></c>', False),
        ("<c/>", False),
    ],
)
def test_formulas_without_a_value_are_told(tmp_path: Path, formula: str, uncomputed: bool) -> None:
    head = "".join(f'<c t="inlineStr"><is><t>{word}</t></is></c>' for word in ("编码", "lon", "lat"))
    row = f"<row>{formula}<c><v>120</v></c><c><v>36</v></c></row>"
    sheet = f'<worksheet xmlns="m"><sheetData><row>{head}</row>{row}</sheetData></worksheet>'
    data = read_layer(write_sheets(tmp_path / "a.xlsx", {"表": sheet}))
    assert ("in row 2 of the sheet, column 编码: open and save it" in said(data)) == uncomputed


# ---------------------------------------------------------------- cells
@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("007", "007"),
        (Number("7"), "7"),
        (Number("370211010018003"), "370211010018003"),
        # Written in full by a program, though Excel would show fewer digits.
        (Number("370211010018003001"), "370211010018003001"),
        (Number("3.7021101001800301E+17"), "3.7021101001800301E+17"),
        (Number("1E5"), "100000"),
        (Number("120.10000000000001"), "120.10000000000001"),
        (Number("0.10000000000000001"), "0.1"),
        (Number("7", 1), "000007"),
        (Number("46024", 2), "2026-01-02"),
        (Number("46024.5", 3), "2026-01-02 12:00:00"),
        (Number("46024.127835648149", 3), "2026-01-02 03:04:05"),
        (Number("0.5", 4), "12:00:00"),
        (Number("1.25", 6), "30:00:00"),
        (Number("0.25", 7), "0.25"),
        (Number("12", 5), "12"),
        (Number("1", 2), "1900-01-01"),
        (Number("59", 2), "1900-02-28"),
        (Number("60", 2), "60"),
        (Number("61", 2), "1900-03-01"),
        ("2:3", "2:3"),
        ("1E5", "1E5"),
        ("=1+1", "=1+1"),
        (" 两端空格 ", "两端空格"),
        ("第一行\n第二行", "第一行\n第二行"),
        ("_x0041_", "A"),
    ],
)
def test_a_cell_is_read_as_it_stands(tmp_path: Path, cell: Cell, text: str) -> None:
    assert read(tmp_path, [HEADER, [cell, *PLACE]]).frame["编码"].tolist() == [text]


def test_dates_from_1904(tmp_path: Path) -> None:
    assert read(tmp_path, [HEADER, [Number("0", 2), *PLACE]], from_1904=True).frame["编码"].tolist() == [
        "1904-01-01"
    ]


def test_numbers_that_were_shortened_are_told(tmp_path: Path) -> None:
    data = read(tmp_path, [HEADER, [Number("3.70211010018003E+17"), *PLACE], [Number("7", 1), *PLACE]])
    assert "编码 holds numbers of more than 15 digits" in said(data)
    assert "leading zeros" in said(data)


def test_texts_of_every_kind(tmp_path: Path) -> None:
    sheet = (
        '<x:worksheet xmlns:x="m"><x:sheetData><x:row><x:c t="inlineStr"><x:is><x:t>编码</x:t></x:is></x:c>'
        '<x:c t="str"><x:v>lon</x:v></x:c><x:c t="inlineStr"><x:is><x:r><x:t>l</x:t></x:r><x:r><x:t>at</x:t></x:r>'
        "<x:rPh><x:t>拼音</x:t></x:rPh></x:is></x:c></x:row>"
        '<x:row><x:c t="b"><x:v>1</x:v></x:c><x:c><x:f>1+1</x:f><x:v>120.05</x:v></x:c><x:c><x:v>35.88</x:v></x:c></x:row>'
        '<x:row><x:c t="e"><x:v>#N/A</x:v></x:c><x:c t="d"><x:v>2026-01-02</x:v></x:c><x:c><x:v/></x:c></x:row>'
        "</x:sheetData></x:worksheet>"
    )
    data = read_layer(write_sheets(tmp_path / "a.xlsx", {"表": sheet}))
    assert data.frame["编码"].tolist() == ["TRUE", "#N/A"]
    assert [bad.text("en") for bad in data.bad_rows] == ["row 2, column lon: not a number (got '2026-01-02')"]


def test_what_gdal_writes_is_read(tmp_path: Path) -> None:
    table = pd.DataFrame(
        {"code": ["007", "008"], "lon": [120.05, 120.06], "lat": [35.88, 35.89], "n": [7, 2**53]}
    )
    pyogrio.write_dataframe(table, tmp_path / "a.xlsx", layer="lamps", driver="XLSX")
    data = read_layer(tmp_path / "a.xlsx")
    assert (data.layer, data.driver, data.crs, data.crs_source) == ("lamps", "XLSX", "wgs84", "assumed")
    assert data.frame["code"].tolist() == ["007", "008"]
    assert data.frame["n"].tolist() == ["7", str(2**53)]


# ---------------------------------------------------------------- headers
def test_titles_and_merged_headers(tmp_path: Path) -> None:
    rows = [
        ["黄岛区路灯表", None, None, None],
        ["编码", "坐标", None, "备注"],
        [None, "经度", "纬度", None],
        ["007", *PLACE, "好"],
    ]
    data = read(tmp_path, rows, merged=["A1:D1", "A2:A3", "B2:C2", "D2:D3"])
    assert list(data.frame.columns) == ["编码", "备注", "geometry"] or list(data.frame.columns) == [
        "编码",
        "经度",
        "纬度",
        "备注",
        "geometry",
    ]
    assert data.frame["编码"].tolist() == ["007"]
    assert data.frame.geometry.iloc[0].x == 120.05
    assert "rows 1–3 are a header" in said(data)


def test_a_title_that_nobody_merged(tmp_path: Path) -> None:
    data = read(tmp_path, [["路灯表"], HEADER, ["007", *PLACE]])
    assert data.frame["编码"].tolist() == ["007"]
    assert "rows 1–2" in said(data)


def test_a_merged_header_without_names_below(tmp_path: Path) -> None:
    data = read(
        tmp_path, [["编码", None, "lon", "lat"], [Number("1"), Number("2"), *PLACE]], merged=["A1:B1"]
    )
    assert data.frame.iloc[0, :2].tolist() == ["1", "2"]
    assert list(data.frame.columns[:2]) == ["编码", "编码_2"]
    assert "two columns are called '编码'" in said(data)


def test_cells_merged_downwards_stand_for_all_their_rows(tmp_path: Path) -> None:
    rows = [["街道", *HEADER], ["东街", "1", *PLACE], [None, "2", *PLACE], ["西街", "3", *PLACE]]
    data = read(tmp_path, rows, merged=["A2:A3"])
    assert data.frame["街道"].tolist() == ["东街", "东街", "西街"]
    assert "1 merged cells" in said(data)


def test_rows_and_columns_far_away_and_empty_ones(tmp_path: Path) -> None:
    rows = {5: [None, *HEADER], 7: [None, "1", *PLACE], 1_048_576: [None, "2", *PLACE]}
    data = read(tmp_path, rows, merged=["B9:XFD1048575"])
    assert data.frame["编码"].tolist() == ["1", "2"]
    assert "row 1 is row 7 of the sheet" in said(data)


# ---------------------------------------------------------------- sheets
def test_sheets_are_layers(tmp_path: Path) -> None:
    table = [HEADER, ["1", *PLACE]]
    path = write_sheets(tmp_path / "a.xlsx", {"甲": table, "乙": table, "空": [], "藏": table}, hidden=["藏"])
    assert [info.name for info in list_layers(path)] == ["甲", "乙", "藏"]
    with pytest.raises(LayerNotFound) as refused:
        read_layer(path)
    assert refused.value.code == "several-layers"
    with pytest.raises(LayerNotFound):
        read_layer(path, layer="丙")
    assert read_layer(path, layer="乙").layer == "乙"
    # Excel's own Sheet2 and Sheet3, and hidden ones, leave nothing to choose.
    one = write_sheets(tmp_path / "b.xlsx", {"甲": table, "Sheet2": [], "藏": table}, hidden=["藏"])
    assert read_layer(one).layer == "甲"


@pytest.mark.parametrize(
    "rows",
    [[], [HEADER], [["编码"], ["1"]], [[None, None], [None, None]]],
    ids=["none", "header", "no place", "blank"],
)
def test_a_sheet_without_a_table(tmp_path: Path, rows: list) -> None:
    with pytest.raises(InputRefused):
        read(tmp_path, rows)


# ---------------------------------------------------------------- harm
def test_bombs_are_within_limits(tmp_path: Path) -> None:
    bomb = f"<worksheet><sheetData>{'<row/>' * 3_000_000}<row><c><v>1</v></c></row></sheetData></worksheet>"
    path = write_sheets(tmp_path / "a.xlsx", {"表": bomb})
    assert path.stat().st_size < 100_000
    with pytest.raises(LimitExceeded):
        read_layer(path, limits=ReadLimits(unpacked_mb=10))
    wide = [[*HEADER, *(f"c{at}" for at in range(300))], ["1", *PLACE]]
    with pytest.raises(LimitExceeded) as refused:
        read_layer(write_sheets(tmp_path / "b.xlsx", {"表": wide}), limits=ReadLimits(columns=100))
    assert refused.value.found == 303
    entities = '<!DOCTYPE worksheet [<!ENTITY a "x">]><worksheet><sheetData><row><c><v>&a;</v></c></row></sheetData></worksheet>'
    with pytest.raises(UnreadableFile) as document_type:
        read_layer(write_sheets(tmp_path / "c.xlsx", {"表": entities}))
    assert document_type.value.code == "document-type"


def test_parts_that_are_missing(tmp_path: Path) -> None:
    path = write_sheets(tmp_path / "a.xlsx", {"表": [HEADER, ["1", *PLACE]]})
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    for absent in parts:
        broken = tmp_path / "b.xlsx"
        with zipfile.ZipFile(broken, "w") as archive:
            for name, content in parts.items():
                if name != absent:
                    archive.writestr(name, content)
        if absent == "xl/styles.xml":
            assert len(read_layer(broken).frame) == 1
        else:
            with pytest.raises(InputRefused):
                read_layer(broken)


@pytest.mark.parametrize(
    "content", [b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), b"<html><table></table></html>"]
)
def test_old_workbooks_are_refused_with_the_way_out(tmp_path: Path, content: bytes) -> None:
    for name in ("a.xls", "a.et"):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(UnknownFormat) as refused:
            read_layer(tmp_path / name)
        assert refused.value.code == "foreign-format"
        assert "save it" in refused.value.text("en")


# ---------------------------------------------------------------- any
texts = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff"),
    min_size=1,
    max_size=12,
).filter(lambda text: text == text.strip() and "_x" not in text)
cells = st.one_of(texts, st.integers(-(10**17), 10**17).map(lambda value: Number(str(value))), st.none())


@settings(max_examples=60, deadline=None)
@given(rows=st.lists(st.tuples(cells, cells), min_size=1, max_size=6))
def test_any_table_comes_back(tmp_path_factory, rows: list) -> None:
    path = tmp_path_factory.mktemp("xlsx") / "a.xlsx"
    write_sheets(path, {"表": [["甲", "乙", "lon", "lat"], *([*row, *PLACE] for row in rows)]})
    frame = read_layer(path).frame
    expected = [[None if cell is None else getattr(cell, "digits", cell) for cell in row] for row in rows]
    found = frame[["甲", "乙"]].astype(object).where(frame[["甲", "乙"]].notna(), None).to_numpy().tolist()
    assert found == expected
