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
    """An empty folder in memory for the numbers of a home's workers; that of an earlier service is swept."""
    parent = _MEMORY if os.access(_MEMORY, os.W_OK) else Path(tempfile.gettempdir())
    name = hashlib.sha256(os.fsencode(home)).hexdigest()[:12]
    folder = parent / f"wangge-metrics-{os.geteuid()}-{name}"
    if folder.is_symlink() or (folder.exists() and folder.stat().st_uid != os.geteuid()):
        # Somebody else made that name.
        return Path(tempfile.mkdtemp(prefix=folder.name, dir=parent))
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    return folder


def forget_worker(folder: Path, pid: int) -> None:
    """Take the connections of a worker that ended out of the sums; what it counted stays."""
    from prometheus_client.multiprocess import mark_process_dead

    mark_process_dead(pid, path=str(folder))  # type: ignore[no-untyped-call]
