from __future__ import annotations

import numpy as np
import shapely
from hypothesis import given
from hypothesis import strategies as st

from gis.synthetic.track import Track

LINES = np.array(
    [
        shapely.LineString([(0, 0), (3, 4), (3, 10)]),
        shapely.LineString([(1000, 0), (1000, 1)]),
        shapely.LineString([(-50, 7), (-40, 7), (-40, 7), (-40, 30)]),
    ],
    dtype=object,
)


@given(st.integers(0, 2), st.floats(0, 1))
def test_a_place_lies_on_its_own_line(line: int, part: float) -> None:
    track = Track(LINES)
    x, y = track.place(np.array([line]), np.array([part * track.length_m[line]]))
    assert shapely.distance(LINES[line], shapely.Point(x[0], y[0])) < 1e-6


def test_the_very_end_of_a_line_is_not_the_start_of_the_next() -> None:
    track = Track(LINES)
    x, y = track.place(np.arange(3), track.length_m)
    assert np.allclose(np.column_stack([x, y]), [(3, 10), (1000, 1), (-40, 30)])


def test_aside_is_to_the_left_and_heading_along() -> None:
    track = Track(LINES)
    x, y = track.place(np.array([1]), np.array([0.5]), 2.0)
    assert (x[0], y[0]) == (998.0, 0.5)
    assert np.isclose(track.heading(np.array([1]), np.array([0.5]))[0], np.pi / 2)
