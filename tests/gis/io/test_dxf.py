"""Boundaries out of CAD drawings."""

from pathlib import Path

import numpy as np
import pytest
import shapely

from gis.coverage import check
from gis.crs import from_wgs84
from gis.errors import CrsMissing, LayerNotFound, SwappedCoordinates, UnknownEncoding
from gis.geometry import lattice_geometries, snap
from gis.io import list_layers, read_layer
from gis.testing import checkerboard


def entity(kind: str, layer: str, *pairs: tuple[int, object]) -> str:
    return "".join(f"{code}\n{value}\n" for code, value in ((0, kind), (8, layer), *pairs))


def lwpolyline(layer: str, corners: list[tuple[float, float]], *, closed: bool) -> str:
    points = [pair for x, y in corners for pair in ((10, f"{x:.4f}"), (20, f"{y:.4f}"))]
    return entity(
        "LWPOLYLINE",
        layer,
        (100, "AcDbEntity"),
        (100, "AcDbPolyline"),
        (90, len(corners)),
        (70, int(closed)),
        *points,
    )


def polyline(layer: str, corners: list[tuple[float, float]]) -> str:
    """The old kind: vertices are entities of their own."""
    vertices = "".join(entity("VERTEX", layer, (10, f"{x:.4f}"), (20, f"{y:.4f}")) for x, y in corners)
    return entity("POLYLINE", layer, (66, 1), (70, 1)) + vertices + entity("SEQEND", layer)


def hatch(layer: str, corners: list[tuple[float, float]]) -> str:
    points = [pair for x, y in corners for pair in ((10, f"{x:.4f}"), (20, f"{y:.4f}"))]
    return entity(
        "HATCH",
        layer,
        (100, "AcDbEntity"),
        (100, "AcDbHatch"),
        (10, 0),
        (20, 0),
        (30, 0),
        (2, "SOLID"),
        (70, 1),
        (71, 0),
        (91, 1),
        (92, 2),
        (72, 0),
        (73, 1),
        (93, len(corners)),
        *points,
        (97, 0),
        (75, 0),
        (76, 1),
        (98, 0),
    )


def text(layer: str, x: float, y: float, words: str) -> str:
    return entity("TEXT", layer, (10, f"{x:.4f}"), (20, f"{y:.4f}"), (40, 2.5), (1, words))


def drawing(path: Path, *entities: str, encoding: str = "utf-8", codepage: str | None = None) -> Path:
    version = "AC1015" if codepage else "AC1021"
    header = f"0\nSECTION\n2\nHEADER\n9\n$ACADVER\n1\n{version}\n"
    header += f"9\n$DWGCODEPAGE\n3\n{codepage}\n" if codepage else ""
    body = header + "0\nENDSEC\n0\nSECTION\n2\nENTITIES\n" + "".join(entities) + "0\nENDSEC\n0\nEOF\n"
    path.write_bytes(body.encode(encoding))
    return path


@pytest.fixture(scope="module")
def corners() -> list[list[tuple[float, float]]]:
    """Four squares of a town, in the metres of the city's projection."""
    out = []
    for shape in checkerboard(2, 2).polygons:
        x, y = from_wgs84(*shapely.get_coordinates(shape)[:-1].T, 4549)
        out.append(list(zip(x.tolist(), y.tolist(), strict=True)))
    return out


def middle(square: list[tuple[float, float]]) -> tuple[float, float]:
    x, y = np.mean(square, axis=0)
    return float(x), float(y)


def test_closed_lines_of_every_kind_become_grids_with_their_text(tmp_path: Path, corners: list) -> None:
    a, b, c, d = corners
    path = drawing(
        tmp_path / "a.dxf",
        lwpolyline("网格", a, closed=True),
        lwpolyline("网格", [*b, b[0]], closed=False),
        polyline("网格", c),
        hatch("网格", d),
        *(text("注记", *middle(square), f"G-{at}") for at, square in enumerate(corners)),
        lwpolyline("道路", a[:3], closed=False),
    )
    data = read_layer(path, layer="网格", crs="EPSG:4549")
    assert data.bad_rows == []
    assert data.frame["text"].tolist() == ["G-0", "G-1", "G-2", "G-3"]
    assert set(data.frame["layer"]) == {"网格"}
    assert shapely.equals(
        lattice_geometries(snap(data.frame.geometry)), lattice_geometries(checkerboard(2, 2).polygons)
    ).all()
    assert check(data.frame["text"].tolist(), data.frame.geometry) == []
    assert (data.driver, data.crs, data.layer) == ("DXF", "EPSG:4549", "网格")


def test_an_open_line_is_a_bad_row(tmp_path: Path, corners: list) -> None:
    path = drawing(
        tmp_path / "a.dxf",
        lwpolyline("G", corners[0], closed=True),
        lwpolyline("G", corners[1], closed=False),
    )
    data = read_layer(path, crs=4549)
    assert [bad.row for bad in data.bad_rows] == [2]
    assert "闭合" in data.bad_rows[0].text("zh")
    assert len(data.usable) == 1


def test_several_texts_and_none(tmp_path: Path, corners: list) -> None:
    x, y = middle(corners[0])
    path = drawing(
        tmp_path / "a.dxf",
        lwpolyline("G", corners[0], closed=True),
        lwpolyline("G", corners[1], closed=True),
        text("T", x, y, "370211"),
        text("T", x + 1, y, "黄岛"),
    )
    data = read_layer(path, crs=4549)
    assert data.frame["text"].fillna("-").tolist() == ["370211", "-"]
    assert data.frame["text_2"].fillna("-").tolist() == ["黄岛", "-"]
    assert "text = texts like codes on layer T" in data.notes[0].in_("en")


def test_text_in_a_chinese_code_page(tmp_path: Path, corners: list) -> None:
    path = drawing(
        tmp_path / "a.dxf",
        lwpolyline("网格", corners[0], closed=True),
        text("网格", *middle(corners[0]), "灵山卫"),
        encoding="gbk",
        codepage="ANSI_936",
    )
    data = read_layer(path, crs=4549)
    assert data.frame["text"].tolist() == ["灵山卫"]
    assert data.layer == "网格"


@pytest.mark.parametrize(
    ("encoding", "codepage"), [("gbk", "ANSI_1252"), ("utf-8", "ANSI_936"), ("gbk", None)]
)
def test_a_code_page_that_is_not_the_right_one(
    tmp_path: Path, corners: list, encoding: str, codepage: str | None
) -> None:
    square = lwpolyline("边界层", corners[0], closed=True)
    words = text("边界层", *middle(corners[0]), "网格（一）")
    path = drawing(tmp_path / "a.dxf", square, words, encoding=encoding, codepage=codepage)
    if encoding == "gbk":
        with pytest.raises(UnknownEncoding, match="gb18030 → 网格（一）"):
            read_layer(path, crs=4549)
    data = read_layer(path, crs=4549, encoding="gbk" if encoding == "gbk" else None)
    assert (data.layer, data.frame["text"].tolist()) == ("边界层", ["网格（一）"])


def test_text_escaped_as_code_points(tmp_path: Path, corners: list) -> None:
    words = text("A", *middle(corners[0]), r"\U+7F51\U+683C-1")
    path = drawing(tmp_path / "a.dxf", lwpolyline("A", corners[0], closed=True), words)
    assert read_layer(path, crs=4549).frame["text"].tolist() == ["网格-1"]


def test_layers_are_listed_and_must_be_named(tmp_path: Path, corners: list) -> None:
    path = drawing(
        tmp_path / "a.dxf",
        lwpolyline("A", corners[0], closed=True),
        lwpolyline("B", corners[1], closed=True),
        lwpolyline("B", corners[2], closed=True),
        lwpolyline("C", corners[3], closed=False),
    )
    assert [(info.name, info.features) for info in list_layers(path)] == [("A", 1), ("B", 2)]
    with pytest.raises(LayerNotFound) as refused:
        read_layer(path, crs=4549)
    assert refused.value.code == "several-layers"
    for layer in ("C", "nope"):
        with pytest.raises(LayerNotFound) as refused:
            read_layer(path, layer=layer, crs=4549)
        assert "A, B" in refused.value.text("zh")
    assert len(read_layer(path, layer="B", crs=4549).frame) == 2


def test_a_drawing_without_anything_closed(tmp_path: Path, corners: list) -> None:
    path = drawing(tmp_path / "a.dxf", lwpolyline("A", corners[0], closed=False))
    with pytest.raises(LayerNotFound):
        read_layer(path, crs=4549)


def test_a_drawing_needs_a_crs_and_its_axes_are_checked(tmp_path: Path, corners: list) -> None:
    path = drawing(tmp_path / "a.dxf", lwpolyline("A", corners[0], closed=True))
    with pytest.raises(CrsMissing):
        read_layer(path)
    turned = drawing(tmp_path / "b.dxf", lwpolyline("A", [(y, x) for x, y in corners[0]], closed=True))
    with pytest.raises(SwappedCoordinates):
        read_layer(turned, crs=4549)
