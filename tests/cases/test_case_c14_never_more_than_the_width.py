"""Case C14: straight in metres is not straight in degrees; along 10 km the border moved by 1.15 m at 0.5 m."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from gis.coverage import clean
from gis.testing import assert_coverage


def test_the_border_beside_a_long_edge_moves_by_no_more_than_the_width() -> None:
    south = shapely.box(120.0, 35.9, 120.11, 36.0)
    x = np.linspace(120.0, 120.11, 12)
    slit = [(lon, 36.0 + 0.3e-5 * (0 < at < 11)) for at, lon in enumerate(x)]
    north = shapely.Polygon([*slit, (120.11, 36.1), (120.0, 36.1)])
    codes, shapes = ["n", "s"], np.array([north, south], dtype=object)
    done = clean(codes, shapes, max_width_m=0.5)
    assert_coverage(codes, done.polygons)
    (moved,) = done.moved
    assert moved.reach_m == pytest.approx(0.333, abs=0.02)
    for before, after in zip(shapes, done.polygons, strict=True):
        assert shapely.hausdorff_distance(before.exterior, after.exterior, densify=0.01) < 0.5 / 90_000


@pytest.mark.parametrize("latitude", [0.5, 36.0, 55.0])
def test_at_any_latitude_along_a_border_that_runs_north(latitude: float) -> None:
    """Variation: the long edge runs north, and a degree of longitude is as long as the latitude makes it."""
    metre = 1 / (111_320 * np.cos(np.radians(latitude)))
    y = np.linspace(latitude, latitude + 0.09, 12)
    slit = [(120.0 + 0.4 * metre * (0 < at < 11), lat) for at, lat in enumerate(y)]
    west = shapely.box(119.95, latitude, 120.0, latitude + 0.09)
    east = shapely.Polygon([*slit, (120.05, latitude + 0.09), (120.05, latitude)])
    done = clean(["e", "w"], [east, west], max_width_m=0.5)
    assert_coverage(["e", "w"], done.polygons)
    (moved,) = done.moved
    assert moved.reach_m == pytest.approx(0.4, abs=0.03)


@pytest.mark.parametrize("width", [0.3, 0.5, 2.0])
def test_with_an_overlap_in_place_of_the_slit(width: float) -> None:
    """Variation: the long edge is overlapped by 0.2 m, bent where the other border has its vertices."""
    south = shapely.box(120.0, 35.9, 120.11, 36.0)
    x = np.linspace(120.0, 120.11, 12)
    bent = [(lon, 36.0 - 0.2e-5 * (0 < at < 11)) for at, lon in enumerate(x)]
    north = shapely.Polygon([*bent, (120.11, 36.1), (120.0, 36.1)])
    done = clean(["n", "s"], [north, south], max_width_m=width)
    assert_coverage(["n", "s"], done.polygons)
    assert all(m.reach_m <= width for m in done.moved)
    for before, after in zip([north, south], done.polygons, strict=True):
        assert shapely.hausdorff_distance(before.exterior, after.exterior, densify=0.01) < width / 90_000
