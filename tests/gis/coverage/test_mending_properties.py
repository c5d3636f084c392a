"""What mending promises, on coverages damaged in every way that real ones are."""

import numpy as np
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gis.coverage import check, clean
from gis.coverage.sharing import metres_per_step
from gis.geometry import lattice_geometries
from gis.measures import geodesic_area_m2
from gis.testing import assert_on_lattice
from tests.gis.coverage.damage import Geometries, Wall, damaged_walls, wall

WIDTHS = st.sampled_from((0.05, 0.5, 2.0, 6.0, 15.0, 60.0))
STEP_M = 0.0115


def _in_metres(polygons: Geometries) -> Geometries:
    steps = lattice_geometries(polygons)
    west, south, _, north = shapely.total_bounds(steps)
    scale = metres_per_step((south + north) / 2e7)
    return np.asarray(shapely.transform(steps, lambda xy: (xy - (west, south)) * scale), dtype=object)


def _errors(defects: list) -> list:
    return [d for d in defects if d.kind in ("gap", "overlap") and d.severity == "error"]


@settings(max_examples=60, deadline=None)
@given(damaged_walls(), WIDTHS)
def test_what_is_left_is_what_check_says_and_mending_again_changes_nothing(
    drawn: tuple[Wall, Geometries], width: float
) -> None:
    built, polygons = drawn
    done = clean(built.codes, polygons, max_width_m=width)
    assert done.left == check(built.codes, done.polygons)
    assert done.clean == (not any(d.severity == "error" for d in done.left))
    assert_on_lattice(done.polygons)
    assert shapely.is_valid(done.polygons).all()
    again = clean(built.codes, done.polygons, max_width_m=width)
    assert again.moved == []
    assert (again.gaps, again.overlaps) == (0, 0)
    assert all(a is b for a, b in zip(again.polygons, done.polygons, strict=True))


@settings(max_examples=60, deadline=None)
@given(damaged_walls(), WIDTHS)
def test_nobody_wins_or_loses_ground_farther_off_than_the_width(
    drawn: tuple[Wall, Geometries], width: float
) -> None:
    built, polygons = drawn
    done = clean(built.codes, polygons, max_width_m=width)
    assert all(m.reach_m <= width + 0.006 for m in done.moved)
    before, after = _in_metres(np.concatenate([polygons, done.polygons])).reshape(2, -1)
    told = {m.code: max(m.reach_m, m.moved_m) for m in done.moved}
    for code, had, has in zip(built.codes, before, after, strict=True):
        # From the outside: every place of one lies as near to the other, but for the rounding of the lattice.
        # The chords of a coarse circle would fall short by more than that: 0.5 % of 60 m with 8 to a quarter.
        allowed = told.get(code, STEP_M) + 3 * STEP_M
        assert shapely.covers(shapely.buffer(had, allowed, quad_segs=64), has)
        assert shapely.covers(shapely.buffer(has, allowed, quad_segs=64), had)


@settings(max_examples=40, deadline=None)
@given(damaged_walls())
def test_a_wider_width_never_mends_less(drawn: tuple[Wall, Geometries]) -> None:
    built, polygons = drawn
    before = np.inf
    for width in (0.05, 0.5, 2.0, 6.0, 15.0, 60.0):
        left = _errors(clean(built.codes, polygons, max_width_m=width).left)
        area = sum(d.area_m2 or 0.0 for d in left)
        assert area <= before * 1.001 + 0.5
        before = area


@settings(max_examples=60, deadline=None)
@given(damaged_walls(), WIDTHS)
def test_only_gaps_add_ground(drawn: tuple[Wall, Geometries], width: float) -> None:
    built, polygons = drawn
    done = clean(built.codes, polygons, max_width_m=width)
    before, after = (float(geodesic_area_m2([shapely.union_all(p)])[0]) for p in (polygons, done.polygons))
    # Borders that got a vertex moved by half a step at most.
    rounding = STEP_M * float(shapely.length(_in_metres(polygons)).sum())
    assert after >= before - rounding
    if done.gaps == 0:
        assert after <= before + rounding


@settings(max_examples=40, deadline=None)
@given(damaged_walls(), WIDTHS, st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(
    drawn: tuple[Wall, Geometries], width: float, random: object
) -> None:
    built, polygons = drawn
    order = list(range(len(polygons)))
    random.shuffle(order)  # type: ignore[attr-defined]
    one = clean(built.codes, polygons, max_width_m=width)
    other = clean([built.codes[at] for at in order], polygons[order], max_width_m=width)
    assert one.moved == other.moved
    assert all(shapely.equals_exact(one.polygons[order], other.polygons))


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from((0.3, 4.0, 11.0)), WIDTHS)
def test_rows_beside_no_defect_are_the_objects_that_were_given(
    seed: int, metres: float, width: float
) -> None:
    rng = np.random.default_rng(seed)
    built = wall(rng, rows=5, columns=5, base=(1_200_500_000, 358_800_000))
    polygons = built.polygons()
    at = int(rng.integers(0, len(polygons)))
    ring = built.rings[at].copy()
    ring[rng.integers(0, len(ring))] += rng.integers(-int(metres * 90), int(metres * 90) + 1, 2)
    moved = shapely.Polygon(ring / 1e7)
    if not moved.is_valid:
        return
    far = np.flatnonzero(~shapely.dwithin(shapely.union(moved, polygons[at]), polygons, 0.0))
    polygons[at] = moved
    done = clean(built.codes, polygons, max_width_m=width)
    assert all(done.polygons[row] is polygons[row] for row in far.tolist())
