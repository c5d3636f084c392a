"""The encoding of whole text files by the one rule, and such files as UTF-8 for readers that know nothing else."""

from __future__ import annotations

import codecs
import csv
import io
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from gis.errors import BadRow, EncodingSample, UnknownEncoding
from gis.io.cells import Cell, decode_cell
from gis.io.code_pages import codec_of, codec_or_none, dwg_code_page, xml_encoding
from gis.io.encoding import Declaration, bom_codec, choose_encoding
from gis.io.encoding_refusals import refuse_cells, sample_encodings
from gis.io.limits import current_limits
from gis.io.nul import holds_nul, nul_refusal, refuse_nul_bytes

__all__ = [
    "Cells",
    "decodes",
    "delimited_cells",
    "document_encoding",
    "drawing_encoding",
    "line_cells",
    "sample_cells",
    "text_as_utf8",
    "text_encoding",
]

Source = Path | BinaryIO
"""A file by its path, or one that is open and can be read again from its beginning."""
Cells = Callable[[BinaryIO], Iterator[Cell]]
"""Gives the texts beyond ASCII of an open file, in order."""

_BLOCK = 1 << 20
_HEAD = 1 << 12
_LARGEST_LINE = 1 << 16
_SAMPLED = 300
_LISTED = 21
_DELIMITERS = ",;\t|"
# What stands between texts in XML, JSON and drawings; none of these is a part of a character in any encoding here.
_BETWEEN = re.compile(rb"""[<>",;:=\t\r\n]+""")
_DXF_HEAD = 1 << 16
# Group 9 names a variable of a drawing's header, the next group (1 or 3) has its value.
_DXF_VARIABLE = re.compile(rb"\$(ACADVER|DWGCODEPAGE)\s+\d+\s*?\r?\n\s*([\w.-]+)")
_DXF_UTF8 = "AC1021"
_XML_WORD = re.compile(r"""(<\?xml\s[^>]*?)\s+encoding\s*=\s*["'][^"']*["']""")


def text_encoding(
    source: Source,
    *,
    given: str | None = None,
    declared: Sequence[Declaration] = (),
    name: str | None = None,
    cells: Cells | None = None,
) -> str:
    """Find the encoding of a whole text file, and hold all of the file to it.

    Parameters
    ----------
    source : Path or binary stream
        A stream is left at its beginning.
    given : str, optional
        What the user says it is.
    declared : sequence of Declaration
        What the file itself says, apart from a byte order mark.
    name : str, optional
        How the file is called to the user.
    cells : callable, optional
        Gives its texts with their places: `delimited_cells` for tables, `line_cells` otherwise.

    Returns
    -------
    str
        One of `gis.io.code_pages.KNOWN_ENCODINGS`; ``utf-8`` when all is ASCII, ``utf-8-sig`` with a mark.

    Raises
    ------
    gis.errors.UnknownEncoding
        As `gis.io.encoding.choose_encoding`.
    """
    with _opened(source) as stream:
        found = _found(stream, given, declared, name or _name_of(source), cells or line_cells)
        stream.seek(0)
        return found


def _found(
    stream: BinaryIO, given: str | None, declared: Sequence[Declaration], name: str, texts: Cells
) -> str:
    said = None if given is None else codec_of(given)
    mark = bom_codec(_head(stream, 4))
    if mark is not None:
        _hold_to_mark(said, given, mark, name)
        return _held(stream, mark, name, texts, given)
    if said is not None:
        codec = "utf-8" if said == "utf-8-sig" else said
        if _ascii_compatible(codec):
            choose_encoding(_sampled(stream, texts), file=name, given=given)
        return _held(stream, codec, name, texts, given)
    if not declared and decodes(stream, "utf-8"):
        return "utf-8"
    # A word for UTF-16 without its mark cannot be true of bytes that were read so far.
    usable = [one for one in declared if _ascii_compatible(one.codec)]
    codec = choose_encoding(_sampled(stream, texts), file=name, declared=usable) or "utf-8"
    return _held(stream, codec, name, texts, given)


@contextmanager
def _opened(source: Source) -> Iterator[BinaryIO]:
    if isinstance(source, Path):
        with source.open("rb") as stream:
            yield stream
    else:
        yield source


def _name_of(source: Source) -> str:
    return source.name if isinstance(source, Path) else "-"


def _head(stream: BinaryIO, size: int) -> bytes:
    stream.seek(0)
    return stream.read(size)


def _ascii_compatible(codec: str) -> bool:
    return b"a,1".decode(codec, "replace") == "a,1"


def _hold_to_mark(said: str | None, given: str | None, mark: str, name: str) -> None:
    family = mark.split("-sig")[0]
    if said is not None and not said.startswith(family):
        raise UnknownEncoding(
            f"文件 {name} 以 {family.upper()} 的字节序标记开头，与 encoding={given} 不符；请去掉 encoding",
            f"file {name} begins with the byte order mark of {family.upper()}, not {given}; leave encoding out",
        )


def _sampled(stream: BinaryIO, texts: Cells) -> list[Cell]:
    stream.seek(0)
    return list(islice(texts(stream), _SAMPLED))


def sample_cells(path: Path) -> list[EncodingSample]:
    """Show how the lines of a file would read that is not in UTF-8."""
    with path.open("rb") as stream:
        return sample_encodings(_sampled(stream, line_cells))


def decodes(stream: BinaryIO, codec: str) -> bool:
    """Whether all of an open file is text in an encoding."""
    decoder = codecs.getincrementaldecoder(codec)()
    stream.seek(0)
    try:
        while block := stream.read(_BLOCK):
            # Text has no NUL; a file full of them is stopped at its first megabyte.
            if "\x00" in decoder.decode(block):
                return False
        decoder.decode(b"", final=True)
    except UnicodeError:
        return False
    return True


def _held(stream: BinaryIO, codec: str, name: str, texts: Cells, given: str | None) -> str:
    if decodes(stream, codec):
        return codec
    if _ascii_compatible(codec):
        plain = codec.removesuffix("-sig")
        stream.seek(0)
        misfits = (cell for cell in texts(stream) if decode_cell(cell.text, plain) is None)
        wrong = list(islice(misfits, _LISTED))
        if wrong:
            raise refuse_cells(wrong, plain, name, given=given)
        cells = list(islice(_cells_with_nul(stream), _LISTED)) if texts is delimited_cells else []
        if cells:
            raise nul_refusal(cells)
        refuse_nul_bytes(stream, name=name)
    raise UnknownEncoding(
        f"文件 {name} 不全是 {given or codec} 编码的文字",
        f"not all of file {name} is text in {given or codec}",
    )


# ---------------------------------------------------------------- texts and their places
def line_cells(stream: BinaryIO) -> Iterator[Cell]:
    """Give the texts of any text file by line: what stands between brackets, quotes and signs of equality."""
    number = 0
    while line := stream.readline(_LARGEST_LINE):
        number += 1
        if line.isascii():
            continue
        for piece in _BETWEEN.split(line):
            if not piece.isascii():
                yield Cell(piece.strip(), number, "")


def delimited_cells(stream: BinaryIO) -> Iterator[Cell]:
    """Give the texts of a table with a header, by row and column."""
    start = stream.tell()
    delimiter = _delimiter_of(stream)
    if delimiter == "|":
        # A bar may be half of a character, so that fields cannot be told before the encoding is known.
        yield from line_cells(stream)
        return
    # Read byte for byte: quotes, line ends and delimiters (bars aside) are no part of a character anywhere.
    text = io.TextIOWrapper(stream, encoding="latin-1", newline="")
    try:
        yield from _table_cells(csv.reader(text, delimiter=delimiter))
    except csv.Error:
        # No table that can be read; its lines will do.
        stream.seek(start)
        yield from line_cells(stream)
    finally:
        # Left open for whoever opened it.
        text.detach()


def _delimiter_of(stream: BinaryIO) -> str:
    """Guess what stands between the fields of the first line from here on."""
    start = stream.tell()
    header = next((line for line in iter(lambda: stream.readline(_LARGEST_LINE), b"") if line.strip()), b"")
    stream.seek(start)
    return max(_DELIMITERS, key=lambda one: header.count(one.encode()))


def _cells_with_nul(stream: BinaryIO) -> Iterator[BadRow]:
    """Find the cells of a table with a header that hold NUL."""
    stream.seek(0)
    delimiter = _delimiter_of(stream)
    text = io.TextIOWrapper(stream, encoding="latin-1", newline="")
    try:
        rows = (row for row in csv.reader(text, delimiter=delimiter) if row)
        names = [_plain(field) if field.isascii() else f"#{at}" for at, field in enumerate(next(rows, []), 1)]
        for number, fields in enumerate(rows, start=1):
            for at, field in enumerate(fields):
                if "\0" in field:
                    yield holds_nul(number, names[at] if at < len(names) else f"#{at + 1}", field)
    except csv.Error:
        return
    finally:
        text.detach()


def _plain(name: str) -> str:
    return name.replace("\0", "").strip()


def _table_cells(rows: Iterator[list[str]]) -> Iterator[Cell]:
    names: list[str] = []
    for number, fields in enumerate(row for row in rows if row):
        if number == 0:
            names = [field.strip() if field.isascii() else f"#{at}" for at, field in enumerate(fields, 1)]
        for at, field in enumerate(fields):
            if not field.isascii():
                column = names[at] if at < len(names) else f"#{at + 1}"
                yield Cell(field.encode("latin-1"), number, column or f"#{at + 1}")


# ---------------------------------------------------------------- as UTF-8
@contextmanager
def text_as_utf8(path: Path, codec: str, *, xml: bool = False) -> Iterator[Path]:
    """Give a text file as UTF-8 without byte order mark: itself where it is that already.

    With `xml`, a declaration of the old encoding is taken out.
    """
    if codec == "utf-8" and not xml:
        yield path
        return
    current_limits().refuse_over_bytes(path.stat().st_size)
    with tempfile.TemporaryDirectory(prefix="wangge-text-") as folder:
        target = Path(folder) / path.name
        with (
            path.open("r", encoding=codec, newline="") as stream,
            target.open("w", encoding="utf-8", newline="") as out,
        ):
            head = stream.read(_HEAD)
            out.write(_XML_WORD.sub(r"\1", head, count=1) if xml else head)
            shutil.copyfileobj(stream, out, _BLOCK)
        yield target


def document_encoding(source: Source, *, given: str | None = None, name: str | None = None) -> str:
    """Find the encoding of a document of XML (KML, GML), which declares it in its first line.

    Raises
    ------
    gis.errors.UnknownEncoding
    """
    with _opened(source) as stream:
        word = xml_encoding(_head(stream, _HEAD))
        codec = codec_or_none(word) if word else None
        declared = [Declaration(codec, f'XML encoding="{word}"')] if codec else []
        return text_encoding(stream, given=given, declared=declared, name=name or _name_of(source))


def drawing_encoding(path: Path, *, given: str | None = None, name: str | None = None) -> str:
    """Find the encoding of a DXF: UTF-8 from version AC1021 (2007) on, else the code page in its header.

    Raises
    ------
    gis.errors.UnknownEncoding
    """
    with path.open("rb") as stream:
        head = _head(stream, _DXF_HEAD)
    said = {key: value.decode("ascii", "replace") for key, value in _DXF_VARIABLE.findall(head)}
    version, page = said.get(b"ACADVER", ""), said.get(b"DWGCODEPAGE", "")
    declared = [Declaration("utf-8", f"$ACADVER {version}")] if version >= _DXF_UTF8 else []
    codec = dwg_code_page(page) if page else None
    if codec:
        declared.append(Declaration(codec, f"$DWGCODEPAGE {page}"))
    return text_encoding(path, given=given, declared=declared, name=name)
