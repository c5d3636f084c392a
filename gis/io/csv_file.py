"""The one writer of CSV that people open: UTF-8 with a byte order mark, which Excel shows right in every language."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from gis.errors import UnknownEncoding
from gis.io.code_pages import codec_of, usual_name

__all__ = ["CSV_ENCODING", "Writer", "csv_file"]

CSV_ENCODING = "utf-8-sig"


class Writer(Protocol):
    """What writes rows."""

    def writerow(self, row: Iterable[object], /) -> object:
        """Write one row."""
        ...

    def writerows(self, rows: Iterable[Iterable[object]], /) -> object:
        """Write rows."""
        ...


@contextmanager
def csv_file(path: Path, *, encoding: str | None = None, errors: str = "strict") -> Iterator[Writer]:
    """Write a CSV file.

    Parameters
    ----------
    path : Path
    encoding : str, optional
        UTF-8 with a byte order mark otherwise.
    errors : str
        As for `open`: what becomes of half a character.

    Raises
    ------
    gis.errors.UnknownEncoding
        No such encoding, or one that has no way to write a text.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     target = Path(folder) / "a.csv"
    ...     with csv_file(target) as writer:
    ...         _ = writer.writerow(["编码", "007"])
    ...     target.read_bytes()[:3].hex()
    'efbbbf'
    """
    codec = CSV_ENCODING if encoding is None else codec_of(encoding)
    try:
        with path.open("w", encoding=codec, errors=errors, newline="") as stream:
            yield csv.writer(stream, lineterminator="\n")
    except UnicodeEncodeError as error:
        letter, name = error.object[error.start], usual_name(codec)
        raise UnknownEncoding(
            f"“{letter}”不能用 {name} 写出；请改用 utf-8-sig",
            f"{letter!r} cannot be written in {name}; use utf-8-sig",
            code="text-not-encodable",
        ) from error
