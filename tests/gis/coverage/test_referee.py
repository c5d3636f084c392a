"""Overlaps and gaps above a square metre agree with an overlay of all linework: all found, none invented."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from gis.coverage import check
from gis.geometry import from_lattice, snap
from gis.io import read_layer
from tests.gis.coverage.referee import referee

_ABOVE_M2 = 1.0


def assert_agrees(polygons: NDArray[np.object_]) -> tuple[int, int]:
    """Compare what `check` finds with the referee, both ways; returns the numbers of gaps and overlaps."""
    codes = [f"{at:05d}" for at in range(len(polygons))]
    defects = check(codes, polygons)
    truth = referee(snap(polygons))
    rounding = 0.02
    overlaps = {(int(d.codes[0]), int(d.codes[1])): d.area_m2 or 0.0 for d in defects if d.kind == "overlap"}
    for pair in {*overlaps, *truth.overlaps}:
        ours, theirs = overlaps.get(pair, 0.0), truth.overlaps.get(pair, 0.0)
        if max(ours, theirs) > _ABOVE_M2:
            assert ours == pytest.approx(theirs, rel=rounding, abs=_ABOVE_M2), pair
    gaps = [d for d in defects if d.kind == "gap" and "open to the outside" not in d.detail.en]
    tree = shapely.STRtree([shape for _, shape in truth.gaps])
    found = set()
    for gap in gaps:
        near = tree.query(shapely.Point(gap.place), predicate="dwithin", distance=2e-7).tolist()
        largest = max(near, key=lambda at: truth.gaps[at][0], default=None)
        area = 0.0 if largest is None else truth.gaps[largest][0]
        assert (gap.area_m2 or 0.0) == pytest.approx(area, rel=rounding, abs=_ABOVE_M2), gap.detail.en
        found.add(largest)
    missing = [truth.gaps[at] for at in range(len(truth.gaps)) if at not in found]
    assert not [area for area, _ in missing if area > _ABOVE_M2]
    return sum(area > _ABOVE_M2 for area, _ in truth.gaps), sum(
        a > _ABOVE_M2 for a in truth.overlaps.values()
    )


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("file", "gaps", "overlaps"),
    [
        ("police_beats_simple.geojson", 262, 361),
        ("police_beats.geojson", 0, 0),
        ("CommunityAreaBoundaries/geo_export_c5a7a172-ad6d-482c-a7e9-4c1bf839da93.shp", 3, 0),
        ("PoliceDistrictBoundaries/PoliceDistrict.shp", 0, 0),
    ],
)
def test_real_boundaries(
    real_data: Path, tell: Callable[[str], None], file: str, gaps: int, overlaps: int
) -> None:
    shapes = read_layer(real_data / "chicago" / file).frame.geometry.to_numpy()
    assert assert_agrees(shapes) == (gaps, overlaps)
    tell(f"referee: {file}: {gaps} gaps and {overlaps} overlaps above 1 m2, all found, none invented")


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    tolerance=st.floats(1e-6, 3e-4),
    left_out=st.integers(0, 3),
)
def test_borders_simplified_one_by_one(seed: int, tolerance: float, left_out: int) -> None:
    """Wavy cells, each simplified alone, with some left out: overlaps, gaps, mismatched borders, holes side by side."""
    rng = np.random.default_rng(seed)
    columns, rows, fine = 5, 4, 8
    x, y = np.meshgrid(np.arange(columns * fine + 1), np.arange(rows * fine + 1), indexing="ij")
    x = x * 2000 + rng.integers(-700, 700, x.shape) + 1_200_000_000
    y = y * 2000 + rng.integers(-700, 700, y.shape) + 360_000_000
    cells = []
    for i in range(0, columns * fine, fine):
        for j in range(0, rows * fine, fine):
            ring = [(i + k, j) for k in range(fine)] + [(i + fine, j + k) for k in range(fine)]
            ring += [(i + fine - k, j + fine) for k in range(fine)] + [(i, j + fine - k) for k in range(fine)]
            cells.append(shapely.Polygon([(from_lattice(x[p]), from_lattice(y[p])) for p in ring]))
    keep = rng.permutation(len(cells))[left_out:]
    assert_agrees(np.asarray(shapely.simplify(np.array(cells, dtype=object)[keep], tolerance), dtype=object))
