"""The vertices of many polygons as flat arrays, so that some can be moved and others put in between at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely

from gis.arrays import Floats, Geometries, Ints
from gis.geometry import SCALE

__all__ = ["VertexArrays"]


@dataclass
class VertexArrays:
    """Rings of polygons, one after the other.

    Parameters
    ----------
    steps : ndarray of float64, shape (v, 2)
        Vertices in lattice steps, not rounded; each ring ends with its first vertex.
    lattice : ndarray of float64, shape (v, 2)
        Where each is to go: its lattice place, or one beside it.
    ring : ndarray of int64, shape (v,)
        Number of the ring that a vertex belongs to.
    part_of_ring, polygon_of_part : ndarray of int64
        What the rings, and the parts of polygons, belong to.
    """

    steps: Floats
    lattice: Floats
    ring: Ints
    part_of_ring: Ints
    polygon_of_part: Ints

    @classmethod
    def of(cls, degrees: Geometries) -> VertexArrays:
        """Take polygons apart; None and empties leave nothing.

        Examples
        --------
        >>> VertexArrays.of(np.array([shapely.box(0, 0, 1, 1)], dtype=object)).steps.shape
        (5, 2)
        """
        parts, polygon_of_part = shapely.get_parts(shapely.force_2d(degrees), return_index=True)
        rings, part_of_ring = shapely.get_rings(parts, return_index=True)
        points, ring = shapely.get_coordinates(rings, return_index=True)
        steps = points * SCALE
        return cls(
            steps,
            np.rint(steps) + 0.0,
            ring.astype(np.int64),
            part_of_ring.astype(np.int64),
            polygon_of_part.astype(np.int64),
        )

    @property
    def polygon(self) -> Ints:
        """Number of the polygon that each vertex belongs to."""
        return self.polygon_of_part[self.part_of_ring[self.ring]]

    def edge_starts(self) -> Ints:
        """Number the vertices that begin an edge; it ends at the next."""
        return np.flatnonzero(self.ring[1:] == self.ring[:-1])

    def insert(self, after: Ints, position: Floats, steps: Floats) -> None:
        """Put vertices into edges: behind vertex `after`, ordered by `position` along it."""
        order = np.lexsort((position, after))
        behind = after[order] + 1
        self.steps = np.insert(self.steps, behind, steps[order], axis=0)
        self.lattice = np.insert(self.lattice, behind, np.rint(steps[order]) + 0.0, axis=0)
        self.ring = np.insert(self.ring, behind, self.ring[after[order]])

    def polygons(self, numbers: Ints) -> Geometries:
        """Put some polygons together again, on the lattice, in its steps; the others are not built.

        Rings that rounding has shrunk to fewer than three places are left out, so a polygon may be None, and none
        is promised to be valid.
        """
        wanted = np.isin(self.polygon, numbers)
        points, ring = self.lattice[wanted], self.ring[wanted]
        # Equal neighbours are one vertex; the ring stays closed since its first vertex is also its last.
        first = np.concatenate([[True], ring[1:] != ring[:-1]])
        keep = first | np.concatenate([[True], (points[1:] != points[:-1]).any(axis=1)])
        points, ring = points[keep], ring[keep]
        rings: dict[int, list[tuple[int, Floats]]] = {}
        begin = (
            np.flatnonzero(np.concatenate([[True], ring[1:] != ring[:-1]])) if len(ring) else np.empty(0, int)
        )
        shell_of = self._shells()
        for at, stop in zip(begin.tolist(), [*begin[1:].tolist(), len(ring)], strict=True):
            if stop - at >= 4:
                rings.setdefault(int(self.part_of_ring[ring[at]]), []).append(
                    (int(ring[at]), points[at:stop])
                )
        shapes: dict[int, list[shapely.Polygon]] = {}
        for part, several in rings.items():
            if several[0][0] == shell_of[part]:
                shape = shapely.Polygon(several[0][1], [hole for _, hole in several[1:]])
                shapes.setdefault(int(self.polygon_of_part[part]), []).append(shape)
        out = np.empty(len(numbers), dtype=object)
        for at, number in enumerate(numbers.tolist()):
            mine = shapes.get(number, [])
            out[at] = None if not mine else mine[0] if len(mine) == 1 else shapely.multipolygons(mine)
        return out

    def _shells(self) -> Ints:
        """Number the first ring of each part."""
        shells = np.full(len(self.polygon_of_part), -1, dtype=np.int64)
        rings = np.arange(len(self.part_of_ring))[::-1]
        shells[self.part_of_ring[rings]] = rings
        return shells
