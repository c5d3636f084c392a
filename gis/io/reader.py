"""One way in for every kind of file."""

from __future__ import annotations

import os
from pathlib import Path

from gis.crs import CrsLike
from gis.io.dxf import list_dxf, read_dxf
from gis.io.formats import Format, detect
from gis.io.kml import list_kmz, read_kmz
from gis.io.layer import LayerData, LayerInfo
from gis.io.limits import ReadLimits, current_limits, limit_reading
from gis.io.parquet import list_parquet, read_parquet
from gis.io.shapefile import list_zipped, read_shapefile, read_zipped
from gis.io.table import read_csv
from gis.io.vector import layers_of, read_vector

__all__ = ["list_layers", "read_layer"]

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
        GeoPackage, Shapefile (also zipped), GeoJSON, FlatGeobuf, KML and KMZ, GeoParquet and Parquet, CSV, DXF.
        Recognised by content; a name that says otherwise is refused.
    layer : str, optional
        Needed when the file has several. For DXF the drawing layer.
    crs : str, int or pyproj.CRS, optional
        What the coordinates are in; stands over what the file says, since shifted files often claim WGS84.
        Needed when the file says nothing, except for tables with degrees, which are taken for WGS84.
    lon, lat : str, optional
        Columns of a table; guessed by the usual names otherwise.
    wkt : str, optional
        Column of a table with WKT, EWKT or hexadecimal WKB.
    encoding : str, optional
        Of CSV and dBASE text; recognised otherwise.
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
    ...     data = read_layer(file)
    >>> data.frame["编号"].tolist(), data.encoding, data.crs, data.crs_source
    (['007', '008'], 'gb18030', 'wgs84', 'assumed')
    >>> data.bad_rows[0].text("en")
    "row 2, column 经度: no coordinate (got '')"
    """
    with limit_reading(limits or current_limits()):
        return _read(path, layer=layer, crs=crs, lon=lon, lat=lat, wkt=wkt, encoding=encoding)


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
            return read_dxf(source, layer=layer, crs=crs)
        case "Shapefile":
            return read_shapefile(source, crs=crs, encoding=encoding)
        case "KMZ":
            return read_kmz(source, layer=layer, crs=crs)
        case "zipped Shapefile":
            return read_zipped(source, layer=layer, crs=crs, encoding=encoding)
        case _:
            return read_vector(source, form, name=source.name, layer=layer, crs=crs)


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
        case "KMZ":
            return list_kmz(source)
        case "zipped Shapefile":
            return list_zipped(source)
        case _:
            return layers_of(source, name=source.name)
