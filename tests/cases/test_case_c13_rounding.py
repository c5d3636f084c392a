"""Case C13: what rounding to the lattice opens between borders, rounding closes: no "gap of 0.00 m2, 0.00 m wide"."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from gis.coverage import check, has_errors, snap_coverage
from gis.geometry import lattice_geometries
from tests.cases.test_case_c10_needles import bricks


def turned(angle: float) -> np.ndarray:
    c, s = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    return np.array([[c, -s], [s, c]])


@pytest.mark.parametrize("seed", range(30))
def test_joints_at_any_place_of_a_border_stay_closed(seed: int) -> None:
    cells = bricks(seed, turned(seed * 37.0), 0.002)
    found = check([f"{at:03}" for at in range(len(cells))], cells, sliver_width_m=0.0)
    assert not has_errors(found)
    # Nothing is left open, and nothing moved by more than the vertex and its edge may.
    done = snap_coverage(cells)
    assert done.clean
    whole = shapely.coverage_union_all(lattice_geometries(done.polygons))
    assert len(shapely.get_rings(whole)) == 1
    apart = [
        shapely.hausdorff_distance(before.boundary, after.boundary)
        for before, after in zip(cells, done.polygons, strict=True)
    ]
    assert max(apart) < 1.5e-7


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    angle=st.floats(0, 360),
    noise=st.floats(0, 1e-9),
    size=st.floats(5e-4, 0.3),
)
def test_noise_of_a_projection_does_not_open_borders(
    seed: int, angle: float, noise: float, size: float
) -> None:
    """First variation: the same borders, computed apart, differ by noise."""
    rng = np.random.default_rng(seed)
    walls = bricks(seed, turned(angle), size)
    # What is narrower than some steps of the lattice has no ground left on it, and is told as empty.
    assume(not shapely.is_empty(shapely.buffer(walls, -3e-7)).any())
    cells = [
        shapely.transform(cell, lambda xy: xy + rng.uniform(-noise, noise, xy.shape) * [[1]] * _closed(xy))
        for cell in walls
    ]
    assert not has_errors(check([f"{at:03}" for at in range(len(cells))], cells, sliver_width_m=0.0))


def _closed(xy: np.ndarray) -> np.ndarray:
    """Leave the first and the last vertex of a ring alone, so that it stays closed."""
    moving = np.ones((len(xy), 1))
    moving[[0, -1]] = 0.0
    return moving


def test_a_border_three_kilometres_long() -> None:
    """Second variation: a joint in the middle of a long border, where a step wide is square metres."""
    for k in range(40):
        a, b = np.array([120.0, 36.0]), np.array([120.0 + 1e-3 * k, 36.03])
        joint = a + (b - a) * (0.31 + 0.01 * k)
        west = shapely.Polygon([a, b, (119.9, 36.03), (119.9, 36.0)])
        lower = shapely.Polygon([a, (120.2, 36.0), joint])
        upper = shapely.Polygon([joint, (120.2, 36.0), b])
        found = check(["w", "l", "u"], [west, lower, upper])
        assert not has_errors(found), [d.detail.en for d in found]
