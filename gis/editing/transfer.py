"""Land inside a drawn polygon: transfer it to a grid, make a grid of it, or fill a gap."""

from __future__ import annotations

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from gis.defects import names
from gis.editing.context import Context
from gis.editing.finalize import finish, neighbourhood
from gis.editing.model import Edit, GridAttributes
from gis.editing.noding import Arrangement, arrange, joined, lines_of
from gis.editing.operations import Add, Transfer
from gis.editing.refusals import refuse
from gis.editing.rings import place_of
from gis.editing.sketch_input import drawn
from gis.geometry import lattice_geometries

__all__ = ["add", "transfer"]

_AREAS = ("Polygon", "MultiPolygon")


def transfer(context: Context, operation: Transfer) -> Edit:
    """Give land of other grids to one; see `gis.editing.operations.Transfer`."""
    coverage, to = context.coverage, operation.to
    coverage.position(to)
    area = drawn(operation.area, what="area", kinds=_AREAS)
    shapes = neighbourhood(coverage, shapely.bounds(area))
    # What was declared to be nobody's is not given away by the way.
    declared = coverage.excluded_codes
    losers = {
        code: shape
        for code, shape in shapes.items()
        if code != to and code not in declared and _meets(shape, area)
    }
    if not losers:
        refuse(
            "transfer-misses",
            f"所画范围内没有其他网格的土地可划给 {to}",
            f"the area holds no land of other grids to give to {to}",
            places=[place_of(shapely.get_coordinates(area)[0])],
        )
    shapes |= _around(context, losers) | {to: lattice_geometries([coverage.polygon(to)])[0]}
    lines = lines_of(shapely.intersection(shapely.boundary(area), joined(list(losers.values()))))
    arrangement = arrange(shapes, lines, targets=[to, *losers])
    inside = _inside(arrangement, area)
    labels = [to if inside[at] and label in losers else label for at, label in enumerate(arrangement.labels)]
    swallowed = sorted(set(losers) - set(labels))
    if swallowed:
        refuse(
            "swallows-grid",
            f"网格 {names(swallowed)} 的土地会全部划走；请改用合并",
            f"{names(swallowed)} would have no land left; merge instead",
            places=[place_of(shapely.point_on_surface(losers[code]).coords[0]) for code in swallowed],
        )
    if labels == list(arrangement.labels):
        refuse(
            "transfer-misses",
            f"所画范围内没有可划给 {to} 的土地",
            f"the area holds no land to give to {to}",
            places=[place_of(shapely.get_coordinates(area)[0])],
        )
    return finish(coverage, arrangement.shapes(labels))


def add(context: Context, operation: Add) -> Edit:
    """Make a grid of nobody's land, or give it to one; see `gis.editing.operations.Add`."""
    coverage = context.coverage
    area = drawn(operation.area, what="area", kinds=_AREAS)
    if (operation.to is None) == (operation.community is None):
        refuse(
            "missing-field",
            "add 需要 community（新网格）或 to（并入已有网格）之一",
            "add needs either community (a new grid) or to (an existing grid)",
        )
    shapes = neighbourhood(coverage, shapely.bounds(area))
    if operation.to is not None:
        shapes[operation.to] = lattice_geometries([coverage.polygon(operation.to)])[0]
    declared = coverage.excluded_codes
    grids = [shape for code, shape in shapes.items() if code not in declared]
    owned = joined(grids) if grids else shapely.Polygon()
    lines = lines_of(shapely.difference(shapely.boundary(area), owned))
    touched = [code for code, shape in shapes.items() if shapely.intersects(shape, area)]
    arrangement = arrange(shapes, lines, targets=touched)
    inside = _inside(arrangement, area)
    free = [
        at
        for at, label in enumerate(arrangement.labels)
        if inside[at] and (label is None or label in declared)
    ]
    if not free:
        refuse(
            "add-misses",
            "所画范围内的土地都已有归属",
            "all land in the area has an owner",
            places=[place_of(shapely.get_coordinates(area)[0])],
        )
    if operation.to is not None:
        code, words = operation.to, coverage.attributes_of(operation.to)
    else:
        community = context.known_community(str(operation.community))
        code = context.given_code(operation.code) if operation.code else context.new_code(community)
        words = GridAttributes(operation.name, community, operation.kind)
    labels = [code if at in set(free) else label for at, label in enumerate(arrangement.labels)]
    used_up = sorted({str(arrangement.labels[at]) for at in free} & declared - set(labels))
    return finish(coverage, arrangement.shapes(labels), attributes={code: words}, retired=used_up)


def _meets(shape: BaseGeometry, area: BaseGeometry) -> bool:
    """Whether interiors meet."""
    return bool(shapely.relate_pattern(shape, area, "T********"))


def _around(context: Context, shapes: dict[str, BaseGeometry]) -> dict[str, BaseGeometry]:
    box = shapely.total_bounds(np.array(list(shapes.values()), dtype=object))
    return neighbourhood(context.coverage, box)


def _inside(arrangement: Arrangement, area: BaseGeometry) -> list[bool]:
    shapely.prepare(area)
    inner = shapely.point_on_surface(arrangement.faces)
    return [bool(hit) for hit in shapely.contains(area, inner)]
