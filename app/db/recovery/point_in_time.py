"""Back to an instant: the newest base backup before it, and the log up to it.

The live data are not touched until what replaces them is whole, recovered and signed in to; then they are moved aside,
never deleted. Killed at any moment, the next start finds the old data or the new, whole.
"""

from __future__ import annotations

import fcntl
import os
import re
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
from app.db.cluster.swap_data import ASIDE, READY, finish_data_swap
from app.db.errors import BackupRefused
from app.db.recovery import archive
from app.db.recovery.nightly import restore_keys
from app.db.recovery.segments import number_at, number_of
from app.db.recovery.staging import staged
from app.db.recovery.store import BaseBackup, Store
from app.db.recovery.timelines import Fork, bases_for, forks_of, line_at, write_forks
from gis.text import Text

_CHECKPOINT = re.compile(r"^Latest checkpoint location:\s*(\S+)$", re.MULTILINE)
_LINE = re.compile(r"^Latest checkpoint's TimeLineID:\s*(\d+)$", re.MULTILINE)


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
    with _service_stopped(home), store.alone(home):
        bases = store.base_backups() if store.folder.is_dir() else []
        _refuse_outside(bases, instant, store)
        known, where = _places(home)
        running = cluster.status(home).state == "running"
        if running:
            # Whatever was committed is in its log when it has stopped.
            cluster.stop(home, say=say)
        try:
            base, aside = _replace(home, known, where, store, bases, instant, say)
        except BaseException:
            if running and not (where.folder / READY).exists():
                say(
                    Text(
                        "没有恢复；重新启动原来的数据库。",
                        "Nothing was restored; starting the database as it was.",
                    )
                )
                cluster.start(home)
            raise
    return PointInTime(instant, base.name, aside, running)


def _replace(
    home: Path,
    known: Record,
    where: Places,
    store: Store,
    bases: list[BaseBackup],
    instant: datetime,
    say: cluster.Say,
) -> tuple[BaseBackup, Path | None]:
    with exclusive(home / "cluster.lock"):
        # A restore before this one that was killed between its last two renames.
        finish_data_swap(where)
    control = _control_of(where, bases[-1].major)
    forks = forks_of(store)
    present = forks[-1].after if forks else bases[-1].timeline
    if control is not None and (found := _LINE.search(control)):
        present = int(found[1])
        # A restore that was written down and never came about.
        forks = [fork for fork in forks if fork.after <= present]
    line = line_at(instant, forks, present=present)
    fitting = bases_for(instant, line, bases, forks)
    if not fitting:
        raise BackupRefused(
            f"没有通向 {instant.isoformat()} 的基础备份：那之前的都属于后来被放弃的时间线。",
            f"No base backup leads to {instant.isoformat()}: those before it belong to lines that a restore ended.",
            code="instant-not-restorable",
        )
    base = fitting[-1]
    besides = [
        data / "pg_wal" for data in (where.data, *sorted(where.folder.glob(f"{ASIDE}*"))) if data.exists()
    ]
    with staged(home, where, store, base, line=line, until=instant, besides=besides, say=say) as ready:
        if not ready.reached and line == present:
            checkpoint = _CHECKPOINT.search(control or "")
            _refuse_short(ready.end_lsn, checkpoint[1] if checkpoint else None, store, line)
        cluster.stop(ready.home)
        (ready.where.data / "wangge.conf").unlink(missing_ok=True)
        if not (home / "pgpass").exists():
            record.write_atomically(home / "pgpass", (ready.home / "pgpass").read_text("ascii"), mode=0o600)
        restore_keys(home, store, base)
        with exclusive(home / "cluster.lock"):
            if process.running(where.data) is not None:
                raise BackupRefused(
                    "恢复期间有人启动了数据库；没有替换任何数据。请重新运行。",
                    "Somebody started the database during the restore; nothing was replaced. Run it again.",
                    code="restore-interrupted",
                )
            # Everything that others need to know of it comes before the rename that makes it so.
            archive.keep_histories(store, ready.where.data / "pg_wal")
            write_forks(store, [*forks, Fork(datetime.now(UTC), instant, line, ready.line)])
            record.save(home, known)
            ready.where.data.rename(where.folder / READY)
            _flush(where.folder)
            return base, finish_data_swap(where)


def _refuse_outside(bases: list[BaseBackup], instant: datetime, store: Store) -> None:
    if not bases:
        raise BackupRefused(
            f"{store.folder} 中没有基础备份。先运行 wangge db backup --nightly（并每晚定时运行），之后的时刻才能恢复。",
            f"There is no base backup in {store.folder}. Run `wangge db backup --nightly` (and every night); instants "
            f"from then on can be restored.",
            code="no-base-backup",
        )
    first, last = bases[0].finished, datetime.now(UTC)
    if not first <= instant <= last:
        zh, en = f"{first.isoformat()} 至 {last.isoformat()}", f"{first.isoformat()} to {last.isoformat()}"
        raise BackupRefused(
            f"{instant.isoformat()} 不在可恢复的范围内：{zh}。",
            f"{instant.isoformat()} lies outside what can be restored: {en}.",
            code="instant-not-restorable",
        )


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


def _control_of(where: Places, major: int) -> str | None:
    """What the control file of the data to be replaced says; None when there is none to read."""
    if not where.data.exists():
        return None
    done = subprocess.run(
        [binaries.find(major).program("pg_controldata"), str(where.data)],
        check=False,
        capture_output=True,
        text=True,
        env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"},
    )
    return done.stdout if done.returncode == 0 else None


def _refuse_short(end_lsn: str, checkpoint: str | None, store: Store, line: int) -> None:
    """Refuse a log that broke off: it ended before the instant, and before the end that is known of it."""
    known = [number_at(checkpoint)] if checkpoint else []
    archived = [name for name in archive.segments(store) if int(name[:8], 16) == line]
    known += [number_of(archived[-1])] if archived and checkpoint is None else []
    if known and number_at(end_lsn) < max(known):
        raise BackupRefused(
            f"日志在 {end_lsn} 处中断，而后面还有日志：中间一段已损坏，之后的时刻无法恢复。",
            f"The log breaks off at {end_lsn} although there is more behind it: a segment is damaged, and no later "
            f"instant can be restored.",
            code="log-damaged",
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
                code="still-running",
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
