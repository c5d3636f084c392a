"""Case C7: one invalid row makes its neighbours guilty, and takes the codes of all from the report."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pytest
import shapely

from gis.coverage import check
from gis.testing import checkerboard

BOARD = checkerboard(4, 4)
INNER = 5


def bow_tie(box: shapely.Polygon) -> shapely.Polygon:
    west, south, east, north = box.bounds
    return shapely.Polygon([(west, south), (east, north), (east, south), (west, north)])


def board_with(shape: shapely.Geometry) -> list[shapely.Geometry]:
    polygons = list(BOARD.polygons)
    polygons[INNER] = shape
    return polygons


def test_the_ground_of_an_invalid_row_is_no_gap() -> None:
    found = check(BOARD.codes, board_with(bow_tie(BOARD.polygons[INNER])), rows=range(1, 17))
    assert [(d.kind, d.codes, d.rows) for d in found] == [("invalid", (BOARD.codes[INNER],), (INNER + 1,))]


def test_a_gap_elsewhere_is_still_reported() -> None:
    """First variation: the neighbours' own gap is not hidden by it."""
    polygons = board_with(bow_tie(BOARD.polygons[INNER]))
    del polygons[10]
    codes = [code for at, code in enumerate(BOARD.codes) if at != 10]
    found = check(codes, polygons)
    assert sorted(d.kind for d in found) == ["gap", "invalid"]
    gap = next(d for d in found if d.kind == "gap")
    assert shapely.intersects_xy(BOARD.polygons[10], *gap.place)


@pytest.mark.parametrize("dissolve", [False, True])
def test_the_report_names_codes_and_rows_with_and_without_dissolving(
    wangge, tmp_path: Path, dissolve: bool
) -> None:
    """Second variation: through a file, where some codes have several rows and two grids overlap."""
    west, south, east, north = BOARD.polygons[15].bounds
    polygons = board_with(bow_tie(BOARD.polygons[INNER]))
    polygons[15] = shapely.box(west - 0.001, south, east, north)
    codes = list(BOARD.codes)
    if dissolve:
        codes[1] = codes[0]
    file = tmp_path / "board.geojson"
    gpd.GeoDataFrame({"code": codes}, geometry=polygons, crs=4326).to_file(file)
    checked = wangge(
        "grids", "check", file, "--code", "code", "--json", *(["--dissolve"] if dissolve else [])
    )
    assert checked.code == 1
    assert sorted(
        (d["kind"], tuple(d["codes"]), tuple(d["rows"]))
        for d in checked.document["defects"]
        if d["severity"] == "error"
    ) == [
        ("invalid", (codes[INNER],), (INNER + 1,)),
        ("overlap", tuple(sorted((codes[14], codes[15]))), (15, 16)),
    ]
