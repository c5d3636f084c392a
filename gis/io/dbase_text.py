"""The texts of a dBASE table that GDAL has passed through byte for byte, read in the encoding of the file."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from gis.io.cells import Cell, decode_cell
from gis.io.dbase_encoding import DELETED, DbaseHeader, record_blocks
from gis.io.encoding_refusals import refuse_cells
from gis.io.names import distinct_names, name_notes, plain_name
from gis.io.nul import holds_nul, nul_refusal
from gis.text import Text

__all__ = ["drop_memos", "read_dbase_names", "read_dbase_texts", "refuse_text_behind_nul"]

_LISTED = 5
# Memo, general and picture: numbers of blocks in another file.
_MEMOS = ("M", "G", "P")
_TELLING = 20


def read_dbase_names(header: DbaseHeader, codec: str, *, file: str) -> tuple[list[str], list[Text]]:
    """Read the names of the columns, each with a name of its own; what was made of them is said.

    Examples
    --------
    >>> from gis.io.dbase_encoding import DbaseField
    >>> cut = [DbaseField(name.encode()[:10], "C", 1, 9) for name in ("网格编码", "网格编号")]
    >>> names, notes = read_dbase_names(DbaseHeader(1, 97, 19, 0, cut), "utf-8", file="a.shp")
    >>> names
    ['网格编', '网格编_2']
    >>> notes[0].in_("en")
    'the name of column 1 was cut inside a character and reads 网格编'
    """
    read: list[str] = []
    notes: list[Text] = []
    wrong: list[Cell] = []
    for at, field in enumerate(header.fields):
        found = decode_cell(field.name, codec, full=field.full)
        if found is None:
            wrong.append(Cell(field.name, 0, header.label(at), field.full))
            continue
        name, cut = found
        read.append(name)
        if cut:
            shown = plain_name(name) or f"column_{at + 1}"
            notes.append(
                Text(
                    f"第 {at + 1} 列的列名在字符中间被截断，读作 {shown}",
                    f"the name of column {at + 1} was cut inside a character and reads {shown}",
                )
            )
    if wrong:
        raise refuse_cells(wrong, codec, file)
    names, changed = distinct_names(read)
    return names, [*notes, *name_notes(names, changed)]


def read_dbase_texts(
    table: pa.Table, header: DbaseHeader, codec: str, *, file: str
) -> tuple[pa.Table, list[Text]]:
    """Read the columns of text that lie in a table as one character a byte.

    Parameters
    ----------
    table : pyarrow.Table
        The columns of the header in its order, and what may follow them.
    header : DbaseHeader
    codec : str
    file : str
        How it is called to the user.

    Raises
    ------
    gis.errors.UnknownEncoding
        A cell is in another encoding; with its row and column.
    """
    wrong: list[Cell] = []
    cut: list[tuple[int, str, str]] = []
    for at, field in enumerate(header.fields[: table.num_columns]):
        column = table.column(at)
        kind = column.type
        if not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
            continue
        read = _read_column(column, codec, field.width, header.label(at), wrong, cut, table.column_names[at])
        table = table.set_column(at, table.field(at), read)
    if wrong:
        raise refuse_cells(wrong, codec, file)
    return table, _cut_notes(cut)


def _read_column(
    column: pa.ChunkedArray,
    codec: str,
    width: int,
    label: str,
    wrong: list[Cell],
    cut: list[tuple[int, str, str]],
    name: str,
) -> pa.Array | pa.ChunkedArray:
    """Read the distinct texts of a column, and find the rows of those that are wrong or were cut."""
    plain = _keeps_ascii(codec)
    if plain and pc.sum(pc.binary_length(column)).equals(pc.sum(pc.cast(pc.utf8_length(column), pa.int64()))):
        return column
    coded = column.combine_chunks().dictionary_encode()
    if isinstance(coded, pa.ChunkedArray):
        coded = coded.combine_chunks()
    raw = coded.dictionary.to_pylist()
    whole = _read_whole(raw, codec) if plain else None
    if whole is not None:
        return pa.array(whole, column.type).take(coded.indices)
    meant: list[str | None] = []
    odd: dict[int, bool] = {}
    for number, text in enumerate(raw):
        content = text.encode("latin-1")
        found = decode_cell(content, codec, full=len(content) >= width)
        if found is None:
            odd[number] = False
            meant.append(None)
            continue
        meant.append(found[0])
        if found[1]:
            odd[number] = True
    if odd:
        for row, number in enumerate(coded.indices.to_pylist(), start=1):
            if number not in odd:
                continue
            if odd[number]:
                cut.append((row, name, str(meant[number])))
            else:
                wrong.append(Cell(raw[number].encode("latin-1"), row, label))
    return pa.array(meant, column.type).take(coded.indices)


@cache
def _keeps_ascii(codec: str) -> bool:
    """Whether every byte of ASCII is itself in an encoding."""
    ascii_bytes = bytes(range(128))
    return ascii_bytes.decode(codec, "replace") == ascii_bytes.decode("ascii")


def _read_whole(raw: list[str], codec: str) -> list[str] | None:
    """Read texts all at once; None where one of them is wrong or was cut.

    NUL is part of no other character, so that nothing is read across the end of a text.
    """
    try:
        read = "\0".join(raw).encode("latin-1").decode(codec).split("\0")
    except UnicodeError:
        return None
    return read if len(read) == len(raw) else None


def _cut_notes(cut: Sequence[tuple[int, str, str]]) -> list[Text]:
    if not cut:
        return []
    zh = "；".join(f"第 {row} 行 {name} 列（…{text[-_TELLING:]}）" for row, name, text in cut[:_LISTED])
    en = "; ".join(f"row {row}, column {name} (…{text[-_TELLING:]})" for row, name, text in cut[:_LISTED])
    more_zh = f"，共 {len(cut)} 处" if len(cut) > _LISTED else ""
    more_en = f", {len(cut)} in all" if len(cut) > _LISTED else ""
    return [
        Text(
            f"文字在字符中间被截断（字段不够长），残缺的末字已略去：{zh}{more_zh}",
            f"text was cut inside a character (its field is too short); the rest of that character is left out: "
            f"{en}{more_en}",
        )
    ]


def refuse_text_behind_nul(path: Path, header: DbaseHeader) -> None:
    """Refuse a table with text behind a NUL, where others take the text to end; a field filled up with NUL is whole.

    Raises
    ------
    gis.errors.InputRefused
        Code ``not-text``, with the rows.
    """
    bad = []
    for first, records in record_blocks(path, header):
        kept = records[:, 0] != DELETED
        numbers = first + np.cumsum(kept)
        for at, field in enumerate(header.fields):
            column = records[:, field.offset : field.offset + field.width]
            if field.kind != "C" or not (column == 0).any():
                continue
            column = column[kept]
            behind = np.logical_or.accumulate(column == 0, axis=1) & (column != 0) & (column != ord(" "))
            for row in np.flatnonzero(behind.any(axis=1)).tolist():
                text = column[row].tobytes().rstrip(b"\0 ").decode("latin-1")
                bad.append(holds_nul(int(numbers[kept][row]), header.label(at), text))
    if bad:
        raise nul_refusal(bad)


def drop_memos(columns: pd.DataFrame, header: DbaseHeader) -> tuple[pd.DataFrame, list[Text]]:
    """Leave out columns of memos, with a word: what stands in the table is only where their text is in a .dbt."""
    memos = [columns.columns[at] for at, field in enumerate(header.fields) if field.kind in _MEMOS]
    notes = [
        Text(
            f"{name} 列是备注字段，文字在 .dbt 文件里，不读取；需要的话请转成文本列",
            f"column {name} is a memo, whose text is in a .dbt file and is not read; make it a column of text if needed",
        )
        for name in memos
    ]
    return columns.drop(columns=memos), notes
