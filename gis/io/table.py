"""Tables with places in columns: CSV in all its dialects, and Parquet without geometry."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv as pa_csv
import shapely
from numpy.typing import NDArray

from gis.crs import WGS84, CrsLike, parse_crs
from gis.errors import BadRow, CrsMissing, MissingColumn, UnreadableFile
from gis.io.columns import find_column, guess_column
from gis.io.encoding import text_encoding
from gis.io.layer import CrsSource, LayerData, assemble, bad_row, digest_of
from gis.io.limits import current_limits

__all__ = ["LAT_NAMES", "LON_NAMES", "WKT_NAMES", "numbers", "read_csv", "read_plain_table", "with_places"]

LON_NAMES = ("lon", "lng", "longitude", "long", "经度", "东经", "lon_wgs84", "x")
LAT_NAMES = ("lat", "latitude", "纬度", "北纬", "lat_wgs84", "y")
WKT_NAMES = ("wkt", "geometry", "geom", "the_geom", "wkt_geom", "shape", "几何", "图形")
_DELIMITERS = (",", ";", "\t", "|")
_LONGEST_LINE = 1 << 20
_SRID = re.compile(r"^\s*SRID\s*=\s*(\d+)\s*;", re.IGNORECASE)
_HEX = re.compile(r"^[0-9A-Fa-f]{10,}$")
Floats = NDArray[np.float64]


def read_csv(
    source: Path,
    *,
    crs: CrsLike | None,
    lon: str | None,
    lat: str | None,
    wkt: str | None,
    encoding: str | None,
) -> LayerData:
    """Read a CSV file with places in lon/lat columns or a WKT column.

    Every column stays text, so that codes keep their leading zeros. A byte order mark, semicolons, tabs and
    bars, UTF-8, UTF-16 and GB18030 are recognised.
    """
    name = text_encoding(source, given=encoding)
    columns, bad = _rows(source, name)
    return with_places(
        columns,
        file=source.name,
        crs=crs,
        lon=lon,
        lat=lat,
        wkt=wkt,
        driver="CSV",
        sha256=digest_of([source]),
        encoding=name.removesuffix("-sig"),
        bad_rows=bad,
    )


def read_plain_table(
    columns: pd.DataFrame,
    source: Path,
    *,
    crs: CrsLike | None,
    lon: str | None,
    lat: str | None,
    wkt: str | None,
) -> LayerData:
    """Give places to a table that has its columns already (Parquet without geometry)."""
    return with_places(
        columns,
        file=source.name,
        crs=crs,
        lon=lon,
        lat=lat,
        wkt=wkt,
        driver="Parquet",
        sha256=digest_of([source]),
    )


# ---------------------------------------------------------------- rows out of text
def _rows(source: Path, encoding: str) -> tuple[pd.DataFrame, list[BadRow]]:
    header, delimiter = _header(source, encoding)
    names = _unique(header)
    current_limits().refuse_over("columns", len(names))
    ragged: list[int] = []

    def note(row: Any) -> str:
        ragged.append(int(row.actual_columns))
        return "skip"

    try:
        table = pa_csv.read_csv(
            source,
            read_options=pa_csv.ReadOptions(
                column_names=names,
                skip_rows=1,
                use_threads=False,
                encoding="utf8" if encoding.startswith("utf-8") else encoding,
            ),
            parse_options=pa_csv.ParseOptions(
                delimiter=delimiter, newlines_in_values=True, invalid_row_handler=note
            ),
            convert_options=pa_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), null_values=[""], strings_can_be_null=True
            ),
        )
    except pa.ArrowInvalid as error:
        if "Empty CSV" not in str(error):
            ragged.append(0)
        table = pa.table({name: pa.array([], pa.string()) for name in names})
    if ragged:
        # Rare: rows with too few or too many fields. Read again row by row, to number them.
        return _slowly(source, encoding, delimiter, names)
    current_limits().refuse_over("features", table.num_rows)
    if table.num_rows == 0:
        raise UnreadableFile(
            f"文件 {source.name} 只有表头，没有数据行",
            f"file {source.name} has a header and no rows",
            code="no_rows",
        )
    frame: pd.DataFrame = table.to_pandas()
    return frame, []


def _header(source: Path, encoding: str) -> tuple[list[str], str]:
    """Read the names of the columns and find what separates them."""
    with source.open("r", encoding=encoding, newline="") as stream:
        sample = stream.read(_LONGEST_LINE)
    lines = sample.splitlines()
    if not lines or not lines[0].strip():
        raise UnreadableFile(
            f"文件 {source.name} 的第一行是空的，应为表头",
            f"file {source.name} has no header in its first line",
            code="no_header",
        )
    if len(lines) == 1 and len(sample) == _LONGEST_LINE:
        raise UnreadableFile(
            f"文件 {source.name} 不是表格", f"file {source.name} is not a table", code="not_a_table"
        )
    best, delimiter = 0, ","
    with _as_table(source):
        for candidate in _DELIMITERS:
            fields = [len(row) for row in csv.reader(lines[:50], delimiter=candidate) if row]
            agreeing = sum(count == fields[0] for count in fields)
            if fields[0] > max(best, 1) and agreeing * 2 >= len(fields):
                best, delimiter = fields[0], candidate
        return next(csv.reader(lines, delimiter=delimiter)), delimiter


def _unique(header: Sequence[str]) -> list[str]:
    names: list[str] = []
    for at, raw in enumerate(header):
        label = raw.strip().strip("\ufeff") or f"column_{at + 1}"
        name, copy = label, 2
        while name in names:
            name, copy = f"{label}_{copy}", copy + 1
        names.append(name)
    return names


def _slowly(
    source: Path, encoding: str, delimiter: str, names: list[str]
) -> tuple[pd.DataFrame, list[BadRow]]:
    rows: list[list[str | None]] = []
    bad: list[BadRow] = []
    with _as_table(source), source.open("r", encoding=encoding, newline="") as stream:
        for fields in _records(stream, delimiter):
            if len(fields) != len(names):
                bad.append(
                    bad_row(
                        len(rows) + 1,
                        "*",
                        f"应有 {len(names)} 列，实际 {len(fields)} 列",
                        f"expected {len(names)} fields, got {len(fields)}",
                        delimiter.join(fields),
                    )
                )
            current_limits().refuse_over("features", len(rows) + 1)
            padded: list[str | None] = [field or None for field in fields[: len(names)]]
            rows.append(padded + [None] * (len(names) - len(padded)))
    return pd.DataFrame(rows, columns=names, dtype="str"), bad


@contextmanager
def _as_table(source: Path) -> Iterator[None]:
    try:
        yield
    except csv.Error as error:
        raise UnreadableFile(
            f"文件 {source.name} 不是表格", f"file {source.name} is not a table: {error}", code="not_a_table"
        ) from error


def _records(stream: io.TextIOBase, delimiter: str) -> Iterator[list[str]]:
    reader = csv.reader(stream, delimiter=delimiter)
    next(reader, None)
    for fields in reader:
        if fields:
            yield fields


# ---------------------------------------------------------------- places out of columns
def with_places(
    columns: pd.DataFrame,
    *,
    file: str,
    crs: CrsLike | None,
    lon: str | None,
    lat: str | None,
    wkt: str | None,
    driver: str,
    sha256: str,
    encoding: str | None = None,
    bad_rows: Sequence[BadRow] = (),
) -> LayerData:
    """Make places from columns: a named or guessed lon/lat pair, else a WKT column.

    Raises
    ------
    gis.errors.MissingColumn
        Nothing to make places from.
    gis.errors.CrsMissing
        No CRS is named and the numbers are not degrees.
    """
    names = [str(name) for name in columns.columns]
    if wkt is None and (lon is not None or lat is not None):
        if lon is None or lat is None:
            raise MissingColumn("经度列和纬度列须同时指定", "name both the longitude and the latitude column")
        pair: tuple[str, str] | None = (
            find_column(names, lon, file=file),
            find_column(names, lat, file=file),
        )
    elif wkt is None:
        one, other = guess_column(names, LON_NAMES), guess_column(names, LAT_NAMES)
        pair = (one, other) if one is not None and other is not None else None
    else:
        pair = None
    settled = WGS84 if crs is None else parse_crs(crs)
    crs_source: CrsSource = "assumed" if crs is None else "argument"
    if pair is not None:
        shapes, bad = _points(columns, pair, known=bad_rows)
        if crs is None:
            _refuse_metres(shapes, file=file, pair=pair)
        label = f"{pair[0]}, {pair[1]}"
    else:
        column = find_column(names, wkt, file=file) if wkt is not None else guess_column(names, WKT_NAMES)
        if column is None:
            listing = ", ".join(names) or "-"
            raise MissingColumn(
                f"文件 {file} 没有经纬度列，也没有 WKT 列；现有列：{listing}",
                f"file {file} has neither longitude and latitude nor WKT columns; it has: {listing}",
                code="no_place_columns",
            )
        shapes, bad, srid = _texts(columns, column, known=bad_rows)
        if crs is None and srid is not None:
            settled, crs_source = parse_crs(srid), "file"
        elif crs is None:
            _refuse_metres(shapes, file=file, pair=(column, column))
        columns, label = columns.drop(columns=[column]), column
    return assemble(
        columns,
        shapes,
        crs=settled,
        crs_source=crs_source,
        driver=driver,
        sha256=sha256,
        encoding=encoding,
        bad_rows=bad,
        place_columns=label,
    )


def numbers(column: pd.Series[Any]) -> tuple[Floats, NDArray[np.bool_]]:
    """Read a column as numbers.

    Returns
    -------
    values : ndarray of float64
        NaN where there is none.
    empty : ndarray of bool
        Where nothing was written, as opposed to something that is no number.
    """
    if pd.api.types.is_numeric_dtype(column):
        values = column.to_numpy(dtype=np.float64, na_value=np.nan)
        return values, np.isnan(values)
    text = column.astype("str").str.strip()
    missing = column.isna().to_numpy(dtype=bool)
    empty = missing | (text == "").fillna(True).to_numpy(dtype=bool)
    values = (
        pd.to_numeric(text.where(~empty), errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan).copy()
    )
    # Files with semicolons often write 120,05 for 120.05.
    odd = np.flatnonzero(np.isnan(values) & ~empty)
    if odd.size:
        again = text.iloc[odd].str.replace(",", ".", regex=False)
        values[odd] = pd.to_numeric(again, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    return values, empty


def _points(
    columns: pd.DataFrame, pair: tuple[str, str], *, known: Sequence[BadRow]
) -> tuple[NDArray[np.object_], list[BadRow]]:
    bad = {row.row: row for row in known}
    (x, x_empty), (y, y_empty) = numbers(columns[pair[0]]), numbers(columns[pair[1]])
    usable = np.isfinite(x) & np.isfinite(y)
    for at in np.flatnonzero(~usable).tolist():
        side = 0 if not np.isfinite(x[at]) else 1
        empty = (x_empty, y_empty)[side][at]
        reason = ("坐标为空", "no coordinate") if empty else ("不是数字", "not a number")
        value = None if empty else columns[pair[side]].iloc[at]
        bad.setdefault(at + 1, bad_row(at + 1, pair[side], *reason, value))
    shapes = np.full(len(columns), None, dtype=object)
    shapes[usable] = shapely.points(x[usable], y[usable])
    return shapes, list(bad.values())


def _texts(
    columns: pd.DataFrame, column: str, *, known: Sequence[BadRow]
) -> tuple[NDArray[np.object_], list[BadRow], int | None]:
    """Build shapes from WKT, EWKT (its SRID is given back) or hexadecimal WKB."""
    bad = {row.row: row for row in known}
    texts = [
        None if not isinstance(text, str) or not text.strip() else text.strip() for text in columns[column]
    ]
    first = next((text for text in texts if text), "")
    srid = _SRID.match(first)
    if srid:
        texts = [None if text is None else _SRID.sub("", text) for text in texts]
    values = np.asarray(texts, dtype=object)
    builder = shapely.from_wkb if _HEX.match(first) else shapely.from_wkt
    shapes = np.asarray(builder(values, on_invalid="ignore"), dtype=object).reshape(-1)
    for at in np.flatnonzero(shapely.is_missing(shapes)).tolist():
        reason = ("没有图形", "no geometry") if texts[at] is None else ("不是有效的 WKT", "not valid WKT")
        bad.setdefault(at + 1, bad_row(at + 1, column, *reason, texts[at]))
    embedded = shapely.get_srid(shapes[~shapely.is_missing(shapes)][:1])
    number = int(srid.group(1)) if srid else int(embedded[0]) if len(embedded) else 0
    return shapes, list(bad.values()), number or None


def _refuse_metres(shapes: NDArray[np.object_], *, file: str, pair: tuple[str, str]) -> None:
    """Refuse to take numbers for degrees that cannot be: a table does not say its CRS."""
    points = shapely.get_coordinates(shapes)
    if len(points) == 0:
        return
    x, y = np.abs(points[:, 0]), np.abs(points[:, 1])
    far = (x > 180) | (y > 180)
    if far.mean() >= 0.5:
        sample = f"({points[far][0, 0]:.10g}, {points[far][0, 1]:.10g})"
        raise CrsMissing(
            f"文件 {file} 的 {pair[0]}、{pair[1]} 不像经纬度，例如 {sample}；请用 crs 指明坐标系，例如 EPSG:4549",
            f"{pair[0]}, {pair[1]} of file {file} are not degrees, for example {sample}; name the CRS, "
            "for example EPSG:4549",
        )
