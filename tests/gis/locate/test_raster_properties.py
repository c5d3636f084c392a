"""Cells of any size give one answer: their sides run through vertices, along borders, between lattice places."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gis.geometry import from_lattice
from gis.locate import GridIndex
from gis.locate.borders import ring_edges, shared_borders
from gis.locate.kernel import locate_block
from gis.locate.overlaid import rasterize_overlaid
from gis.locate.points import broadcast_degrees
from gis.locate.raster import Raster, rasterize
from tests.gis.strategies import Net, nets, telling_places

SHIFTS = st.one_of(st.none(), st.integers(0, 30))
SMALL = (1, 2, 3, 7, 10, 50)


def ask(raster: Raster, places: list[tuple[int, int]]) -> tuple[list[int], list[bool]]:
    steps = np.array(places, dtype=np.float64).reshape(-1, 2)
    x, y, _ = broadcast_degrees(from_lattice(steps[:, 0]), from_lattice(steps[:, 1]))
    owners, borders = np.empty(len(x), dtype=np.int32), np.zeros(len(x), dtype=bool)
    arrays = (raster.frame, raster.cells, raster.heads, raster.entries, raster.records)
    locate_block(x, y, *arrays, owners, borders)
    return owners.tolist(), borders.tolist()


def smallest_shift(net: Net) -> int:
    """Cells may not be so small that a net of kilometres has billions of them."""
    xs, ys = [x for x, _ in net.vertices], [y for _, y in net.vertices]
    span = max(max(xs) - min(xs), max(ys) - min(ys))
    return max(0, span.bit_length() - 9)


@settings(max_examples=200, deadline=None)
@given(nets(), SHIFTS)
def test_the_size_of_cells_changes_no_answer(net: Net, shift: int | None) -> None:
    if shift is not None:
        shift = max(shift, smallest_shift(net))
    index = GridIndex.build(net.codes, net.polygons(), gaps="allow", shift=shift)
    places = telling_places(net)
    x, y = (from_lattice(column) for column in np.array(places).T)
    assert index.locate(x, y).tolist() == [net.owner(px, py) for px, py in places]


@settings(max_examples=100, deadline=None)
@given(nets(most=4, gaps=SMALL), st.integers(0, 6))
def test_every_lattice_place_of_a_small_district_and_around_it(net: Net, shift: int) -> None:
    index = GridIndex.build(net.codes, net.polygons(), gaps="allow", shift=shift)
    xs, ys = [x for x, _ in net.vertices], [y for _, y in net.vertices]
    wide, high = np.arange(min(xs) - 2, max(xs) + 3), np.arange(min(ys) - 2, max(ys) + 3)
    # All of them where there are few; else each in a lattice of odd steps, which meets every line in turn.
    every = max(1, (len(wide) * len(high) // 2_000) | 1)
    places = [(int(x), int(y)) for x in wide for y in high][::every]
    x, y = (from_lattice(column) for column in np.array(places).T)
    assert index.locate(x, y).tolist() == [net.owner(px, py) for px, py in places]


@settings(max_examples=100, deadline=None)
@given(nets(), SHIFTS)
def test_both_ways_of_laying_cells_agree_on_a_coverage(net: Net, shift: int | None) -> None:
    if shift is not None:
        shift = max(shift, smallest_shift(net))
    index = GridIndex.build(net.codes, net.polygons(), gaps="allow")
    places = telling_places(net)
    one = ask(rasterize(shared_borders(index.polygons), shift=shift), places)
    other = ask(rasterize_overlaid(ring_edges(index.polygons), shift=shift), places)
    assert one[0] == other[0]
    owned = [at for at, owner in enumerate(one[0]) if owner >= 0]
    assert [one[1][at] for at in owned] == [other[1][at] for at in owned]


Ring = tuple[tuple[int, int], ...]


@st.composite
def heaps(draw: st.DrawFn) -> list[Ring]:
    """Triangles and quadrilaterals thrown on one heap, sides through one another's corners included."""
    reach = draw(st.sampled_from([4, 12, 300, 2_000_000]))
    place = st.tuples(st.integers(0, reach), st.integers(0, reach))
    rings = draw(st.lists(st.lists(place, min_size=3, max_size=5, unique=True), min_size=1, max_size=6))
    base = draw(st.sampled_from([(0, 0), (1_200_500_000, 358_800_000), (-1_799_000_000, -800_000_000)]))
    shapes = [shapely.Polygon(ring) for ring in rings]
    good = [
        tuple((x + base[0], y + base[1]) for x, y in ring)
        for ring, s in zip(rings, shapes, strict=True)
        if s.is_valid and s.area > 0
    ]
    return good or [tuple((x + base[0], y + base[1]) for x, y in ((0, 0), (reach, 0), (0, reach)))]


def covers(ring: Ring, x: int, y: int) -> bool:
    odd = False
    for (ax, ay), (bx, by) in zip(ring, (*ring[1:], ring[0]), strict=True):
        cross = (bx - ax) * (y - ay) - (by - ay) * (x - ax)
        if cross == 0 and min(ax, bx) <= x <= max(ax, bx) and min(ay, by) <= y <= max(ay, by):
            return True
        if (ay > y) != (by > y) and (cross > 0) == (by > ay):
            odd = not odd
    return odd


@settings(max_examples=150, deadline=None)
@given(heaps(), st.integers(0, 22), st.data())
def test_where_polygons_overlap_the_first_code_wins_exactly(
    rings: list[Ring], shift: int, data: st.DataObject
) -> None:
    corners = sorted({corner for ring in rings for corner in ring})
    span = max(max(c[0] for c in corners) - min(c[0] for c in corners), 1)
    shift = max(shift, span.bit_length() - 8)
    shapes = [shapely.Polygon(from_lattice(np.array(ring, dtype=np.float64))) for ring in rings]
    codes = [f"g{at}" for at in range(len(rings))]
    index = GridIndex.build(codes, shapes, on_conflict="first", shift=shift)
    near = {(x + dx, y + dy) for x, y in corners for dx in (-1, 0, 1) for dy in (-1, 0, 1)}
    for ring in rings:
        for (ax, ay), (bx, by) in zip(ring, (*ring[1:], ring[0]), strict=True):
            near.add(((ax + bx) // 2, (ay + by) // 2))
    anywhere = st.tuples(
        st.integers(corners[0][0] - 2, corners[-1][0] + 2),
        st.integers(min(y for _, y in corners) - 2, max(y for _, y in corners) + 2),
    )
    places = sorted(near | set(data.draw(st.lists(anywhere, max_size=60))))
    x, y = (from_lattice(column) for column in np.array(places).T)
    expected = [next((at for at, ring in enumerate(rings) if covers(ring, *place)), -1) for place in places]
    assert index.locate(x, y).tolist() == expected


@settings(max_examples=60, deadline=None)
@given(nets())
def test_one_at_a_time_as_all_at_once(net: Net) -> None:
    index = GridIndex.build(net.codes, net.polygons(), gaps="allow")
    places = telling_places(net)
    x, y = (from_lattice(column) for column in np.array(places).T)
    owners, borders = index.locate_detail(x, y)
    single = [index.owner_of(a, b) for a, b in zip(x.tolist(), y.tolist(), strict=True)]
    assert single == list(zip(owners.tolist(), borders.tolist(), strict=True))


@settings(max_examples=40, deadline=None)
@given(nets(), SHIFTS)
def test_the_same_coverage_gives_the_same_bytes(net: Net, shift: int | None) -> None:
    if shift is not None:
        shift = max(shift, smallest_shift(net))
    one = GridIndex.build(net.codes, net.polygons(), gaps="allow", shift=shift)
    codes, polygons = net.codes[::-1], net.polygons()[::-1]
    other = GridIndex.build(codes, polygons, gaps="allow", shift=shift)
    assert one.to_bytes() == other.to_bytes()


@pytest.mark.parametrize("shift", [None, 20, 24])
def test_edges_as_long_as_a_hemisphere_do_not_overflow(shift: int | None) -> None:
    # The products of the kernel come near 2**62 here.
    wedge = shapely.Polygon([(-100, -90), (110, 90), (-100, 90)])
    rest = shapely.Polygon([(-100, -90), (110, -90), (110, 90)])
    index = GridIndex.build(["a", "b"], [wedge, rest], shift=shift)
    rng = np.random.default_rng(1)
    x, y = rng.integers(-1_000_000_000, 1_100_000_000, 4_000), rng.integers(-900_000_000, 900_000_000, 4_000)
    x[:3], y[:3] = (50_000_000, 400_000_000, -300_000_000), (0, 300_000_000, -300_000_000)
    side = [
        2_100_000_000 * (b + 900_000_000) - 1_800_000_000 * (a + 1_000_000_000)
        for a, b in zip(x.tolist(), y.tolist(), strict=True)
    ]
    owners, borders = index.locate_detail(from_lattice(x), from_lattice(y))
    assert owners.tolist() == [0 if s >= 0 else 1 for s in side]
    assert (borders[:3].tolist(), owners[:3].tolist()) == ([True] * 3, [0] * 3)
