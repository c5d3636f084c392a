"""What a reader gives up before it looks at a file: rights, files, network, programs, memory and time."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from gis.io.limits import ReadLimits
from gis.sandbox.drivers import proj_folders
from gis.sandbox.landlock import restrict_files
from gis.sandbox.seccomp import filter_system_calls

__all__ = ["SCRATCH", "Place", "confine", "is_closed_off"]

_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS = 1, 38
_OPEN_FILES, _TASKS = 64, 512
SCRATCH = "wangge-scratch"
"""The folder of a closed root that may be written to: no address that libraries could have their data under."""


@dataclass(frozen=True)
class Place:
    """Where a reader works.

    Parameters
    ----------
    folder : str
        The folder of the job. With `user` it becomes the root of the file system, and the file is in ``in``.
    source : str
        Folder of the file that is read.
    files : tuple of str
        Names of the files there that may be opened.
    user : int or None
        Number of the system user to become; None: stay who we are.
    """

    folder: str
    source: str
    files: tuple[str, ...]
    user: int | None


def confine(place: Place, limits: ReadLimits, *, parent: int) -> dict[str, bool]:
    """Give up whatever reading a file does not need, and say what could be given up."""
    with suppress(OSError):
        # The first to go when the machine has no memory left.
        Path("/proc/self/oom_score_adj").write_text("1000")
    libc = ctypes.CDLL(None, use_errno=True)
    base = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    data = proj_folders()
    done = {"root": False, "user": False}
    if os.geteuid() == 0:
        done["root"] = _change_root(place)
        done["user"] = place.user is not None and _become(place.user)
    if not done["root"]:
        os.chdir(place.source)
        tempfile.tempdir = place.folder
    _limit_resources(limits, base, own_user=done["user"])
    # Changing the user has cleared it. A zygote that ended before this line is nobody's parent any more.
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    done["files"] = _close_files(place, data, closed_root=done["root"])
    done["calls"] = filter_system_calls()
    return done


def is_closed_off(protection: Mapping[str, bool]) -> bool:
    """Whether what could be given up keeps a reader from the files of others, and from the network and programs."""
    files = protection.get("files") or (protection.get("user") and protection.get("root"))
    return bool(files and protection.get("calls"))


def _change_root(place: Place) -> bool:
    try:
        os.chroot(place.folder)
    except OSError:
        return False
    os.chdir("/in")
    tempfile.tempdir = f"/{SCRATCH}"
    return True


def _become(user: int) -> bool:
    try:
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
    except OSError:
        return False
    return True


def _limit_resources(limits: ReadLimits, base: int, *, own_user: bool) -> None:
    largest = max(limits.memory_mb, limits.unpacked_mb) << 20
    bounds = {
        # What the libraries have mapped so far does not count.
        resource.RLIMIT_AS: base + (limits.memory_mb << 20),
        resource.RLIMIT_FSIZE: largest,
        resource.RLIMIT_NOFILE: _OPEN_FILES,
        resource.RLIMIT_CORE: 0,
    }
    if own_user:
        # Counts all processes of a user, so it says something of ours only where the user is.
        bounds[resource.RLIMIT_NPROC] = _TASKS
    for name, value in bounds.items():
        _, hard = resource.getrlimit(name)
        most = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(name, (most, most))
    # At the lower limit the kernel says why, at the upper one it only kills.
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    most = limits.cpu_s if hard == resource.RLIM_INFINITY else min(limits.cpu_s, hard)
    resource.setrlimit(
        resource.RLIMIT_CPU, (most, most + 5 if hard == resource.RLIM_INFINITY else min(most + 5, hard))
    )


def _close_files(place: Place, data: list[Path], *, closed_root: bool) -> bool:
    if closed_root:
        readable, listed = [Path("/in"), *data], []
        writable = [f"/{SCRATCH}"]
    else:
        readable = [
            *(Path(place.source, name) for name in place.files),
            # Libraries load parts of themselves when they need them.
            *(Path(folder) for folder in {sys.prefix, sys.base_prefix, "/lib", "/lib64", "/usr/lib"}),
            *data,
            Path("/usr/share/zoneinfo"),
            Path(__file__).parent.parent,
        ]
        listed, writable = [Path(place.source)], [place.folder]
    try:
        return restrict_files(readable=readable, listed=listed, writable=[Path(one) for one in writable])
    except OSError:
        return False
