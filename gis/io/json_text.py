"""What GDAL makes something else of in the text of JSON, or nothing: escapes that no reader can hand on, and one number."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gis.errors import UnreadableFile
from gis.io.json_members import mapped, occurrences

__all__ = ["parsable_numbers", "refuse_unkept_escapes"]

# A character NUL, and half of a pair that stands alone; a backslash that is escaped itself begins no escape.
_UNKEPT = re.compile(
    rb"(?<!\\)(?:\\\\)*(?P<escape>"
    rb"\x00"
    rb"|\\u0000"
    rb"|\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F][0-9a-fA-F]{2})"
    rb"|(?<!\\u[dD][89abAB][0-9a-fA-F]{2})\\u[dD][c-fC-F][0-9a-fA-F]{2})"
)


# A string, or a whole number of nineteen digits, of which those beyond 2^63 - 1 are no numbers to GDAL's parser.
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*+"|(?<![\d.eE+-])\d{19}(?![\d.eE])', re.DOTALL)
_LARGEST = 2**63 - 1


@contextmanager
def parsable_numbers(source: Path) -> Iterator[Path]:
    """Give a file of JSON such that GDAL reads all its numbers; whoever wants them exactly reads `source`.

    It is a copy, with a fraction behind those from 2^63 to 10^19.
    """
    with mapped(source) as content, tempfile.TemporaryDirectory(prefix="wangge-json-") as folder:
        target = Path(folder) / source.name
        target.write_bytes(_TOKEN.sub(_with_fraction, content))
        yield target


def _with_fraction(token: re.Match[bytes]) -> bytes:
    text = token[0]
    return text if text.startswith(b'"') or int(text) <= _LARGEST else text + b".0"


def refuse_unkept_escapes(source: Path) -> None:
    """Refuse JSON whose text holds a character that would be lost.

    Raises
    ------
    gis.errors.UnreadableFile
        With the line and the byte of the first, and what stands around it.
    """
    with mapped(source) as content:
        if all(next(occurrences(content, word), None) is None for word in (b"\\u", b"\x00")):
            return
        found = _UNKEPT.search(content)
        if found is None:
            return
        at = found.start("escape")
        line = content[:at].count(b"\n") + 1
        around = content[max(0, at - 20) : at + 16].decode("utf-8", errors="ignore").replace("\0", "NUL")
        escape = found["escape"].decode().replace("\0", "NUL")
    raise UnreadableFile(
        f"文件 {source.name} 第 {line} 行（第 {at + 1} 字节）的文字含有无法保存的字符 {escape}：…{around}…；请删去后再导入",
        f"file {source.name} holds a character that no text can keep, {escape}, in line {line}, at byte {at + 1}: "
        f"...{around}...; take it out first",
        code="unkept-character",
    )
