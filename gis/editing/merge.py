"""Merge grids, and dissolve one into its neighbours."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from gis.defects import names
from gis.editing.context import Context
from gis.editing.finalize import finish, neighbourhood
from gis.editing.model import Edit
from gis.editing.noding import arrange, joined, lines_of
from gis.editing.operations import Merge, Remove
from gis.editing.refusals import refuse
from gis.editing.rings import Edge, as_edges, edge_array, edge_lines, place_of, vertex_set
from gis.geometry import lattice_geometries

__all__ = ["border_lengths", "merge", "remove"]

_FINENESS = 200
"""A border is sampled this many times along the diagonal of the land that is shared out."""


def merge(context: Context, operation: Merge) -> Edit:
    """Make one grid of several; see `gis.editing.operations.Merge`."""
    coverage = context.coverage
    grids = context.grids(operation.grids, least=2)
    shapes = dict(zip(grids, lattice_geometries([coverage.polygon(code) for code in grids]), strict=True))
    _refuse_apart(shapes)
    communities = sorted({coverage.attributes_of(code).community for code in grids})
    if operation.community is None and len(communities) > 1:
        refuse(
            "community-needed",
            f"这些网格分属 {len(communities)} 个社区（{names(communities)}），请指明合并后的社区",
            f"the grids are of {len(communities)} communities ({names(communities)}): name one",
        )
    areas = {code: float(shapely.area(shape)) for code, shape in shapes.items()}
    largest = min(grids, key=lambda code: (-areas[code], code))
    code = operation.code or largest
    words = coverage.attributes_of(code if code in shapes else largest)
    if code not in shapes:
        context.given_code(code)
    if operation.community is not None:
        words = replace(words, community=context.known_community(operation.community))
    return finish(
        coverage,
        {code: joined(list(shapes.values()))},
        attributes={code: words},
        retired=[each for each in grids if each != code],
    )


def _refuse_apart(shapes: dict[str, BaseGeometry]) -> None:
    """Refuse grids that are not one piece by common borders."""
    codes = list(shapes)
    edges, owner = edge_array(list(shapes.values()))
    groups = {code: {code} for code in codes}
    first: dict[Edge, str] = {}
    for edge, at in zip(as_edges(edges), owner.tolist(), strict=True):
        other = first.setdefault(edge, codes[at])
        if groups[other] is not groups[codes[at]]:
            both = groups[other] | groups[codes[at]]
            for code in both:
                groups[code] = both
    apart = [code for code in codes if code not in groups[codes[0]]]
    if not apart:
        return
    together = [code for code in codes if code in groups[codes[0]]]
    touching = vertex_set([shapes[c] for c in together]) & vertex_set([shapes[c] for c in apart])
    if touching:
        refuse(
            "touch-at-point",
            f"网格 {names(apart)} 与 {names(together)} 只在一点相接，不能合并",
            f"{names(apart)} and {names(together)} meet at single points only",
            places=[place_of(vertex) for vertex in sorted(touching)],
        )
    refuse(
        "not-neighbours",
        f"网格 {names(apart)} 与 {names(together)} 不相邻，不能合并",
        f"{names(apart)} and {names(together)} do not meet",
        places=[place_of(shapely.point_on_surface(shapes[code]).coords[0]) for code in (codes[0], apart[0])],
    )


def border_lengths(land: BaseGeometry, shapes: dict[str, BaseGeometry]) -> dict[str, float]:
    """Length of the common border of a piece of land with each polygon that has one (squares of degrees do not
    matter: lengths are compared in degrees of latitude)."""
    edges = _common(land, shapes)
    return {code: float(_metres(mine).sum()) for code, mine in edges.items()}


def _common(land: BaseGeometry, shapes: dict[str, BaseGeometry]) -> dict[str, NDArray[np.int64]]:
    mine = {tuple(row) for row in edge_array([land])[0].tolist()}
    out = {}
    for code, shape in shapes.items():
        edges = edge_array([shape])[0]
        shared = edges[[tuple(row) in mine for row in edges.tolist()]]
        if len(shared):
            out[code] = shared
    return out


def _metres(edges: NDArray[np.int64]) -> NDArray[np.float64]:
    """Relative lengths of short edges: a degree of longitude counts as it is shortened at that latitude."""
    shrink = np.cos(np.radians(edges[:, [1, 3]].mean(axis=1) / 1e7))
    return np.asarray(np.hypot((edges[:, 2] - edges[:, 0]) * shrink, edges[:, 3] - edges[:, 1]))


def remove(context: Context, operation: Remove) -> Edit:
    """Dissolve a grid; see `gis.editing.operations.Remove`."""
    coverage, code = context.coverage, operation.grid
    at = coverage.position(code)
    shapes = neighbourhood(coverage, coverage.bounds[at])
    land = shapes.pop(code)
    if operation.to is not None and not operation.to:
        return finish(coverage, {}, retired=[code])
    won: dict[str, list[BaseGeometry]] = {}
    for declared in coverage.excluded_codes & shapes.keys():
        del shapes[declared]
    if operation.to is None:
        for part in shapely.get_parts(land):
            lengths = border_lengths(part, shapes)
            if not lengths:
                _no_neighbour(code, part)
            won.setdefault(min(lengths, key=lambda each: (-lengths[each], each)), []).append(part)
    else:
        to = context.grids(operation.to)
        if code in to:
            refuse("duplicate-grid", f"{code} 不能并入自身", f"{code} cannot be given to itself")
        if len(to) == 1:
            shapes[to[0]] = lattice_geometries([coverage.polygon(to[0])])[0]
            won[to[0]] = [land]
        else:
            return _shared_out(context, code, land, shapes, to)
    return finish(
        coverage,
        {each: joined([shapes[each], *parts]) for each, parts in won.items()},
        retired=[code],
    )


def _no_neighbour(code: str, part: BaseGeometry) -> None:
    refuse(
        "no-neighbour",
        f"网格 {code} 没有可以接收土地的相邻网格；请用 to 指明，或给空列表使其不属于任何网格",
        f"no grid borders this land of {code}: name one in `to`, or give an empty list to leave it to nobody",
        places=[place_of(shapely.point_on_surface(part).coords[0])],
    )


def _shared_out(
    context: Context, code: str, land: BaseGeometry, shapes: dict[str, BaseGeometry], to: tuple[str, ...]
) -> Edit:
    """Cut land along the lines that are equally far from the borders of several grids."""
    receivers = {each: shapes[each] for each in to if each in shapes}
    borders = _common(land, receivers)
    missing = [each for each in to if each not in borders]
    if missing:
        refuse(
            "not-neighbours",
            f"网格 {names(missing)} 与 {code} 没有公共边界",
            f"{names(missing)} have no border with {code}",
            places=[place_of(shapely.point_on_surface(land).coords[0])],
        )
    west, south, east, north = shapely.bounds(land)
    spacing = max(float(np.hypot(east - west, north - south)) / _FINENESS, 4.0)
    samples, owners = _samples(borders, spacing)
    cells = shapely.get_parts(
        shapely.voronoi_polygons(
            shapely.multipoints(samples), extend_to=shapely.box(west, south, east, north)
        )
    )
    cell_of = shapely.STRtree(cells).nearest(samples)
    names_of = np.array(list(borders), dtype=object)[owners]
    regions = {each: shapely.union_all(cells[cell_of[names_of == each]]) for each in borders}
    lines = shapely.union_all([shapely.boundary(region) for region in regions.values()])
    inside = shapely.simplify(shapely.line_merge(shapely.intersection(lines, land)), 2 * spacing)
    arrangement = arrange(shapes | {code: land}, lines_of(inside), targets=[code, *borders])
    nearest = shapely.STRtree(samples).nearest(shapely.point_on_surface(arrangement.faces))
    labels = [
        names_of[near] if label == code else label
        for label, near in zip(arrangement.labels, nearest.tolist(), strict=True)
    ]
    return finish(context.coverage, arrangement.shapes(labels), retired=[code])


def _samples(
    borders: dict[str, NDArray[np.int64]], spacing: float
) -> tuple[NDArray[np.object_], NDArray[np.int64]]:
    """Places along each border, the middles of steps of equal length, so that no place is on two borders."""
    points, owners = [], []
    for at, edges in enumerate(borders.values()):
        for line in edge_lines(edges):
            count = max(1, int(np.ceil(line.length / spacing)))
            where = (np.arange(count) + 0.5) / count
            points.append(shapely.line_interpolate_point(line, where, normalized=True))
            owners.append(np.full(count, at))
    return np.concatenate(points), np.concatenate(owners)
