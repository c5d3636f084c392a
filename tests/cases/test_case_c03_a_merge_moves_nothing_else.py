"""Case C3: merging two close vertices anywhere rounded every vertex, and a valid polygon far away touched itself."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from gis.coverage import check, snap_coverage

A = [(120, 36), (120.01000004, 36), (120.01000004, 36.01), (120, 36.01)]
SPIKED = [
    (120.02, 36), (120.03, 36), (120.03, 36.01), (120.02500002, 36.01), (120.02500001, 36.005), (120.025, 36.01),
    (120.02, 36.01),
]  # fmt: skip


def beside(gap: float) -> list[tuple[float, float]]:
    x = 120.01000004 + gap
    return [(x, 36), (120.02, 36), (120.02, 36.01), (x, 36.01)]


def town(gap: float, spiked: list[tuple[float, float]] = SPIKED) -> list[shapely.Polygon]:
    return [shapely.Polygon(ring) for ring in (A, beside(gap), spiked)]


def test_without_the_merge_it_is_clean() -> None:
    assert check(["A", "B", "C"], town(0.0)) == []


def test_with_the_merge_there_is_one_warning_where_it_is() -> None:
    (found,) = check(["A", "B", "C"], town(2e-8), rows=[1, 2, 3])
    assert (found.kind, found.severity, found.codes, found.rows) == (
        "mismatched-edge",
        "warning",
        ("A", "B"),
        (1, 2),
    )
    assert found.place == pytest.approx((120.01, 36.005), abs=0.0051)


@pytest.mark.parametrize("gap", [1e-8, 2e-8, 5e-8])
def test_a_merge_leaves_all_other_vertices_alone(gap: float) -> None:
    """First variation: other distances; what is far away is as rounding alone makes it."""
    alone, beside_merge = snap_coverage(town(0.0)), snap_coverage(town(gap))
    assert beside_merge.clean
    assert shapely.equals_exact(alone.polygons[2], beside_merge.polygons[2], 0.0)


def test_a_ring_that_rounding_closes_up_far_away() -> None:
    """Second variation: rounding makes the far polygon touch itself without having a spike."""
    waist = [
        (120.02, 36), (120.03, 36), (120.03, 36.01), (120.02500001, 36.01), (120.02500001, 36.005),
        (120.0250004, 36.003), (120.0249996, 36.003), (120.024999996, 36.005), (120.024999996, 36.01), (120.02, 36.01),
    ]  # fmt: skip
    polygons = town(2e-8, waist)
    assert shapely.is_valid(polygons).all()
    found = check(["A", "B", "C"], polygons)
    assert not [d for d in found if d.kind == "invalid"]
    done = snap_coverage(polygons)
    assert shapely.is_valid(done.polygons).all()
    assert shapely.area(done.polygons[2]) == pytest.approx(shapely.area(polygons[2]), abs=1e-9)


def test_dissolved_rows_keep_their_numbers() -> None:
    polygons = [*town(0.0)[:2], shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])]
    found = check(["A", "B", None], polygons, rows=[[2, 7], [3], [10]])
    assert {(d.kind, d.codes, d.rows) for d in found} == {
        ("invalid", ("#10",), (10,)),
        ("missing-code", ("#10",), (10,)),
    }
    overlapping = check(
        ["A", "B"], [polygons[0], shapely.box(120.005, 36, 120.02, 36.01)], rows=[[2, 7], [3]]
    )
    assert [(d.kind, d.codes, d.rows) for d in overlapping] == [("overlap", ("A", "B"), (2, 3, 7))]
    assert overlapping[0].as_dict()["rows"] == [2, 3, 7]
    assert "(rows 2, 3, 7)" in overlapping[0].text("en")
    assert np.isfinite(overlapping[0].place).all()
