"""Where the backups of a private cluster lie, and what is there.

::

    backup/
      base/20261129T180000Z/    base.tar.gz, pg_wal.tar.gz, backup_manifest        (the server's account)
      wal/                      segments as PostgreSQL archived them, older ones compressed (the same)
      about/20261129T180000Z.json, .totp.key                                        (ours, as the rest)
      dump/20261129T180000Z.dump
      restores.json, status.json

The server's account is never trusted with more than its own files: what describes a backup, and keys, lie in folders
that it cannot write to, and nothing of ours is written into its folders.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from app.db.cluster import places, record
from app.db.cluster.account import Account, server_account
from app.db.cluster.lock import exclusive
from app.db.cluster.places import Places
from app.db.errors import BackupRefused, ClusterBusy

STAMP = "%Y%m%dT%H%M%SZ"
_STAMP_SHAPE = re.compile(r"\d{8}T\d{6}Z")


@dataclass(frozen=True)
class BaseBackup:
    """One base backup: a copy of the cluster's files that WAL from ``wal_start`` on brings forward."""

    folder: Path
    started: datetime
    finished: datetime
    wal_start: str
    major: int
    files: dict[str, str]
    """SHA-256 of each file."""

    @property
    def name(self) -> str:
        """Its folder's name, the instant it was started at."""
        return self.folder.name

    @property
    def timeline(self) -> int:
        """The timeline of the log that it was taken on."""
        return int(self.wal_start[:8], 16)


@dataclass(frozen=True)
class Store:
    """The backup folder of one home, and the account that the server runs as."""

    folder: Path
    account: Account

    @property
    def bases(self) -> Path:
        """Base backups, a folder each."""
        return self.folder / "base"

    @property
    def about(self) -> Path:
        """What describes base backups, and the keys that belong to them."""
        return self.folder / "about"

    @property
    def dumps(self) -> Path:
        """Dumps in pg_dump's custom format."""
        return self.folder / "dump"

    @property
    def wal(self) -> Path:
        """The archived log."""
        return self.folder / "wal"

    def prepare(self) -> None:
        """Make the folders where missing, closed to other users."""
        try:
            if not self.folder.exists():
                self.folder.mkdir(parents=True)
                # The server's account passes through, and sees nothing.
                self.folder.chmod(0o711)
            for folder in (self.about, self.dumps):
                folder.mkdir(mode=0o700, exist_ok=True)
            for folder in (self.bases, self.wal):
                if not folder.exists():
                    folder.mkdir(mode=0o700)
                    self.account.own(folder)
        except OSError as error:
            raise BackupRefused(
                f"不能使用备份文件夹 {self.folder}：{error.strerror}。可用 WANGGE_BACKUP_DIR 另设。",
                f"Cannot use the backup folder {self.folder}: {error.strerror}. WANGGE_BACKUP_DIR sets another.",
                code="backup-folder-unusable",
            ) from error
        if self.account.switch and not self.account.can_enter(self.wal):
            raise BackupRefused(
                f"数据库的系统用户 {self.account.name} 进不了 {self.folder}；请用 WANGGE_BACKUP_DIR 另设。",
                f"The database's system user {self.account.name} cannot enter {self.folder}; set another folder by "
                f"WANGGE_BACKUP_DIR.",
                code="backup-folder-unusable",
            )

    def base_backups(self) -> list[BaseBackup]:
        """Whole base backups, oldest first; unfinished ones have no description and do not count."""
        return [self._described(path) for path in sorted(self.about.glob("*.json")) if is_stamp(path.stem)]

    def _described(self, path: Path) -> BaseBackup:
        try:
            fields = json.loads(path.read_text("utf-8"))
            return BaseBackup(
                self.bases / path.stem,
                datetime.fromisoformat(fields["started"]),
                datetime.fromisoformat(fields["finished"]),
                str(fields["wal_start"]),
                int(fields["major"]),
                dict(fields["files"]),
            )
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise BackupRefused(
                f"无法理解 {path}（{error}）；请移走它和同名的基础备份后重试。",
                f"Cannot make sense of {path} ({error}); move it and the base backup of that name away and try again.",
                code="base-backup-damaged",
            ) from error

    def describe(self, base: BaseBackup) -> None:
        """Write down what a base backup is; from then on it counts."""
        fields = asdict(base) | {
            "folder": base.name,
            "started": base.started.isoformat(),
            "finished": base.finished.isoformat(),
        }
        text = json.dumps(fields, indent=1) + "\n"
        record.write_atomically(self.about / f"{base.name}.json", text, mode=0o600)

    @contextmanager
    def alone(self, home: Path) -> Iterator[None]:
        """Hold the one lock of backups, rehearsals and restores; refuse while another of them is under way."""
        with ExitStack() as held:
            try:
                held.enter_context(exclusive(home / "recovery.lock", wait_s=0))
            except ClusterBusy:
                raise BackupRefused(
                    "另一个备份、演练或恢复正在进行；请等它结束后重试。",
                    "Another backup, rehearsal or restore is under way; try again when it has ended.",
                    code="backup-under-way",
                ) from None
            yield


def store_of(home: Path, backup_dir: Path | None = None) -> Store:
    """The store of a home: the folder that is set, else ``backup`` in the home (or beside data kept elsewhere)."""
    known = record.load(home)
    where = None if known is None else places.of_record(home, known)
    account = server_account(None if where is None else where.data)
    if backup_dir is not None:
        return Store(backup_dir, account)
    if where is None or where.folder.is_relative_to(home.absolute()):
        return Store(home / "backup", account)
    return Store(where.folder / "backup", account)


def is_stamp(text: str) -> bool:
    """Whether a name is an instant as :func:`stamp` writes it."""
    return _STAMP_SHAPE.fullmatch(text) is not None


def stamp(instant: datetime) -> str:
    """An instant as part of a file name.

    >>> stamp(datetime(2026, 11, 29, 2, 0, 5, tzinfo=UTC))
    '20261129T020005Z'
    """
    return instant.astimezone(UTC).strftime(STAMP)


def relative_to(folder: Path, places_: Places) -> str:
    """``folder`` as seen from the cluster's folder, so that both may move together."""
    return os.path.relpath(folder, places_.folder)
