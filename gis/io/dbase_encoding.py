"""dBASE tables beside Shapefiles: their names and texts as bytes, and the encoding these are in."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gis.errors import UnreadableFile
from gis.io.cells import Cell
from gis.io.code_pages import codec_or_none, language_driver
from gis.io.encoding import Declaration, choose_encoding

__all__ = [
    "DELETED",
    "DbaseField",
    "DbaseHeader",
    "dbase_encoding",
    "read_dbase_header",
    "record_blocks",
    "table_cells",
]

_RECORDS_AT_ONCE = 1 << 16
_MOST_TEXTS = 20_000
_NAME_BYTES = 10
DELETED = 0x2A


@dataclass(frozen=True)
class DbaseField:
    """A column of a dBASE table.

    Parameters
    ----------
    name : bytes
        As it stands in the header, without padding.
    kind : str
        Letter of the type: ``C`` text, ``N`` number, ``M`` memo…
    offset, width : int
        Where its bytes are in a record.
    """

    name: bytes
    kind: str
    offset: int
    width: int

    @property
    def full(self) -> bool:
        """Whether the name fills its place, so that it may have been cut."""
        return len(self.name) >= _NAME_BYTES


@dataclass(frozen=True)
class DbaseHeader:
    """What the header of a dBASE table says.

    Parameters
    ----------
    records, header, width : int
        Number of records; bytes of the header, and of each record.
    driver : int
        The language byte.
    fields : list of DbaseField
    """

    records: int
    header: int
    width: int
    driver: int
    fields: list[DbaseField]

    def label(self, at: int) -> str:
        """Call a column as messages can before its name is read: by its name in ASCII, else by its number."""
        name = self.fields[at].name
        return name.decode("ascii") if name.isascii() and name.strip() else f"#{at + 1}"


def read_dbase_header(path: Path) -> DbaseHeader:
    """Read the header of a .dbf.

    Raises
    ------
    gis.errors.UnreadableFile
    """
    try:
        with path.open("rb") as stream:
            head = stream.read(32)
            if len(head) < 32:
                raise UnreadableFile(f"{path.name} 不完整", f"{path.name} is truncated", code="damaged")
            records, header, width = struct.unpack_from("<IHH", head, 4)
            described = stream.read(max(header - 32, 0))
    except OSError as error:
        raise UnreadableFile(f"无法读取 {path.name}", f"cannot read {path.name}") from error
    fields, at = [], 1
    for begin in range(0, len(described) - 31, 32):
        one = described[begin : begin + 32]
        if one[0] == 0x0D:
            break
        kind = one[11:12].decode("latin-1")
        # Text may be longer than a byte can say; for numbers the second byte is that of the decimals.
        size = one[16] + (256 * one[17] if kind == "C" else 0)
        fields.append(DbaseField(one[:11].split(b"\x00")[0].strip(), kind, at, size))
        at += size
    return DbaseHeader(records, header, width, head[29], fields)


def dbase_encoding(
    path: Path,
    header: DbaseHeader,
    *,
    cpg: str | None = None,
    given: str | None = None,
    name: str | None = None,
) -> str | None:
    """Find the encoding of a .dbf by the one rule: its .cpg is the first word, its language byte the second.

    Parameters
    ----------
    path : Path
    header : DbaseHeader
    cpg : str, optional
        Content of the .cpg beside it.
    given : str, optional
        What the user says.
    name : str, optional
        How the file is called to the user.

    Returns
    -------
    str or None
        None when every byte is ASCII, so that it does not matter.

    Raises
    ------
    gis.errors.UnknownEncoding
    """
    declared = []
    word = (cpg or "").strip().strip("\x00\ufeff")
    codec = codec_or_none(word) if word else None
    if codec is not None and not codec.startswith(("utf-16", "utf-32")):
        declared.append(Declaration("utf-8" if codec == "utf-8-sig" else codec, f".cpg {word[:40]}"))
    driver = language_driver(header.driver)
    if driver is not None:
        declared.append(Declaration(driver, f"LDID 0x{header.driver:02X}"))
    return choose_encoding(
        list(table_cells(path, header)), file=name or path.name, declared=declared, given=given
    )


def table_cells(path: Path, header: DbaseHeader) -> Iterator[Cell]:
    """Give the texts beyond ASCII: all column names, and distinct cells up to so many that they stand for all."""
    for at, field in enumerate(header.fields):
        if not field.name.isascii():
            yield Cell(field.name, 0, header.label(at), field.full)
    seen: set[bytes] = set()
    for first, records in record_blocks(path, header):
        kept = records[:, 0] != DELETED
        numbers = first + np.cumsum(kept)
        for at, field in enumerate(header.fields):
            if field.kind != "C":
                continue
            column = np.ascontiguousarray(records[:, field.offset : field.offset + field.width])
            rows = np.flatnonzero((column >= 0x80).any(axis=1) & kept)
            content, label = column[rows].tobytes(), header.label(at)
            for nth, number in enumerate(numbers[rows].tolist()):
                text = content[nth * field.width : (nth + 1) * field.width].partition(b"\x00")[0].rstrip(b" ")
                if text.isascii() or text in seen:
                    continue
                seen.add(text)
                yield Cell(text, number, label, len(text) == field.width)
                if len(seen) >= _MOST_TEXTS:
                    return


def record_blocks(path: Path, header: DbaseHeader) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    """Give the records in blocks, each with the number of records that were kept before it."""
    size = path.stat().st_size
    count = min(header.records, max(size - header.header, 0) // header.width if header.width else 0)
    if not count:
        return
    table = np.memmap(path, dtype=np.uint8, mode="r", offset=header.header, shape=(count, header.width))
    kept = 0
    for begin in range(0, count, _RECORDS_AT_ONCE):
        block = table[begin : begin + _RECORDS_AT_ONCE]
        yield kept, block
        kept += int(np.count_nonzero(block[:, 0] != DELETED))
