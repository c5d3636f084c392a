"""What kind of file is this? Decided by its first bytes, so that nonsense of any size is refused at once."""

from __future__ import annotations

import os
import re
import stat
import zipfile
from dataclasses import dataclass
from pathlib import Path

from gis.errors import UnknownFormat, UnreadableFile

__all__ = ["FORMATS", "Format", "detect", "readable_file"]

_HEAD = 1 << 16
# Read whole into memory by their drivers; nobody draws a district of this size in them.
_LARGEST = {"KML": 512 << 20, "KMZ": 512 << 20, "DXF": 512 << 20}


# What may stand before the first element, and that element. A document type would bring entities.
_ROOT = re.compile(rb"(?:\s|<\?.*?\?>|<!--.*?-->)*<(?:[\w.-]+:)?kml[\s/>]", re.DOTALL)
_TYPE = re.compile(rb'"type"\s*:\s*"([^"\\]*)"')
_GEOJSON = {
    b"FeatureCollection",
    b"Feature",
    b"Point",
    b"MultiPoint",
    b"LineString",
    b"MultiLineString",
    b"Polygon",
    b"MultiPolygon",
    b"GeometryCollection",
}


@dataclass(frozen=True)
class Format:
    """A kind of file.

    Parameters
    ----------
    name : str
        Machine word, also what a report says.
    extensions : tuple of str
        Lower case, with the dot.
    driver : str or None
        GDAL's name, where GDAL reads it.
    """

    name: str
    extensions: tuple[str, ...]
    driver: str | None


FORMATS = {
    one.name: one
    for one in (
        Format("GeoPackage", (".gpkg",), "GPKG"),
        Format("Shapefile", (".shp",), "ESRI Shapefile"),
        Format("zipped Shapefile", (".zip",), "ESRI Shapefile"),
        Format("GeoJSON", (".geojson", ".json"), "GeoJSON"),
        Format("FlatGeobuf", (".fgb",), "FlatGeobuf"),
        Format("KML", (".kml",), "LIBKML"),
        Format("KMZ", (".kmz",), "LIBKML"),
        Format("Parquet", (".parquet", ".geoparquet", ".pq"), None),
        Format("CSV", (".csv", ".tsv", ".txt"), None),
        Format("DXF", (".dxf",), "DXF"),
    )
}
_BY_EXTENSION = {extension: one for one in FORMATS.values() for extension in one.extensions}


def readable_file(path: str | os.PathLike[str]) -> Path:
    """Return the path of a file that exists, is not a directory and is not empty.

    Raises
    ------
    gis.errors.UnreadableFile
    """
    source = Path(path)
    try:
        mode, size = source.stat().st_mode, source.stat().st_size
    except FileNotFoundError:
        raise UnreadableFile(
            f"找不到文件 {source.name}", f"no such file: {source.name}", code="no_such_file"
        ) from None
    except (OSError, ValueError) as error:
        raise UnreadableFile(
            f"无法读取 {source.name}：{_strerror(error)}", f"cannot read {source.name}: {_strerror(error)}"
        ) from error
    if stat.S_ISDIR(mode):
        raise UnreadableFile(
            f"{source.name} 是文件夹，应为一个文件",
            f"{source.name} is a directory; expected a file",
            code="directory",
        )
    if not stat.S_ISREG(mode):
        raise UnreadableFile(f"{source.name} 不是普通文件", f"{source.name} is not a regular file")
    if size == 0:
        raise UnreadableFile(f"文件 {source.name} 是空的", f"file {source.name} is empty", code="empty_file")
    return source


def _strerror(error: Exception) -> str:
    """Say why without the path, which may be one of the server's."""
    return getattr(error, "strerror", None) or type(error).__name__


def detect(path: str | os.PathLike[str]) -> Format:
    """Recognise a file by its first bytes and hold its name to that.

    Parameters
    ----------
    path : path-like
        An existing file. Without an extension the content alone decides.

    Returns
    -------
    Format

    Raises
    ------
    gis.errors.UnreadableFile
        Missing, a directory, empty, unreadable.
    gis.errors.UnknownFormat
        An extension we do not know, or content that is not what the extension says.
    """
    source = readable_file(path)
    try:
        with source.open("rb") as stream:
            head = stream.read(_HEAD)
    except OSError as error:
        raise UnreadableFile(
            f"无法读取 {source.name}：{error.strerror}", f"cannot read {source.name}: {error.strerror}"
        ) from error
    extension = source.suffix.lower()
    expected = _BY_EXTENSION.get(extension)
    if extension and expected is None:
        known = " ".join(sorted(_BY_EXTENSION))
        raise UnknownFormat(
            f"不支持的文件类型 {extension}（{source.name}）；支持：{known}",
            f"unknown file type {extension} ({source.name}); expected one of {known}",
        )
    found = _by_content(source, head)
    if found is None or (expected is not None and found is not expected):
        what = expected.name if expected is not None else "any known format"
        zh = expected.name if expected is not None else "任何支持的格式"
        came_zh = "无法识别的内容" if found is None else f"{found.name} 的内容"
        came = "unrecognised content" if found is None else f"{found.name} content"
        raise UnknownFormat(
            f"文件 {source.name} 不是有效的 {zh}：实际为{came_zh}",
            f"file {source.name} is not {what}: it holds {came}",
            code="wrong_content",
        )
    if source.stat().st_size > _LARGEST.get(found.name, 1 << 62):
        raise UnreadableFile(
            f"{found.name} 文件 {source.name} 超过 {_LARGEST[found.name] >> 20} MiB，请改用 GeoPackage",
            f"{found.name} file {source.name} is larger than {_LARGEST[found.name] >> 20} MiB; use GeoPackage instead",
            code="too_large",
        )
    return found


def _by_content(source: Path, head: bytes) -> Format | None:
    if head.startswith(b"SQLite format 3\x00"):
        return FORMATS["GeoPackage"]
    if head.startswith(b"\x00\x00\x27\x0a"):
        return FORMATS["Shapefile"]
    if head.startswith(b"fgb\x03fgb"):
        return FORMATS["FlatGeobuf"]
    if head.startswith(b"PAR1"):
        return FORMATS["Parquet"]
    if head.startswith(b"PK\x03\x04"):
        return _by_members(source)
    if head.startswith(b"AutoCAD Binary DXF"):
        return None
    return _by_text(head)


def _by_members(source: Path) -> Format | None:
    try:
        with zipfile.ZipFile(source) as archive:
            names = [name.lower() for name in archive.namelist()]
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise UnreadableFile(
            f"压缩包 {source.name} 已损坏或不完整",
            f"archive {source.name} is damaged or truncated",
            code="damaged",
        ) from error
    if any(name.endswith(".shp") for name in names):
        return FORMATS["zipped Shapefile"]
    if any(name.endswith(".kml") for name in names):
        return FORMATS["KMZ"]
    return None


def _is_geojson(text: bytes) -> bool:
    """Whether the beginning of a JSON text is that of GeoJSON: a type that it knows, or none yet."""
    kinds = _TYPE.findall(text)
    return not kinds or any(kind in _GEOJSON for kind in kinds)


def _by_text(head: bytes) -> Format | None:
    utf16 = head.startswith((b"\xff\xfe", b"\xfe\xff"))
    if b"\x00" in head and not utf16:
        return None
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text.startswith(b"{"):
        return FORMATS["GeoJSON"] if _is_geojson(text) else None
    if text.startswith(b"<"):
        return FORMATS["KML"] if _ROOT.match(text) else None
    lines = text.splitlines()[:2]
    if len(lines) == 2 and lines[0].strip() in (b"0", b"999") and b"SECTION" in text[:4096]:
        return FORMATS["DXF"]
    # A table has a first line; megabytes without a line break are something else.
    if b"\n" in head or b"\r" in head or len(head) < _HEAD:
        return FORMATS["CSV"] if text else None
    return None
