"""Case 11: a column of extended data has its own name, whatever letters it is in; any declared encoding is read."""

from __future__ import annotations

from pathlib import Path

import pytest

from gis.errors import InputRefused, UnknownEncoding
from gis.io import list_layers, read_layer
from tests.fixtures.kml import datum, document, placemark, polygon, square

SHAPE = polygon(square(120.0, 35.0, 0.01))
COLUMNS = [
    ("编码", "007"),
    ("名称", "甲网格"),
    ("grid-code", "1"),
    ("grid code", "2"),
    ("grid.code", "3"),
    ("网格#", "4"),
]


def written(
    path: Path, columns: list[tuple[str, str]], *, encoding: str = "utf-8", declared: str = "UTF-8"
) -> Path:
    mark = placemark(SHAPE, name="甲", data="".join(datum(*column) for column in columns))
    path.write_bytes(document(mark, encoding=declared).encode(encoding))
    return path


@pytest.mark.parametrize("turned", [False, True])
def test_names_in_chinese_and_with_punctuation_stay_apart(tmp_path: Path, *, turned: bool) -> None:
    columns = COLUMNS[::-1] if turned else COLUMNS
    frame = read_layer(written(tmp_path / "a.kml", columns)).frame
    assert {name: frame[name].tolist() for name, _ in columns} == {name: [value] for name, value in columns}
    assert frame["Name"].tolist() == ["甲"]


def test_the_code_is_found_by_its_name(wangge_empty, tmp_path: Path) -> None:
    path = written(tmp_path / "a.kml", COLUMNS[:2])
    assert wangge_empty("grids", "check", path, "--code", "编码", "--name", "名称").code == 0


@pytest.mark.parametrize(
    ("encoding", "declared", "found"),
    [
        ("gb2312", "GB2312", "gb18030"),
        ("gbk", "gbk", "gb18030"),
        ("gb18030", "GB18030", "gb18030"),
        ("big5", "Big5", "cp950"),
        ("utf-16", "UTF-16", "utf-16"),
        ("utf-16-le", "UTF-16", "utf-16-le"),
        ("utf-16-be", "UTF-16", "utf-16-be"),
        ("utf-8-sig", "UTF-8", None),
        # Saved again as UTF-8 by a program that left the first line alone.
        ("utf-8", "GB2312", None),
    ],
)
def test_every_declared_encoding_is_read(
    tmp_path: Path, encoding: str, declared: str, found: str | None
) -> None:
    columns = [("編碼", "007"), ("名稱", "信義區三張里")] if encoding == "big5" else COLUMNS[:2]
    mark = placemark(SHAPE, data="".join(datum(*column) for column in columns))
    path = tmp_path / "a.kml"
    path.write_bytes(document(mark, encoding=declared).encode(encoding))
    data = read_layer(path)
    assert {name: data.frame[name].tolist() for name, _ in columns} == {
        name: [value] for name, value in columns
    }
    assert data.encoding == found
    assert [info.name for info in list_layers(path)] == ["doc"]


def test_what_is_not_in_its_declared_encoding_is_refused_or_told(tmp_path: Path) -> None:
    path = written(tmp_path / "a.kml", COLUMNS[:2], encoding="gbk", declared="UTF-8")
    with pytest.raises(UnknownEncoding):
        read_layer(path)
    assert read_layer(path, encoding="GBK").frame["名称"].tolist() == ["甲网格"]
    (tmp_path / "b.kml").write_text(document(placemark(SHAPE), encoding="x-nonsense"))
    # Plain letters are in every encoding, whatever it is called.
    assert len(read_layer(tmp_path / "b.kml").frame) == 1


def test_a_name_that_is_there_twice_is_two_columns_and_said(tmp_path: Path) -> None:
    path = written(tmp_path / "a.kml", [("编码", "1"), ("编码", "2"), ("Name", "乙")])
    data = read_layer(path)
    assert data.frame.iloc[0].drop("geometry").to_dict() == {
        "Name": "甲",
        "编码": "1",
        "编码_2": "2",
        "Name_2": "乙",
    }
    assert any("Name_2" in note.in_("zh") for note in data.notes)


def test_schema_data_are_typed_where_nothing_is_lost(tmp_path: Path) -> None:
    schema = (
        '<Schema name="s" id="s"><SimpleField name="编码" type="string"/><SimpleField name="户数" type="int"/>'
        '<SimpleField name="旧码" type="int"/><SimpleField name="面积" type="double"/></Schema>'
    )

    def row(code: str, count: str, old: str, area: str) -> str:
        cells = zip(("编码", "户数", "旧码", "面积"), (code, count, old, area), strict=True)
        return placemark(
            SHAPE,
            data='<SchemaData schemaUrl="#s">'
            + "".join(f'<SimpleData name="{name}">{value}</SimpleData>' for name, value in cells if value)
            + "</SchemaData>",
        )

    path = tmp_path / "a.kml"
    path.write_text(
        document(schema, row("007", "9007199254740993", "007", "1.5"), row("008", "", "8", "2")),
        encoding="utf-8",
    )
    frame = read_layer(path).frame
    assert frame["编码"].tolist() == ["007", "008"]
    # Beyond what a float can tell apart, and beside an empty cell.
    assert [int(frame["户数"].iloc[0]), frame["户数"].isna().tolist()] == [9007199254740993, [False, True]]
    assert frame["旧码"].tolist() == ["007", "8"]
    assert frame["面积"].tolist() == [1.5, 2.0]


@pytest.mark.parametrize(
    "declaration", ['<!DOCTYPE kml [<!ENTITY a "b">]>', '<!DOCTYPE kml SYSTEM "http://127.0.0.1:9/kml.dtd">']
)
def test_document_types_are_refused_by_name(tmp_path: Path, declaration: str) -> None:
    text = document(placemark(SHAPE, name="甲")).replace("?>\n<kml", f"?>\n{declaration}<kml")
    (tmp_path / "a.kml").write_text(text, encoding="utf-8")
    with pytest.raises(InputRefused) as refused:
        read_layer(tmp_path / "a.kml")
    assert refused.value.code == "document-type"
