"""Narrow strips between polygons that are open to the outside: what ground they are, exact on the lattice, and whose
they become."""

from __future__ import annotations

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from gis.arrays import Geometries
from gis.coverage.contested import Piece, pieces_of
from gis.coverage.detectors import Strip, open_strips
from gis.coverage.field import Field
from gis.coverage.linework import Zone, boundary_edges, ground_within
from gis.coverage.noding import node
from gis.coverage.settling import Award, award_gap, rebuilt
from gis.coverage.snapping import snap_coverage
from gis.crs import to_wgs84
from gis.geometry import SCALE, geometry_array, polygon_parts

__all__ = ["INLET_WIDTH_M", "award_openings", "strip_cover"]

INLET_WIDTH_M = 10.0
"""Gaps open to the outside are looked for up to this width, as `check` does: wider ones may be creeks."""
_SEAM_M = 0.03
"""Strips are grown over their sides by more than a lattice step, so that no hairline is left."""


def award_openings(
    codes: tuple[str, ...], steps: Geometries, *, max_width_m: float
) -> tuple[Geometries, list[Award]]:
    """Give each open strip that is narrow enough to those beside it.

    Returns
    -------
    steps : ndarray
        The polygons with a vertex where a mouth ends within an edge.
    awards : list of Award
    """
    # As `check` sees them: a hairline that rounding closes would make a strip longer, and a creek of it.
    ground = Field(codes, snap_coverage(shapely.transform(steps, lambda xy: xy / SCALE)).polygons)
    strips = [strip_cover(strip, ground) for strip in open_strips(ground, width_m=INLET_WIDTH_M)]
    covers, _ = polygon_parts([shape for shape in strips if shape is not None])
    if len(covers) == 0:
        return steps, []
    both, linework = node(np.concatenate([steps, covers]))
    ours = len(steps)
    tree = shapely.STRtree(both)
    awards: list[Award] = []
    for at in range(ours, len(both)):
        for part in polygon_parts(geometry_array(_without_spurs(both[at])))[0]:
            near = np.sort(tree.query(part)).tolist()
            pieces = pieces_of(Zone(shapely.orient_polygons(part), contested=False), linework, both, near)
            for piece in pieces:
                # What several strips cover is one ground: the last has it.
                if max(piece.owners, default=0) == at and min(piece.owners) >= ours:
                    sides = {who: piece.sides_of(who) for who in _owners_beside(piece, ours)}
                    awards += award_gap(piece.shape, sides, max_width_m=max_width_m)
    # New vertices may make a ring touch itself: the same ground, in valid form.
    return rebuilt(both[:ours], steps), awards


def _without_spurs(cover: BaseGeometry) -> BaseGeometry | None:
    """Drop where the rim runs to a new vertex and back: lines that are there twice bound no face."""
    return cover if shapely.is_valid(cover) else ground_within(boundary_edges(cover))


def _owners_beside(piece: Piece, ours: int) -> list[int]:
    return sorted({who for owners in piece.owners_beyond() for who in owners if who < ours})


def strip_cover(strip: Strip, ground: Field) -> BaseGeometry | None:
    """Cover a strip and a little of its sides, but nothing beyond its mouth; in lattice steps."""
    grown = shapely.intersection(shapely.buffer(strip.shape, _SEAM_M, join_style="mitre"), strip.closed)

    def turn(xy: np.ndarray) -> np.ndarray:
        return np.column_stack(to_wgs84(xy[:, 0], xy[:, 1], ground.metric)) * SCALE

    moved = shapely.set_precision(shapely.transform(grown, turn), 1.0)
    return None if shapely.is_empty(moved) else moved
