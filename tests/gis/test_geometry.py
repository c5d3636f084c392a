"""The lattice: rounding, what is mended, what is refused."""

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from gis.errors import InvalidGeometry
from gis.geometry import (
    from_lattice,
    geometry_array,
    lattice_geometries,
    polygon_parts,
    round_degrees,
    snap,
    to_lattice,
    trouble_of,
)
from gis.testing import assert_on_lattice

steps = st.integers(-1_800_000_000, 1_800_000_000)


@given(steps)
def test_a_lattice_place_survives_being_degrees(step: int) -> None:
    degrees = float(from_lattice(step))
    assert int(to_lattice(degrees)) == step
    assert float(round_degrees(degrees)) == degrees
    assert degrees == float(f"{step}e-7")


@given(st.floats(-180, 180))
def test_rounding_moves_by_half_a_step_at_most(value: float) -> None:
    assert abs(float(round_degrees(value)) - value) <= 0.5e-7 + 1e-15


@given(st.floats(-180, 180))
def test_rounding_twice_is_rounding_once(value: float) -> None:
    once = round_degrees(value)
    assert float(round_degrees(once)) == float(once)


def test_negative_zero_is_zero() -> None:
    (point,) = snap([shapely.Point(-1e-9, -0.0)])
    assert point.wkt == "POINT (0 0)"


def test_a_spike_left_by_rounding_is_taken_out() -> None:
    # A notch 0.4 steps wide: rounding folds it into a spike of no width.
    notch = shapely.Polygon(
        [
            (120, 36),
            (120.1, 36),
            (120.1, 36.1),
            (120.05 + 2e-8, 36.1),
            (120.05, 36.05),
            (120.05 - 2e-8, 36.1),
            (120, 36.1),
        ]
    )
    (out,) = snap([notch])
    assert out.is_valid
    assert_on_lattice([out])
    assert shapely.equals(out, shapely.box(120, 36, 120.1, 36.1))


def test_a_vertex_that_stands_there_twice_is_there_once() -> None:
    # Formats that write such a vertex once and those that write it twice say the same of the ground.
    twice = shapely.Polygon(
        [(120, 36), (120, 36), (120.1, 36), (120.1, 36.1), (120.10000001, 36.1), (120, 36.1)]
    )
    once = shapely.Polygon([(120, 36), (120.1, 36), (120.1, 36.1), (120, 36.1)])
    parts = shapely.multipolygons([twice, shapely.box(121, 36, 122, 37)])
    out = snap([twice, once, parts, shapely.LineString([(0, 0), (0, 0), (1, 1)])])
    assert shapely.to_wkb(shapely.normalize(out[0])) == shapely.to_wkb(shapely.normalize(once))
    assert shapely.get_num_coordinates(out).tolist() == [5, 5, 10, 2]


def test_a_ring_that_crosses_itself_by_rounding_is_noded_on_the_lattice() -> None:
    # Two walls less than a step apart whose rounding swaps sides half-way.
    narrow = shapely.Polygon(
        [
            (120, 36),
            (120.0000001, 36.0000071),
            (120.0000002, 36.00002),
            (120.000001, 36.00002),
            (120.0000003, 36.0000071 + 4e-8),
            (120.0000002 + 4e-8, 36.0000071),
            (120.000001, 36),
        ]
    )
    (out,) = snap([narrow])
    assert out.is_valid
    assert_on_lattice([out])
    assert shapely.hausdorff_distance(out, narrow) < 2.5e-7


def test_polygon_that_falls_apart_by_rounding_stays_one_area_of_parts() -> None:
    waist = shapely.Polygon(
        [(120, 36), (120.1, 36), (120.05 + 2e-8, 36.05), (120.1, 36.1), (120, 36.1), (120.05 - 2e-8, 36.05)]
    )
    (out,) = snap([waist])
    assert out.is_valid
    assert out.geom_type == "MultiPolygon"
    assert_on_lattice([out])


def test_snap_refuses_what_was_never_valid_and_says_where() -> None:
    bow_tie = shapely.Polygon([(120, 36), (121, 37), (121, 36), (120, 37)])
    with pytest.raises(InvalidGeometry) as refused:
        snap([shapely.Point(1, 1), bow_tie])
    assert "第 2 个" in refused.value.text("zh")
    assert refused.value.places == ((120.5, 36.5),)


def test_neighbours_keep_sharing_their_vertices() -> None:
    rng = np.random.default_rng(7)
    shared = np.column_stack([120.05 + rng.normal(0, 1e-3, 20), np.linspace(36, 36.1, 20)])
    west = shapely.Polygon([(120, 36), *shared, (120, 36.1)])
    east = shapely.Polygon([(120.1, 36), *shared, (120.1, 36.1)])
    a, b = snap([west, east])
    common = {tuple(p) for p in shapely.get_coordinates(a)} & {tuple(p) for p in shapely.get_coordinates(b)}
    assert len(common) == 20


def test_lattice_geometries_of_lattice_shapes_are_exact() -> None:
    (line,) = lattice_geometries([shapely.LineString([(120.1234567, 36.7654321), (-0.0000001, 0)])])
    assert list(line.coords) == [(1201234567.0, 367654321.0), (-1.0, 0.0)]


def test_geometry_array_takes_lists_series_and_single_shapes() -> None:
    import geopandas as gpd

    one = shapely.Point(1, 2)
    assert geometry_array(one).tolist() == [one]
    assert geometry_array([one, None]).tolist() == [one, None]
    assert geometry_array(gpd.GeoSeries([one])).tolist() == [one]
    assert geometry_array([]).shape == (0,)


def test_polygon_parts_passes_over_what_has_no_area() -> None:
    mixed = shapely.GeometryCollection([shapely.box(0, 0, 1, 1), shapely.Point(5, 5)])
    parts, index = polygon_parts([mixed, None, shapely.Polygon(), shapely.box(2, 2, 3, 3)])
    assert index.tolist() == [0, 3]
    assert [part.geom_type for part in parts] == ["Polygon", "Polygon"]


def test_a_valid_shape_is_called_valid() -> None:
    assert trouble_of(shapely.box(0, 0, 1, 1)).reason.en == "Valid Geometry"
