"""The ``crs`` member that GeoJSON had before RFC 7946.

Absent means WGS84 by the standard. GDAL takes a name it does not know, and null, for WGS84 as well; we do not guess.
A member of type ``link`` or ``url`` makes GDAL fetch an address, so the file is refused before GDAL sees it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from gis.crs import WGS84, SourceCrs, parse_crs
from gis.errors import CrsUnknown
from gis.io.esri_json import crs_of_wkid
from gis.io.json_members import Buffer, mapped, members, occurrences, parent_of

__all__ = ["geojson_crs", "only_layer"]

# The member as the driver finds it: any case, escaped letters, either kind of quotes, comments in between.
_BLANK = rb"(?:\s|/\*.{0,1000}?\*/|//[^\n]{0,1000}\n){0,100}"
_OBJECT = re.compile(
    rb"""["'](?:[cC]|\\u00[46]3)(?:[rR]|\\u00[57]2)(?:[sS]|\\u00[57]3)["']"""
    + _BLANK
    + b":"
    + _BLANK
    + rb"\{",
    re.DOTALL,
)
_PARENTS = ("geometry", "properties")
_LONGEST_MEMBER = 1 << 12
_HEAD, _LONGEST_END = 1 << 12, 1 << 8
# The end of a feature, of the features, of the file: no other member follows.
_END = re.compile(rb"\}\s*\]\s*\}\s*\Z")
_URN = re.compile(
    r"(?:urn:(?:x-)?ogc:def:crs:|https?://(?:www\.)?opengis\.net/def/crs/|http://www\.opengis\.net/gml/srs/)?"
    r"(?:EPSG[:/][\d.]*[:/](?P<epsg>\d+)|epsg\.xml#(?P<gml>\d+)|(?:ESRI[:/](?:[\d.]*[:/])?)(?P<esri>\d+)"
    r"|(?:OGC[:/][\d.]*[:/])?CRS:?84)",
    re.IGNORECASE,
)


def geojson_crs(source: Path, *, given: bool = False) -> SourceCrs | Literal["absent"] | None:
    """Read the member of the file wherever it stands in it, or the one that all shapes have.

    Parameters
    ----------
    source : Path
    given : bool
        The CRS is known from elsewhere; the file is only looked through for links, and None is answered.

    Returns
    -------
    SourceCrs, None or "absent"
        None when it is null, which says that the CRS is unknown.

    Raises
    ------
    gis.errors.CrsUnknown
        It names something that cannot be used, or two things.
    """
    outermost: dict[str, object] = {}
    within: dict[str, object] = {}
    with mapped(source) as content:
        _refuse_links(content, source.name)
        if given:
            return None
        for member in members(content, "crs"):
            # A property may be called crs, too; PostGIS writes the member into every geometry.
            if member.depth == 1:
                outermost[json.dumps(member.value, sort_keys=True)] = member.value
            elif parent_of(content, member, _PARENTS) == "geometry":
                within[json.dumps(member.value, sort_keys=True)] = member.value
    named = outermost or within
    if not named:
        return "absent"
    read = [None if value is None else _named(value, source.name) for value in named.values()]
    if len({None if one is None else one.name for one in read}) > 1:
        one, other = [json.dumps(value, ensure_ascii=False)[:80] for value in named.values()][:2]
        raise CrsUnknown(
            f"文件 {source.name} 说了不同的坐标系：{one} 和 {other}；请用 crs 指明，或拆成几个文件",
            f"file {source.name} names different CRSs: {one} and {other}; name the CRS, or split the file",
            code="crs-mixed",
        )
    return read[0]


def _refuse_links(content: Buffer, file: str) -> None:
    """Refuse members that are not plain names, wherever they stand: a driver may find what a reader overlooks."""
    for found in _objects(content):
        begin = found.end() - 1
        text = content[begin : begin + _LONGEST_MEMBER].decode("utf-8", errors="replace")
        try:
            value, _ = json.JSONDecoder(object_pairs_hook=list).raw_decode(text)
        except (json.JSONDecodeError, RecursionError):
            value = None
        if not _is_name(value):
            shown = text[:80]
            raise CrsUnknown(
                f"文件 {file} 的 crs 成员 {shown} 不是坐标系的名称；应为名称，例如 EPSG:4549",
                f"the crs member {shown} of file {file} does not name a CRS; expected a name such as "
                "EPSG:4549",
            )


def _objects(content: Buffer) -> Iterator[re.Match[bytes]]:
    """Find the members that are objects; their key is looked for as it is plainly written unless letters are escaped."""
    if any(next(occurrences(content, word), None) is not None for word in (b"\\u00", b"\\U00")):
        yield from _OBJECT.finditer(content)
        return
    for at in occurrences(content, b"crs", lower=True):
        found = _OBJECT.match(content, at - 1) if at else None
        if found:
            yield found


def only_layer(source: Path) -> str | None:
    """Name the layer of an ordinary file, as GDAL does, without reading all of it; None where only reading tells.

    It is called by the member ``name``, where that stands before the features, else by the file.
    """
    with mapped(source) as content:
        before, found, _ = content[:_HEAD].partition(b'"features"')
        if not found or not _END.search(content[-_LONGEST_END:]):
            return None
    try:
        said = json.loads(before.decode("utf-8-sig").rstrip().removesuffix(",") + "}")
    except (ValueError, RecursionError):
        return None
    # Members of any case count where there is none in lower case.
    if said.get("type") != "FeatureCollection" or any(key.lower() == "name" != key for key in said):
        return None
    name = said.get("name", source.stem)
    return name if isinstance(name, str) and name.isprintable() and name else None


def _is_name(value: object) -> bool:
    """Whether a member, as pairs of key and value, names a CRS and links to nothing."""
    if not isinstance(value, list):
        return False
    kinds = [str(one).lower() for key, one in value if str(key).lower() == "type"]
    properties = [one for key, one in value if str(key).lower() == "properties"]
    keys = {str(key).lower() for one in [value, *properties] if isinstance(one, list) for key, _ in one}
    return set(kinds) <= {"name", "epsg", "ogc"} and not keys & {"href", "url"}


def _of_urn(urn: re.Match[str]) -> SourceCrs:
    if urn["esri"]:
        return parse_crs(crs_of_wkid(int(urn["esri"])) or urn[0])
    number = urn["epsg"] or urn["gml"]
    return WGS84 if number is None else parse_crs(int(number))


def _named(value: object, file: str) -> SourceCrs:
    properties = value.get("properties") if isinstance(value, dict) else None
    if isinstance(properties, dict):
        name, code = properties.get("name"), properties.get("code")
        if isinstance(code, int):
            return parse_crs(code)
        if isinstance(name, str):
            urn = _URN.fullmatch(name.strip())
            if urn is not None:
                return _of_urn(urn)
            return parse_crs(name)
    shown = json.dumps(value, ensure_ascii=False)[:80]
    raise CrsUnknown(
        f"文件 {file} 的 crs 成员 {shown} 无法识别", f"the crs member {shown} of file {file} cannot be read"
    )
