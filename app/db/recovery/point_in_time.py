"""Back to an instant: the newest base backup before it, and the log up to it.

The live data are not touched until what replaces them is whole, recovered and signed in to; then they are moved aside,
never deleted. Killed at any moment, the next start finds the old data or the new, whole.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from app.db import cluster
from app.db.cluster import binaries, places, process, record
from app.db.cluster.account import server_account
from app.db.cluster.lock import exclusive
from app.db.cluster.places import Places
from app.db.cluster.record import Record
from app.db.cluster.swap_data import READY, finish_data_swap
from app.db.errors import BackupRefused
from app.db.recovery import archive
from app.db.recovery.nightly import KEYS
from app.db.recovery.segments import number_at, number_of
from app.db.recovery.staging import staged
from app.db.recovery.store import BaseBackup, Store
from app.i18n import Text

_CHECKPOINT = re.compile(r"^Latest checkpoint location:\s*(\S+)$", re.MULTILINE)


@dataclass(frozen=True)
class PointInTime:
    """A restore that was done: from which base, and where the replaced data are (None: there were none)."""

    instant: datetime
    base: str
    moved_aside: Path | None
    was_running: bool


def restore_to(home: Path, store: Store, instant: datetime, *, say: cluster.Say) -> PointInTime:
    """Put the private cluster back to how it was at ``instant``.

    Raises
    ------
    BackupRefused
        The instant lies outside what can be restored; a backup is damaged; the service is running.
    """
    with _service_stopped(home):
        bases = store.base_backups() if store.folder.is_dir() else []
        base = _base_for(bases, instant, store)
        known, where = _places(home)
        before = cluster.status(home)
        running = before.state == "running"
        if running:
            # Whatever was committed is in its log when it has stopped.
            cluster.stop(home, say=say)
        beside = where.data / "pg_wal" if where.data.exists() else None
        end = _checkpoint(where, base.major) if beside is not None else None
        try:
            with staged(home, where, store, base, until=instant, beside=beside, say=say) as ready:
                _refuse_short(ready.end_lsn, ready.reached, end, store)
                cluster.stop(ready.home)
                (ready.where.data / "wangge.conf").unlink(missing_ok=True)
                secrets_of_staging = ready.home / "pgpass"
                if not (home / "pgpass").exists():
                    shutil.copy2(secrets_of_staging, home / "pgpass")
                with exclusive(home / "cluster.lock"):
                    if process.running(where.data) is not None:
                        raise BackupRefused(
                            "恢复期间有人启动了数据库；没有替换任何数据。请重新运行。",
                            "Somebody started the database during the restore; nothing was replaced. Run it again.",
                        )
                    ready.where.data.rename(where.folder / READY)
                    _flush(where.folder)
                    record.save(home, known)
                    aside = finish_data_swap(where)
        except BaseException:
            if running and where.data.exists():
                say(
                    Text(
                        "没有恢复；重新启动原来的数据库。",
                        "Nothing was restored; starting the database as it was.",
                    )
                )
                cluster.start(home)
            raise
    for name in KEYS:
        if (base.folder / name).exists() and not (home / name).exists():
            shutil.copyfile(base.folder / name, home / name)
            (home / name).chmod(0o600)
    return PointInTime(instant, base.name, aside, running)


def _base_for(bases: list[BaseBackup], instant: datetime, store: Store) -> BaseBackup:
    if not bases:
        raise BackupRefused(
            f"{store.folder} 中没有基础备份。先运行 wangge db backup --nightly（并每晚定时运行），之后的时刻才能恢复。",
            f"There is no base backup in {store.folder}. Run `wangge db backup --nightly` (and every night); instants "
            f"from then on can be restored.",
        )
    first, last = bases[0].finished, datetime.now(UTC)
    fitting = [base for base in bases if base.finished <= instant]
    if not fitting or instant > last:
        zh, en = f"{first.isoformat()} 至 {last.isoformat()}", f"{first.isoformat()} to {last.isoformat()}"
        raise BackupRefused(
            f"{instant.isoformat()} 不在可恢复的范围内：{zh}。",
            f"{instant.isoformat()} lies outside what can be restored: {en}.",
        )
    return fitting[-1]


def _places(home: Path) -> tuple[Record, Places]:
    places.prepare_home(home)
    known = record.load(home)
    if known is None:
        folder, _ = places.choose_folder(home, server_account())
        known = Record(folder, 0, os.urandom(8).hex())
    where = places.of_record(home, known)
    if not where.folder.exists():
        where.folder.mkdir(mode=0o700, parents=True)
        server_account().own(where.folder)
    return known, where


def _checkpoint(where: Places, major: int) -> str | None:
    """Where the log of the replaced data ended, as its control file says; None when that cannot be read."""
    done = subprocess.run(
        [binaries.find(major).program("pg_controldata"), str(where.data)],
        check=False,
        capture_output=True,
        text=True,
        env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"},
    )
    found = _CHECKPOINT.search(done.stdout)
    return found[1] if found else None


def _refuse_short(end_lsn: str, reached: bool, checkpoint: str | None, store: Store) -> None:
    """Refuse a log that broke off: it ended before the instant, and before the end that is known of it."""
    if reached:
        return
    known = [number_at(checkpoint)] if checkpoint else []
    archived = archive.segments(store)
    known += [number_of(archived[-1])] if archived else []
    if known and number_at(end_lsn) < max(known):
        raise BackupRefused(
            f"日志在 {end_lsn} 处中断，而后面还有日志：中间一段已损坏，之后的时刻无法恢复。",
            f"The log breaks off at {end_lsn} although there is more behind it: a segment is damaged, and no later "
            f"instant can be restored.",
        )


@contextmanager
def _service_stopped(home: Path) -> Iterator[None]:
    """Refuse while ``wangge up`` runs: it would start the database again under our hands; and keep it from starting."""
    home.mkdir(mode=0o711, parents=True, exist_ok=True)
    descriptor = os.open(home / "up.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BackupRefused(
                "wangge 正在运行；请先停掉它（Ctrl-C 或 systemctl stop wangge）再恢复。",
                "wangge is running; stop it first (Ctrl-C or `systemctl stop wangge`), then restore.",
            ) from None
        yield
    finally:
        os.close(descriptor)


def _flush(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
