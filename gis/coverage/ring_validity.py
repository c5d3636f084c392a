"""Polygons that are not valid: those that only touch themselves are the same ground written otherwise.

Esri's model lets a ring pass a point twice, and a hole touch its shell in several points or along an edge; OGC's
does not. Nothing is lost by writing such a shape in OGC's way: no vertex is new and the area is what the rings
enclose. Where a ring crosses itself somebody has to say what is meant.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from gis.arrays import Geometries, GeometryArrayLike
from gis.coverage.row_checks import Rows, file_rows, label_of, row_number
from gis.defects import Defect, names
from gis.errors import Place
from gis.geometry import geometry_array, one_or_many, polygon_parts, trouble_of
from gis.measures import geodesic_area_m2
from gis.text import Text

__all__ = ["MadeValid", "make_valid_polygons", "read_rings", "retouch_rings"]

_ROUNDING = 1e-12
"""Areas of equal ground differ by the last bits of their sums, relative to the box around the shape."""


@dataclass(frozen=True)
class MadeValid:
    """What a shape that crosses itself has become.

    Parameters
    ----------
    at : int
        Position of the shape.
    place : (lon, lat)
        Where it crosses itself.
    reason : Text
        Why it was not valid.
    area_before_m2 : float
        Geodesic area of the rings as they were drawn; parts drawn the other way round count against it.
    area_after_m2 : float
    """

    at: int
    place: Place
    reason: Text
    area_before_m2: float
    area_after_m2: float


def retouch_rings(polygons: GeometryArrayLike) -> tuple[Geometries, NDArray[np.int64]]:
    """Write polygons whose rings touch themselves or one another as valid ones of the same ground.

    Parameters
    ----------
    polygons : array_like of shapely geometries, shape (n,)
        None, empties and everything but areas pass through.

    Returns
    -------
    polygons : ndarray of object, shape (n,)
        Those that cross themselves are handed back as they came.
    changed : ndarray of int64
        Positions of those that were written otherwise.

    Examples
    --------
    A ring that passes (2, 0) twice and so encloses a hole.

    >>> ring = shapely.Polygon([(0, 0), (2, 0), (1, 1), (2, 2), (3, 1), (2, 0), (4, 0), (4, 4), (0, 4)])
    >>> valid, changed = retouch_rings([ring])
    >>> changed.tolist(), len(valid[0].interiors), valid[0].area
    ([0], 1, 14.0)
    """
    flat = geometry_array(polygons).copy()
    changed = []
    for at in _invalid_areas(flat).tolist():
        same = _same_ground(flat[at])
        if same is not None:
            flat[at] = same
            changed.append(at)
    return flat, np.array(changed, dtype=np.int64)


def make_valid_polygons(polygons: GeometryArrayLike) -> tuple[Geometries, list[MadeValid]]:
    """Make shapes valid that cross themselves: every part that a ring goes around becomes ground.

    Parameters
    ----------
    polygons : array_like of shapely geometries, shape (n,)
        EPSG:4326. What only touches itself becomes the same ground, as in `retouch_rings`, and is not told.

    Returns
    -------
    polygons : ndarray of object, shape (n,)
        What has no area at all stays as it is.
    changes : list of MadeValid

    Examples
    --------
    >>> bow_tie = shapely.Polygon([(0, 0), (0.01, 0.01), (0.01, 0), (0, 0.01)])
    >>> valid, (change,) = make_valid_polygons([bow_tie])
    >>> valid[0].geom_type, round(change.area_before_m2), round(change.area_after_m2)
    ('MultiPolygon', 0, 615454)
    """
    flat, _ = retouch_rings(polygons)
    changes = []
    for at in _invalid_areas(flat).tolist():
        if not np.isfinite(shapely.get_coordinates(flat[at])).all():
            continue
        valid = _areas_of(shapely.make_valid(flat[at], method="structure", keep_collapsed=False))
        if valid is None:
            continue
        trouble = trouble_of(flat[at])
        before, after = geodesic_area_m2([flat[at], valid]).tolist()
        changes.append(MadeValid(at, trouble.place, trouble.reason, before, after))
        flat[at] = valid
    return flat, changes


def read_rings(
    codes: Sequence[str | None],
    polygons: GeometryArrayLike,
    *,
    rows: Rows | None = None,
    make_valid: bool = False,
) -> tuple[Geometries, list[Defect]]:
    """Read the shapes of a file as valid ones where that changes nothing, or where it is asked for.

    Parameters
    ----------
    codes : sequence of str or None, length n
    polygons : array_like of shapely geometries, shape (n,)
        EPSG:4326.
    rows : sequence, length n, optional
        As `gis.coverage.check` takes them.
    make_valid : bool, default False
        Make those valid, too, that cross themselves.

    Returns
    -------
    polygons : ndarray of object, shape (n,)
    defects : list of Defect
        Warnings: ``retouched-ring`` once for all that only touch themselves, ``made-valid`` for each that crossed
        itself, with its area before and after.

    Examples
    --------
    >>> bow_tie = shapely.Polygon([(0, 0), (0.01, 0.01), (0.01, 0), (0, 0.01)])
    >>> _, (warning,) = read_rings(["a"], [bow_tie], rows=[7], make_valid=True)
    >>> warning.kind, warning.rows, warning.detail.en
    ('made-valid', (7,), 'row 7 (a): the ring crosses itself; made valid, area 0.0 m2 before, 615453.6 m2 after')
    """
    flat = geometry_array(polygons)
    numbered = file_rows(rows, len(flat))
    labels = [label_of(code, numbered[at], at) for at, code in enumerate(codes)]
    valid, touching = retouch_rings(flat)
    defects = []
    if len(touching):
        touched = sorted({labels[at] for at in touching.tolist()})
        defects.append(
            Defect(
                "retouched-ring",
                "warning",
                tuple(touched),
                trouble_of(flat[touching[0]]).place,
                detail=Text(
                    f"{len(touched)} 个网格的环自接触（{names(touched)}），按相同范围读成有效图形，面积不变",
                    f"the rings of {len(touched)} grids touch themselves ({names(touched)}); read as the same "
                    "ground in valid form, the area is unchanged",
                ),
                rows=tuple(row for at in touching.tolist() for row in numbered[at]),
            )
        )
    if make_valid:
        valid, changes = make_valid_polygons(valid)
        for change in changes:
            label, number = labels[change.at], row_number(numbered[change.at], change.at)
            before, after = f"{change.area_before_m2:.1f}", f"{change.area_after_m2:.1f}"
            defects.append(
                Defect(
                    "made-valid",
                    "warning",
                    (label,),
                    change.place,
                    area_m2=change.area_after_m2,
                    detail=Text(
                        f"第 {number} 行（{label}）：{change.reason.zh}；已改为有效图形，"
                        f"面积由 {before} 变为 {after} 平方米",
                        f"row {number} ({label}): {change.reason.en}; made valid, "
                        f"area {before} m2 before, {after} m2 after",
                    ),
                    rows=numbered[change.at],
                )
            )
    return valid, defects


def _invalid_areas(flat: Geometries) -> NDArray[np.int64]:
    areas = np.isin(shapely.get_type_id(flat), (3, 6)) & ~shapely.is_empty(flat)
    return np.flatnonzero(areas & ~shapely.is_valid(flat))


def _same_ground(shape: BaseGeometry) -> BaseGeometry | None:
    """Return a valid shape with the same vertices and the area that the rings enclose; None if there is none."""
    points = shapely.get_coordinates(shape)
    if not np.isfinite(points).all():
        return None
    valid = _areas_of(shapely.make_valid(shapely.force_2d(shape), method="structure", keep_collapsed=False))
    if valid is None:
        return None
    before, after = (np.unique(xy[:, 0] + 1j * xy[:, 1]) for xy in (points, shapely.get_coordinates(valid)))
    if not np.array_equal(after, before):
        # A new vertex where rings cross, or one lost with a spike that somebody drew.
        return None
    origin = points.min(axis=0)
    box = float(np.prod(points.max(axis=0) - origin))
    drawn, kept = (_enclosed(one, origin) for one in (shape, valid))
    return valid if abs(drawn - kept) <= _ROUNDING * max(box, kept) else None


def _enclosed(shape: BaseGeometry, origin: NDArray[np.float64]) -> float:
    """Area that the rings of a shape go around: shells less holes, what is drawn the other way round less."""
    total = 0.0
    for part in shapely.get_parts(shape):
        sizes = []
        for ring in shapely.get_rings(part):
            x, y = (shapely.get_coordinates(ring) - origin).T
            sizes.append(abs(float((x[:-1] * y[1:] - x[1:] * y[:-1]).sum())) / 2)
        total += sizes[0] - sum(sizes[1:])
    return total


def _areas_of(shape: BaseGeometry) -> BaseGeometry | None:
    parts, _ = polygon_parts(shapely.get_parts(shape))
    if len(parts) == 0:
        return None
    return one_or_many(parts)
