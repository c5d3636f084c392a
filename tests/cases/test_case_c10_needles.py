"""Case C10: T-junctions between needles, cells sheared by (101, 99; 100, 101): a traceback of GEOS."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gis.coverage import Defect, check, has_errors, snap_coverage

SHEAR = np.array([[101.0, 99.0], [100.0, 101.0]])


def bricks(
    seed: int, matrix: np.ndarray, size: float, *, rows: int = 5, columns: int = 6
) -> list[shapely.Polygon]:
    """Rows of cells whose joints do not meet those of the next row, so that every joint is a T-junction."""
    rng = np.random.default_rng(seed)
    base = np.array([rng.uniform(119, 121), rng.uniform(30, 37)])
    cells = []
    for row in range(rows):
        x = np.array([0.0, *np.sort(rng.uniform(0.05, 0.95, columns - 1)), 1.0])
        y = np.array([row, row + 1]) / rows
        for west, east in pairwise(x):
            ring = np.array([(west, y[0]), (east, y[0]), (east, y[1]), (west, y[1])])
            cells.append(shapely.Polygon(ring @ matrix.T * size + base))
    return cells


def found(cells: list[shapely.Polygon]) -> list[Defect]:
    return check([f"{at:03}" for at in range(len(cells))], cells, sliver_width_m=0.0)


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("size", [2e-5, 2e-4, 1e-3])
def test_sheared_cells_are_clean(seed: int, size: float) -> None:
    cells = bricks(seed, SHEAR, size)
    assert not has_errors(found(cells))
    assert snap_coverage(cells).clean


@pytest.mark.parametrize(
    "matrix", [SHEAR.T, np.array([[1.0, 300.0], [0.0, 1.0]]), -SHEAR], ids=["t", "long", "minus"]
)
def test_other_needles(matrix: np.ndarray) -> None:
    """First variation: sheared the other way, and three hundred times as long as wide."""
    for seed in range(6):
        assert not has_errors(found(bricks(seed, matrix, 3e-3)))


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    angle=st.floats(0, 180),
    stretch=st.floats(1, 400),
    exponent=st.floats(-4, -1.5),
)
def test_needles_in_any_direction(seed: int, angle: float, stretch: float, exponent: float) -> None:
    """Second variation: any direction, any slenderness, places that are no lattice places."""
    c, s = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    turn = np.array([[c, -s], [s, c]])
    matrix = turn @ np.diag([stretch, 1.0]) @ turn.T / np.sqrt(stretch) @ turn
    cells = bricks(seed, matrix, 10**exponent)
    if shapely.minimum_clearance(cells).min() < 1e-6:
        return
    assert not has_errors(found(cells))
