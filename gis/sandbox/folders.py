"""Folders for the files of one job, removed when it ends, and by the next start when its process was killed."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["make_folder", "sweep_folders"]

_LOCK = ".lock"


@contextmanager
def _locked(parent: Path, how: int) -> Iterator[None]:
    """Hold the lock of a folder of folders: shared to make one, alone to remove those left behind."""
    parent.mkdir(parents=True, exist_ok=True)
    lock = os.open(parent / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, how)
        yield
    finally:
        os.close(lock)


@contextmanager
def make_folder(parent: Path) -> Iterator[Path]:
    """Make a folder that is removed when the block ends.

    It is locked meanwhile; the kernel opens the lock of a process that is gone, so `sweep_folders` can tell.
    """
    with _locked(parent, fcntl.LOCK_SH):
        folder = Path(tempfile.mkdtemp(dir=parent))
        held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        fcntl.flock(held, fcntl.LOCK_EX)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(held)


def sweep_folders(parent: Path) -> int:
    """Remove the folders whose process is gone, and say how many; those in use by any process stay."""
    if not parent.is_dir():
        return 0
    removed = 0
    with _locked(parent, fcntl.LOCK_EX):
        for folder in sorted(parent.iterdir()):
            if folder.is_dir() and not folder.is_symlink() and not _in_use(folder):
                shutil.rmtree(folder, ignore_errors=True)
                removed += 1
    return removed


def _in_use(folder: Path) -> bool:
    try:
        held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return True
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(held)
    return False
