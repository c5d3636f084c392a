"""Case C9: one overlap wider than W, and nothing was mended; what is narrow is mended beside it, and all else listed."""

from __future__ import annotations

import pytest

from gis.coverage import check, clean
from tests.cases.boards import board, widths


@pytest.mark.parametrize(
    ("width", "overlaps", "gaps"),
    [(0.5, [1, 30], [3, 8]), (2, [30], [3, 8]), (4, [30], [8]), (10, [30], []), (31, [], [])],
)
def test_narrow_ones_are_mended_and_wide_ones_listed(
    width: float, overlaps: list[int], gaps: list[int]
) -> None:
    codes, shapes = board()
    done = clean(codes, shapes, max_width_m=width)
    assert done.left == check(codes, done.polygons)
    assert (widths(done.left, "overlap"), widths(done.left, "gap")) == (overlaps, gaps)
    assert all(m.reach_m <= width + 0.006 for m in done.moved)
