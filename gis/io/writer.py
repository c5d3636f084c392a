"""Layers out, by extension."""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
import zipfile
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pyogrio
import shapely

from gis.errors import CrsMissing, InputRefused, UnknownFormat
from gis.geometry import round_degrees

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


def write_layer(frame: gpd.GeoDataFrame, path: str | os.PathLike[str], *, layer: str | None = None) -> Path:
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
        A text that the format would cut off: a Shapefile holds 254 bytes of each.

    Notes
    -----
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
        if extension == ".shp":
            for part in sorted(Path(folder).iterdir()):
                part.replace(target.with_name(part.name))
        else:
            draft.replace(target)
    return target


def _write(frame: gpd.GeoDataFrame, draft: Path, extension: str, name: str) -> None:
    if extension == ".csv":
        _csv(frame).to_csv(draft, index=False)
    elif extension == ".parquet":
        frame.to_parquet(draft, index=False, compression="zstd", write_covering_bbox=False)
    elif extension in (".shp", ".zip"):
        _shapefile(frame, draft, name)
    elif extension in (".geojson", ".json"):
        _geojson(frame, draft, name)
    else:
        if extension == ".kml":
            frame = frame.replace(_NOT_XML, "\ufffd", regex=True)
        pyogrio.write_dataframe(frame, draft, driver=_DRIVERS[extension], layer=name, encoding="UTF-8")


def _geojson(frame: gpd.GeoDataFrame, draft: Path, name: str) -> None:
    """Write GeoJSON without GDAL, which takes the last digit of 120.1000003 for noise and drops it."""
    shapes = shapely.transform(frame.geometry.to_numpy(), round_degrees)
    texts = shapely.to_geojson(shapes)
    columns = pd.DataFrame(frame.drop(columns=[frame.geometry.name]))
    lines = columns.to_json(
        orient="records", lines=True, force_ascii=False, date_format="iso", double_precision=15
    ).split("\n")
    with draft.open("w", encoding="utf-8") as out:
        out.write(
            f'{{"type":"FeatureCollection","name":{json.dumps(name, ensure_ascii=False)},"features":[\n'
        )
        for at, (text, properties) in enumerate(zip(texts, lines, strict=False)):
            feature = f'{{"type":"Feature","properties":{properties or "{}"},"geometry":{text or "null"}}}'
            out.write(f",\n{feature}" if at else feature)
        out.write("\n]}\n")


def _csv(frame: gpd.GeoDataFrame) -> pd.DataFrame:
    shapes = frame.geometry
    columns = pd.DataFrame(frame.drop(columns=[shapes.name]))
    if (shapes.isna() | (shapes.geom_type == "Point")).all():
        return columns.assign(lon=shapes.x.to_numpy(), lat=shapes.y.to_numpy())
    return columns.assign(WKT=shapely.to_wkt(shapes.to_numpy(), rounding_precision=7, trim=True))


def _shapefile(frame: gpd.GeoDataFrame, draft: Path, name: str) -> None:
    _refuse_long(frame)
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
