"""What a reader hands over, and the last steps that all readers share: coordinates into WGS84, rows judged."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from gis.crs import CrsLike, SourceCrs, parse_crs, transform_geometries
from gis.errors import BadRow, CrsMissing, UnreadableFile
from gis.geometry import geometry_array
from gis.io.limits import current_limits
from gis.io.plausible import refuse_implausible

__all__ = [
    "CrsSource",
    "LayerData",
    "LayerInfo",
    "assemble",
    "bad_row",
    "digest_of",
    "given_or_found",
    "make_frame",
]

CrsSource = Literal["argument", "file", "format", "assumed"]


@dataclass(frozen=True)
class LayerInfo:
    """One layer of a file; `features` is None where counting means reading all of it."""

    name: str
    geometry_type: str | None
    features: int | None


@dataclass(frozen=True)
class LayerData:
    """A layer that was read.

    Parameters
    ----------
    frame : geopandas.GeoDataFrame
        EPSG:4326. Every row of the file in its order, numbered from 1 by the index ``row``; the columns as they
        were (text stays text, so codes keep their zeros). A row without a usable place has no geometry.
    crs : str
        What the coordinates came in.
    crs_source : {"argument", "file", "format", "assumed"}
        Who said so: the caller, the file, the format's own rule (GeoJSON, KML), or nobody - plain degrees in a
        table are taken for WGS84.
    encoding : str or None
        Of the text, where the format leaves that open.
    driver : str
        Name of the format.
    layer : str or None
        Name of the layer inside the file.
    sha256 : str
        Of the content (of all parts of a Shapefile), hex.
    bad_rows : list of BadRow
        Rows without a usable place, in order.
    """

    frame: gpd.GeoDataFrame
    crs: str
    crs_source: CrsSource
    encoding: str | None
    driver: str
    layer: str | None
    sha256: str
    bad_rows: list[BadRow] = field(default_factory=list)

    @property
    def usable(self) -> gpd.GeoDataFrame:
        """The rows that have a place."""
        return self.frame[~self.frame.index.isin([bad.row for bad in self.bad_rows])]


def bad_row(row: int, column: str, zh: str, en: str, value: object) -> BadRow:
    """Make a `BadRow` with its value shortened for a report."""
    text = "" if value is None else str(value)
    return BadRow(row, column, zh, en, text if len(text) <= 60 else f"{text[:57]}...")


def digest_of(paths: Iterable[Path]) -> str:
    """SHA-256 over the content of files, in the order given."""
    total = hashlib.sha256()
    for path in paths:
        with path.open("rb") as stream:
            while block := stream.read(1 << 20):
                total.update(block)
    return total.hexdigest()


def given_or_found(
    given: CrsLike | None, found: CRS | SourceCrs | None, *, name: str, source: CrsSource = "file"
) -> tuple[SourceCrs, CrsSource]:
    """Settle the CRS of a file: the caller's word first (a shifted file often claims WGS84), then the file's.

    Raises
    ------
    gis.errors.CrsMissing
        Neither says anything. It is never guessed.
    gis.errors.CrsUnknown
        What is said cannot be used.
    """
    if given is not None:
        return parse_crs(given), "argument"
    if found is not None:
        return parse_crs(found), source
    raise CrsMissing(
        f"文件 {name} 没有坐标系说明；请用 crs 指明，例如 wgs84、gcj02、EPSG:4549",
        f"file {name} does not say its CRS; name it, for example wgs84, gcj02, EPSG:4549",
    )


def assemble(
    columns: pd.DataFrame,
    geoms: Any,
    *,
    crs: SourceCrs,
    crs_source: CrsSource,
    driver: str,
    sha256: str,
    encoding: str | None = None,
    layer: str | None = None,
    bad_rows: Iterable[BadRow] = (),
    place_columns: str = "geometry",
) -> LayerData:
    """Bring a layer into WGS84 and judge its rows.

    Parameters
    ----------
    columns : DataFrame, n rows
    geoms : array_like of shapely geometries, shape (n,)
        In `crs`; None where it could not be read.
    bad_rows : iterable of BadRow
        What the reader already knows; rows without geometry are added unless they are among them.
    place_columns : str
        The column to name for a bad place.

    Raises
    ------
    gis.errors.UnreadableFile
        No rows at all.
    gis.errors.SwappedCoordinates, gis.errors.GeometryError
        Most rows lie where they cannot: refused as a whole, with a hint why.
    """
    flat = geometry_array(geoms)
    current_limits().refuse_table(columns, flat)
    if len(columns) == 0:
        raise UnreadableFile("文件中没有数据行", "the file has no rows", code="no_rows")
    bad = {one.row: one for one in bad_rows}
    known = np.zeros(len(flat), dtype=bool)
    known[[row - 1 for row in bad]] = True
    empty = (shapely.is_missing(flat) | shapely.is_empty(flat)) & ~known
    for at in np.flatnonzero(empty):
        bad[int(at) + 1] = bad_row(int(at) + 1, place_columns, "没有图形", "no geometry", None)
    flat[known | empty] = None
    degrees = transform_geometries(flat, crs)
    off = refuse_implausible(flat, degrees, crs)
    for at in np.flatnonzero(off):
        bad[int(at) + 1] = bad_row(
            int(at) + 1,
            place_columns,
            "坐标不是有效的经纬度",
            "coordinates are not a place on Earth",
            _first_place(flat[at]),
        )
    degrees[off] = None
    frame = make_frame(columns, degrees)
    return LayerData(
        frame=frame,
        crs=crs.name,
        crs_source=crs_source,
        encoding=encoding,
        driver=driver,
        layer=layer,
        sha256=sha256,
        bad_rows=[bad[row] for row in sorted(bad)],
    )


def _first_place(shape: Any) -> str:
    x, y = shapely.get_coordinates(shape)[0]
    return f"({x:.10g}, {y:.10g})"


def make_frame(columns: pd.DataFrame, degrees: NDArray[np.object_]) -> gpd.GeoDataFrame:
    """Put columns and shapes together, rows numbered from 1.

    Raises
    ------
    gis.errors.UnreadableFile
        Two columns have one name, so that no value could be told from the other's.
    """
    columns = columns.copy(deep=False)
    columns.index = pd.RangeIndex(1, len(columns) + 1, name="row")
    # An attribute may be called geometry, too; the shape keeps the name.
    columns.columns = pd.Index(["geometry_" if name == "geometry" else str(name) for name in columns.columns])
    twice = columns.columns[columns.columns.duplicated()]
    if len(twice):
        raise UnreadableFile(
            f"文件有两列同名：{twice[0]}",
            f"two columns of the file have one name: {twice[0]}",
            code="repeated_column",
        )
    return gpd.GeoDataFrame(columns, geometry=gpd.GeoSeries(degrees, index=columns.index, crs="EPSG:4326"))
