"""Land that people drew and declared to be nobody's, cut to the gaps of the coverage that it means."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from gis.antimeridian import across_meridian
from gis.arrays import Geometries, GeometryArrayLike
from gis.coverage.excluded import ExcludedLand, degrees_of_steps, enclosed_faces, measure_land, open_gaps
from gis.defects import Defect, Severity, in_order
from gis.geometry import geometry_array, lattice_geometries, polygon_parts, representative_place
from gis.measures import geodesic_area_m2
from gis.text import Text

__all__ = ["FittedLand", "fit_declared"]

_ROUNDING_M = 0.05
"""Differences of a few lattice steps come of rounding and of another CRS, not of somebody's intention."""


@dataclass(frozen=True)
class FittedLand:
    """Declared land as it will be stored, and what is wrong with the declaration.

    Parameters
    ----------
    land : ExcludedLand
        On the lattice; gaps that were meant are filled to the last vertex.
    defects : list of Defect
        Kind ``excluded``: what overlaps a grid or another piece (errors), what covers no gap (warnings).
    """

    land: ExcludedLand
    defects: list[Defect]


def _width(steps: BaseGeometry) -> float:
    """Width of a shape in lattice steps, in metres; 0 for what has no surface."""
    parts, _ = polygon_parts(degrees_of_steps([steps]))
    return float(measure_land(parts)[0].max()) if len(parts) else 0.0


@across_meridian("polygons", "declared")
def fit_declared(
    codes: Sequence[str],
    polygons: GeometryArrayLike,
    declared: ExcludedLand,
    *,
    tolerance_m: float = 0.0,
    standing: bool = False,
) -> FittedLand:
    """Cut land that people drew to the gaps that they mean.

    Parameters
    ----------
    codes : sequence of str, length n
    polygons : array_like of shapely polygons, shape (n,)
        EPSG:4326; the grids, on the lattice.
    declared : ExcludedLand
        EPSG:4326, valid polygons.
    tolerance_m : float, default 0
        Differences up to this width are taken for imprecision; five centimetres are in any case.
    standing : bool, default False
        The land was declared in an earlier edition: what grids have taken of it since is theirs, without a word.

    Returns
    -------
    FittedLand

    Examples
    --------
    >>> ring = shapely.box(120, 36, 120.03, 36.03).difference(shapely.box(120.01, 36.01, 120.02, 36.02))
    >>> rough = shapely.box(120.0100001, 36.01, 120.0199999, 36.02)
    >>> fitted = fit_declared(["a"], [ring], ExcludedLand(np.array([rough]), ("barracks",)))
    >>> fitted.land.polygons[0].bounds, fitted.defects
    ((120.01, 36.01, 120.02, 36.02), [])
    """
    if not len(declared):
        return FittedLand(declared, [])
    fit = _Fit(codes, geometry_array(polygons), max(tolerance_m, _ROUNDING_M), standing=standing)
    for at in range(len(declared)):
        fit.put(declared, at)
    return FittedLand(fit.land(declared), in_order(fit.defects))


class _Fit:
    """The grids, their gaps, and which of these are taken by declared land so far; shapes in lattice steps."""

    def __init__(
        self, codes: Sequence[str], polygons: Geometries, tolerance_m: float, *, standing: bool
    ) -> None:
        self.codes = codes
        self.grids = lattice_geometries(polygons)
        self.tree = shapely.STRtree(self.grids)
        self.free = list(lattice_geometries(np.concatenate([enclosed_faces(polygons), open_gaps(polygons)])))
        self.tolerance_m = tolerance_m
        self.standing = standing
        self.defects: list[Defect] = []
        self.taken: list[tuple[int, BaseGeometry]] = []

    def put(self, declared: ExcludedLand, at: int) -> None:
        """Find what one declared polygon stands for."""
        area = lattice_geometries([declared.polygons[at]])[0]
        if not shapely.is_valid(area):
            area = shapely.make_valid(area, method="structure", keep_collapsed=False)
        overlapping = self._overlaps(declared, at, area)
        pieces, met = self._gaps(area)
        if not met and not overlapping:
            pieces += self._outside(declared, at, area)
        if pieces:
            self.taken.append((at, shapely.union_all(pieces, grid_size=1.0)))

    def _overlaps(self, declared: ExcludedLand, at: int, area: BaseGeometry) -> bool:
        """Report grids and other pieces that the polygon lies on by more than its imprecision."""
        found = False
        for number in sorted(self.tree.query(area, predicate="intersects").tolist()):
            common = shapely.intersection(area, self.grids[number])
            if self.standing or _width(common) <= self.tolerance_m:
                continue
            found = True
            self.defects.append(_on_grid(declared, at, self.codes[number], common))
        for other, shape in self.taken:
            if not shapely.intersects(area, shape):
                continue
            common = shapely.intersection(area, shape)
            if not self.standing and _width(common) > self.tolerance_m:
                found = True
                self.defects.append(_on_land(declared, at, other, common))
        return found

    def _gaps(self, area: BaseGeometry) -> tuple[list[BaseGeometry], bool]:
        """Take the gaps that the polygon fills, or its part of them."""
        pieces, rest, met = [], [], False
        hits = shapely.intersects(area, np.array(self.free, dtype=object)) if self.free else ()
        for face, hit in zip(self.free, hits, strict=True):
            if not hit:
                rest.append(face)
                continue
            common = shapely.intersection(area, face)
            if shapely.area(common) == 0 or _width(common) <= min(self.tolerance_m, _width(face) / 2):
                rest.append(face)
                continue
            met = True
            if _width(shapely.difference(face, area)) <= self.tolerance_m:
                pieces.append(face)
                continue
            parts, _ = polygon_parts([shapely.intersection(area, face, grid_size=1.0)])
            pieces += list(parts)
            left, _ = polygon_parts([shapely.difference(face, shapely.union_all(parts), grid_size=1.0)])
            rest += list(left)
        self.free = rest
        return pieces, met

    def _outside(self, declared: ExcludedLand, at: int, area: BaseGeometry) -> list[BaseGeometry]:
        """Keep what lies outside all grids: water at the rim needs no declaration, but may have one."""
        near = self.tree.query(area, predicate="dwithin", distance=2.0)
        outside = area
        if len(near):
            around = shapely.union_all(self.grids[near])
            outside = shapely.difference(area, around, grid_size=1.0)
        parts, _ = polygon_parts([outside])
        parts = parts[[_width(part) > self.tolerance_m for part in parts]] if len(parts) else parts
        if self.standing:
            return list(parts) if len(near) else []
        self.defects.append(_no_gap(declared, at, area))
        return list(parts)

    def land(self, declared: ExcludedLand) -> ExcludedLand:
        """What was taken, in the order in which it was declared."""
        polygons = np.empty(len(self.taken), dtype=object)
        polygons[:] = [degrees_of_steps([shapely.normalize(shape)])[0] for _, shape in self.taken]
        numbers = [at for at, _ in self.taken]
        return ExcludedLand(
            polygons,
            tuple(declared.reasons[at] for at in numbers),
            tuple(declared.codes[at] for at in numbers),
            tuple(declared.sources[at] for at in numbers),
        )


def _defect(
    severity: Severity,
    codes: tuple[str, ...],
    common: BaseGeometry,
    zh: str,
    en: str,
    *,
    measured: bool = True,
) -> Defect:
    parts, _ = polygon_parts(degrees_of_steps([common]))
    width, area = measure_land(parts)
    widest = parts[int(np.argmax(width))] if len(parts) else degrees_of_steps([common])[0]
    return Defect(
        "excluded",
        severity,
        codes,
        representative_place(widest),
        width_m=float(width.max()) if measured and len(parts) else None,
        area_m2=float(area.sum()) if measured and len(parts) else None,
        detail=Text(zh, en),
    )


def _on_grid(declared: ExcludedLand, at: int, code: str, common: BaseGeometry) -> Defect:
    zh, en = declared.described(at)
    width, area = _width(common), _area_m2(common)
    return _defect(
        "error",
        tuple(sorted((declared.codes[at], code))),
        common,
        f"{zh}与网格 {code} 重叠 {area:.2f} 平方米，最宽 {width:.2f} 米；不划入网格的区域只能在网格之外",
        f"{en} overlaps grid {code} by {area:.2f} m2, up to {width:.2f} m wide; excluded land lies outside the grids",
    )


def _on_land(declared: ExcludedLand, at: int, other: int, common: BaseGeometry) -> Defect:
    one, two = declared.described(at), declared.described(other)
    width, area = _width(common), _area_m2(common)
    return _defect(
        "error",
        tuple(sorted((declared.codes[at], declared.codes[other]))),
        common,
        f"{one.zh}与{two.zh}重叠 {area:.2f} 平方米，最宽 {width:.2f} 米",
        f"{one.en} and {two.en} overlap by {area:.2f} m2, up to {width:.2f} m wide",
    )


def _no_gap(declared: ExcludedLand, at: int, area: BaseGeometry) -> Defect:
    zh, en = declared.described(at)
    return _defect(
        "warning",
        (declared.codes[at],),
        area,
        f"{zh}不在任何空隙里（在所有网格之外，本来就不归谁）；仍按声明保留",
        f"{en} covers no gap (it lies outside all grids, where nobody owns anything); it is kept as declared",
        measured=False,
    )


def _area_m2(steps: BaseGeometry) -> float:
    parts, _ = polygon_parts(degrees_of_steps([steps]))
    return float(geodesic_area_m2(parts).sum()) if len(parts) else 0.0
