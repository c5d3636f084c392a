"""Taking out vertices that an edit made superfluous, so that a split and a merge give back the start.

A vertex goes when only two edges meet there and

- it is new, and leaving it out gives back an edge that was there before, or a part of one; or
- more than two edges met there before (a border ended there, which is gone), and it lies on the straight line
  between its neighbours as closely as the lattice can tell (half a step, 5 mm).

No other vertex that somebody put there is ever taken out.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from gis.editing.rings import (
    Edge,
    Folded,
    Vertex,
    as_edges,
    changed_rings,
    edge_array,
    edge_lines,
    through_pixel,
)

__all__ = ["superfluous", "without"]


def superfluous(before: Mapping[str, BaseGeometry], after: Mapping[str, BaseGeometry]) -> set[Vertex]:
    """Find the vertices to take out; both mappings hold all grids around what changed, in steps."""
    old = set(as_edges(np.unique(edge_array(list(before.values()))[0], axis=0)))
    new = set(as_edges(np.unique(edge_array(list(after.values()))[0], axis=0)))
    if old == new:
        return set()
    old_links, new_links = _links(old), _links(new)
    lost = np.array(sorted((*one, *other) for one, other in old - new), dtype=np.int64).reshape(-1, 4)
    changed = {vertex for edge in old ^ new for vertex in edge if len(new_links.get(vertex, ())) == 2}
    candidates = {vertex for vertex in changed if len(old_links.get(vertex, ())) > 2}
    candidates |= _on_edges([vertex for vertex in changed if vertex not in old_links], lost)
    gone: set[Vertex] = set()
    seen: set[Vertex] = set()
    for vertex in sorted(candidates):
        if vertex not in seen:
            run = _run(vertex, candidates, new_links)
            seen |= set(run)
            gone |= _removable(run, old_links, lost)
    return gone


def _on_edges(vertices: list[Vertex], edges: NDArray[np.int64]) -> set[Vertex]:
    """The vertices that an edge passes through, but for rounding."""
    if not vertices or len(edges) == 0:
        return set()
    points = np.asarray(shapely.points(np.array(vertices, dtype=np.float64)), dtype=object)
    near = shapely.STRtree(points).query(edge_lines(edges), predicate="dwithin", distance=1.0)[1]
    close = {vertices[at] for at in near.tolist()}
    return {vertex for vertex in close if through_pixel(edges, vertex).any()}


def _removable(
    run: list[Vertex], old_links: Mapping[Vertex, set[Vertex]], lost: NDArray[np.int64]
) -> set[Vertex]:
    """The vertices of a run that may go: all, or those on either side of the one furthest from the chord."""
    gone: set[Vertex] = set()
    stack = [run]
    while stack:
        part = stack.pop()
        if len(part) < 3:
            continue
        closed = part[0] == part[-1]
        if not closed and _straight(part, old_links, lost):
            gone |= set(part[1:-1])
            continue
        (x, y), (z, w) = part[0], part[-1]
        away = [
            (a - x) ** 2 + (b - y) ** 2 if closed else abs((z - x) * (b - y) - (w - y) * (a - x))
            for a, b in part[1:-1]
        ]
        corner = 1 + away.index(max(away))
        stack += [part[: corner + 1], part[corner:]]
    return gone


def _links(edges: set[Edge]) -> dict[Vertex, set[Vertex]]:
    links: dict[Vertex, set[Vertex]] = {}
    for one, other in edges:
        links.setdefault(one, set()).add(other)
        links.setdefault(other, set()).add(one)
    return links


def _run(start: Vertex, candidates: set[Vertex], links: Mapping[Vertex, set[Vertex]]) -> list[Vertex]:
    """Follow candidates both ways to the first vertex on either side that stays.

    A ring of candidates alone is a run from its south-westernmost vertex, which is a corner, back to it.
    """
    one, other = sorted(links[start])
    back = _side(start, one, candidates, links)
    if back[-1] == start:
        ring = back[:-1]
        corner = ring.index(min(ring))
        return [*ring[corner:], *ring[: corner + 1]]
    return [*back[::-1], start, *_side(start, other, candidates, links)]


def _side(
    start: Vertex, first: Vertex, candidates: set[Vertex], links: Mapping[Vertex, set[Vertex]]
) -> list[Vertex]:
    before, at, side = start, first, [first]
    while at in candidates and at != start:
        before, at = at, next(each for each in links[at] if each != before)
        side.append(at)
    return side


def _straight(run: list[Vertex], old_links: Mapping[Vertex, set[Vertex]], lost: NDArray[np.int64]) -> bool:
    """Whether a run may become one edge: it was part of one, or only borders that are gone ended on it."""
    on = np.ones(len(lost), dtype=bool)
    for vertex in run:
        is_end = (lost[:, :2] == vertex).all(axis=1) | (lost[:, 2:] == vertex).all(axis=1)
        on &= is_end | through_pixel(lost, vertex)
        if not on.any():
            break
    if on.any():
        return True
    if not all(vertex in old_links for vertex in run[1:-1]):
        return False
    edge = np.array([[*min(run[0], run[-1]), *max(run[0], run[-1])]], dtype=np.int64)
    return all(bool(through_pixel(edge, vertex)[0]) for vertex in run[1:-1])


def without(shapes: Mapping[str, BaseGeometry], gone: set[Vertex]) -> dict[str, BaseGeometry]:
    """Rebuild the polygons that have any of these vertices without them; one that would vanish stays as it is."""
    out = {}
    for code, shape in shapes.items():
        edges, _ = edge_array([shape])
        ends = {(x, y) for x, y in edges[:, :2].tolist()} | {(x, y) for x, y in edges[:, 2:].tolist()}
        if not ends & gone:
            continue
        try:
            out[code] = changed_rings(shape, lambda ring: [v for v in ring if v not in gone])
        except Folded:
            return {}
    return out
