"""The coarse place: the same cells in SQL as by a second hand, of about 100 m, always the same for the same place."""

from __future__ import annotations

import math

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pyproj import Geod
from sqlalchemy import text
from sqlalchemy.orm import Session

GEOD = Geod(ellps="WGS84")
STEPS = st.tuples(st.integers(-1_799_000_000, 1_799_000_000), st.integers(-889_000_000, 889_000_000))


def cell(x: int, y: int) -> tuple[int, int, int, int]:
    """West, south, width and height of the cell of a place, in whole steps of 1e-7 degree."""
    row = y // 9050
    degree = math.floor(row * 9050 / 1e7)
    width = math.ceil(9000 / math.cos(math.radians(min(max(abs(degree), abs(degree + 1)), 89))))
    return x // width * width, row * 9050, width, 9050


def coarse(session: Session, x: int, y: int) -> tuple[float, float]:
    row = session.execute(
        text("SELECT ST_X(p), ST_Y(p), ST_SRID(p) FROM coarse_place(ST_Point(:x, :y, 4326)) p"),
        {"x": x / 1e7, "y": y / 1e7},
    ).one()
    assert row[2] == 4326
    return row[0], row[1]


@settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS)
@example((1_200_500_000, 358_800_000))
@example((1_200_500_000, 360_000_000))
@example((0, 0))
@example((-1, -1))
def test_the_cell_of_a_place(session: Session, place: tuple[int, int]) -> None:
    x, y = place
    west, south, width, height = cell(x, y)
    lon, lat = coarse(session, x, y)
    assert (lon, lat) == ((west + width // 2) / 1e7, (south + height // 2) / 1e7)
    # Asking for the coarse place of a coarse place tells nothing more, and so for every corner of the cell.
    for other in (
        (lon, lat),
        (west / 1e7, south / 1e7),
        ((west + width - 1) / 1e7, (south + height - 1) / 1e7),
    ):
        assert coarse(session, round(other[0] * 1e7), round(other[1] * 1e7)) == (lon, lat)
    wide = GEOD.inv(west / 1e7, lat, (west + width) / 1e7, lat)[2]
    high = GEOD.inv(lon, south / 1e7, lon, (south + height) / 1e7)[2]
    assert 99.9 < high < 101.5
    # Up to 60 degrees, where people live, a cell is no wider than it has to be for its degree.
    assert wide > 100
    assert abs(lat) > 60 or wide < 105


def test_no_place_has_no_cell(session: Session) -> None:
    assert session.scalar(text("SELECT coarse_place(NULL) IS NULL"))


@pytest.mark.parametrize("offset", [-0.0002, 0.0, 0.0002])
def test_neighbours_meet_without_a_gap(session: Session, offset: float) -> None:
    """Walking north across whole degrees, where the width changes, every place has one cell."""
    for degree in (35, 36, -36):
        place = round((degree + offset) * 1e7)
        west, south, width, height = cell(1_200_000_123, place)
        assert south <= place < south + height
        assert west <= 1_200_000_123 < west + width
        assert coarse(session, 1_200_000_123, place) == ((west + width // 2) / 1e7, (south + 4525) / 1e7)
