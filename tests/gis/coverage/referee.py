"""Overlaps and gaps found another way: all linework noded and polygonized, each face counted by who covers it.

Nothing here is shared with the product but shapely: no edges are cancelled, no rings are walked, no pairs are
intersected, nothing is moved. The plane is that of longitude and latitude: a border that is straight there bends by decimetres in a
projection, where its neighbour has a vertex more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray


@dataclass(frozen=True)
class Found:
    """Faces owned by none, and faces owned by several with their owners; square metres, shapes in degrees."""

    gaps: list[tuple[float, Any]]
    overlaps: dict[tuple[int, int], float]


def square_metres(faces: NDArray[np.object_]) -> NDArray[np.float64]:
    """Area of small faces in degrees: what a square degree has at their middle, on the WGS84 ellipsoid."""
    e2, a = 0.00669437999014, 6378137.0
    phi = np.radians(shapely.get_y(shapely.centroid(faces)))
    w = 1 - e2 * np.sin(phi) ** 2
    square_degree = np.radians(1.0) ** 2 * a**2 * np.cos(phi) * (1 - e2) / w**2
    return np.asarray(shapely.area(faces) * square_degree)


def referee(degrees: NDArray[np.object_]) -> Found:
    """Overlay polygons given in degrees."""
    lines = shapely.union_all(shapely.boundary(degrees))
    faces = shapely.get_parts(shapely.polygonize([lines]))
    places = shapely.point_on_surface(faces)
    face, polygon = shapely.STRtree(degrees).query(places, predicate="intersects")
    owners: list[list[int]] = [[] for _ in faces]
    for at, who in zip(face.tolist(), polygon.tolist(), strict=True):
        owners[at].append(who)
    gaps: list[tuple[float, Any]] = []
    overlaps: dict[tuple[int, int], float] = {}
    for shape, area, covered in zip(faces, square_metres(faces).tolist(), owners, strict=True):
        if not covered:
            gaps.append((area, shape))
        for one in covered:
            for other in covered:
                if one < other:
                    overlaps[one, other] = overlaps.get((one, other), 0.0) + area
    return Found(gaps, overlaps)
