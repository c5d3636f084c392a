"""The rule of one owner, against an oracle in whole numbers."""

import numpy as np
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gis.coverage import dissolve, is_clean
from gis.geometry import from_lattice, lattice_geometries
from gis.locate import GridIndex
from tests.gis.strategies import Net, nets, telling_places


def answers(index: GridIndex, places: list[tuple[int, int]]) -> list[int]:
    x, y = np.array(places, dtype=np.float64).T
    return index.locate(from_lattice(x), from_lattice(y)).tolist()


@settings(max_examples=300, deadline=None)
@given(nets())
def test_every_lattice_place_has_the_owner_that_whole_numbers_say(net: Net) -> None:
    index = GridIndex.build(net.codes, net.polygons(), gaps="allow")
    places = telling_places(net)
    assert answers(index, places) == [net.owner(x, y) for x, y in places]


@settings(max_examples=100, deadline=None)
@given(nets(most=3, nobody=False), st.data())
def test_inside_the_district_nothing_is_ever_without_owner(net: Net, data: st.DataObject) -> None:
    index = GridIndex.build(net.codes, net.polygons(), gaps="allow")
    cell = data.draw(st.sampled_from(net.cells))
    # A place between the corners of a cell, rounded to the lattice like every stored place.
    weights = data.draw(st.lists(st.integers(0, 1000), min_size=4, max_size=4).filter(any))
    x = sum(w * corner[0] for w, corner in zip(weights, cell, strict=True)) // sum(weights)
    y = sum(w * corner[1] for w, corner in zip(weights, cell, strict=True)) // sum(weights)
    assert answers(index, [(x, y)]) == [net.owner(x, y)]


@settings(max_examples=100, deadline=None)
@given(nets())
def test_each_place_is_inside_one_grid_or_on_the_borders_of_several(net: Net) -> None:
    polygons = net.polygons()
    places = telling_places(net)
    owners = np.array([net.owner(x, y) for x, y in places])
    x, y = np.array(places, dtype=np.float64).T
    steps = lattice_geometries(polygons)
    interiors = np.stack([shapely.contains_xy(shape, x, y) for shape in steps])
    touching = np.stack([shapely.intersects_xy(shape, x, y) for shape in steps])
    assert interiors.sum(axis=0).max(initial=0) <= 1
    assert (touching.any(axis=0) == (owners >= 0)).all()
    lowest = np.where(touching.any(axis=0), touching.argmax(axis=0), -1)
    assert (lowest == owners).all()


@settings(max_examples=100, deadline=None)
@given(nets())
def test_boundary_flag_is_where_the_owner_ends(net: Net) -> None:
    index = GridIndex.build(net.codes, net.polygons(), gaps="allow")
    places = telling_places(net)
    x, y = np.array(places, dtype=np.float64).T
    owners, on_boundary = index.locate_detail(from_lattice(x), from_lattice(y))
    for at, owner in enumerate(owners.tolist()):
        expected = owner >= 0 and bool(
            shapely.intersects_xy(shapely.boundary(index.steps[owner]), x[at], y[at])
        )
        assert on_boundary[at] == expected


@settings(max_examples=60, deadline=None)
@given(nets(), st.randoms(use_true_random=False))
def test_order_of_rows_makes_no_difference(net: Net, random: object) -> None:
    codes, polygons = net.codes, net.polygons()
    order = list(range(len(codes)))
    random.shuffle(order)  # type: ignore[attr-defined]
    one = GridIndex.build(codes, polygons, gaps="allow")
    other = GridIndex.build([codes[at] for at in order], polygons[order], gaps="allow")
    assert one.codes == other.codes
    assert one.content_hash == other.content_hash


@settings(max_examples=60, deadline=None)
@given(nets())
def test_cells_and_dissolved_grids_give_the_same_answers(net: Net) -> None:
    # Two roads to one answer: the cells themselves as an index, mapped to their labels, and the joined grids.
    cells = np.asarray([shapely.Polygon(cell) for cell in net.cells], dtype=object)
    cells = np.asarray(shapely.transform(cells, from_lattice), dtype=object)
    owned = [at for at, label in enumerate(net.labels) if label != -1]
    by_cell = GridIndex.build([f"g{net.labels[at]:02d}-{at:03d}" for at in owned], cells[owned], gaps="allow")
    keys, joined = dissolve(cells[owned], [f"g{net.labels[at]:02d}" for at in owned])
    assert is_clean(joined)
    by_grid = GridIndex.build(keys, joined, gaps="allow")
    places = telling_places(net)
    one = [None if at < 0 else by_cell.codes[at].split("-")[0] for at in answers(by_cell, places)]
    other = [None if at < 0 else by_grid.codes[at] for at in answers(by_grid, places)]
    assert one == other
