"""Metres for designing, lattice steps for deciding: the two views of a place in one district.

All shapes are built with whole lattice steps counted from a corner of the district, so that GEOS nodes them on
an exact integer grid; distances are thought of in metres. The two are tied by one scale an axis, which keeps
straight lines straight. Over a district the metres are right to about a third of a percent: enough to design
with, never used to measure.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import ArrayLike
from shapely.geometry.base import BaseGeometry

from gis.arrays import Floats, GeometryOrArray
from gis.geometry import SCALE, from_lattice, to_lattice

__all__ = ["LocalFrame"]

_A, _F = 6378137.0, 1 / 298.257223563


@dataclass(frozen=True)
class LocalFrame:
    """The design plane of a district.

    Attributes
    ----------
    origin : tuple of int
        Lattice steps (lon, lat) of the corner.
    step_m : tuple of float
        Metres of one lattice step eastward and northward at the district's middle.
    """

    origin: tuple[int, int]
    step_m: tuple[float, float]

    @classmethod
    def around(cls, outline: BaseGeometry) -> LocalFrame:
        """Lay the frame over an outline (EPSG:4326), a little outside its south-west corner.

        Examples
        --------
        >>> frame = LocalFrame.around(shapely.box(120.0, 35.0, 120.2, 35.2))
        >>> [round(float(v)) for v in frame.metres(120.1, 35.1)]
        [10029, 12204]
        """
        west, south, _, north = shapely.bounds(outline)
        middle = np.radians((south + north) / 2)
        bend = 1 - _F * (2 - _F) * np.sin(middle) ** 2
        east_m = _A * np.cos(middle) / np.sqrt(bend) * np.radians(1) / SCALE
        north_m = _A * (1 - _F * (2 - _F)) / bend**1.5 * np.radians(1) / SCALE
        corner = to_lattice([west - 0.01, south - 0.01])
        return cls((int(corner[0]), int(corner[1])), (float(east_m), float(north_m)))

    def metres(self, lon: ArrayLike, lat: ArrayLike) -> tuple[Floats, Floats]:
        """Degrees to metres from the corner."""
        x = (np.asarray(lon, dtype=np.float64) * SCALE - self.origin[0]) * self.step_m[0]
        y = (np.asarray(lat, dtype=np.float64) * SCALE - self.origin[1]) * self.step_m[1]
        return x, y

    def degrees(self, x: ArrayLike, y: ArrayLike) -> tuple[Floats, Floats]:
        """Metres from the corner to degrees on the lattice."""
        lon = np.rint(np.asarray(x, dtype=np.float64) / self.step_m[0]) + self.origin[0]
        lat = np.rint(np.asarray(y, dtype=np.float64) / self.step_m[1]) + self.origin[1]
        return from_lattice(lon), from_lattice(lat)

    def steps(self, x: ArrayLike, y: ArrayLike) -> Floats:
        """Metres to whole steps from the corner, shape (n, 2)."""
        return np.column_stack(
            [
                np.rint(np.asarray(x, dtype=np.float64) / self.step_m[0]),
                np.rint(np.asarray(y, dtype=np.float64) / self.step_m[1]),
            ]
        )

    def steps_to_metres(self, steps: Floats) -> Floats:
        """Steps from the corner to metres, shape (n, 2)."""
        return np.asarray(steps * np.asarray(self.step_m))

    def shapes_to_steps(self, shapes: GeometryOrArray) -> GeometryOrArray:
        """Degrees to steps from the corner, for whole shapes."""
        corner = np.asarray(self.origin, dtype=np.float64)
        return shapely.transform(shapes, lambda c: np.rint(c * SCALE) - corner)

    def shapes_to_degrees(self, shapes: GeometryOrArray) -> GeometryOrArray:
        """Steps from the corner to degrees on the lattice, for whole shapes."""
        corner = np.asarray(self.origin, dtype=np.float64)
        return shapely.transform(shapes, lambda c: from_lattice(np.rint(c) + corner))

    def shapes_to_metres(self, shapes: GeometryOrArray) -> GeometryOrArray:
        """Steps from the corner to metres, for whole shapes."""
        return shapely.transform(shapes, self.steps_to_metres)

    def metre_shapes_to_steps(self, shapes: GeometryOrArray) -> GeometryOrArray:
        """Metres to whole steps from the corner, for whole shapes."""
        return shapely.transform(shapes, lambda c: self.steps(c[:, 0], c[:, 1]))

    @property
    def step_area_m2(self) -> float:
        """Square metres of one lattice cell."""
        return self.step_m[0] * self.step_m[1]
