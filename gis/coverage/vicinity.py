"""Mending only where something is wrong.

Noding and tracing take every edge in hand, and most edges of a city lie far from any defect. Polygons that are near
none are put together by the block: what is mended sees the outline of each block, and never what is inside.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import shapely

from gis.arrays import Bools, Geometries, Ints
from gis.coverage.detectors import facing_sides
from gis.coverage.field import Field, degrees_of, project
from gis.coverage.linework import Linework, edges_of
from gis.coverage.openings import INLET_WIDTH_M
from gis.coverage.settling import Award
from gis.coverage.sharing import metres_per_step
from gis.coverage.topology import noded_faces, traced_faces

__all__ = ["Mending", "mended_near_defects", "near_defects"]

Mending = Callable[[tuple[str, ...], Geometries, float], tuple[Geometries, list[Award]]]
"""Mends polygons in lattice steps up to a width in metres: `codes, steps, max_width_m` to the polygons and awards."""
_HAIRLINE, _BESIDE = 1.5, 2.0
"""Lattice steps: closer than the first is a defect; within the second of one is beside it."""
_WIDER, _WIDER_M = 1.2, 1.0
"""Gaps wider than the width by this will not be narrow when what lies beside them is settled."""
_BLOCK = 64
_MOST = 0.8
"""Where more than this part of the polygons is near a defect, blocks save nothing."""


def mended_near_defects(ground: Field, max_width_m: float, mend: Mending) -> tuple[Geometries, list[Award]]:
    """Mend a coverage as `mend` does, at the cost of what is near a defect.

    Parameters
    ----------
    ground : Field
        All polygons.
    max_width_m : float
    mend : callable
        `Mending`.

    Returns
    -------
    polygons : ndarray of object
        In lattice steps; those without a change are the objects of `ground.steps`.
    awards : list of Award
    """
    steps = ground.steps
    near = near_defects(ground, max_width_m)
    while near.any():
        if near.mean() > _MOST:
            return mend(ground.codes, steps, max_width_m)
        inside, outside = np.flatnonzero(near), np.flatnonzero(~near)
        blocks = _blocks(steps[outside])
        codes = (*(ground.codes[at] for at in inside), *[""] * len(blocks))
        after, awards = mend(codes, np.concatenate([steps[inside], blocks]), max_width_m)
        drawn_in = _drawn_in(steps[outside], blocks, after[len(inside) :], awards)
        if drawn_in.any():
            near[outside[drawn_in]] = True
            continue
        out = steps.copy()
        out[inside] = after[: len(inside)]
        return out, [_renumbered(award, inside) for award in awards]
    return steps, []


def near_defects(ground: Field, max_width_m: float) -> Bools:
    """Tell which polygons lie beside something that may be mended; too many rather than too few.

    Examples
    --------
    >>> boxes = [shapely.box(120 + at, 36, 121 + at, 37) for at in range(4)]
    >>> boxes[3] = shapely.box(122.99999, 36, 124, 37)
    >>> near_defects(Field(("a", "b", "c", "d"), np.array(boxes, dtype=object)), 2.0).tolist()
    [False, True, True, True]
    """
    steps = ground.steps
    wrong = shapely.coverage_invalid_edges(steps, gap_width=_HAIRLINE)
    near = np.asarray(~shapely.is_empty(wrong))
    if near.mean() > _MOST:
        return near
    faces = noded_faces(ground.edges, steps) if near.any() else traced_faces(ground.edges)
    tree = shapely.STRtree(steps)
    narrow = _narrow(faces.enclosed, ground, max_width_m)
    places = np.concatenate([shapely.get_parts(wrong[near]), narrow])
    near[tree.query(places, predicate="dwithin", distance=_BESIDE)[1]] = True
    _, sides = facing_sides(faces, ground.metric, width_m=INLET_WIDTH_M)
    if sides.size:
        latitudes = shapely.bounds(ground.degrees)[:, [1, 3]]
        step_m = metres_per_step(float(np.abs(latitudes).max())).min()
        strips = shapely.linestrings(faces.rim[sides])
        near[tree.query(strips, predicate="dwithin", distance=INLET_WIDTH_M / step_m)[1]] = True
    return near


def _narrow(enclosed: Geometries, ground: Field, max_width_m: float) -> Geometries:
    """Choose the gaps that are not surely wider than a width: area over perimeter is at most half of it."""
    if len(enclosed) == 0:
        return enclosed
    metres = project(degrees_of(enclosed), ground.metric)
    wide = 2 * shapely.area(metres) > (_WIDER * max_width_m + _WIDER_M) * shapely.length(metres)
    return np.asarray(enclosed[~wide], dtype=object)


def _blocks(steps: Geometries) -> Geometries:
    """Unite polygons that are a coverage, those of one neighbourhood each."""
    if len(steps) == 0:
        return steps
    low, high = shapely.bounds(steps)[:, :2], shapely.bounds(steps)[:, 2:]
    middle = (low + high) / 2
    west, south = middle.min(axis=0)
    rows = max(1, round(np.sqrt(len(steps) / _BLOCK)))
    size = np.maximum(np.ptp(middle, axis=0), 1.0) / rows
    column, row = np.minimum((middle - (west, south)) // size, rows - 1).astype(np.int64).T
    _, of = np.unique(column * rows + row, return_inverse=True)
    order = np.argsort(of, kind="stable")
    several = np.split(order, np.flatnonzero(np.diff(of[order])) + 1)
    return np.array([shapely.coverage_union_all(steps[few]) for few in several], dtype=object)


def _drawn_in(rest: Geometries, before: Geometries, after: Geometries, awards: Sequence[Award]) -> Bools:
    """Tell which polygons of the blocks got a vertex, or lie along ground that was settled."""
    drawn = np.zeros(len(rest), dtype=bool)
    if len(rest) == 0:
        return drawn
    known = Linework(edges_of(before))
    touched = [edges_of(after[[new is not old for new, old in zip(after, before, strict=True)]]).ends]
    touched[0] = touched[0][known.numbers_of(touched[0]) < 0]
    touched += [award.edges[known.numbers_of(award.edges) >= 0] for award in awards]
    ends = np.concatenate(touched)
    if len(ends):
        lines = shapely.linestrings(ends.astype(np.float64))
        drawn[shapely.STRtree(rest).query(lines, predicate="dwithin", distance=_BESIDE)[1]] = True
    return drawn


def _renumbered(award: Award, numbers: Ints) -> Award:
    losers = tuple(int(numbers[loser]) for loser in award.losers)
    return replace(award, winner=int(numbers[award.winner]), losers=losers)
