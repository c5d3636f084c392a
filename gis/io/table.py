"""Tables with places in columns: CSV in all its dialects, and Parquet without geometry."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv as pa_csv
import shapely
from numpy.typing import NDArray

from gis.arrays import Floats
from gis.crs import WGS84, CrsLike, parse_crs
from gis.errors import BadRow, CrsMissing, MissingColumn, UnreadableFile
from gis.io.columns import find_column, guess_column
from gis.io.layer import CrsSource, LayerData, assemble, bad_row, digest_of
from gis.io.likely_crs import likely_crs
from gis.io.limits import current_limits
from gis.io.names import distinct_names, name_notes
from gis.io.text_encoding import delimited_cells, text_encoding
from gis.io.written_shapes import read_written
from gis.text import Text

__all__ = ["LAT_NAMES", "LON_NAMES", "WKT_NAMES", "numbers", "read_csv", "read_plain_table", "with_places"]

LON_NAMES = ("lon", "lng", "longitude", "long", "经度", "經度", "东经", "東經", "lon_wgs84", "x")
LAT_NAMES = ("lat", "latitude", "纬度", "緯度", "北纬", "北緯", "lat_wgs84", "y")
WKT_NAMES = ("wkt", "geometry", "geom", "the_geom", "wkt_geom", "shape", "几何", "幾何", "图形", "圖形")
_DELIMITERS = (",", ";", "\t", "|")
_LONGEST_LINE = 1 << 20
# What spreadsheets write before the header to say what separates the columns.
_SEPARATOR = re.compile(r"\"?sep=(.)\"?[ \t,;|]*", re.IGNORECASE | re.DOTALL)


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
    bars, UTF-8 and UTF-16 with its mark are recognised; any other encoding has to be said.
    """
    name = text_encoding(source, given=encoding, cells=delimited_cells)
    columns, bad, notes = _rows(source, name)
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
        notes=notes,
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
def _rows(source: Path, encoding: str) -> tuple[pd.DataFrame, list[BadRow], list[Text]]:
    header, delimiter, before = _header(source, encoding)
    names, copies = distinct_names(header)
    notes = name_notes(names, copies)
    current_limits().refuse_over("columns", len(names))
    ragged: list[int] = []

    def note(row: pa_csv.InvalidRow) -> str:
        ragged.append(int(row.actual_columns))
        return "skip"

    try:
        table = pa_csv.read_csv(
            source,
            read_options=pa_csv.ReadOptions(
                column_names=names,
                skip_rows=before + 1,
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
        return *_slowly(source, encoding, delimiter, names, before=before), notes
    current_limits().refuse_over("features", table.num_rows)
    if table.num_rows == 0:
        raise UnreadableFile(
            f"文件 {source.name} 只有表头，没有数据行",
            f"file {source.name} has a header and no rows",
            code="no-rows",
        )
    frame: pd.DataFrame = table.to_pandas()
    return frame, [], notes


def _header(source: Path, encoding: str) -> tuple[list[str], str, int]:
    """Read the names of the columns, find what separates them, and how many lines stand before them."""
    with source.open("r", encoding=encoding, newline="") as stream:
        sample = stream.read(_LONGEST_LINE)
    lines = sample.splitlines()
    said = _SEPARATOR.fullmatch(lines[0].strip("\ufeff")) if lines else None
    if said:
        # As spreadsheets have it: the first line says what separates the columns of the others.
        lines = lines[1:]
    if not lines or not lines[0].strip():
        raise UnreadableFile(
            f"文件 {source.name} 的第一行是空的，应为表头",
            f"file {source.name} has no header in its first line",
            code="no-header",
        )
    if len(lines) == 1 and len(sample) == _LONGEST_LINE:
        raise UnreadableFile(
            f"文件 {source.name} 不是表格", f"file {source.name} is not a table", code="not-a-table"
        )
    best, delimiter = 0, ","
    if said:
        return next(csv.reader(lines, delimiter=said[1])), said[1], 1
    with _as_table(source):
        for candidate in _DELIMITERS:
            fields = [len(row) for row in csv.reader(lines[:50], delimiter=candidate) if row]
            agreeing = sum(count == fields[0] for count in fields)
            if fields[0] > max(best, 1) and agreeing * 2 >= len(fields):
                best, delimiter = fields[0], candidate
        return next(csv.reader(lines, delimiter=delimiter)), delimiter, 0


def _slowly(
    source: Path, encoding: str, delimiter: str, names: list[str], *, before: int
) -> tuple[pd.DataFrame, list[BadRow]]:
    rows: list[list[str | None]] = []
    bad: list[BadRow] = []
    with _as_table(source), source.open("r", encoding=encoding, newline="") as stream:
        for _ in range(before):
            stream.readline()
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
            f"文件 {source.name} 不是表格", f"file {source.name} is not a table: {error}", code="not-a-table"
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
    notes: Iterable[Text] = (),
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
            raise MissingColumn(
                "经度列和纬度列须同时指定",
                "name both the longitude and the latitude column",
                code="no-place-columns",
            )
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
    came_in: str | None = None
    notes = list(notes)
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
                code="no-place-columns",
            )
        written = read_written(columns[column].tolist(), column, known=bad_rows)
        shapes, bad = written.shapes, written.bad
        if crs is not None:
            notes += written.overruled(settled)
        elif written.srids.any():
            shapes, bad, settled = written.settled()
            came_in, crs_source = written.crs_name, "file"
        else:
            _refuse_metres(shapes, file=file, pair=(column, column))
        columns, label = columns.drop(columns=[column]), column
    data = assemble(
        columns,
        shapes,
        crs=settled,
        crs_source=crs_source,
        driver=driver,
        sha256=sha256,
        encoding=encoding,
        bad_rows=bad,
        place_columns=label,
        notes=notes,
    )
    return data if came_in is None else replace(data, crs=came_in)


def numbers(column: pd.Series) -> tuple[Floats, NDArray[np.bool_]]:
    """Read a column as numbers.

    Returns
    -------
    values : ndarray of float64
        NaN where there is none.
    empty : ndarray of bool
        Where nothing was written, as opposed to something that is no number.
    """
    if pd.api.types.is_bool_dtype(column):
        # True is no longitude of 1 degree.
        return np.full(len(column), np.nan), column.isna().to_numpy(dtype=bool)
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


def _refuse_metres(shapes: NDArray[np.object_], *, file: str, pair: tuple[str, str]) -> None:
    """Refuse to take numbers for degrees that cannot be: a table does not say its CRS."""
    points, of = shapely.get_coordinates(shapes[~shapely.is_missing(shapes)], return_index=True)
    if len(points) == 0:
        return
    x, y = np.abs(points[:, 0]), np.abs(points[:, 1])
    far = (x > 180) | (y > 180)
    if far.mean() >= 0.5:
        sample = f"({points[far][0, 0]:.10g}, {points[far][0, 1]:.10g})"
        row = int(np.flatnonzero(~shapely.is_missing(shapes))[of[far][0]]) + 1
        likely = likely_crs(float(points[far][0, 0]), float(points[far][0, 1]))
        zh, en = likely or ("例如 EPSG:4549", "for example EPSG:4549")
        raise CrsMissing(
            f"文件 {file} 第 {row} 行的 {pair[0]}、{pair[1]} 不像经纬度：{sample}；请用 crs 指明坐标系：{zh}",
            f"{pair[0]}, {pair[1]} of file {file} are not degrees in row {row}: {sample}; name the CRS: {en}",
        )
