"""How a CSV file is written: encoding, delimiter, header. Its rows are taken as bytes wherever that can be."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gis.bulk_files.csv_records import Records, scan
from gis.bulk_files.multibyte import HIDING, hide_trails
from gis.errors import UnreadableFile
from gis.io.encoding import bom_codec, likeliest
from gis.io.names import distinct_names
from gis.io.text_encoding import delimited_cells, text_encoding

__all__ = ["Dialect", "read_dialect", "read_pieces"]

_BLOCK = 1 << 23
_MOST_COLUMNS = 1 << 14
_DELIMITERS = (",", ";", "\t", "|")


@dataclass(frozen=True)
class Dialect:
    """How a file is written, and how its rows are taken.

    Parameters
    ----------
    encoding : str or None
        Of the file; None for one in which ASCII is itself, as long as nobody has to know which.
    recoded : bool
        Whether rows are taken as UTF-8 instead of the bytes of the file.
    delimiter : str
    header : bytes
        As rows are taken.
    columns : list of str
        Names, each its own. For a file that does not say its encoding, as they are likeliest to read.
    """

    encoding: str | None
    recoded: bool
    delimiter: str
    header: bytes
    columns: list[str]

    @property
    def marked(self) -> bool:
        """Whether the file begins with the byte order mark of UTF-8."""
        return self.encoding == "utf-8-sig"

    def scan(self, data: bytes, *, final: bool, wanted: list[int]) -> Records:
        """Find the records in bytes that begin with one."""
        hiding = self.encoding if self.delimiter == "|" and not self.recoded else None
        return _scan(
            data, hiding, final=final, delimiter=self.delimiter, columns=len(self.columns), wanted=wanted
        )


def _scan(
    data: bytes, codec: str | None, *, final: bool, delimiter: str, columns: int, wanted: list[int]
) -> Records:
    text: NDArray[np.uint8] = np.frombuffer(data, dtype=np.uint8)
    if codec not in HIDING:
        return scan(data, final=final, delimiter=delimiter, columns=columns, wanted=wanted)
    hidden = hide_trails(text, str(codec)).tobytes()
    records = scan(hidden, final=final, delimiter=delimiter, columns=columns, wanted=wanted)
    records.text = text
    return records


def read_dialect(source: Path, *, given: str | None, recode: bool, named: Sequence[str] = ()) -> Dialect:
    """Look at the beginning of a file.

    Parameters
    ----------
    source : Path
    given : str, optional
        Encoding that the user says; held to.
    recode : bool
        Rows are needed as text, so that the encoding has to be known.
    named : sequence of str
        Columns that the user names: their bytes tell how the header is to be read.

    Raises
    ------
    gis.errors.UnknownEncoding
    gis.errors.UnreadableFile
        No header.
    """
    with source.open("rb") as stream:
        start = stream.read(_BLOCK)
    mark = bom_codec(start[:4])
    encoding: str | None = mark if mark == "utf-8-sig" else None
    line = _first_line(start)
    known = given is not None or recode or mark not in (None, "utf-8-sig")
    if known or _delimiter(line.decode(likeliest([line]), "replace")) == "|":
        # A bar may be half of a character.
        encoding = text_encoding(source, given=given, cells=delimited_cells)
    recoded = recode or (encoding is not None and b"a".decode(encoding, "replace") != "a")
    text = next(read_pieces(source, encoding, recoded=recoded), b"")
    line = _first_line(text)
    beyond = [name.strip() for name in named if not name.isascii()]
    names_in = "utf-8" if recoded else encoding or likeliest([line], holding=beyond)
    delimiter = _delimiter(line.decode(names_in, "replace"))
    hiding = encoding if delimiter == "|" and not recoded else None
    first = _scan(
        text, hiding, final=len(text) < _BLOCK, delimiter=delimiter, columns=_MOST_COLUMNS, wanted=[]
    )
    header = text[int(first.begins[0]) : int(first.stops[0])] if len(first) else b""
    if not header.strip():
        raise UnreadableFile(f"{source.name} 是空文件", f"{source.name} is empty", code="empty-file")
    shown = header.decode(names_in, "backslashreplace")
    columns, _ = distinct_names(next(csv.reader(io.StringIO(shown, newline=""), delimiter=delimiter)))
    return Dialect(encoding, recoded, delimiter, header, columns)


def _first_line(text: bytes) -> bytes:
    text = text.removeprefix(codecs.BOM_UTF8)
    return next((line for line in text.splitlines() if line.strip()), b"")


def _delimiter(line: str) -> str:
    return max(_DELIMITERS, key=line.count)


def read_pieces(source: Path, encoding: str | None, *, recoded: bool) -> Iterator[bytes]:
    """Give the content of a file without byte order mark, block by block: as it is, or as UTF-8."""
    plain = not recoded or encoding in ("utf-8", "utf-8-sig")
    decoder = codecs.getincrementaldecoder(encoding or "utf-8")()
    with source.open("rb") as stream:
        if encoding == "utf-8-sig":
            stream.read(len(codecs.BOM_UTF8))
        while block := stream.read(_BLOCK):
            yield block if plain else decoder.decode(block).encode()
