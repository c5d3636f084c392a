"""Which encoding is this text in? UTF-8 and the Chinese ones, by trying them on the bytes themselves."""

from __future__ import annotations

import codecs
import struct
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from gis.errors import UnknownEncoding, UnreadableFile

__all__ = ["dbf_encoding", "decoded", "text_encoding"]

_BLOCK = 1 << 20
_SAMPLED_RECORDS = 200_000
_ONE_BYTE = {"iso8859-1", "cp1252", "ascii", "iso8859-15"}


def text_encoding(path: Path, *, given: str | None = None) -> str:
    """Recognise the encoding of a whole text file.

    Parameters
    ----------
    path : Path
    given : str, optional
        What the user says it is; tried and held to.

    Returns
    -------
    str
        A Python codec name: ``utf-8``, ``utf-8-sig`` (with a byte order mark), ``utf-16`` or ``gb18030`` (of which
        GBK and GB2312 are parts).

    Raises
    ------
    gis.errors.UnknownEncoding
    """
    with path.open("rb") as stream:
        start = stream.read(4)
    if given is not None:
        name = _codec(given)
        if name == "utf-8" and start.startswith(codecs.BOM_UTF8):
            name = "utf-8-sig"
        if not _decodes(path, name):
            raise _refused(path.name, given)
        return name
    if start.startswith(codecs.BOM_UTF8):
        candidates = ["utf-8-sig"]
    elif start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        candidates = ["utf-16"]
    else:
        candidates = ["utf-8", "gb18030"]
    for name in candidates:
        if _decodes(path, name):
            return name
    raise _refused(path.name, None)


def _codec(name: str) -> str:
    cleaned = name.strip()
    if cleaned.isdigit():
        cleaned = {"65001": "utf-8", "936": "gbk", "54936": "gb18030"}.get(cleaned, f"cp{cleaned}")
    try:
        found = codecs.lookup(cleaned).name
    except LookupError as error:
        raise UnknownEncoding(f"不认识的编码名 {name!r}", f"unknown encoding {name!r}") from error
    # GB18030 holds all of GBK and GB2312, so the wider one loses nothing.
    return "gb18030" if found in ("gbk", "gb2312") else found


def _decodes(path: Path, name: str) -> bool:
    decoder = codecs.getincrementaldecoder(name)()
    try:
        with path.open("rb") as stream:
            while block := stream.read(_BLOCK):
                # Text has no NUL; a file full of them is stopped at its first megabyte.
                if "\x00" in decoder.decode(block):
                    return False
            decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _refused(name: str, given: str | None) -> UnknownEncoding:
    expected = given or "UTF-8, GBK, GB18030"
    return UnknownEncoding(
        f"文件 {name} 的文字不是 {expected} 编码", f"the text of {name} is not encoded in {expected}"
    )


# ---------------------------------------------------------------- dBASE tables beside Shapefiles
def dbf_encoding(path: Path, *, cpg: str | None = None, given: str | None = None) -> str | None:
    """Recognise the encoding of a .dbf from the bytes of its names and text fields.

    Parameters
    ----------
    path : Path
        The .dbf.
    cpg : str, optional
        Content of the .cpg beside it. Believed when the bytes agree; a one-byte code page, which many tools
        write without looking, only when the bytes are neither UTF-8 nor GB18030.
    given : str, optional
        What the user says; held to.

    Returns
    -------
    str or None
        A Python codec name; None when every byte is ASCII, so that it does not matter.
    """
    texts = _dbf_texts(path)
    if not texts and given is None:
        return None
    if given is not None:
        name = _codec(given)
        if not _fits(texts, name):
            raise _refused(path.name, given)
        return name
    said = None
    if cpg is not None and cpg.strip():
        try:
            said = _codec(cpg)
        except UnknownEncoding:
            said = None
    first = [said] if said is not None and said not in _ONE_BYTE else []
    last = [said] if said is not None and said in _ONE_BYTE else []
    for name in [*first, "utf-8", "gb18030", *last]:
        if _fits(texts, name):
            return name
    raise _refused(path.name, None)


def _fits(texts: Iterable[bytes], name: str) -> bool:
    try:
        for text in texts:
            # Fields are cut at a number of bytes, so a last character may be half there.
            codecs.getincrementaldecoder(name)().decode(text)
    except UnicodeDecodeError:
        return False
    return True


def decoded(text: str, name: str) -> str:
    """Turn text that was read byte for byte (as ISO-8859-1) into what it means, dropping a half last character.

    Examples
    --------
    >>> decoded("青岛".encode("gbk").decode("latin-1"), "gb18030")
    '青岛'
    """
    return codecs.getincrementaldecoder(name)("replace").decode(text.encode("latin-1"))


def _dbf_texts(path: Path) -> list[bytes]:
    """Give the distinct non-ASCII texts of a dBASE file: column names and character fields."""
    try:
        size = path.stat().st_size
        with path.open("rb") as stream:
            head = stream.read(32)
            if len(head) < 32:
                raise UnreadableFile(f"{path.name} 不完整", f"{path.name} is truncated", code="damaged")
            records, header, width = struct.unpack_from("<IHH", head, 4)
            fields = stream.read(max(header - 32, 0))
    except OSError as error:
        raise UnreadableFile(f"无法读取 {path.name}", f"cannot read {path.name}") from error
    spans, at, names = [], 1, []
    for begin in range(0, len(fields) - 31, 32):
        one = fields[begin : begin + 32]
        if one[0] == 0x0D:
            break
        names.append(one[:11].split(b"\x00")[0])
        if one[11:12] == b"C":
            spans.append((at, one[16] + 256 * one[17]))
            at += one[16] + 256 * one[17]
        else:
            at += one[16]
    texts = {name for name in names if not name.isascii()}
    count = min(records, _SAMPLED_RECORDS, max(size - header, 0) // width if width else 0)
    if count and spans:
        table = np.memmap(path, dtype=np.uint8, mode="r", offset=header, shape=(count, width))
        for begin, length in spans:
            column = np.ascontiguousarray(table[:, begin : begin + length])
            rows = np.flatnonzero((column >= 0x80).any(axis=1))
            texts.update(bytes(column[row]).rstrip(b" \x00") for row in rows.tolist())
    return sorted(texts)
