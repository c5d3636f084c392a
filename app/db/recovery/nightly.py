"""What is done every night: a base backup, a dump, old ones deleted, the log compressed and pruned."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import psycopg

from app.db import backup as dumps
from app.db.clients import program_for
from app.db.cluster import diagnose, places, record
from app.db.cluster.places import Places
from app.db.cluster.record import OWNER
from app.db.errors import BackupRefused
from app.db.recovery import archive, status
from app.db.recovery.store import BaseBackup, Store, is_stamp, stamp
from app.db.urls import DatabaseUrls, libpq_url
from gis.text import Text

KEYS = ("totp.key",)
"""Files of the home without which what the database holds cannot be read."""


@dataclass(frozen=True)
class NightlyReport:
    """What one night's backup made and deleted."""

    base: str
    base_bytes: int
    dump: str
    dump_bytes: int
    removed: int
    segments_kept: int
    segments_removed: int


def run_nightly(home: Path, store: Store, urls: DatabaseUrls, *, keep: int, say: dumps.Say) -> NightlyReport:
    """Back the private cluster up and keep the last ``keep`` backups of each kind.

    The first time it also switches archiving on. What fails is recorded for /metrics and raised.
    """
    known = record.load(home)
    if known is None:
        raise BackupRefused(
            "这里还没有私有数据库。请先运行 wangge up。",
            "There is no private database here yet. Run `wangge up` first.",
            code="no-private-database",
        )
    where = places.of_record(home, known)
    with store.alone(home):
        return _run(home, where, store, urls, keep=keep, say=say)


def _run(
    home: Path, where: Places, store: Store, urls: DatabaseUrls, *, keep: int, say: dumps.Say
) -> NightlyReport:
    try:
        store.prepare()
        owner = libpq_url(urls.owner)
        archive.enable(store, where, owner)
        say(Text("正在做基础备份…", "Taking a base backup…"))
        base = _base_backup(store, urls)
        # The log up to the end of the base must be in the archive, or the base is worth nothing.
        archive.switch(store, owner)
        _keep_keys(home, store, base)
        store.describe(base)
        say(Text("正在导出…", "Dumping…"))
        dump = dumps.backup(urls, store.dumps / f"{base.name}.dump")
        removed = _forget(store, keep)
        archive.compress(store)
        gone = archive.prune(store, store.base_backups()[0].wal_start)
        archive.check(store, store.base_backups()[0].wal_start)
    except Exception as error:
        status.note(store, "backup", ok=False, reason=str(error))
        raise
    status.note(store, "backup", ok=True, base=base.name)
    return NightlyReport(
        base.name,
        sum(path.stat().st_size for path in base.folder.iterdir()),
        str(dump.file),
        dump.size_bytes,
        removed,
        len(archive.segments(store)),
        gone,
    )


def _base_backup(store: Store, urls: DatabaseUrls) -> BaseBackup:
    started = datetime.now(UTC)
    folder = store.bases / stamp(started)
    beside = store.bases / f".{folder.name}.partial"
    for left in store.bases.glob(".*.partial"):
        shutil.rmtree(left)
    beside.mkdir(mode=0o700)
    store.account.own(beside)
    with psycopg.connect(libpq_url(urls.owner)) as connection:
        info = connection.info
        major = info.server_version // 10000
        target = f"postgresql://{OWNER}@/?host={quote(info.host, safe='')}&port={info.port}"
        password = info.password
    options = store.account.spawn_options()
    options["env"] = {**options["env"], "PGPASSWORD": password}
    command = [
        program_for("pg_basebackup", major),
        "--no-password",
        f"--dbname={target}",
        f"--pgdata={beside}",
    ]
    command += ["--format=tar", "--wal-method=stream", "--compress=client-gzip:1", "--checkpoint=fast"]
    command += [f"--label=wangge {folder.name}"]
    done = subprocess.run(command, check=False, capture_output=True, text=True, **options)
    if done.returncode != 0:
        shutil.rmtree(beside, ignore_errors=True)
        if diagnose.NO_ROOM.search(done.stderr):
            raise diagnose.disk_full(store.folder)
        reason = done.stderr.strip()
        raise BackupRefused(
            f"基础备份失败：{reason}", f"The base backup failed: {reason}", code="base-backup-failed"
        )
    beside.rename(folder)
    files = {path.name: digest(path) for path in sorted(folder.iterdir())}
    return BaseBackup(folder, started, datetime.now(UTC), _first_segment(folder), major, files)


def _keep_keys(home: Path, store: Store, base: BaseBackup) -> None:
    for name in KEYS:
        if (home / name).exists():
            text = (home / name).read_text("ascii")
            record.write_atomically(store.about / f"{base.name}.{name}", text, mode=0o600)


def restore_keys(home: Path, store: Store, base: BaseBackup) -> None:
    """Put keys back that the home has not; whole or not at all."""
    for name in KEYS:
        kept = store.about / f"{base.name}.{name}"
        if kept.exists() and not (home / name).exists():
            record.write_atomically(home / name, kept.read_text("ascii"), mode=0o600)


def _first_segment(folder: Path) -> str:
    listing = subprocess.run(
        ["tar", "--extract", "--to-stdout", "--file", str(folder / "base.tar.gz"), "backup_label"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    # START WAL LOCATION: 0/2000028 (file 000000010000000000000002)
    return listing.partition("(file ")[2][:24]


def digest(path: Path) -> str:
    """SHA-256 of a file, hex."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _forget(store: Store, keep: int) -> int:
    """Delete all but the last ``keep`` base backups and dumps, and what an unfinished one left."""
    old_bases = store.base_backups()[:-keep]
    for base in old_bases:
        # First what makes it count, so that half of one is never taken for a backup.
        for path in sorted(store.about.glob(f"{base.name}.*")):
            path.unlink()
        shutil.rmtree(base.folder)
    old_dumps = sorted(store.dumps.glob("*.dump"))[:-keep]
    for dump in old_dumps:
        dump.unlink()
    whole = {base.name for base in store.base_backups()}
    for folder in store.bases.iterdir():
        if is_stamp(folder.name) and folder.name not in whole:
            shutil.rmtree(folder)
    return len(old_bases) + len(old_dumps)
