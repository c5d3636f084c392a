"""GeoPackages: read without a trace, and to their last row, where GDAL takes an error for the end of the layer."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from gis.errors import UnreadableFile
from gis.io.sqlite_columns import count_whole_rows, opened, quoted

__all__ = ["JOURNALS", "is_sqlite", "package_parts", "refuse_lost_rows", "undisturbed_package"]

_MAGIC = b"SQLite format 3\0"
# Bytes 18 and 19 of the header: how it is written, 1 by a journal, 2 by a log ahead of it.
_WRITTEN_AHEAD = b"\x02\x02"
JOURNALS = ("-wal", "-journal")
"""What SQLite keeps beside a database that is being written, or that a program left in the middle of that."""


def package_parts(source: Path) -> list[Path]:
    """Give a GeoPackage and what SQLite keeps beside it: its newest rows may be there alone."""
    beside = [source.with_name(f"{source.name}{ending}") for ending in JOURNALS]
    return [source, *(one for one in beside if one.is_file() and one.stat().st_size)]


@contextmanager
def undisturbed_package(source: Path) -> Iterator[Path]:
    """Give a GeoPackage to open such that neither it nor its folder changes.

    SQLite writes when it reads: a database with a log gets files beside it, or cannot be opened where the folder is
    read-only, and one with a journal is put right first. Such ones are copied, with what is beside them.
    """
    with source.open("rb") as file:
        head = file.read(20)
    parts = package_parts(source)
    if head[18:20] != _WRITTEN_AHEAD and len(parts) == 1:
        yield source
        return
    with tempfile.TemporaryDirectory(prefix="wangge-gpkg-") as folder:
        for part in parts:
            shutil.copyfile(part, Path(folder) / f"package.gpkg{part.name[len(source.name) :]}")
        copy = Path(folder) / "package.gpkg"
        with suppress(sqlite3.Error), closing(sqlite3.connect(copy)) as connection:
            # Looking at it takes the log in, or puts right what the journal says; one that is damaged GDAL will name.
            connection.execute("SELECT count(*) FROM sqlite_master").fetchall()
        yield copy


def refuse_lost_rows(source: Path, *, layer: str, rows: int, name: str) -> None:
    """Refuse a GeoPackage of which fewer rows were read than it has.

    Every row is read once more by SQLite itself, which tells a damaged page and a view that fails; files of another
    kind pass.

    Parameters
    ----------
    source : Path
    layer : str
        The table or view that was read.
    rows : int
        How many rows were read of it.
    name : str
        What messages call the file.

    Raises
    ------
    gis.errors.UnreadableFile
        Code ``damaged``, with the row after which it is.
    """
    if source.is_dir() or not is_sqlite(source):
        return
    with opened(source) as connection:
        try:
            if count_whole_rows(connection, layer) == rows:
                return
        except sqlite3.Error:
            # Which row it is, is found row by row.
            pass
        _walk(connection, layer, rows, name)


def is_sqlite(source: Path) -> bool:
    """Whether a file is a database of SQLite, as a GeoPackage is."""
    with source.open("rb") as file:
        return file.read(len(_MAGIC)) == _MAGIC


def _walk(connection: sqlite3.Connection, layer: str, rows: int, name: str) -> None:
    """Read row by row, and refuse at the one that cannot be read, or that is too many or too few."""
    counted = ahead = 0
    try:
        cursor = connection.execute(f"SELECT * FROM {quoted(layer)}")
        # Python is always a row ahead of the one that it gives away.
        ahead = 1
        for _ in cursor:
            counted += 1
            if counted > rows:
                break
    except sqlite3.Error as error:
        if "no such function" in str(error):
            # A view that needs GDAL's own functions: only GDAL can tell.
            return
        raise _damaged(name, counted + ahead, str(error)) from error
    if counted != rows:
        raise _damaged(name, rows, f"{rows} rows were read, there are more")


def _damaged(name: str, row: int, reason: str) -> UnreadableFile:
    return UnreadableFile(
        f"文件 {name} 在第 {row} 行之后已损坏，后面的行读不出来",
        f"file {name} is damaged behind row {row}, and what follows cannot be read: {reason}",
        code="damaged",
    )
