"""Grids too narrow to be one are refused by every operation, and what lies far away is left alone."""

import re

import pytest
import shapely

from gis.coverage import is_clean
from gis.editing import (
    Add,
    Coverage,
    GridAttributes,
    MoveVertex,
    Operation,
    OperationRefused,
    Paint,
    Recode,
    Rename,
    Replace,
    ReplacedGrid,
    Split,
    Transfer,
    apply,
)
from gis.geometry import from_lattice
from tests.gis.editing.towns import apply_to_part, area, at, board, code, line, speckled

MIDDLE, EAST = code(2, 2), code(3, 2)
HAIR = 0.0005
"""Of a square: half a metre."""
SPECK = "370299001001005"


def without_middle() -> Coverage:
    town = board(3, 3)
    return town.replaced(retired=[MIDDLE])


NARROW: list[tuple[Coverage, Operation]] = [
    (board(), Split(MIDDLE, line((1 + HAIR, 0.5), (1 + HAIR, 2.5)))),
    (board(), Paint(area((1.2, 1.2), (1.2 + HAIR, 1.2), (1.2, 1.2 + HAIR)), community="370299001001")),
    (board(), Paint(area((1.2, 1.2), (1.8, 1.2), (1.8, 1.2 + HAIR), (1.2, 1.2 + HAIR)), grid=MIDDLE)),
    (board(), Transfer(area((1 + HAIR, 0.9), (2.1, 0.9), (2.1, 2.1), (1 + HAIR, 2.1)), EAST)),
    (without_middle(), Add(area((1, 1), (1 + HAIR, 1), (1 + HAIR, 2), (1, 2)), community="370299001001")),
    (
        board(),
        Replace(
            (
                ReplacedGrid(MIDDLE, area((1, 1), (1 + HAIR, 1), (1 + HAIR, 2), (1, 2))),
                ReplacedGrid(EAST, area((1 + HAIR, 1), (3, 1), (3, 2), (1 + HAIR, 2))),
            )
        ),
    ),
]


@pytest.mark.parametrize(("town", "operation"), NARROW, ids=lambda each: getattr(each, "op", ""))
def test_no_operation_makes_a_grid_too_narrow(town: Coverage, operation: Operation) -> None:
    with pytest.raises(OperationRefused) as refusal:
        apply(town, operation)
    assert refusal.value.code == "too-narrow"
    assert refusal.value.places
    assert "1 米" in refusal.value.text("zh")
    assert "1 m" in refusal.value.text("en")


def test_a_vertex_moved_so_that_a_grid_is_a_needle() -> None:
    wedge = Coverage.build(
        ["a", "b"],
        [area((0, 0), (1, 0), (1, 1)), area((0, 0), (1, 1), (0, 1))],
        [GridAttributes("", "c")] * 2,
    )
    with pytest.raises(OperationRefused) as refusal:
        apply(wedge, MoveVertex(at(1, 0), at(0.6, 0.6 - HAIR)))
    assert refusal.value.code == "too-narrow"


def test_a_grid_that_was_narrow_may_stay_and_be_widened_but_not_narrowed() -> None:
    town = speckled()
    assert SPECK in town
    assert apply(town, Rename(SPECK, "岗亭")).changed == (SPECK,)
    assert apply(town, Recode(SPECK, "370299001001077")).created == ("370299001001077",)
    x, y = shapely.get_coordinates(shapely.point_on_surface(town.polygon(SPECK)))[0] * 1e7
    x, y = round(x), round(y)
    wider = from_lattice([[x - 60, y - 60], [x + 60, y - 60], [x + 60, y + 60], [x - 60, y + 60]])
    assert SPECK in apply(town, Paint(shapely.Polygon(wider), grid=SPECK)).changed
    less = shapely.Polygon(from_lattice([[x - 1, y - 1], [x + 1, y - 1], [x + 1, y]]))
    with pytest.raises(OperationRefused) as refusal:
        apply(town, Paint(less, grid=SPECK))
    assert refusal.value.code == "too-narrow"


@pytest.mark.parametrize("place", [(1.2, 1.2), (3.6, 0.2), (0.2, 3.8)])
def test_an_operation_far_away_does_not_close_over_a_tiny_grid(place: tuple[float, float]) -> None:
    # Neighbours of neighbours are not loaded: a tiny one looked like a hole left by rounding, and was filled.
    town = speckled()
    x, y = place
    for grid in town.codes:
        operation = Paint(area((x, y), (x + 0.1, y), (x + 0.1, y + 0.1)), grid=grid)
        try:
            edit = apply_to_part(town, operation)
        except OperationRefused as refused:
            with pytest.raises(OperationRefused, match=re.escape(str(refused))):
                apply(town, operation)
            continue
        assert is_clean(edit.coverage.polygons)
        seen = apply(town, operation)
        assert (seen.created, seen.changed, seen.retired) == (edit.created, edit.changed, edit.retired)
        assert shapely.equals_exact(seen.coverage.polygons, edit.coverage.polygons).all()
