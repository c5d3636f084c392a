"""What an operation may not do: change the border along the 180th meridian, whose other side it does not see.

Operations work on the plane of longitude and latitude, where grids on the two sides of the meridian are far apart. All
that leaves the line along the meridian as it is, vertex by vertex, is right on both sides.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import shapely

from gis.editing.model import Coverage, Edit
from gis.editing.refusals import refuse
from gis.geometry import from_lattice, lattice_geometries

__all__ = ["refuse_changed_meridian"]

_MERIDIAN = 1_800_000_000
Piece = tuple[int, int, int]


def refuse_changed_meridian(before: Coverage, edit: Edit) -> None:
    """Refuse an edit after which the borders along the meridian are others than before.

    Raises
    ------
    OperationRefused
        ``at-the-meridian``.
    """
    after = edit.coverage
    old = _along_meridian(before, [code for code in (*edit.changed, *edit.retired) if code in before])
    new = _along_meridian(after, [code for code in (*edit.changed, *edit.created) if code in after])
    if old == new:
        return
    x, low, high = min(old ^ new)
    place = (float(from_lattice(x)), float(from_lattice((low + high) // 2)))
    refuse(
        "at-the-meridian",
        "这一步会改动 180 度经线上的边界，草案看不到经线另一侧的网格；请改好边界文件后用 wangge grids import 导入",
        "this would change the border along the 180th meridian, whose other side a draft does not see; change the "
        "boundary file and use wangge grids import",
        places=[place],
    )


def _along_meridian(coverage: Coverage, codes: Iterable[str]) -> set[Piece]:
    """Edges of some grids that run along the meridian: longitude and both latitudes, in lattice steps."""
    shapes = lattice_geometries([coverage.polygon(code) for code in codes])
    bounds = shapely.bounds(shapes)
    shapes = shapes[(bounds[:, 0] == -_MERIDIAN) | (bounds[:, 2] == _MERIDIAN)] if len(shapes) else shapes
    rings = shapely.get_rings(shapely.get_parts(shapes)) if len(shapes) else shapes
    found: set[Piece] = set()
    for ring in rings:
        xy = shapely.get_coordinates(ring).astype(np.int64)
        on = (np.abs(xy[1:, 0]) == _MERIDIAN) & (xy[1:, 0] == xy[:-1, 0])
        for (x, y), (_, other) in zip(xy[1:][on].tolist(), xy[:-1][on].tolist(), strict=True):
            found.add((x, min(y, other), max(y, other)))
    return found
