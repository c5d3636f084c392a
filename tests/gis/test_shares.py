"""Shares of lines and areas: sums, rules on borders, ties, and the same answer by another road."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gis.errors import InvalidGeometry
from gis.geometry import SCALE, from_lattice
from gis.locate import GridIndex
from gis.measures import geodesic_area_m2, geodesic_length_m
from gis.shares import Shares, shares
from gis.testing import checkerboard, harbour_town
from tests.gis.strategies import COARSE, Net, nets


@pytest.fixture(scope="module")
def board() -> GridIndex:
    town = checkerboard(4, 4)
    return GridIndex.build(town.codes, town.polygons)


def rows(result: Shares) -> list[tuple[int, int, float]]:
    return [
        (int(g), int(c), round(float(s), 6))
        for g, c, s in zip(result.geom_index, result.grid, result.share, strict=True)
    ]


def test_a_line_is_shared_by_length(board: GridIndex) -> None:
    line = shapely.LineString([(120.0075, 36.005), (120.0175, 36.005)])
    result = shares(board, [line])
    assert rows(result) == [(0, 0, 0.25), (0, 1, 0.75)]
    assert result.measure.sum() == pytest.approx(geodesic_length_m([line])[0], rel=1e-9)
    assert result.owners.tolist() == [1]
    assert result.outside.tolist() == [0]


def test_an_area_is_shared_by_surface(board: GridIndex) -> None:
    area = shapely.box(120.0075, 36.0025, 120.0175, 36.0075)
    result = shares(board, [area])
    assert rows(result) == [(0, 0, 0.25), (0, 1, 0.75)]
    assert result.measure.sum() == pytest.approx(geodesic_area_m2([area])[0], rel=1e-6)


def test_a_pipeline_is_on_the_list_of_every_grid_it_crosses() -> None:
    town = checkerboard(9, 1)
    index = GridIndex.build(town.codes, town.polygons)
    result = shares(index, [shapely.LineString([(120.001, 36.002), (120.089, 36.008)])])
    assert result.grid.tolist() == list(range(9))
    assert result.share.sum() == pytest.approx(1)


def test_along_a_border_the_lowest_code_has_it_all(board: GridIndex) -> None:
    along = shapely.LineString([(120.01, 36.0), (120.01, 36.01)])
    backwards = shapely.reverse(along)
    outer = shapely.LineString([(120.0, 36.0), (120.01, 36.0)])
    result = shares(board, [along, backwards, outer])
    assert rows(result) == [(0, 0, 1.0), (1, 0, 1.0), (2, 0, 1.0)]
    assert result.outside.tolist() == [0, 0, 0]


def test_partly_along_a_border_and_partly_across(board: GridIndex) -> None:
    # Up the border between the first two squares, then into the second, all in legs of equal length in degrees.
    line = shapely.LineString([(120.01, 36.0), (120.01, 36.005), (120.015, 36.005)])
    result = shares(board, [line])
    up, across = geodesic_length_m([shapely.LineString(line.coords[:2]), shapely.LineString(line.coords[1:])])
    assert result.grid.tolist() == [0, 1]
    assert result.share == pytest.approx([up / (up + across), across / (up + across)])


def test_equal_shares_go_to_the_lowest_code(board: GridIndex) -> None:
    line = shapely.LineString([(120.005, 36.005), (120.015, 36.005)])
    area = shapely.box(120.005, 36.002, 120.015, 36.008)
    assert shares(board, [line, area]).owners.tolist() == [0, 0]


def test_the_part_outside_is_told_and_not_shared(board: GridIndex) -> None:
    line = shapely.LineString([(119.995, 36.005), (120.005, 36.005)])
    area = shapely.box(119.99, 36.0, 120.01, 36.01)
    result = shares(board, [line, area])
    assert rows(result) == [(0, 0, 1.0), (1, 0, 1.0)]
    assert result.outside == pytest.approx([0.5, 0.5], rel=1e-4)


def test_far_away_and_nothing_have_no_rows(board: GridIndex) -> None:
    result = shares(
        board, [shapely.LineString([(0, 0), (1, 1)]), None, shapely.Polygon(), shapely.Point(5, 5)]
    )
    assert rows(result) == []
    assert result.owners.tolist() == [-1] * 4
    assert result.outside.tolist() == [1] * 4
    assert shares(board, []).owners.shape == (0,)


def test_points_follow_the_rule_of_locate(board: GridIndex) -> None:
    x, y = np.array([[120.005, 120.01, 120.02, 119.0], [36.005, 36.01, 36.005, 36.0]])
    result = shares(board, shapely.points(x, y))
    assert result.owners.tolist() == board.locate(x, y).tolist() == [0, 0, 1, -1]
    assert result.measure.tolist() == [0, 0, 0]


def test_several_points_are_counted(board: GridIndex) -> None:
    points = shapely.MultiPoint([(120.005, 36.005), (120.006, 36.005), (120.015, 36.005), (119, 36)])
    result = shares(board, [points])
    assert rows(result) == [(0, 0, 0.666667), (0, 1, 0.333333)]
    assert result.outside.tolist() == [0.25]


def test_a_line_back_over_itself_counts_both_ways(board: GridIndex) -> None:
    line = shapely.LineString([(120.005, 36.005), (120.015, 36.005), (120.005, 36.005)])
    result = shares(board, [line])
    assert result.measure.sum() == pytest.approx(geodesic_length_m([line])[0])
    assert result.outside.tolist() == [0]


def test_smaller_than_a_step_counts_as_a_point(board: GridIndex) -> None:
    speck = shapely.box(120.005, 36.005, 120.00500001, 36.00500001)
    assert shares(board, [speck]).owners.tolist() == [0]


def test_a_mixed_collection_is_refused(board: GridIndex) -> None:
    mixed = shapely.GeometryCollection([shapely.Point(120, 36), shapely.box(120, 36, 121, 37)])
    with pytest.raises(InvalidGeometry) as refused:
        shares(board, [shapely.Point(120, 36), mixed])
    assert "第 2 个" in refused.value.text("zh")


def test_holes_and_islands() -> None:
    town = harbour_town()
    index = GridIndex.build(town.codes, town.polygons)
    market = town.polygons[1]
    result = shares(index, [shapely.buffer(market, 0.0005)])
    assert result.owners.tolist() == [1]
    assert set(result.grid.tolist()) == {0, 1}
    assert result.share[result.grid == 1][0] == pytest.approx(
        geodesic_area_m2([market])[0] / geodesic_area_m2([shapely.buffer(market, 0.0005)])[0], rel=1e-5
    )


def test_where_grids_overlap_the_lowest_code_takes_it() -> None:
    # Only an index that lets the lowest code win has overlaps at all.
    index = GridIndex.build(
        ["a", "b"], [shapely.box(0, 0, 2, 1), shapely.box(1, 0, 3, 1)], on_conflict="first"
    )
    line, area = shapely.LineString([(0, 0.5), (3, 0.5)]), shapely.box(0, 0, 3, 1)
    result = shares(index, [line, area])
    assert [(g, c) for g, c, _ in rows(result)] == [(0, 0), (0, 1), (1, 0), (1, 1)]
    assert result.share == pytest.approx([2 / 3, 1 / 3] * 2, rel=1e-3)


def within(net: Net) -> st.SearchStrategy[tuple[float, float]]:
    xs, ys = [x for x, _ in net.vertices], [y for _, y in net.vertices]
    far_x, far_y = (max(xs) - min(xs)) // 4 + 1, (max(ys) - min(ys)) // 4 + 1
    some = st.sampled_from(net.vertices)
    free = st.tuples(
        st.integers(min(xs) - far_x, max(xs) + far_x), st.integers(min(ys) - far_y, max(ys) + far_y)
    )
    return st.one_of(some, free).map(lambda p: (float(from_lattice(p[0])), float(from_lattice(p[1]))))


@settings(max_examples=150, deadline=None)
@given(nets(most=4, gaps=COARSE), st.data())
def test_shares_of_lines_add_up_and_agree_with_a_fine_walk_along_them(net: Net, data: st.DataObject) -> None:
    index = GridIndex.build(net.codes, net.polygons(), gaps="allow")
    corners = data.draw(st.lists(within(net), min_size=2, max_size=2, unique=True))
    line = shapely.LineString(corners)
    result = shares(index, [line])
    assert result.share.sum() == pytest.approx(1 if len(result.share) else 0, abs=1e-9)
    # The other road: 2,000 places along the line, each asked for its owner.
    walk = shapely.line_interpolate_point(line, np.linspace(0, 1, 2001), normalized=True)
    xy = shapely.get_coordinates(walk)
    for grid, (least, most) in enumerate(_walked(index, xy)):
        mine = result.share[(result.grid == grid)].sum() * (1 - result.outside[0])
        # Metres in a degree change along the way, most near the pole.
        assert least - 0.05 <= mine <= most + 0.05


def _walked(index: GridIndex, xy: np.ndarray) -> list[tuple[float, float]]:
    """Least and most part of the places that each grid owns, lowest code first.

    Places between lattice points that lie within a thousandth of a step of a border may be either side's.
    """
    places = shapely.points(xy * SCALE)
    borders = shapely.boundary(index.steps)
    clear = ~np.array([shapely.dwithin(border, places, 1e-3) for border in borders]).any(axis=0)
    found = []
    taken = np.zeros(len(xy), dtype=bool)
    for shape in index.steps:
        near = shapely.dwithin(shape, places, 1e-3)
        found.append((float((near & clear).mean()), float((near & ~(taken & clear)).mean())))
        taken |= near
    return found


@settings(max_examples=100, deadline=None)
@given(nets(most=4, gaps=COARSE), st.data())
def test_shares_of_areas_add_up_and_agree_with_planar_pieces(net: Net, data: st.DataObject) -> None:
    polygons = net.polygons()
    index = GridIndex.build(net.codes, polygons, gaps="allow")
    corners = data.draw(st.lists(within(net), min_size=3, max_size=6))
    area = shapely.convex_hull(shapely.multipoints(corners))
    if area.geom_type != "Polygon" or shapely.area(area) / shapely.length(area) * SCALE < 300:
        # Thinner than a metre or so, where the bend of a geodesic counts.
        return
    result = shares(index, [area])
    assert result.share.sum() == pytest.approx(1 if len(result.share) else 0, abs=1e-9)
    whole = shapely.area(area)
    for grid, shape in enumerate(index.polygons):
        planar = shapely.area(shapely.intersection(area, shape)) / whole
        mine = result.share[result.grid == grid].sum() * (1 - result.outside[0])
        assert mine == pytest.approx(planar, abs=0.03)


def test_a_hundred_thousand_components() -> None:
    town = checkerboard(30, 30)
    index = GridIndex.build(town.codes, town.polygons)
    rng = np.random.default_rng(2)
    start = rng.uniform((120, 36), (120.3, 36.3), (100_000, 2))
    path = start[:, None, :] + np.cumsum(rng.normal(0, 2e-4, (100_000, 4, 2)), axis=1)
    result = shares(index, shapely.linestrings(path))
    sums = np.bincount(result.geom_index, weights=result.share, minlength=100_000)
    assert np.abs(sums[result.owners >= 0] - 1).max() < 1e-9
