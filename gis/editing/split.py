"""Split: cut one grid by a line or a polygon."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from gis.arrays import Geometries
from gis.defects import names
from gis.editing.code_allocation import north_west_order
from gis.editing.context import Context
from gis.editing.finalize import finish, neighbourhood
from gis.editing.model import Edit
from gis.editing.noding import arrange, joined, lines_of
from gis.editing.operations import Split
from gis.editing.refusals import refuse
from gis.editing.rings import place_of
from gis.editing.sketch_input import drawn

__all__ = ["split"]

_ON_BORDER = 0.75
"""Steps: a place rounded from a border is no further from it than this."""


def split(context: Context, operation: Split) -> Edit:
    """Cut a grid; see `gis.editing.operations.Split`."""
    coverage, code = context.coverage, operation.grid
    at = coverage.position(code)
    by = drawn(operation.by, what="by", kinds=("LineString", "Polygon", "MultiPolygon"))
    shapes = neighbourhood(coverage, coverage.bounds[at])
    grid = shapes[code]
    lines = _inside(code, grid, by)
    arrangement = arrange(shapes, lines, targets=[code])
    faces = arrangement.faces[arrangement.of(code)]
    pieces, rest = _pieces(grid, faces)
    if len(pieces) < 2:
        _misses(code, by)
    largest = int(np.lexsort((np.arange(len(pieces)), -shapely.area(pieces)))[0])
    codes = _codes(context, operation, len(pieces), largest)
    keeper = code if code in codes else codes[largest]
    others = {
        other: shape for other, shape in arrangement.shapes().items() if other != code and other in shapes
    }
    new = dict(zip(codes, pieces, strict=True))
    new[keeper] = joined([new[keeper], *rest])
    words = coverage.attributes_of(code)
    made = {each: words if each == keeper else replace(words, name="") for each in codes}
    return finish(coverage, others | new, attributes=made, retired=[code] if code not in codes else [])


def _inside(code: str, grid: BaseGeometry, by: BaseGeometry) -> BaseGeometry:
    """The part of what was drawn that runs inside the grid, as lines."""
    if by.geom_type != "LineString":
        lines = shapely.intersection(shapely.boundary(by), grid)
    else:
        ends = [] if by.is_closed else [by.coords[0], by.coords[-1]]
        points: Geometries = (
            np.asarray(shapely.points(ends), dtype=object) if ends else np.empty(0, dtype=object)
        )
        free = [
            place_of(point.coords[0])
            for point in points
            if shapely.contains_properly(grid, point)
            and shapely.distance(shapely.boundary(grid), point) > _ON_BORDER
        ]
        if free:
            refuse(
                "line-dangles",
                f"分割线有 {len(free)} 端停在网格 {code} 内部，应穿出边界",
                f"{len(free)} ends of the line lie inside {code}; the line has to cross its border",
                places=free,
            )
        lines = shapely.intersection(by, grid)
    runs = lines_of(lines)
    if runs.is_empty:
        _misses(code, by)
    return runs


def _misses(code: str, by: BaseGeometry) -> None:
    place = place_of(shapely.get_coordinates(by)[0])
    refuse("split-misses", f"没有把网格 {code} 切开", f"{code} is not cut in two", places=[place])


def _pieces(grid: BaseGeometry, faces: NDArray[np.object_]) -> tuple[NDArray[np.object_], list[BaseGeometry]]:
    """Faces of parts that were cut, in the order of numbering, and the parts that were not."""
    parts = shapely.get_parts(grid)
    inner = shapely.point_on_surface(faces)
    nearest = shapely.STRtree(parts).nearest(inner)
    counts = np.bincount(nearest, minlength=len(parts))
    cut = counts[nearest] > 1
    pieces, rest = faces[cut], list(faces[~cut])
    return pieces[north_west_order(pieces)], rest


def _codes(context: Context, operation: Split, count: int, largest: int) -> list[str]:
    """Name the pieces: what was asked for, or the old code for the largest and new ones for the others."""
    asked, code = list(operation.codes), operation.grid
    if asked and len(asked) not in (count, count - 1):
        refuse(
            "code-count",
            f"切成 {count} 块，需要 {count - 1} 或 {count} 个编码，给了 {len(asked)} 个",
            f"cut into {count} pieces: expected {count - 1} or {count} codes, got {len(asked)}",
        )
    if len(set(asked)) != len(asked):
        refuse("duplicate-grid", f"编码重复：{names(asked)}", f"a code is named twice: {names(asked)}")
    if len(asked) == count:
        return [each if each == code else context.given_code(each) for each in asked]
    community = context.coverage.attributes_of(code).community
    fresh = [context.given_code(each) for each in asked] or [
        context.new_code(community) for _ in range(count - 1)
    ]
    return [*fresh[:largest], code, *fresh[largest:]]
