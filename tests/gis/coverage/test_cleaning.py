"""Mending: what is narrow is settled, what is wide is left and listed, and what moved is told."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gis.coverage import check, clean, has_errors, is_clean
from gis.coverage.noding import split_edges
from gis.errors import GeometryError
from gis.geometry import from_lattice
from gis.measures import geodesic_area_m2
from gis.testing import assert_coverage, assert_on_lattice, checkerboard, harbour_town

METRE_EAST = 1.11e-5


def test_a_clean_coverage_is_given_back_as_it_was() -> None:
    town = harbour_town()
    done = clean(town.codes, town.polygons, max_width_m=5)
    assert done.moved == []
    assert all(shapely.equals_exact(a, b) for a, b in zip(done.polygons, town.polygons, strict=True))


@pytest.mark.parametrize("shift_m", [-4.0, -0.5, -0.03, 0.03, 0.5, 4.0])
def test_a_shifted_border_becomes_one_again(shift_m: float) -> None:
    # Negative: an overlap; positive: a gap that is open at both ends.
    west = shapely.box(120, 36, 120.01, 36.01)
    east = shapely.box(120.01 + shift_m * METRE_EAST, 36, 120.02, 36.01)
    done = clean(["a", "b"], [west, east], max_width_m=5)
    assert_coverage(["a", "b"], done.polygons)
    (movement,) = done.moved
    assert movement.moved_m == pytest.approx(abs(shift_m), rel=0.1, abs=0.02)
    union = shapely.union_all([west, east])
    assert geodesic_area_m2(done.polygons).sum() == pytest.approx(
        geodesic_area_m2([union])[0] + max(shift_m, 0) * 1110, rel=1e-4
    )
    assert movement.area_change_m2 == pytest.approx(shift_m * 1110, rel=0.05, abs=6)
    assert shapely.intersects_xy(shapely.box(120.0099, 36, 120.0101, 36.01), *movement.place)


@pytest.mark.parametrize("width_m", [0.05, 2, 10])
def test_an_open_strip_beside_vertices_a_step_apart_is_closed(width_m: float) -> None:
    # What covers the strip gets a vertex at its mouth to which its rim runs and back.
    east = [(13751, 855286), (81313, 816091), (81317, 816092), (138666, 834190), (75380, 912710)]
    west = [(81314, 816086), (81311, 816087), (81309, 816089), (81308, 816089), (13751, 855285)]
    west += [(13751, 855286), (-1104, 858548), (21219, 797123)]
    polygons = [shapely.Polygon([(x / 1e7, 51.3 + y / 1e7) for x, y in ring]) for ring in (east, west)]
    (strip,) = (d for d in check(["a", "b"], polygons) if d.severity == "error")
    assert strip.kind == "gap"
    assert strip.width_m == pytest.approx(0.04, abs=0.005)
    done = clean(["a", "b"], polygons, max_width_m=width_m)
    assert_coverage(["a", "b"], done.polygons)
    (movement,) = done.moved
    assert (movement.code, round(movement.reach_m, 2)) == ("a", 0.04)
    # 199,300 square steps of 0.00696 m by 0.01113 m.
    assert movement.area_change_m2 == pytest.approx(15.4, abs=0.5)


@pytest.mark.parametrize("width_m", [0.1, 2, 30])
def test_an_open_strip_that_goes_on_as_a_hairline_is_closed(width_m: float) -> None:
    # With the hairline it would be a creek; `check` looks when rounding has closed that.
    west = [(1568, 3542), (37, 84), (3627, -2049), (7163, -2874), (8606, 385)]
    east = [(-1568, -3542), (35, 79), (3627, -2050), (7162, -2875), (5469, -6700)]
    polygons = [shapely.Polygon([(6.6 + x / 1e7, 0.1 + y / 1e7) for x, y in ring]) for ring in (west, east)]
    assert [d.kind for d in check(["a", "b"], polygons) if d.severity == "error"] == ["gap"]
    done = clean(["a", "b"], polygons, max_width_m=width_m)
    assert done.clean
    assert [(m.code, round(m.reach_m, 2)) for m in done.moved] == [("a", 0.06)]


def test_a_vertex_in_a_mouth_changes_nobody() -> None:
    # The ground of an open strip may be cut at its mouth, which no polygon has as an edge.
    polygons = np.array([shapely.box(0, 0, 10, 10), shapely.box(30, 0, 40, 10)], dtype=object)
    out = split_edges(polygons, np.array([[[10, 0], [30, 0]]]), np.array([[20, 0]]))
    assert all(new is old for new, old in zip(out, polygons, strict=True))


def test_an_enclosed_gap_goes_to_the_longest_border() -> None:
    town = checkerboard(3, 3)
    polygons = town.polygons.copy()
    # The middle square shrinks by 3 m on its western side only.
    polygons[4] = shapely.box(120.01 + 3 * METRE_EAST, 36.01, 120.02, 36.02)
    done = clean(town.codes, polygons, max_width_m=4)
    assert_coverage(town.codes, done.polygons)
    assert len(done.moved) == 1
    assert done.moved[0].area_change_m2 == pytest.approx(3 * 1110, rel=0.02)


def test_a_wide_gap_stays_and_is_still_reported() -> None:
    town = checkerboard(3, 3)
    polygons = town.polygons.copy()
    polygons[4] = shapely.box(120.01 + 30 * METRE_EAST, 36.01, 120.02, 36.02)
    done = clean(town.codes, polygons, max_width_m=4)
    assert [d.kind for d in check(town.codes, done.polygons) if d.severity == "error"] == ["gap"]
    assert done.moved == []


def test_a_wide_overlap_is_left_and_listed_with_its_place() -> None:
    town = checkerboard(2, 1)
    polygons = town.polygons.copy()
    polygons[1] = shapely.box(120.01 - 30 * METRE_EAST, 36.0, 120.02, 36.01)
    narrow = clean(town.codes, polygons, max_width_m=4)
    assert not narrow.clean
    assert [(d.kind, d.codes) for d in narrow.left] == [("overlap", town.codes)]
    assert narrow.moved == []
    done = clean(town.codes, polygons, max_width_m=31)
    assert_coverage(town.codes, done.polygons)


def test_no_grid_vanishes() -> None:
    town = checkerboard(2, 1)
    thin = shapely.box(120.005, 36.001, 120.005 + 2 * METRE_EAST, 36.009)
    done = clean([*town.codes, "x"], [*town.polygons, thin], max_width_m=5)
    # What lies on it would keep nothing; the other keeps ground all around.
    assert_coverage([*town.codes, "x"], done.polygons)
    assert [m.code for m in done.moved] == [town.codes[0]]
    assert shapely.equals(done.polygons[2], thin)


def test_of_two_drawn_alike_neither_vanishes() -> None:
    one = shapely.box(120.0, 36.0, 120.0 + 2 * METRE_EAST, 36.01)
    done = clean(["a", "b"], [one, one], max_width_m=5)
    assert [(d.kind, d.codes) for d in done.left] == [("overlap", ("a", "b"))]
    assert done.polygons[0] is one
    assert done.polygons[1] is one


@pytest.mark.parametrize("width", [0, -1, float("nan"), float("inf")])
def test_the_width_must_be_a_positive_number(width: float) -> None:
    with pytest.raises(GeometryError) as refused:
        clean(["a"], [shapely.box(120, 36, 121, 37)], max_width_m=width)
    assert refused.value.code == "bad-width"


def test_the_order_of_rows_makes_no_difference() -> None:
    rng = np.random.default_rng(11)
    town = _crooked(rng, 4, 3)
    order = rng.permutation(len(town[0]))
    one = clean(town[0], town[1], max_width_m=5)
    other = clean([town[0][at] for at in order], town[1][order], max_width_m=5)
    assert one.moved == other.moved
    assert all(shapely.equals_exact(a, b) for a, b in zip(one.polygons[order], other.polygons, strict=True))


def _crooked(rng: np.random.Generator, columns: int, rows: int) -> tuple[list[str], np.ndarray]:
    """A town whose squares were drawn one by one: each corner up to 2 m off, differently for each neighbour."""
    town = checkerboard(columns, rows)
    shapes = []
    for shape in town.polygons:
        xy = shapely.get_coordinates(shape)[:-1]
        shapes.append(shapely.Polygon(xy + rng.uniform(-2e-5, 2e-5, xy.shape)))
    return list(town.codes), np.asarray(shapes, dtype=object)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(2, 4), st.integers(1, 4))
def test_whatever_is_off_by_metres_comes_out_a_coverage(seed: int, columns: int, rows: int) -> None:
    codes, polygons = _crooked(np.random.default_rng(seed), columns, rows)
    done = clean(codes, polygons, max_width_m=12)
    assert is_clean(done.polygons)
    assert_on_lattice(done.polygons)
    assert not has_errors(check(codes, done.polygons))
    # Nothing moved farther than the corners were off, gap and overlap together.
    assert max((m.moved_m for m in done.moved), default=0) < 12
    told = {m.code: m.area_change_m2 for m in done.moved}
    change = geodesic_area_m2(done.polygons) - geodesic_area_m2(polygons)
    for code, amount in zip(codes, change.tolist(), strict=True):
        assert told.get(code, 0.0) == pytest.approx(amount, abs=20)


def test_cleaning_twice_moves_nothing_more() -> None:
    codes, polygons = _crooked(np.random.default_rng(5), 4, 4)
    once = clean(codes, polygons, max_width_m=12)
    assert once.moved
    assert clean(codes, once.polygons, max_width_m=12).moved == []


def test_result_is_on_the_lattice() -> None:
    codes, polygons = _crooked(np.random.default_rng(6), 2, 2)
    out = clean(codes, polygons, max_width_m=12).polygons
    xy = shapely.get_coordinates(out)
    assert (xy == from_lattice(np.rint(xy * 1e7))).all()


def test_codes_and_polygons_must_be_as_many() -> None:
    with pytest.raises(GeometryError) as refused:
        clean(["a", "b"], [shapely.box(120, 36, 121, 37)], max_width_m=1)
    assert refused.value.code == "length-mismatch"
