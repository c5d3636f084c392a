"""What is written beside the bytes of a CSV file: codes in its encoding, or all of it in another one."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import BinaryIO

import pyarrow as pa

from gis.bulk_files.csv_dialect import Dialect
from gis.errors import UnknownEncoding
from gis.io.code_pages import usual_name

__all__ = ["CodesAsBytes", "Recoder"]

_MARKS = {
    "utf-8-sig": (codecs.BOM_UTF8, "utf-8"),
    "utf-16": (codecs.BOM_UTF16_LE, "utf-16-le"),
    "utf-32": (codecs.BOM_UTF32_LE, "utf-32-le"),
}


class CodesAsBytes:
    """Codes of grids as the bytes of an encoding.

    Parameters
    ----------
    codes : sequence of str
        All that there are.
    codec : callable
        Gives the encoding; asked only when a code is not in ASCII.
    file : str
        For refusals.

    Raises
    ------
    gis.errors.UnknownEncoding
        The encoding is not known, or has no way to write a code.
    """

    def __init__(self, codes: Sequence[str], codec: Callable[[], str], *, file: str) -> None:
        beyond = [code for code in codes if not code.isascii()]
        self._codec = codec() if beyond else "utf-8"
        for code in beyond:
            try:
                code.encode(self._codec)
            except UnicodeEncodeError as error:
                name = usual_name(self._codec)
                raise UnknownEncoding(
                    f"网格编码 {code} 不能用 {file} 的编码 {name} 写出；请用 output_encoding 指明输出编码，例如 utf-8-sig",
                    f"the grid code {code} cannot be written in {name}, the encoding of {file}; name another for the "
                    "output with output_encoding, for example utf-8-sig",
                    code="code-not-encodable",
                ) from error

    def __call__(self, codes: pa.StringArray) -> pa.Array:
        """Give a column of codes."""
        if self._codec == "utf-8":
            return codes
        coded = codes.dictionary_encode()
        meant = [text.encode(self._codec) for text in coded.dictionary.to_pylist()]
        return pa.array(meant, pa.binary()).take(coded.indices)


@dataclass(frozen=True)
class Recoder:
    """Writes rows that are taken as UTF-8 in another encoding.

    Parameters
    ----------
    codec : str
    mark : bytes
        What stands before the first row.
    """

    codec: str
    mark: bytes

    @classmethod
    def between(cls, dialect: Dialect, wanted: str | None) -> Recoder | None:
        """Give what is needed for rows as they are taken; None when their bytes are written as they are."""
        if not dialect.recoded:
            return None
        target = wanted or dialect.encoding or "utf-8"
        mark, codec = _MARKS.get(target, (b"", target))
        return cls(codec, mark)

    def into(self, stream: BinaryIO, *, file: str) -> Callable[[bytes | memoryview], int]:
        """Begin a file; returns what writes rows to it."""
        stream.write(self.mark)

        def write(rows: bytes | memoryview) -> int:
            text = bytes(rows).decode("utf-8")
            try:
                return stream.write(text.encode(self.codec))
            except UnicodeEncodeError as error:
                letter, name = text[error.start], usual_name(self.codec)
                around = text[max(0, error.start - 10) : error.start + 10]
                raise UnknownEncoding(
                    f"{file} 中的“{letter}”（…{around}…）不能用 {name} 写出；请用 output_encoding 指明别的编码，例如 utf-8-sig",
                    f"{letter!r} (…{around}…) of {file} cannot be written in {name}; name another encoding with "
                    "output_encoding, for example utf-8-sig",
                    code="text-not-encodable",
                ) from error

        return write
