"""What can go wrong with the database as a whole, in words a person can act on.

::

    Unavailable
    └── DatabaseFailure              exit code 4
        ├── DatabaseUnreachable      no server answers where one was expected
        ├── BadDatabaseUrl           a setting that names no PostgreSQL (app.db.urls)
        ├── SchemaNotCurrent         the schema is older or newer than the program
        ├── DatabaseForbidden        the role may not do this
        ├── QueryTimeout             a query took longer than it may
        └── ClusterFailure           the private server could not be made, started or stopped
            ├── PostgresMissing      no usable PostgreSQL + PostGIS programs on this machine
            ├── DiskFull             the disk of the data folder has no room
            └── ClusterBusy          another process holds the lock of this folder
    Unavailable
    └── Locked                       another operation holds what is needed (exit code 3)
    Conflict
    └── BackupRefused                a backup file or its target is not what it must be (exit code 3)
"""

from __future__ import annotations

import errno

from app.errors import Conflict, Unavailable


class DatabaseFailure(Unavailable):
    """Base of them all."""

    code = "database-failure"


class DatabaseUnreachable(DatabaseFailure):
    """No server answers."""

    code = "database-unreachable"


class SchemaNotCurrent(DatabaseFailure):
    """Tables or functions of this version are not there."""

    code = "schema-not-current"


class DatabaseForbidden(DatabaseFailure):
    """The role of the connection may not do this."""

    code = "database-forbidden"


class QueryTimeout(DatabaseFailure):
    """A query took longer than it may."""

    code = "timeout"


class Locked(Unavailable):
    """Another operation holds what this one needs."""

    code = "locked"


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


class BackupRefused(Conflict):
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
