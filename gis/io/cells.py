"""Pieces of text as bytes, with their places, and how they read in an encoding."""

from __future__ import annotations

import codecs
from collections.abc import Iterable
from dataclasses import dataclass

from gis.text import Text

__all__ = ["Cell", "decode_cell", "decoded", "fit_encoding", "is_misfit", "read_cells"]


@dataclass(frozen=True)
class Cell:
    """A piece of text as bytes, and where it stands.

    Parameters
    ----------
    text : bytes
    row : int
        Row of the data from 1, or line of a file without columns; 0 for the name of a column.
    column : str
        Its column, as a message calls it; empty in a file without columns.
    full : bool
        It fills its field to the last byte, so that a last character may have been cut.
    """

    text: bytes
    row: int
    column: str
    full: bool = False

    @property
    def place(self) -> Text:
        """Where it stands, in Chinese and English."""
        if self.row == 0:
            return Text(f"列名（{self.column}）", f"the name of column {self.column}")
        if not self.column:
            return Text(f"第 {self.row} 行", f"line {self.row}")
        return Text(f"第 {self.row} 行 {self.column} 列", f"row {self.row}, column {self.column}")


def decode_cell(text: bytes, codec: str, *, full: bool = False) -> tuple[str, bool] | None:
    """Read a cell; None where its bytes are not in that encoding.

    Returns
    -------
    text : str
    cut : bool
        Whether a last character was there in part and is left out; only of a `full` cell.

    Examples
    --------
    >>> decode_cell("网格".encode()[:-1], "utf-8", full=True)
    ('网', True)
    >>> decode_cell("网格".encode()[:-1], "utf-8") is None
    True
    """
    try:
        return text.decode(codec), False
    except UnicodeDecodeError:
        if not full:
            return None
    try:
        return codecs.getincrementaldecoder(codec)().decode(text), True
    except UnicodeDecodeError:
        return None


def is_misfit(cell: Cell, codec: str) -> bool:
    """Whether a cell is not in an encoding."""
    return decode_cell(cell.text, codec, full=cell.full) is None


def fit_encoding(cells: Iterable[Cell], codec: str) -> bool:
    """Whether all cells are in an encoding, and at least one has a whole character beyond ASCII to show for it.

    Examples
    --------
    >>> fit_encoding([Cell("café".encode("latin-1"), 1, "name", full=True)], "utf-8")
    False
    """
    proof = False
    for cell in cells:
        read = decode_cell(cell.text, codec, full=cell.full)
        if read is None:
            return False
        proof = proof or not read[0].isascii()
    return proof


def read_cells(cells: Iterable[Cell], codec: str) -> list[str]:
    """Read those cells that are in an encoding."""
    read = (decode_cell(cell.text, codec, full=cell.full) for cell in cells)
    return [text for text, _ in (one for one in read if one is not None)]


def decoded(text: str, codec: str) -> str:
    """Turn text that was read byte for byte (as ISO-8859-1) into what it means.

    Examples
    --------
    >>> decoded("青岛".encode("gbk").decode("latin-1"), "gb18030")
    '青岛'
    """
    return text.encode("latin-1").decode(codec, "replace")
