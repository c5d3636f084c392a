"""The spatial reference of Esri JSON: what ArcGIS servers answer, with the registry's numbers or Esri's own."""

from __future__ import annotations

import json
from pathlib import Path

from pyproj import CRS
from pyproj.exceptions import CRSError

from gis.crs import SourceCrs, parse_crs
from gis.errors import CrsUnknown
from gis.io.json_members import mapped, members

__all__ = ["crs_of_wkid", "esri_json_crs"]

# Web Mercator under the numbers it had before it got one in the registry; the sphere in some of them is a way of
# speaking, the coordinates are the same.
_WEB_MERCATOR = {102100, 102113, 900913, 3785}


def esri_json_crs(source: Path) -> SourceCrs | None:
    """Read the spatial reference of the file, or the one that all of its shapes have.

    Returns
    -------
    SourceCrs or None
        None when nothing is said.

    Raises
    ------
    gis.errors.CrsUnknown
        It names something that cannot be used, or shapes name different ones.
    """
    named: dict[str, object] = {}
    with mapped(source) as content:
        for member in members(content, "spatialReference"):
            if not member.value:
                continue
            if member.depth == 1:
                return _named(member.value, source.name)
            named[json.dumps(member.value, sort_keys=True)] = member.value
    if len(named) > 1:
        one, other = [_shown(value) for value in named.values()][:2]
        raise CrsUnknown(
            f"文件 {source.name} 的图形有不同的坐标系：{one} 和 {other}；请拆成几个文件",
            f"shapes of file {source.name} are in different CRSs: {one} and {other}; split the file",
            code="crs-mixed",
        )
    return next((_named(value, source.name) for value in named.values()), None)


def _named(value: object, file: str) -> SourceCrs:
    if isinstance(value, dict):
        numbers = [value.get("latestWkid"), value.get("wkid")]
        wkids = [one for one in numbers if isinstance(one, int) and not isinstance(one, bool) and one > 0]
        for wkid in wkids:
            definition = crs_of_wkid(wkid)
            if definition is not None:
                return parse_crs(definition)
        for text in (value.get("wkt"), value.get("wkt2")):
            if isinstance(text, str) and text.strip():
                try:
                    return parse_crs(CRS.from_wkt(text))
                except CRSError:
                    break
    raise CrsUnknown(
        f"文件 {file} 的 spatialReference {_shown(value)} 不在坐标系登记表中；请用 crs 指明，例如 EPSG:4549",
        f"the spatialReference {_shown(value)} of file {file} is not in the registry of coordinate systems; "
        "name the CRS, for example EPSG:4549",
    )


def crs_of_wkid(wkid: int) -> int | CRS | None:
    """Find the CRS that ArcGIS means by a number: the registry's below 32768, Esri's own above.

    Examples
    --------
    >>> crs_of_wkid(102100), crs_of_wkid(4549)
    (3857, 4549)
    >>> crs_of_wkid(102012).name
    'Asia_Lambert_Conformal_Conic'
    >>> crs_of_wkid(99999999) is None
    True
    """
    if wkid in _WEB_MERCATOR:
        return 3857
    for authority in ("EPSG", "ESRI"):
        try:
            definition = CRS.from_authority(authority, wkid)
        except CRSError:
            continue
        return wkid if authority == "EPSG" else definition
    return None


def _shown(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)[:80]
