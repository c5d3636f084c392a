"""Owners for an Arrow batch of rows."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely
from numpy.typing import NDArray

from gis.arrays import Floats
from gis.crs import WGS84, SourceCrs, to_wgs84
from gis.curves import straight_from_wkb
from gis.errors import MissingColumn
from gis.locate import GridIndex

__all__ = [
    "OWNER_COLUMN",
    "LocatedBatch",
    "Places",
    "coordinates",
    "locate_batch",
    "locate_places",
    "numbers_of",
]

OWNER_COLUMN = "grid_code"
"""Name of the column that is added."""

Encoding = Literal["WKB", "point"]

_PLAIN = r"^-?\d{1,15}(\.\d{1,18})?$"
_COMMA = re.compile(r"[+-]?\d+,\d+")
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,4})?")
# Little-endian, type 1: a point in two dimensions as ISO WKB writes it, 21 bytes with its coordinates.
_POINT_HEAD = np.array([1, 1, 0, 0, 0], dtype=np.uint8)
_POINT_SIZE = 21


@dataclass(frozen=True)
class Places:
    """Where the place of a row stands: in two columns, or in one of points.

    Parameters
    ----------
    lon, lat : str or None
        Columns of numbers, or of text that says numbers.
    geometry : str or None
        The column of points instead.
    encoding : {"WKB", "point"}, default "WKB"
        How that column holds them, as GeoParquet names it.
    crs : SourceCrs
        Of the coordinates.
    """

    lon: str | None = None
    lat: str | None = None
    geometry: str | None = None
    encoding: Encoding = "WKB"
    crs: SourceCrs = WGS84

    @property
    def label(self) -> str:
        """What these columns are called in a report of bad rows."""
        return self.geometry or f"{self.lon}/{self.lat}"


@dataclass(frozen=True)
class LocatedBatch:
    """Owners of a batch.

    Parameters
    ----------
    owners : pyarrow.StringArray
        A code each; null where nobody owns the place, or there is none.
    unusable : ndarray of int64
        Rows (from 0) that have no place: empty, not a number, not a point.
    stray : tuple of (lon, lat) or None
        The first place that is nowhere on Earth, when no place of the batch is.
    """

    owners: pa.StringArray
    unusable: NDArray[np.int64]
    stray: tuple[float, float] | None


def locate_batch(index: GridIndex, batch: pa.RecordBatch, places: Places) -> LocatedBatch:
    """Give the owner of each row.

    Parameters
    ----------
    index : GridIndex
    batch : pyarrow.RecordBatch
        With the columns of `places`.
    places : Places

    Examples
    --------
    >>> index = GridIndex.build(["a", "b"], [shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1)])
    >>> batch = pa.record_batch({"x": ["0.5", "1", "abc", "9"], "y": [0.5, 0.5, 0.5, 0.5]})
    >>> found = locate_batch(index, batch, Places("x", "y"))
    >>> found.owners.to_pylist(), found.unusable.tolist()
    (['a', 'a', None, None], [2])
    """
    x, y = coordinates(batch, places)
    return locate_places(index, x, y, places.crs)


def locate_places(index: GridIndex, x: Floats, y: Floats, crs: SourceCrs) -> LocatedBatch:
    """Give the owners of coordinates that are read already; NaN in either is no place.

    Examples
    --------
    >>> index = GridIndex.build(["a"], [shapely.box(0, 0, 1, 1)])
    >>> locate_places(index, np.array([0.5, np.nan]), np.array([0.5, 1.0]), WGS84).owners.to_pylist()
    ['a', None]
    """
    unusable = np.flatnonzero(~(np.isfinite(x) & np.isfinite(y)))
    lon, lat = (x, y) if crs.family == "wgs84" else to_wgs84(x, y, index.settle_crs(crs))
    owners = index.locate(lon, lat)
    names = pa.array([*index.codes, None], pa.string())
    taken = names.take(pa.array(np.where(owners < 0, len(index.codes), owners)))
    return LocatedBatch(taken, unusable, _stray(lon, lat) if (owners < 0).all() else None)


def _stray(lon: Floats, lat: Floats) -> tuple[float, float] | None:
    given = np.flatnonzero(np.isfinite(lon) & np.isfinite(lat))
    if given.size == 0 or ((np.abs(lon[given]) <= 180) & (np.abs(lat[given]) <= 90)).any():
        return None
    return float(lon[given[0]]), float(lat[given[0]])


def coordinates(batch: pa.RecordBatch, places: Places) -> tuple[Floats, Floats]:
    """Read the coordinates of each row, in the CRS of `places`; NaN (in x, in y or both) where there is no place.

    Examples
    --------
    >>> wkb = shapely.to_wkb(shapely.points([[1, 2], [3, 4]])).tolist()
    >>> x, y = coordinates(pa.record_batch({"geometry": [*wkb, None]}), Places(geometry="geometry"))
    >>> x.tolist(), y.tolist()
    ([1.0, 3.0, nan], [2.0, 4.0, nan])
    """
    if places.geometry is None:
        return numbers_of(batch.column(places.lon)), numbers_of(batch.column(places.lat))
    column = _plain(batch.column(places.geometry))
    if places.encoding == "point":
        return numbers_of(pc.struct_field(column, "x")), numbers_of(pc.struct_field(column, "y"))
    return _wkb_points(column)


def numbers_of(column: pa.Array) -> Floats:
    """Read a column of numbers, or of text that says numbers; NaN where there is none.

    Blanks around a number are passed over, and a comma may stand for the point, as files with semicolons write it.

    Raises
    ------
    gis.errors.MissingColumn
        The column is of another kind: instants, lists, truth values.

    Examples
    --------
    >>> numbers_of(pa.array(["120.05", " 1e1 ", "120,5", "", "nix", None])).tolist()
    [120.05, 10.0, 120.5, nan, nan, nan]
    """
    column = _plain(column)
    kind = column.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return _parsed(column)
    if not (
        pa.types.is_floating(kind)
        or pa.types.is_integer(kind)
        or pa.types.is_decimal(kind)
        or pa.types.is_null(kind)
    ):
        raise MissingColumn(
            f"坐标列应为数字，实际类型为 {kind}",
            f"the columns of coordinates are of numbers, got {kind}",
            code="wrong-type",
        )
    return np.asarray(column.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False), dtype=np.float64)


def _plain(column: pa.Array) -> pa.Array:
    return column.dictionary_decode() if pa.types.is_dictionary(column.type) else column


def _parsed(text: pa.Array) -> Floats:
    text = text.cast(pa.string()) if not pa.types.is_string(text.type) else text
    plain = pc.fill_null(pc.match_substring_regex(text, _PLAIN), False)
    values = pc.if_else(plain, text, None).cast(pa.float64()).to_numpy(zero_copy_only=False)
    # Every other spelling is rare, and read one by one.
    odd = np.flatnonzero(
        ~plain.to_numpy(zero_copy_only=False) & text.is_valid().to_numpy(zero_copy_only=False)
    )
    if odd.size == 0:
        return np.asarray(values, dtype=np.float64)
    out = np.array(values, dtype=np.float64)
    out[odd] = [_number(word) for word in text.take(pa.array(odd)).to_pylist()]
    return out


def _number(word: str) -> float:
    word = word.strip()
    if _COMMA.fullmatch(word):
        word = word.replace(",", ".")
    return float(word) if _NUMBER.fullmatch(word) else np.nan


def _wkb_points(column: pa.Array) -> tuple[Floats, Floats]:
    if not pa.types.is_binary(column.type):
        column = column.cast(pa.binary())
    _, offsets_buffer, data = column.buffers()
    x, y = np.full(len(column), np.nan), np.full(len(column), np.nan)
    if len(column) == column.null_count or data is None:
        return x, y
    offsets = np.frombuffer(offsets_buffer, dtype=np.int32)[column.offset : column.offset + len(column) + 1]
    there = column.is_valid().to_numpy(zero_copy_only=False)
    size = np.diff(offsets)
    if (size[there] == _POINT_SIZE).all() and not size[~there].any():
        whole = np.frombuffer(data, dtype=np.uint8)[offsets[0] : offsets[-1]].reshape(-1, _POINT_SIZE)
        if (whole[:, :5] == _POINT_HEAD).all():
            pairs = np.ascontiguousarray(whole[:, 5:]).view("<f8")
            x[there], y[there] = pairs[:, 0], pairs[:, 1]
            return x, y
    # Other byte orders, heights, an SRID inside, or shapes that are no points.
    shapes, _ = straight_from_wkb(column.to_numpy(zero_copy_only=False))
    point = (shapely.get_type_id(shapes) == 0) & ~shapely.is_empty(shapes)
    x[point], y[point] = shapely.get_x(shapes[point]), shapely.get_y(shapes[point])
    return x, y
