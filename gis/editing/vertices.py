"""Vertices: move, insert, delete, in every grid that has them; and move a whole border."""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from gis.arrays import Ints
from gis.editing.context import Context
from gis.editing.finalize import finish, neighbourhood
from gis.editing.model import Edit
from gis.editing.operations import DeleteVertex, InsertVertex, MoveBorder, MoveVertex
from gis.editing.refusals import refuse
from gis.editing.rings import (
    Folded,
    Vertex,
    changed_rings,
    edge_array,
    place_of,
    through_pixel,
    vertex_set,
)
from gis.editing.sketch_input import check_places, place_on_lattice
from gis.geometry import lattice_geometries, to_lattice

__all__ = ["delete_vertex", "insert_vertex", "move_border", "move_vertex"]


def move_vertex(context: Context, operation: MoveVertex) -> Edit:
    """Move one vertex; see `gis.editing.operations.MoveVertex`."""
    old = place_on_lattice(operation.from_, what="from")
    new = place_on_lattice(operation.to, what="to")
    if old == new:
        refuse("nothing-changes", "新旧位置相同", "the vertex is there already", places=[place_of(old)])
    return _moved(context, {old: new})


def move_border(context: Context, operation: MoveBorder) -> Edit:
    """Move a common border; see `gis.editing.operations.MoveBorder`."""
    one, other = context.grids(operation.grids, least=2)
    shapes = lattice_geometries([context.coverage.polygon(one), context.coverage.polygon(other)])
    edges, owner = edge_array(shapes)
    theirs = {tuple(row) for row in edges[owner == 1].tolist()}
    shared = [tuple(row) for row in edges[owner == 0].tolist() if tuple(row) in theirs]
    if not shared:
        refuse(
            "not-neighbours",
            f"网格 {one} 与 {other} 没有公共边界",
            f"{one} and {other} have no common border",
            places=[place_of(shapely.point_on_surface(shape).coords[0]) for shape in shapes],
        )
    east, north = to_lattice(operation.by).tolist()
    if (east, north) == (0, 0):
        refuse("nothing-changes", "位移为零", "the offset is nothing")
    vertices = {v for x1, y1, x2, y2 in shared for v in ((x1, y1), (x2, y2))}
    moves = {(x, y): (x + east, y + north) for x, y in vertices}
    check_places([place_of(new) for new in moves.values()], what="by")
    return _moved(context, moves)


def insert_vertex(context: Context, operation: InsertVertex) -> Edit:
    """Put a vertex into a border; see `gis.editing.operations.InsertVertex`."""
    at = place_on_lattice(operation.at, what="at")
    shapes = neighbourhood(context.coverage, (*at, *at))
    if at in vertex_set(list(shapes.values())):
        refuse("vertex-exists", "此处已有节点", "there is a vertex already", places=[place_of(at)])
    changed = _with_vertices(shapes, {at})
    if not changed:
        refuse(
            "not-on-border",
            "此处没有网格边界；位置须在边界上（1 厘米以内）",
            "no border runs there; the place has to be on one, within 1 cm",
            places=[place_of(at), *_nearest(shapes, at)],
        )
    return finish(context.coverage, changed, prune=False)


def delete_vertex(context: Context, operation: DeleteVertex) -> Edit:
    """Take a vertex out of a border; see `gis.editing.operations.DeleteVertex`."""
    at = place_on_lattice(operation.at, what="at")
    shapes = neighbourhood(context.coverage, (*at, *at))
    having = _having(shapes, {at})
    edges, _ = edge_array(list(having.values()))
    ends = {(a, b) if (c, d) == at else (c, d) for a, b, c, d in edges.tolist() if at in ((a, b), (c, d))}
    if len(ends) > 2:
        refuse(
            "vertex-is-junction",
            f"此处有 {len(ends)} 条边界相交，不能删除节点",
            f"{len(ends)} borders meet at this vertex: it cannot be deleted",
            places=[place_of(at)],
        )
    after = {
        code: _rebuilt(code, shape, lambda ring: [v for v in ring if v != at])
        for code, shape in having.items()
    }
    return finish(context.coverage, after, prune=False)


def _moved(context: Context, moves: dict[Vertex, Vertex]) -> Edit:
    spots = np.array(list(moves), dtype=np.float64)
    box = (*spots.min(axis=0), *spots.max(axis=0))
    having = _having(neighbourhood(context.coverage, box), set(moves))
    after = {}
    for code, shape in having.items():
        after[code] = _rebuilt(code, shape, lambda ring: [moves.get(v, v) for v in ring])
        if _turned(shape, after[code], moves):
            _fold(code, next(iter(moves.values())))
    bounds = shapely.total_bounds(np.array(list(after.values()), dtype=object))
    ground = neighbourhood(context.coverage, bounds) | after
    # A vertex that lands on a border is put into it; so are vertices that a moved border now runs through.
    landed = {new for old, new in moves.items() if old != new}
    after |= _with_vertices(ground, landed)
    moved = {code: ground[code] if code not in after else after[code] for code in having}
    others = vertex_set(list(ground.values()))
    after |= _with_vertices(ground | after, others, only=_edges_at(moved, landed))
    return finish(context.coverage, after, prune=False)


def _having(shapes: dict[str, BaseGeometry], vertices: set[Vertex]) -> dict[str, BaseGeometry]:
    found = {code: shape for code, shape in shapes.items() if vertex_set([shape]) & vertices}
    missing = vertices - vertex_set(list(found.values()))
    if missing:
        at = min(missing)
        refuse(
            "vertex-not-found",
            "此处没有边界节点",
            "no border has a vertex there",
            places=[place_of(at), *_nearest(shapes, at)],
        )
    return found


def _nearest(shapes: dict[str, BaseGeometry], at: Vertex) -> list[tuple[float, float]]:
    """The nearest place on a border, so that a client can try again."""
    if not shapes:
        return []
    point = shapely.Point(at)
    borders = shapely.boundary(np.array(list(shapes.values()), dtype=object))
    nearest = borders[int(np.argmin(shapely.distance(borders, point)))]
    return [
        place_of(shapely.line_interpolate_point(line, shapely.line_locate_point(line, point)).coords[0])
        for line in [_line(nearest, point)]
    ]


def _line(border: BaseGeometry, point: shapely.Point) -> shapely.LineString:
    parts = shapely.get_parts(border)
    nearest: shapely.LineString = parts[int(np.argmin(shapely.distance(parts, point)))]
    return nearest


def _rebuilt(code: str, shape: BaseGeometry, change: Callable[[list[Vertex]], list[Vertex]]) -> BaseGeometry:
    try:
        return changed_rings(shape, change)
    except Folded as error:
        _fold(code, error.at)


def _fold(code: str, at: Vertex) -> NoReturn:
    refuse(
        "ring-folds",
        f"网格 {code} 的边界会自相交、翻折或缩为零",
        f"the border of {code} would cross itself, fold over or shrink to nothing",
        places=[place_of(at)],
    )


def _turned(before: BaseGeometry, after: BaseGeometry, moves: dict[Vertex, Vertex]) -> bool:
    """Whether a ring changed its direction: it was pulled through itself."""
    one, other = _ring_directions(before), _ring_directions(after)
    return one != other and bool(moves)


def _ring_directions(shape: BaseGeometry) -> list[bool]:
    rings = shapely.get_rings(shapely.get_parts(shape))
    return [bool(turn) for turn in shapely.is_ccw(rings)]


def _with_vertices(
    shapes: dict[str, BaseGeometry], vertices: set[Vertex], *, only: set[tuple[int, ...]] | None = None
) -> dict[str, BaseGeometry]:
    """Put vertices into the edges that run through them; with `only`, into none but these edges."""
    out = {}
    for code, shape in shapes.items():
        edges, _ = edge_array([shape])
        if only is not None:
            edges = edges[[tuple(row) in only for row in edges.tolist()]]
        own = vertex_set([shape])
        found: dict[tuple[int, ...], list[Vertex]] = {}
        for vertex in _candidates(edges, vertices) - own:
            for at in np.flatnonzero(through_pixel(edges, vertex)).tolist():
                found.setdefault(tuple(edges[at].tolist()), []).append(vertex)
        if found:
            out[code] = changed_rings(shape, lambda ring, found=found: _filled(ring, found))  # type: ignore[misc]
    return out


def _candidates(edges: Ints, vertices: set[Vertex]) -> set[Vertex]:
    if len(edges) == 0:
        return set()
    west, east = edges[:, [0, 2]].min() - 1, edges[:, [0, 2]].max() + 1
    south, north = edges[:, [1, 3]].min() - 1, edges[:, [1, 3]].max() + 1
    return {(x, y) for x, y in vertices if west <= x <= east and south <= y <= north}


def _filled(ring: list[Vertex], found: dict[tuple[int, ...], list[Vertex]]) -> list[Vertex]:
    out = []
    for at, start in enumerate(ring):
        end = ring[(at + 1) % len(ring)]
        out.append(start)
        extra = found.get((*min(start, end), *max(start, end)), [])
        out += sorted(extra, key=lambda v: (v[0] - start[0]) ** 2 + (v[1] - start[1]) ** 2)
    return out


def _edges_at(shapes: dict[str, BaseGeometry], vertices: set[Vertex]) -> set[tuple[int, ...]]:
    edges, _ = edge_array(list(shapes.values()))
    return {
        tuple(row) for row in edges.tolist() if (row[0], row[1]) in vertices or (row[2], row[3]) in vertices
    }
