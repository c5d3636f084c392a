"""What coordinates look like, for whoever named the wrong CRS or none: a guess to be written down, never taken."""

from __future__ import annotations

from gis.crs import SourceCrs
from gis.text import Text

__all__ = ["likely_crs"]

# Northings between the equator and 60 degrees, as Gauss-Kruger and UTM have them where people live in China.
_SOUTHMOST, _NORTHMOST = 1_500_000.0, 6_700_000.0
_MERCATOR_M = 20_037_508.4
# CGCS2000 / 3-degree Gauss-Kruger zone 25 is EPSG:4513, with the meridian in its name EPSG:4534; of 6 degrees, zone 13
# is EPSG:4491 and EPSG:4502.
_THREE, _SIX = range(25, 46), range(13, 24)
# Eastings of Web Mercator in the east of China begin like those of zones in the far west.
_MERCATOR_TOO = range(13, 16)
_THREE_TO_BARE, _SIX_TO_BARE = 21, 11


def likely_crs(x: float, y: float, given: SourceCrs | None = None) -> Text | None:
    """Say in Chinese and English what a pair of numbers looks like, with the option to write.

    Parameters
    ----------
    x, y : float
        As they came.
    given : SourceCrs, optional
        What they were taken for.

    Examples
    --------
    >>> likely_crs(40516237.0, 3970000.0).en
    'the easting carries the zone number 40, so they look like EPSG:4528 (--crs EPSG:4528)'
    >>> likely_crs(120.05, 35.88).en
    'they look like degrees, longitude first (--crs wgs84)'
    >>> likely_crs(3970000.0, 40516237.0).en.split(":")[0]
    'the northing stands first'
    >>> likely_crs(1e9, 1e9) is None
    True
    """
    found = _easting_first(x, y, given)
    if found is not None:
        return found
    turned = _easting_first(y, x, given)
    if turned is None:
        return None
    if abs(x) <= 90 and abs(y) <= 180:
        return Text(
            "像是经纬度，但纬度写在前面；请把两个坐标（两列）对调",
            "they look like degrees with the latitude first; exchange the two numbers (or columns)",
        )
    return Text(
        f"北坐标写在前面：请把两个坐标（两列）对调；对调后{turned.zh}",
        f"the northing stands first: exchange the two numbers (or columns); then {turned.en}",
    )


def _easting_first(x: float, y: float, given: SourceCrs | None) -> Text | None:
    if abs(x) <= 180 and abs(y) <= 90:
        return Text("像是经纬度（--crs wgs84）", "they look like degrees, longitude first (--crs wgs84)")
    zone, bare = int(x // 1_000_000), x % 1_000_000
    if _SOUTHMOST <= y <= _NORTHMOST and 100_000 <= bare <= 900_000:
        if zone in _THREE or zone in _SIX:
            code = f"EPSG:{(4488 if zone in _THREE else 4478) + zone}"
            if zone in _MERCATOR_TOO:
                return Text(
                    f"像是 Web 墨卡托（--crs EPSG:3857），或是带号 {zone} 的高斯-克吕格坐标（--crs {code}）",
                    f"they look like Web Mercator (--crs EPSG:3857) or Gauss-Kruger of zone {zone} (--crs {code})",
                )
            return Text(
                f"东坐标带有带号 {zone}，像是 {code}（--crs {code}）",
                f"the easting carries the zone number {zone}, so they look like {code} (--crs {code})",
            )
        if zone == 0:
            return _without_zone(given)
    if 1_000_000 <= abs(x) <= _MERCATOR_M and 100_000 <= abs(y) <= _MERCATOR_M:
        return Text("像是 Web 墨卡托（--crs EPSG:3857）", "they look like Web Mercator (--crs EPSG:3857)")
    return None


def _without_zone(given: SourceCrs | None) -> Text:
    """Gauss-Kruger or UTM metres: the meridian is not in the numbers, but it may be in the CRS that was named."""
    number = int(given.name[5:]) if given is not None and given.name.startswith("EPSG:") else 0
    bare = next(
        (number + step for first, zones, step in ((4513, _THREE, _THREE_TO_BARE), (4491, _SIX, _SIX_TO_BARE))
         if first <= number < first + len(zones)),
        None,
    )  # fmt: skip
    if bare is not None:
        return Text(
            f"东坐标不带带号，像是 EPSG:{bare}（--crs EPSG:{bare}）",
            f"the easting carries no zone number, so they look like EPSG:{bare} (--crs EPSG:{bare})",
        )
    zh = (
        "像是高斯-克吕格或 UTM 的平面坐标（米），不带带号；请按中央经线选择，例如 120°E 为 --crs EPSG:4549，"
        "117°E 为 --crs EPSG:4548"
    )
    en = (
        "they look like metres of Gauss-Kruger or UTM without a zone number; choose by the central meridian, for "
        "example --crs EPSG:4549 for 120°E, --crs EPSG:4548 for 117°E"
    )
    return Text(zh, en)
