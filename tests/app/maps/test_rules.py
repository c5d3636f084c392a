"""Tile addresses: what exists, where it lies."""

import math
from itertools import pairwise

import pytest

from app.maps.rules import MAX_ZOOM, Tile, labels_at, shapes_at


@pytest.mark.parametrize(
    ("tile", "exists"),
    [
        (Tile(0, 0, 0), True),
        (Tile(MAX_ZOOM, 2**MAX_ZOOM - 1, 0), True),
        (Tile(MAX_ZOOM + 1, 0, 0), False),
        (Tile(-1, 0, 0), False),
        (Tile(3, 8, 0), False),
        (Tile(3, 0, -1), False),
    ],
)
def test_which_tiles_exist(tile: Tile, exists: bool) -> None:
    assert tile.exists is exists


def test_tiles_of_one_zoom_cover_the_world_without_gap() -> None:
    tiles = [Tile(3, 0, row).bounds() for row in range(8)]
    for above, below in pairwise(tiles):
        assert above[1] == pytest.approx(below[3], abs=1e-12)
    assert tiles[0][3] == pytest.approx(math.degrees(math.atan(math.sinh(math.pi))))
    assert tiles[-1][1] == pytest.approx(-tiles[0][3])
    assert Tile(3, 7, 0).bounds()[2] == 180.0


def test_the_margin_widens_and_stops_at_the_edge_of_the_world() -> None:
    plain, wide = Tile(10, 853, 402).bounds(), Tile(10, 853, 402).bounds(margin=0.5)
    width = plain[2] - plain[0]
    assert wide[0] == pytest.approx(plain[0] - width / 2)
    assert wide[1] < plain[1]
    assert wide[3] > plain[3]
    assert Tile(0, 0, 0).bounds(margin=0.5)[3] == Tile(0, 0, 0).bounds()[3]


def test_more_is_in_a_tile_the_nearer_one_is() -> None:
    for zoom in range(MAX_ZOOM):
        assert set(shapes_at(zoom)) <= set(shapes_at(zoom + 1))
        assert set(labels_at(zoom)) <= set(labels_at(zoom + 1))
        # A name without its outline would hang in the air.
        assert set(labels_at(zoom)) <= set(shapes_at(zoom))
    assert shapes_at(9) == ("grid", "community", "street", "district")
