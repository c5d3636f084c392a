"""Neighbours are told by whole numbers: a border in common, a point in common, or nothing."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from gis.adjacency import adjacency
from gis.antimeridian import turn_back
from gis.geometry import from_lattice
from gis.measures import geodesic_length_m

STEP = 1e-7
HERE = shapely.box(120, 36, 120.01, 36.01)


def steps(west: int, south: int, east: int, north: int) -> shapely.Polygon:
    """A rectangle by lattice steps beyond 120 east, 36 north."""
    return shapely.box(*from_lattice(np.array([[1_200_000_000 + west, 360_000_000 + south],
                                               [1_200_000_000 + east, 360_000_000 + north]])).ravel())  # fmt: skip


def test_one_step_parts_two_polygons() -> None:
    here, beside, apart = steps(0, 0, 9, 9), steps(9, 0, 20, 9), steps(10, 0, 20, 9)
    found = adjacency(here, [beside, apart])
    assert found.touches.tolist() == [True, False]
    assert found.border_m[0] == pytest.approx(9 * STEP * 110_950, rel=1e-3)
    assert found.border_m[1] == 0


def test_a_corner_is_no_border() -> None:
    found = adjacency(HERE, [shapely.box(120.01, 36.01, 120.02, 36.02)])
    assert (found.touches.tolist(), found.border_m.tolist()) == ([True], [0.0])


def test_nobody_near() -> None:
    found = adjacency(HERE, [])
    assert (len(found.touches), len(found.border_m)) == (0, 0)


def test_across_the_180th_meridian() -> None:
    west, east = shapely.box(179.98, -17, 180, -16.99), shapely.box(-180, -17, -179.98, -16.995)
    both = turn_back([shapely.box(-0.01, -16.99, 0.01, -16.98)])[0]
    found = adjacency(west, [east, both])
    assert found.touches.tolist() == [True, True]
    assert found.border_m[0] == pytest.approx(553.2, abs=0.5)
    # Half of what the one on both sides has in common with the two.
    assert found.border_m[1] == pytest.approx(
        geodesic_length_m([shapely.LineString([(0, -16.99), (0.01, -16.99)])])[0]
    )


@given(
    st.lists(st.integers(1, 60), min_size=2, max_size=5), st.lists(st.integers(1, 60), min_size=1, max_size=4)
)
def test_every_border_is_counted_once(columns: list[int], rows: list[int]) -> None:
    """Rectangles of a grid: what each has in common with all others and with the rim is its whole ring."""
    x, y = np.cumsum([0, *columns]), np.cumsum([0, *rows])
    cells = [steps(x[i], y[j], x[i + 1], y[j + 1]) for i in range(len(columns)) for j in range(len(rows))]
    rim = shapely.boundary(shapely.union_all(cells))
    for at, cell in enumerate(cells):
        others = cells[:at] + cells[at + 1 :]
        found = adjacency(cell, others)
        on_rim = geodesic_length_m([shapely.intersection(shapely.boundary(cell), rim)])[0]
        assert found.border_m.sum() + on_rim == pytest.approx(geodesic_length_m([cell])[0], rel=1e-6)
        for other, border in zip(others, found.border_m, strict=True):
            assert adjacency(other, [cell]).border_m[0] == pytest.approx(border)
