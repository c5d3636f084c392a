"""Taking out vertices that an edit made superfluous, so that a split and a merge give back the start.

A vertex goes when only two edges meet there and

- it is new, and leaving it out gives back an edge that was there before, or a part of one; or
- more than two edges met there before (a border ended there, which is gone), and it lies on the straight line
  between its neighbours as closely as the lattice can tell (half a step, 5 mm).

No other vertex that somebody put there is ever taken out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gis.editing.rings import Edge, Folded, Vertex, as_edges, changed_rings, edge_array, through_pixel

__all__ = ["superfluous", "without"]


def superfluous(before: Mapping[str, Any], after: Mapping[str, Any]) -> set[Vertex]:
    """Find the vertices to take out; both mappings hold all grids around what changed, in steps."""
    old = set(as_edges(np.unique(edge_array(list(before.values()))[0], axis=0)))
    new = set(as_edges(np.unique(edge_array(list(after.values()))[0], axis=0)))
    if old == new:
        return set()
    old_links, new_links = _links(old), _links(new)
    changed = {vertex for edge in old ^ new for vertex in edge}
    candidates = {
        vertex
        for vertex in changed
        if len(new_links.get(vertex, ())) == 2 and (vertex not in old_links or len(old_links[vertex]) > 2)
    }
    lost = np.array(sorted((*one, *other) for one, other in old - new), dtype=np.int64).reshape(-1, 4)
    gone: set[Vertex] = set()
    for vertex in sorted(candidates):
        if vertex in gone:
            continue
        run = _run(vertex, candidates, new_links)
        if run is not None and _straight(run, old_links, lost):
            gone |= set(run[1:-1])
    return gone


def _links(edges: set[Edge]) -> dict[Vertex, set[Vertex]]:
    links: dict[Vertex, set[Vertex]] = {}
    for one, other in edges:
        links.setdefault(one, set()).add(other)
        links.setdefault(other, set()).add(one)
    return links


def _run(start: Vertex, candidates: set[Vertex], links: Mapping[Vertex, set[Vertex]]) -> list[Vertex] | None:
    """Follow candidates both ways to the first vertex on either side that stays; None for a whole ring."""
    run = [start]
    for towards in sorted(links[start]):
        before, at = start, towards
        side = [at]
        while at in candidates:
            if at == start:
                return None
            before, at = at, next(other for other in links[at] if other != before)
            side.append(at)
        run = [*side[::-1], *run] if towards == min(links[start]) else [*run, *side]
    return run if run[0] != run[-1] else None


def _straight(run: list[Vertex], old_links: Mapping[Vertex, set[Vertex]], lost: NDArray[np.int64]) -> bool:
    """Whether a run may become one edge: it was part of one, or only borders that are gone ended on it."""
    on = np.ones(len(lost), dtype=bool)
    for vertex in run:
        is_end = (lost[:, :2] == vertex).all(axis=1) | (lost[:, 2:] == vertex).all(axis=1)
        on &= is_end | through_pixel(lost, vertex)
    if on.any():
        return True
    if not all(vertex in old_links for vertex in run[1:-1]):
        return False
    edge = np.array([[*min(run[0], run[-1]), *max(run[0], run[-1])]], dtype=np.int64)
    return all(bool(through_pixel(edge, vertex)[0]) for vertex in run[1:-1])


def without(shapes: Mapping[str, Any], gone: set[Vertex]) -> dict[str, Any]:
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
