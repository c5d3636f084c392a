"""A coverage at the 180th meridian has the defects, owners and areas that it has anywhere else."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from gis.antimeridian import (
    bounds_around,
    straddles,
    turn,
    turn_back,
    turned_longitude,
    with_vertices_at,
)
from gis.coverage import Defect, check, clean, dissolve
from gis.geometry import SCALE
from gis.io.wrapping import cut_over_meridian
from gis.locate import GridIndex
from gis.measures import geodesic_area_m2
from tests.gis.strategies import COARSE, Net, nets, telling_places

HALF = 1_800_000_000
STEPS = st.integers(-HALF, HALF)


def beside_zero(net: Net) -> tuple[int, NDArray[np.object_]]:
    """The grids of a net moved so that longitude 0 goes through them; and by how many steps.

    Edges across it have a vertex there, as they have once cut: on the lattice, a cut moves an edge by half a step.
    """
    xs = sorted({x for x, _ in net.vertices})
    by = -xs[len(xs) // 2]
    shapes = [with_vertices_at(shape, 0.0, on_lattice=True) for shape in moved(net.polygons(), by)]
    return by, np.asarray(shapes, dtype=object)


def moved(shapes: Any, by: int) -> NDArray[np.object_]:
    def move(xy: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.column_stack([(np.rint(xy[:, 0] * SCALE) + by) / SCALE, xy[:, 1]])

    return np.asarray(shapely.transform(shapes, move), dtype=object)


def across(shapes: Any) -> NDArray[np.object_]:
    """The same beside the meridian, cut as files are."""
    cut, _ = cut_over_meridian(moved(shapes, HALF))
    return cut


def assert_alike(some: list[Defect], others: list[Defect]) -> None:
    def order(each: Defect) -> Any:
        return each.kind, each.severity, each.codes, round(each.area_m2 or 0.0), each.place[1]

    assert len(some) == len(others)
    for one, other in zip(sorted(some, key=order), sorted(others, key=order), strict=True):
        assert (one.kind, one.severity, one.codes) == (other.kind, other.severity, other.codes)
        for mine, theirs in ((one.width_m, other.width_m), (one.area_m2, other.area_m2)):
            assert (mine is None) == (theirs is None)
            assert mine is None or theirs is None or np.isclose(mine, theirs, rtol=0.02, atol=1e-3)


@settings(max_examples=40)
@given(nets(gaps=COARSE))
def test_defects_are_the_same(net: Net):
    _, here = beside_zero(net)
    assert_alike(check(net.codes, across(here)), check(net.codes, here))


@settings(max_examples=40)
@given(nets(gaps=COARSE))
def test_owners_are_the_same_by_both_names(net: Net):
    by, here = beside_zero(net)
    there = across(here)
    plain = GridIndex.build(net.codes, here, gaps="allow")
    index = GridIndex.build(net.codes, there, gaps="allow")
    assert index.turned == straddles(there)
    places = np.array(telling_places(net), dtype=np.int64)
    x, lat = places[:, 0] + by, places[:, 1] / SCALE
    expected = plain.locate(x / SCALE, lat).tolist()
    steps = np.where(x <= 0, x + HALF, x - HALF)
    names = [steps, np.where(np.abs(steps) == HALF, -steps, steps)] if index.turned else []
    again = GridIndex.build(net.codes, index.polygons, gaps="allow")
    assert again.content_hash == index.content_hash
    for lon in (each / SCALE for each in names):
        assert index.locate(lon, lat).tolist() == expected
        assert GridIndex.from_bytes(index.to_bytes()).locate(lon, lat).tolist() == expected
        one_by_one = [index.owner_of(*place)[0] for place in zip(lon.tolist(), lat.tolist(), strict=True)]
        assert one_by_one == expected


@settings(max_examples=40)
@given(nets(gaps=COARSE))
def test_areas_and_unions_are_the_same(net: Net):
    _, here = beside_zero(net)
    there = across(here)
    assert np.allclose(geodesic_area_m2(there), geodesic_area_m2(here), rtol=1e-5, atol=1e-2)
    _, (whole,) = dissolve(here, ["x"] * len(here))
    _, (cut,) = dissolve(there, ["x"] * len(there))
    assert np.isclose(geodesic_area_m2([cut])[0], geodesic_area_m2([whole])[0], rtol=1e-5, atol=1e-2)
    assert (np.abs(shapely.get_coordinates(cut)[:, 0]) <= 180.0).all()
    # What was stored is stored again as it is.
    _, (again,) = dissolve([cut], ["x"])
    assert again.wkb == cut.wkb


@settings(max_examples=20)
@given(nets(gaps=COARSE))
def test_what_is_mended_is_the_same(net: Net):
    _, here = beside_zero(net)
    mended, plain = (clean(net.codes, shapes, max_width_m=2.0) for shapes in (across(here), here))
    assert_alike(mended.left, plain.left)
    assert [each.code for each in mended.moved] == [each.code for each in plain.moved]
    assert (np.abs(shapely.get_coordinates(mended.polygons)[:, 0]) <= 180.0).all()


@settings(max_examples=40)
@given(nets())
def test_turning_back_is_exact(net: Net):
    _, here = beside_zero(net)
    cut = across(here)
    if straddles(cut):
        once = turn_back(turn(cut))
        assert shapely.equals_exact(turn_back(turn(once)), once, 0.0).all()


@given(st.lists(STEPS, min_size=1))
def test_longitudes_stay_on_the_lattice(steps: list[int]):
    lon = np.array(steps) / SCALE
    turned = turned_longitude(lon)
    assert (np.rint(turned * SCALE) / SCALE == turned).all()
    assert np.isin(np.rint((turned_longitude(turned) - lon) * SCALE), (0, 2 * HALF, -2 * HALF)).all()


def test_bounds_go_the_short_way_only_at_the_meridian():
    asia, america = shapely.box(120, 35, 121, 36), shapely.box(-88, 41, -87, 42)
    assert not straddles([asia, america])
    assert bounds_around([asia, america]) == (-88.0, 35.0, 121.0, 42.0)
    assert not straddles([])
    assert not straddles([None])
