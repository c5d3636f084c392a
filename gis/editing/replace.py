"""Take over grids that were drawn elsewhere."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import shapely

from gis.coverage import snap_coverage
from gis.editing.context import Context
from gis.editing.finalize import finish, neighbourhood
from gis.editing.model import Edit, GridAttributes
from gis.editing.operations import Replace, ReplacedGrid
from gis.editing.refusals import refuse
from gis.editing.rings import degrees_of
from gis.editing.sketch_input import drawn
from gis.errors import InvalidGeometry
from gis.geometry import lattice_geometries

__all__ = ["replace_grids"]


def replace_grids(context: Context, operation: Replace) -> Edit:
    """Put polygons of a file in the place of those there are; see `gis.editing.operations.Replace`."""
    coverage = context.coverage
    removed = context.grids(operation.removed, least=0)
    shapes, words = {}, {}
    for grid in operation.grids:
        if grid.code in shapes or grid.code in removed:
            refuse("duplicate-grid", f"网格 {grid.code} 列了两次", f"{grid.code} is named twice")
        shapes[grid.code] = drawn(grid.geometry, what=grid.code, kinds=("Polygon", "MultiPolygon"))
        words[grid.code] = _attributes(context, grid)
    if not shapes and not removed:
        refuse("nothing-changes", "没有要替换的网格", "no grid to replace")
    if not shapes:
        return finish(coverage, {}, retired=removed, prune=False)
    old = lattice_geometries([coverage.polygon(code) for code in {*shapes, *removed} if code in coverage])
    box = shapely.total_bounds(np.array([*old, *shapes.values()], dtype=object))
    ground = neighbourhood(coverage, box)
    after = {code: shape for code, shape in ground.items() if code not in removed} | shapes
    degrees = np.array([degrees_of(shape) for shape in after.values()], dtype=object)
    try:
        # A border that meets a neighbour's between two of its vertices: the neighbour gets the vertex.
        mended = lattice_geometries(snap_coverage(degrees, hairlines="rounding").polygons)
    except InvalidGeometry as error:
        refuse("bad-geometry", error.detail.zh, error.detail.en, places=error.places)
    return finish(
        coverage, dict(zip(after, mended, strict=True)), attributes=words, retired=removed, prune=False
    )


def _attributes(context: Context, grid: ReplacedGrid) -> GridAttributes:
    if grid.code in context.coverage:
        words = context.coverage.attributes_of(grid.code)
    else:
        if grid.community is None:
            refuse(
                "missing-field",
                f"新网格 {grid.code} 缺少 community",
                f"the new grid {grid.code} lacks the field community",
            )
        words = GridAttributes("", grid.community)
        context.given_code(grid.code)
    if grid.community is not None:
        words = replace(words, community=context.known_community(grid.community))
    return replace(
        words,
        name=words.name if grid.name is None else grid.name.strip(),
        kind=grid.kind or words.kind,
    )
