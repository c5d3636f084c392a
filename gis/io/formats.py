"""What kind of file is this, and what is read? One table, from which help texts and refusals are written.

A file is recognised by its first bytes, so that nonsense of any size is refused at once; its name is held to that.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from gis.errors import UnknownFormat, UnreadableFile
from gis.io.archive import archive_members, opened_archive
from gis.io.datasets import archive_datasets, is_geodatabase
from gis.io.foreign import Foreign, foreign_content, foreign_extension
from gis.io.json_members import json_kind
from gis.io.packed import GZIP, gzip_head, only_member, packed_head

__all__ = [
    "FORMATS",
    "PACKED",
    "Format",
    "accepted_extensions",
    "describe_formats",
    "detect",
    "readable_file",
]

_HEAD = 1 << 16
# Read whole into memory by their drivers; nobody draws a district of this size in them.
_LARGEST = {"KML": 512 << 20, "KMZ": 512 << 20, "DXF": 512 << 20, "XLSX": 512 << 20}


# What may stand before the first element, and that element. The reader refuses a document type by name.
_ROOT = re.compile(
    rb"(?:\s|<\?.*?\?>|<!--.*?-->|<!DOCTYPE[^\[>]*(?:\[.*?\]\s*)?>)*<(?:[\w.-]+:)?kml[\s/>]", re.DOTALL
)
_MIF = re.compile(
    rb"version\s+\d+\s*[\r\n]\s*(?:charset|delimiter|unique|index|coordsys|columns)", re.IGNORECASE
)
_CONTROL = re.compile(rb"[\x01-\x08\x0b\x0e-\x1a\x1c-\x1f\x7f]")
_STARTS = (
    (b"SQLite format 3\x00", "GeoPackage"),
    (b"\x00\x00\x27\x0a", "Shapefile"),
    (b"fgb\x03fgb", "FlatGeobuf"),
    (b"PAR1", "Parquet"),
)


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
    zh, en : str
        How help texts and messages call it; empty for one that another stands for.
    """

    name: str
    extensions: tuple[str, ...]
    driver: str | None
    zh: str = ""
    en: str = ""


FORMATS: Mapping[str, Format] = {
    one.name: one
    for one in (
        Format("GeoPackage", (".gpkg",), "GPKG", "GeoPackage", "GeoPackage"),
        Format("Shapefile", (".shp",), "ESRI Shapefile", "Shapefile", "Shapefile"),
        Format(
            "File Geodatabase",
            (".gdb",),
            "OpenFileGDB",
            "文件地理数据库（.gdb 文件夹）",
            "File Geodatabase (.gdb folder)",
        ),
        Format("MapInfo TAB", (".tab",), "MapInfo File", "MapInfo TAB", "MapInfo TAB"),
        Format("MapInfo MIF", (".mif",), "MapInfo File", "MapInfo MIF", "MapInfo MIF"),
        Format(
            "zipped Shapefile",
            (".zip", ".shz"),
            "ESRI Shapefile",
            "zip 压缩的 Shapefile/GDB/TAB/MIF",
            "zipped Shapefile/GDB/TAB/MIF",
        ),
        Format("zipped File Geodatabase", (".zip",), "OpenFileGDB"),
        Format("zipped MapInfo TAB", (".zip",), "MapInfo File"),
        Format("zipped MapInfo MIF", (".zip",), "MapInfo File"),
        Format("GeoJSON", (".geojson", ".json"), "GeoJSON", "GeoJSON", "GeoJSON"),
        Format("Esri JSON", (".json", ".geojson", ".esrijson"), "ESRIJSON", "Esri JSON", "Esri JSON"),
        Format("FlatGeobuf", (".fgb",), "FlatGeobuf", "FlatGeobuf", "FlatGeobuf"),
        Format("KML", (".kml",), None, "KML", "KML"),
        Format("KMZ", (".kmz", ".zip"), None, "KMZ", "KMZ"),
        Format("Parquet", (".parquet", ".geoparquet", ".pq"), None, "GeoParquet", "GeoParquet"),
        Format("CSV", (".csv", ".tsv", ".txt", ".tab"), None, "CSV", "CSV"),
        Format("XLSX", (".xlsx", ".xlsm"), None, "XLSX", "XLSX"),
        Format("DXF", (".dxf",), "DXF", "DXF", "DXF"),
    )
}
PACKED = "packed"
"""What the name of a format begins with that is packed as a single file, in a zip or by gzip."""
_EXTENSIONS = frozenset([".gz", *(extension for one in FORMATS.values() for extension in one.extensions)])
_ZIPPED = {
    ".shp": "zipped Shapefile",
    ".gdb": "zipped File Geodatabase",
    ".tab": "zipped MapInfo TAB",
    ".mif": "zipped MapInfo MIF",
    ".kml": "KMZ",
}


def describe_formats(lang: Literal["zh", "en"] = "zh") -> str:
    """List what is read, for help texts.

    Examples
    --------
    >>> describe_formats("en").split(", ")[:2]
    ['GeoPackage', 'Shapefile']
    """
    packed = {"zh": "zip 或 gzip 压缩的单个文件", "en": "any single file zipped or gzipped"}[lang]
    names = [getattr(one, lang) for one in FORMATS.values() if getattr(one, lang)]
    return ("、" if lang == "zh" else ", ").join([*names, packed])


def accepted_extensions() -> str:
    """List the extensions of single files, for the file chooser of a browser.

    Examples
    --------
    >>> accepted_extensions().split(",")[:2]
    ['.csv', '.dxf']
    """
    # A folder cannot be chosen there, and the parts of a Shapefile or table come zipped.
    return ",".join(sorted(_EXTENSIONS - {".gdb", ".shp", ".tab", ".mif"}))


def readable_file(path: str | os.PathLike[str]) -> Path:
    """Return the path of a file that exists and is not empty, or of the folder of a geodatabase.

    Raises
    ------
    gis.errors.UnreadableFile
    """
    source = Path(path)
    # The present folder and the root have no name of their own.
    name = source.name or str(source)
    try:
        mode, size = source.stat().st_mode, source.stat().st_size
    except FileNotFoundError:
        raise UnreadableFile(
            f"找不到文件 {source.name}", f"no such file: {source.name}", code="no-such-file"
        ) from None
    except (OSError, ValueError) as error:
        raise UnreadableFile(
            f"无法读取 {source.name}：{_strerror(error)}", f"cannot read {source.name}: {_strerror(error)}"
        ) from error
    if stat.S_ISDIR(mode):
        if is_geodatabase(source):
            return source
        raise UnreadableFile(
            f"{name} 是文件夹，其中没有文件地理数据库；请给出一个文件",
            f"{name} is a directory and no File Geodatabase; name a file",
            code="directory",
        )
    if not stat.S_ISREG(mode):
        raise UnreadableFile(
            f"{source.name} 不是普通文件", f"{source.name} is not a regular file", code="not-a-regular-file"
        )
    if size == 0:
        raise UnreadableFile(f"文件 {source.name} 是空的", f"file {source.name} is empty", code="empty-file")
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
    if source.is_dir():
        return FORMATS["File Geodatabase"]
    try:
        with source.open("rb") as stream:
            head = stream.read(_HEAD)
    except OSError as error:
        raise UnreadableFile(
            f"无法读取 {source.name}：{error.strerror}", f"cannot read {source.name}: {error.strerror}"
        ) from error
    extension = source.suffix.lower()
    if extension and extension not in _EXTENSIONS:
        foreign = foreign_content(head) or foreign_extension(extension)
        if foreign is not None:
            raise _not_read(source, foreign)
        known = " ".join(sorted(_EXTENSIONS))
        raise UnknownFormat(
            f"不支持的文件类型 {extension}（{source.name}）；支持：{known}",
            f"unknown file type {extension} ({source.name}); expected one of {known}",
        )
    found = _by_content(source, head) or foreign_extension(extension)
    if isinstance(found, Foreign):
        raise _not_read(source, found)
    expected = [one for one in FORMATS.values() if extension in one.extensions]
    if found is None or (extension and extension not in found.extensions):
        what = expected[0].name if expected else "any known format"
        zh = expected[0].name if expected else "任何支持的格式"
        came_zh = "无法识别的内容" if found is None else f"{found.name} 的内容"
        came = "unrecognised content" if found is None else f"{found.name} content"
        raise UnknownFormat(
            f"文件 {source.name} 不是有效的 {zh}：实际为{came_zh}",
            f"file {source.name} is not {what}: it holds {came}",
            code="wrong-content",
        )
    if source.stat().st_size > _LARGEST.get(found.name, 1 << 62):
        raise UnreadableFile(
            f"{found.name} 文件 {source.name} 超过 {_LARGEST[found.name] >> 20} MiB，请改用 GeoPackage",
            f"{found.name} file {source.name} is larger than {_LARGEST[found.name] >> 20} MiB; use GeoPackage instead",
            code="file-too-large",
        )
    return found


def _not_read(source: Path, kind: Foreign) -> UnknownFormat:
    return UnknownFormat(
        f"文件 {source.name} 是 {kind.zh}，不能读取；{kind.way_zh}",
        f"file {source.name} is {kind.en}, which is not read; {kind.way_en}",
        code="foreign-format",
    )


def _by_content(source: Path, head: bytes) -> Format | Foreign | None:
    if head.startswith(b"PK\x03\x04"):
        return _by_members(source)
    if head.startswith(GZIP):
        within = _by_head(gzip_head(source), source.name)
        return _packed(within, ".gz") if within is not None else foreign_content(head)
    return _by_head(head, source.name) or foreign_content(head)


def _by_head(head: bytes, name: str) -> Format | None:
    """Recognise a single file by its first bytes."""
    for start, one in _STARTS:
        if head.startswith(start):
            return FORMATS[one]
    return _by_text(head, name)


def _packed(form: Format, extension: str) -> Format | None:
    """Say of a format that it is packed; a Shapefile is nothing without its other parts."""
    if form.name in ("Shapefile", "MapInfo TAB", "MapInfo MIF"):
        return None
    return replace(form, name=f"{PACKED} {form.name}", extensions=(extension,))


def _by_members(source: Path) -> Format | Foreign | None:
    with opened_archive(source) as archive:
        names = frozenset(str(path) for path in archive_members(archive))
        kinds = [one.kind for one in archive_datasets(archive)]
        known = "[Content_Types].xml" in names or set(kinds) & set(_ZIPPED)
        single = None if known else only_member(archive, source.name)
        within = None if single is None else _by_head(packed_head(archive, single[1]), single[0].name)
    if within is not None:
        return _packed(within, ".zip")
    if "[Content_Types].xml" in names and "xl/workbook.xml" in names:
        return FORMATS["XLSX"]
    for kind in (".shp", ".gdb", ".tab", ".mif", ".kml"):
        if kind in kinds:
            return FORMATS[_ZIPPED[kind]]
    return foreign_content(b"", names)


def _json_format(text: bytes, name: str) -> Format | None:
    """Tell GeoJSON from Esri JSON; TopoJSON is refused by name."""
    kind = json_kind(text)
    if kind == "TopoJSON":
        raise UnknownFormat(
            f"文件 {name} 是 TopoJSON，不能读取；请先转换为 GeoJSON（例如用 mapshaper 或 topojson-client 的 topo2geo）",
            f"file {name} is TopoJSON, which is not read; turn it into GeoJSON first (with mapshaper, or topo2geo of "
            "topojson-client)",
            code="foreign-format",
        )
    return None if kind is None else FORMATS[kind]


def _as_utf8(head: bytes) -> bytes:
    """Turn the beginning of an XML document in two bytes a character into one in UTF-8."""
    for mark, encoding in (
        (b"\xff\xfe", "utf-16-le"),
        (b"\xfe\xff", "utf-16-be"),
        (b"<\x00", "utf-16-le"),
        (b"\x00<", "utf-16-be"),
    ):
        if head.startswith(mark):
            text = head.decode(encoding, errors="ignore").removeprefix("\ufeff")
            return text.encode("utf-8", errors="ignore") if text.lstrip().startswith("<") else head
    return head


def _is_text_with_nul(head: bytes) -> bool:
    """Whether bytes are text with a NUL here and there, and no other control characters: no program writes that on purpose."""
    rest = head.replace(b"\x00", b"")
    return len(head) - len(rest) <= len(head) // 16 and not _CONTROL.search(rest)


def _by_text(head: bytes, name: str) -> Format | None:
    head = _as_utf8(head)
    utf16 = head.startswith((b"\xff\xfe", b"\xfe\xff"))
    if b"\x00" in head and not utf16:
        if not _is_text_with_nul(head):
            return None
        # The reader says where it is.
        head = head.replace(b"\x00", b"")
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text.startswith(b"{"):
        return _json_format(text, name)
    if text[:6].lower() == b"!table":
        return FORMATS["MapInfo TAB"]
    if _MIF.match(text):
        return FORMATS["MapInfo MIF"]
    if text.startswith(b"<"):
        return FORMATS["KML"] if _ROOT.match(text) else None
    lines = text.splitlines()[:2]
    if len(lines) == 2 and lines[0].strip() in (b"0", b"999") and b"SECTION" in text[:4096]:
        return FORMATS["DXF"]
    # A table has a first line; megabytes without a line break are something else.
    if b"\n" in head or b"\r" in head or len(head) < _HEAD:
        return FORMATS["CSV"] if text else None
    return None
