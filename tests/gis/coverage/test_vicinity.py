"""Mending near the defects only is mending everywhere."""

import numpy as np
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gis.coverage import clean
from gis.coverage.cleaning import _mended
from gis.coverage.field import Field
from gis.coverage.vicinity import mended_near_defects, near_defects
from gis.geometry import from_lattice, lattice_geometries
from gis.testing import checkerboard
from tests.gis.coverage.damage import METRE, Geometries, Wall, as_polygons, damage, wall

BASE = (1_200_500_000, 358_800_000)
LOCAL = ("row", "side", "lens", "corner")


def _wall_with_few_defects(seed: int, family: str, metres: float) -> tuple[Wall, Geometries]:
    rng = np.random.default_rng(seed)
    built = wall(rng, rows=7, columns=7, base=BASE)
    return built, damage(rng, built, family, metres)


@settings(max_examples=15, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from(LOCAL),
    st.sampled_from((0.02, 1.0, 8.0, 40.0)),
    st.sampled_from((0.5, 5.0, 30.0)),
)
def test_what_is_near_is_mended_as_if_all_had_been_looked_at(
    seed: int, family: str, metres: float, width: float
) -> None:
    built, polygons = _wall_with_few_defects(seed, family, metres)
    codes = tuple(built.codes)
    ground = Field(codes, polygons)
    near, near_awards = mended_near_defects(ground, width, _mended)
    all_of_it, awards = _mended(codes, lattice_geometries(polygons), width)
    assert shapely.equals_exact(near, all_of_it, 0.0, normalize=True).all()
    assert sorted((a.kind, a.winner, a.losers) for a in near_awards) == sorted(
        (a.kind, a.winner, a.losers) for a in awards
    )


def test_mending_sees_the_far_ones_as_a_few_blocks() -> None:
    rng = np.random.default_rng(5)
    built = wall(rng, rows=30, columns=30, base=BASE)
    rings = [ring.copy() for ring in built.rings]
    rings[400][0] += (3 * METRE, 2 * METRE)
    seen: list[int] = []

    def mend(codes: tuple[str, ...], steps: Geometries, width: float) -> tuple[Geometries, list]:
        seen.append(len(steps))
        return _mended(codes, steps, width)

    ground = Field(tuple(built.codes), as_polygons(rings))
    _, awards = mended_near_defects(ground, 5.0, mend)
    assert awards
    assert max(seen) < 40
    assert near_defects(ground, 5.0).sum() < 15


def test_where_nothing_is_wrong_nothing_is_noded() -> None:
    town = checkerboard(6, 6)
    ground = Field(tuple(town.codes), town.polygons)
    steps, awards = mended_near_defects(ground, 5.0, lambda *_: (_ for _ in ()).throw(AssertionError))
    assert steps is ground.steps
    assert awards == []


def test_a_crumb_draws_in_the_grid_at_its_end() -> None:
    """What an overlap cuts off of a tongue ends at a grid that the overlap does not touch."""
    grids = [
        [
            (0, 0),
            (100, 0),
            (100, 50),
            (103, 50),
            (105, 50),
            (105, 51),
            (103, 51),
            (100, 51),
            (100, 100),
            (0, 100),
        ],
        [(100, 0), (105, 0), (105, 50), (103, 50), (103, 51), (100, 51), (100, 50)],
        [(100, 51), (103, 51), (105, 51), (105, 100), (100, 100)],
        [(105, 0), (200, 0), (200, 100), (105, 100), (105, 51), (105, 50)],
    ]
    grids += [[(x, 100), (x + 20, 100), (x + 20, 150), (x, 150)] for x in range(300, 500, 20)]
    polygons = np.array(
        [shapely.Polygon(from_lattice(np.array(ring) * 100 + BASE)) for ring in grids], dtype=object
    )
    codes = tuple(f"{at:02d}" for at in range(len(polygons)))
    ground = Field(codes, polygons)
    seen: list[int] = []

    def mend(names: tuple[str, ...], steps: Geometries, width: float) -> tuple[Geometries, list]:
        seen.append(len([name for name in names if name]))
        return _mended(names, steps, width)

    near, awards = mended_near_defects(ground, 5.0, mend)
    assert [award.kind for award in awards] == ["overlap", "crumb"]
    assert seen == [3, 4]
    all_of_it, _ = _mended(codes, lattice_geometries(polygons), 5.0)
    assert shapely.equals_exact(near, all_of_it, 0.0, normalize=True).all()


def test_a_wide_gap_wakes_nobody() -> None:
    town = checkerboard(8, 8)
    polygons = np.delete(town.polygons, 27)
    codes = np.delete(np.array(town.codes), 27).tolist()
    assert not near_defects(Field(tuple(codes), polygons), 5.0).any()
    done = clean(codes, polygons, max_width_m=5.0)
    assert [defect.kind for defect in done.left] == ["gap"]
    assert all(a is b for a, b in zip(done.polygons, polygons, strict=True))
