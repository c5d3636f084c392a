"""Case 10: every ring of an ``innerBoundaryIs`` is a hole, whose land is nobody's or another grid's."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import shapely

from gis.io import read_layer
from tests.fixtures.kml import data, document, placemark, polygon, square

OUTER = square(120.0, 35.0, 0.03)
HOLES = [square(120.003, 35.003, 0.005), square(120.015, 35.015, 0.005), square(120.003, 35.02, 0.003)]


def written(path: Path, *placemarks: str) -> Path:
    path.write_text(document(*placemarks), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("inner", "holes", "area"),
    [
        ([HOLES[:2]], 2, 0.00085),
        ([HOLES], 3, 0.000841),
        ([HOLES[:2], HOLES[2:]], 3, 0.000841),
        ([HOLES[:1], HOLES[1:2], HOLES[2:]], 3, 0.000841),
    ],
    ids=["two in one", "three in one", "two and one", "one each"],
)
def test_every_inner_ring_is_a_hole(tmp_path: Path, inner: list, holes: int, area: float) -> None:
    path = written(tmp_path / "a.kml", placemark(polygon(OUTER, *inner), data=data(code="A")))
    (shape,) = read_layer(path).frame.geometry
    assert shapely.get_num_interior_rings(shape) == holes
    assert shape.area == pytest.approx(area, rel=1e-9)


def test_grids_in_the_holes_make_a_clean_coverage(wangge_empty, tmp_path: Path) -> None:
    marks = [placemark(polygon(OUTER, HOLES[:2]), data=data(code="A"))]
    marks += [
        placemark(polygon(hole), data=data(code=code)) for code, hole in zip("BC", HOLES[:2], strict=True)
    ]
    result = wangge_empty("grids", "check", written(tmp_path / "a.kml", *marks), "--code", "code", "--json")
    assert result.code == 0, str(result)
    assert result.document["grids"] == 3


def test_a_hole_that_nobody_owns_is_reported(wangge_empty, tmp_path: Path) -> None:
    marks = [placemark(polygon(OUTER, HOLES[:2]), data=data(code="A"))]
    marks += [placemark(polygon(HOLES[0]), data=data(code="B"))]
    report = tmp_path / "defects.json"
    path = written(tmp_path / "a.kml", *marks)
    result = wangge_empty("grids", "check", path, "--code", "code", "--report", report)
    assert result.code == 1
    (gap,) = json.loads(report.read_text())["features"]
    assert gap["properties"]["kind"] == "gap"
    # 0.005 degrees of longitude and latitude at 35 degrees north.
    assert gap["properties"]["area_m2"] == pytest.approx(253_000, rel=0.01)
