"""The folder in which the workers of one service keep their numbers, for each of them to read."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from pathlib import Path

# Read by prometheus-client when it is imported, so it is set for a worker before the worker begins.
FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
_MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of our own in it, closed to others


def make_folder(home: Path) -> Path:
    """An empty folder in memory for the numbers of this process's workers; those of ended services are swept.

    The process is in its name: a second service over the same home leaves the numbers of the first alone.
    """
    parent = _MEMORY if os.access(_MEMORY, os.W_OK) else Path(tempfile.gettempdir())
    name = hashlib.sha256(os.fsencode(home)).hexdigest()[:12]
    prefix = f"wangge-metrics-{os.geteuid()}-{name}-"
    _sweep(parent, prefix)
    return Path(tempfile.mkdtemp(prefix=f"{prefix}{os.getpid()}-", dir=parent))


def remove_folder(folder: Path) -> None:
    """Remove the folder of a service that ends."""
    shutil.rmtree(folder, ignore_errors=True)


def _sweep(parent: Path, prefix: str) -> None:
    """Remove the folders of this user and home whose service was killed."""
    for folder in parent.glob(f"{prefix}*"):
        pid = folder.name.removeprefix(prefix).partition("-")[0]
        try:
            # Somebody else may have made that name.
            ours = not folder.is_symlink() and folder.stat().st_uid == os.geteuid()
        except OSError:
            continue
        if ours and pid.isdecimal() and not _is_running(int(pid)):
            remove_folder(folder)


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


def forget_worker(folder: Path, pid: int) -> None:
    """Take the connections of a worker that ended out of the sums; what it counted stays."""
    from prometheus_client.multiprocess import mark_process_dead

    mark_process_dead(pid, path=str(folder))  # type: ignore[no-untyped-call]
