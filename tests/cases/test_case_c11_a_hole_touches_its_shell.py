"""Case C11: a hole that touches its shell where the shell has no vertex, filled by another grid, was refused."""

from __future__ import annotations

import pytest
import shapely

from gis.coverage import check, clean, has_errors
from gis.locate import GridIndex
from gis.testing import assert_coverage


def test_a_hole_that_touches_its_shell_between_vertices() -> None:
    tip = [(120.01, 36.005), (120.005, 36.007), (120.005, 36.003)]
    outer = shapely.Polygon([(120.0, 36.0), (120.01, 36.0), (120.01, 36.01), (120.0, 36.01)], [tip])
    beside = shapely.box(120.01, 36.0, 120.02, 36.01)
    codes, shapes = ["a", "b", "c"], [outer, shapely.Polygon(tip), beside]
    assert shapely.is_valid(outer)
    done = clean(codes, shapes, max_width_m=1)
    assert_coverage(codes, done.polygons)
    assert done.moved == []
    assert GridIndex.build(codes, done.polygons).locate([120.006], [36.005]).tolist() == [1]


@pytest.mark.parametrize("at", [0.25, 0.5, 0.9])
def test_on_the_rim_of_the_coverage(at: float) -> None:
    """Variation: nothing lies beyond the shell, and the hole touches it anywhere along its side."""
    lat = round(36.0 + 0.01 * at, 7)
    tip = [(120.01, lat), (120.006, 36.008), (120.004, 36.002)]
    outer = shapely.Polygon([(120.0, 36.0), (120.01, 36.0), (120.01, 36.01), (120.0, 36.01)], [tip])
    codes, shapes = ["a", "b"], [outer, shapely.Polygon(tip)]
    assert not has_errors(check(codes, clean(codes, shapes, max_width_m=1).polygons))
    done = clean(codes, shapes, max_width_m=1)
    assert_coverage(codes, done.polygons)
    assert done.moved == []
    assert GridIndex.build(codes, done.polygons).locate([120.0065], [36.0055]).tolist() == [1]


def test_two_holes_that_touch_two_sides() -> None:
    """Variation: two holes, each filled, each at a place of its own where the shell and its neighbour have no vertex."""
    east = [(120.01, 36.005), (120.007, 36.007), (120.007, 36.003)]
    north = [(120.003, 36.01), (120.001, 36.006), (120.005, 36.006)]
    outer = shapely.Polygon([(120.0, 36.0), (120.01, 36.0), (120.01, 36.01), (120.0, 36.01)], [east, north])
    shapes = [outer, shapely.Polygon(east), shapely.Polygon(north), shapely.box(120.01, 36.0, 120.02, 36.01)]
    shapes.append(shapely.box(120.0, 36.01, 120.02, 36.02))
    codes = list("abcde")
    done = clean(codes, shapes, max_width_m=1)
    assert_coverage(codes, done.polygons)
    assert done.moved == []
    owners = GridIndex.build(codes, done.polygons).locate(
        [120.008, 120.003, 120.0005], [36.005, 36.007, 36.0005]
    )
    assert owners.tolist() == [1, 2, 0]
