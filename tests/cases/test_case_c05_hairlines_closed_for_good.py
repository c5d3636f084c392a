"""Case C5: closing hairlines vertex by vertex made overlaps of them, at any width; a step stays only if defects fall."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from gis.coverage import check, clean
from gis.testing import assert_coverage


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_long_hairline_slits_are_closed_for_good(seed: int) -> None:
    rng = np.random.default_rng(seed)
    y = np.sort(rng.integers(360_000_001, 360_499_999, 60))
    line = np.column_stack([1_200_000_000 + rng.integers(-3, 4, len(y)), y])
    ends = [(1_200_000_000, 360_000_000), (1_200_000_000, 360_500_000)]
    west, east = (line + np.column_stack([rng.integers(-2, 3, len(y)), np.zeros(len(y), int)]) for _ in "ab")
    shapes = [
        shapely.Polygon(np.array([*far, ends[1], *side[::-1], ends[0]]) / 1e7)
        for side, far in (
            (west, [(1_199_900_000, 360_000_000), (1_199_900_000, 360_500_000)]),
            (east, [(1_200_100_000, 360_000_000), (1_200_100_000, 360_500_000)]),
        )
    ]
    for width in (0.1, 1.0, 20.0):
        done = clean(["a", "b"], shapes, max_width_m=width)
        assert_coverage(["a", "b"], done.polygons)
        assert clean(["a", "b"], done.polygons, max_width_m=width).moved == []


@pytest.mark.parametrize("angle", [17.0, 45.0, 71.0])
def test_hairlines_on_a_slanting_border(angle: float) -> None:
    """Variation: the border runs across the lattice, so that closing a slit rounds its vertices."""
    rng = np.random.default_rng(int(angle))
    along = np.array([np.cos(np.radians(angle)), np.sin(np.radians(angle))])
    across = np.array([-along[1], along[0]])
    t = np.concatenate([[0], np.sort(rng.integers(2000, 398_000, 40)), [400_000]])
    sides = [np.rint(t[:, None] * along + rng.integers(-2, 3, len(t))[:, None] * across) for _ in "ab"]
    for side in sides:
        side[[0, -1]] = np.rint(t[[0, -1], None] * along)
    corner = np.array([1.2e9, 3.6e8])
    rings = [
        np.concatenate([side, side[[-1, 0]] + sign * 90_000 * across])
        for side, sign in zip(sides, (1, -1), strict=True)
    ]
    shapes = [shapely.Polygon((ring + corner) / 1e7) for ring in rings]
    for width in (0.1, 5.0):
        done = clean(["a", "b"], shapes, max_width_m=width)
        assert_coverage(["a", "b"], done.polygons)
        assert clean(["a", "b"], done.polygons, max_width_m=width).moved == []


def test_hairlines_that_meet_in_a_joint_of_three() -> None:
    """Variation: three grids, each two of them with a hairline between them, and a joint that all miss by a step."""
    centre = np.array([1_200_000_000, 360_000_000])
    far = [np.array([0, 300_000]), np.array([-260_000, -150_000]), np.array([260_000, -150_000])]
    shapes = []
    for at in range(3):
        one, other = far[at], far[(at + 1) % 3]
        joint = np.array([(1, 0), (0, 1), (-1, -1)][at])
        middle = [np.rint(0.5 * leg + np.array([(0, 2), (2, 0), (-2, 1)][at])) for leg in (one, other)]
        shapes.append(shapely.Polygon((np.array([one, middle[0], joint, middle[1], other]) + centre) / 1e7))
    before = check(list("abc"), shapes)
    for width in (0.1, 1.0):
        done = clean(list("abc"), shapes, max_width_m=width)
        errors = [d for d in done.left if d.severity == "error"]
        assert len(errors) <= len([d for d in before if d.severity == "error"])
        assert_coverage(list("abc"), done.polygons)
