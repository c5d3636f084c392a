"""Faces and the edges between them: who touches whom along which line, and the graph of those lines."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from gis.arrays import Floats, Geometries, Ints

__all__ = ["Arcs", "Segments", "arcs_of", "merge_small", "segments_of"]

OUTSIDE = -1
"""Stands for the sea and the neighbouring districts on one side of an edge."""


@dataclass(frozen=True)
class Segments:
    """Every stretch between two vertices, once, with the faces on its two sides.

    Attributes
    ----------
    ends : ndarray of float64, shape (n, 4)
        x1, y1, x2, y2 in steps.
    left, right : ndarray of int64, shape (n,)
        Faces; `right` is OUTSIDE along the outline.
    length_m : ndarray of float64, shape (n,)
    """

    ends: Floats
    left: Ints
    right: Ints
    length_m: Floats


def segments_of(faces: Geometries, step_m: tuple[float, float]) -> Segments:
    """Take a clean coverage apart.

    Parameters
    ----------
    faces : ndarray of shapely polygons, shape (n,)
        Steps; neighbours share their vertices.
    step_m : tuple of float

    Returns
    -------
    Segments

    Raises
    ------
    ValueError
        Three faces meet along one stretch, so the faces overlap.

    Examples
    --------
    >>> two = np.array([shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1)], dtype=object)
    >>> s = segments_of(two, (1.0, 1.0))
    >>> len(s.left), int((s.right == OUTSIDE).sum())
    (7, 6)
    """
    polygons, face_of = shapely.get_parts(faces, return_index=True)
    rings, polygon = shapely.get_rings(polygons, return_index=True)
    points, ring = shapely.get_coordinates(rings, return_index=True)
    same = ring[1:] == ring[:-1]
    start, end = points[:-1][same], points[1:][same]
    owner = face_of[polygon[ring[1:][same]]].astype(np.int64)
    # A vertex is two whole numbers below 2**31: one 64-bit key.
    first, second = _keys(start), _keys(end)
    low, high = np.minimum(first, second), np.maximum(first, second)
    order = np.lexsort((owner, high, low))
    low, high, owner, start, end = low[order], high[order], owner[order], start[order], end[order]
    fresh = np.ones(len(low), dtype=bool)
    fresh[1:] = (low[1:] != low[:-1]) | (high[1:] != high[:-1])
    head = np.flatnonzero(fresh)
    count = np.diff(np.append(head, len(low)))
    if (count > 2).any():
        raise ValueError("面相互重叠：一条边有三个面 (faces overlap: one edge has three faces)")
    right = np.full(len(head), OUTSIDE, dtype=np.int64)
    right[count == 2] = owner[head[count == 2] + 1]
    ends = np.column_stack([start[head], end[head]])
    length = np.hypot((ends[:, 2] - ends[:, 0]) * step_m[0], (ends[:, 3] - ends[:, 1]) * step_m[1])
    return Segments(ends, owner[head], right, length)


def _keys(points: Floats) -> Ints:
    return (points[:, 0].astype(np.int64) << 32) + points[:, 1].astype(np.int64)


def border_lengths(segments: Segments, label: Ints) -> tuple[Ints, Ints, Floats]:
    """Add up how far each pair of labels touches: pairs (a < b) and metres."""
    inner = segments.right != OUTSIDE
    a, b = label[segments.left[inner]], label[segments.right[inner]]
    low, high = np.minimum(a, b), np.maximum(a, b)
    apart = low != high
    low, high, metres = low[apart], high[apart], segments.length_m[inner][apart]
    width = int(label.max()) + 1 if len(label) else 1
    pair, where = np.unique(low * width + high, return_inverse=True)
    total = np.bincount(where, weights=metres, minlength=len(pair)).astype(np.float64)
    return pair // width, pair % width, total


def merge_small(
    segments: Segments,
    area_m2: Floats,
    perimeter_m: Floats,
    least_m2: Floats,
    group: Ints,
    fixed: NDArray[np.bool_],
) -> Ints:
    """Join faces that are too small or too thin to the neighbour they touch most.

    Parameters
    ----------
    segments : Segments
    area_m2, perimeter_m : ndarray of float64, shape (n,)
    least_m2 : ndarray of float64, shape (n,)
        What a face must have to stand alone; a thin one needs three times that.
    group : ndarray of int64, shape (n,)
        Faces of one group are preferred as partners.
    fixed : ndarray of bool, shape (n,)
        Faces that neither join nor are joined.

    Returns
    -------
    ndarray of int64, shape (n,)
        New numbers, 0 … m - 1, in the order of the lowest face in each.
    """
    label = np.arange(len(area_m2), dtype=np.int64)
    area, outline = area_m2.copy(), perimeter_m.copy()
    for _ in range(6):
        a, b, metres = border_lengths(segments, label)
        round_ = 4 * np.pi * area / np.maximum(outline, 1.0) ** 2
        poor = (area < least_m2) | ((round_ < 0.22) & (area < 3 * least_m2))
        poor &= ~fixed
        wish = np.where(group[a] == group[b], metres, metres * 1e-3)
        wish[fixed[a] | fixed[b]] = 0.0
        partner = _best_partner(a, b, wish, len(label))
        movers = np.flatnonzero(poor & (partner >= 0) & (np.bincount(label, minlength=len(label)) > 0))
        if len(movers) == 0:
            break
        touched = np.zeros(len(label), dtype=bool)
        for face in movers[np.argsort(area[movers], kind="stable")]:
            other = partner[face]
            # One joining a round and face: the next round sees the new borders.
            if touched[face] or touched[other]:
                continue
            touched[face] = touched[other] = True
            keep, gone = min(face, other), max(face, other)
            label[label == gone] = keep
            shared = float(metres[((a == keep) & (b == gone))].sum())
            area[keep] += area[gone]
            outline[keep] += outline[gone] - 2 * shared
    _, numbers = np.unique(label, return_inverse=True)
    return numbers.astype(np.int64)


def _best_partner(a: Ints, b: Ints, wish: Floats, count: int) -> Ints:
    """For each label the neighbour with the largest wish (lowest number on a tie); -1 when there is none."""
    here, there = np.concatenate([a, b]), np.concatenate([b, a])
    much = np.concatenate([wish, wish])
    order = np.lexsort((there, -much, here))
    here, there, much = here[order], there[order], much[order]
    head = np.ones(len(here), dtype=bool)
    head[1:] = here[1:] != here[:-1]
    partner = np.full(count, -1, dtype=np.int64)
    good = head & (much > 0)
    partner[here[good]] = there[good]
    return partner


@dataclass(frozen=True)
class Arcs:
    """The lines between cells from junction to junction, as a graph.

    Attributes
    ----------
    lines : ndarray of shapely linestrings, shape (n,)
        Steps.
    left, right : ndarray of int64, shape (n,)
        Cells; `right` may be OUTSIDE.
    length_m : ndarray of float64, shape (n,)
    tail, head : ndarray of int64, shape (n,)
        Nodes at the two ends; equal for a closed loop.
    nodes : ndarray of float64, shape (k, 2)
        Metres.
    step_m : tuple of float
        Metres of a step, east and north.
    """

    lines: Geometries
    left: Ints
    right: Ints
    length_m: Floats
    tail: Ints
    head: Ints
    nodes: Floats
    step_m: tuple[float, float]


def arcs_of(segments: Segments, cell: Ints, step_m: tuple[float, float]) -> Arcs:
    """Join the stretches between different cells into arcs.

    Parameters
    ----------
    segments : Segments
    cell : ndarray of int64, shape (n,)
        Cell of each face.
    step_m : tuple of float

    Returns
    -------
    Arcs
        In a fixed order: by first vertex.
    """
    left = cell[segments.left]
    right = np.where(segments.right == OUTSIDE, OUTSIDE, cell[np.maximum(segments.right, 0)])
    apart = left != right
    ends, left, right = segments.ends[apart], left[apart], right[apart]
    strokes = shapely.linestrings(ends.reshape(-1, 2, 2))
    merged = shapely.line_merge(shapely.multilinestrings(strokes))
    lines = np.asarray(shapely.get_parts(merged), dtype=object)
    points, which = shapely.get_coordinates(lines, return_index=True)
    first = np.searchsorted(which, np.arange(len(lines)))
    last = np.append(first[1:], len(points)) - 1
    # Any stretch of an arc tells its two sides: the first one is looked up.
    low, high = _pair_keys(points[first], points[first + 1])
    known_low, known_high = _pair_keys(ends[:, :2], ends[:, 2:])
    at = _find_pairs(known_low, known_high, low, high)
    metres = points * np.asarray(step_m)
    hop = np.hypot(*np.diff(metres, axis=0).T)
    hop[which[1:] != which[:-1]] = 0.0
    length = np.bincount(which[1:], weights=hop, minlength=len(lines)).astype(np.float64)
    node_keys, node = np.unique(
        np.concatenate([_keys(points[first]), _keys(points[last])]), return_inverse=True
    )
    nodes = np.column_stack([node_keys >> 32, node_keys & 0xFFFFFFFF]).astype(np.float64) * np.asarray(step_m)
    tail, head = node[: len(lines)], node[len(lines) :]
    order = np.lexsort((points[first + 1, 1], points[first + 1, 0], points[first, 1], points[first, 0]))
    return Arcs(
        lines[order],
        left[at][order],
        right[at][order],
        length[order],
        tail[order].astype(np.int64),
        head[order].astype(np.int64),
        nodes,
        step_m,
    )


def _pair_keys(start: Floats, end: Floats) -> tuple[Ints, Ints]:
    a, b = _keys(start), _keys(end)
    return np.minimum(a, b), np.maximum(a, b)


def _find_pairs(known_low: Ints, known_high: Ints, low: Ints, high: Ints) -> Ints:
    """Positions of (low, high) among the known pairs."""
    together_low = np.concatenate([known_low, low])
    together_high = np.concatenate([known_high, high])
    _, a = np.unique(together_low, return_inverse=True)
    _, b = np.unique(together_high, return_inverse=True)
    key = a.astype(np.int64) * (int(b.max()) + 1) + b
    known, asked = key[: len(known_low)], key[len(known_low) :]
    order = np.argsort(known, kind="stable")
    at = np.searchsorted(known[order], asked)
    return np.asarray(order[at], dtype=np.int64)


def outline_length(segments: Segments, count: int) -> Floats:
    """Perimeter of each face in metres."""
    inner = segments.right != OUTSIDE
    total = np.bincount(segments.left, weights=segments.length_m, minlength=count)
    total += np.bincount(segments.right[inner], weights=segments.length_m[inner], minlength=count)
    return np.asarray(total)


def cell_shapes(faces: Geometries, cell: Ints) -> Geometries:
    """Dissolve faces into cells; vertices along shared borders stay."""
    order = np.argsort(cell, kind="stable")
    cuts = np.flatnonzero(np.diff(cell[order])) + 1
    return np.array([_dissolved(faces[group]) for group in np.split(order, cuts)], dtype=object)


def _dissolved(group: Geometries) -> BaseGeometry:
    return group[0] if len(group) == 1 else shapely.coverage_union_all(group)
