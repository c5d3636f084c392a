"""Text that is not what it should be: bytes that are no UTF-8 where a format promises UTF-8."""

from __future__ import annotations

import codecs
from pathlib import Path

import pyarrow as pa

from gis.errors import UnknownEncoding
from gis.io.encoding_refusals import way_out
from gis.io.layer import bad_row
from gis.io.text_encoding import sample_cells

__all__ = ["refuse_broken_text", "refuse_broken_utf8"]

_BLOCK = 1 << 20
_LISTED = 20


def refuse_broken_text(table: pa.Table, *, name: str) -> None:
    """Refuse a table whose column names or texts are not UTF-8, with the rows.

    Raises
    ------
    gis.errors.UnknownEncoding
    """
    try:
        names = table.column_names
    except UnicodeDecodeError as error:
        raise UnknownEncoding(
            f"文件 {name} 有一列的列名不是有效的 UTF-8",
            f"a column of file {name} has a name that is not UTF-8",
        ) from error
    bad = []
    for at, column_name in enumerate(names):
        column = table.column(at)
        if not _is_text(column.type) or _is_valid(column):
            continue
        values = column.cast(pa.large_binary())
        for row, value in enumerate(values.to_pylist(), start=1):
            if value is not None and not _is_utf8(value):
                zh, en = "文字不是有效的 UTF-8", "the text is not UTF-8"
                bad.append(bad_row(row, column_name, zh, en, value))
                if len(bad) == _LISTED:
                    break
    if bad:
        raise UnknownEncoding(
            f"文件 {name} 的文字不是有效的 UTF-8；第一处：{bad[0].text('zh')}",
            f"file {name} holds text that is not UTF-8; the first: {bad[0].text('en')}",
            rows=bad,
        )


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _is_valid(column: pa.ChunkedArray) -> bool:
    try:
        column.validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def _is_utf8(value: bytes) -> bool:
    try:
        value.decode()
    except UnicodeDecodeError:
        return False
    return True


def refuse_broken_utf8(source: Path) -> None:
    """Refuse a text file that has to be UTF-8 and is not, with the place of the first wrong byte.

    Raises
    ------
    gis.errors.UnknownEncoding
    """
    decoder = codecs.getincrementaldecoder("utf-8")()
    passed, line = 0, 1
    with source.open("rb") as stream:
        while True:
            block = stream.read(_BLOCK)
            try:
                decoder.decode(block, final=not block)
            except UnicodeDecodeError as error:
                pending = bytes(error.object)
                at = passed + len(block) - len(pending) + error.start
                line += pending[: error.start].count(b"\n")
                wrong = pending[error.start : error.end].hex(" ")
                samples = sample_cells(source)
                zh, en = (
                    (f"。文字{way_out(samples).zh}", f". The text {way_out(samples).en}")
                    if samples
                    else ("", "")
                )
                raise UnknownEncoding(
                    f"文件 {source.name} 不是有效的 UTF-8：第 {line} 行、第 {at + 1} 字节处为 {wrong}{zh}",
                    f"file {source.name} is not UTF-8: {wrong} in line {line}, at byte {at + 1}{en}",
                    samples=samples,
                ) from error
            if not block:
                return
            passed += len(block)
            line += block.count(b"\n")
