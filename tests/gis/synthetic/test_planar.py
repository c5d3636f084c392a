from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import shapely

from gis.synthetic.planar import OUTSIDE, arcs_of, merge_small, outline_length, segments_of


def row(*widths: float) -> np.ndarray:
    """Boxes side by side, one high, noded."""
    ends = np.concatenate([[0.0], np.cumsum(widths)])
    return np.array([shapely.box(a, 0, b, 10) for a, b in pairwise(ends)], dtype=object)


def test_each_stretch_is_kept_once_with_both_sides() -> None:
    segments = segments_of(row(10, 20), (1.0, 2.0))
    inner = segments.right != OUTSIDE
    assert inner.sum() == 1
    assert {int(segments.left[inner][0]), int(segments.right[inner][0])} == {0, 1}
    assert segments.length_m[inner].tolist() == [20.0]
    assert outline_length(segments, 2).tolist() == [60.0, 80.0]


def test_overlapping_faces_are_refused() -> None:
    same = np.array([shapely.box(0, 0, 1, 1)] * 3, dtype=object)
    with pytest.raises(ValueError, match="three faces"):
        segments_of(same, (1.0, 1.0))


def test_slivers_join_the_neighbour_they_touch_most_and_fixed_ones_stay() -> None:
    faces = row(10, 1, 12, 1)
    segments = segments_of(faces, (1.0, 1.0))
    area, perimeter = shapely.area(faces), outline_length(segments, 4)
    free = np.zeros(4, dtype=bool)
    group = np.array([0, 1, 1, 1])
    label = merge_small(segments, area, perimeter, np.full(4, 20.0), group, free)
    assert label[1] == label[2] == label[3] != label[0]
    fixed = np.array([False, True, False, False])
    kept = merge_small(segments, area, perimeter, np.full(4, 20.0), group, fixed)
    assert len({kept[0], kept[1], kept[2]}) == 3
    assert kept[3] == kept[2]


def test_arcs_run_from_junction_to_junction_and_know_their_sides() -> None:
    faces = row(10, 20, 30)
    segments = segments_of(faces, (1.0, 1.0))
    arcs = arcs_of(segments, np.array([0, 1, 1]), (1.0, 1.0))
    inner = arcs.right != OUTSIDE
    # The line between the second and third box is gone: they are one cell.
    assert inner.sum() == 1
    assert {int(arcs.left[inner][0]), int(arcs.right[inner][0])} == {0, 1}
    assert arcs.length_m[inner].tolist() == [10.0]
    assert arcs.length_m.sum() == 10 + 2 * 60 + 2 * 10
