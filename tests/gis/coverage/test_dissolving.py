"""Upper levels out of grids: they tile, they nest, and they are what a slow union says."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gis.coverage import compare_levels, dissolve, is_clean
from gis.errors import GeometryError
from gis.geometry import SCALE, lattice_geometries
from gis.measures import geodesic_area_m2
from gis.testing import assert_coverage, checkerboard, harbour_town
from tests.gis.strategies import Net, nets


@settings(max_examples=150, deadline=None)
@given(nets(), st.data())
def test_dissolved_levels_tile_and_nest(net: Net, data: st.DataObject) -> None:
    polygons = net.polygons()
    keys = data.draw(st.lists(st.sampled_from("xyz"), min_size=len(polygons), max_size=len(polygons)))
    names, joined = dissolve(polygons, keys)
    assert names == sorted(set(keys))
    assert shapely.is_valid(joined).all()
    assert is_clean(joined)
    steps, upper = lattice_geometries(polygons), lattice_geometries(joined)
    # By the slow road: a noding union, as sets of points; and by areas in whole steps.
    for name, area in zip(names, upper, strict=True):
        parts = steps[[key == name for key in keys]]
        assert shapely.area(area) == shapely.area(parts).sum()
        assert shapely.equals(area, shapely.union_all(parts))
    (_, (district,)) = dissolve(joined, ["d"] * len(names))
    (_, (direct,)) = dissolve(polygons, ["d"] * len(polygons))
    assert shapely.equals(lattice_geometries([district])[0], lattice_geometries([direct])[0])


@settings(max_examples=50, deadline=None)
@given(nets(most=4), st.randoms(use_true_random=False))
def test_same_polygons_in_another_order_give_the_same_bytes(net: Net, random: object) -> None:
    polygons = net.polygons()
    keys = [f"k{at % 2}" for at in range(len(polygons))]
    order = list(range(len(polygons)))
    random.shuffle(order)  # type: ignore[attr-defined]
    one = shapely.to_wkb(dissolve(polygons, keys)[1])
    other = shapely.to_wkb(dissolve(polygons[order], [keys[at] for at in order])[1])
    assert one.tolist() == other.tolist()


def test_parts_of_one_code_that_overlap_are_joined() -> None:
    keys, (joined,) = dissolve(
        [shapely.box(120, 36, 120.02, 36.01), shapely.box(120.01, 36, 120.03, 36.01)], ["a", "a"]
    )
    assert keys == ["a"]
    assert shapely.equals(
        lattice_geometries([joined])[0], lattice_geometries([shapely.box(120, 36, 120.03, 36.01)])[0]
    )


def test_keys_without_area_and_lengths_that_differ() -> None:
    keys, joined = dissolve([None, shapely.box(0, 0, 1, 1), shapely.Polygon()], ["b", "a", "b"])
    assert keys == ["a", "b"]
    assert joined[1] is None
    with pytest.raises(GeometryError):
        dissolve([None], ["a", "b"])
    assert dissolve([], [])[0] == []


def test_a_ring_of_grids_keeps_its_hole() -> None:
    board = checkerboard(3, 3)
    around = [at for at in range(9) if at != 4]
    _, (ring,) = dissolve(board.polygons[around], ["r"] * 8)
    assert len(ring.interiors) == 1
    assert_coverage(["r", "m"], [ring, board.polygons[4]])


def test_vertices_of_the_grids_stay_on_the_border() -> None:
    board = checkerboard(3, 3)
    _, (all_of_it,) = dissolve(board.polygons, ["d"] * 9)
    assert shapely.get_num_coordinates(all_of_it) == 13


def test_given_levels_that_agree_have_no_differences() -> None:
    town = harbour_town()
    codes, areas = dissolve(town.polygons, town.communities)
    assert compare_levels(codes, areas, codes[::-1], areas[::-1]) == []


def test_a_moved_border_is_a_warning_for_both_sides() -> None:
    board = checkerboard(2, 2)
    codes, areas = dissolve(board.polygons, board.communities)
    south, north = shapely.box(120, 36, 120.02, 36.0101), shapely.box(120, 36.0101, 120.02, 36.02)
    found = compare_levels(codes, areas, codes, [south, north])
    assert [(d.kind, d.severity, d.codes) for d in found] == [
        ("hierarchy", "warning", (codes[0],)),
        ("hierarchy", "warning", (codes[1],)),
    ]
    strip = shapely.box(120, 36.01, 120.02, 36.0101)
    for defect in found:
        assert defect.width_m == pytest.approx(11.1, rel=0.03)
        assert defect.area_m2 == pytest.approx(geodesic_area_m2([strip])[0], rel=5e-3)
        assert shapely.intersects_xy(strip, *defect.place)
    assert compare_levels(codes, areas, codes, [south, north], width_m=20) == []


def test_units_on_one_side_only_are_errors() -> None:
    board = checkerboard(2, 2)
    codes, areas = dissolve(board.polygons, board.communities)
    found = compare_levels(codes, areas, [codes[0], "elsewhere"], areas)
    assert [(d.severity, d.codes) for d in found] == [("error", (codes[1],)), ("error", ("elsewhere",))]


def test_a_unit_in_several_rows_is_taken_together() -> None:
    board = checkerboard(2, 2)
    codes, areas = dissolve(board.polygons, board.communities)
    assert compare_levels(codes, areas, board.communities, board.polygons) == []


def test_areas_are_whole_numbers_of_steps() -> None:
    _, joined = dissolve(checkerboard(2, 2).polygons, ["d"] * 4)
    xy = shapely.get_coordinates(joined) * SCALE
    assert np.abs(xy - np.rint(xy)).max() < 1e-6
