"""What drawings hold besides plain squares: texts of several kinds, a layer a grid, arcs, blocks, repeats, paper."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gis.coverage import check
from gis.errors import LayerNotFound, UnknownFormat
from gis.io import LayerData, list_layers, read_layer
from tests.gis.io.test_dxf import drawing, entity, hatch, lwpolyline

X, Y = 500_000.0, 3_985_000.0


def square(x: float, y: float, side: float = 100.0) -> list[tuple[float, float]]:
    return [(X + x, Y + y), (X + x + side, Y + y), (X + x + side, Y + y + side), (X + x, Y + y + side)]


def text(layer: str, x: float, y: float, words: str, *, height: float = 2.5) -> str:
    return entity("TEXT", layer, (10, X + x), (20, Y + y), (40, height), (1, words))


def paragraph(layer: str, x: float, y: float, words: str) -> str:
    return entity(
        "MTEXT",
        layer,
        (100, "AcDbEntity"),
        (100, "AcDbMText"),
        (10, X + x),
        (20, Y + y),
        (40, 2.5),
        (1, words),
    )


def bulged(layer: str, corners: list[tuple[float, float, float]]) -> str:
    """A closed polyline; the third number of a corner is the bulge of the side that begins there."""
    pairs = [pair for x, y, bulge in corners for pair in ((10, X + x), (20, Y + y), (42, bulge))]
    return entity(
        "LWPOLYLINE", layer, (100, "AcDbEntity"), (100, "AcDbPolyline"), (90, len(corners)), (70, 1), *pairs
    )


def read(path: Path, *entities: str, layer: str | None = None) -> LayerData:
    return read_layer(drawing(path / "a.dxf", *entities), layer=layer, crs="EPSG:4548")


def said(data: LayerData) -> str:
    return " ".join(note.in_("en") for note in data.notes)


GRIDS = [lwpolyline("网格", square(0, 0), closed=True), lwpolyline("网格", square(100, 0), closed=True)]


# ---------------------------------------------------------------- texts
def test_texts_on_layers_of_their_own(tmp_path: Path) -> None:
    texts = [
        text("名称", 50, 80, "01"),
        text("编码", 50, 20, "G-1"),
        text("编码", 150, 80, "G-2"),
        text("名称", 150, 20, "02"),
    ]
    data = read(tmp_path, *GRIDS, *texts, layer="网格")
    assert data.frame["text:编码"].tolist() == ["G-1", "G-2"]
    assert data.frame["text:名称"].tolist() == ["01", "02"]
    assert "text:编码" not in ("text", "text_2")
    assert "layer 编码" in said(data)


def test_texts_of_two_heights(tmp_path: Path) -> None:
    texts = [
        text("注记", 50, 80, "一号", height=5),
        text("注记", 50, 20, "0101", height=2.5),
        text("注记", 150, 20, "二号", height=5),
        text("注记", 150, 80, "0102", height=2.5),
    ]
    frame = read(tmp_path, *GRIDS, *texts).frame
    assert frame["text"].tolist() == frame["text:注记:2.5"].tolist() == ["0101", "0102"]
    assert frame["text_2"].tolist() == frame["text:注记:5"].tolist() == ["一号", "二号"]


def test_texts_told_apart_by_their_pattern(tmp_path: Path) -> None:
    texts = [
        text("T", 50, 80, "云泰一"),
        text("T", 50, 20, "370211-001"),
        text("T", 150, 20, "云泰二"),
        text("T", 150, 80, "370211-002"),
    ]
    data = read(tmp_path, *GRIDS, *texts)
    assert data.frame["text"].tolist() == ["370211-001", "370211-002"]
    assert data.frame["text_2"].tolist() == ["云泰一", "云泰二"]
    assert "texts like codes" in said(data)


def test_a_paragraph_of_code_and_name(tmp_path: Path) -> None:
    words = [
        paragraph("T", 50, 50, r"{\fSimSun|b0;370211001\P云泰网格}"),
        paragraph("T", 150, 50, r"370211002\P岸线网格"),
    ]
    frame = read(tmp_path, *GRIDS, *words).frame
    assert frame["text"].tolist() == ["370211001", "370211002"]
    assert frame["text_2"].tolist() == ["云泰网格", "岸线网格"]


def test_texts_that_nothing_tells_apart_are_named(tmp_path: Path) -> None:
    texts = [text("T", 50, 20, "G-9"), text("T", 50, 80, "G-1"), text("T", 150, 50, "G-2")]
    data = read(tmp_path, *GRIDS, *texts)
    assert data.frame["text"].tolist() == ["G-1", "G-2"]
    assert data.frame["text_2"].fillna("").tolist() == ["G-9", ""]
    assert "1: G-1 | G-9" in said(data)


def test_a_text_belongs_to_the_smallest_polygon_around_it(tmp_path: Path) -> None:
    shapes = [
        lwpolyline("G", square(0, 0, 300), closed=True),
        lwpolyline("G", square(100, 100, 50), closed=True),
    ]
    frame = read(tmp_path, *shapes, text("T", 20, 20, "outer"), text("T", 120, 120, "inner")).frame
    assert frame["text"].tolist() == ["outer", "inner"]


def test_characters_escaped_by_their_code_page(tmp_path: Path) -> None:
    words = text("T", 50, 50, r"\M+5CDF8\M+5B8F1 \U+4E00")
    assert read(tmp_path, GRIDS[0], words).frame["text"].tolist() == ["网格 一"]


# ---------------------------------------------------------------- layers
def test_a_layer_a_grid(tmp_path: Path) -> None:
    shapes = [
        lwpolyline(code, square(100 * at, 0), closed=True) for at, code in enumerate(["G-1", "G-2", "G-3"])
    ]
    roads = lwpolyline("roads", square(0, 0)[:3], closed=False)
    path = drawing(tmp_path / "a.dxf", *shapes, roads)
    for wanted in (None, "*"):
        data = read_layer(path, layer=wanted, crs=4548)
        assert (data.layer, data.frame["layer"].tolist(), data.bad_rows) == ("*", ["G-1", "G-2", "G-3"], [])
        assert "3 layers are read together" in said(data)
    assert [info.name for info in list_layers(path)] == ["G-1", "G-2", "G-3"]
    more = drawing(tmp_path / "b.dxf", *shapes, lwpolyline("G-3", square(900, 0), closed=True))
    assert read_layer(more, layer="*", crs=4548).frame["layer"].tolist() == ["G-1", "G-2", "G-3", "G-3"]
    with pytest.raises(LayerNotFound, match=r"or \* for all"):
        read_layer(more, crs=4548)


# ---------------------------------------------------------------- curves
@settings(max_examples=40, deadline=None)
@given(bulge=st.floats(0.01, 2.0), turned=st.booleans(), dx=st.floats(-40, 40), dy=st.floats(60, 140))
def test_an_arc_is_the_same_from_both_sides(
    tmp_path_factory, bulge: float, dx: float, dy: float, *, turned: bool
) -> None:
    """Two grids that share an arc meet in every vertex, whichever way each was drawn."""
    bulge = bulge if turned else -bulge
    left = [
        (-500.0, -500.0, 0.0),
        (0.0, -500.0, 0.0),
        (0.0, 0.0, bulge),
        (dx, dy, 0.0),
        (dx, 500.0, 0.0),
        (-500.0, 500.0, 0.0),
    ]
    right = [
        (500.0, -500.0, 0.0),
        (500.0, 500.0, 0.0),
        (dx, 500.0, 0.0),
        (dx, dy, -bulge),
        (0.0, 0.0, 0.0),
        (0.0, -500.0, 0.0),
    ]
    path = drawing(tmp_path_factory.mktemp("dxf") / "a.dxf", bulged("G", left), bulged("G", right))
    data = read_layer(path, crs=4548)
    if not shapely.is_valid(data.frame.geometry.to_numpy()).all():
        return  # The arc runs through another side: no drawing of grids.
    assert check(["a", "b"], data.frame.geometry) == []


def test_circles_and_the_tolerance_that_is_said(tmp_path: Path) -> None:
    radius = 100.0
    circle = entity("CIRCLE", "G", (10, X), (20, Y), (40, radius))
    data = read(tmp_path, circle)
    (shape,) = data.frame.geometry
    corners = np.asarray(shape.exterior.coords)
    assert len(corners) == 721
    assert shape.area == pytest.approx(shape.minimum_rotated_rectangle.area * np.pi / 4, rel=1e-4)
    assert "1 mm at 100 m" in said(data)
    assert radius * (1 - np.cos(np.radians(0.25))) < 0.001
    assert not said(read(tmp_path, GRIDS[0]))


def test_closed_ellipses_and_lines_closed_by_their_last_place(tmp_path: Path) -> None:
    ellipse = entity("ELLIPSE", "G", (10, X), (20, Y), (11, 50), (21, 0), (40, 0.5), (41, 0), (42, 2 * np.pi))
    corners = square(200, 0)
    data = read(tmp_path, ellipse, lwpolyline("G", [*corners, corners[0]], closed=False))
    assert data.bad_rows == []
    assert data.frame.geometry.geom_type.tolist() == ["Polygon", "Polygon"]


# ---------------------------------------------------------------- blocks, repeats, paper
def test_blocks_are_read_where_they_are_inserted_with_their_attributes(tmp_path: Path) -> None:
    block = entity("BLOCK", "0", (2, "GRID"), (70, 0), (10, 0), (20, 0))
    block += entity(
        "LWPOLYLINE",
        "0",
        (100, "AcDbEntity"),
        (100, "AcDbPolyline"),
        (90, 4),
        (70, 1),
        *[pair for x, y in ((0, 0), (100, 0), (100, 100), (0, 100)) for pair in ((10, x), (20, y))],
    )
    blocks = f"0\nSECTION\n2\nBLOCKS\n{block}{entity('ENDBLK', '0')}0\nENDSEC\n"
    inserts = [
        entity("INSERT", "网格", (66, 1), (2, "GRID"), (10, X + at * 100), (20, Y))
        + entity(
            "ATTRIB",
            "编码",
            (10, X + at * 100 + 10),
            (20, Y + 10),
            (40, 2.5),
            (1, f"G-{at}"),
            (2, "CODE"),
            (70, 0),
        )
        + entity("SEQEND", "网格")
        for at in range(2)
    ]
    path = drawing(tmp_path / "a.dxf", *inserts)
    path.write_bytes(
        path.read_bytes().replace(b"0\nSECTION\n2\nENTITIES", blocks.encode() + b"0\nSECTION\n2\nENTITIES")
    )
    data = read_layer(path, crs=4548)
    assert (data.layer, data.frame["text"].tolist()) == ("网格", ["G-0", "G-1"])
    assert check(["a", "b"], data.frame.geometry) == []


def test_a_hatch_and_the_line_around_it_are_one(tmp_path: Path) -> None:
    data = read(tmp_path, GRIDS[0], hatch("网格", square(0, 0)), hatch("底色", square(0, 0)), layer="网格")
    assert len(data.frame) == 1
    assert "1 shapes are the same as another" in said(data)


def test_what_lies_in_paper_space_is_nowhere(tmp_path: Path) -> None:
    frame = GRIDS[1].replace("100\nAcDbEntity", "67\n1\n100\nAcDbEntity")
    assert len(read(tmp_path, GRIDS[0], frame).frame) == 1


# ---------------------------------------------------------------- other drawings
@pytest.mark.parametrize(
    ("content", "words"), [(b"AC1032" + bytes(100), "DWG"), (b"AutoCAD Binary DXF\r\n\x1a\x00", "binary DXF")]
)
def test_other_drawings_are_refused_with_the_way_out(tmp_path: Path, content: bytes, words: str) -> None:
    for name in ("a.dwg", "a.dxf", "upload"):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(UnknownFormat) as refused:
            read_layer(tmp_path / name, crs=4548)
        assert words in refused.value.text("en")
        assert "DXF" in refused.value.text("zh")
