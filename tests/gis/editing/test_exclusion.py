"""Operations on and beside land that is declared to be nobody's."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from gis.coverage import ExcludedLand, check_with_excluded
from gis.editing import (
    Add,
    Coverage,
    Exclude,
    Merge,
    MoveVertex,
    Operation,
    OperationRefused,
    Paint,
    Remove,
    Rename,
    Reshape,
    Split,
    Transfer,
    apply,
    check_changes,
    conflicts,
    operation_as_json,
    parse_operation,
    rebased,
)
from tests.gis.editing.towns import SQUARE, board

MIDDLE = "370299001002002"


def area(west: float, south: float, east: float, north: float) -> shapely.Polygon:
    """A rectangle; a unit is the side of a square of `board`."""
    return shapely.transform(
        shapely.box(west, south, east, north),
        lambda xy: (np.rint(xy * SQUARE) + np.array([1_200_000_000, 360_000_000])) / 1e7,
    )


def errors(coverage: Coverage) -> list[tuple[str, tuple[str, ...]]]:
    """What is wrong with a whole coverage."""
    land = [at for at, words in enumerate(coverage.attributes) if words.excluded]
    grids = [at for at, words in enumerate(coverage.attributes) if not words.excluded]
    found = check_with_excluded(
        [coverage.codes[at] for at in grids],
        coverage.polygons[grids],
        ExcludedLand(
            coverage.polygons[land],
            tuple(coverage.attributes[at].name for at in land),
            tuple(coverage.codes[at] for at in land),
        ),
    )
    return [(defect.kind, defect.codes) for defect in found if defect.severity == "error"]


def declared() -> Coverage:
    """The board with a lake over the corner of four squares."""
    return apply(board(), Exclude("湖", area(1.5, 1.5, 2.5, 2.5))).coverage


def test_it_takes_land_of_grids_and_of_nobody() -> None:
    edit = apply(board(), Exclude("湖", area(3.5, 1.25, 5, 1.75)))
    (code,) = edit.created
    assert edit.coverage.attributes_of(code).excluded
    assert shapely.equals(edit.coverage.polygon(code), area(3.5, 1.25, 5, 1.75))
    assert len(edit.changed) == 1
    assert errors(edit.coverage) == []


def test_what_is_declared_already_stays_as_it_was() -> None:
    before = declared()
    edit = apply(before, Exclude("营", area(2.25, 1.75, 2.75, 2.25)))
    (code,) = edit.created
    assert shapely.area(shapely.intersection(edit.coverage.polygon(code), before.polygon("excluded:1"))) == 0
    assert errors(edit.coverage) == []
    with pytest.raises(OperationRefused) as caught:
        apply(before, Exclude("营", area(1.75, 1.75, 2.25, 2.25)))
    assert caught.value.code == "exclude-misses"


def test_a_whole_grid_is_named_or_not_meant() -> None:
    with pytest.raises(OperationRefused) as caught:
        apply(board(), Exclude("营", area(0.9, 0.9, 2.1, 2.1)))
    assert caught.value.code == "swallows-grid"
    edit = apply(board(), Exclude("营", grid=MIDDLE))
    assert (edit.created, edit.retired) == (("excluded:1",), (MIDDLE,))
    assert errors(edit.coverage) == []


@pytest.mark.parametrize(
    "operation",
    [
        Split("excluded:1", shapely.LineString([(120.0, 36.02), (120.04, 36.02)])),
        Merge(("excluded:1", MIDDLE)),
        Transfer(area(0, 0, 1, 1), "excluded:1"),
        Paint(area(0, 0, 1, 1), "excluded:1"),
        Add(area(4, 0, 5, 1), to="excluded:1"),
        Remove(MIDDLE, ("excluded:1",)),
        Exclude("x", grid="excluded:1"),
    ],
)
def test_it_is_no_grid(operation: Operation) -> None:
    with pytest.raises(OperationRefused) as caught:
        apply(declared(), operation)
    assert caught.value.code == "excluded-land"


def test_land_of_a_removed_grid_goes_to_grids_only() -> None:
    edit = apply(declared(), Remove(MIDDLE))
    assert "excluded:1" not in edit.changed
    assert errors(edit.coverage) == []


def test_a_painted_grid_ends_what_it_covers() -> None:
    edit = apply(declared(), Paint(area(1.4, 1.4, 2.6, 2.6), community="370299001001"))
    assert edit.retired == ("excluded:1",)
    assert errors(edit.coverage) == []


def test_operations_read_and_written() -> None:
    for operation in (Exclude("湖", area(1, 1, 2, 2)), Exclude("湖", grid="a")):
        assert parse_operation(operation_as_json(operation)) == operation
    for bad in ({}, {"reason": ""}, {"reason": "a\nb"}, {"reason": 7}, {"reason": "x" * 201}):
        with pytest.raises(OperationRefused):
            parse_operation({"op": "exclude", "grid": "a", **bad})
    with pytest.raises(OperationRefused) as caught:
        apply(board(), Exclude("湖"))
    assert caught.value.code == "missing-field"


def test_defects_around_speak_of_its_reason() -> None:
    lost = declared().replaced(retired=["excluded:1"])
    assert [defect.kind for defect in check_changes(lost, [MIDDLE]) if defect.severity == "error"] == ["gap"]
    assert check_changes(declared(), [MIDDLE, "excluded:1"]) == []


def test_two_drafts_beside_it_conflict_and_apart_they_do_not() -> None:
    base = board(8, 3)
    mine = apply(base, Exclude("湖", area(0.25, 0.25, 0.75, 0.75))).coverage
    far = apply(base, Exclude("营", area(6.25, 1.25, 6.75, 1.75)), excluded_number=2).coverage
    assert conflicts(base, mine, far) == ()
    assert errors(rebased(base, mine, far)) == []
    near = apply(base, Exclude("营", area(0.5, 0.25, 0.9, 0.75)), excluded_number=2).coverage
    assert conflicts(base, mine, near)


_places = st.tuples(st.floats(-0.4, 4.4), st.floats(-0.4, 4.4))


@given(st.data())
def test_any_operations_beside_it_leave_a_clean_coverage(data: st.DataObject) -> None:
    """Splits, moves, transfers, additions and further declarations: borders stay matched along declared land."""
    coverage = declared()
    for _ in range(data.draw(st.integers(1, 4))):
        (x1, y1), (x2, y2) = data.draw(_places), data.draw(_places)
        drawn = shapely.transform(
            shapely.LineString([(x1, y1), (x2, y2)]),
            lambda xy: (np.rint(xy * SQUARE) + np.array([1_200_000_000, 360_000_000])) / 1e7,
        )
        grids = [code for code in coverage.codes if code not in coverage.excluded_codes]
        grid = data.draw(st.sampled_from(grids))
        vertices = shapely.get_coordinates(coverage.polygons)
        vertex = tuple(vertices[data.draw(st.integers(0, len(vertices) - 1))].tolist())
        box = shapely.box(*drawn.bounds)
        operation = data.draw(
            st.sampled_from(
                [
                    Split(grid, drawn),
                    Reshape(drawn),
                    Transfer(box, grid),
                    Exclude("又一处", box),
                    Add(box, "370299001001"),
                    Remove(data.draw(st.sampled_from(sorted(coverage.codes)))),
                    MoveVertex(vertex, tuple(drawn.coords[0])),
                    Paint(box, grid),
                    Rename(grid, "改名"),
                ]
            )
        )
        try:
            edit = apply(coverage, operation)
        except OperationRefused:
            continue
        coverage = edit.coverage
        # Fine slivers of grids are another matter; nothing else may be wrong.
        assert [kind for kind, _ in errors(coverage) if kind != "sliver"] == []
