"""Counts in hexagons: nothing lost, order of no consequence, sizes that fit the screen."""

import h3
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gis.heat import MAX_RESOLUTION, cluster, hexagon, resolution_for_zoom

places = st.lists(
    st.tuples(st.floats(119.3, 120.5), st.floats(35.5, 36.2), st.integers(1, 50)), min_size=0, max_size=60
)


@given(places, st.integers(4, 18))
def test_every_point_is_counted_once(points: list[tuple[float, float, int]], zoom: int) -> None:
    lon, lat, weight = (np.array(column) for column in zip(*points, strict=True)) if points else ([], [], [])
    found = cluster(lon, lat, zoom=zoom, weights=weight)
    assert int(found.counts.sum()) == int(np.sum(weight))
    assert np.all(np.diff(found.cells.astype(object)) > 0)


@given(places, st.integers(1, 20))
def test_there_are_never_more_than_asked_for(points: list[tuple[float, float, int]], most: int) -> None:
    lon, lat, weight = (np.array(column) for column in zip(*points, strict=True)) if points else ([], [], [])
    found = cluster(lon, lat, zoom=20, weights=weight, most=most)
    assert int(found.counts.sum()) == int(np.sum(weight))
    # The coarsest hexagons of all may still part these places.
    assert len(found.cells) <= max(most, 4)
    if points:
        assert np.average(found.lon, weights=found.counts) == pytest.approx(
            np.average(lon, weights=weight), abs=1e-6
        )


def test_more_places_than_one_piece() -> None:
    rng = np.random.default_rng(3)
    lon, lat = rng.uniform(119.9, 120.1, 20_000), rng.uniform(35.8, 36.0, 20_000)
    found = cluster(lon, lat, zoom=20, most=2000)
    assert int(found.counts.sum()) == 20_000
    assert 100 < len(found.cells) <= 2000


@given(places, st.randoms())
def test_the_order_of_points_does_not_matter(points: list[tuple[float, float, int]], random: object) -> None:
    shuffled = list(points)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    first, second = (
        cluster([p[0] for p in some], [p[1] for p in some], resolution=8, weights=[p[2] for p in some])
        for some in (points, shuffled)
    )
    for name in ("cells", "counts"):
        assert np.array_equal(getattr(first, name), getattr(second, name))
    assert np.allclose(first.lon, second.lon, atol=1.1e-7)


def test_the_centre_is_where_the_points_are() -> None:
    found = cluster([120.0, 120.0002], [35.9, 35.9002], resolution=7, weights=[1, 3])
    assert found.counts.tolist() == [4]
    assert found.lon[0] == pytest.approx(120.00015, abs=1e-7)
    assert found.lat[0] == pytest.approx(35.90015, abs=1e-7)


def test_places_without_meaning_are_left_out() -> None:
    found = cluster([120.0, np.nan, np.inf, 200.0, 120.0], [35.9, 35.9, 35.9, 35.9, 95.0], resolution=9)
    assert found.counts.tolist() == [1]


def test_no_points_give_no_cells() -> None:
    found = cluster([], [], zoom=12)
    assert len(found.cells) == 0
    assert found.lon.dtype == np.float64


def test_the_cell_agrees_with_h3_itself() -> None:
    found = cluster([120.05], [35.88], resolution=10)
    assert h3.int_to_str(int(found.cells[0])) == h3.latlng_to_cell(35.88, 120.05, 10)


def test_the_ring_is_longitude_first_and_holds_the_point() -> None:
    ring = np.array(hexagon(int(cluster([120.05], [35.88], resolution=8).cells[0])))
    assert ring[:, 0].min() < 120.05 < ring[:, 0].max()
    assert ring[:, 1].min() < 35.88 < ring[:, 1].max()


def test_hexagons_keep_their_size_on_screen() -> None:
    resolutions = [resolution_for_zoom(z / 4) for z in range(12, 72)]
    assert resolutions == sorted(resolutions)
    assert resolutions[-1] == MAX_RESOLUTION
    for zoom in (6.0, 9.5, 12.0, 14.3):
        metres = h3.average_hexagon_edge_length(resolution_for_zoom(zoom), unit="m") * 3**0.5
        pixels = metres / (78_271.517 * np.cos(np.radians(36)) / 2**zoom)
        # The step between two sizes is the square root of seven: never further off than half of it.
        assert 96 / 7**0.25 * 0.99 < pixels < 96 * 7**0.25 * 1.01


@pytest.mark.parametrize("wrong", [{}, {"zoom": 9, "resolution": 9}])
def test_one_of_zoom_and_resolution(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="exactly one"):
        cluster([1.0], [1.0], **wrong)


def test_arrays_of_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="2, 1 and 2"):
        cluster([1.0, 2.0], [1.0], resolution=5)
