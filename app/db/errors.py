"""What can go wrong with the database as a whole, in words a person can act on.

::

    DatabaseFailure
    ├── DatabaseUnreachable      no server answers where one was expected (exit code 4)
    ├── ClusterFailure           the private server could not be made, started or stopped (exit code 4)
    │   ├── PostgresMissing      no usable PostgreSQL + PostGIS programs on this machine
    │   ├── DiskFull             the disk of the data folder has no room
    │   └── ClusterBusy          another process holds the lock of this folder
    └── BackupRefused            a backup file or its target is not what it must be (exit code 3)
"""

from __future__ import annotations

import errno

from app.i18n import Lang, Text


class DatabaseFailure(RuntimeError):
    """Base of them all; carries the message in both languages and a machine word."""

    code = "database-failure"

    def __init__(self, zh: str, en: str) -> None:
        self.message = Text(zh, en)
        super().__init__(f"{zh}\n{en}")

    def text(self, lang: Lang) -> str:
        """The message in ``lang``."""
        return self.message.in_(lang)


class DatabaseUnreachable(DatabaseFailure):
    """No server answers."""

    code = "database-unreachable"


class ClusterFailure(DatabaseFailure):
    """The private server could not be made, started or stopped."""

    code = "cluster-failure"


class PostgresMissing(ClusterFailure):
    """PostgreSQL or PostGIS is not installed."""

    code = "postgres-missing"


class DiskFull(ClusterFailure):
    """There is no room where the data lives."""

    code = "disk-full"


class ClusterBusy(ClusterFailure):
    """Another process is creating, starting or stopping the same cluster."""

    code = "cluster-busy"


class BackupRefused(DatabaseFailure):
    """The file is no backup, or the target must not be written to."""

    code = "backup-refused"


def is_out_of_room(error: BaseException | None) -> bool:
    """Whether an error, or what caused it, is a disk without room: ours, the system's, or PostgreSQL's own."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        if isinstance(error, DiskFull) or getattr(error, "sqlstate", None) == "53100":
            return True
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            return True
        error = getattr(error, "orig", None) or error.__cause__ or error.__context__
    return False
