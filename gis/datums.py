"""Which published shift between two datums holds for a place, and for a whole file.

A registry of coordinate systems lists many shifts for one old datum, each for an area of its own and with an accuracy.
PROJ chooses among them place by place, and moves nothing where none holds ("ballpark"): a polygon across the edge of
two areas is torn, and one outside all of them is 100 m wrong without a word. So one shift is chosen here for all places
that belong together, or they are refused. Only `gis.crs` uses this.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from pyproj import CRS, Transformer
from pyproj.exceptions import ProjError
from pyproj.transformer import TransformerGroup

from gis.arrays import Floats
from gis.errors import CrsUnknown
from gis.text import Text

if TYPE_CHECKING:
    from pyproj._crs import AreaOfUse

__all__ = ["DatumShift", "DatumShifts", "Extent", "published_shifts", "transform_with"]

LEAST_ACCURATE_M = 30.0
"""Shifts that say no better than this are not used: owners of land are asked for, not of a neighbourhood."""
# Files reach a little over the area their CRS is made for; the registry's boxes end at two decimals.
_MARGIN_DEG = 5.0
_ROUNDED_DEG = 0.01


@dataclass(frozen=True)
class Extent:
    """A box in degrees; ``west > east`` is one across the 180th meridian."""

    west: float
    south: float
    east: float
    north: float

    @classmethod
    def of(cls, area: AreaOfUse | None) -> Extent:
        """Take the box of a registry's entry; the whole Earth where it names none."""
        return WORLD if area is None else cls(area.west, area.south, area.east, area.north)

    def holds(self, lon: Floats, lat: Floats, margin: float = 0.0) -> NDArray[np.bool_]:
        """Say which places lie in it; what is not finite does not."""
        width = (self.east - self.west) % 360.0 or (360.0 if self.east != self.west else 0.0)
        with np.errstate(invalid="ignore"):
            along = ((lon - self.west + margin) % 360.0 <= width + 2 * margin) | (width + 2 * margin >= 360.0)
            return np.asarray(along & (lat >= self.south - margin) & (lat <= self.north + margin))

    def holds_all(self, lon: Floats, lat: Floats) -> bool:
        """Whether all places lie in it, by their outermost ones where that is enough."""
        outer = np.array([lon.min(), lon.max()]), np.array([lat.min(), lat.max()])
        if not self.holds(*outer).all():
            return False
        return self.west <= self.east or bool(self.holds(lon, lat).all())

    def covers(self, other: Extent) -> bool:
        """Whether all of another box lies in this one, but for the rounding of the registry."""
        corners = np.array([other.west, other.east]), np.array([other.south, other.north])
        if not self.holds(*corners, margin=_ROUNDED_DEG).all():
            return False
        return (other.east - other.west) % 360.0 <= (self.east - self.west) % 360.0 + 2 * _ROUNDED_DEG or (
            self.east - self.west >= 360.0
        )


WORLD = Extent(-180.0, -90.0, 180.0, 90.0)


@dataclass(frozen=True)
class DatumShift:
    """One published operation from a CRS to WGS84.

    Parameters
    ----------
    name : str
        As the registry calls it.
    accuracy_m : float or None
        As published; None where the file brought its own parameters.
    area : Extent
        Where it holds.
    pipeline : str
        What PROJ is to do, longitude or easting first at both ends.
    """

    name: str
    accuracy_m: float | None
    area: Extent
    pipeline: str


@dataclass(frozen=True)
class DatumShifts:
    """All shifts of one CRS that are good enough for land, the most accurate first.

    Parameters
    ----------
    area : Extent
        Where the CRS is used.
    usable : tuple of DatumShift
    left_out : tuple of DatumShift
        Published too, but worse than 30 m or made for the sea.
    """

    area: Extent
    usable: tuple[DatumShift, ...]
    left_out: tuple[DatumShift, ...]

    @property
    def general(self) -> DatumShift | None:
        """The best shift that holds wherever the CRS is used; it is taken a little beyond, too."""
        return next((one for one in self.usable if one.area.covers(self.area)), None)

    def in_use(self, lon: Floats, lat: Floats) -> NDArray[np.bool_]:
        """Say which places are near enough to where the CRS is used for a shift to mean anything."""
        return self.area.holds(lon, lat, _MARGIN_DEG)

    def choose(
        self, lon: Floats, lat: Floats, *, label: str, given: tuple[Floats, Floats] | None = None
    ) -> DatumShift:
        """Choose the one shift for all of some places (degrees, at least one, all `in_use`).

        Refusals name places as they were `given`, which is in degrees unless it is said otherwise.

        Raises
        ------
        gis.errors.CrsUnknown
            None holds for one of them, or for all of them together; the message names a place.
        """
        for shift in self.usable:
            if shift.area.holds_all(lon, lat):
                return shift
        general = self.general
        if general is not None and (general.area.holds(lon, lat) | ~self.area.holds(lon, lat)).all():
            return general
        raise self._refusal(lon, lat, label, *(given or (lon, lat)))

    def _refusal(self, lon: Floats, lat: Floats, label: str, x: Floats, y: Floats) -> CrsUnknown:
        held = np.zeros(lon.shape, dtype=bool)
        for shift in self.usable:
            held |= shift.area.holds(lon, lat)
        out_zh = "先用当地的转换参数转为 CGCS2000（EPSG:4490）再导入"
        out_en = "convert it to CGCS2000 (EPSG:4490) with the parameters of the place first"
        if held.all():
            first = next(one for one in self.usable if one.area.holds(lon[:1], lat[:1])[0])
            other = int(np.flatnonzero(~first.area.holds(lon, lat))[0])
            return CrsUnknown(
                f"坐标系 {label!r} 没有一组公开参数适用于全部位置：{_place(x[0], y[0])} 适用“{first.name}”，"
                f"而 {_place(x[other], y[other])} 不适用；请按地区拆成几个文件，或{out_zh}",
                f"CRS {label!r} has no published transformation to WGS84 that holds for all places: "
                f"{first.name!r} holds at {_place(x[0], y[0])}, but not at {_place(x[other], y[other])}; "
                f"split the file by area, or {out_en}",
                places=[(float(lon[other]), float(lat[other]))],
                code="no-transformation",
            )
        at = int(np.flatnonzero(~held)[0])
        here = [one for one in self.left_out if one.area.holds(lon[at : at + 1], lat[at : at + 1])[0]]
        zh = "".join(f"（“{one.name}”{_why(one).zh}，不采用）" for one in here[:1])
        en = "".join(f" ({one.name!r} {_why(one).en}, and is not used)" for one in here[:1])
        return CrsUnknown(
            f"坐标系 {label!r} 在 {_place(x[at], y[at])} 处到 WGS84 没有公开的转换参数{zh}；请{out_zh}",
            f"CRS {label!r} has no published transformation to WGS84 for {_place(x[at], y[at])}{en}; {out_en}",
            places=[(float(lon[at]), float(lat[at]))],
            code="no-transformation",
        )


def _place(lon: float, lat: float) -> str:
    return f"({lon:.10g}, {lat:.10g})"


def _why(shift: DatumShift) -> Text:
    if shift.accuracy_m is None or shift.accuracy_m > LEAST_ACCURATE_M:
        return Text("精度过低", "is too inaccurate")
    return Text(
        f"只用于海上，精度 {shift.accuracy_m:g} 米", f"is for the sea, accurate to {shift.accuracy_m:g} m"
    )


@lru_cache(maxsize=256)
def published_shifts(wkt: str) -> DatumShifts:
    """List what PROJ's registry has between a CRS and WGS84 and can do on this machine (grids that are missing count out).

    Examples
    --------
    >>> found = published_shifts(CRS.from_epsg(4301).to_wkt())  # Tokyo
    >>> found.general.name, found.general.accuracy_m
    ('Tokyo to WGS 84 (108)', 9.0)
    >>> published_shifts(CRS.from_epsg(4610).to_wkt()).usable  # Xian 1980
    ()
    """
    definition = CRS.from_wkt(wkt)
    try:
        with warnings.catch_warnings():
            # "Best transformation is not available due to missing grid": the accuracy of what is there says as much.
            warnings.simplefilter("ignore", UserWarning)
            group = TransformerGroup(definition, CRS.from_epsg(4326), always_xy=True, allow_ballpark=False)
    except (ProjError, IndexError):
        # IndexError: pyproj has found operations, none of which can be done.
        return DatumShifts(_area(definition), (), ())
    usable: list[DatumShift] = []
    left_out: list[DatumShift] = []
    for found in group.transformers:
        own = definition.is_bound and found.accuracy < 0
        shift = DatumShift(
            _name(found),
            None if found.accuracy < 0 else float(found.accuracy),
            Extent.of(found.area_of_use),
            str(found.definition),
        )
        good = own or (shift.accuracy_m is not None and shift.accuracy_m <= LEAST_ACCURATE_M)
        (usable if good and not _only_at_sea(found) else left_out).append(shift)
    usable.sort(key=lambda one: one.accuracy_m or 0.0)
    return DatumShifts(_area(definition), tuple(usable), tuple(left_out))


def _area(definition: CRS) -> Extent:
    """Find where a CRS is used; one that a file describes itself may at least be of a datum that is known."""
    if definition.area_of_use is not None:
        return Extent.of(definition.area_of_use)
    geodetic = definition.geodetic_crs
    number = None if geodetic is None else geodetic.to_epsg()
    return WORLD if number is None else Extent.of(CRS.from_epsg(number).area_of_use)


def _name(found: Transformer) -> str:
    # PROJ writes the steps of a chain with plus signs; projecting and exchanging axes is no change of datum.
    steps = [
        step
        for step in found.description.split(" + ")
        if not step.startswith(("axis order", "Inverse of unn"))
    ]
    shifts = [step for step in steps if " to " in step]
    return " + ".join(shifts or steps)


def _only_at_sea(found: Transformer) -> bool:
    """Whether a shift is for the sea alone: its box holds land all the same, and it says nothing of that."""
    name = "" if found.area_of_use is None else found.area_of_use.name.lower()
    return "- offshore" in name and "onshore" not in name


@lru_cache(maxsize=256)
def _transformer(pipeline: str) -> Transformer:
    return Transformer.from_pipeline(pipeline)


def transform_with(
    shift: DatumShift, x: Floats, y: Floats, *, inverse: bool = False
) -> tuple[Floats, Floats]:
    """Carry out one shift, for all places alike; infinite where it has no answer."""
    a, b = _transformer(shift.pipeline).transform(x, y, direction="INVERSE" if inverse else "FORWARD")
    return np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
