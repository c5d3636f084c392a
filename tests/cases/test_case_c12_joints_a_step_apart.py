"""Case C12: joints on either side of a border, one lattice step apart, were merged: places changed owners."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from gis.coverage import check, snap_coverage
from gis.geometry import SCALE, from_lattice, lattice_geometries
from gis.locate import GridIndex

BASE = np.array([1_200_000_000, 360_000_000])


def town(apart: int, border: tuple[int, int] = (0, 200_000)) -> list[shapely.Polygon]:
    """Two grids on each side of a border; the joint on the right lies some steps further up."""
    dx, dy = border
    length = np.hypot(dx, dy)
    at = np.array(border) // 2
    other = at + np.rint(np.array(border) / length * apart).astype(int)
    right = np.rint(np.array([dy, -dx]) / length * 100_000).astype(int)
    left = -right
    start, end = np.array([0, 0]), np.array(border)
    rings = [
        [start, at, at + left, start + left],
        [at, end, end + left, at + left],
        [start, start + right, other + right, other],
        [other, other + right, end + right, end],
    ]
    return [shapely.Polygon(from_lattice(np.array(ring) + BASE)) for ring in rings]


@pytest.mark.parametrize("apart", [1, -1, 2, 3])
def test_joints_are_kept_where_they_are(apart: int) -> None:
    polygons = town(apart)
    done = snap_coverage(polygons)
    assert (done.clean, done.merged) == (True, 0)
    assert shapely.equals(lattice_geometries(done.polygons), lattice_geometries(polygons)).all()
    assert {d.kind for d in check(list("abcd"), polygons)} <= {"mismatched-edge"}


def test_every_place_keeps_its_owner() -> None:
    polygons = town(1)
    y = np.arange(99_990, 100_010)
    for x in (-1000, -1, 1, 1000):
        places = from_lattice(np.column_stack([np.full(len(y), x), y]) + BASE)
        owners = GridIndex.build(list("abcd"), polygons).locate(places[:, 0], places[:, 1])
        steps = shapely.points(np.rint(places * SCALE))
        wanted = [
            min(
                at
                for at, shape in enumerate(lattice_geometries(polygons))
                if shapely.intersects(shape, point)
            )
            for point in steps
        ]
        assert owners.tolist() == wanted


@pytest.mark.parametrize("border", [(60_000, 200_000), (137_337, 211_111), (200_000, 3)])
def test_on_a_slanting_border_nothing_is_lost(border: tuple[int, int]) -> None:
    """Variations: the border is no line of the lattice, so joints beside it are put onto it and said."""
    polygons = town(1, border)
    done = snap_coverage(polygons)
    assert done.clean
    moved = shapely.area(
        shapely.symmetric_difference(lattice_geometries(done.polygons), lattice_geometries(polygons))
    )
    # No border moves by more than a step.
    assert moved.max() <= 1.5 * np.hypot(*border)
    told = {code for d in check(list("abcd"), polygons) for code in d.codes}
    changed = {code for code, area in zip("abcd", moved, strict=True) if area > 0}
    assert changed <= told
