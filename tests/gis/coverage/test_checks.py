"""Each defect, made on purpose, is found, named, placed and measured; nothing else is."""

import json
from collections import Counter

import numpy as np
import pytest
import shapely

from gis.coverage import check, defects_as_geojson, dissolve, has_errors, refuse_unless_clean
from gis.errors import CoverageError, GeometryError, SwappedCoordinates
from gis.geometry import from_lattice
from gis.measures import geodesic_area_m2
from gis.testing import Town, assert_coverage, checkerboard, harbour_town

METRE_EAST = 1.11e-5
"""Degrees of longitude in a metre at 36 degrees north, about."""


def kinds(defects: list) -> Counter:
    return Counter((defect.kind, defect.severity) for defect in defects)


def errors(codes: list[str], polygons: list) -> Counter:
    return Counter(d.kind for d in check(codes, polygons) if d.severity == "error")


@pytest.fixture
def board() -> Town:
    return checkerboard(4, 4)


def moved(town: Town, code: str, shape: shapely.Geometry) -> np.ndarray:
    polygons = town.polygons.copy()
    polygons[town.codes.index(code)] = shape
    return polygons


def test_clean_towns_have_no_defects(board: Town) -> None:
    assert check(board.codes, board.polygons) == []
    assert kinds(check(harbour_town().codes, harbour_town().polygons)) == {("detached", "warning"): 1}
    assert_coverage(board.codes, board.polygons)


def test_nothing_at_all_is_no_defect() -> None:
    assert check([], []) == []


def test_overlap_has_pair_width_area_and_place(board: Town) -> None:
    wide = shapely.box(120.01 - 5 * METRE_EAST, 36.01, 120.02, 36.02)
    (defect,) = [
        d for d in check(board.codes, moved(board, "370299001002002", wide)) if d.severity == "error"
    ]
    assert defect.kind == "overlap"
    assert defect.codes == ("370299001002001", "370299001002002")
    assert defect.width_m == pytest.approx(5, rel=0.02)
    assert defect.area_m2 == pytest.approx(5 * 1110, rel=0.02)
    strip = shapely.box(120.01 - 5 * METRE_EAST, 36.01, 120.01, 36.02)
    assert shapely.intersects_xy(strip.buffer(1e-9), *defect.place)


def test_a_grid_drawn_inside_another_overlaps(board: Town) -> None:
    inner = shapely.box(120.002, 36.002, 120.004, 36.004)
    found = check([*board.codes, "x"], [*board.polygons, inner])
    assert [d.codes for d in found if d.kind == "overlap"] == [("370299001001001", "x")]
    assert found[0].area_m2 == pytest.approx(geodesic_area_m2([inner])[0])


def test_the_same_grid_twice_under_two_codes_overlaps(board: Town) -> None:
    found = check([*board.codes, "x"], [*board.polygons, board.polygons[5]])
    assert [d.codes for d in found if d.kind == "overlap"] == [(board.codes[5], "x")]


def test_a_missing_grid_is_a_gap(board: Town) -> None:
    keep = [at for at in range(16) if at != 5]
    (defect,) = check([board.codes[at] for at in keep], board.polygons[keep])
    assert (defect.kind, defect.severity) == ("gap", "error")
    assert defect.area_m2 == pytest.approx(geodesic_area_m2([board.polygons[5]])[0])
    assert shapely.intersects_xy(board.polygons[5], *defect.place)
    assert set(defect.codes) == {board.codes[at] for at in (1, 4, 6, 9)}


def test_a_wide_hole_may_be_told_apart_as_an_enclave(board: Town) -> None:
    keep = [at for at in range(16) if at != 5]
    codes, polygons = [board.codes[at] for at in keep], board.polygons[keep]
    assert kinds(check(codes, polygons, gap_width_m=100)) == {("gap", "warning"): 1}
    assert kinds(check(codes, polygons, gap_width_m=2000)) == {("gap", "error"): 1}


def test_an_island_in_a_lake_leaves_a_ring_shaped_gap() -> None:
    lake = shapely.box(120.002, 36.002, 120.008, 36.008)
    shore = shapely.Polygon(shapely.box(120, 36, 120.01, 36.01).exterior, [lake.exterior])
    island = shapely.box(120.004, 36.004, 120.006, 36.006)
    (gap,) = [d for d in check(["island", "shore"], [island, shore]) if d.kind == "gap"]
    assert gap.area_m2 == pytest.approx(float(geodesic_area_m2([lake])[0] - geodesic_area_m2([island])[0]))
    assert not shapely.intersects_xy(island, *gap.place)


@pytest.mark.parametrize("width_m", [0.5, 2.0, 8.0])
def test_a_gap_that_runs_out_to_the_edge_is_found(width_m: float) -> None:
    # No hole in the union: both ends are open.
    west = shapely.box(120.0, 36.0, 120.01, 36.01)
    east = shapely.box(120.01 + width_m * METRE_EAST, 36.0, 120.02, 36.01)
    (defect,) = check(["a", "b"], [west, east])
    assert (defect.kind, defect.severity, defect.codes) == ("gap", "error", ("a", "b"))
    assert defect.width_m == pytest.approx(width_m, rel=0.05)
    assert check(["a", "b"], [west, east], inlet_width_m=width_m / 2) == []


def test_a_creek_inside_one_grid_is_no_gap() -> None:
    creek = shapely.box(120.005, 36.002, 120.005 + 3 * METRE_EAST, 36.01)
    shore = shapely.difference(shapely.box(120, 36, 120.01, 36.01), creek)
    assert check(["a", "b"], [shore, shapely.box(120.01, 36, 120.02, 36.01)]) == []


def test_one_lattice_step_of_gap_or_overlap_between_borders_without_shared_vertices() -> None:
    # Two straight borders one step apart: nearer than anything that can be told, so they are made one.
    west = shapely.box(120.0, 36.0, 120.01, 36.01)
    for offset in (-1e-7, 1e-7):
        east = shapely.box(120.01 + offset, 36.0, 120.02, 36.01)
        assert kinds(check(["a", "b"], [west, east])) == {("mismatched-edge", "warning"): 1}


def test_two_lattice_steps_are_a_defect() -> None:
    west, east = shapely.box(120.0, 36.0, 120.01, 36.01), shapely.box(120.0099998, 36.0, 120.02, 36.01)
    assert errors(["a", "b"], [west, east]) == {"overlap": 1}


def test_a_t_junction_is_mended_and_told() -> None:
    left = shapely.box(120, 36, 120.01, 36.01)
    lower, upper = shapely.box(120.01, 36, 120.02, 36.005), shapely.box(120.01, 36.005, 120.02, 36.01)
    found = check(["a", "b", "c"], [left, lower, upper])
    assert kinds(found) == {("mismatched-edge", "warning"): 1}
    assert found[0].place == (120.01, 36.005)
    assert not has_errors(found)


def test_a_bow_tie_is_invalid_where_it_crosses(board: Town) -> None:
    bow_tie = shapely.Polygon([(120.01, 36.01), (120.02, 36.02), (120.02, 36.01), (120.01, 36.02)])
    found = check(board.codes, moved(board, "370299001002002", bow_tie))
    assert found[0].kind == "gap" or found[0].kind == "invalid"
    (invalid,) = [d for d in found if d.kind == "invalid"]
    assert invalid.place == pytest.approx((120.015, 36.015))
    assert "自相交" in invalid.detail.zh


def test_codes_are_judged_row_by_row() -> None:
    squares = list(checkerboard(3, 2).polygons)
    found = check(["a", None, "  ", "a", " b", "c\n"], squares)
    assert kinds(found) == {
        ("missing-code", "error"): 2,
        ("duplicate-code", "error"): 1,
        ("malformed-code", "error"): 2,
    }
    assert [d.codes for d in found if d.kind == "missing-code"] == [("#2",), ("#3",)]
    (twice,) = [d for d in found if d.kind == "duplicate-code"]
    assert "1, 4" in twice.detail.en


def test_many_rows_with_one_code_are_one_defect() -> None:
    board = checkerboard(3, 1)
    assert kinds(check(["a", "a", "a"], board.polygons)) == {("duplicate-code", "error"): 1}


def test_missing_shapes_and_wrong_kinds() -> None:
    found = check(
        ["a", "b", "c", "d"], [None, shapely.Polygon(), shapely.Point(120, 36), shapely.box(120, 36, 121, 37)]
    )
    assert kinds(found) == {("empty", "error"): 2, ("invalid", "error"): 1}


def test_a_grid_thinner_than_a_metre_is_a_sliver() -> None:
    town = checkerboard(2, 1)
    thin = shapely.box(120.02, 36.0, 120.02 + 0.5 * METRE_EAST, 36.01)
    (found,) = check([*town.codes, "x"], [*town.polygons, thin])
    assert (found.kind, found.severity, found.codes) == ("sliver", "error", ("x",))
    assert found.width_m == pytest.approx(0.5, rel=0.05)
    assert check([*town.codes, "x"], [*town.polygons, thin], sliver_width_m=0.1) == []


def test_a_thin_part_of_a_grid_is_only_a_warning() -> None:
    town = checkerboard(2, 1)
    thin = shapely.box(120.03, 36.0, 120.03 + 0.5 * METRE_EAST, 36.01)
    polygons = [shapely.MultiPolygon([town.polygons[0], thin]), town.polygons[1]]
    assert kinds(check(town.codes, polygons)) == {("sliver", "warning"): 1, ("detached", "warning"): 1}


def test_islands_are_a_warning_with_the_area_outside_the_mainland() -> None:
    islands = [shapely.box(120 + k, 36, 120 + k + 0.01 * (k + 1), 36.01) for k in range(3)]
    (found,) = check(["a"], [shapely.MultiPolygon(islands)])
    assert (found.kind, found.severity) == ("detached", "warning")
    assert found.area_m2 == pytest.approx(geodesic_area_m2(islands)[:2].sum())
    assert shapely.intersects_xy(islands[1], *found.place)


def test_parts_that_touch_at_a_point_are_detached() -> None:
    parts = shapely.MultiPolygon(
        [shapely.box(120, 36, 120.01, 36.01), shapely.box(120.01, 36.01, 120.02, 36.02)]
    )
    assert kinds(check(["a"], [parts])) == {("detached", "warning"): 1}


def test_swapped_and_metric_coordinates_are_refused() -> None:
    with pytest.raises(SwappedCoordinates):
        check(["a"], [shapely.box(36, 120, 36.1, 120.1)])
    with pytest.raises(GeometryError):
        check(["a"], [shapely.box(500000, 4000000, 500100, 4000100)])
    with pytest.raises(GeometryError):
        check(["a", "b"], [shapely.box(120, 36, 121, 37)])


def test_errors_come_first_and_order_does_not_depend_on_rows(board: Town) -> None:
    polygons = moved(board, "370299001002002", shapely.box(120.0095, 36.01, 120.0199, 36.02))
    polygons[15] = shapely.MultiPolygon([polygons[15], shapely.box(121, 36, 121.01, 36.01)])
    one = check(board.codes, polygons)
    assert [d.severity for d in one] == sorted((d.severity for d in one), key=["error", "warning"].index)
    order = np.random.default_rng(3).permutation(16)
    other = check([board.codes[at] for at in order], polygons[order])
    assert [(d.kind, d.codes, d.place) for d in one] == [(d.kind, d.codes, d.place) for d in other]


def test_report_is_geojson_with_the_names_of_the_interface(board: Town) -> None:
    found = check(board.codes, moved(board, "370299001002002", shapely.box(120.0095, 36.01, 120.02, 36.02)))
    report = json.loads(json.dumps(defects_as_geojson(found), ensure_ascii=False))
    (feature,) = [f for f in report["features"] if f["properties"]["kind"] == "overlap"]
    assert feature["geometry"]["type"] == "Point"
    assert set(feature["properties"]) == {
        "kind",
        "severity",
        "codes",
        "width_m",
        "area_m2",
        "detail_zh",
        "detail_en",
    }
    assert found[0].text("zh") != found[0].text("en")


def test_refusing_carries_all_defects_and_places(board: Town) -> None:
    refuse_unless_clean(board.codes, board.polygons)
    with pytest.raises(CoverageError) as refused:
        refuse_unless_clean(["a", "a"], board.polygons[:2])
    assert [d.kind for d in refused.value.defects] == ["duplicate-code"]
    assert refused.value.places == (refused.value.defects[0].place,)


def test_a_district_of_1309_grids_is_checked_well_below_two_seconds() -> None:

    # 1,309 grids of 64 vertices and more: cells of a fine net, joined by blocks with wavy borders.
    rng = np.random.default_rng(1)
    columns, rows, fine = 77, 17, 16
    nx, ny = columns * fine + 1, rows * fine + 1
    gx, gy = np.meshgrid(np.arange(nx) * 400, np.arange(ny) * 400, indexing="ij")
    gx = gx + rng.integers(-150, 150, gx.shape) + 1_200_000_000
    gy = gy + rng.integers(-150, 150, gy.shape) + 358_000_000
    grids = []
    for i in range(0, nx - 1, fine):
        for j in range(0, ny - 1, fine):
            ring = [(i + k, j) for k in range(fine)] + [(i + fine, j + k) for k in range(fine)]
            ring += [(i + fine - k, j + fine) for k in range(fine)] + [(i, j + fine - k) for k in range(fine)]
            grids.append(shapely.Polygon([(from_lattice(gx[p]), from_lattice(gy[p])) for p in ring]))
    assert len(grids) == 1309
    assert shapely.get_num_coordinates(grids).sum() > 84_000
    found = check([f"{at:04d}" for at in range(1309)], grids)
    assert found == []
    keys, areas = dissolve(grids, [f"{at // 77:02d}" for at in range(1309)])
    assert check(keys, areas) == []


def test_polygons_half_around_the_globe_are_refused() -> None:
    with pytest.raises(GeometryError) as refused:
        check(["a", "b"], [shapely.box(0, 36, 1, 37), shapely.box(179, 36, 180, 37)])
    assert refused.value.code == "too-wide"
