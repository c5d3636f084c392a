"""Coverages of bricks, damaged in the ways that real ones are: each polygon drawn, shifted or thinned by itself."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from hypothesis import strategies as st
from numpy.typing import NDArray

from gis.geometry import from_lattice

Geometries = NDArray[np.object_]
BASES = ((1_200_500_000, 358_800_000), (-876_300_000, 418_800_000), (-3, -5), (1_031_000_000, 13_000_000))
METRE = 90
"""Lattice steps in a metre, about."""
FAMILIES = ("jitter", "row", "side", "lens", "thinned", "joint", "corner", "hair")


@dataclass(frozen=True)
class Wall:
    """Rows of bricks whose joints do not meet: polygons that share every vertex along their borders."""

    rows: list[list[int]]
    """Numbers of the bricks of each row."""
    rings: list[NDArray[np.int64]]
    """The vertices of each brick, anticlockwise from its south-west corner, lattice steps."""
    top: list[int]
    """How many vertices each has along its southern side."""

    @property
    def codes(self) -> list[str]:
        return [f"g{at:03d}" for at in range(len(self.rings))]

    def polygons(self) -> Geometries:
        return as_polygons(self.rings)


def as_polygons(rings: list[NDArray[np.int64]]) -> Geometries:
    return np.array([shapely.Polygon(from_lattice(ring)) for ring in rings], dtype=object)


def wall(rng: np.random.Generator, *, rows: int, columns: int, base: tuple[int, int], bend: int = 20) -> Wall:
    """Build a wall of bricks of 100 to 400 m, its vertices bent by up to `bend` metres."""
    height = rng.integers(100, 300, rows) * METRE
    y = base[1] + np.concatenate([[0], np.cumsum(height)])
    wide = int(columns * 250 * METRE)
    joints = []
    for _ in range(rows):
        inner = np.sort(rng.choice(np.arange(1, columns * 5), columns - 1, replace=False)) * (
            wide // (columns * 5)
        )
        joints.append(np.concatenate([[0], inner, [wide]]) + base[0])
    moved: dict[tuple[int, int], tuple[int, int]] = {}

    def bent(x: int, at: int) -> tuple[int, int]:
        if (x, at) not in moved:
            dx, dy = rng.integers(-bend * METRE, bend * METRE + 1, 2) if bend else (0, 0)
            moved[x, at] = (int(x + dx), int(y[at] + dy))
        return moved[x, at]

    numbers: list[list[int]] = []
    rings: list[NDArray[np.int64]] = []
    south_sides: list[int] = []
    for row in range(rows):
        numbers.append([])
        for west, east in zip(joints[row][:-1].tolist(), joints[row][1:].tolist(), strict=True):
            below = {west, east} | (
                {x for x in joints[row - 1].tolist() if west < x < east} if row else set()
            )
            above = {west, east} | (
                {x for x in joints[row + 1].tolist() if west < x < east} if row + 1 < rows else set()
            )
            south = [bent(x, row) for x in sorted(below)]
            north = [bent(x, row + 1) for x in sorted(above, reverse=True)]
            numbers[-1].append(len(rings))
            south_sides.append(len(south))
            rings.append(np.array([*south, *north], dtype=np.int64))
    return Wall(numbers, rings, south_sides)


def damage(rng: np.random.Generator, built: Wall, family: str, metres: float) -> Geometries:
    """Damage a wall; what comes out is valid, or the brick is left as it was."""
    rings = [ring.copy() for ring in built.rings]
    size = max(1, round(metres * METRE))
    some = rng.integers(0, len(rings))
    ring, south = rings[some], built.top[some]
    if family == "jitter":
        rings = [one + rng.integers(-size // 2, size // 2 + 1, one.shape) for one in rings]
    elif family == "row":
        # Every brick of a row loses (or wins) a strip along its southern side: a gap along many neighbours.
        sign = rng.choice([-1, 1])
        for at in built.rows[rng.integers(0, len(built.rows))]:
            rings[at][: built.top[at], 1] += sign * size
    elif family == "side":
        side = slice(0, south) if rng.random() < 0.5 else slice(south - 1, south + 1)
        ring[side] += rng.integers(-size, size + 1, 2)
    elif family == "lens":
        at = rng.integers(0, len(ring))
        middle = (ring[at] + ring[(at + 1) % len(ring)]) // 2 + rng.integers(-size, size + 1, 2)
        rings[some] = np.insert(ring, at + 1, middle, axis=0)
    elif family == "thinned":
        for at, one in enumerate(rings):
            if len(one) > 4:
                rings[at] = np.delete(one, rng.integers(0, len(one)), axis=0)
    elif family == "joint":
        # A vertex on a neighbour's border, or a step beside it.
        for at, one in enumerate(rings):
            edge = rng.integers(0, len(one))
            part = rng.random()
            middle = np.rint(one[edge] + part * (one[(edge + 1) % len(one)] - one[edge])).astype(np.int64)
            rings[at] = np.insert(one, edge + 1, middle + rng.integers(-1, 2, 2), axis=0)
    elif family == "corner":
        ring[rng.integers(0, len(ring))] += rng.integers(-size, size + 1, 2)
    elif family == "hair":
        for at, one in enumerate(rings):
            rings[at] = one + rng.integers(-2, 3, one.shape)
    out = as_polygons(rings)
    bad = ~shapely.is_valid(out)
    out[bad] = built.polygons()[bad]
    return out


@st.composite
def damaged_walls(draw: st.DrawFn, *, most: int = 4) -> tuple[Wall, Geometries]:
    """Draw a wall and what damage of one or two families leaves of it."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    built = wall(
        rng,
        rows=draw(st.integers(1, most)),
        columns=draw(st.integers(1, most)),
        base=draw(st.sampled_from(BASES)),
        bend=draw(st.sampled_from((0, 0, 20))),
    )
    now = built
    polygons = built.polygons()
    for _ in range(draw(st.integers(1, 2))):
        metres = draw(st.sampled_from((0.02, 0.3, 1.0, 4.0, 11.0, 40.0)))
        polygons = damage(rng, now, draw(st.sampled_from(FAMILIES)), metres)
        rings = [np.rint(shapely.get_coordinates(one)[:-1] * 1e7).astype(np.int64) for one in polygons]
        now = Wall(now.rows, rings, now.top)
    return built, polygons
