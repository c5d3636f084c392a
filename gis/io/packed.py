"""A single file that was packed: a zip with one GeoPackage, GeoJSON, table … in it, or a file squeezed by gzip."""

from __future__ import annotations

import gzip
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO

from gis.errors import UnreadableFile
from gis.io.archive import archive_members, opened_archive
from gis.io.limits import current_limits

__all__ = ["GZIP", "MEMBERS", "gzip_head", "only_member", "packed_head", "unpacked"]

GZIP = b"\x1f\x8b"
"""What a file begins with that gzip has squeezed."""
MEMBERS = frozenset(
    [
        ".gpkg",
        ".geojson",
        ".json",
        ".esrijson",
        ".fgb",
        ".csv",
        ".tsv",
        ".parquet",
        ".geoparquet",
        ".pq",
        ".dxf",
    ]
)
"""Extensions of the files that are read out of a zip by themselves, in lower case; a .txt there is what somebody wrote of it."""
_HEAD = 1 << 16
_BLOCK = 1 << 20
_LONGEST_NAME = 80


def only_member(archive: zipfile.ZipFile, file: str) -> tuple[PurePosixPath, zipfile.ZipInfo] | None:
    """Find the one file in an archive that is read by itself; None where there is none.

    Raises
    ------
    gis.errors.UnreadableFile
        There are several.
    """
    found = [
        (path, info) for path, info in archive_members(archive).items() if path.suffix.lower() in MEMBERS
    ]
    if len(found) > 1:
        listing = ", ".join(str(path) for path, _ in found[:10])
        raise UnreadableFile(
            f"压缩包 {file} 中有 {len(found)} 个数据文件：{listing}；请每个文件单独压缩，或直接给出其中一个",
            f"archive {file} holds {len(found)} files of data: {listing}; pack each by itself, or name one of them",
            code="several-files",
        )
    return found[0] if found else None


def packed_head(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    """Read how a member begins."""
    with archive.open(info) as stream:
        return stream.read(_HEAD)


def gzip_head(source: Path) -> bytes:
    """Read how the file begins that gzip has squeezed; nothing where it is damaged.

    Examples
    --------
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     packed = Path(folder) / "a.csv.gz"
    ...     _ = packed.write_bytes(gzip.compress(b"lon,lat"))
    ...     gzip_head(packed)
    b'lon,lat'
    """
    try:
        with gzip.open(source) as stream:
            return stream.read(_HEAD)
    except (EOFError, OSError, zlib.error):
        return b""


@contextmanager
def unpacked(source: Path) -> Iterator[Path]:
    """Give the file that is packed in another, unpacked for as long as the block lasts.

    Raises
    ------
    gis.errors.UnreadableFile
        Damaged, encrypted or truncated.
    gis.errors.LimitExceeded
        Far too large when unpacked.
    """
    with tempfile.TemporaryDirectory(prefix="wangge-packed-") as folder:
        with source.open("rb") as stream:
            squeezed = stream.read(len(GZIP)) == GZIP
        if squeezed:
            inner = source.with_suffix("") if source.suffix.lower() == ".gz" else Path(source.name)
            target = Path(folder) / _plain(PurePosixPath(inner.name))
            _inflate(source, target)
        else:
            with opened_archive(source) as archive:
                found = only_member(archive, source.name)
                # It was there when the file was recognised.
                assert found is not None  # noqa: S101
                path, info = found
                current_limits().refuse_over_bytes(info.file_size)
                target = Path(folder) / _plain(path)
                with archive.open(info) as packed:
                    _copy(packed, target)
        yield target


def _inflate(source: Path, target: Path) -> None:
    try:
        with gzip.open(source) as packed:
            _copy(packed, target)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise UnreadableFile(
            f"压缩文件 {source.name} 已损坏或不完整",
            f"file {source.name} is damaged or truncated",
            code="damaged",
        ) from error


def _copy(packed: gzip.GzipFile | IO[bytes], target: Path) -> None:
    """Unpack, and stop as soon as it is too much: what a header says of the size need not be so."""
    limits, taken = current_limits(), 0
    with target.open("wb") as out:
        while block := packed.read(_BLOCK):
            taken += len(block)
            limits.refuse_over_bytes(taken)
            out.write(block)
        if not taken:
            raise UnreadableFile(
                "压缩包中的文件是空的", "the file in the archive is empty", code="empty-file"
            )


def _plain(path: PurePosixPath) -> str:
    """Name a file as it is called in the archive, where that leads nowhere and troubles nobody."""
    stem, suffix = path.stem, path.suffix.lower()
    fit = stem.isprintable() and not stem.startswith(".") and len(stem.encode()) <= _LONGEST_NAME
    return f"{stem if fit and stem else 'layer'}{suffix}"
