"""Help for tests of anything that holds boundaries: one assertion, and small towns with known answers.

Public, so that the services above and whoever builds on `gis` can use the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from gis.arrays import GeometryArrayLike
from gis.coverage import check, has_errors
from gis.geometry import from_lattice, lattice_geometries, to_lattice

__all__ = ["Town", "assert_coverage", "assert_on_lattice", "checkerboard", "harbour_town"]


@dataclass(frozen=True)
class Town:
    """A small district for tests.

    Parameters
    ----------
    codes : tuple of str
        15-digit grid codes, in plain string order.
    communities, streets : tuple of str
        The 12- and 9-digit codes each grid belongs to.
    polygons : ndarray of object
        EPSG:4326 on the lattice, a clean coverage.
    """

    codes: tuple[str, ...]
    communities: tuple[str, ...]
    streets: tuple[str, ...]
    polygons: NDArray[np.object_]

    @property
    def frame(self) -> gpd.GeoDataFrame:
        """The same as a frame with code, name, community_code, street_code."""
        return gpd.GeoDataFrame(
            {
                "code": list(self.codes),
                "name": [f"网格{code[-3:]}" for code in self.codes],
                "community_code": list(self.communities),
                "street_code": list(self.streets),
            },
            geometry=list(self.polygons),
            crs="EPSG:4326",
        )

    def inside(self, code: str) -> tuple[float, float]:
        """Give a lattice place inside a grid, as longitude, latitude.

        Examples
        --------
        >>> checkerboard(2, 1).inside("370299001001002")
        (120.015, 36.005)
        """
        shape = self.polygons[self.codes.index(code)]
        x, y = to_lattice(shapely.get_coordinates(shapely.point_on_surface(shape))[0]).tolist()
        return (float(from_lattice(x)), float(from_lattice(y)))


def checkerboard(
    columns: int, rows: int, *, west: float = 120.0, south: float = 36.0, step_deg: float = 0.01
) -> Town:
    """Make a town of equal squares, numbered from the south-west, row by row; each row is a community.

    Parameters
    ----------
    columns, rows : int
        At most 999 columns, 999 rows.
    west, south : float
        South-west corner, degrees.
    step_deg : float, default 0.01
        Side of a square.

    Examples
    --------
    >>> town = checkerboard(3, 2)
    >>> len(town.codes), town.codes[3], town.communities[3]
    (6, '370299001002001', '370299001002')
    """
    x = from_lattice(to_lattice(west) + to_lattice(step_deg) * np.arange(columns + 1))
    y = from_lattice(to_lattice(south) + to_lattice(step_deg) * np.arange(rows + 1))
    codes, communities, shapes = [], [], []
    for row in range(rows):
        for column in range(columns):
            community = f"370299001{row + 1:03d}"
            communities.append(community)
            codes.append(f"{community}{column + 1:03d}")
            shapes.append(shapely.box(x[column], y[row], x[column + 1], y[row + 1]))
    return Town(
        tuple(codes), tuple(communities), ("370299001",) * len(codes), np.asarray(shapes, dtype=object)
    )


def harbour_town() -> Town:
    """Make a town with what real ones have: a market cut out of a grid, an island, a T-junction, a slanted quay.

    ======================= ==========================================================
    370299001001001         surrounds the market, so it has a hole
    370299001001002         the market inside it (a dedicated grid)
    370299001002001         two parts: the quay and an island off it
    370299001002002         the east, meeting two grids along one edge
    ======================= ==========================================================

    Examples
    --------
    >>> town = harbour_town()
    >>> [shape.geom_type for shape in town.polygons]
    ['Polygon', 'Polygon', 'MultiPolygon', 'Polygon']
    """
    block = [(120.0, 36.0), (120.02, 36.0), (120.02, 36.01), (120.02, 36.02), (120.0, 36.02), (120.0, 36.01)]
    market = [(120.005, 36.005), (120.01, 36.004), (120.012, 36.012), (120.006, 36.013)]
    quay = [(120.0, 36.02), (120.02, 36.02), (120.02, 36.03), (120.0081, 36.0337), (120.0, 36.03)]
    island = [(119.99, 36.04), (119.995, 36.041), (119.9931, 36.0452)]
    east = [
        (120.02, 36.0),
        (120.04, 36.0),
        (120.04, 36.03),
        (120.02, 36.03),
        (120.02, 36.02),
        (120.02, 36.01),
    ]
    shapes = [
        shapely.Polygon(block, [market]),
        shapely.Polygon(market),
        shapely.MultiPolygon([shapely.Polygon(quay), shapely.Polygon(island)]),
        shapely.Polygon(east),
    ]
    codes = ("370299001001001", "370299001001002", "370299001002001", "370299001002002")
    return Town(
        codes,
        tuple(code[:12] for code in codes),
        ("370299001",) * 4,
        np.asarray(shapes, dtype=object),
    )


def assert_on_lattice(geoms: GeometryArrayLike) -> None:
    """Assert that every coordinate is a whole multiple of 1e-7 degree, held as the nearest double.

    Examples
    --------
    >>> assert_on_lattice([shapely.Point(120.05, 35.88)])
    """
    points = shapely.get_coordinates(np.asarray(geoms, dtype=object))
    wrong = np.flatnonzero((points != from_lattice(to_lattice(points))).any(axis=1))
    assert wrong.size == 0, f"{wrong.size} vertices off the lattice, first {points[wrong[0]].tolist()}"  # noqa: S101


def assert_coverage(codes: Sequence[str], polygons: GeometryArrayLike, *, holes: bool = False) -> None:
    """Assert a clean coverage on the lattice: valid, edge-matched, without overlaps and without holes.

    Parameters
    ----------
    codes : sequence of str
    polygons : array_like of shapely polygons
        EPSG:4326.
    holes : bool, default False
        Allow holes that nobody owns.

    Examples
    --------
    >>> town = harbour_town()
    >>> assert_coverage(town.codes, town.polygons)
    """
    assert_on_lattice(polygons)
    defects = [d for d in check(codes, polygons) if not (holes and d.kind == "gap")]
    assert not has_errors(defects), "\n".join(d.detail.en for d in defects)  # noqa: S101
    assert bool(shapely.coverage_is_valid(lattice_geometries(polygons))), "edges do not match"  # noqa: S101
