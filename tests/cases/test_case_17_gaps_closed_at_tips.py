"""Case 17: two grids that meet in two vertices and leave a lens between them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely

from gis.coverage import Defect, check
from gis.crs import to_wgs84
from gis.geometry import from_lattice, lattice_geometries

Ring = Sequence[tuple[float, float]]


def on_earth(*rings: Ring) -> list[shapely.Polygon]:
    """Metres beside (500000, 4000000) of EPSG:4548, as degrees."""
    corner = np.array([500_000.0, 4_000_000.0])
    return [
        shapely.transform(
            shapely.Polygon(ring), lambda xy: np.column_stack(to_wgs84(*(xy + corner).T, "EPSG:4548"))
        )
        for ring in rings
    ]


def lens(long: float, width: float, *, west: float = 0.0) -> list[shapely.Polygon]:
    middle, half = long, width / 2
    return on_earth(
        [(west, 0), (west, long), (middle, long), (middle - half, long / 2), (middle, 0)],
        [(2 * long, 0), (middle, 0), (middle + half, long / 2), (middle, long), (2 * long, long)],
    )


def only_gap(polygons: list[shapely.Polygon]) -> Defect:
    (found,) = check([chr(65 + at) for at in range(len(polygons))], polygons)
    assert (found.kind, found.severity) == ("gap", "error")
    assert "open to the outside" not in found.detail.en
    return found


def test_the_lens_of_the_case() -> None:
    found = only_gap(
        on_earth(
            [(0, 0), (0, 100), (100, 100), (90, 50), (100, 0)],
            [(200, 0), (100, 0), (110, 50), (100, 100), (200, 100)],
        )
    )
    assert found.codes == ("A", "B")
    # The largest circle between the sides of a lens 20 m across is a little narrower than its waist.
    assert found.width_m == pytest.approx(20 * 100 / np.hypot(100, 20), rel=0.005)
    assert found.area_m2 == pytest.approx(1000, abs=1)


@pytest.mark.parametrize("width", [400.0, 200.0, 50.0, 8.0])
@pytest.mark.parametrize("west", [0.0, -37.0])
def test_lenses_a_kilometre_long(width: float, west: float) -> None:
    found = only_gap(lens(1000, width, west=west))
    assert found.area_m2 == pytest.approx(500 * width, rel=0.001)
    assert found.width_m == pytest.approx(width * 1000 / np.hypot(width, 1000), rel=0.011)
    assert lens(1000, width)[0].distance(shapely.Point(found.place)) > 0


def test_the_lens_stays_one_gap_when_a_third_grid_closes_an_end() -> None:
    third = on_earth([(0, 100), (0, 200), (200, 200), (200, 100), (100, 100)])
    first = lens(100, 20)
    assert only_gap([*first, *third]).area_m2 == pytest.approx(1000, abs=1)


def test_a_command_finds_it_and_does_not_crash(wangge, tmp_path: Path) -> None:
    file = tmp_path / "lens.geojson"
    gpd.GeoDataFrame({"code": ["A", "B"]}, geometry=lens(100, 20), crs=4326).to_file(file)
    checked = wangge("grids", "check", file, "--code", "code", "--json")
    assert checked.code == 1
    (gap,) = checked.document["defects"]
    assert (gap["kind"], gap["codes"], gap["rows"]) == ("gap", ["A", "B"], [1, 2])
    located = wangge("locate", "117.0", "36.1", "--boundaries", file, "--code", "code")
    assert located.code == 3
    assert "空隙 1000" in located.err


@pytest.mark.parametrize("seed", range(40))
def test_random_lenses_are_found_with_their_area(seed: int) -> None:
    """As many vertices and tips as one likes, on the lattice, so that the area is exact."""
    rng = np.random.default_rng(seed)
    count = int(rng.integers(1, 12))
    y = np.sort(rng.choice(np.arange(1, 100_000), count, replace=False))
    y = np.array([0, *y, 100_000])
    west = np.array([0, *-rng.integers(40, 50_000, count), 0])
    east = np.array([0, *rng.integers(40, 50_000, count), 0])
    base = np.array([1_200_000_000, 360_000_000])
    sides = [np.column_stack([x, y]) for x in (west, east)]
    a = [(-90_000, 0), *sides[0].tolist(), (-90_000, 100_000)]
    b = [(90_000, 0), (90_000, 100_000), *sides[1][::-1].tolist()]
    polygons = [shapely.Polygon(from_lattice(np.array(ring) + base)) for ring in (a, b)]
    hole = shapely.Polygon([*sides[0].tolist(), *sides[1][::-1].tolist()])
    found = [d for d in check(["A", "B"], polygons) if d.kind == "gap"]
    whole = shapely.union_all([*lattice_geometries(polygons)]).area + hole.area
    box = 180_000 * 100_000
    assert whole == pytest.approx(box)
    assert len(found) == 1
    square_step = found[0].area_m2 / hole.area  # type: ignore[operator]
    assert square_step == pytest.approx(111_000 * 90_200 * 1e-14, rel=0.01)


def test_a_hole_in_the_shape_of_a_plus_and_gaps_inside_one_grid() -> None:
    """Two variations: closed by one grid alone, and by the parts of one."""
    plus = shapely.union_all([shapely.box(-30, -10, 30, 10), shapely.box(-10, -30, 10, 30)])
    ground = shapely.difference(shapely.box(-100, -100, 100, 100), plus)
    corner = np.array([500_000.0, 4_000_000.0])

    def lay(xy: np.ndarray) -> np.ndarray:
        return np.column_stack(to_wgs84(*(xy + corner).T, "EPSG:4548"))

    found = only_gap([shapely.transform(ground, lay)])
    assert found.codes == ("A",)
    assert found.area_m2 == pytest.approx(2000, abs=2)
    assert found.width_m == pytest.approx(20 * np.sqrt(2), rel=0.011)
    parts = [
        shapely.Polygon([(0, 0), (40, 0), (20, 20)]),
        shapely.Polygon([(40, 0), (60, 40), (20, 20), (45, 20)]),
    ]
    grid = shapely.transform(shapely.multipolygons(parts), lay)
    errors = [d for d in check(["A"], [grid]) if d.severity == "error"]
    assert [(d.kind, d.codes) for d in errors] == [("gap", ("A",))]
    assert errors[0].area_m2 == pytest.approx(shapely.Polygon([(40, 0), (45, 20), (20, 20)]).area, abs=1)
