"""Shapes that run over the 180th meridian in one piece, cut there.

Tools write them in two ways: with longitudes beyond 180 (179.9 to 180.2), or with an edge that leaps from 179.9 to
-179.8. A projection does the latter, too. Both are read as the ground beside the meridian that they mean, but only where
every vertex of the file lies near it: a longitude of 220.05 is a slip of the pen for 120.05 more likely than a place.
"""

from __future__ import annotations

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from gis.antimeridian import cut_at, with_rings
from gis.arrays import Floats, Geometries
from gis.geometry import one_or_many
from gis.text import Text

__all__ = ["cut_over_meridian"]

_NEAREST, _FARTHEST = 160.0, 200.0


def cut_over_meridian(degrees: Geometries) -> tuple[Geometries, list[Text]]:
    """Cut what crosses the meridian in one piece.

    Parameters
    ----------
    degrees : ndarray of shapely geometries, shape (n,)
        EPSG:4326, as a file has them.

    Returns
    -------
    degrees : ndarray of object, shape (n,)
        The same, with shapes over the meridian in parts as RFC 7946 (3.1.9) has them. What is invalid, or lies
        elsewhere, is left for others to judge.
    notes : list of Text

    Examples
    --------
    >>> (cut,), (note,) = cut_over_meridian(np.array([shapely.box(179.9, -17, 180.2, -16)]))
    >>> [part.bounds for part in cut.geoms]
    [(179.9, -17.0, 180.0, -16.0), (-180.0, -17.0, -179.8, -16.0)]
    """
    west, _, east, _ = shapely.total_bounds(degrees) if len(degrees) else (0.0, 0.0, 0.0, 0.0)
    if not (west < -180.0 or east > 180.0 or east - west > 180.0):
        return degrees, []
    every = np.abs(shapely.get_coordinates(degrees)[:, 0])
    if not ((every >= _NEAREST) & (every <= _FARTHEST)).all():
        return degrees, []
    out, cut = degrees.copy(), []
    sides = shapely.bounds(degrees)[:, [0, 2]]
    # Those with parts on both sides are among them, and come out as they are.
    wide = (sides[:, 0] < -180.0) | (sides[:, 1] > 180.0) | (sides[:, 1] - sides[:, 0] > 180.0)
    for at in np.flatnonzero(wide).tolist():
        shape = degrees[at]
        whole = with_rings(shape, _without_leaps)
        west, _, east, _ = shapely.bounds(whole)
        if not (west < -180.0 or east > 180.0) or not shapely.is_valid(whole):
            continue
        each = shapely.get_parts(whole)
        parts = [cut_at(part, 180.0 if shapely.bounds(part)[2] > 180.0 else -180.0) for part in each]
        out[at] = _joined(parts)
        cut.append(at + 1)
    return out, [_said(cut)] if cut else []


def _without_leaps(line: BaseGeometry) -> Floats:
    """Follow a line past 180 instead of once around the globe; one that does not close so is left as it is."""
    xy = shapely.get_coordinates(line)
    leap = np.diff(xy[:, 0])
    turns = np.where(np.abs(leap) > 180.0, -np.sign(leap), 0.0)
    around = np.concatenate([[0.0], np.cumsum(turns)])
    closed = bool((xy[0] == xy[-1]).all())
    if not turns.any() or (np.abs(leap) == 360.0).any() or (closed and around[-1] != 0):
        return xy
    # All from the side that is east of the meridian's name 180, so that a shell and its holes are in one frame.
    around += 0.0 if xy[0, 0] > 0 else 1.0
    followed = np.rint(xy[:, 0] * 1e7) / 1e7 == xy[:, 0]
    whole = (np.rint(xy[:, 0] * 1e7) + around * 3_600_000_000) / 1e7
    return np.column_stack([np.where(followed, whole, xy[:, 0] + around * 360.0), xy[:, 1]])


def _joined(shapes: list[BaseGeometry]) -> BaseGeometry:
    if len(shapes) == 1:
        return shapes[0]
    parts = [part for shape in shapes for part in shapely.get_parts(shape)]
    dimension = max(int(shapely.get_dimensions(part)) for part in parts)
    return one_or_many(parts, dimension)


def _said(rows: list[int]) -> Text:
    return Text(
        f"{len(rows)} 个图形跨过 180 度经线，在该处分成两部分，超过 180 的经度改为负值；第一个在第 {rows[0]} 行",
        f"{len(rows)} shapes run over the 180th meridian: they are cut there, and longitudes beyond 180 are written as "
        f"negative ones; the first is in row {rows[0]}",
    )
