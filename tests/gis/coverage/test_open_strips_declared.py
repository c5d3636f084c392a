"""Narrow strips that are open to the outside: an error until they are accepted or declared; open water never is."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gis.coverage import (
    ExcludedLand,
    accept_gaps,
    check,
    check_with_excluded,
    fit_declared,
    has_errors,
    matched_together,
    measure_land,
    snap_coverage,
)
from gis.coverage.excluded import open_gaps
from tests.gis.coverage.gap_families import Drawing, placed

CODES = ("g0", "g1")
PLACES = st.sampled_from([(120.05, 35.88), (-87.7, 41.9), (151.2, -33.9), (6.6, 0.1)])


def slit(width: float, long: float, *, closed: bool) -> Drawing:
    """Two grids and a slit between them, open at one end or at both."""
    h, far = width / 2, long / 2
    gap = shapely.box(-h, 0, h, long)
    west, east = shapely.box(-far, 0, -h, long), shapely.box(h, 0, far, long)
    if closed:
        west, east = (
            shapely.union(one, shapely.box(x, -far, x + far, 0)) for one, x in ((west, -far), (east, 0))
        )
    return Drawing([west, east], [gap], [{0, 1}])


slits = st.builds(slit, st.floats(0.2, 9.5), st.floats(60, 2000), closed=st.booleans())


def errors(polygons: np.ndarray, land: ExcludedLand) -> list[str]:
    together, declared = matched_together(polygons, land)
    return [d.detail.en for d in check_with_excluded(CODES, together, declared) if d.severity == "error"]


@settings(max_examples=60, deadline=None)
@given(slits, st.floats(0, 360), PLACES)
def test_a_slit_is_an_error_until_it_is_accepted(
    drawing: Drawing, angle: float, place: tuple[float, float]
) -> None:
    polygons = snap_coverage(placed(drawing, *place, angle).polygons).polygons
    (gap,) = [d for d in check(list(CODES), polygons) if d.severity == "error"]
    assert errors(polygons, ExcludedLand())
    land = accept_gaps(polygons, "road")
    assert errors(polygons, land) == []
    widths, areas = measure_land(land.polygons)
    assert widths.max() == pytest.approx(gap.width_m, rel=0.03, abs=0.03)
    assert areas.sum() == pytest.approx(gap.area_m2, rel=0.03, abs=2)
    # Nothing of it is a grid's.
    taken = shapely.area(shapely.intersection(shapely.union_all(land.polygons), shapely.union_all(polygons)))
    assert taken <= 1e-13 * shapely.length(shapely.union_all(land.polygons)) * 1e7


@settings(max_examples=60, deadline=None)
@given(slits, st.floats(0, 360), PLACES)
def test_a_slit_is_no_error_where_it_is_declared(
    drawing: Drawing, angle: float, place: tuple[float, float]
) -> None:
    town = placed(drawing, *place, angle)
    polygons = snap_coverage(town.polygons).polygons
    fitted = fit_declared(CODES, polygons, ExcludedLand(np.array(town.gaps), ("road",)))
    assert fitted.defects == []
    assert errors(polygons, fitted.land) == []


def test_a_mouth_one_step_off_a_corner_is_in_the_corner() -> None:
    """Found by chance: the strip reached one step into g1, a wedge of 0.19 m2 along its whole border."""
    west = [(-87.6992487, 41.8997764), (-87.6994928, 41.8996139), (-87.6999741, 41.9000172), (-87.7, 41.9)]
    west += [(-87.7002407, 41.9002017), (-87.6999707, 41.9003815), (-87.69973, 41.9001798)]
    east = [
        (-87.6995445, 41.8995794),
        (-87.6997886, 41.8994168),
        (-87.70027, 41.8998202),
        (-87.7005106, 41.9000219),
    ]
    east += [(-87.7002407, 41.9002017), (-87.7, 41.9), (-87.7000259, 41.8999828)]
    polygons = np.array([shapely.Polygon(west), shapely.Polygon(east)])
    assert errors(polygons, accept_gaps(polygons, "road")) == []


@settings(max_examples=30, deadline=None)
@given(
    st.floats(3, 9.5),
    st.floats(200, 2000),
    st.booleans(),
    st.sampled_from(["half its length", "half its width"]),
)
def test_what_is_declared_in_part_is_an_error_in_part(
    width: float, long: float, closed: bool, how: str
) -> None:
    drawing = slit(width, long, closed=closed)
    h = width / 2
    part = shapely.box(-h, 0, h, long / 2) if how == "half its length" else shapely.box(-h, 0, 0, long)
    town = placed(Drawing(drawing.polygons, [part], [{0, 1}]), 120.05, 35.88, 0)
    polygons = snap_coverage(town.polygons).polygons
    fitted = fit_declared(CODES, polygons, ExcludedLand(np.array(town.gaps), ("road",)))
    assert not has_errors(fitted.defects)
    assert any("gap open to the outside" in text for text in errors(polygons, fitted.land))


@settings(max_examples=40, deadline=None)
@given(st.floats(20, 2000), st.floats(0.3, 4.0), st.floats(0, 360), PLACES)
def test_open_water_is_nothing_to_accept(
    depth: float, ratio: float, angle: float, place: tuple[float, float]
) -> None:
    mouth, far = depth * ratio, depth * (3 + ratio)
    west = [(-far, 0), (0, 0), (0, depth), (-mouth / 2, 2 * depth), (-far, 2 * depth)]
    east = [(0, 0), (far, 0), (far, 2 * depth), (mouth / 2, 2 * depth), (0, depth)]
    town = placed(Drawing([shapely.Polygon(west), shapely.Polygon(east)], [], []), *place, angle)
    polygons = snap_coverage(town.polygons).polygons
    assert len(accept_gaps(polygons, "water")) == 0


def test_a_clean_coverage_has_no_open_gaps() -> None:
    assert len(open_gaps([shapely.box(120, 36, 120.01, 36.01), shapely.box(120.01, 36, 120.02, 36.01)])) == 0
    assert len(open_gaps([])) == 0
