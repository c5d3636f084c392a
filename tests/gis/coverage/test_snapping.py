"""Rounding keeps a coverage a coverage."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gis.coverage import is_clean, snap_coverage
from gis.geometry import SCALE, lattice_geometries
from gis.locate import GridIndex
from gis.testing import assert_on_lattice, checkerboard, harbour_town
from tests.gis.strategies import COARSE, Net, nets, telling_places


@settings(max_examples=150, deadline=None)
@given(nets())
def test_a_coverage_on_the_lattice_stays_as_it_is(net: Net) -> None:
    polygons = net.polygons()
    done = snap_coverage(polygons, hairlines="rounding")
    assert done.clean
    assert (done.merged, done.inserted) == (0, 0)
    assert all(shapely.equals_exact(a, b) for a, b in zip(done.polygons, polygons, strict=True))


@settings(max_examples=100, deadline=None)
@given(nets(gaps=COARSE), st.integers(0, 2**32 - 1))
def test_noise_far_below_a_step_is_rounded_away(net: Net, seed: int) -> None:
    # As after a projection there and back: every vertex off by up to a hundredth of a step, neighbours differently.
    rng = np.random.default_rng(seed)
    polygons = net.polygons()
    noisy = np.asarray([_disturbed(one, rng) for one in polygons], dtype=object)
    if not shapely.is_valid(noisy).all():
        # Two parts of a grid that touch at a point may overlap by the noise.
        return
    done = snap_coverage(noisy)
    assert done.clean
    assert shapely.equals(lattice_geometries(done.polygons), lattice_geometries(polygons)).all()


def _disturbed(shape: shapely.Geometry, rng: np.random.Generator) -> shapely.Geometry:
    parts = []
    for part in shapely.get_parts(shape):
        rings = []
        for ring in shapely.get_rings(part):
            xy = shapely.get_coordinates(ring)[:-1]
            rings.append(xy + rng.uniform(-1e-9, 1e-9, xy.shape))
        parts.append(shapely.Polygon(rings[0], rings[1:]))
    return parts[0] if len(parts) == 1 else shapely.multipolygons(parts)


@pytest.mark.parametrize("lean", [0.0, 0.0013, 0.01])
def test_t_junctions_are_noded(lean: float) -> None:
    # The right-hand grids meet on the long border of the left one, at a place that is no lattice place.
    left = shapely.Polygon([(120, 36), (120.01, 36), (120.01 + lean, 36.01), (120, 36.01)])
    middle = (120.01 + lean * 0.37, 36.0037)
    lower = shapely.Polygon([(120.01, 36), (120.03, 36), (120.03, 36.0037), middle])
    upper = shapely.Polygon([middle, (120.03, 36.0037), (120.03, 36.01), (120.01 + lean, 36.01)])
    done = snap_coverage([left, lower, upper])
    assert done.clean
    assert done.inserted == 1
    assert done.mends[0].inserted
    assert (done.mends[0].polygon, done.mends[0].place) == (0, pytest.approx(middle, abs=1e-7))
    assert_on_lattice(done.polygons)


def test_vertices_that_differ_by_rounding_noise_become_one() -> None:
    # The two sides of the same corner fall to different lattice places: .49 and .51 of a step.
    west = shapely.box(120, 36, 120.01 + 0.49e-7, 36.01)
    east = shapely.box(120.01 + 0.51e-7, 36, 120.02, 36.01)
    done = snap_coverage([west, east])
    assert done.clean
    assert done.merged == 2
    assert shapely.union_all(lattice_geometries(done.polygons)).geom_type == "Polygon"


def test_a_real_overlap_is_left_for_the_check() -> None:
    west, east = shapely.box(120, 36, 120.01, 36.01), shapely.box(120.009, 36.002, 120.02, 36.008)
    done = snap_coverage([west, east])
    assert not done.clean
    assert shapely.equals(done.polygons[0], west)


@settings(max_examples=60, deadline=None)
@given(nets(most=4, gaps=COARSE))
def test_taking_shared_vertices_out_of_straight_borders_changes_no_owner(net: Net) -> None:
    # Simplify each grid alone: vertices in straight runs vanish on one side and stay on the other.
    polygons = net.polygons()
    simpler = shapely.simplify(polygons, 0)
    done = snap_coverage(simpler)
    assert done.clean
    assert shapely.equals(lattice_geometries(done.polygons), lattice_geometries(polygons)).all()
    one = GridIndex.build(net.codes, polygons, gaps="allow")
    other = GridIndex.build(net.codes, simpler, gaps="allow")
    x, y = np.array(telling_places(net), dtype=np.float64).T / SCALE
    assert (one.locate(x, y) == other.locate(x, y)).all()


def test_towns_are_clean() -> None:
    assert is_clean(checkerboard(3, 3).polygons)
    assert is_clean(harbour_town().polygons)
    assert is_clean([])


def test_missing_shapes_pass_through() -> None:
    done = snap_coverage([None, shapely.box(0, 0, 1, 1)])
    assert done.polygons[0] is None
    assert done.clean
