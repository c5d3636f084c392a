"""Polygons on one another: the answer stays short, and so does the way to it."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gis.coverage import check, detectors, repeated_codes
from gis.testing import checkerboard

BOX = shapely.box(120.05, 35.88, 120.06, 35.89)


@pytest.mark.parametrize("count", [1000, 3000])
def test_equal_polygons_are_compared_once(count: int) -> None:
    one = check(["a"] * count, [BOX] * count)
    assert [(defect.kind, defect.codes) for defect in one] == [("duplicate-code", ("a",))]
    codes = [f"{at:05}" for at in range(count)]
    many = check(codes, [BOX] * count)
    assert {defect.kind for defect in many} == {"overlap"}
    assert len(many) == min(count - 1, detectors.MOST_OVERLAPS)
    assert all(defect.codes[0] == codes[0] for defect in many)
    assert many[0].area_m2 == pytest.approx(1e6, rel=0.1)


def test_a_crowd_of_different_polygons_is_cut_short() -> None:
    x = np.linspace(0, 0.005, 3000)
    found = check([f"{at:05}" for at in range(3000)], shapely.box(120.05 + x, 35.88, 120.06 + x, 35.89))
    assert {defect.kind for defect in found} == {"overlap"}
    assert len(found) == detectors.MOST_OVERLAPS


def test_a_clean_coverage_is_no_crowd() -> None:
    squares = checkerboard(30, 30)
    assert detectors.crowd(squares.codes, squares.polygons) == []


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 5), st.integers(0, 5), st.integers(1, 4), st.integers(1, 4)), max_size=9
    )
)
def test_every_overlapping_pair_is_named(boxes: list[tuple[int, int, int, int]]) -> None:
    """Against all pairs one by one; equal shapes are named with the first that has them."""
    shapes = [
        shapely.box(*(np.array([x, y, x + w, y + h]) * 0.001 + [120, 36, 120, 36])) for x, y, w, h in boxes
    ]
    codes = [f"g{at}" for at in range(len(shapes))]
    first = {shape.wkb: at for at, shape in reversed(list(enumerate(shapes)))}
    distinct = sorted(first.values())
    wanted = {
        (codes[one], codes[other])
        for at, one in enumerate(distinct)
        for other in distinct[at + 1 :]
        if shapely.relate_pattern(shapes[one], shapes[other], "T********")
    }
    wanted |= {
        (codes[first[shape.wkb]], codes[at]) for at, shape in enumerate(shapes) if first[shape.wkb] != at
    }
    found = [defect.codes for defect in check(codes, shapes) if defect.kind == "overlap"]
    assert len(found) == len(set(found))
    assert set(found) == wanted


def test_repeated_codes_are_found_in_one_pass() -> None:
    codes = ["a", " ", None, "b", "a", "b", "c"]
    assert repeated_codes(codes) == {"a": [1, 5], "b": [4, 6]}
