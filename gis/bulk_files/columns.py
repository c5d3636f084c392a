"""Which columns hold the places of a table, by what the user says, by their names, or by GeoParquet's own word."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from gis.bulk_arrow import OWNER_COLUMN, Places
from gis.crs import CrsLike, parse_crs
from gis.errors import CrsMissing, MissingColumn, UnreadableFile
from gis.io.columns import find_column, guess_column
from gis.io.table import LAT_NAMES, LON_NAMES

__all__ = ["places_in_columns", "places_in_parquet"]


def places_in_columns(
    columns: Sequence[str], file: str, *, lon: str | None, lat: str | None, crs: CrsLike | None
) -> Places:
    """Find the columns of longitude and latitude.

    Raises
    ------
    gis.errors.MissingColumn
        There are none, or `grid_code` is taken.
    """
    refuse_taken(columns, file)
    x = find_column(columns, lon, file=file) if lon else guess_column(columns, LON_NAMES)
    y = find_column(columns, lat, file=file) if lat else guess_column(columns, LAT_NAMES)
    if x is None or y is None:
        have = "、".join(columns)
        raise MissingColumn(
            f"{file}：请用 --lon 和 --lat 指明坐标列；有的列：{have}",
            f"{file}: name the coordinate columns with --lon and --lat; it has: {have}",
            code="no-place-columns",
        )
    return Places(x, y, crs=parse_crs(crs if crs is not None else "wgs84"))


def places_in_parquet(
    schema: pa.Schema, file: str, *, lon: str | None, lat: str | None, crs: CrsLike | None
) -> Places:
    """Find the places of a Parquet file: its geometry if it is GeoParquet and no columns are named, else columns.

    Raises
    ------
    gis.errors.MissingColumn
    gis.errors.CrsMissing
        GeoParquet that declares its CRS unknown, and none given.
    gis.errors.CrsUnknown
    """
    raw = (schema.metadata or {}).get(b"geo")
    if raw is None or lon is not None:
        places = places_in_columns(schema.names, file, lon=lon, lat=lat, crs=crs)
        for name in (places.lon, places.lat):
            _refuse_kind(schema.field(name), file)
        return places
    refuse_taken(schema.names, file)
    column, described = _primary(raw, file)
    if column not in schema.names:
        raise UnreadableFile(
            f"{file} 的 GeoParquet 元数据指向不存在的列 {column!r}",
            f"the GeoParquet metadata of {file} names a column {column!r} that is not there",
            code="damaged",
        )
    encoding = described.get("encoding", "WKB")
    if encoding not in ("WKB", "point"):
        raise MissingColumn(
            f"{file} 的图形列 {column} 应为点，编码为 {encoding}",
            f"{file}: the geometry column {column} is of points, its encoding is {encoding}",
            code="wrong-type",
        )
    # GeoParquet without the word crs is in longitude, latitude; with a null it says that nobody knows.
    given = crs if crs is not None else described.get("crs", "wgs84")
    if given is None:
        raise CrsMissing(
            f"{file} 声明坐标系未知，请用 --crs 指明",
            f"{file} says its CRS is unknown; give it with --crs",
        )
    if isinstance(given, dict):
        # Only a PROJJSON needs PROJ's own reading.
        from pyproj import CRS

        given = CRS.from_json_dict(given)
    return Places(geometry=column, encoding=encoding, crs=parse_crs(given))


def _primary(raw: bytes, file: str) -> tuple[str, dict[str, Any]]:
    try:
        geo = json.loads(raw)
        column = str(geo["primary_column"])
        return column, dict(geo["columns"][column])
    except (ValueError, KeyError, TypeError) as error:
        raise UnreadableFile(
            f"{file} 的 GeoParquet 元数据已损坏",
            f"the GeoParquet metadata of {file} are damaged",
            code="damaged",
        ) from error


def refuse_taken(columns: Sequence[str], file: str) -> None:
    """Refuse a table that has a column `grid_code` already."""
    if OWNER_COLUMN in columns:
        raise MissingColumn(
            f"{file} 已有列 {OWNER_COLUMN}，请先改名",
            f"{file} has a column {OWNER_COLUMN} already; rename it first",
            code="column-taken",
        )


def _refuse_kind(column: pa.Field, file: str) -> None:
    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    numeric = pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_decimal(kind)
    text = pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    if not (numeric or text or pa.types.is_null(kind)):
        raise MissingColumn(
            f"{file} 的列 {column.name} 应为数字，实际类型为 {kind}",
            f"{file}: column {column.name} is of numbers, got {kind}",
            code="wrong-type",
        )
