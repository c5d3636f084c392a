"""Case C8: a long gap along several grids went whole to one, which then reached along others' borders."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import shapely

from gis.coverage import clean
from gis.testing import assert_coverage

M = 1.11e-5
"""A metre to the east at 36 degrees, about; to the north 0.9e-5."""


def rows(gap_m: float, joints: tuple[list[float], list[float]]) -> tuple[list[str], np.ndarray]:
    """Two rows of grids with a gap between, their joints where they are said (metres)."""
    names, shapes = [], []
    for row, (south, north) in enumerate(((36.0, 36.01), (36.01 + gap_m * 0.9e-5, 36.02))):
        at = [0.0, *joints[row], 3000.0]
        for west, east in pairwise(at):
            names.append(f"{'sn'[row]}{len(names)}")
            shapes.append(shapely.box(120 + west * M, south, 120 + east * M, north))
    # Closed at both ends, or it were open water.
    names += ["west", "east"]
    shapes += [shapely.box(119.99, 36.0, 120, 36.02), shapely.box(120 + 3000 * M, 36.0, 120.1, 36.02)]
    return names, np.array(shapes, dtype=object)


@pytest.mark.parametrize(
    ("gap_m", "joints", "width"),
    [
        (0.8, ([400.0, 1100.0, 2300.0], [700.0, 1500.0, 2600.0]), 1.0),
        (0.8, ([400.0, 1100.0, 2300.0], [700.0, 1500.0, 2600.0]), 500.0),
        (11.0, ([1000.0, 2000.0], [1000.0, 2000.0]), 12.0),
        (4.0, ([100.0], [2900.0]), 5.0),
    ],
)
def test_each_piece_goes_to_a_grid_it_lies_beside(
    gap_m: float, joints: tuple[list[float], list[float]], width: float
) -> None:
    names, shapes = rows(gap_m, joints)
    done = clean(names, shapes, max_width_m=width)
    assert_coverage(names, done.polygons)
    # Whoever won a place had ground within one and a half widths of it, however wide was allowed.
    metric = np.array([1 / M, 1 / 0.9e-5])
    for before, after in zip(shapes, done.polygons, strict=True):
        won = shapely.transform(shapely.difference(after, before), lambda xy: (xy - (120, 36)) * metric)
        had = shapely.transform(before, lambda xy: (xy - (120, 36)) * metric)
        assert shapely.is_empty(won) or shapely.covers(shapely.buffer(had, 1.6 * gap_m + 0.1), won)
    assert max(m.reach_m for m in done.moved) <= 1.5 * gap_m + 0.05
    assert max(m.reach_m for m in done.moved) >= gap_m * 0.9


def test_a_gap_whose_ends_touch_one_grid_is_not_all_its_own() -> None:
    """A variation: a grid around both ends is near the corners of the gap, and far from its middle."""
    outer = shapely.box(120, 36, 120 + 2000 * M, 36.02)
    north = shapely.box(120 + 10 * M, 36.01 + 2 * 0.9e-5, 120 + 1990 * M, 36.015)
    south = shapely.box(120 + 10 * M, 36.005, 120 + 1990 * M, 36.01)
    room = shapely.box(120 + 10 * M, 36.005, 120 + 1990 * M, 36.015)
    names, shapes = ["a-outer", "n", "s"], [shapely.difference(outer, room), north, south]
    done = clean(names, shapes, max_width_m=30)
    assert_coverage(names, done.polygons)
    assert {m.code for m in done.moved} <= {"n", "s", "a-outer"}
    assert all(m.reach_m < 4 for m in done.moved)
