"""Columns of a GeoPackage as SQLite holds them.

A column there may hold values of any type, and be declared with any word. GDAL leaves out columns whose word it does not
know (``VARCHAR``, ``DECIMAL``), clamps numbers to the width that the word promises, reads text as 0, and makes another
day of 31 February. What it would not read as it stands is read here.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import pandas as pd

from gis.errors import UnknownEncoding
from gis.io.layer import bad_row
from gis.io.values import numbers_of

__all__ = ["count_whole_rows", "exact_columns", "opened", "quoted"]

# What GDAL reads as it stands, by the declared word, as long as no value is anything else.
_SAFE = {
    re.compile(r"INT(EGER)?"): "integer",
    re.compile(r"TEXT(\(\d+\))?|DATETIME"): "text",
    re.compile(r"REAL|DOUBLE"): "real",
    re.compile(r"BLOB(\(\d+\))?"): "blob",
}


@dataclass(frozen=True)
class Column:
    """A column of a table: its name, the word it was declared with, whether it is the key."""

    name: str
    declared: str
    is_key: bool


@contextmanager
def opened(source: Path) -> Iterator[sqlite3.Connection]:
    """Open a file for reading only; nothing is written, not even beside it."""
    # One that is being written to has its newest rows beside it.
    quiet = "" if source.with_name(f"{source.name}-wal").exists() else "&immutable=1"
    with closing(sqlite3.connect(f"file:{quote(str(source))}?mode=ro{quiet}", uri=True)) as connection:
        connection.text_factory = bytes
        yield connection


def quoted(name: str) -> str:
    """Quote a name for SQL."""
    return '"' + name.replace('"', '""') + '"'


def _columns(connection: sqlite3.Connection, layer: str) -> list[Column]:
    found = connection.execute(f"PRAGMA table_xinfo({quoted(layer)})").fetchall()
    # Hidden ones of virtual tables are no columns to anybody; generated ones (2 and 3) are.
    return [
        Column(name.decode(errors="replace"), declared.decode(errors="replace").upper().strip(), key == 1)
        for _, name, declared, _, _, key, hidden in found
        if hidden != 1
    ]


def _from(connection: sqlite3.Connection, layer: str) -> str:
    """Name a table so that it is walked in the order of its key, as GDAL does; a view as it comes."""
    kind = connection.execute("SELECT type FROM sqlite_master WHERE name = ?", (layer,)).fetchone()
    return f"{quoted(layer)} NOT INDEXED" if kind == (b"table",) else quoted(layer)


def count_whole_rows(connection: sqlite3.Connection, layer: str) -> int:
    """Count the rows of a layer, each read to its last byte.

    Raises
    ------
    sqlite3.Error
        One cannot be read.
    """
    wanted = ", ".join(_whole(connection, layer))
    (count, *_) = connection.execute(f"SELECT {wanted} FROM {_from(connection, layer)}").fetchone()
    return int(count)


def _whole(connection: sqlite3.Connection, layer: str) -> list[str]:
    """Ask for the number of rows, and for the largest of all values: that is found by reading all of them."""
    return ["count(*)", *(f"max({quoted(column.name)})" for column in _columns(connection, layer))]


def exact_columns(
    frame: pd.DataFrame, source: Path, *, layer: str, geometry: str
) -> tuple[pd.DataFrame, bool]:
    """Put values as SQLite holds them in place of those that GDAL changed or left out.

    Parameters
    ----------
    frame : DataFrame
        The columns as GDAL read them, in the order of the file.
    source : Path
    layer : str
    geometry : str
        The column of the shapes, which is none of these.

    Returns
    -------
    columns : DataFrame
        In the order of the table, the key first. Columns of mixed values become text: whole numbers by their digits,
        floats by theirs.
    whole : bool
        Whether SQLite could read as many rows, each to its last byte.
    """
    with opened(source) as connection:
        try:
            columns = [column for column in _columns(connection, layer) if column.name != geometry]
            count, changed = _scan(connection, layer, columns, set(frame.columns))
            if count != len(frame):
                return frame, False
            values = _read(connection, layer, changed)
        except sqlite3.Error:
            # Damaged, or a view that needs GDAL's own functions: whoever counts the rows finds out.
            return frame, False
    read = {
        column.name: _series(cells, column, file=source.name)
        for column, cells in zip(changed, values, strict=True)
    }
    order = [column.name for column in columns if column.name in read or column.name in frame]
    # A view has no key; GDAL numbers its rows by itself.
    order += [name for name in frame.columns if name not in order and name != "OGC_FID"]
    series: list[pd.Series] = [read[name] if name in read else frame[name] for name in order]
    if not series:
        return frame[[]], True
    out: pd.DataFrame = pd.concat([one.reset_index(drop=True) for one in series], axis="columns")
    out.columns = pd.Index(order)
    return out, True


def _scan(
    connection: sqlite3.Connection, layer: str, columns: Sequence[Column], known: set[str]
) -> tuple[int, list[Column]]:
    """Count the rows, reading each to its last byte, and find the columns that GDAL does not read as they stand."""
    doubted, tests = [], []
    changed = set()
    for column in columns:
        safe = next((kind for word, kind in _SAFE.items() if word.fullmatch(column.declared)), None)
        name = quoted(column.name)
        if column.is_key and column.name in known:
            continue
        if column.name in known and column.declared == "BOOLEAN":
            tests.append(f"{name} IS NOT NULL AND (typeof({name}) <> 'integer' OR {name} NOT IN (0, 1))")
        elif column.name in known and safe:
            odd = f"typeof({name}) NOT IN ('{safe}', 'null')"
            # GDAL takes NUL for the end of a text.
            tests.append(f"{odd} OR instr(CAST({name} AS BLOB), x'00') > 0" if safe == "text" else odd)
        else:
            changed.add(column.name)
            continue
        doubted.append(column.name)
    sums = [f"total({test})" for test in tests]
    wanted = ", ".join([*_whole(connection, layer), *sums])
    found = connection.execute(f"SELECT {wanted} FROM {_from(connection, layer)}").fetchone()
    odd = found[len(found) - len(sums) :]
    changed.update(name for name, some in zip(doubted, odd, strict=True) if some)
    return int(found[0]), [column for column in columns if column.name in changed]


def _read(connection: sqlite3.Connection, layer: str, columns: Sequence[Column]) -> list[tuple[object, ...]]:
    if not columns:
        return []
    names = ", ".join(quoted(column.name) for column in columns)
    rows = connection.execute(f"SELECT {names} FROM {_from(connection, layer)}").fetchall()
    return list(zip(*rows, strict=True)) if rows else [() for _ in columns]


def _series(cells: Sequence[Any], column: Column, *, file: str) -> pd.Series:
    """Make a column of what SQLite gave: text as bytes, since that may be no UTF-8, like blobs."""
    kinds = {type(cell) for cell in cells if cell is not None}
    if column.declared == "BOOLEAN" and kinds <= {int} and set(cells) <= {0, 1, None}:
        return pd.Series([None if cell is None else bool(cell) for cell in cells], dtype="boolean")
    if kinds <= {int}:
        return numbers_of(cells)
    if kinds <= {float}:
        return pd.Series([np.nan if cell is None else cell for cell in cells], dtype="float64")
    if kinds <= {int, float}:
        return numbers_of(cells)
    if kinds == {bytes} and column.declared.startswith("BLOB"):
        return pd.Series(cells, dtype=object)
    texts: list[str | None] = []
    for row, cell in enumerate(cells, start=1):
        try:
            texts.append(None if cell is None else cell.decode() if isinstance(cell, bytes) else repr(cell))
        except UnicodeDecodeError as error:
            zh, en = "文字不是有效的 UTF-8", "the text is not UTF-8"
            bad = [bad_row(row, column.name, zh, en, cell)]
            raise UnknownEncoding(
                f"文件 {file} 的文字不是有效的 UTF-8；第一处：{bad[0].text('zh')}",
                f"file {file} holds text that is not UTF-8; the first: {bad[0].text('en')}",
                rows=bad,
            ) from error
    return pd.Series(texts, dtype="str")
