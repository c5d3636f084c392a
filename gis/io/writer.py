"""Layers out, by extension."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pyogrio
import shapely

from gis.errors import CrsMissing, InputRefused, UnknownFormat
from gis.geojson import feature_text, geojson_texts, right_handed, write_collection
from gis.geometry import round_degrees
from gis.io.csv_file import CSV_ENCODING
from gis.io.json_rows import json_rows
from gis.io.writable import as_arrow, as_ogr, as_text, refuse_for_dbase

__all__ = ["WRITABLE", "write_layer"]

WRITABLE = (".gpkg", ".shp", ".zip", ".geojson", ".json", ".fgb", ".parquet", ".kml", ".csv")
_DRIVERS = {
    ".gpkg": "GPKG",
    ".fgb": "FlatGeobuf",
    ".kml": "LIBKML",
}
# What XML has no place for; GDAL would write it, and nobody could read the file again.
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_DBASE_BYTES = 254


def write_layer(
    frame: gpd.GeoDataFrame,
    path: str | os.PathLike[str],
    *,
    layer: str | None = None,
    beside: Mapping[str, gpd.GeoDataFrame] | None = None,
) -> Path:
    """Write a frame to a file, in the format of its extension.

    Parameters
    ----------
    frame : geopandas.GeoDataFrame
        EPSG:4326. The index is not written.
    path : path-like
        ``.gpkg``, ``.shp``, ``.zip`` (a Shapefile), ``.geojson``, ``.fgb``, ``.parquet`` (GeoParquet), ``.kml``,
        ``.csv`` (with lon and lat for points, else a WKT column). An existing file is replaced in one step, a
        Shapefile part by part.
    layer : str, optional
        Name of the layer; the stem of the file otherwise.
    beside : mapping of str to GeoDataFrame, optional
        Further layers by name, EPSG:4326; a GeoPackage alone holds them.

    Returns
    -------
    Path
        Where it was written.

    Raises
    ------
    gis.errors.UnknownFormat
        Another extension.
    gis.errors.CrsMissing
        The frame is not in EPSG:4326.
    gis.errors.InputRefused
        A value that the format cannot hold as it is: a Shapefile has 254 bytes for a text, 18 digits for a whole
        number and 15 decimals for others; only GeoJSON, CSV and Parquet have texts with NUL.

    Notes
    -----
    Numbers that a format has no type for (beyond 64 bits, decimals) are written as text with all their digits.
    GeoJSON has seven decimals, which is the lattice. A Shapefile keeps ten bytes of each column name and is
    written in UTF-8 with a .cpg that says so. In KML, control characters that XML cannot hold become U+FFFD.

    Examples
    --------
    >>> frame = gpd.GeoDataFrame({"code": ["a"]}, geometry=[shapely.box(120, 36, 121, 37)], crs=4326)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_layer(frame, Path(folder) / "grids.geojson").name
    'grids.geojson'
    """
    target = Path(path)
    extension = target.suffix.lower()
    if extension not in WRITABLE:
        known = " ".join(WRITABLE)
        raise UnknownFormat(
            f"不能写出 {extension or target.name}；支持：{known}",
            f"cannot write {extension or target.name}; expected one of {known}",
            code="unwritable-format",
        )
    if frame.crs is None or frame.crs.to_epsg() != 4326:
        raise CrsMissing(
            f"要写出的图层应为 EPSG:4326，实际为 {frame.crs}",
            f"the frame must be in EPSG:4326, but is in {frame.crs}",
        )
    name = layer or target.stem
    with tempfile.TemporaryDirectory(prefix=".wangge-", dir=target.parent) as folder:
        draft = Path(folder) / target.name
        _write(frame, draft, extension, name)
        for other, rows in (beside or {}).items():
            if extension != ".gpkg":
                raise UnknownFormat(
                    f"{extension} 只能有一个图层；多个图层请写 .gpkg",
                    f"{extension} holds one layer; write .gpkg for several",
                    code="one-layer-format",
                )
            _write(rows, draft, extension, other)
        if extension == ".shp":
            for part in sorted(Path(folder).iterdir()):
                part.replace(target.with_name(part.name))
        else:
            draft.replace(target)
    return target


def _write(frame: gpd.GeoDataFrame, draft: Path, extension: str, name: str) -> None:
    if extension == ".csv":
        _csv(as_text(frame, exact=False)).to_csv(draft, index=False, encoding=CSV_ENCODING)
    elif extension == ".parquet":
        as_arrow(frame).to_parquet(draft, index=False, compression="zstd", write_covering_bbox=False)
    elif extension in (".shp", ".zip"):
        _shapefile(frame, draft, name)
    elif extension in (".geojson", ".json"):
        _geojson(frame, draft, name)
    else:
        if extension == ".kml":
            frame = as_text(frame, exact=True).replace(_NOT_XML, "\ufffd", regex=True)
            # The right-hand rule holds in KML, too.
            frame = frame.set_geometry(right_handed(frame.geometry.to_numpy()), crs=frame.crs)
        else:
            frame = as_ogr(frame)
        pyogrio.write_dataframe(frame, draft, driver=_DRIVERS[extension], layer=name, encoding="UTF-8")


def _geojson(frame: gpd.GeoDataFrame, draft: Path, name: str) -> None:
    """Write GeoJSON without GDAL, which takes the last digit of 120.1000003 for noise and drops it."""
    shapes = shapely.transform(frame.geometry.to_numpy(), round_degrees)
    texts = geojson_texts(shapes)
    lines = json_rows(pd.DataFrame(frame.drop(columns=[frame.geometry.name])))
    with draft.open("w", encoding="utf-8") as out:
        write_collection(out, map(feature_text, texts, lines), name=name)


def _csv(frame: gpd.GeoDataFrame) -> pd.DataFrame:
    shapes = frame.geometry
    columns = pd.DataFrame(frame.drop(columns=[shapes.name]))
    if (shapes.isna() | (shapes.geom_type == "Point")).all():
        return columns.assign(lon=shapes.x.to_numpy(), lat=shapes.y.to_numpy())
    return columns.assign(WKT=shapely.to_wkt(shapes.to_numpy(), rounding_precision=7, trim=True))


def _shapefile(frame: gpd.GeoDataFrame, draft: Path, name: str) -> None:
    _refuse_long(frame)
    frame = as_ogr(frame)
    refuse_for_dbase(frame)
    with tempfile.TemporaryDirectory(prefix="wangge-shp-") as folder:
        written = Path(folder) / f"{name}.shp"
        short = frame.rename(columns=_ten_bytes([str(n) for n in frame.columns if n != frame.geometry.name]))
        pyogrio.write_dataframe(short, written, driver="ESRI Shapefile", encoding="UTF-8")
        parts = sorted(Path(folder).iterdir())
        if draft.suffix.lower() == ".zip":
            with zipfile.ZipFile(draft, "w", zipfile.ZIP_DEFLATED) as archive:
                for part in parts:
                    archive.write(part, part.name)
        else:
            for part in parts:
                shutil.move(part, draft.with_name(f"{draft.stem}{part.suffix}"))


def _refuse_long(frame: gpd.GeoDataFrame) -> None:
    """Refuse texts that a cell of dBASE would cut off in silence."""
    for column in frame.columns.drop(frame.geometry.name):
        for row, value in enumerate(frame[column].tolist(), 1):
            if isinstance(value, str) and len(value.encode()) > _DBASE_BYTES:
                raise InputRefused(
                    f"第 {row} 行 {column} 有 {len(value.encode())} 字节，Shapefile 每格最多 {_DBASE_BYTES} 字节；"
                    "请改用 .gpkg 或 .geojson",
                    f"row {row}, {column} has {len(value.encode())} bytes, a Shapefile holds {_DBASE_BYTES} of each; "
                    "write .gpkg or .geojson instead",
                    code="text-too-long",
                )


def _ten_bytes(names: list[str]) -> dict[str, str]:
    """Shorten column names to what a dBASE header holds, at whole characters, without making two the same."""
    out: dict[str, str] = {}
    for name in names:
        short, copy = _cut(name, 10), 1
        while short.lower() in {other.lower() for other in out.values()}:
            short, copy = f"{_cut(name, 8)}_{copy}", copy + 1
        out[name] = short
    return out


def _cut(text: str, width: int) -> str:
    return text.encode()[:width].decode(errors="ignore")
