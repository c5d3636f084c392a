"""Zip archives as people make them: names in any encoding, folders in folders, the leavings of other systems."""

from __future__ import annotations

import lzma
import shutil
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from gis.errors import Refusal, UnreadableFile
from gis.io.limits import current_limits

__all__ = ["archive_members", "member_name", "opened_archive", "unpack"]

_UTF8_FLAG = 0x800
_UNICODE_PATH = 0x7075
_LEAVINGS = ("__MACOSX", ".DS_Store", "Thumbs.db", "desktop.ini")


@contextmanager
def opened_archive(path: Path) -> Iterator[zipfile.ZipFile]:
    """Open an archive; whatever is wrong with it, then or later, is one refusal.

    Raises
    ------
    gis.errors.UnreadableFile
    """
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except Refusal:
        raise
    except (
        zipfile.BadZipFile,
        zipfile.LargeZipFile,
        EOFError,
        NotImplementedError,
        RuntimeError,
        OSError,
        ValueError,
        zlib.error,
        lzma.LZMAError,
    ) as error:
        raise UnreadableFile(
            f"压缩包 {path.name} 已损坏、加密或不完整",
            f"archive {path.name} is damaged, encrypted or truncated",
            code="damaged",
        ) from error


def member_name(info: zipfile.ZipInfo) -> str:
    """Read a member's name, with ``/`` between folders.

    Windows writes the bytes of the system's own encoding, GBK in China, and says nothing; macOS writes UTF-8 and
    says nothing; archives made again from such ones say UTF-8 of names that were mangled before. Python takes all
    that is not flagged for code page 437, which has a character for every byte, so the bytes are had back.
    """
    name = info.filename
    if info.flag_bits & _UTF8_FLAG and not _is_mangled(name):
        return name.replace("\\", "/")
    stated = _unicode_path(info.extra)
    if stated is not None:
        return stated.replace("\\", "/")
    try:
        raw = name.encode("cp437")
    except UnicodeEncodeError:
        return name.replace("\\", "/")
    for encoding in ("utf-8", "gb18030"):
        try:
            return raw.decode(encoding).replace("\\", "/")
        except UnicodeDecodeError:
            continue
    return name.replace("\\", "/")


def _is_mangled(name: str) -> bool:
    """Whether a name is Chinese that was taken for code page 437: lines of boxes, and GBK underneath."""
    if not any("\u2500" <= letter <= "\u259f" for letter in name):
        return False
    try:
        name.encode("cp437").decode("gb18030")
    except (UnicodeEncodeError, UnicodeDecodeError):
        return False
    return True


def _unicode_path(extra: bytes) -> str | None:
    """Find the name in UTF-8 that Info-ZIP keeps beside the other."""
    while len(extra) >= 4:
        kind, size = int.from_bytes(extra[:2], "little"), int.from_bytes(extra[2:4], "little")
        if kind == _UNICODE_PATH and size > 5:
            try:
                return extra[9 : 4 + size].decode("utf-8")
            except UnicodeDecodeError:
                return None
        extra = extra[4 + size :]
    return None


def archive_members(archive: zipfile.ZipFile) -> dict[PurePosixPath, zipfile.ZipInfo]:
    """List the files of an archive by their names, without what other systems leave in it."""
    found = {}
    for info in archive.infolist():
        path = PurePosixPath(member_name(info))
        if info.is_dir() or path.name.startswith("._") or set(_LEAVINGS) & set(path.parts):
            continue
        found[path] = info
    return found


def unpack(archive: zipfile.ZipFile, parts: Mapping[str, zipfile.ZipInfo], folder: Path) -> None:
    """Unpack members under names of our own.

    Parameters
    ----------
    archive : ZipFile
    parts : mapping
        Member by the name that it gets: a plain one, so that those of the archive lead nowhere.
    folder : Path

    Raises
    ------
    gis.errors.LimitExceeded
        Together they are larger than is taken.
    """
    current_limits().refuse_over_bytes(sum(info.file_size for info in parts.values()))
    folder.mkdir(exist_ok=True)
    for name, info in parts.items():
        with archive.open(info) as packed, (folder / name).open("wb") as out:
            shutil.copyfileobj(packed, out, 1 << 20)
