"""Files that people bring and that are not read: what they are, and what to do instead."""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["Foreign", "foreign_content", "foreign_extension"]


@dataclass(frozen=True)
class Foreign:
    """A kind of file that is known and not read.

    Parameters
    ----------
    zh, en : str
        What it is.
    way_zh, way_en : str
        The way out.
    """

    zh: str
    en: str
    way_zh: str
    way_en: str


_DWG = Foreign(
    "AutoCAD DWG 图形",
    "an AutoCAD DWG drawing",
    "请在 CAD 中另存为 DXF（命令 DXFOUT，文本格式）",
    "save it as DXF in the CAD program (DXFOUT, as text)",
)
_BINARY_DXF = Foreign(
    "二进制 DXF", "a binary DXF", "请另存为文本格式（ASCII）的 DXF", "save it as DXF in text form (ASCII)"
)
_OLE = Foreign(
    "旧版 Excel 工作簿（.xls、.et）或加了密码的 .xlsx",
    "an old Excel workbook (.xls, .et), or an .xlsx with a password",
    "请去掉密码后另存为 .xlsx，或另存为 CSV（UTF-8）",
    "save it without a password as .xlsx, or as CSV UTF-8",
)
_XLSB = Foreign(
    "二进制 Excel 工作簿（.xlsb）",
    "a binary Excel workbook (.xlsb)",
    "请另存为 .xlsx 或 CSV（UTF-8）",
    "save it as .xlsx, or as CSV UTF-8",
)
_ODS = Foreign(
    "OpenDocument 表格（.ods）",
    "an OpenDocument spreadsheet (.ods)",
    "请另存为 .xlsx 或 CSV（UTF-8）",
    "save it as .xlsx, or as CSV UTF-8",
)
_WORDS = Foreign(
    "文字或演示文档",
    "a document of text or slides",
    "请把其中的表格另存为 .xlsx 或 CSV（UTF-8）",
    "save the table in it as .xlsx, or as CSV UTF-8",
)
_PACKED = Foreign(
    "RAR、7z 或 gz 压缩包",
    "a RAR, 7z or gz archive",
    "请解开后直接给出文件，或重新压缩为 zip",
    "unpack it and name the file, or pack it as zip",
)
_ACCESS = Foreign(
    "Access 数据库（个人地理数据库 .mdb）",
    "an Access database (personal geodatabase, .mdb)",
    "请在 ArcGIS 中导出为文件地理数据库、Shapefile 或 GeoPackage",
    "export it from ArcGIS as a File Geodatabase, Shapefile or GeoPackage",
)
_PICTURE = Foreign(
    "PDF 或图片",
    "a PDF or a picture",
    "其中没有可读的坐标；请用原始的边界数据",
    "it holds no coordinates to read; use the data that it was drawn from",
)
_PROJECT = Foreign(
    "工程文件",
    "a project file",
    "工程文件只指向数据；请给出数据文件本身",
    "a project only points to data; name the file with the data",
)
_GML = Foreign(
    "GML、GPX 或其他 XML",
    "GML, GPX or other XML",
    "请用 QGIS 等另存为 GeoPackage 或 GeoJSON",
    "save it as GeoPackage or GeoJSON, for example with QGIS",
)
_DGN = Foreign(
    "MicroStation DGN 图形",
    "a MicroStation DGN drawing",
    "请另存为 DXF（文本格式）",
    "save it as DXF in text form",
)


def _part(main: str) -> Foreign:
    return Foreign(
        f"{main} 数据的附属文件",
        f"a part of a {main} data set",
        f"请给出同名的 {main} 文件，各部分放在一起；通过网页上传时压缩为 zip",
        f"name the {main} file beside it, with all parts in one folder; over HTTP, zip them",
    )


_BY_EXTENSION = {
    ".dwg": _DWG,
    ".dgn": _DGN,
    ".xls": _OLE,
    ".et": _OLE,
    ".xlsb": _XLSB,
    ".ods": _ODS,
    **dict.fromkeys((".doc", ".docx", ".wps", ".ppt", ".pptx"), _WORDS),
    **dict.fromkeys((".rar", ".7z", ".gz", ".tgz", ".bz2", ".xz"), _PACKED),
    **dict.fromkeys((".mdb", ".accdb"), _ACCESS),
    **dict.fromkeys((".pdf", ".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff"), _PICTURE),
    **dict.fromkeys((".mxd", ".aprx", ".qgs", ".qgz", ".lyr", ".lyrx", ".wor"), _PROJECT),
    **dict.fromkeys((".gml", ".gpx", ".xml"), _GML),
    **dict.fromkeys((".shx", ".dbf", ".prj", ".cpg", ".sbn", ".sbx"), _part(".shp")),
    **dict.fromkeys((".dat", ".map", ".id", ".ind"), _part(".tab")),
    ".mid": _part(".mif"),
}
_BY_CONTENT = (
    (re.compile(rb"AC10\d\d|AC1\.\d|AC2\.\d"), _DWG),
    (re.compile(rb"AutoCAD Binary DXF"), _BINARY_DXF),
    (re.compile(rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), _OLE),
    (re.compile(rb"Rar!\x1a\x07|7z\xbc\xaf\x27\x1c|\x1f\x8b|BZh|\xfd7zXZ\x00|\x28\xb5\x2f\xfd"), _PACKED),
    (re.compile(rb"\x00\x01\x00\x00Standard (?:Jet|ACE) DB"), _ACCESS),
    (re.compile(rb"%PDF-|\x89PNG\r\n|\xff\xd8\xff|GIF8[79]a|II\*\x00|MM\x00\*"), _PICTURE),
)
_BY_MEMBER = (
    ("xl/workbook.bin", _XLSB),
    ("word/document.xml", _WORDS),
    ("ppt/presentation.xml", _WORDS),
    ("content.xml", _ODS),
)


def foreign_extension(extension: str) -> Foreign | None:
    """Find what files of this extension are, where they are known and not read."""
    return _BY_EXTENSION.get(extension)


def foreign_content(head: bytes, members: frozenset[str] = frozenset()) -> Foreign | None:
    """Find what a file is by its first bytes, or by the names in an archive, where it is known and not read.

    Examples
    --------
    >>> foreign_content(b"AC1032").en
    'an AutoCAD DWG drawing'
    """
    for pattern, kind in _BY_CONTENT:
        if pattern.match(head):
            return kind
    for name, kind in _BY_MEMBER:
        if name in members:
            return kind
    if re.match(rb"\s*<", head.removeprefix(b"\xef\xbb\xbf")):
        return _GML
    return None
