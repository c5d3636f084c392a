"""Edges that run along a neighbour's without sharing its vertices."""

from __future__ import annotations

import numpy as np
import shapely

from gis.coverage.field import Field
from gis.defects import Defect
from gis.geometry import SCALE
from gis.text import Text

__all__ = ["mismatches"]


def mismatches(ground: Field, overlapping: list[Defect]) -> list[Defect]:
    """Find edges that run along a neighbour's without sharing its vertices, where no overlap explains them."""
    explained = {code for defect in overlapping for code in defect.codes}
    found = []
    for at in np.flatnonzero(~shapely.is_empty(ground.invalid_edges)):
        if ground.codes[at] in explained:
            continue
        x, y = shapely.get_coordinates(ground.invalid_edges[at])[0] / SCALE
        found.append(
            Defect(
                "mismatched-edge",
                "error",
                (ground.codes[at],),
                (float(x), float(y)),
                detail=Text(
                    f"网格 {ground.codes[at]} 与相邻网格的公共边界节点不一致",
                    f"{ground.codes[at]} does not share the vertices of a common border",
                ),
                rows=ground.rows_at([int(at)]),
            )
        )
    return found
