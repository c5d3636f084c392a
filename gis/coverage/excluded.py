"""Land that belongs to no grid on purpose: enclaves, barracks, lakes, what is undecided.

A coverage may leave land out when somebody declares it, with a reason. Declared land is held like a grid without an
owner: a polygon that shares every vertex with the grids around it. So the rules of a coverage stay what they are (no
overlap, no mismatched border, no gap), with the declared polygons counted among its members.

========================= =================================================================
`enclosed_faces`          what polygons enclose without owning it, exactly, on the lattice
`open_gaps`               narrow strips between them that are open to the outside
`accept_gaps`             every gap as declared land
`declared_fit`            polygons drawn by people, cut to the gaps that they mean
`excluded_checks`         `check`, with declared land known
========================= =================================================================
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from gis.antimeridian import across_meridian
from gis.arrays import Floats, Geometries, GeometryArrayLike
from gis.coverage.detectors import open_strips
from gis.coverage.field import DUST_M, Field, measured
from gis.coverage.openings import INLET_WIDTH_M, strip_cover
from gis.coverage.snapping import snap_coverage
from gis.crs import working_crs
from gis.defects import names
from gis.geometry import SCALE, geometry_array, lattice_geometries, polygon_parts
from gis.text import Text

__all__ = [
    "EXCLUDED_PREFIX",
    "ExcludedLand",
    "accept_gaps",
    "degrees_of_steps",
    "enclosed_faces",
    "is_excluded_code",
    "matched_together",
    "measure_land",
    "open_gaps",
]

EXCLUDED_PREFIX = "excluded:"
"""Codes of declared land begin so; no grid's code may."""
_NUMBERED = re.compile(rf"{EXCLUDED_PREFIX}[1-9]\d{{0,9}}")
# Steps. Rounding moves a mouth by less than one and a half.
_BESIDE_A_CORNER = 1.5


def is_excluded_code(code: object) -> bool:
    """Say whether a code is that of declared land.

    Examples
    --------
    >>> is_excluded_code("excluded:7"), is_excluded_code("370299001001001")
    (True, False)
    """
    return isinstance(code, str) and _NUMBERED.fullmatch(code) is not None


@dataclass(frozen=True)
class ExcludedLand:
    """Pieces of land that belong to nobody, with the reasons.

    Parameters
    ----------
    polygons : ndarray of object, shape (n,)
        EPSG:4326.
    reasons : tuple of str, length n
    codes : tuple of str, length n, optional
        ``excluded:1``, ``excluded:2`` … where they are not given.
    sources : tuple of str, length n, optional
        Where each was declared (a file and its row), for messages.
    """

    polygons: Geometries = field(default_factory=lambda: np.empty(0, dtype=object))
    reasons: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        count = len(self.polygons)
        if not self.codes and count:
            numbered = tuple(f"{EXCLUDED_PREFIX}{at + 1}" for at in range(count))
            object.__setattr__(self, "codes", numbered)
        if not self.sources and count:
            object.__setattr__(self, "sources", ("",) * count)

    def __len__(self) -> int:
        return len(self.polygons)

    def take(self, rows: Sequence[int]) -> ExcludedLand:
        """Return some of the pieces."""
        return ExcludedLand(
            self.polygons[list(rows)],
            tuple(self.reasons[at] for at in rows),
            tuple(self.codes[at] for at in rows),
            tuple(self.sources[at] for at in rows),
        )

    def joined_with(self, other: ExcludedLand) -> ExcludedLand:
        """Return the pieces of both, numbered anew."""
        return ExcludedLand(
            np.concatenate([self.polygons, other.polygons]),
            self.reasons + other.reasons,
            sources=self.sources + other.sources,
        )

    def described(self, at: int) -> Text:
        """Name a piece for people, in two languages."""
        reason = names([self.reasons[at]])
        zh, en = f"不划入网格的区域“{reason}”", f'excluded land "{reason}"'
        source = self.sources[at]
        return Text(f"{zh}（{source}）", f"{en} ({source})") if source else Text(zh, en)


@across_meridian("polygons")
def enclosed_faces(polygons: GeometryArrayLike) -> Geometries:
    """Find what polygons enclose without owning it.

    Also what is closed only at points: a gap between two grids that meet in two vertices.

    Parameters
    ----------
    polygons : array_like of shapely polygons, shape (n,)
        EPSG:4326 on the lattice; exact where they are edge-matched.

    Returns
    -------
    ndarray of object
        Polygons in degrees, on the lattice, by place from the west.

    Examples
    --------
    >>> ring = shapely.box(0, 0, 3, 3).difference(shapely.box(1, 1, 2, 2))
    >>> [face.bounds for face in enclosed_faces([ring])]
    [(1.0, 1.0, 2.0, 2.0)]
    """
    flat = geometry_array(polygons)
    flat = flat[~(shapely.is_missing(flat) | shapely.is_empty(flat))]
    if len(flat) == 0:
        return np.empty(0, dtype=object)
    faces = shapely.normalize(Field(("",) * len(flat), flat).faces.enclosed)
    order = sorted(range(len(faces)), key=lambda at: shapely.bounds(faces[at]).tolist())
    return degrees_of_steps(faces[order])


def degrees_of_steps(steps: GeometryArrayLike) -> Geometries:
    """Give shapes in lattice steps as shapes in degrees."""
    flat = np.asarray(steps, dtype=object).reshape(-1)
    return np.asarray(shapely.transform(flat, lambda xy: np.rint(xy) / SCALE + 0.0), dtype=object)


def measure_land(polygons: Geometries) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Measure pieces of land in degrees: width in metres where they are widest, and geodesic area in m2."""
    if len(polygons) == 0:
        return np.empty(0), np.empty(0)
    west, south, east, north = shapely.total_bounds(polygons)
    parts, of = polygon_parts(polygons)
    part_width, part_area = measured(parts, working_crs([west, east], [south, north]))
    width = np.zeros(len(polygons))
    np.maximum.at(width, of, part_width)
    area = np.bincount(of, weights=part_area, minlength=len(polygons))
    return width, area.astype(np.float64)


@across_meridian("polygons")
def open_gaps(polygons: GeometryArrayLike) -> Geometries:
    """Find the narrow strips between polygons that are open to the outside, which `check` calls gaps.

    Parameters
    ----------
    polygons : array_like of shapely polygons, shape (n,)
        EPSG:4326 on the lattice; a clean coverage but for its gaps.

    Returns
    -------
    ndarray of object
        Polygons in degrees, on the lattice: the ground of each strip up to its mouth.

    Examples
    --------
    >>> west, east = shapely.box(120, 36, 120.01, 36.01), shapely.box(120.01002, 36, 120.02, 36.01)
    >>> measure_land(open_gaps([west, east]))[0].round(1).tolist()
    [1.8]
    """
    flat = geometry_array(polygons)
    flat = flat[~(shapely.is_missing(flat) | shapely.is_empty(flat))]
    if len(flat) == 0:
        return np.empty(0, dtype=object)
    ground = Field(("",) * len(flat), flat)
    strips = (strip_cover(strip, ground) for strip in open_strips(ground, width_m=INLET_WIDTH_M))
    covers = [cover for cover in strips if cover is not None]
    if not covers:
        return np.empty(0, dtype=object)
    grids = lattice_geometries(flat)
    tree = shapely.STRtree(grids)
    found: list[BaseGeometry] = []
    for cover in covers:
        around = shapely.union_all([*grids[tree.query(cover)], *found])
        parts, _ = polygon_parts([shapely.difference(cover, around, grid_size=1.0)])
        parts = _at_corners(parts, around)
        # The seam beside a mouth leaves crumbs of a few steps.
        parts = parts[measure_land(degrees_of_steps(parts))[0] > DUST_M] if len(parts) else parts
        found += list(parts)
    return degrees_of_steps(shapely.normalize(np.array(found, dtype=object)))


def _at_corners(parts: Geometries, around: BaseGeometry) -> Geometries:
    """Let strips end in the corners of what lies around them: a mouth one step off is a wedge along the whole border."""
    if not len(parts):
        return parts
    corners = np.unique(shapely.get_coordinates(around), axis=0)
    tree = shapely.STRtree(geometry_array(shapely.points(corners)))

    def settled(xy: Floats) -> Floats:
        at, nearest = tree.query_nearest(shapely.points(xy), max_distance=_BESIDE_A_CORNER, all_matches=False)
        out = xy.copy()
        out[at] = corners[nearest]
        return out

    moved = shapely.remove_repeated_points(shapely.transform(parts, settled))
    return np.where(shapely.is_valid(moved) & ~shapely.is_empty(moved), moved, parts)


@across_meridian("polygons")
def accept_gaps(polygons: GeometryArrayLike, reason: str) -> ExcludedLand:
    """Declare every gap of a coverage, also those open to the outside; parameters as for `enclosed_faces`."""
    faces = np.concatenate([enclosed_faces(polygons), open_gaps(polygons)])
    return ExcludedLand(faces, (reason,) * len(faces))


@across_meridian("polygons", "land")
def matched_together(polygons: GeometryArrayLike, land: ExcludedLand) -> tuple[Geometries, ExcludedLand]:
    """Put both on the lattice as one coverage: where they meet, both have every vertex."""
    flat = geometry_array(polygons)
    if not len(land):
        return snap_coverage(flat).polygons, land
    snapped = snap_coverage(np.concatenate([flat, land.polygons])).polygons
    return snapped[: len(flat)], replace(land, polygons=snapped[len(flat) :])
