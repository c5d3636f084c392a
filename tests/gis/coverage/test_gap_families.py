"""A gap that is known is found, and nothing else: its width, area, place and the grids along it."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gis.coverage import check
from gis.measures import straight_area_m2
from tests.gis.coverage.gap_families import FAMILIES, Drawing, Placed, lens, placed

_STEP_M = 0.0112
"""A lattice step at the equator."""
_DISTRICTS = (
    (120.05, 35.88),
    (87.6, 43.8),
    (109.5, 18.25),
    (-87.7, 41.9),
    (151.2, -33.9),
    (25.47, 65.01),
    (6.6, 0.1),
)


def found_gaps(town: Placed) -> list:
    # Small towns are slivers, and some drawings have grids in parts; neither is a gap.
    found = check(town.codes, town.polygons)
    others = {d.kind for d in found} - {"gap", "sliver", "detached"}
    assert not others, [d.detail.en for d in found]
    return [d for d in found if d.kind == "gap"]


def assert_found(town: Placed) -> None:
    found = found_gaps(town)
    assert len(found) == len(town.gaps), [d.detail.en for d in found]
    tree = shapely.STRtree(town.gaps)
    seen = set()
    for defect in found:
        (at,) = tree.query(shapely.Point(defect.place), predicate="intersects").tolist()
        seen.add(at)
        gap = town.gaps[at]
        width, edge = measure(gap)
        assert defect.severity == "error"
        assert defect.codes == town.owners[at]
        assert defect.width_m == pytest.approx(width, rel=0.02, abs=2 * _STEP_M)
        assert defect.area_m2 == pytest.approx(straight_area_m2([gap])[0], rel=0.001, abs=edge * _STEP_M)
    assert len(seen) == len(town.gaps)


def measure(gap: shapely.Polygon) -> tuple[float, float]:
    """Diameter of the largest circle and length of the border, metres, in a plane of its own."""
    lon, lat = shapely.get_coordinates(gap.centroid)[0]
    plane = np.array([111_320 * np.cos(np.radians(lat)), 110_574 + 1_120 * np.sin(np.radians(lat)) ** 2])
    metres = shapely.transform(gap, lambda xy: (xy - [lon, lat]) * plane)
    circle = shapely.maximum_inscribed_circle(metres, tolerance=np.sqrt(metres.area) / 1000)
    return 2 * circle.length, metres.length


@settings(max_examples=250, deadline=None)
@given(
    family=st.sampled_from(sorted(FAMILIES)),
    exponent=st.floats(np.log10(0.1), np.log10(2000)),
    many=st.integers(1, 4),
    place=st.sampled_from(_DISTRICTS),
    angle=st.floats(0, 360),
)
def test_every_family_in_every_size_is_found(
    family: str, exponent: float, many: int, place: tuple[float, float], angle: float
) -> None:
    assert_found(placed(FAMILIES[family](10**exponent, many), *place, angle))


@pytest.mark.parametrize("family", sorted(FAMILIES))
@pytest.mark.parametrize("width", [0.1, 3.0, 40.0, 700.0])
def test_each_family_upright_and_turned(family: str, width: float) -> None:
    for angle in (0.0, 27.0, 90.0):
        assert_found(placed(FAMILIES[family](width, 2), 120.05, 35.88, angle))


@settings(max_examples=60, deadline=None)
@given(width=st.floats(0.04, 0.2), long=st.floats(0.5, 500), angle=st.floats(0, 360))
def test_lenses_of_a_few_lattice_steps_are_found(width: float, long: float, angle: float) -> None:
    found = found_gaps(placed(lens(width, long), 120.05, 35.88, angle))
    assert len(found) == 1
    assert found[0].width_m == pytest.approx(width, abs=3 * _STEP_M)


@settings(max_examples=80, deadline=None)
@given(
    depth=st.floats(20, 2000),
    ratio=st.floats(0.05, 4.0),
    angle=st.floats(0, 360),
    place=st.sampled_from(_DISTRICTS),
)
def test_notches_at_the_rim_are_open_water(
    depth: float, ratio: float, angle: float, place: tuple[float, float]
) -> None:
    """A wedge between two grids that opens towards the outside, and a creek inside one of them."""
    mouth, far = depth * ratio, depth * (3 + ratio)
    creek = mouth / 8
    west = [(-far, 0), (0, 0), (0, depth), (-mouth / 2, 2 * depth), (-far, 2 * depth)]
    east = [(0, 0), (far, 0), (far, 2 * depth), (mouth + creek, 2 * depth), (mouth + creek / 2, depth)]
    east += [(mouth, 2 * depth), (mouth / 2, 2 * depth), (0, depth)]
    town = placed(Drawing([shapely.Polygon(west), shapely.Polygon(east)], [], []), *place, angle)
    assert shapely.is_valid(town.polygons).all()
    assert found_gaps(town) == []


@settings(max_examples=80, deadline=None)
@given(
    width=st.floats(0.05, 9.5),
    long=st.floats(60, 2000),
    closed=st.booleans(),
    angle=st.floats(0, 360),
    place=st.sampled_from(_DISTRICTS),
)
def test_narrow_inlets_of_even_width_are_gaps(
    width: float, long: float, closed: bool, angle: float, place: tuple[float, float]
) -> None:
    """A slit between two grids, open at one end or at both."""
    h, far = width / 2, long / 2
    west = shapely.Polygon([(-far, 0), (-h, 0), (-h, long), (-far, long)])
    east = shapely.Polygon([(far, 0), (far, long), (h, long), (h, 0)])
    if closed:
        west = shapely.Polygon([(-far, -far), (0, -far), (0, 0), (-h, 0), (-h, long), (-far, long)])
        east = shapely.Polygon([(0, -far), (far, -far), (far, long), (h, long), (h, 0), (0, 0)])
    found = found_gaps(placed(Drawing([west, east], [], []), *place, angle))
    assert [d.codes for d in found] == [("g0", "g1")]
    assert found[0].width_m == pytest.approx(width, rel=0.03, abs=2 * _STEP_M)
    assert found[0].area_m2 == pytest.approx(width * long, rel=0.02, abs=2 * long * _STEP_M)
