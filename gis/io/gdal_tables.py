"""What GDAL hands over of a file: its layers, and one of them as columns and shapes."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyogrio
import shapely
from pyogrio.errors import DataLayerError, DataSourceError, FeatureError, FieldError
from pyogrio.errors import GeometryError as OgrGeometryError

from gis.arrays import Geometries
from gis.curves import CURVED, straight_from_wkb
from gis.errors import BadRow, LayerNotFound, UnknownEncoding, UnreadableFile
from gis.io.layer import (
    ALL_LAYERS,
    LayerInfo,
    PlainShapes,
    bad_row,
)
from gis.io.limits import current_limits
from gis.io.points import PlainPoints
from gis.io.polygons import PlainPolygons
from gis.io.text import refuse_broken_text
from gis.io.values import frame_of
from gis.spelling import did_you_mean

__all__ = [
    "EXCLUDED_LAYER",
    "Table",
    "choose_layer",
    "layers_of",
    "names_of",
    "read_table",
    "shapes_in",
    "shapes_of",
]

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
EXCLUDED_LAYER = "excluded_land"
"""The layer of land that belongs to no grid on purpose, beside that of the grids in an exported GeoPackage."""


class Table:
    """A layer as GDAL hands it over: columns, shapes as WKB, and what it says about itself."""

    def __init__(self, meta: dict[str, object], table: pa.Table) -> None:
        self.meta = meta
        self.wkb_column = str(meta.get("geometry_name") or "wkb_geometry")
        if table.column_names.count(self.wkb_column) > 1:
            # An attribute is called as GDAL calls the shapes of a format that has no name for them; they come last.
            self.wkb_column += "\x00"
            table = table.rename_columns([*table.column_names[:-1], self.wkb_column])
        self.table = table

    @property
    def columns(self) -> pd.DataFrame:
        """Everything but the shapes."""
        names = [name for name in self.table.column_names if name != self.wkb_column]
        if not names:
            return pd.DataFrame(index=range(self.table.num_rows))
        return frame_of(self.table.select(names))

    @property
    def wkb(self) -> pa.ChunkedArray:
        """The shapes."""
        if self.wkb_column not in self.table.column_names:
            return pa.chunked_array([pa.nulls(self.table.num_rows, pa.binary())])
        return self.table.column(self.wkb_column)


@contextmanager
def clear_failures(source: Path, name: str) -> Iterator[None]:
    """Say of whatever GDAL fails with that the file is damaged, without the folders of this machine."""
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


def _address(source: Path) -> str | Path:
    """Name a file such that pyogrio finds it, which takes what stands behind a semicolon for something of the web."""
    return f"file://{source.absolute()}" if ";" in source.name else source


def layers_of(source: Path, *, name: str) -> list[LayerInfo]:
    """List the layers that hold shapes."""
    # Names in a dBASE table may be cut inside a character; for a list of layers they need not be read.
    encoding = "ISO-8859-1" if source.suffix.lower() == ".shp" else None
    with clear_failures(source, name):
        found = []
        for layer, kind in pyogrio.list_layers(_address(source)):
            info = pyogrio.read_info(
                _address(source), layer=layer, force_feature_count=True, encoding=encoding
            )
            found.append(LayerInfo(str(layer), None if kind is None else str(kind), int(info["features"])))
    return found


def names_of(source: Path, *, name: str) -> list[LayerInfo]:
    """List the layers without counting their rows: a view can have as many as it likes."""
    with clear_failures(source, name):
        return [
            LayerInfo(str(layer), None if kind is None else str(kind), None)
            for layer, kind in pyogrio.list_layers(_address(source))
        ]


def choose_layer(layers: list[LayerInfo], wanted: str | None, *, name: str) -> str:
    """Pick the layer to read: the one named, or the only one with shapes.

    Raises
    ------
    gis.errors.LayerNotFound
    """
    wanted = None if wanted == ALL_LAYERS else wanted
    names = [layer.name for layer in layers]
    listing = ", ".join(names) or "-"
    if wanted is not None:
        if wanted in names:
            return wanted
        meant = did_you_mean(wanted, names)
        raise LayerNotFound(
            f"文件 {name} 中没有图层 {wanted!r}；现有：{listing}{meant.zh}",
            f"file {name} has no layer {wanted!r}; it has: {listing}{meant.en}",
        )
    spatial = [layer.name for layer in layers if layer.geometry_type is not None]
    if len(spatial) == 2 and EXCLUDED_LAYER in spatial:
        # What we wrote ourselves beside the grids.
        spatial.remove(EXCLUDED_LAYER)
    if len(spatial) == 1:
        return spatial[0]
    if not spatial:
        raise LayerNotFound(
            f"文件 {name} 中没有带图形的图层",
            f"file {name} has no layer with shapes",
            code="no-spatial-layer",
        )
    raise LayerNotFound(
        f"文件 {name} 有多个图层，请用 layer 指明：{listing}",
        f"file {name} has several layers, name one: {listing}",
        code="several-layers",
    )


def read_table(
    source: Path, *, layer: str | None, name: str, encoding: str | None = None, **options: object
) -> Table:
    """Read one layer, bytes to columns, and no more rows than are taken."""
    limits = current_limits()
    with clear_failures(source, name):
        meta, table = pyogrio.raw.read_arrow(
            _address(source),
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
    return Table(meta, table)


def shapes_in(column: pa.ChunkedArray) -> tuple[PlainShapes | Geometries, list[BadRow]]:
    """Read a column of WKB, as numbers where that is all there is to it; see `shapes_of` for the rest."""
    plain: PlainShapes | None = PlainPoints.of_wkb(column)
    if plain is None:
        plain = PlainPolygons.of_wkb(column)
    return (plain, []) if plain is not None else shapes_of(column.to_pylist())


def shapes_of(wkb: list[bytes | None], *, column: str = "geometry") -> tuple[Geometries, list[BadRow]]:
    """Build shapes from WKB; what cannot be built (a ring of two points) is a bad row."""
    shapes, curved = straight_from_wkb(np.asarray(wkb, dtype=object))
    malformed = ("图形残缺，无法构成", "a malformed shape that cannot be built")
    bad = [
        bad_row(at + 1, column, *(CURVED if curved[at] else malformed), None)
        for at in np.flatnonzero(shapely.is_missing(shapes)).tolist()
        if wkb[at] is not None
    ]
    return shapes, bad
