"""Text with a NUL character in it, which PostgreSQL cannot hold and others take for its end: refused where it stands."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import BinaryIO

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from gis.errors import BadRow, InputRefused
from gis.text import Text

__all__ = ["holds_nul", "nul_refusal", "refuse_nul", "refuse_nul_bytes"]

_LISTED, _LONGEST, _BLOCK = 20, 60, 1 << 20


def refuse_nul(columns: pd.DataFrame) -> None:
    """Refuse a table with NUL in a text, or in the name of a column.

    Parameters
    ----------
    columns : DataFrame
        Its rows are those of the file, in order.

    Raises
    ------
    gis.errors.InputRefused
        Code ``not-text``, with the rows.

    Examples
    --------
    >>> try:
    ...     refuse_nul(pd.DataFrame({"code": ["1", "a\\0b"]}))
    ... except InputRefused as error:
    ...     print(error.rows[0].text("en"))
    row 2, column code: the text has a NUL character (got 'a\\\\x00b')
    """
    for name in columns.columns:
        if "\0" in str(name):
            shown = _shown(str(name))
            raise InputRefused(
                f"列名 {shown} 含 NUL 字符，无法保存；请改名",
                f"the name of column {shown} has a NUL character, which cannot be stored; give it another name",
                code="not-text",
            )
    bad = [one for at, name in enumerate(columns.columns) for one in _bad(columns.iloc[:, at], str(name))]
    if bad:
        raise nul_refusal(bad)


def refuse_nul_bytes(stream: BinaryIO, *, name: str) -> None:
    """Refuse a file of text with NUL in it, of which a driver would leave out what follows.

    Raises
    ------
    gis.errors.InputRefused
        Code ``not-text``, with the line and the byte of the first.
    """
    at, line = 0, 1
    stream.seek(0)
    while block := stream.read(_BLOCK):
        found = block.find(b"\0")
        if found >= 0:
            line += block.count(b"\n", 0, found)
            raise InputRefused(
                f"文件 {name} 第 {line} 行（第 {at + found + 1} 字节）含 NUL 字符，无法保存；请删去后再导入",
                f"file {name} has a NUL character in line {line}, at byte {at + found + 1}, which cannot be stored; take "
                "it out first",
                code="not-text",
            )
        at, line = at + len(block), line + block.count(b"\n")


def nul_refusal(bad: Iterable[BadRow]) -> InputRefused:
    """Make the refusal of texts with NUL."""
    rows = sorted(bad, key=lambda one: (one.row, one.column))
    return InputRefused(
        f"{len(rows)} 处文字含 NUL 字符，无法保存；第一处：{rows[0].text('zh')}",
        f"{len(rows)} texts have NUL characters, which cannot be stored; the first: {rows[0].text('en')}",
        rows=rows[:_LISTED],
        code="not-text",
    )


def holds_nul(row: int, column: str, text: str) -> BadRow:
    """Say of a text that it holds NUL."""
    reason = Text("文字里有 NUL 字符", "the text has a NUL character")
    return BadRow(row, column, reason, _shown(text)[:_LONGEST])


def _shown(text: str) -> str:
    return text.replace("\0", "\\x00")


def _bad(column: pd.Series, name: str) -> list[BadRow]:
    return [
        holds_nul(at + 1, name, _as_text(column.iloc[at])) for at in np.flatnonzero(_has_nul(column)).tolist()
    ]


def _has_nul(column: pd.Series) -> NDArray[np.bool_]:
    if isinstance(column.dtype, pd.StringDtype):
        texts = pa.array(column, from_pandas=True)
        found = pc.fill_null(pc.match_substring(texts, "\0"), fill_value=False)
        return np.asarray(found.to_numpy(zero_copy_only=False), dtype=bool)
    if column.dtype != object:
        return np.zeros(len(column), dtype=bool)
    return np.fromiter(("\0" in _as_text(value) for value in column), dtype=bool, count=len(column))


def _as_text(value: object) -> str:
    """Give the text in a value; lists and structures hold theirs inside."""
    if isinstance(value, str):
        return value
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False, default=str).replace("\\u0000", "\0")
    return ""
