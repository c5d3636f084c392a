"""Lengths and areas, each by two roads."""

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Geod

from gis.crs import from_wgs84
from gis.measures import geodesic_area_m2, geodesic_distance_m, geodesic_length_m

GEOD = Geod(ellps="WGS84")
lines = st.lists(st.tuples(st.floats(119, 121), st.floats(35, 37)), min_size=2, max_size=8).map(
    shapely.LineString
)


@given(st.lists(lines, max_size=5))
def test_lengths_agree_with_pyproj_one_by_one(shapes: list[shapely.LineString]) -> None:
    expected = [GEOD.geometry_length(shape) for shape in shapes]
    assert geodesic_length_m(shapes) == pytest.approx(expected, rel=1e-12, abs=1e-9)


@given(st.floats(119, 121), st.floats(30, 40), st.floats(1e-4, 0.05), st.floats(1e-4, 0.05))
def test_area_agrees_with_the_projected_one(west: float, south: float, wide: float, high: float) -> None:
    square = shapely.box(west, south, west + wide, south + high)
    metres = shapely.transform(square, lambda xy: np.column_stack(from_wgs84(xy[:, 0], xy[:, 1], 4549)))
    # A transverse Mercator with scale 1 on its meridian enlarges areas by at most 0.04 % one degree away.
    assert geodesic_area_m2([square])[0] == pytest.approx(shapely.area(metres), rel=5e-4)


def test_holes_are_taken_off_and_parts_add_up() -> None:
    shell, hole, other = (
        shapely.box(120, 36, 121, 37),
        shapely.box(120.2, 36.2, 120.4, 36.4),
        shapely.box(122, 36, 123, 37),
    )
    pierced = shapely.Polygon(shell.exterior, [hole.exterior])
    a, b, c = geodesic_area_m2([shell, hole, other])
    assert geodesic_area_m2([pierced, shapely.MultiPolygon([pierced, other])]) == pytest.approx(
        [a - b, a - b + c]
    )


def test_direction_of_rings_does_not_matter() -> None:
    square = shapely.box(120, 36, 121, 37)
    assert geodesic_area_m2([square])[0] == geodesic_area_m2([shapely.reverse(square)])[0] > 0


def test_each_kind_has_a_stated_answer() -> None:
    shapes = [None, shapely.Point(1, 2), shapely.Polygon(), shapely.LineString([(120, 36), (120, 36.001)])]
    assert geodesic_area_m2(shapes).tolist() == [0, 0, 0, 0]
    assert geodesic_length_m(shapes).round(3).tolist() == [0, 0, 0, 110.959]


def test_collections_inside_collections() -> None:
    square, line = shapely.box(120, 36, 120.01, 36.01), shapely.LineString([(120, 36), (120, 36.001)])
    nested = shapely.GeometryCollection(
        [shapely.GeometryCollection([shapely.MultiPolygon([square]), line]), line]
    )
    assert geodesic_area_m2([nested])[0] == geodesic_area_m2([square])[0]
    expected = GEOD.geometry_length(shapely.LineString(square.exterior)) + 2 * GEOD.geometry_length(line)
    assert geodesic_length_m([nested])[0] == pytest.approx(expected)


def test_distance_keeps_shape_and_missing_values() -> None:
    assert geodesic_distance_m(120, 36, [120, np.nan], 36.001).tolist() == [
        pytest.approx(110.959, abs=1e-3),
        pytest.approx(np.nan, nan_ok=True),
    ]
    assert geodesic_distance_m(1, 2, 3, 4).shape == ()
