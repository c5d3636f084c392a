"""One way in for every kind of file."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from gis.crs import CrsLike
from gis.io.code_pages import codec_of
from gis.io.dxf import list_dxf, read_dxf
from gis.io.formats import PACKED, Format, detect
from gis.io.gdal_tables import layers_of
from gis.io.geodatabase import list_geodatabase, read_geodatabase
from gis.io.geopackage import package_parts, undisturbed_package
from gis.io.kml import list_kml, list_kmz, read_kml, read_kmz
from gis.io.layer import LayerData, LayerInfo
from gis.io.limits import ReadLimits, current_limits, limit_reading
from gis.io.mapinfo import list_mapinfo, read_mapinfo
from gis.io.packed import unpacked
from gis.io.parquet import list_parquet, read_parquet
from gis.io.shapefile import list_shapefile, read_shapefile
from gis.io.table import read_csv
from gis.io.text_encoding import text_as_utf8, text_encoding
from gis.io.vector import read_vector
from gis.io.workbook import list_workbook, read_workbook
from gis.io.zipped import list_zipped, read_zipped
from gis.text import Text

__all__ = ["list_layers", "read_layer"]

_UNICODE = ("GeoPackage", "FlatGeobuf", "Parquet", "XLSX", "File Geodatabase")
PathLike = str | os.PathLike[str]


def read_layer(
    path: PathLike,
    *,
    layer: str | None = None,
    crs: CrsLike | None = None,
    lon: str | None = None,
    lat: str | None = None,
    wkt: str | None = None,
    encoding: str | None = None,
    limits: ReadLimits | None = None,
) -> LayerData:
    """Read one layer of a file into WGS84.

    Parameters
    ----------
    path : path-like
        Any of `gis.io.formats.FORMATS`. Recognised by content; a name that says otherwise is refused.
    layer : str, optional
        Needed when the file has several. For DXF the drawing layer, for KML the folder, ``*`` for all of them
        together; for XLSX the sheet.
    crs : str, int or pyproj.CRS, optional
        What the coordinates are in; stands over what the file says, since shifted files often claim WGS84.
        Needed when the file says nothing, except for tables with degrees, which are taken for WGS84.
    lon, lat : str, optional
        Columns of a table; guessed by the usual names otherwise.
    wkt : str, optional
        Column of a table with WKT, EWKT or hexadecimal WKB.
    encoding : str, optional
        Of the text, held to. Needed where the file neither declares one that its bytes bear out nor is in UTF-8
        (`gis.io.encoding`); formats that have UTF-8 by their own rule do without.
    limits : ReadLimits, optional
        The most rows, vertices, columns and bytes that are taken. Seconds and memory are held to by
        `gis.sandbox.Sandbox`, which should read whatever comes from people that are not trusted.

    Returns
    -------
    LayerData

    Raises
    ------
    gis.errors.InputRefused
        The file cannot be read: `UnreadableFile`, `UnknownFormat`, `UnknownEncoding`, `LayerNotFound`,
        `MissingColumn`.
    gis.errors.CrsError
        No CRS, or one that cannot be used.
    gis.errors.GeometryError
        Most coordinates are impossible: swapped, or in another CRS than said.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "lamps.csv"
    ...     _ = file.write_text("编号;经度;纬度\\n007;120.05;35.88\\n008;;\\n", encoding="gb18030")
    ...     data = read_layer(file, encoding="GBK")
    >>> data.frame["编号"].tolist(), data.encoding, data.crs, data.crs_source
    (['007', '008'], 'gb18030', 'wgs84', 'assumed')
    >>> data.bad_rows[0].text("en")
    "row 2, column 经度: no coordinate (got '')"
    """
    if encoding is not None:
        codec_of(encoding)
    with limit_reading(limits or current_limits()):
        data = _read(path, layer=layer, crs=crs, lon=lon, lat=lat, wkt=wkt, encoding=encoding)
    return data if encoding is None else _with_encoding_told(data, encoding)


def _with_encoding_told(data: LayerData, given: str) -> LayerData:
    """Say that a format has an encoding of its own, when another one was named."""
    if data.driver not in _UNICODE or codec_of(given).startswith("utf"):
        return data
    note = Text(
        f"{data.driver} 的文字按格式规定就是 Unicode，未使用 encoding={given}",
        f"the text of {data.driver} is Unicode by its own rule; encoding={given} was not used",
    )
    return replace(data, notes=[*data.notes, note])


def _read(
    path: PathLike,
    *,
    layer: str | None,
    crs: CrsLike | None,
    lon: str | None,
    lat: str | None,
    wkt: str | None,
    encoding: str | None,
) -> LayerData:
    form = detect(path)
    source = Path(path)
    match form.name:
        case "CSV":
            return read_csv(source, crs=crs, lon=lon, lat=lat, wkt=wkt, encoding=encoding)
        case "Parquet":
            return read_parquet(source, crs=crs, lon=lon, lat=lat, wkt=wkt)
        case "DXF":
            return read_dxf(source, layer=layer, crs=crs, encoding=encoding)
        case "Shapefile":
            return read_shapefile(source, crs=crs, encoding=encoding)
        case "KML":
            return read_kml(source, layer=layer, crs=crs, encoding=encoding)
        case "GeoJSON":
            return _read_geojson(source, form, layer=layer, crs=crs, encoding=encoding)
        case "KMZ":
            return read_kmz(source, layer=layer, crs=crs, encoding=encoding)
        case "XLSX":
            return read_workbook(source, layer=layer, crs=crs, lon=lon, lat=lat, wkt=wkt)
        case "File Geodatabase":
            return read_geodatabase(source, layer=layer, crs=crs)
        case "MapInfo TAB" | "MapInfo MIF":
            return read_mapinfo(source, form.extensions[0], crs=crs, encoding=encoding)
        case name if name.startswith(PACKED):
            with unpacked(source) as opened:
                data = _read(opened, layer=layer, crs=crs, lon=lon, lat=lat, wkt=wkt, encoding=encoding)
            return replace(data, driver=name)
        case name if name.startswith("zipped"):
            return read_zipped(source, form, layer=layer, crs=crs, encoding=encoding)
        case "GeoPackage":
            with undisturbed_package(source) as opened:
                parts = package_parts(source)
                return read_vector(opened, form, name=source.name, layer=layer, crs=crs, parts=parts)
        case _:
            return read_vector(source, form, name=source.name, layer=layer, crs=crs)


def _read_geojson(
    source: Path, form: Format, *, layer: str | None, crs: CrsLike | None, encoding: str | None
) -> LayerData:
    """Read GeoJSON, which is UTF-8 by its own rule, also in the encoding that an older tool has written it in."""
    codec = "utf-8" if encoding is None else text_encoding(source, given=encoding)
    with text_as_utf8(source, codec) as document:
        data = read_vector(document, form, name=source.name, layer=layer, crs=crs, parts=[source])
    return data if codec.startswith("utf-8") else replace(data, encoding=codec)


def list_layers(path: PathLike) -> list[LayerInfo]:
    """List the layers of a file, with geometry type and number of features.

    Parameters
    ----------
    path : path-like

    Returns
    -------
    list of LayerInfo
        One for formats without layers.
    """
    form: Format = detect(path)
    source = Path(path)
    match form.name:
        case "CSV":
            return [LayerInfo(source.stem, None, None)]
        case "Parquet":
            return list_parquet(source)
        case "DXF":
            return list_dxf(source)
        case "Shapefile":
            return list_shapefile(source)
        case "KML":
            return list_kml(source)
        case "KMZ":
            return list_kmz(source)
        case "XLSX":
            return list_workbook(source)
        case "File Geodatabase":
            return list_geodatabase(source)
        case "MapInfo TAB" | "MapInfo MIF":
            return list_mapinfo(source, form.extensions[0])
        case name if name.startswith(PACKED):
            with unpacked(source) as opened:
                return list_layers(opened)
        case name if name.startswith("zipped"):
            return list_zipped(source, form)
        case "GeoPackage":
            with undisturbed_package(source) as opened:
                return layers_of(opened, name=source.name)
        case _:
            return layers_of(source, name=source.name)
