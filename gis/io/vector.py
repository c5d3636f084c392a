"""Formats that GDAL reads: GeoPackage, Shapefile, GeoJSON, FlatGeobuf, KML."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyogrio
import shapely
from numpy.typing import NDArray
from pyogrio.errors import DataLayerError, DataSourceError, FeatureError, FieldError
from pyogrio.errors import GeometryError as OgrGeometryError
from pyproj import CRS
from pyproj.exceptions import CRSError

from gis.crs import WGS84, CrsLike, SourceCrs
from gis.errors import BadRow, CrsUnknown, LayerNotFound, UnknownEncoding, UnreadableFile
from gis.io.encoding import decoded
from gis.io.formats import Format
from gis.io.geojson import geojson_crs
from gis.io.geopackage import refuse_lost_rows
from gis.io.layer import CrsSource, LayerData, LayerInfo, assemble, bad_row, digest_of, given_or_found
from gis.io.limits import current_limits
from gis.io.text import refuse_broken_text, refuse_broken_utf8

__all__ = ["Table", "choose_layer", "layers_of", "read_table", "read_vector", "shapes_of"]

Geometries = NDArray[np.object_]
# How a viewer should draw a placemark; the driver invents these columns for every file.
_KML_DRAWING = (
    "timestamp",
    "begin",
    "end",
    "altitudeMode",
    "tessellate",
    "extrude",
    "visibility",
    "drawOrder",
    "icon",
)
# An absolute path but for its last part.
_FOLDERS = re.compile(r"(?<![\w.:/])/(?:[^/\s'\"]+/)+")
_OUT_OF_MEMORY = re.compile(r"out of memory|bad_alloc|cannot allocate|malloc of size", re.IGNORECASE)
_FAILURES = (
    DataSourceError,
    DataLayerError,
    FeatureError,
    FieldError,
    OgrGeometryError,
    pa.ArrowException,
    OSError,
)


class Table:
    """A layer as GDAL hands it over: columns, shapes as WKB, and what it says about itself."""

    def __init__(self, meta: dict[str, Any], table: pa.Table) -> None:
        self.meta = meta
        self.wkb_column = str(meta.get("geometry_name") or "wkb_geometry")
        self.table = table

    @property
    def columns(self) -> pd.DataFrame:
        """Everything but the shapes."""
        names = [name for name in self.table.column_names if name != self.wkb_column]
        if not names:
            return pd.DataFrame(index=range(self.table.num_rows))
        frame: pd.DataFrame = self.table.select(names).to_pandas()
        return frame

    @property
    def wkb(self) -> list[bytes | None]:
        """The shapes."""
        if self.wkb_column not in self.table.column_names:
            return [None] * int(self.table.num_rows)
        return list(self.table.column(self.wkb_column).to_pylist())


@contextmanager
def _clear_failures(source: Path, name: str) -> Iterator[None]:
    try:
        with warnings.catch_warnings():
            # What GDAL mutters on the way ("bad application id") says nothing that the refusal does not.
            warnings.simplefilter("ignore", RuntimeWarning)
            warnings.simplefilter("ignore", UserWarning)
            yield
    except UnicodeDecodeError as error:
        raise UnknownEncoding(
            f"文件 {name} 的图层名或列名不是有效的 UTF-8：{bytes(error.object)[:40]!r}",
            f"a layer or column of file {name} has a name that is not UTF-8: {bytes(error.object)[:40]!r}",
        ) from error
    except MemoryError:
        raise
    except _FAILURES as error:
        if _OUT_OF_MEMORY.search(str(error)):
            raise MemoryError(str(error)) from error
        raise UnreadableFile(
            f"文件 {name} 已损坏、不完整或不是所称的格式",
            f"file {name} is damaged, truncated or not what it says: {_reason(error, source, name)}",
            code="damaged",
        ) from error


def _reason(error: Exception, source: Path, name: str) -> str:
    """Give the first line of what GDAL says, without the folders of this machine."""
    lines = str(error).splitlines()
    if not lines:
        return type(error).__name__
    return _FOLDERS.sub("", lines[0].replace(str(source), name))[:200]


def layers_of(source: Path, *, name: str) -> list[LayerInfo]:
    """List the layers that hold shapes."""
    with _clear_failures(source, name):
        found = []
        for layer, kind in pyogrio.list_layers(source):
            info = pyogrio.read_info(source, layer=layer, force_feature_count=True)
            found.append(LayerInfo(str(layer), None if kind is None else str(kind), int(info["features"])))
    return found


def _names_of(source: Path, *, name: str) -> list[LayerInfo]:
    """List the layers without counting their rows: a view can have as many as it likes."""
    with _clear_failures(source, name):
        return [
            LayerInfo(str(layer), None if kind is None else str(kind), None)
            for layer, kind in pyogrio.list_layers(source)
        ]


def choose_layer(layers: list[LayerInfo], wanted: str | None, *, name: str) -> str:
    """Pick the layer to read: the one named, or the only one with shapes.

    Raises
    ------
    gis.errors.LayerNotFound
    """
    names = [layer.name for layer in layers]
    listing = ", ".join(names) or "-"
    if wanted is not None:
        if wanted in names:
            return wanted
        raise LayerNotFound(
            f"文件 {name} 中没有图层 {wanted!r}；现有：{listing}",
            f"file {name} has no layer {wanted!r}; it has: {listing}",
        )
    spatial = [layer.name for layer in layers if layer.geometry_type is not None]
    if len(spatial) == 1:
        return spatial[0]
    if not spatial:
        raise LayerNotFound(
            f"文件 {name} 中没有带图形的图层",
            f"file {name} has no layer with shapes",
            code="no_spatial_layer",
        )
    raise LayerNotFound(
        f"文件 {name} 有多个图层，请用 layer 指明：{listing}",
        f"file {name} has several layers, name one: {listing}",
        code="several_layers",
    )


def read_table(source: Path, *, layer: str, name: str, encoding: str | None = None, **options: Any) -> Table:
    """Read one layer, bytes to columns, and no more rows than are taken."""
    limits = current_limits()
    with _clear_failures(source, name):
        meta, table = pyogrio.raw.read_arrow(
            source,
            layer=layer,
            encoding=encoding,
            datetime_as_string=True,
            max_features=limits.features + 1,
            **options,
        )
        limits.refuse_over("features", table.num_rows)
        limits.refuse_over("columns", table.num_columns)
        refuse_broken_text(table, name=name)
        table.validate(full=True)
    refuse_lost_rows(source, layer=layer, rows=table.num_rows, name=name)
    return Table(meta, table)


def shapes_of(wkb: list[bytes | None], *, column: str = "geometry") -> tuple[Geometries, list[BadRow]]:
    """Build shapes from WKB; what cannot be built (a ring of two points) is a bad row."""
    shapes = np.asarray(shapely.from_wkb(np.asarray(wkb, dtype=object), on_invalid="ignore"), dtype=object)
    shapes = shapes.reshape(-1)
    zh, en = "图形残缺或是曲线，无法构成", "a malformed or curved shape that cannot be built"
    shapes[shapely.get_type_id(shapes) > 7] = None
    bad = [
        bad_row(at + 1, column, zh, en, None)
        for at in np.flatnonzero(shapely.is_missing(shapes)).tolist()
        if wkb[at] is not None
    ]
    return shapes, bad


def _crs_of(meta: dict[str, Any], source: Path, form: Format) -> tuple[CRS | SourceCrs | None, CrsSource]:
    """Find the CRS a file declares; KML is WGS84 by its own rule."""
    text = meta.get("crs")
    if form.name in ("KML", "KMZ"):
        return WGS84, "format"
    if not text:
        return None, "file"
    try:
        definition = CRS.from_user_input(text)
    except CRSError as error:
        raise CrsUnknown(
            f"文件 {source.name} 的坐标系说明无法识别", f"the CRS of file {source.name} cannot be read"
        ) from error
    # GeoPackage spells "unknown" as an engineering CRS or an "Undefined" entry.
    if definition.type_name == "Engineering CRS" or definition.name.lower().startswith("undefined"):
        return None, "file"
    return definition, "file"


def read_vector(
    source: Path,
    form: Format,
    *,
    name: str,
    layer: str | None,
    crs: CrsLike | None,
    dbf: str | None = None,
    encoding: str | None = None,
    parts: list[Path] | None = None,
) -> LayerData:
    """Read a layer by GDAL.

    Parameters
    ----------
    source : Path
        What GDAL opens.
    form : Format
    name : str
        How the file is called to the user.
    layer : str or None
        Which layer; None when there is only one.
    crs : CRS or None
        The caller's word.
    dbf : str or None
        Encoding of a dBASE table; its bytes are passed through GDAL unread and decoded here, since GDAL's
        recoding depends on what the machine has installed.
    encoding : str or None
        To report.
    parts : list of Path, optional
        The files the checksum is over; `source` alone by default.
    """
    # Looked at before GDAL is: it would fetch what a crs member links to.
    declared = geojson_crs(source) if form.name == "GeoJSON" else None
    if form.name == "GeoJSON":
        refuse_broken_utf8(source)
    layers = _names_of(source, name=name)
    if not layers:
        raise UnreadableFile(
            f"文件 {name} 已损坏或不完整", f"file {name} is damaged or truncated", code="damaged"
        )
    chosen = choose_layer(layers, layer, name=name)
    raw = read_table(source, layer=chosen, name=name, encoding="ISO-8859-1" if dbf else None)
    columns = raw.columns
    if dbf:
        columns = _recoded(columns, dbf)
    if form.name in ("KML", "KMZ"):
        columns = columns.drop(columns=[name for name in _KML_DRAWING if name in columns])
    shapes, bad = shapes_of(raw.wkb)
    found: CRS | SourceCrs | None
    said_by: CrsSource
    if declared == "absent":
        found, said_by = WGS84, "format"
    elif form.name == "GeoJSON":
        found, said_by = declared, "file"
    else:
        found, said_by = _crs_of(raw.meta, source, form)
    settled, crs_source = given_or_found(crs, found, name=name, source=said_by)
    return assemble(
        columns,
        shapes,
        crs=settled,
        crs_source=crs_source,
        driver=form.name,
        sha256=digest_of(parts or [source]),
        encoding=encoding,
        layer=chosen,
        bad_rows=bad,
    )


def _recoded(columns: pd.DataFrame, name: str) -> pd.DataFrame:
    out = columns.rename(columns=lambda label: decoded(str(label), name))
    for label in out.columns:
        if pd.api.types.is_string_dtype(out[label]) or out[label].dtype == object:
            values = out[label]
            meaning = {text: decoded(text, name) for text in values.dropna().unique()}
            out[label] = values.map(meaning)
    return out
