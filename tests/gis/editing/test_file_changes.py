"""A file edited elsewhere becomes operations, or a list of defects."""

from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely

from gis.editing import (
    MAX_VERTICES,
    Coverage,
    OperationRefused,
    Relocate,
    Rename,
    Replace,
    SetKind,
    Split,
    apply,
    check_changes,
    diff,
    operations_from_frame,
)
from gis.errors import CoverageError, GeometryError
from gis.io import read_layer
from tests.gis.editing.towns import area, assert_edit, board, code, harbour, line

MIDDLE, EAST = code(2, 2), code(3, 2)


def edited(coverage: Coverage, **shapes: Any) -> list[Any]:
    return [
        shapes.get(f"g{each[-6:]}", shape)
        for each, shape in zip(coverage.codes, coverage.polygons, strict=True)
    ]


def test_the_same_file_says_nothing() -> None:
    for coverage in (board(), harbour()):
        backwards = [shapely.reverse(shape) for shape in coverage.polygons]
        assert operations_from_frame(coverage, coverage.codes, backwards) == ()


def test_changed_new_and_missing_by_code() -> None:
    coverage = board(3, 1)
    codes = [code(1, 1), "new", code(3, 1)]
    shapes = [
        area((0, 0), (0.5, 0), (0.5, 1), (0, 1)),
        area((0.5, 0), (2, 0), (2, 1), (0.5, 1)),
        coverage.polygon(code(3, 1)),
    ]
    words = [{}, {"community": "c", "name": "新"}, {"name": "东", "kind": "dedicated", "community": "d"}]
    operations = operations_from_frame(coverage, codes, shapes, words)
    assert [type(each) for each in operations] == [Replace, Rename, Relocate, SetKind]
    replace = operations[0]
    assert isinstance(replace, Replace)
    assert ([grid.code for grid in replace.grids], replace.removed) == ([code(1, 1), "new"], (code(2, 1),))
    after = coverage
    for operation in operations:
        edit = apply(after, operation)
        assert_edit(after, edit)
        after = edit.coverage
    assert after.codes == (code(1, 1), code(3, 1), "new")


def test_a_part_of_the_grids_may_be_in_the_file() -> None:
    coverage = board()
    cut = apply(coverage, Split(MIDDLE, line((1.3, 0.5), (1.4, 2.5)))).coverage
    codes = [
        each for each in cut.codes if each not in coverage or cut.polygon(each) is not coverage.polygon(each)
    ]
    words = [{} if each in coverage else {"community": MIDDLE[:12]} for each in codes]
    operations = operations_from_frame(
        coverage, codes, [cut.polygon(each) for each in codes], words, missing="keep"
    )
    assert not diff(cut, apply(coverage, operations[0]).coverage).changed


def test_a_missing_vertex_in_the_neighbour_is_put_there() -> None:
    coverage = board(2, 1)
    bent = area((0, 0), (1, 0), (1, 0.5), (1, 1), (0, 1))
    operations = operations_from_frame(coverage, coverage.codes, [bent, coverage.polygons[1]])
    assert apply(coverage, operations[0]).changed == coverage.codes


def test_defects_are_told_and_mended_on_request() -> None:
    coverage = board(2, 1)
    # 0.00001 of a square is a step; 0.0002 of a square some 0.2 m.
    gaping = area((0, 0), (0.9998, 0), (0.9998, 1), (0, 1))
    with pytest.raises(CoverageError) as caught:
        operations_from_frame(coverage, coverage.codes, [gaping, coverage.polygons[1]])
    assert [(defect.kind, defect.codes) for defect in caught.value.defects] == [("gap", coverage.codes)]
    operations = operations_from_frame(
        coverage, coverage.codes, [gaping, coverage.polygons[1]], tolerance_m=0.5
    )
    after = coverage
    for operation in operations:
        edit = apply(after, operation)
        assert_edit(after, edit)
        after = edit.coverage
    assert not [defect for defect in check_changes(after, after.codes) if defect.severity == "error"]


def test_an_overlap_wider_than_the_tolerance_is_refused() -> None:
    coverage = board(2, 1)
    wide = area((0, 0), (1.01, 0), (1.01, 1), (0, 1))
    for tolerance in (0.0, 2.0):
        with pytest.raises(CoverageError) as caught:
            operations_from_frame(
                coverage, coverage.codes, [wide, coverage.polygons[1]], tolerance_m=tolerance
            )
        assert {defect.kind for defect in caught.value.defects} == {"overlap"}
        assert caught.value.places


def test_defects_of_the_base_are_not_the_files() -> None:
    coverage = board(3, 3)
    holed = coverage.replaced(retired=[MIDDLE])
    words = [{"name": "x"}] + [{}] * 7
    assert operations_from_frame(holed, holed.codes, holed.polygons, words) == (Rename(code(1, 1), "x"),)


@pytest.mark.parametrize(
    ("codes", "kind"),
    [
        ((code(1, 1), None), "missing-code"),
        ((code(1, 1), code(1, 1)), "duplicate-code"),
        ((" x", "y"), "malformed-code"),
    ],
)
def test_rows_without_a_usable_code(codes: tuple[str | None, ...], kind: str) -> None:
    coverage = board(2, 1)
    with pytest.raises(CoverageError) as caught:
        operations_from_frame(coverage, codes, coverage.polygons)
    assert kind in {defect.kind for defect in caught.value.defects}


def test_a_new_grid_needs_a_community() -> None:
    coverage = board(2, 1)
    with pytest.raises(OperationRefused) as caught:
        operations_from_frame(
            coverage, [code(1, 1), "new"], coverage.polygons, [{}, {"community": float("nan")}]
        )
    assert caught.value.code == "missing-field"


def test_bad_kind_bad_lengths_and_too_many_vertices() -> None:
    coverage = board(2, 1)
    with pytest.raises(OperationRefused, match="kind"):
        operations_from_frame(coverage, coverage.codes, coverage.polygons, [{"kind": "round"}, {}])
    with pytest.raises(GeometryError):
        operations_from_frame(coverage, coverage.codes, coverage.polygons[:1])
    turn = np.linspace(0, 2 * np.pi, MAX_VERTICES + 5)
    huge = shapely.Polygon(np.column_stack([120 + 0.01 * np.cos(turn), 36 + 0.01 * np.sin(turn)]))
    with pytest.raises(OperationRefused) as caught:
        operations_from_frame(coverage, coverage.codes, [huge, coverage.polygons[1]])
    assert caught.value.code == "too-many-vertices"


@pytest.mark.parametrize("suffix", ["gpkg", "geojson", "shp"])
def test_through_a_file_and_back(tmp_path: Path, suffix: str) -> None:
    """What QGIS saves is read as it was drawn; nothing but the edit is an edit."""
    coverage = harbour()
    path = tmp_path / f"grids.{suffix}"
    frame = gpd.GeoDataFrame(
        {"code": list(coverage.codes)}, geometry=list(coverage.polygons), crs="EPSG:4326"
    )
    frame.to_file(path)
    read = read_layer(path).frame
    assert (
        operations_from_frame(coverage, [str(each) for each in read["code"]], read.geometry.to_numpy()) == ()
    )
