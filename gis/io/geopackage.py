"""GeoPackages whose rows cannot all be read: GDAL takes an error in the middle for the end of the layer."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from urllib.parse import quote

from gis.errors import UnreadableFile

__all__ = ["refuse_lost_rows"]

_MAGIC = b"SQLite format 3\0"


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
    with source.open("rb") as file:
        if file.read(len(_MAGIC)) != _MAGIC:
            return
    # One that is being written to has its newest rows beside it.
    quiet = "" if source.with_name(f"{source.name}-wal").exists() else "&immutable=1"
    connection = sqlite3.connect(f"file:{quote(str(source))}?mode=ro{quiet}", uri=True)
    connection.text_factory = bytes
    counted = ahead = 0
    try:
        quoted = layer.replace('"', '""')
        cursor = connection.execute(f'SELECT * FROM "{quoted}"')
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
    finally:
        connection.close()
    if counted != rows:
        raise _damaged(name, rows, f"{rows} rows were read, there are more")


def _damaged(name: str, row: int, reason: str) -> UnreadableFile:
    return UnreadableFile(
        f"文件 {name} 在第 {row} 行之后已损坏，后面的行读不出来",
        f"file {name} is damaged behind row {row}, and what follows cannot be read: {reason}",
        code="damaged",
    )
