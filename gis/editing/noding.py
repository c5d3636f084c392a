"""Cutting grids by drawn lines: node on the lattice, make faces, label each by the grid it lies in.

Only edges within reach of what was drawn are noded, so that a border elsewhere never moves. Where a node falls on
an edge, rounded to the lattice, the edge is led through it in all grids that have it (by less than one step).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import MultiLineString
from shapely.geometry.base import BaseGeometry

from gis.arrays import Geometries, GeometryArrayLike
from gis.editing.rings import edge_array, edge_lines

__all__ = ["Arrangement", "arrange", "joined", "lines_of"]

_REACH = 1.5
"""Steps: further away an edge cannot be moved by noding."""


@dataclass(frozen=True)
class Arrangement:
    """Faces of some grids cut by lines.

    Parameters
    ----------
    faces : ndarray of object, shape (m,)
        Polygons in lattice steps.
    labels : tuple of str or None, length m
        The grid each face lies in; None for nobody's land.
    codes : frozenset of str
        The grids that are wholly made of faces here: those asked for and those with an edge that was noded.
    """

    faces: Geometries
    labels: tuple[str | None, ...]
    codes: frozenset[str]

    def of(self, code: str) -> list[int]:
        """Number the faces of a grid."""
        return [at for at, label in enumerate(self.labels) if label == code]

    def shapes(self, labels: Collection[str | None] | None = None) -> dict[str, BaseGeometry]:
        """Dissolve faces by label (their own when none are given); grids without a face are not in it."""
        given = self.labels if labels is None else tuple(labels)
        members: dict[str, list[int]] = {}
        for at, (label, own) in enumerate(zip(given, self.labels, strict=True)):
            # A face of a grid that is not wholly here may only be left alone.
            if label is not None and (own is None or own in self.codes):
                members.setdefault(label, []).append(at)
        return {label: joined(self.faces[at]) for label, at in members.items()}


def joined(polygons: GeometryArrayLike) -> BaseGeometry:
    """Dissolve polygons that are a coverage; all vertices along the outside stay."""
    flat = np.asarray(polygons, dtype=object).reshape(-1)
    return flat[0] if len(flat) == 1 else shapely.coverage_union_all(flat)


def lines_of(shape: BaseGeometry) -> MultiLineString:
    """The lines of what an overlay gave, without its single points; perhaps none.

    Examples
    --------
    >>> lines_of(shapely.Point(1, 2)).is_empty
    True
    """
    return shapely.MultiLineString(
        [part for part in shapely.get_parts(shape) if shapely.get_dimensions(part) == 1 and part.length > 0]
    )


def arrange(
    shapes: Mapping[str, BaseGeometry], lines: BaseGeometry, *, targets: Collection[str]
) -> Arrangement:
    """Cut grids by lines.

    Parameters
    ----------
    shapes : mapping of code to polygon
        Lattice steps; the grids to cut and all around them.
    lines : shapely geometry
        Lines in steps, rounded here; they should end at borders of `targets` and not run through other grids.
    targets : collection of str
        Grids that are wanted as faces.
    """
    codes = list(shapes)
    flat = np.empty(len(codes), dtype=object)
    flat[:] = [shapes[code] for code in codes]
    edges, owner = edge_array(flat)
    drawn = np.unique(edge_array([shapely.transform(lines, np.rint)])[0], axis=0)
    near, crossing = _near(edges, drawn)
    noded = np.vstack(
        [_noded(np.vstack([np.unique(edges[near], axis=0), drawn[crossing]])), drawn[~crossing]]
    )
    kept = {tuple(row) for row in noded.tolist()}
    broken = near.copy()
    broken[near] = [tuple(row) not in kept for row in edges[near].tolist()]
    wanted = set(targets) | {codes[at] for at in np.unique(owner[broken]).tolist()}
    mine = np.isin(owner, [at for at, code in enumerate(codes) if code in wanted]) & ~broken
    linework = np.unique(np.vstack([edges[mine], noded]), axis=0)
    faces = shapely.get_parts(shapely.polygonize(edge_lines(linework)))
    return Arrangement(faces, _labels(faces, codes, flat, edges[mine]), frozenset(wanted))


def _near(edges: NDArray[np.int64], drawn: NDArray[np.int64]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Say which edges and which pieces of what was drawn come near one another; the others need no noding."""
    near, crossing = np.zeros(len(edges), dtype=bool), np.zeros(len(drawn), dtype=bool)
    if len(drawn) == 0 or len(edges) == 0:
        return near, crossing
    west, south = drawn[:, [0, 2]].min() - 2, drawn[:, [1, 3]].min() - 2
    east, north = drawn[:, [0, 2]].max() + 2, drawn[:, [1, 3]].max() + 2
    x, y = edges[:, [0, 2]], edges[:, [1, 3]]
    inside = (x.max(axis=1) >= west) & (x.min(axis=1) <= east)
    inside &= (y.max(axis=1) >= south) & (y.min(axis=1) <= north)
    at = np.flatnonzero(inside)
    tree = shapely.STRtree(edge_lines(drawn))
    found = tree.query(edge_lines(edges[at]), predicate="dwithin", distance=_REACH)
    near[at[np.unique(found[0])]] = True
    crossing[np.unique(found[1])] = True
    return near, crossing


def _noded(edges: NDArray[np.int64]) -> NDArray[np.int64]:
    if len(edges) == 0:
        return edges
    return np.unique(edge_array([shapely.union_all(edge_lines(edges), grid_size=1.0)])[0], axis=0)


def _labels(
    faces: Geometries, codes: list[str], flat: Geometries, untouched: NDArray[np.int64]
) -> tuple[str | None, ...]:
    labels: list[str | None] = [None] * len(faces)
    tree = shapely.STRtree(flat)
    points = shapely.point_on_surface(faces)
    for face, shape in tree.query(points, predicate="within").T.tolist():
        labels[face] = codes[shape]
    # Leading an edge through a node may leave the inner point of a tiny face just outside its grid. A tiny face whose
    # edges are all as they were is nobody's land, or a grid that was not loaded, and no part of what is around it.
    lost = np.array([at for at, label in enumerate(labels) if label is None], dtype=np.int64)
    if len(lost):
        lost = lost[_has_new_edge(faces[lost], untouched)]
    if len(lost):
        close = tree.query_nearest(points[lost], max_distance=1.0, all_matches=False)
        for face, shape in close.T.tolist():
            labels[int(lost[face])] = codes[shape]
    return tuple(labels)


def _has_new_edge(faces: Geometries, untouched: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Say which faces have an edge that is not among those that were there before."""
    known = {tuple(row) for row in untouched.tolist()}
    edges, of = edge_array(faces)
    new = np.array([tuple(row) not in known for row in edges.tolist()], dtype=bool)
    return np.asarray(np.bincount(of[new], minlength=len(faces)) > 0)
