"""Case C1: "still do not match" was followed by "a clean coverage" and exit 0."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely

from tests.cases.boards import M, board


def test_never_clean_where_check_is_not(wangge, tmp_path: Path) -> None:
    codes, shapes = board()
    file = tmp_path / "board.geojson"
    gpd.GeoDataFrame({"code": codes}, geometry=list(shapes), crs=4326).to_file(file)
    left = wangge("grids", "check", file, "--code", "code", "--clean", "4", "--json")
    assert left.code == 1
    assert left.document["clean"] is False
    assert widths_in(left.document) == [8, 30]
    assert left.document["mended"]["gaps"] == 1
    assert left.document["mended"]["overlaps"] == 1
    done = wangge("grids", "check", file, "--code", "code", "--clean", "31", "--json")
    assert (done.code, done.document["clean"]) == (0, True)


def widths_in(document: dict) -> list[int]:
    return sorted(round(d["width_m"]) for d in document["defects"] if d["severity"] == "error")


@pytest.mark.parametrize("width", ["0.5", "2", "10"])
def test_one_defect_that_is_too_wide_is_enough(wangge, tmp_path: Path, width: str) -> None:
    """Variation: an overlap of 30 m alone, which no width here mends."""
    shapes = [shapely.box(120.0, 36.0, 120.01, 36.01), shapely.box(120.01 - 30 * M, 36.0, 120.02, 36.01)]
    file = tmp_path / "two.geojson"
    gpd.GeoDataFrame({"code": ["a", "b"]}, geometry=shapes, crs=4326).to_file(file)
    left = wangge("grids", "check", file, "--code", "code", "--clean", width, "--json")
    assert (left.code, left.document["clean"]) == (1, False)
    assert widths_in(left.document) == [30]


def test_long_slits_wider_than_the_width_are_left_and_said(wangge, tmp_path: Path) -> None:
    """Variation: ten slits of 5 km, each 3 m wide, with a width of 1 m; then all are closed with 4 m."""
    edges = 120.0 + 0.01 * np.arange(11)
    shapes = [shapely.box(a + 1.5 * M, 36.0, b - 1.5 * M, 36.045) for a, b in pairwise(edges)]
    frame = shapely.box(119.99, 35.99, 120.11, 36.055).difference(shapely.box(120.0, 36.0, 120.1, 36.045))
    codes = [*(f"s{n}" for n in range(10)), "frame"]
    file = tmp_path / "slits.geojson"
    gpd.GeoDataFrame({"code": codes}, geometry=[*shapes, frame], crs=4326).to_file(file)
    left = wangge("grids", "check", file, "--code", "code", "--clean", "1", "--json")
    assert (left.code, left.document["clean"]) == (1, False)
    assert left.document["defects"]
    plain = wangge("grids", "check", file, "--code", "code", "--clean", "1")
    assert plain.code == 1
    assert "✓" not in plain.out
    done = wangge("grids", "check", file, "--code", "code", "--clean", "4", "--json")
    assert (done.code, done.document["clean"]) == (0, True)
