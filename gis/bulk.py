"""Owners for a whole file: the same rows in the same order, plus one column, batch by batch in bounded memory."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import shapely
from numpy.typing import NDArray

from gis.crs import CrsLike, parse_crs, to_wgs84
from gis.errors import BadRow, CrsMissing, GeometryError, MissingColumn, UnknownFormat, UnreadableFile
from gis.io.columns import find_column, guess_column
from gis.io.encoding import text_encoding
from gis.io.table import LAT_NAMES, LON_NAMES, numbers
from gis.locate import GridIndex

__all__ = ["OWNER_COLUMN", "BulkResult", "locate_file"]

OWNER_COLUMN = "grid_code"
"""Name of the column that is added."""

_BATCH = 200_000
_LISTED = 1000
Floats = NDArray[np.float64]
_PARQUET = {".parquet", ".geoparquet", ".pq"}
_TEXT = {".csv", ".tsv", ".txt"}


@dataclass
class BulkResult:
    """What became of the rows of a file."""

    rows: int = 0
    owned: int = 0
    unusable: int = 0
    bad_rows: list[BadRow] = field(default_factory=list)


@dataclass(frozen=True)
class _Places:
    """How the places of a batch are found."""

    lon: str | None
    lat: str | None
    geometry: str | None
    crs: CrsLike


def locate_file(
    index: GridIndex,
    source: Path,
    target: Path,
    *,
    lon: str | None = None,
    lat: str | None = None,
    crs: CrsLike | None = None,
    advance: Callable[[int], object] | None = None,
) -> BulkResult:
    """Write the rows of a CSV, Parquet or GeoParquet file with the owner of each.

    Parameters
    ----------
    index : GridIndex
    source, target : Path
        Formats by extension; CSV may become Parquet. ``target`` appears only when all is done.
    lon, lat : str, optional
        Columns of the coordinates; found by their usual names when absent. GeoParquet needs none.
    crs : optional
        CRS of the coordinates; WGS84 for columns, the file's own for GeoParquet.
    advance : callable, optional
        Told the number of rows after each batch.

    Returns
    -------
    BulkResult
        Rows without a usable place are kept with an empty owner and listed (the first 1,000 of them).

    Raises
    ------
    gis.errors.InputRefused
        The file cannot be read, or has no such columns.
    gis.errors.CrsMissing
        GeoParquet that declares its CRS unknown, and none given.
    """
    if not source.is_file():
        raise UnreadableFile(f"没有文件 {source}", f"there is no file {source}", code="no-such-file")
    kind, wanted = source.suffix.lower(), target.suffix.lower()
    for suffix, name in ((kind, source.name), (wanted, target.name)):
        if suffix not in _PARQUET | _TEXT:
            raise UnknownFormat(
                f"{name}：批量定位支持 CSV、Parquet 和 GeoParquet",
                f"{name}: bulk location takes CSV, Parquet and GeoParquet",
            )
    if source.resolve() == target.resolve():
        raise UnreadableFile(
            "输出文件不能就是输入文件", "the output must not be the input itself", code="same-file"
        )
    result = BulkResult()
    if kind in _PARQUET:
        batches, places, schema = _parquet(source, lon=lon, lat=lat, crs=crs)
        if wanted in _TEXT and places.geometry:
            raise UnknownFormat(
                "GeoParquet 的结果请写成 .parquet", "write the result of GeoParquet as .parquet"
            )
        with (
            _parquet_sink(target, schema)
            if wanted in _PARQUET
            else _csv_sink(target, ",", bom=False) as write
        ):
            for batch in batches:
                write(_with_owner(batch, _owners(index, batch.to_pandas(), places, result)))
                if advance:
                    advance(batch.num_rows)
        return result
    encoding = text_encoding(source)
    columns, delimiter = _header(source, encoding)
    places = _columns(columns, source, lon=lon, lat=lat, crs=crs)
    schema = pa.schema([(name, pa.string()) for name in columns])
    sink = (
        _parquet_sink(target, schema)
        if wanted in _PARQUET
        else _csv_sink(target, delimiter, bom=encoding == "utf-8-sig", header=[*columns, OWNER_COLUMN])
    )
    with sink as write:
        for chunk in _csv_chunks(source, encoding, delimiter, columns):
            owners = _owners(index, chunk, places, result)
            write(_with_owner(pa.RecordBatch.from_pandas(chunk, schema=schema, preserve_index=False), owners))
            if advance:
                advance(len(chunk))
    return result


def _columns(
    columns: list[str], source: Path, *, lon: str | None, lat: str | None, crs: CrsLike | None
) -> _Places:
    x = find_column(columns, lon, file=source.name) if lon else guess_column(columns, LON_NAMES)
    y = find_column(columns, lat, file=source.name) if lat else guess_column(columns, LAT_NAMES)
    if x is None or y is None:
        have = "、".join(columns)
        raise MissingColumn(
            f"{source.name}：请用 --lon 和 --lat 指明坐标列；有的列：{have}",
            f"{source.name}: name the coordinate columns with --lon and --lat; it has: {have}",
        )
    if OWNER_COLUMN in columns:
        raise MissingColumn(
            f"{source.name} 已有列 {OWNER_COLUMN}，请先改名",
            f"{source.name} has a column {OWNER_COLUMN} already; rename it first",
            code="column-taken",
        )
    return _Places(x, y, None, crs if crs is not None else "wgs84")


def _header(source: Path, encoding: str) -> tuple[list[str], str]:
    with source.open(encoding=encoding, newline="") as stream:
        first = stream.readline(1 << 20)
    if not first.strip():
        raise UnreadableFile(f"{source.name} 是空文件", f"{source.name} is empty", code="empty")
    delimiter = max((",", ";", "\t", "|"), key=first.count)
    return [name.strip() for name in next(csv.reader([first], delimiter=delimiter))], delimiter


def _csv_chunks(source: Path, encoding: str, delimiter: str, columns: list[str]) -> Iterator[pd.DataFrame]:
    try:
        reader = pd.read_csv(
            source,
            sep=delimiter,
            encoding=encoding,
            dtype=str,
            keep_default_na=False,
            na_filter=False,
            header=0,
            names=columns,
            index_col=False,
            chunksize=_BATCH,
            on_bad_lines="error",
        )
        yield from reader
    except (pd.errors.ParserError, UnicodeDecodeError) as error:
        raise UnreadableFile(
            f"{source.name} 读不下去：{error}", f"{source.name} cannot be read on: {error}", code="damaged"
        ) from error


def _parquet(
    source: Path, *, lon: str | None, lat: str | None, crs: CrsLike | None
) -> tuple[Iterator[pa.RecordBatch], _Places, pa.Schema]:
    try:
        file = pq.ParquetFile(source)
    except (pa.ArrowException, OSError) as error:
        raise UnreadableFile(
            f"Parquet 文件 {source.name} 已损坏或不完整",
            f"Parquet file {source.name} is damaged or truncated",
            code="damaged",
        ) from error
    schema = file.schema_arrow
    raw = (schema.metadata or {}).get(b"geo")
    if raw is not None and lon is None:
        geo = json.loads(raw)
        column = str(geo["primary_column"])
        given = crs if crs is not None else geo["columns"][column].get("crs", "wgs84")
        if given is None:
            raise CrsMissing(
                f"{source.name} 声明坐标系未知，请用 --crs 指明",
                f"{source.name} says its CRS is unknown; give it with --crs",
            )
        if isinstance(given, dict):
            # Only a PROJJSON without a usual name needs PROJ's own reading.
            from pyproj import CRS

            given = CRS.from_json_dict(given)
        places = _Places(None, None, column, parse_crs(given))
        if OWNER_COLUMN in schema.names:
            _columns([*schema.names, "lon", "lat"], source, lon="lon", lat="lat", crs=None)
    else:
        places = _columns(list(schema.names), source, lon=lon, lat=lat, crs=crs)
    return file.iter_batches(batch_size=_BATCH), places, schema


def _owners(
    index: GridIndex, batch: pd.DataFrame, places: _Places, result: BulkResult
) -> NDArray[np.object_]:
    if places.geometry is not None:
        shapes = shapely.from_wkb(batch[places.geometry].to_numpy(), on_invalid="ignore")
        wrong = (shapely.get_type_id(shapes) != 0) | shapely.is_empty(shapes)
        x, y = shapely.get_x(shapes), shapely.get_y(shapes)
        named = places.geometry
    else:
        x, _ = numbers(batch[places.lon])
        y, _ = numbers(batch[places.lat])
        wrong = ~(np.isfinite(x) & np.isfinite(y))
        named = f"{places.lon}/{places.lat}"
    lon, lat = np.full(len(batch), np.nan), np.full(len(batch), np.nan)
    usable = ~wrong
    try:
        lon[usable], lat[usable] = to_wgs84(x[usable], y[usable], places.crs)
    except GeometryError as error:
        raise UnreadableFile(error.text("zh"), error.text("en"), code=error.code) from error
    owners = index.locate(lon, lat)
    names = np.array([*index.codes, None], dtype=object)
    _list_bad(batch, np.flatnonzero(wrong), named, places, result)
    result.rows += len(batch)
    result.owned += int((owners >= 0).sum())
    return np.asarray(names[owners], dtype=object)


def _list_bad(
    batch: pd.DataFrame, rows: NDArray[np.int64], named: str, places: _Places, result: BulkResult
) -> None:
    result.unusable += len(rows)
    for at in rows[: max(0, _LISTED - len(result.bad_rows))]:
        value = "" if places.geometry else f"{batch[places.lon].iloc[at]}, {batch[places.lat].iloc[at]}"
        result.bad_rows.append(
            BadRow(result.rows + int(at) + 1, named, "没有可用的坐标", "no usable place", value)
        )


def _with_owner(batch: pa.RecordBatch, owners: NDArray[np.object_]) -> pa.Table:
    table = pa.Table.from_batches([batch])
    return table.append_column(OWNER_COLUMN, pa.array(owners, pa.string(), from_pandas=True))


@contextmanager
def _part(target: Path) -> Iterator[Path]:
    """Work on a file beside the target that takes its name only at the end, and is gone after a failure."""
    part = target.with_name(target.name + ".part")
    try:
        yield part
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def _parquet_sink(target: Path, schema: pa.Schema) -> Iterator[Callable[[pa.Table], None]]:
    full = schema.append(pa.field(OWNER_COLUMN, pa.string()))
    with _part(target) as part, pq.ParquetWriter(part, full, compression="zstd") as writer:
        yield lambda table: writer.write_table(table.cast(full))


@contextmanager
def _csv_sink(
    target: Path, delimiter: str, *, bom: bool, header: list[str] | None = None
) -> Iterator[Callable[[pa.Table], None]]:
    encoding = "utf-8-sig" if bom else "utf-8"
    with _part(target) as part, part.open("w", encoding=encoding, newline="") as stream:
        writer = csv.writer(stream, delimiter=delimiter, lineterminator="\n")
        if header:
            writer.writerow(header)
        begun = bool(header)

        def write(table: Any) -> None:
            nonlocal begun
            if not begun:
                writer.writerow(table.column_names)
                begun = True
            columns = [column.to_pylist() for column in table.columns]
            writer.writerows(
                ["" if value is None else value for value in row] for row in zip(*columns, strict=True)
            )

        yield write
