"""The one rule for the encoding of text in files.

In this order: a byte order mark; what the user says, held to and checked; UTF-8, where the bytes are valid UTF-8 with
more than ASCII in them; what the file declares, unless its bytes read like something else. Nothing else is believed:
a file that says nothing is refused, with samples of how it would read. Almost any bytes are valid GB18030, so a guess
would alter text that was written in another encoding.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gis.errors import UnknownEncoding
from gis.io.cells import Cell, fit_encoding, is_misfit, read_cells
from gis.io.code_pages import MULTI_BYTE, codec_of
from gis.io.encoding_refusals import CANDIDATES, refuse_cells, refuse_undeclared, refuse_utf8_as_other
from gis.io.plausible_text import strangeness

__all__ = ["Declaration", "bom_codec", "choose_encoding", "likeliest"]

# A declared encoding that reads this strangely is doubted where another reads this well.
_STRANGE, _PLAIN = 0.3, 0.1
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True)
class Declaration:
    """An encoding that a file declares.

    Parameters
    ----------
    codec : str
        One of `gis.io.code_pages.KNOWN_ENCODINGS`.
    source : str
        Where it says so, for messages: ``.cpg GBK``.
    """

    codec: str
    source: str


def bom_codec(start: bytes) -> str | None:
    """Give the codec that a byte order mark stands for; None without one.

    Examples
    --------
    >>> bom_codec("名".encode("utf-16")), bom_codec(b"name")
    ('utf-16', None)
    """
    return next((codec for mark, codec in _BOMS if start.startswith(mark)), None)


def choose_encoding(
    cells: Sequence[Cell], *, file: str, declared: Sequence[Declaration] = (), given: str | None = None
) -> str | None:
    """Apply the rule to the texts of a file in which ASCII is itself.

    Parameters
    ----------
    cells : sequence of Cell
        All texts, or so many that they can stand for all; those in ASCII do not count.
    file : str
        How it is called to the user.
    declared : sequence of Declaration
        What the file says, the strongest word first.
    given : str, optional
        What the user says.

    Returns
    -------
    str or None
        One of `gis.io.code_pages.KNOWN_ENCODINGS`; None when all is ASCII, so that it does not matter.

    Raises
    ------
    gis.errors.UnknownEncoding
        With `rows` where some cells are at fault, and with `samples` where the user has to say it.

    Examples
    --------
    >>> cell = Cell("信義區".encode("big5"), 1, "name")
    >>> choose_encoding([cell], file="a.dbf", declared=[Declaration("cp950", "0x78")])
    'cp950'
    >>> try:
    ...     choose_encoding([cell], file="a.csv")
    ... except UnknownEncoding as error:
    ...     print({sample.encoding: sample.texts[0] for sample in error.samples}["big5"])
    信義區
    """
    cells = [cell for cell in cells if not cell.text.isascii()]
    if given is not None:
        return _given(given, cells, file)
    if not cells:
        return None
    utf8 = fit_encoding(cells, "utf-8")
    if utf8 and _is_surely_utf8(cells):
        return "utf-8"
    believed = next((one for one in declared if _is_borne_out(cells, one.codec)), None)
    words = [(one.codec, one.source) for one in declared]
    if utf8:
        if believed is not None and believed.codec in MULTI_BYTE:
            raise refuse_undeclared(cells, file, words, ambiguous=True)
        return "utf-8"
    if believed is not None:
        return believed.codec
    main = _main_encoding(cells, ["utf-8", *(one.codec for one in declared if one.codec in MULTI_BYTE)])
    if main is not None:
        raise refuse_cells([cell for cell in cells if is_misfit(cell, main)], main, file)
    raise refuse_undeclared(cells, file, words)


def _given(given: str, cells: Sequence[Cell], file: str) -> str:
    """Hold to what the user says, unless the bytes are not in it, or are plainly UTF-8."""
    codec = codec_of(given)
    if b"a".decode(codec, "replace") != "a":
        raise UnknownEncoding(
            f"文件 {file} 的文字不可能是 {given} 编码", f"the text of file {file} cannot be in {given}"
        )
    wrong = [cell for cell in cells if is_misfit(cell, codec)]
    utf8 = not codec.startswith("utf") and fit_encoding(cells, "utf-8") and _is_surely_utf8(cells)
    if utf8 and (wrong or strangeness(read_cells(cells, codec), codec) >= _STRANGE):
        raise refuse_utf8_as_other(cells, codec, given, file)
    if wrong:
        raise refuse_cells(wrong, codec, file, cells=cells, given=given)
    return codec


def _is_borne_out(cells: Sequence[Cell], codec: str) -> bool:
    """Whether the bytes bear out what is declared: they decode, and do not read far better as something else."""
    if not fit_encoding(cells, codec):
        return False
    if strangeness(read_cells(cells, codec), codec) < _STRANGE:
        return True
    others = [other for other in ("utf-8", *CANDIDATES) if other != codec and fit_encoding(cells, other)]
    return all(strangeness(read_cells(cells, other), other) > _PLAIN for other in others)


def _is_surely_utf8(cells: Iterable[Cell]) -> bool:
    """Whether valid UTF-8 is no accident: two bytes of GBK may be a character of two bytes, three hardly ever."""
    for text in read_cells(cells, "utf-8"):
        for before, letter, after in zip(f" {text[:-1]}", text, f"{text[1:]} ", strict=True):
            latin = "\u00c0" <= letter <= "\u024f" and letter.isalpha()
            if letter >= "\u0800" or (latin and any("a" <= one <= "z" for one in (before, after))):
                return True
    return False


def _main_encoding(cells: Sequence[Cell], candidates: Iterable[str]) -> str | None:
    """Give the encoding that the larger part of the cells is plainly in, though not all."""
    for codec in dict.fromkeys(candidates):
        good = [cell for cell in cells if not is_misfit(cell, codec)]
        if 2 * len(good) < len(cells) or not fit_encoding(good, codec):
            continue
        if codec == "utf-8":
            plain = _is_surely_utf8(good)
        else:
            plain = strangeness(read_cells(good, codec), codec) < _PLAIN
        if plain:
            return codec
    return None


def likeliest(texts: Sequence[bytes], *, holding: Sequence[str] = ()) -> str:
    """Give the encoding that some texts are likeliest in: to show names and to compare them, never to rewrite them.

    Where the texts hold the words of `holding` in an encoding, byte for byte, it is that one.

    Examples
    --------
    >>> likeliest(["经度".encode("gbk"), b"lat"]), likeliest([b"lon"])
    ('gb18030', 'utf-8')
    """
    cells = [Cell(text, 0, "") for text in texts if not text.isascii()]
    if not cells or fit_encoding(cells, "utf-8"):
        return "utf-8"
    fitting = [codec for codec in CANDIDATES if fit_encoding(cells, codec)]
    named = [
        codec
        for codec in fitting
        if holding and all(any(word in text for text in read_cells(cells, codec)) for word in holding)
    ]
    fitting = named or fitting
    return min(fitting, key=lambda codec: strangeness(read_cells(cells, codec), codec), default="latin-1")
