"""Case C15: 1 m passed, 5 m left a gap of 4.2 m, 20 m passed; a wider width never mends less."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
import shapely

from gis.coverage import clean
from gis.testing import checkerboard
from tests.cases.boards import M, board

WIDTHS = (0.05, 0.3, 1.0, 2.0, 4.0, 5.0, 10.0, 20.0, 31.0, 60.0)


def left(codes: list[str], shapes: np.ndarray, width: float) -> tuple[int, float]:
    """How many gaps and overlaps are left, and their ground, m2."""
    errors = [d for d in clean(codes, shapes, max_width_m=width).left if d.severity == "error"]
    return len(errors), sum(d.area_m2 or 0.0 for d in errors)


def slit_beside_a_slit() -> tuple[list[str], np.ndarray]:
    """A gap of 0.8 m that opens into one of 4.2 m, as the case had them."""
    town = checkerboard(2, 2)
    shapes = town.polygons.copy()
    shapes[1] = shapely.Polygon(
        [
            (120.01 + 0.8 * M, 36.0),
            (120.02, 36.0),
            (120.02, 36.01),
            (120.01 + 4.2 * M, 36.01),
            (120.01 + 4.2 * M, 36.005),
        ]
    )
    return list(town.codes), shapes


def crooked() -> tuple[list[str], np.ndarray]:
    """Nine squares whose corners were drawn by hand, each differently for each neighbour."""
    rng = np.random.default_rng(15)
    town = checkerboard(3, 3)
    shapes = [
        shapely.Polygon((xy := shapely.get_coordinates(one)[:-1]) + rng.uniform(-4e-5, 4e-5, xy.shape))
        for one in town.polygons
    ]
    return list(town.codes), np.asarray(shapes, dtype=object)


@pytest.mark.parametrize("made", [board, slit_beside_a_slit, crooked])
def test_what_is_left_only_falls(made: Callable[[], tuple[list[str], np.ndarray]]) -> None:
    codes, shapes = made()
    ground = [left(codes, shapes, width)[1] for width in WIDTHS]
    for narrow, wide in pairwise(ground):
        assert wide <= narrow * 1.001 + 0.5
    assert left(codes, shapes, WIDTHS[-1]) == (0, 0.0)
