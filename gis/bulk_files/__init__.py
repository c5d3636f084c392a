"""Owners for a whole file: the same rows in the same order, plus one column, batch by batch in bounded memory."""

from __future__ import annotations

from pathlib import Path

from gis.bulk_arrow import OWNER_COLUMN, BulkResult
from gis.bulk_files.atomic_file import Progress
from gis.bulk_files.csv_rows import locate_text
from gis.bulk_files.parquet import locate_parquet
from gis.crs import CrsLike
from gis.errors import UnknownFormat, UnreadableFile
from gis.io.code_pages import codec_of
from gis.locate import GridIndex

__all__ = ["OWNER_COLUMN", "BulkResult", "Progress", "locate_file"]

_PARQUET = {".parquet", ".geoparquet", ".pq"}
_TEXT = {".csv", ".tsv", ".txt"}


def locate_file(
    index: GridIndex,
    source: Path,
    target: Path,
    *,
    lon: str | None = None,
    lat: str | None = None,
    crs: CrsLike | None = None,
    advance: Progress | None = None,
    encoding: str | None = None,
    output_encoding: str | None = None,
) -> BulkResult:
    """Write the rows of a CSV, Parquet or GeoParquet file with the owner of each.

    Parameters
    ----------
    index : GridIndex
    source, target : Path
        Formats by extension; one may become the other, but GeoParquet stays GeoParquet. ``target`` appears only
        when all is done.
    lon, lat : str, optional
        Columns of the coordinates; found by their usual names when absent. GeoParquet needs none.
    crs : optional
        CRS of the coordinates; WGS84 for columns, the file's own for GeoParquet.
    advance : callable, optional
        Told the rows done and the rows there will be after each batch.
    encoding : str, optional
        Of a CSV, held to. Rows are copied byte for byte, so that it is needed only where text has to be understood:
        for Parquet out, for codes that are not ASCII, for another encoding out, for bars between the fields.
    output_encoding : str, optional
        Of the CSV that comes out; as the input otherwise. ``utf-8-sig`` is what Excel opens everywhere.

    Returns
    -------
    BulkResult
        Rows without a usable place are kept with an empty owner and listed (the first 1,000 of them).

    Raises
    ------
    gis.errors.InputRefused
        The file cannot be read, or has no such columns.
    gis.errors.UnknownEncoding
        The encoding is needed and not known, or not what is said.
    gis.errors.CrsMissing
        GeoParquet that declares its CRS unknown, and none given.
    gis.errors.SwappedCoordinates, gis.errors.GeometryError
        No place of the file is on Earth.
    """
    if source.is_dir():
        raise UnreadableFile(
            f"{source} 是文件夹；整个文件夹请用 --engine spark",
            f"{source} is a folder; a whole folder is for --engine spark",
            code="is-a-folder",
        )
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
    for word in (encoding, output_encoding):
        if word is not None:
            codec_of(word)
    if kind in _PARQUET:
        return locate_parquet(
            index,
            source,
            target,
            text=wanted in _TEXT,
            lon=lon,
            lat=lat,
            crs=crs,
            advance=advance,
            output_encoding=output_encoding,
        )
    return locate_text(
        index,
        source,
        target,
        parquet=wanted in _PARQUET,
        lon=lon,
        lat=lat,
        crs=crs,
        advance=advance,
        encoding=encoding,
        output_encoding=output_encoding,
    )
