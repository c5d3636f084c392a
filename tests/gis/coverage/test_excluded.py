"""Land of nobody on purpose: gaps found exactly, declarations cut to them, and one owner, excluded or outside."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from gis.coverage import (
    ExcludedLand,
    accept_gaps,
    check,
    check_with_excluded,
    enclosed_faces,
    fit_declared,
    is_clean,
    is_excluded_code,
    matched_together,
)
from gis.geometry import from_lattice, lattice_geometries, round_degrees
from gis.locate import ExcludedAreas, GridIndex
from tests.cases.coverages import Kind, kinds, on_earth
from tests.gis.excluded_towns import holed_towns, places_about


def grids_of(kind: Kind) -> tuple[list[str], np.ndarray]:
    shapes = np.empty(len(kind.grids), dtype=object)
    shapes[:] = [on_earth(shape) for shape in kind.grids.values()]
    return list(kind.grids), shapes


def one(shape: Any, reason: str = "湖") -> ExcludedLand:
    return ExcludedLand(np.array([shape], dtype=object), (reason,))


HOLE = shapely.box(120.01, 36.01, 120.02, 36.02)
RING = shapely.box(120, 36, 120.03, 36.03).difference(HOLE)


@pytest.mark.parametrize("kind", kinds(), ids=lambda kind: kind.name)
def test_faces_are_what_no_grid_has_to_the_last_step(kind: Kind) -> None:
    _, shapes = grids_of(kind)
    found = shapely.union_all(lattice_geometries(enclosed_faces(shapes)))
    meant = shapely.union_all(
        lattice_geometries([on_earth(shape) for shape in kind.excluded] or [shapely.Polygon()])
    )
    assert found.symmetric_difference(meant).area == 0


@pytest.mark.parametrize("kind", kinds(), ids=lambda kind: kind.name)
def test_declared_nothing_is_wrong_and_undeclared_every_gap_is(kind: Kind) -> None:
    codes, shapes = grids_of(kind)
    before = [defect for defect in check(codes, shapes) if defect.severity == "error"]
    assert bool(before) == bool(kind.excluded)
    assert {defect.kind for defect in before} <= {"gap"}
    declared = np.empty(len(kind.excluded), dtype=object)
    declared[:] = [on_earth(shape) for shape in kind.excluded]
    fitted = fit_declared(codes, shapes, ExcludedLand(declared, ("湖",) * len(declared)))
    assert fitted.defects == []
    assert len(fitted.land) == len(kind.excluded)
    found = check_with_excluded(codes, shapes, fitted.land)
    assert [defect for defect in found if defect.severity == "error"] == []
    matched, land = matched_together(shapes, fitted.land)
    assert is_clean(np.concatenate([matched, land.polygons]))


@given(st.tuples(*[st.integers(-3, 3)] * 8))
def test_a_few_steps_beside_the_gap_is_the_gap(offsets: tuple[int, ...]) -> None:
    corners = np.rint(np.array(HOLE.exterior.coords)[:-1] * 1e7) + np.array(offsets).reshape(4, 2)
    fitted = fit_declared(["a"], [RING], one(shapely.Polygon(from_lattice(corners))))
    assert fitted.defects == []
    assert shapely.equals(lattice_geometries(fitted.land.polygons), lattice_geometries([HOLE])).all()


@given(st.floats(0.5, 400), st.sampled_from(["west", "east", "south", "north"]))
def test_more_than_that_on_a_grid_is_an_error_with_both_named(metres: float, side: str) -> None:
    reach = metres / 80_000
    west, south, east, north = HOLE.bounds
    wider = {
        "west": (west - reach, south, east, north),
        "east": (west, south, east + reach, north),
        "south": (west, south - reach, east, north),
        "north": (west, south, east, north + reach),
    }[side]
    fitted = fit_declared(["网格甲"], [RING], one(shapely.box(*round_degrees(wider)), "水库"))
    (defect,) = fitted.defects
    assert (defect.kind, defect.severity) == ("excluded", "error")
    assert "网格甲" in defect.detail.zh
    assert "水库" in defect.detail.zh
    assert defect.width_m is not None
    wide = fit_declared(["网格甲"], [RING], one(shapely.box(*round_degrees(wider))), tolerance_m=600)
    assert wide.defects == []
    assert shapely.equals(lattice_geometries(wide.land.polygons), lattice_geometries([HOLE])).all()


def test_two_pieces_on_one_another_are_an_error() -> None:
    land = ExcludedLand(
        np.array([HOLE, shapely.box(120.015, 36.01, 120.02, 36.02)], dtype=object), ("湖", "营")
    )
    (defect,) = fit_declared(["a"], [RING], land).defects
    assert defect.severity == "error"
    assert "湖" in defect.detail.zh
    assert "营" in defect.detail.zh


def test_what_stands_gives_way_to_grids_without_a_word() -> None:
    smaller = shapely.box(120, 36, 120.03, 36.03).difference(shapely.box(120.01, 36.01, 120.015, 36.02))
    fitted = fit_declared(["a"], [smaller], one(HOLE), standing=True)
    assert fitted.defects == []
    assert fitted.land.polygons[0].bounds == (120.01, 36.01, 120.015, 36.02)
    whole = fit_declared(["a"], [shapely.box(120, 36, 120.03, 36.03)], one(HOLE), standing=True)
    assert len(whole.land) == 0
    assert whole.defects == []


def test_a_piece_may_be_a_sliver_and_in_parts() -> None:
    canal = shapely.MultiPolygon(
        [shapely.box(120.01, 36.01, 120.010005, 36.02), shapely.box(120.02, 36.01, 120.020005, 36.02)]
    )
    ring = shapely.box(120, 36, 120.03, 36.03).difference(canal)
    fitted = fit_declared(["a"], [ring], one(canal, "渠"))
    assert check_with_excluded(["a"], [ring], fitted.land) == []


def test_codes_of_such_land_are_kept_from_grids() -> None:
    assert [is_excluded_code(code) for code in ("excluded:1", "excluded:01", "excluded:", "Excluded:1", None)] == [
        True, False, False, False, False,
    ]  # fmt: skip
    (defect,) = check_with_excluded(["excluded:1"], [shapely.box(0, 0, 0.1, 0.1)], ExcludedLand())
    assert defect.kind == "malformed-code"


@given(holed_towns(), st.data())
def test_every_place_has_one_owner_is_excluded_or_lies_outside(town: Any, data: st.DataObject) -> None:
    """Exactly one of the three, by the engine, and as exact predicates on the lattice say it."""
    codes, shapes = town
    land = accept_gaps(shapes, "未定")
    assert [d for d in check_with_excluded(codes, shapes, land) if d.severity == "error"] == []
    index = GridIndex.build(codes, shapes, gaps="allow")
    areas = ExcludedAreas(land.polygons, land.reasons, land.codes)
    lon, lat = data.draw(places_about(shapes))
    points = shapely.points(np.rint(lon * 1e7), np.rint(lat * 1e7))
    grids, pieces = lattice_geometries(shapes), lattice_geometries(land.polygons)
    # Another road: what is left of a box around all grids, of which the part along the box is the outside.
    around = shapely.box(*(shapely.total_bounds(grids) + np.array([-9e4, -9e4, 9e4, 9e4])))
    left = shapely.get_parts(shapely.difference(around, shapely.union_all(grids)))
    open_land = left[int(np.argmin(shapely.bounds(left)[:, 0]))]
    owners, reasons = index.locate(lon, lat), areas.locate(lon, lat)
    for at, point in enumerate(points):
        touched = sorted(code for code, grid in zip(codes, grids, strict=True) if grid.intersects(point))
        owner = index.codes[owners[at]] if owners[at] >= 0 else None
        assert owner == (touched[0] if touched else None)
        excluded = owner is None and reasons[at] >= 0
        assert excluded == (not touched and any(piece.intersects(point) for piece in pieces))
        outside = owner is None and open_land.intersects(point)
        assert [owner is not None, bool(excluded), bool(outside)].count(True) == 1
