"""Which system user runs the server: PostgreSQL refuses to run as root."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import NotRequired, TypedDict

from app.db.errors import ClusterFailure

SYSTEM_USER = "postgres"


class SpawnOptions(TypedDict):
    """Keyword arguments for :mod:`subprocess`; those that change the user only where it is another one."""

    cwd: str
    env: dict[str, str]
    stdin: NotRequired[int]
    user: NotRequired[int]
    group: NotRequired[int]
    extra_groups: NotRequired[list[int]]
    umask: NotRequired[int]


@dataclass(frozen=True)
class Account:
    """A system user; ``switch`` says whether we must change to it to act as it."""

    name: str
    uid: int
    gid: int
    switch: bool

    def spawn_options(self) -> SpawnOptions:
        """Keyword arguments for :mod:`subprocess` that make the child run as this user.

        The environment is rebuilt from nothing: variables such as ``PGDATA``, ``PGOPTIONS`` or a foreign locale
        must not change what our server does. The working directory is one that every user may enter.
        """
        options: SpawnOptions = {
            "cwd": "/",
            "env": {"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "LC_ALL": "C.UTF-8", "HOME": "/"},
            "stdin": subprocess.DEVNULL,
        }
        if self.switch:
            options |= {"user": self.uid, "group": self.gid, "extra_groups": [], "umask": 0o077}
        return options

    def own(self, path: Path) -> None:
        """Give ``path`` to this user; a link itself, never what it points at."""
        if self.switch:
            os.chown(path, self.uid, self.gid, follow_symlinks=False)

    def can_enter(self, folder: Path) -> bool:
        """Whether this user may pass through every folder down to ``folder``.

        Asked of the kernel by a child running as that user, so ACLs and mounts count too.
        """
        test = shutil.which("test") or "/usr/bin/test"
        done = subprocess.run([test, "-x", os.fspath(folder)], check=False, **self.spawn_options())
        return done.returncode == 0


def server_account(data: Path | None = None) -> Account:
    """The user that runs the server over ``data``: its owner, or for a new cluster us, or ``postgres`` for root."""
    own_uid = os.geteuid()
    if own_uid != 0:
        return Account(_name(own_uid), own_uid, os.getegid(), switch=False)
    if data is not None and data.exists():
        found = data.stat()
        if found.st_uid != 0:
            return Account(_name(found.st_uid), found.st_uid, found.st_gid, switch=True)
    try:
        entry = pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        raise ClusterFailure(
            f"以 root 启动时数据库由系统用户 {SYSTEM_USER} 运行，但本机没有这个用户。"
            f"请安装 Debian 软件包 postgresql-common，或用普通用户运行。",
            f"Started by root, the database runs as the system user {SYSTEM_USER}, which does not exist here. "
            f"Install the Debian package postgresql-common, or run as an ordinary user.",
            code="system-user-missing",
        ) from None
    return Account(SYSTEM_USER, entry.pw_uid, entry.pw_gid, switch=True)


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
