"""Give a grid the polygon that somebody drew for it, and let its neighbours follow."""

from __future__ import annotations

import shapely
from shapely.geometry.base import BaseGeometry

from gis.arrays import Bools
from gis.defects import names
from gis.editing.context import Context
from gis.editing.finalize import finish, neighbourhood
from gis.editing.merge import border_lengths
from gis.editing.model import Edit, GridAttributes
from gis.editing.noding import Arrangement, arrange, joined
from gis.editing.operations import Paint
from gis.editing.refusals import refuse
from gis.editing.rings import place_of
from gis.editing.sketch_input import drawn

__all__ = ["paint"]


def paint(context: Context, operation: Paint) -> Edit:
    """Lay a polygon over the coverage; see `gis.editing.operations.Paint`."""
    coverage = context.coverage
    area = drawn(operation.area, what="area", kinds=("Polygon", "MultiPolygon"))
    code, words = _named(context, operation)
    # Each by itself: between a grid and what is drawn far from it may lie grids whose neighbours are not here.
    shapes = neighbourhood(coverage, shapely.bounds(area))
    if not words:
        shapes |= neighbourhood(coverage, coverage.bounds[coverage.position(code)])
    met = [each for each, shape in shapes.items() if each == code or _meets(shape, area)]
    # All of them: whoever receives land has to be wholly there.
    arrangement = arrange(shapes, shapely.boundary(area), targets=shapes)
    shapely.prepare(area)
    inside = shapely.contains(area, shapely.point_on_surface(arrangement.faces))
    labels = [code if hit else label for hit, label in zip(inside, arrangement.labels, strict=True)]
    if not inside.any():
        refuse(
            "ring-folds",
            f"所画的 {code} 在 1e-7 度的格点上没有面积",
            f"what was drawn for {code} has no surface on the lattice of 1e-7 degree",
            places=[place_of(shapely.get_coordinates(area)[0])],
        )
    receivers = {each: shape for each, shape in shapes.items() if each not in coverage.excluded_codes}
    _give_back(code, arrangement, receivers, inside, labels)
    gone = sorted(each for each in met if each != code and each not in labels)
    # What was declared to be nobody's ends where somebody draws a grid over it.
    swallowed = [each for each in gone if each not in coverage.excluded_codes]
    if swallowed:
        refuse(
            "swallows-grid",
            f"网格 {names(swallowed)} 的土地会全部被 {code} 覆盖；请改用合并",
            f"{names(swallowed)} would have no land left under {code}; merge instead",
            places=[place_of(shapely.point_on_surface(shapes[each]).coords[0]) for each in swallowed],
        )
    ended = coverage.excluded_codes.intersection(gone)
    edit = finish(coverage, arrangement.shapes(labels), attributes=words, retired=ended)
    if not edit.created and not edit.changed:
        refuse(
            "nothing-changes",
            f"所画的就是 {code} 现在的边界",
            f"what was drawn is the border of {code} as it is",
            places=[place_of(shapely.get_coordinates(area)[0])],
        )
    return edit


def _named(context: Context, operation: Paint) -> tuple[str, dict[str, GridAttributes]]:
    """The code of the grid, and what is said of it when it is new."""
    if operation.grid is not None:
        context.coverage.position(operation.grid)
        return operation.grid, {}
    if operation.community is None:
        refuse(
            "missing-field",
            "paint 需要 grid（已有网格）或 community（新网格）",
            "paint needs either grid (an existing one) or community (for a new one)",
        )
    community = context.known_community(operation.community)
    code = context.given_code(operation.code) if operation.code else context.new_code(community)
    return code, {code: GridAttributes(operation.name, community, operation.kind)}


def _give_back(
    code: str,
    arrangement: Arrangement,
    shapes: dict[str, BaseGeometry],
    inside: Bools,
    labels: list[str | None],
) -> None:
    """Label the land that the grid gives up, piece by piece: the neighbour with the longest common border has it."""
    left = [at for at, label in enumerate(arrangement.labels) if label == code and not inside[at]]
    if not left:
        return
    around = arrangement.shapes(labels)
    others = {each: around.get(each, shape) for each, shape in shapes.items() if each != code}
    pieces = shapely.get_parts(joined(arrangement.faces[left]))
    for piece in pieces:
        lengths = border_lengths(piece, others)
        winner = min(lengths, key=lambda each: (-lengths[each], each)) if lengths else None
        shapely.prepare(piece)
        for at in left:
            if shapely.contains(piece, shapely.point_on_surface(arrangement.faces[at])):
                labels[at] = winner


def _meets(shape: BaseGeometry, area: BaseGeometry) -> bool:
    """Whether interiors meet."""
    return bool(shapely.relate_pattern(shape, area, "T********"))
