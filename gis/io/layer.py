"""What a reader hands over, and the last steps that all readers share: coordinates into WGS84, rows judged."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from geopandas.array import GeometryArray
from numpy.typing import NDArray
from pyproj import CRS
from shapely.geometry.base import BaseGeometry

from gis.arrays import GeometryArrayLike
from gis.crs import CrsLike, SourceCrs, describe_shift, parse_crs, transform_geometries
from gis.errors import BadRow, CrsMissing, UnreadableFile
from gis.geometry import geometry_array
from gis.io.limits import current_limits
from gis.io.notes import distinct_notes
from gis.io.nul import refuse_nul
from gis.io.plausible import refuse_implausible
from gis.io.points import PlainPoints
from gis.io.polygons import PlainPolygons
from gis.io.wrapping import cut_over_meridian
from gis.text import Text

__all__ = [
    "ALL_LAYERS",
    "OWN_NAME",
    "TYPED",
    "CrsSource",
    "LayerData",
    "LayerInfo",
    "LayerRows",
    "PlainShapes",
    "assemble",
    "bad_row",
    "count_vertices",
    "digest_of",
    "given_or_found",
    "layer_rows",
    "together_note",
]

ALL_LAYERS = "*"
"""The name of all layers together, for formats whose layers are the folders or sheets of one drawing."""
TYPED = "typed"
"""Key in `DataFrame.attrs` of a table whose columns have types, so that text in it was meant as text (not so CSV)."""

OWN_NAME = "geometry_"
"""What an attribute is called whose name in the file is ``geometry``, as that of the shapes is here."""

# Made once: naming it costs a look into PROJ's database each time.
_DEGREES = CRS("EPSG:4326")
CrsSource = Literal["argument", "file", "format", "assumed"]
PlainShapes = PlainPoints | PlainPolygons
"""Shapes as numbers; as objects they are `numpy` arrays of shapely geometries."""


@dataclass(frozen=True)
class LayerInfo:
    """One layer of a file; `features` is None where counting means reading all of it."""

    name: str
    geometry_type: str | None
    features: int | None


@dataclass(frozen=True)
class LayerRows:
    """The rows of a layer: columns, and shapes that become objects when somebody asks for the frame.

    Parameters
    ----------
    columns : DataFrame, n rows
        Numbered from 1 by the index ``row``; see `layer_rows`.
    shapes : PlainShapes or ndarray of shapely geometries, length n
        EPSG:4326.
    typed : bool
        Whether the columns have types, so that text was meant as text (not so CSV).
    """

    columns: pd.DataFrame
    shapes: PlainShapes | NDArray[np.object_]
    typed: bool

    @cached_property
    def frame(self) -> gpd.GeoDataFrame:
        """Columns and shapes together."""
        built = self.shapes if isinstance(self.shapes, np.ndarray) else self.shapes.built()
        # In this order geopandas compares and copies the least.
        columns = self.columns.copy(deep=False)
        columns["geometry"] = GeometryArray(built, crs=_DEGREES)
        frame = gpd.GeoDataFrame(columns, geometry="geometry")
        if self.typed:
            frame.attrs[TYPED] = True
        return frame


@dataclass(frozen=True)
class LayerData:
    """A layer that was read.

    Parameters
    ----------
    rows : LayerRows
        What `frame` is made of.
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
    notes : list of Text
        What a person has to know of how the file was read, for example that heights are not kept.
    """

    rows: LayerRows
    crs: str
    crs_source: CrsSource
    encoding: str | None
    driver: str
    layer: str | None
    sha256: str
    bad_rows: list[BadRow] = field(default_factory=list)
    notes: list[Text] = field(default_factory=list)

    @property
    def frame(self) -> gpd.GeoDataFrame:
        """The layer in EPSG:4326.

        Every row of the file in its order, numbered from 1 by the index ``row``; the columns as they were (text
        stays text, so codes keep their zeros). A row without a usable place has no geometry.
        """
        return self.rows.frame

    @property
    def usable(self) -> gpd.GeoDataFrame:
        """The rows that have a place."""
        return self.frame[~self.frame.index.isin([bad.row for bad in self.bad_rows])]


def bad_row(row: int, column: str, zh: str, en: str, value: object) -> BadRow:
    """Make a `BadRow` with its value shortened for a report."""
    text = "" if value is None else str(value)
    return BadRow(row, column, Text(zh, en), text if len(text) <= 60 else f"{text[:57]}...")


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
    geoms: PlainShapes | GeometryArrayLike,
    *,
    crs: SourceCrs,
    crs_source: CrsSource,
    driver: str,
    sha256: str,
    encoding: str | None = None,
    layer: str | None = None,
    bad_rows: Iterable[BadRow] = (),
    place_columns: str = "geometry",
    notes: Iterable[Text] = (),
) -> LayerData:
    """Bring a layer into WGS84 and judge its rows.

    Parameters
    ----------
    columns : DataFrame, n rows
    geoms : PlainShapes, or array_like of shapely geometries, shape (n,)
        In `crs`; None where it could not be read.
    bad_rows : iterable of BadRow
        What the reader already knows; rows without geometry are added unless they are among them.
    place_columns : str
        The column to name for a bad place.
    notes : iterable of Text
        What the reader has to say to the person who brought the file.

    Raises
    ------
    gis.errors.UnreadableFile
        No rows at all.
    gis.errors.SwappedCoordinates, gis.errors.GeometryError
        Most rows lie where they cannot: refused as a whole, with a hint why.
    """
    refuse_nul(columns)
    notes = [*notes, *_renamed(columns)]
    if isinstance(geoms, PlainPoints | PlainPolygons):
        current_limits().refuse_table(columns, count_vertices(geoms))
        if crs.family == "wgs84" and _lies_as_it_should(geoms):
            return LayerData(
                rows=layer_rows(columns, geoms, typed=driver != "CSV"),
                crs=crs.name,
                crs_source=crs_source,
                encoding=encoding,
                driver=driver,
                layer=layer,
                sha256=sha256,
                notes=distinct_notes(notes),
            )
        geoms = geoms.built()
    flat = geometry_array(geoms)
    current_limits().refuse_table(columns, count_vertices(flat))
    if len(columns) == 0:
        raise UnreadableFile("文件中没有数据行", "the file has no rows", code="no-rows")
    bad = {one.row: one for one in bad_rows}
    known = np.zeros(len(flat), dtype=bool)
    known[[row - 1 for row in bad]] = True
    empty = (shapely.is_missing(flat) | shapely.is_empty(flat)) & ~known
    for at in np.flatnonzero(empty):
        bad[int(at) + 1] = bad_row(int(at) + 1, place_columns, "没有图形", "no geometry", None)
    flat[known | empty] = None
    notes += _dropped_ordinates(flat, driver)
    degrees, cut = cut_over_meridian(transform_geometries(flat, crs))
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
    notes = [*notes, *cut, *_datum_shift(degrees, crs)]
    return LayerData(
        rows=layer_rows(columns, degrees, typed=driver != "CSV"),
        crs=crs.name,
        crs_source=crs_source,
        encoding=encoding,
        driver=driver,
        layer=layer,
        sha256=sha256,
        bad_rows=[bad[row] for row in sorted(bad)],
        notes=distinct_notes(notes),
    )


def count_vertices(shapes: PlainShapes | NDArray[np.object_]) -> int:
    """Count the vertices of all shapes together."""
    if isinstance(shapes, np.ndarray):
        return int(shapely.get_num_coordinates(shapes).sum())
    return len(shapes.places)


def _lies_as_it_should(shapes: PlainShapes) -> bool:
    """Whether all places are longitudes and latitudes on one side of the 180th meridian, so that nothing is to be said.

    Where not, the shapes themselves are looked at; a place that is no number fails every comparison.
    """
    if not len(shapes):
        return False
    # Column by column, which is many times as fast as both at once.
    lon, lat = shapes.places[:, 0], shapes.places[:, 1]
    west, east = lon.min(), lon.max()
    return bool(west >= -180 and east <= 180 and east - west <= 180 and lat.min() >= -90 and lat.max() <= 90)


def _dropped_ordinates(shapes: NDArray[np.object_], driver: str) -> list[Text]:
    """Say which ordinates are left behind: a place here has a longitude and a latitude and nothing else."""
    notes = []
    heights = shapely.has_z(shapes)
    if driver.startswith("KM") and heights.any():
        # Every place in KML has a height, which is 0 where none was written.
        heights = heights & (shapely.get_coordinates(shapes, include_z=True)[:, 2] != 0).any()
    for letter, zh, has in (("Z", "高程", heights), ("M", "量测值", shapely.has_m(shapes))):
        if has.any():
            count, row = int(has.sum()), int(np.flatnonzero(has)[0]) + 1
            notes.append(
                Text(
                    f"{count} 个图形带有{zh}（{letter}），不读取，只保留平面坐标；第一个在第 {row} 行",
                    f"{count} shapes have {letter} ordinates, which are not kept: places are flat; "
                    f"the first is in row {row}",
                )
            )
    return notes


def _renamed(columns: pd.DataFrame) -> list[Text]:
    if "geometry" not in columns.columns:
        return []
    return [
        Text(
            f"文件有一列叫 geometry，与图形同名，称为 {OWN_NAME}",
            f"a column of the file is called geometry, as the shapes are; it is called {OWN_NAME} here",
        )
    ]


def _datum_shift(degrees: NDArray[np.object_], crs: SourceCrs) -> list[Text]:
    """Say by which published transformation places of another datum were moved, and how accurate it is."""
    west, south, east, north = shapely.total_bounds(degrees)
    shift = describe_shift(crs, [west, east], [south, north])
    if shift is None:
        return []
    name, accuracy_m = shift
    if accuracy_m is None:
        return [
            Text(
                f"{crs} 到 WGS84 用的是文件自带的参数（{name}），精度未知",
                f"{crs} was turned into WGS84 by the parameters of the file ({name}), of unknown accuracy",
            )
        ]
    return [
        Text(
            f"{crs} 到 WGS84 用的是公开参数“{name}”，精度约 {accuracy_m:g} 米",
            f"{crs} was turned into WGS84 by {name!r}, accurate to about {accuracy_m:g} m",
        )
    ]


def _first_place(shape: BaseGeometry) -> str:
    x, y = shapely.get_coordinates(shape)[0]
    return f"({x:.10g}, {y:.10g})"


def layer_rows(columns: pd.DataFrame, shapes: PlainShapes | NDArray[np.object_], *, typed: bool) -> LayerRows:
    """Put columns and shapes together, rows numbered from 1.

    Raises
    ------
    gis.errors.UnreadableFile
        Two columns have one name, so that no value could be told from the other's.
    """
    columns = columns.copy(deep=False)
    columns.index = pd.RangeIndex(1, len(columns) + 1, name="row")
    # An attribute may be called geometry, too; the shape keeps the name.
    columns.columns = pd.Index([OWN_NAME if name == "geometry" else str(name) for name in columns.columns])
    twice = columns.columns[columns.columns.duplicated()]
    if len(twice):
        raise UnreadableFile(
            f"文件有两列同名：{twice[0]}",
            f"two columns of the file have one name: {twice[0]}",
            code="repeated-column",
        )
    return LayerRows(columns, shapes, typed)


def together_note(layers: int) -> Text:
    """Say that several layers were read as one, and what tells them apart."""
    return Text(
        f"{layers} 个图层一并读取，各行所在的图层见 layer 列（可用作编码列）",
        f"{layers} layers are read together; the column layer has the layer of each row, and may be that of the codes",
    )
