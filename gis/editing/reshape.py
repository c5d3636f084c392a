"""Reshape: a drawn line becomes the border between neighbours.

The line and the borders cut the grids into faces. Of the border of one grid (the subject) with the others, the
stretch between the line's first and last meeting with it is given up, and the line takes its place. So faces on
either side of

- the line, or of a stretch of border that stays, belong to different sides;
- the stretch that is given up belong to the same side,

and walking from face to face tells which belong to the subject now. It does not matter how often the line
crosses the old border, nor whether more than half of a grid goes over.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import shapely
from shapely import LineString
from shapely.geometry.base import BaseGeometry

from gis.arrays import Geometries
from gis.defects import names
from gis.editing.context import Context
from gis.editing.finalize import finish, neighbourhood
from gis.editing.model import Edit
from gis.editing.noding import Arrangement, arrange, joined, lines_of
from gis.editing.operations import Reshape
from gis.editing.refusals import refuse
from gis.editing.rings import Edge, Vertex, as_edges, edge_array, place_of
from gis.editing.sketch_input import drawn
from gis.geometry import lattice_geometries

__all__ = ["reshape"]


def reshape(context: Context, operation: Reshape) -> Edit:
    """Lead a border along a line; see `gis.editing.operations.Reshape`."""
    coverage = context.coverage
    line = cast("LineString", drawn(operation.line, what="line", kinds=("LineString",)))
    named = context.grids(operation.grids, least=2) if operation.grids else ()
    shapes, taking_part = _players(context, line, named)
    runs = lines_of(shapely.intersection(line, joined([shapes[code] for code in taking_part])))
    if runs.is_empty:
        _misses(line)
    arrangement = arrange(shapes, runs, targets=taking_part)
    net = _net(arrangement)
    start, end = _meetings(net, line)
    subject, others = (named[0], named[1:]) if named else _meant(net, start, end, line, taking_part)
    labels = _best(net, subject, others, start, end, line)
    gone = sorted({label for label in arrangement.labels if label} - {label for label in labels if label})
    if gone:
        refuse(
            "swallows-grid",
            f"网格 {names(gone)} 的土地会全部划走",
            f"{names(gone)} would have no land left",
            places=[place_of(line.coords[0])],
        )
    return finish(coverage, arrangement.shapes(labels))


def _players(
    context: Context, line: LineString, named: tuple[str, ...]
) -> tuple[dict[str, BaseGeometry], list[str]]:
    """All grids around, and those that may win or lose land: the ones named, or those crossed and their neighbours."""
    coverage = context.coverage
    seen = neighbourhood(coverage, shapely.bounds(line))
    crossed = [code for code in seen if shapely.intersects(seen[code], line)]
    concerned = list(named) or crossed
    if not concerned:
        _misses(line)
    own = lattice_geometries([coverage.polygon(code) for code in concerned])
    shapes = neighbourhood(coverage, shapely.total_bounds(own))
    if named:
        return shapes, concerned
    ground = joined(own)
    return shapes, [code for code, shape in shapes.items() if shapely.intersects(shape, ground)]


def _misses(line: LineString) -> None:
    refuse(
        "reshape-misses",
        "所画的线没有沿公共边界切出任何土地；线的两端应落在边界上或越过边界",
        "the line cuts nothing off along a border; it has to start and end on the border or beyond it",
        places=[place_of(line.coords[0]), place_of(line.coords[-1])],
    )


def _ambiguous(line: LineString) -> None:
    refuse(
        "reshape-ambiguous",
        "无法判断要改哪两个网格之间的边界；请选定网格",
        "it cannot be told between which grids the border is meant: name the grids",
        places=[place_of(line.coords[0]), place_of(line.coords[-1])],
    )


@dataclass(frozen=True)
class _Net:
    """Faces and the edges between them.

    `sides`: for each edge the faces on it; `labels`: the grid of each face; `areas`: of each face.
    """

    sides: dict[Edge, list[int]]
    labels: tuple[str | None, ...]
    areas: list[float]

    def cut(self, edge: Edge) -> bool:
        """Whether an edge parts faces of one grid: the line runs there."""
        at = self.sides[edge]
        return len(at) == 2 and self.labels[at[0]] == self.labels[at[1]] and self.labels[at[0]] is not None


def _net(arrangement: Arrangement) -> _Net:
    edges, owner = edge_array(arrangement.faces)
    sides: dict[Edge, list[int]] = {}
    for edge, face in zip(as_edges(edges), owner.tolist(), strict=True):
        sides.setdefault(edge, []).append(face)
    return _Net(sides, arrangement.labels, shapely.area(arrangement.faces).tolist())


def _meetings(net: _Net, line: LineString) -> tuple[Vertex, Vertex]:
    """Where the line, less its loose ends, first and last meets a border."""
    on_line = {vertex for edge in net.sides if net.cut(edge) for vertex in edge}
    on_border = {vertex for edge in net.sides if not net.cut(edge) for vertex in edge}
    met = sorted(on_line & on_border)
    if len(met) < 2:
        _misses(line)
    points: Geometries = np.asarray(shapely.points(np.array(met, dtype=np.float64)), dtype=object)
    along = shapely.line_locate_point(line, points)
    return met[int(np.argmin(along))], met[int(np.argmax(along))]


def _meant(
    net: _Net, start: Vertex, end: Vertex, line: LineString, taking_part: Sequence[str]
) -> tuple[str, tuple[str, ...]]:
    """The grid whose border is meant, and the others."""
    at_start, at_end = _grids_at(net, start), _grids_at(net, end)
    both = sorted(at_start & at_end)
    if len(both) == 2:
        return both[0], (both[1],)
    if len(both) == 1:
        return both[0], tuple(code for code in taking_part if code != both[0])
    _ambiguous(line)
    raise AssertionError  # pragma: no cover


def _grids_at(net: _Net, vertex: Vertex) -> set[str]:
    faces = {face for edge, at in net.sides.items() if vertex in edge for face in at}
    return {label for face in faces if (label := net.labels[face]) is not None}


def _best(
    net: _Net, subject: str, others: Sequence[str], start: Vertex, end: Vertex, line: LineString
) -> list[str | None]:
    """Try each stretch of border that could be meant; take the one that moves the least land."""
    border = {
        edge
        for edge, at in net.sides.items()
        if len(at) == 2
        and {net.labels[at[0]], net.labels[at[1]]} <= {subject, *others}
        and _parts(net, at, subject)
    }
    tries = []
    for stretch in _stretches(border, start, end):
        labels = _relabelled(net, subject, others, border, stretch)
        if labels is None:
            continue
        moved = sum(area for area, old, new in zip(net.areas, net.labels, labels, strict=True) if old != new)
        if moved > 0:
            tries.append((moved, labels))
    if not tries:
        if _at_outside(net, subject, start, end):
            refuse(
                "reshape-outside",
                f"网格 {subject} 的外边界之外没有网格可以交换土地；请用移动节点",
                f"nobody is outside the outer border of {subject} to exchange land with; move its vertices instead",
                places=[place_of(start), place_of(end)],
            )
        if not border:
            _misses(line)
        _ambiguous(line)
    return min(tries, key=lambda each: each[0])[1]


def _parts(net: _Net, at: Sequence[int], subject: str) -> bool:
    return (net.labels[at[0]] == subject) != (net.labels[at[1]] == subject)


def _at_outside(net: _Net, subject: str, start: Vertex, end: Vertex) -> bool:
    outer = {
        vertex
        for edge, at in net.sides.items()
        if len(at) == 1 and net.labels[at[0]] == subject
        for vertex in edge
    }
    return start in outer and end in outer


def _stretches(border: set[Edge], start: Vertex, end: Vertex) -> list[set[Edge]]:
    """The ways along a border from one vertex to another: one, or two round a ring.

    A line that crosses a grid beside the border meets other borders instead; then the border's own ends are meant.
    """
    links: dict[Vertex, list[Vertex]] = {}
    for one, other in border:
        links.setdefault(one, []).append(other)
        links.setdefault(other, []).append(one)
    ends = sorted(vertex for vertex, onward in links.items() if len(onward) == 1)
    starts, goals = [start] if start in links else ends, [end] if end in links else ends
    ways: list[set[Edge]] = []
    for one in starts:
        for first in sorted(links.get(one, [])):
            for goal in goals:
                way = _way(links, one, first, goal)
                if way and way not in ways:
                    ways.append(way)
    return ways


def _way(links: dict[Vertex, list[Vertex]], start: Vertex, first: Vertex, goal: Vertex) -> set[Edge]:
    """Follow a border from a vertex to another; empty when it does not lead there or forks."""
    way, before, at = {_edge(start, first)}, start, first
    while at != goal:
        onward = [vertex for vertex in links[at] if vertex != before]
        if len(onward) != 1 or at == start:
            return set()
        before, at = at, onward[0]
        way.add(_edge(before, at))
    return way


def _edge(one: Vertex, other: Vertex) -> Edge:
    return (min(one, other), max(one, other))


def _relabelled(
    net: _Net, subject: str, others: Sequence[str], border: set[Edge], stretch: set[Edge]
) -> list[str | None] | None:
    """Walk over the faces; None when the line and this stretch do not bound a side."""
    players = {subject, *others}
    links: dict[int, list[tuple[int, bool]]] = {}
    fixed: dict[int, bool] = {}
    for edge, at in net.sides.items():
        if len(at) != 2 or not {net.labels[at[0]], net.labels[at[1]]} <= players:
            continue
        apart = net.cut(edge) or (edge in border and edge not in stretch)
        links.setdefault(at[0], []).append((at[1], apart))
        links.setdefault(at[1], []).append((at[0], apart))
        if edge in border and edge not in stretch:
            for face in at:
                fixed[face] = net.labels[face] == subject
    mine = [face for face, label in enumerate(net.labels) if label in players]
    side = _sides(mine, links, fixed, net, subject)
    if side is None:
        return None
    labels = list(net.labels)
    for face in mine:
        if side[face] and labels[face] != subject:
            labels[face] = subject
        elif not side[face] and labels[face] == subject:
            to = _receiver(net, face, others, side, stretch)
            if to is None:
                return None
            labels[face] = to
    return labels


def _sides(
    faces: Sequence[int],
    links: dict[int, list[tuple[int, bool]]],
    fixed: dict[int, bool],
    net: _Net,
    subject: str,
) -> dict[int, bool] | None:
    """Say of each face whether it is on the subject's side; None when two ways to a face disagree."""
    side: dict[int, bool] = {}
    for seed in [*sorted(fixed), *faces]:
        if seed in side:
            continue
        group = {seed: fixed.get(seed, net.labels[seed] == subject)}
        queue = [seed]
        while queue:
            face = queue.pop()
            for other, apart in links.get(face, []):
                wanted = group[face] != apart
                if other in group or other in side:
                    if group.get(other, side.get(other)) != wanted:
                        return None
                    continue
                group[other] = wanted
                queue.append(other)
        if any(group[face] != is_mine for face, is_mine in fixed.items() if face in group):
            return None
        if not any(face in fixed for face in group):
            # Nothing stays of the old border: the way round that moves less land is meant.
            moved = sum(net.areas[face] for face in group if group[face] != (net.labels[face] == subject))
            if 2 * moved > sum(net.areas[face] for face in group):
                group = {face: not mine for face, mine in group.items()}
        side |= group
    return side


def _receiver(
    net: _Net, face: int, others: Sequence[str], side: dict[int, bool], stretch: set[Edge]
) -> str | None:
    """The grid on the other side of the given-up border of a face: it has to have more than half of it."""
    lengths: dict[str, float] = {}
    for edge in stretch:
        at = net.sides[edge]
        if face not in at:
            continue
        other = at[0] if at[1] == face else at[1]
        label = net.labels[other]
        if label in others and label is not None and not side[other]:
            (x, y), (z, w) = edge
            lengths[label] = lengths.get(label, 0.0) + float(np.hypot(z - x, w - y))
    most = max(lengths, key=lambda code: (lengths[code], code), default=None)
    return most if most is not None and 2 * lengths[most] > sum(lengths.values()) else None
