"""Case C6: rings that touch themselves are the same ground written otherwise; those that cross themselves are not."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gis.coverage import check, retouch_rings
from gis.geometry import from_lattice, lattice_geometries
from gis.measures import straight_area_m2

TOUCHING = {
    "shell around a hole": "POLYGON((0 0,4 0,4 4,2 4,3 3,2 2,1 3,2 4,0 4,0 0))",
    "two lobes": "POLYGON((0 0,1 1,2 0,2 2,1 1,0 2,0 0))",
    "hole from side to side": "POLYGON((0 0,4 0,4 4,0 4,0 0),(0 2,2 1,4 2,2 3,0 2))",
    "hole along the shell": "POLYGON((0 0,4 0,4 4,0 4,0 0),(0 1,1 1,1 2,0 2,0 1))",
    "parts along an edge": "MULTIPOLYGON(((0 0,1 0,1 1,0 1,0 0)),((1 0,2 0,2 1,1 1,1 0)))",
}
CROSSING = {
    "bow tie": "POLYGON((0 0,2 2,2 0,0 2,0 0))",
    "bow tie with a vertex in the middle": "POLYGON((0 0,1 1,2 2,2 0,1 1,0 2,0 0))",
    "uneven bow tie with a vertex": "POLYGON((0 0,2 2,3 3,3 1,2 2,0 4,0 0))",
    "parts on one another": "MULTIPOLYGON(((0 0,1.5 0,1.5 1,0 1,0 0)),((1 0,2 0,2 1,1 1,1 0)))",
    "hole outside": "POLYGON((0 0,4 0,4 4,0 4,0 0),(5 5,6 5,6 6,5 6,5 5))",
    "hole in a hole": "POLYGON((0 0,9 0,9 9,0 9,0 0),(1 1,8 1,8 8,1 8,1 1),(2 2,3 2,3 3,2 3,2 2))",
}


def on_earth(wkt: str) -> shapely.Geometry:
    return shapely.transform(shapely.from_wkt(wkt), lambda xy: xy * 0.001 + [120.0, 36.0])


def rings_enclose(shape: shapely.Geometry) -> float:
    """Square steps within shells less those within holes, in whole numbers."""
    total = 0
    for part in shapely.get_parts(lattice_geometries([shape])[0]):
        for number, ring in enumerate(shapely.get_rings(part)):
            x, y = shapely.get_coordinates(ring).astype(np.int64).astype(object).T
            size = abs(int((x[:-1] * y[1:] - x[1:] * y[:-1]).sum()))
            total += size if number == 0 else -size
    return total / 2


@pytest.mark.parametrize("name", TOUCHING)
def test_touching_rings_are_read_as_the_same_ground(name: str) -> None:
    shape = on_earth(TOUCHING[name])
    assert not shape.is_valid
    (valid,), changed = retouch_rings([shape])
    assert changed.tolist() == [0]
    assert valid.is_valid
    assert rings_enclose(valid) == rings_enclose(shape)
    found = check(["a"], [shape], rows=[3])
    said = [d for d in found if d.kind == "retouched-ring"]
    assert [(d.severity, d.codes, d.rows) for d in said] == [("warning", ("a",), (3,))]
    assert not [d for d in found if d.kind == "invalid"]


@pytest.mark.parametrize("name", CROSSING)
def test_crossing_rings_are_errors(name: str) -> None:
    shape = on_earth(CROSSING[name])
    found = check(["a"], [shape], rows=[3])
    assert [(d.kind, d.severity, d.codes, d.rows) for d in found] == [("invalid", "error", ("a",), (3,))]
    assert "--make-valid" in found[0].detail.en


def town(tmp_path: Path, *, crossing: bool) -> Path:
    """Two neighbours of which one encloses a hole by touching itself, a third in the hole, a bow tie far away."""
    west = on_earth("POLYGON((0 0,4 0,4 4,2 4,3 3,2 2,1 3,2 4,0 4,0 0))")
    inner = on_earth("POLYGON((2 4,3 3,2 2,1 3,2 4))")
    last = on_earth("POLYGON((4 0,6 4,6 0,4 4,4 0))" if crossing else "POLYGON((4 0,6 0,6 4,4 4,4 0))")
    file = tmp_path / "town.gpkg"
    gpd.GeoDataFrame({"code": ["w", "i", "e"]}, geometry=[west, inner, last], crs=4326).to_file(file)
    return file


def test_a_command_says_it_once_and_passes(wangge, tmp_path: Path) -> None:
    checked = wangge("grids", "check", town(tmp_path, crossing=False), "--code", "code", "--json")
    assert checked.code == 0
    assert [(d["kind"], d["codes"], d["rows"]) for d in checked.document["defects"]] == [
        ("retouched-ring", ["w"], [1])
    ]


def test_crossing_rings_are_made_valid_on_request_with_what_changed(wangge, tmp_path: Path) -> None:
    file = town(tmp_path, crossing=True)
    refused = wangge("grids", "check", file, "--code", "code", "--json")
    assert refused.code == 1
    assert {d["kind"] for d in refused.document["defects"]} >= {"invalid"}
    mended = wangge("grids", "check", file, "--code", "code", "--make-valid", "--json")
    (said,) = [d for d in mended.document["defects"] if d["kind"] == "made-valid"]
    assert (said["codes"], said["rows"]) == (["e"], [3])
    after = on_earth("MULTIPOLYGON(((4 0,5 2,4 4,4 0)),((6 0,6 4,5 2,6 0)))")
    assert said["area_m2"] == pytest.approx(straight_area_m2([after])[0], rel=1e-4)
    assert "0.0 m2 before" in said["detail_en"]
    located = wangge(
        "locate", "120.0045", "36.002", "--boundaries", file, "--code", "code", "--make-valid", "--json"
    )
    assert located.document["grid"]["code"] == "e"


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=4, max_size=9))
def test_what_is_read_as_the_same_ground_has_the_same_area(points: list[tuple[int, int]]) -> None:
    """Any ring at all: either its ground is kept to the last square step, or it is left as it is."""
    shape = shapely.Polygon(from_lattice(np.array(points) * 1000 + [1_200_000_000, 360_000_000]))
    (valid,), changed = retouch_rings([shape])
    if len(changed):
        assert valid.is_valid
        assert rings_enclose(valid) == rings_enclose(shape)
    else:
        assert valid is shape
