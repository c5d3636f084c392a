"""The folder that a confined process works in: with the file, its scratch space, and a root of its own if we are root."""

from __future__ import annotations

import os
import pwd
import shutil
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from gis.io.datasets import parts_beside
from gis.io.geopackage import package_parts
from gis.sandbox.confine import SCRATCH, Place
from gis.sandbox.drivers import proj_folders
from gis.sandbox.folders import make_folder

__all__ = ["Places", "prepare_place", "unprivileged_user"]

# Nobody's number. Where somebody has it, and where the number is not mapped, it is that of "nobody".
_OWN_USER, _NOBODY = 62417, 65534
_PROJ_DATA = "proj.db"


def unprivileged_user() -> int | None:
    """Return the number of the system user that readers become; None where we may not change users."""
    if os.geteuid() != 0:
        return None
    try:
        pwd.getpwuid(_OWN_USER)
    except KeyError:
        return _OWN_USER
    return _NOBODY


@dataclass(frozen=True)
class _Root:
    """A folder with all that a reader needs but the file."""

    folder: Path
    user: int | None


class Places:
    """The folders of jobs: one is made before it is asked for, and removed after its job, while others go on.

    To make and remove the folders of a closed root takes as long as to read a small file.
    """

    def __init__(self, parent: Path) -> None:
        self.parent = parent
        self._lock = threading.Lock()
        self._ready: tuple[ExitStack, _Root] | None = None
        self._closing = False
        self._worker: ThreadPoolExecutor | None = None

    @contextmanager
    def prepared(self, source: Path | None) -> Iterator[Place]:
        """Give the folder of a job, with a file in it where the reader could not open it otherwise."""
        made = self._take()
        if made is None:
            made = _make_root(self.parent)
        stack, root = made
        try:
            yield _with_source(root, source)
        finally:
            self._later(stack.close)
            self._later(self._refill)

    def make_ready(self) -> None:
        """Make a folder for the next job, meanwhile."""
        self._later(self._refill)

    def close(self) -> None:
        """Remove what there is, and wait until it is gone."""
        with self._lock:
            worker, self._worker = self._worker, None
            self._closing = True
        if worker is not None:
            worker.shutdown(wait=True)
        made = self._take()
        if made is not None:
            made[0].close()
        with self._lock:
            self._closing = False

    def _take(self) -> tuple[ExitStack, _Root] | None:
        with self._lock:
            made, self._ready = self._ready, None
        # Somebody may have emptied the folder of all folders in between.
        if made is not None and not made[1].folder.is_dir():
            made[0].close()
            return None
        return made

    def _refill(self) -> None:
        with self._lock:
            if self._ready is not None or self._closing:
                return
        # Without room now, whoever asks next is told.
        with suppress(OSError):
            made = _make_root(self.parent)
            with self._lock:
                self._ready = made

    def _later(self, work: Callable[[], None]) -> None:
        with self._lock:
            if self._worker is None:
                self._worker = ThreadPoolExecutor(1, thread_name_prefix="sandbox-places")
            self._worker.submit(work)


@contextmanager
def prepare_place(parent: Path, source: Path | None) -> Iterator[Place]:
    """Make the folder of a single job, and put a file into it where the reader could not open it otherwise."""
    stack, root = _make_root(parent)
    with stack:
        yield _with_source(root, source)


def _make_root(parent: Path) -> tuple[ExitStack, _Root]:
    """Make a folder, and give what removes it."""
    with ExitStack() as stack:
        folder = stack.enter_context(make_folder(parent))
        user = unprivileged_user()
        if user is not None:
            _make_open(folder, "in")
            for data in proj_folders():
                # Under the same address as outside: the libraries know it already.
                within = _make_open(folder, *data.relative_to("/").parts)
                _put(data / _PROJ_DATA, within / _PROJ_DATA, user)
            scratch = folder / SCRATCH
            scratch.mkdir(mode=0o700)
            folder.chmod(0o755)
            try:
                os.chown(scratch, user, user)
            except OSError:
                # A container without other users: the reader stays who it is.
                return stack.pop_all(), _Root(folder, None)
        return stack.pop_all(), _Root(folder, user)


def _with_source(root: _Root, source: Path | None) -> Place:
    """Put a file into a root, or say where it lies."""
    parts = _parts(source) if source else []
    names = tuple(part.name for part in parts)
    inside = root.folder / "in"
    if not inside.is_dir():
        return Place(str(root.folder), str(source.parent.absolute() if source else root.folder), names, None)
    for part in parts:
        if part.is_dir():
            within = _make_open(inside, part.name)
            for one in _files(part):
                _put(one, within / one.name, root.user)
        else:
            _put(part, inside / part.name, root.user)
    return Place(str(root.folder), str(inside), names, root.user)


def _make_open(folder: Path, *names: str) -> Path:
    """Make folders, one in another, that everybody may enter, whatever the umask."""
    for name in names:
        folder = folder / name
        folder.mkdir(exist_ok=True)
        folder.chmod(0o755)
    return folder


def _parts(source: Path) -> list[Path]:
    """List the files that belong to a file: the parts of a Shapefile or table, the log of a database, else itself."""
    beside = package_parts(source)
    return beside if len(beside) > 1 else list(parts_beside(source).values())


def _files(folder: Path) -> list[Path]:
    """List the files of a geodatabase; what is a link or a folder is none of it."""
    return [one for one in sorted(folder.iterdir()) if one.is_file() and not one.is_symlink()]


def _put(source: Path, target: Path, user: int | None) -> None:
    """Link a file that everybody may read, or copy it for the reader alone."""
    if source.stat().st_mode & 0o004:
        try:
            target.hardlink_to(source)
        except OSError:
            shutil.copyfile(source, target)
            target.chmod(0o644)
        return
    shutil.copyfile(source, target)
    try:
        if user is not None:
            os.chown(target, user, user)
        target.chmod(0o400)
    except OSError:
        target.chmod(0o444)
