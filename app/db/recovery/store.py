"""Where the backups of a private cluster lie, and what is there.

::

    backup/
      base/20261129T180000Z/    base.tar.gz, pg_wal.tar.gz, backup_manifest, base.json
      dump/20261129T180000Z.dump
      wal/                      segments as PostgreSQL archived them, older ones compressed
      status.json
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from app.db.cluster import places, record
from app.db.cluster.account import Account, server_account
from app.db.cluster.places import Places
from app.db.errors import BackupRefused

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


@dataclass(frozen=True)
class Store:
    """The backup folder of one home; it belongs to the server's account."""

    folder: Path
    account: Account

    @property
    def bases(self) -> Path:
        """Base backups, a folder each."""
        return self.folder / "base"

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
                self.account.own(self.folder)
            self.folder.chmod(0o700)
            for folder in (self.bases, self.dumps, self.wal):
                if not folder.exists():
                    folder.mkdir(mode=0o700)
                    self.account.own(folder)
        except OSError as error:
            raise BackupRefused(
                f"不能使用备份文件夹 {self.folder}：{error.strerror}。可用 WANGGE_BACKUP_DIR 另设。",
                f"Cannot use the backup folder {self.folder}: {error.strerror}. WANGGE_BACKUP_DIR sets another.",
            ) from error

    def base_backups(self) -> list[BaseBackup]:
        """Whole base backups, oldest first; unfinished ones have no description and do not count."""
        found = [
            _described(folder)
            for folder in sorted(self.bases.glob("*"))
            if _STAMP_SHAPE.fullmatch(folder.name)
        ]
        return [base for base in found if base is not None]


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


def describe(base: BaseBackup) -> None:
    """Write down what a base backup is; from then on it counts."""
    fields = asdict(base) | {
        "folder": base.name,
        "started": base.started.isoformat(),
        "finished": base.finished.isoformat(),
    }
    record.write_atomically(base.folder / "base.json", json.dumps(fields, indent=1) + "\n", mode=0o600)


def _described(folder: Path) -> BaseBackup | None:
    try:
        fields = json.loads((folder / "base.json").read_text("utf-8"))
        return BaseBackup(
            folder,
            datetime.fromisoformat(fields["started"]),
            datetime.fromisoformat(fields["finished"]),
            str(fields["wal_start"]),
            int(fields["major"]),
            dict(fields["files"]),
        )
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BackupRefused(
            f"无法理解 {folder / 'base.json'}（{error}）；请移走这个文件夹后重试。",
            f"Cannot make sense of {folder / 'base.json'} ({error}); move that folder away and try again.",
        ) from error


def stamp(instant: datetime) -> str:
    """An instant as part of a file name.

    >>> stamp(datetime(2026, 11, 29, 2, 0, 5, tzinfo=UTC))
    '20261129T020005Z'
    """
    return instant.astimezone(UTC).strftime(STAMP)


def relative_to(folder: Path, places_: Places) -> str:
    """``folder`` as seen from the cluster's folder, so that both may move together."""
    return os.path.relpath(folder, places_.folder)
