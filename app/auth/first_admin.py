"""The first administrator, whose password stands in a file of its own until somebody signs in and replaces it.

A terminal is scrolled back, a service's output goes to a log: a password belongs in neither. The file is readable by
the user of the service only and is gone once the password in it opens nothing any more.
"""

from __future__ import annotations

import os
from pathlib import Path

from sqlalchemy.orm import Session

from app.auth import repository, service
from app.auth.audit import AuditContext
from app.auth.principal import operator
from app.db import locks

NAME = "admin"
FILE = "first-admin-password"


def ensure(session: Session, home: Path) -> Path | None:
    """Make an administrator of everything when there is no account yet; the file with the password, while it is good.

    The file is there before the account is: a crash in between leaves a file without an account, which the next start
    replaces, and never an account whose password nobody knows.
    """
    locks.hold(session, locks.FIRST_ADMIN)
    path = home / FILE
    if repository.any_account(session):
        account = repository.account_named(session, NAME)
        if account is None or not account.must_change_password:
            discard(home)
        return path if path.exists() else None
    by = operator("setup")
    _, password = service.create_account(
        session,
        by,
        AuditContext(by.actor),
        name=NAME,
        display_name="系统管理员",
        grants=[("admin", None)],
        must_change_password=True,
    )
    _write(path, f"{NAME}\n{password}\n")
    return path


def discard(home: Path, *, name: str = NAME) -> None:
    """Remove the file; ``name`` is whose password was replaced."""
    if name == NAME:
        (home / FILE).unlink(missing_ok=True)


def _write(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
