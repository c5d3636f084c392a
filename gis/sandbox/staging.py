"""The folder that a confined process works in: with the file, its scratch space, and a root of its own if we are root."""

from __future__ import annotations

import os
import pwd
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gis.sandbox.confine import SCRATCH, Place
from gis.sandbox.drivers import proj_folders
from gis.sandbox.folders import make_folder

__all__ = ["prepare_place", "unprivileged_user"]

# Nobody's number. Where somebody has it, and where the number is not mapped, it is that of "nobody".
_OWN_USER, _NOBODY = 62417, 65534
_PROJ_DATA = "proj.db"
_PARTS = (".shp", ".shx", ".dbf", ".prj", ".cpg")


def unprivileged_user() -> int | None:
    """Return the number of the system user that readers become; None where we may not change users."""
    if os.geteuid() != 0:
        return None
    try:
        pwd.getpwuid(_OWN_USER)
    except KeyError:
        return _OWN_USER
    return _NOBODY


@contextmanager
def prepare_place(parent: Path, source: Path | None) -> Iterator[Place]:
    """Make the folder of a job, and put a file into it where the reader could not open it otherwise."""
    with make_folder(parent) as folder:
        user = unprivileged_user()
        names = tuple(part.name for part in _parts(source)) if source else ()
        if user is None:
            yield Place(str(folder), str(source.parent.absolute() if source else folder), names, None)
            return
        inside = _make_open(folder, "in")
        for name in names:
            _put(source.parent / name if source else Path(name), inside / name, user)
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
            user = None
        yield Place(str(folder), str(inside), names, user)


def _make_open(folder: Path, *names: str) -> Path:
    """Make folders, one in another, that everybody may enter, whatever the umask."""
    for name in names:
        folder = folder / name
        folder.mkdir(exist_ok=True)
        folder.chmod(0o755)
    return folder


def _parts(source: Path) -> list[Path]:
    """List the files that belong to a file: the parts of a Shapefile, else itself."""
    if source.suffix.lower() != ".shp" or not source.parent.is_dir():
        return [source]
    return [
        other
        for other in source.parent.iterdir()
        if other.stem == source.stem and other.suffix.lower() in _PARTS
    ]


def _put(source: Path, target: Path, user: int) -> None:
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
        os.chown(target, user, user)
        target.chmod(0o400)
    except OSError:
        target.chmod(0o444)
