"""Coordinate reference systems: the one place that knows about axis order and the shifted Chinese systems.

Everything inside wangge is longitude, latitude (x, y) in WGS84. What comes in is one of

========== =====================================================================================
name       meaning
========== =====================================================================================
wgs84      EPSG:4326, x = longitude (also ``EPSG:4326``, ``CRS84``)
cgcs2000   EPSG:4490; treated as equal to WGS84, the difference is below 0.1 m
gcj02      the official offset of public maps in China (AMap, Tencent)
bd09       Baidu's second offset on top of gcj02
EPSG:n     anything PROJ knows with a way to WGS84; x = easting or longitude whatever the registry says
========== =====================================================================================

A CRS without a stated transformation to WGS84 for the place (Xian 1980, local city systems, Beijing 1954 nearly
everywhere) is refused: PROJ would call the change of datum a "ballpark" and move nothing, which is 100 m wrong on the
ground. What is converted together is converted by one transformation (`gis.datums`), never by several side by side.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError

from gis.arrays import Floats
from gis.datums import DatumShift, DatumShifts, published_shifts, transform_with
from gis.errors import CrsUnknown, GeometryError, Place, SwappedCoordinates
from gis.offsets import OFFSETS, inside_china, shifted, unshifted

__all__ = [
    "CGCS2000",
    "WGS84",
    "CrsLike",
    "SourceCrs",
    "check_degrees",
    "choose_shift",
    "describe_shift",
    "from_wgs84",
    "parse_crs",
    "to_wgs84",
    "transform_geometries",
    "working_crs",
]

Family = Literal["wgs84", "gcj02", "bd09", "proj"]


@dataclass(frozen=True)
class SourceCrs:
    """A CRS that coordinates may come in.

    Parameters
    ----------
    name : str
        ``wgs84``, ``cgcs2000``, ``gcj02``, ``bd09``, ``EPSG:n``, or the name inside a WKT without a number.
    family : {"wgs84", "gcj02", "bd09", "proj"}
        Which arithmetic turns it into WGS84; ``wgs84`` means none.
    definition : pyproj.CRS or None
        The horizontal CRS for the family ``proj``.
    shift : DatumShift or None
        The change of datum to use whatever the places are (`choose_shift`); chosen by the places where it is None.
    """

    name: str
    family: Family
    definition: CRS | None = None
    shift: DatumShift | None = None

    def __str__(self) -> str:
        return self.name


CrsLike = str | int | CRS | SourceCrs

WGS84 = SourceCrs("wgs84", "wgs84")
CGCS2000 = SourceCrs("cgcs2000", "wgs84")
_NAMED = {
    "wgs84": WGS84,
    "cgcs2000": CGCS2000,
    "gcj02": SourceCrs("gcj02", "gcj02"),
    "bd09": SourceCrs("bd09", "bd09"),
    "crs84": WGS84,
    "ogccrs84": WGS84,
}
# On a sphere by name only: before it was in the registry, software called it many things.
_WEB_MERCATOR = (
    "Popular Visualisation CRS / Mercator",
    "WGS_1984_Web_Mercator",
    "Google Maps Global Mercator",
)
# Datums that need no shift at our resolution: everything here is within a decimetre of WGS84.
_SAME_DATUM = re.compile(
    r"wgs[ _]*(19)?84|world geodetic system 1984|china[ _]*2000|cgcs[ _]*2000", re.IGNORECASE
)


def parse_crs(value: CrsLike) -> SourceCrs:
    """Read the name of a CRS.

    Parameters
    ----------
    value : str, int, pyproj.CRS or SourceCrs
        One of the names above (any case, with or without hyphen), ``"EPSG:4549"``, ``4549``, or a pyproj CRS
        (which is how a .prj arrives).

    Returns
    -------
    SourceCrs

    Raises
    ------
    gis.errors.CrsUnknown
        When it cannot be read, is not horizontal, or has no stated way to WGS84.

    Examples
    --------
    >>> parse_crs("GCJ-02").name, parse_crs("epsg:4549").name, parse_crs(4326).name
    ('gcj02', 'EPSG:4549', 'wgs84')
    >>> parse_crs("mars")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    gis.errors.CrsUnknown: 不认识的坐标系 'mars'；...
    """
    if isinstance(value, SourceCrs):
        return value
    if isinstance(value, str):
        named = _NAMED.get(re.sub(r"[\s_:-]", "", value).lower())
        if named is not None:
            return named
        match = re.fullmatch(r"\s*epsg\s*:{1,2}\s*(\d{1,7})\s*", value, re.IGNORECASE)
        if match is None:
            raise _unknown(value)
        return _from_epsg(int(match.group(1)))
    if isinstance(value, CRS):
        return _from_definition(value, label=str(value.name))
    if isinstance(value, int) and not isinstance(value, bool):
        return _from_epsg(value)
    raise _unknown(str(value))


def _unknown(text: str) -> CrsUnknown:
    expected = "wgs84, cgcs2000, gcj02, bd09, EPSG:n"
    return CrsUnknown(
        f"不认识的坐标系 {text!r}；可用：{expected}", f"unknown CRS {text!r}; expected one of {expected}"
    )


@lru_cache(maxsize=256)
def _from_epsg(number: int) -> SourceCrs:
    if number == 4326:
        return WGS84
    if number == 4490:
        return CGCS2000
    try:
        definition = CRS.from_epsg(number)
    except CRSError as error:
        raise CrsUnknown(
            f"EPSG:{number} 不在坐标系登记表中", f"EPSG:{number} is not in the registry of coordinate systems"
        ) from error
    return _from_definition(definition, label=f"EPSG:{number}")


def _from_definition(definition: CRS, *, label: str) -> SourceCrs:
    if definition.is_compound:
        definition = definition.sub_crs_list[0]
    if definition.is_bound and definition.source_crs is not None and not _says_shift(definition):
        definition = definition.source_crs
    if definition.is_geographic and len(definition.axis_info) == 3:
        definition = definition.to_2d()
    if not (definition.is_geographic or definition.is_projected):
        raise CrsUnknown(
            f"坐标系 {label!r} 不是平面或经纬度坐标系，而是 {definition.type_name}",
            f"CRS {label!r} is not a horizontal one but a {definition.type_name}",
            code="crs-not-horizontal",
        )
    if definition.name in _WEB_MERCATOR:
        return _from_epsg(3857)
    number = definition.to_epsg()
    if number is not None and definition.area_of_use is None:
        # What a .prj spells out is the same, but does not say where it is used.
        definition = CRS.from_epsg(number)
    if number == 4326:
        return WGS84
    if number == 4490:
        return CGCS2000
    if number is None and definition.is_geographic and _is_wgs84_in_degrees(definition):
        return WGS84
    if _needs_shift(definition) and not published_shifts(definition.to_wkt()).usable:
        raise CrsUnknown(
            f"坐标系 {label!r} 到 WGS84 没有公开的转换参数，请先转换为 CGCS2000 再导入",
            f"CRS {label!r} has no published transformation to WGS84; convert the file to CGCS2000 first",
            code="no-transformation",
        )
    return SourceCrs(label if number is None else f"EPSG:{number}", "proj", definition)


def _says_shift(definition: CRS) -> bool:
    """Whether a CRS brings its own parameters; seven zeros are how software writes that it has none."""
    if not any(word in definition.to_wkt() for word in ("ABRIDGEDTRANSFORMATION", "TOWGS84")):
        return False
    operation = definition.coordinate_operation
    return operation is None or any(operation.towgs84) or not operation.towgs84


def _needs_shift(definition: CRS) -> bool:
    geodetic = definition.geodetic_crs
    datum = None if geodetic is None else geodetic.datum
    return datum is None or _SAME_DATUM.search(str(datum.name)) is None


def _is_wgs84_in_degrees(definition: CRS) -> bool:
    # A .prj may name WGS84 in a spelling that matches no registry entry; ellipsoid, meridian and unit decide.
    degrees = all(abs(axis.unit_conversion_factor - np.pi / 180) < 1e-12 for axis in definition.axis_info)
    greenwich = definition.prime_meridian is not None and definition.prime_meridian.longitude == 0.0
    return degrees and greenwich and not _needs_shift(definition)


@lru_cache(maxsize=256)
def _transformer(wkt: str, inverse: bool) -> Transformer:
    definition = CRS.from_wkt(wkt)
    # Same datum: stay on it, so that PROJ has no datum change to guess at (CGCS2000 zones end in EPSG:4490).
    geodetic = definition.geodetic_crs
    target = CRS.from_epsg(4326) if geodetic is None or definition.is_geographic else geodetic.to_2d()
    ends = (target, definition) if inverse else (definition, target)
    return Transformer.from_crs(*ends, always_xy=True)


def _proj(x: Floats, y: Floats, source: SourceCrs, *, inverse: bool) -> tuple[Floats, Floats]:
    assert source.definition is not None  # noqa: S101 - holds for every SourceCrs of the family proj
    wkt = source.definition.to_wkt()
    if not _needs_shift(source.definition):
        a, b = _transformer(wkt, inverse).transform(x, y)
        return np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    if source.shift is not None:
        return transform_with(source.shift, x, y, inverse=inverse)
    return _shifted(x, y, published_shifts(wkt), label=source.name, inverse=inverse)


def _shifted(
    x: Floats, y: Floats, shifts: DatumShifts, *, label: str, inverse: bool
) -> tuple[Floats, Floats]:
    """Change the datum of all places by the one shift that holds for them; NaN far from where the CRS is used."""
    if inverse:
        near = shifts.in_use(x, y)
        chosen = shifts.choose(x[near], y[near], label=label) if near.any() else shifts.usable[0]
        a, b = transform_with(chosen, x, y, inverse=True)
    else:
        # All shifts agree to a few hundred metres: where the places are can be seen by any, and mostly the first guess
        # is the one that is chosen.
        guess = _guess(x, y, shifts)
        a, b = transform_with(guess, x, y)
        near = shifts.in_use(a, b)
        given = x[near], y[near]
        chosen = shifts.choose(a[near], b[near], label=label, given=given) if near.any() else guess
        if chosen != guess:
            a, b = transform_with(chosen, x, y)
    a[~near] = b[~near] = np.nan
    return a, b


def _guess(x: Floats, y: Floats, shifts: DatumShifts) -> DatumShift:
    finite = np.flatnonzero(np.isfinite(x) & np.isfinite(y))[:1]
    lon, lat = transform_with(shifts.usable[0], x[finite], y[finite])
    return next((one for one in shifts.usable if one.area.holds(lon, lat).all()), shifts.usable[0])


def choose_shift(crs: CrsLike, lon: ArrayLike, lat: ArrayLike) -> SourceCrs:
    """Fix the change of datum by the places that matter, for coordinates that come piece by piece.

    Parameters
    ----------
    crs : str, int, pyproj.CRS or SourceCrs
        See `parse_crs`.
    lon, lat : array_like
        Degrees: the corners of the area that answers are wanted for. Places elsewhere are converted the same way.

    Returns
    -------
    SourceCrs
        The same CRS; with `SourceCrs.shift` where its datum is another than WGS84.

    Raises
    ------
    gis.errors.CrsUnknown
        No one published transformation holds for all of it.

    Examples
    --------
    >>> choose_shift("EPSG:4301", [139.5, 139.9], [35.5, 35.8]).shift.name  # Tokyo
    'Tokyo to WGS 84 (108)'
    >>> choose_shift("EPSG:4549", [120.0], [36.0]).shift is None
    True
    """
    source = parse_crs(crs)
    if source.family != "proj" or source.definition is None or not _needs_shift(source.definition):
        return source
    x, y = (np.ravel(v) for v in _pair(lon, lat))
    return replace(source, shift=published_shifts(source.definition.to_wkt()).choose(x, y, label=source.name))


def describe_shift(crs: CrsLike, lon: ArrayLike, lat: ArrayLike) -> tuple[str, float | None] | None:
    """Say by which published transformation places came into WGS84, and how accurate that is in metres.

    None where the datum needs no shift, or no place is near where the CRS is used.

    Examples
    --------
    >>> describe_shift("EPSG:4301", [139.5], [35.5])
    ('Tokyo to WGS 84 (108)', 9.0)
    """
    source = parse_crs(crs)
    if source.family != "proj" or source.definition is None or not _needs_shift(source.definition):
        return None
    shifts = published_shifts(source.definition.to_wkt())
    x, y = (np.ravel(v) for v in _pair(lon, lat))
    near = shifts.in_use(x, y)
    if not near.any():
        return None
    used = source.shift or shifts.choose(x[near], y[near], label=source.name)
    return used.name, used.accuracy_m


# ---------------------------------------------------------------- both ways
def _pair(x: ArrayLike, y: ArrayLike) -> tuple[Floats, Floats]:
    a, b = np.broadcast_arrays(np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64))
    return a, b


def to_wgs84(x: ArrayLike, y: ArrayLike, crs: CrsLike) -> tuple[Floats, Floats]:
    """Turn coordinates into WGS84 longitude, latitude.

    Parameters
    ----------
    x, y : array_like
        Easting or longitude, northing or latitude, in the unit of `crs`; any shape, broadcast together.
    crs : str, int, pyproj.CRS or SourceCrs
        See `parse_crs`.

    Returns
    -------
    lon, lat : ndarray of float64
        Degrees, in the shape of the input. What is not finite, or lies where the projection has no answer,
        comes back as NaN.

    Raises
    ------
    gis.errors.CrsUnknown

    Examples
    --------
    >>> lon, lat = to_wgs84([120.055326], [35.880181], "gcj02")
    >>> lon.round(6).tolist(), lat.round(6).tolist()
    ([120.05], [35.88])
    >>> lon, lat = to_wgs84(500000, 4000000, "EPSG:4549")
    >>> round(float(lon), 6), round(float(lat), 6)
    (120.0, 36.130293)
    """
    source = parse_crs(crs)
    a, b = _pair(x, y)
    shape = a.shape
    a, b = np.ravel(a).copy(), np.ravel(b).copy()
    if source.family in OFFSETS:
        a, b = unshifted(a, b, OFFSETS[source.family])
    elif source.family == "proj":
        a, b = _proj(a, b, source, inverse=False)
    bad = ~(np.isfinite(a) & np.isfinite(b))
    a[bad] = b[bad] = np.nan
    return a.reshape(shape), b.reshape(shape)


def from_wgs84(lon: ArrayLike, lat: ArrayLike, crs: CrsLike) -> tuple[Floats, Floats]:
    """Turn WGS84 longitude, latitude into another CRS; the inverse of `to_wgs84` to below 1 mm.

    Parameters
    ----------
    lon, lat : array_like
        Degrees, any shape, broadcast together.
    crs : str, int, pyproj.CRS or SourceCrs
        See `parse_crs`.

    Returns
    -------
    x, y : ndarray of float64
        In the unit of `crs`; NaN where there is no answer.

    Examples
    --------
    >>> x, y = from_wgs84(120.05, 35.88, "gcj02")
    >>> round(float(x), 6), round(float(y), 6)
    (120.055326, 35.880181)
    >>> [float(v) for v in from_wgs84(-87.7, 41.9, "gcj02")]  # no offset outside China
    [-87.7, 41.9]
    """
    target = parse_crs(crs)
    a, b = _pair(lon, lat)
    shape = a.shape
    a, b = np.ravel(a).copy(), np.ravel(b).copy()
    if target.family in OFFSETS:
        a, b = shifted(a, b, OFFSETS[target.family])
    elif target.family == "proj":
        a, b = _proj(a, b, target, inverse=True)
    bad = ~(np.isfinite(a) & np.isfinite(b))
    a[bad] = b[bad] = np.nan
    return a.reshape(shape), b.reshape(shape)


def transform_geometries(geoms: ArrayLike, crs: CrsLike) -> NDArray[np.object_]:
    """Turn shapes into WGS84; heights are dropped, since nothing here uses them.

    Parameters
    ----------
    geoms : array_like of shapely geometries, shape (n,)
        None stays None, empty stays empty.
    crs : str, int, pyproj.CRS or SourceCrs
        What they are in.

    Returns
    -------
    ndarray of object, shape (n,)
        None for a shape with a vertex that has no place in WGS84.

    Examples
    --------
    >>> out = transform_geometries([shapely.Point(500000, 4000000)], "EPSG:4549")
    >>> shapely.to_wkt(out[0], rounding_precision=6)
    'POINT (120 36.130293)'
    """
    source = parse_crs(crs)
    flat: NDArray[np.object_] = np.array(geoms, dtype=object)
    if shapely.has_z(flat).any() or shapely.has_m(flat).any():
        flat = np.asarray(shapely.force_2d(flat), dtype=object)
    if source.family == "wgs84":
        return flat

    points, of = shapely.get_coordinates(flat, return_index=True)
    lon, lat = to_wgs84(points[:, 0], points[:, 1], source)
    lost = np.unique(of[np.isnan(lon)])
    out = flat.copy()
    out[lost] = None
    keep = ~np.isin(of, lost)
    return np.asarray(shapely.set_coordinates(out, np.column_stack([lon[keep], lat[keep]])), dtype=object)


def check_degrees(lon: ArrayLike, lat: ArrayLike) -> None:
    """Refuse coordinates that cannot be WGS84 longitude, latitude.

    Parameters
    ----------
    lon, lat : array_like, shape (n,)
        Degrees; NaN is passed over.

    Raises
    ------
    gis.errors.SwappedCoordinates
        Exchanged they would fit: a longitude of 35 and a latitude of 120.
    gis.errors.GeometryError
        Numbers far outside: metres read as degrees.

    Examples
    --------
    >>> check_degrees([120.05], [35.88])
    >>> check_degrees([35.88], [120.05])  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    gis.errors.SwappedCoordinates: 经度、纬度写反了...
    """
    x, y = (np.ravel(v) for v in _pair(lon, lat))
    with np.errstate(invalid="ignore"):
        wrong = (np.abs(x) > 180.0) | (np.abs(y) > 90.0)
    if not wrong.any():
        return
    at = int(np.flatnonzero(wrong)[0])
    place: Place = (float(x[at]), float(y[at]))
    if abs(place[0]) <= 90.0 and abs(place[1]) <= 180.0:
        swapped = (place[1], place[0])
        raise SwappedCoordinates(
            f"经度、纬度写反了：应先经度后纬度，得到 ({place[0]:.10g}, {place[1]:.10g})，对调后为 ({swapped[0]:.10g}, {swapped[1]:.10g})",
            f"longitude and latitude are swapped: expected longitude first, got ({place[0]:.10g}, {place[1]:.10g}); "
            f"exchanged it would be ({swapped[0]:.10g}, {swapped[1]:.10g})",
            places=[swapped],
        )
    raise GeometryError(
        f"坐标超出经纬度范围：得到 ({place[0]:.10g}, {place[1]:.10g})；若为平面坐标，请用 crs 指明坐标系，例如 EPSG:4549",
        f"coordinates outside longitude and latitude: got ({place[0]:.10g}, {place[1]:.10g}); if these are projected, "
        "name the CRS, for example EPSG:4549",
        code="out-of-range",
    )


def working_crs(lon: ArrayLike, lat: ArrayLike) -> CRS:
    """Choose the metric CRS to measure and mend in, for a place or the middle of several.

    Parameters
    ----------
    lon, lat : array_like
        Degrees; bounds or all vertices, the middle of their extent decides.

    Returns
    -------
    pyproj.CRS
        In China the CGCS2000 3-degree Gauss-Kruger zone of that meridian (EPSG:4534 to 4554), elsewhere the
        UTM zone, near the poles the polar stereographic of UPS. Unit metre.

    Examples
    --------
    >>> working_crs(120.05, 35.88).to_epsg(), working_crs(122.1, 37.5).to_epsg()
    (4549, 4550)
    >>> working_crs([-87.94, -87.52], [41.64, 42.02]).to_epsg()
    32616
    """
    x, y = (np.ravel(v) for v in _pair(lon, lat))
    good = np.isfinite(x) & np.isfinite(y)
    if not good.any():
        raise GeometryError(
            "没有可用坐标，无法选择投影",
            "no usable coordinate to choose a projection by",
            code="no-coordinates",
        )
    centre_x = float((x[good].min() + x[good].max()) / 2)
    centre_y = float((y[good].min() + y[good].max()) / 2)
    check_degrees(centre_x, centre_y)
    if inside_china(centre_x, centre_y):
        zone = min(max(round(centre_x / 3.0), 25), 45)
        return CRS.from_epsg(4534 + zone - 25)
    if centre_y > 84.0:
        return CRS.from_epsg(32661)
    if centre_y < -80.0:
        return CRS.from_epsg(32761)
    zone = min(int((centre_x + 180.0) // 6.0) + 1, 60)
    return CRS.from_epsg((32600 if centre_y >= 0 else 32700) + zone)
