"""The ``crs`` member that GeoJSON had before RFC 7946.

Absent means WGS84 by the standard. GDAL takes a name it does not know, and null, for WGS84 as well; we do not guess.
A member of type ``link`` or ``url`` makes GDAL fetch an address, so the file is refused before GDAL sees it.
"""

from __future__ import annotations

import json
import mmap
import re
from pathlib import Path
from typing import Any, Literal

from gis.crs import WGS84, SourceCrs, parse_crs
from gis.errors import CrsUnknown

__all__ = ["geojson_crs"]

_HEAD, _TAIL = 1 << 16, 1 << 14
_MEMBER = re.compile(r'"crs"\s*:\s*')
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
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
_LONGEST_MEMBER = 1 << 12
_URN = re.compile(r"urn:(?:x-)?ogc:def:crs:(EPSG:[\d.]*:(?P<epsg>\d+)|OGC:[\d.]*:CRS84)", re.IGNORECASE)


def geojson_crs(source: Path) -> SourceCrs | Literal["absent"] | None:
    """Read the member where writers put it, near the beginning or at the end of the file; look for links in all of it.

    Returns
    -------
    SourceCrs, None or "absent"
        None when it is null, which says that the CRS is unknown.

    Raises
    ------
    gis.errors.CrsUnknown
        It names something that cannot be used.
    """
    _refuse_links(source)
    with source.open("rb") as stream:
        head = stream.read(_HEAD).decode("utf-8", errors="replace")
        size = source.stat().st_size
        stream.seek(max(_HEAD, size - _TAIL))
        tail = stream.read().decode("utf-8", errors="replace")
    for text, is_head in ((head, True), (tail, False)):
        for found in _MEMBER.finditer(text):
            try:
                value, end = json.JSONDecoder().raw_decode(text, found.end())
            except json.JSONDecodeError:
                continue
            # A property may be called crs, too: only the member of the outermost object counts.
            rest = text[: found.start()] if is_head else text[end:]
            if _depth(rest) == (1 if is_head else -1):
                return None if value is None else _named(value, source.name)
    return "absent"


def _refuse_links(source: Path) -> None:
    """Refuse members that are not plain names, wherever they stand: a driver may find what a reader overlooks."""
    with source.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content:
        for found in _OBJECT.finditer(content):
            begin = found.end() - 1
            text = content[begin : begin + _LONGEST_MEMBER].decode("utf-8", errors="replace")
            try:
                value, _ = json.JSONDecoder(object_pairs_hook=list).raw_decode(text)
            except (json.JSONDecodeError, RecursionError):
                value = None
            if not _is_name(value):
                shown = text[:80]
                raise CrsUnknown(
                    f"文件 {source.name} 的 crs 成员 {shown} 不是坐标系的名称；应为名称，例如 EPSG:4549",
                    f"the crs member {shown} of file {source.name} does not name a CRS; expected a name such as "
                    "EPSG:4549",
                )


def _is_name(value: Any) -> bool:
    """Whether a member, as pairs of key and value, names a CRS and links to nothing."""
    if not isinstance(value, list):
        return False
    kinds = [str(one).lower() for key, one in value if str(key).lower() == "type"]
    properties = [one for key, one in value if str(key).lower() == "properties"]
    keys = {str(key).lower() for one in [value, *properties] if isinstance(one, list) for key, _ in one}
    return set(kinds) <= {"name", "epsg", "ogc"} and not keys & {"href", "url"}


def _depth(text: str) -> int:
    """Count opening less closing brackets outside strings."""
    plain = _STRING.sub("", text)
    return plain.count("{") + plain.count("[") - plain.count("}") - plain.count("]")


def _named(value: Any, file: str) -> SourceCrs:
    properties = value.get("properties") if isinstance(value, dict) else None
    if isinstance(properties, dict):
        name, code = properties.get("name"), properties.get("code")
        if isinstance(code, int):
            return parse_crs(code)
        if isinstance(name, str):
            urn = _URN.fullmatch(name.strip())
            if urn is not None:
                return WGS84 if urn["epsg"] is None else parse_crs(int(urn["epsg"]))
            return parse_crs(name)
    shown = json.dumps(value, ensure_ascii=False)[:80]
    raise CrsUnknown(
        f"文件 {file} 的 crs 成员 {shown} 无法识别", f"the crs member {shown} of file {file} cannot be read"
    )
