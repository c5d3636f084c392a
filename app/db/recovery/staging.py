"""A second cluster made from a base backup and the archived log, beside the live one and touching nothing of it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import psycopg

from app.db import cluster
from app.db.cluster import binaries, create, record
from app.db.cluster.account import SpawnOptions
from app.db.cluster.places import Places
from app.db.cluster.record import OWNER, Record
from app.db.errors import BackupRefused, ClusterFailure, DatabaseUnreachable
from app.db.recovery import archive
from app.db.recovery.nightly import digest
from app.db.recovery.store import BaseBackup, Store
from gis.text import Text

FOLDER = "restoring"
# The log ends before the instant that was named: nothing was committed after it.
_NO_LATER_COMMIT = re.compile(r"recovery ended before configured recovery target was reached")
_DAMAGED = re.compile(r'restore file "([^"]+)" from archive: child process exited with exit code 200')


@dataclass(frozen=True)
class Staged:
    """A running cluster made from a backup; ``home`` holds its record, ``where`` its data."""

    home: Path
    where: Places
    info: cluster.ClusterInfo
    end_lsn: str
    reached: bool
    """Whether the instant was met in the log; False: the log ends before it."""
    line: int
    """The timeline that it began."""


@contextmanager
def staged(
    home: Path,
    where: Places,
    store: Store,
    base: BaseBackup,
    *,
    line: int,
    until: datetime | None,
    besides: Sequence[Path] = (),
    say: cluster.Say,
) -> Iterator[Staged]:
    """Unpack ``base``, replay the log along ``line`` up to ``until`` (None: all of it), run it; destroyed at the end.

    ``besides`` are log folders of data that were replaced or are about to be, for what was not archived yet.
    """
    archive.check(store, base.wal_start, besides)
    staging = home / FOLDER
    discard(home, where)
    staging.mkdir(mode=0o711)
    at = Places(where.folder / FOLDER)
    at.folder.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    at.folder.mkdir(mode=0o700)
    store.account.own(at.folder)
    try:
        say(Text(f"正在展开基础备份 {base.name}…", f"Unpacking the base backup {base.name}…"))
        _unpack(store, base, at)
        record.save(staging, Record(str(at.folder), 0, os.urandom(8).hex()))
        if (home / "pgpass").exists():
            shutil.copy2(home / "pgpass", staging / "pgpass")
        else:
            record.ensure_passwords(staging)
        say(Text("正在重放日志…", "Replaying the log…"))
        reached = _recover(staging, store, at, line, until, besides)
        end, begun = _end_of_log(staging)
        yield Staged(staging, at, cluster.status(staging), end, reached, begun)
    finally:
        discard(home, where)


def discard(home: Path, where: Places) -> None:
    """Remove a staged cluster, also one that a killed process left behind."""
    staging = home / FOLDER
    if staging.exists():
        cluster.destroy(staging)
        shutil.rmtree(staging)
    shutil.rmtree(where.folder / FOLDER, ignore_errors=True)


def _unpack(store: Store, base: BaseBackup, at: Places) -> None:
    for name, expected in base.files.items():
        if not (base.folder / name).is_file() or digest(base.folder / name) != expected:
            raise BackupRefused(
                f"基础备份 {base.name} 已损坏：{name} 与备份时的校验值不符。请用另一个备份。",
                f"The base backup {base.name} is damaged: {name} does not have the checksum it was written with. "
                f"Use another backup.",
                code="base-backup-damaged",
            )
    options = store.account.spawn_options()
    for archive_name, target in (("base.tar.gz", at.data), ("pg_wal.tar.gz", at.data / "pg_wal")):
        _run(["mkdir", "-p", "-m", "700", str(target)], options)
        _run(
            [
                "tar",
                "--extract",
                "--gzip",
                "--file",
                str(base.folder / archive_name),
                "--directory",
                str(target),
            ],
            options,
        )
    _run(["cp", str(base.folder / "backup_manifest"), str(at.data)], options)
    pg = binaries.find(base.major)
    # The log was unpacked from a file of its own and is checked by replaying it.
    _run([pg.program("pg_verifybackup"), "--no-parse-wal", "--quiet", str(at.data)], options)


def _run(command: list[str], options: SpawnOptions) -> None:
    done = subprocess.run(command, check=False, capture_output=True, text=True, **options)
    if done.returncode != 0:
        said = done.stderr.strip()
        raise BackupRefused(
            f"{command[0]} 失败：{said}", f"{command[0]} failed: {said}", code="restore-step-failed"
        )


def _recover(
    staging: Path, store: Store, at: Places, line: int, until: datetime | None, besides: Sequence[Path]
) -> bool:
    settings = {
        "archive_mode": "off",
        "archive_library": "",
        "restore_command": archive.restore_command(store, besides),
        "recovery_target_timeline": str(line),
        "recovery_target_action": "promote",
        # Ready only when the whole way is gone.
        "hot_standby": "off",
    }
    for target in (None,) if until is None else (until, None):
        signal = at.data / "recovery.signal"
        signal.touch(mode=0o600)
        store.account.own(signal)
        extra = settings if target is None else settings | {"recovery_target_time": target.isoformat()}
        try:
            _start(staging, store, at, extra)
        except ClusterFailure as error:
            if damaged := _DAMAGED.search(str(error)):
                raise BackupRefused(
                    f"归档的日志段 {damaged[1]} 已损坏，无法恢复到它之后。",
                    f"The archived log segment {damaged[1]} is damaged; what follows cannot be restored.",
                    code="log-damaged",
                ) from error
            if target is None or not _NO_LATER_COMMIT.search(str(error)):
                raise
            cluster.stop(staging, immediate=True)
        else:
            return target is not None
    return False


def _start(staging: Path, store: Store, at: Places, extra: dict[str, str]) -> None:
    try:
        cluster.start(staging, extra=extra)
    except DatabaseUnreachable:
        # The backup is from before the passwords of this home; what is recovered is stopped and given ours.
        cluster.stop(staging)
        pg = binaries.find(int((at.data / "PG_VERSION").read_text()))
        create.reset_owner_password(pg, store.account, at.data, record.passwords(staging)[OWNER])
        cluster.start(staging, extra={"archive_mode": "off", "archive_library": ""})


def _end_of_log(staging: Path) -> tuple[str, int]:
    with psycopg.connect(cluster.status(staging).libpq_url() or "") as connection:
        row = connection.execute(
            "SELECT pg_current_wal_lsn()::text, pg_walfile_name(pg_current_wal_lsn())"
        ).fetchone()
    return (str(row[0]), int(row[1][:8], 16)) if row else ("0/0", 0)
