"""Squares beside each other with gaps and overlaps of known widths."""

from __future__ import annotations

import numpy as np
import shapely

from gis.coverage import Defect
from gis.testing import checkerboard

M = 1.11e-5
"""A metre in degrees of longitude at 36 N."""


def board() -> tuple[list[str], np.ndarray]:
    """Nine squares: an overlap of 30 m, one of 1 m, a gap of 3 m and one of 8 m."""
    town = checkerboard(3, 3)
    shapes = town.polygons.copy()
    shapes[1] = shapely.box(120.01 - 30 * M, 36.0, 120.02, 36.01)
    shapes[2] = shapely.box(120.02 - 1 * M, 36.0, 120.03, 36.01)
    shapes[4] = shapely.box(120.01 + 3 * M, 36.01, 120.02 - 8 * M, 36.02)
    return list(town.codes), shapes


def widths(defects: list[Defect], kind: str) -> list[int]:
    """Widths of the errors of a kind, whole metres."""
    return sorted(round(d.width_m) for d in defects if d.kind == kind and d.severity == "error")
