"""The archived log of changes: switched on, compressed, pruned, and read back.

PostgreSQL's own module ``basic_archive`` copies each finished segment (written aside, flushed, renamed); no shell runs.
"""

from __future__ import annotations

import gzip
import os
import shlex
import shutil
import time
import zlib
from pathlib import Path

import psycopg

from app.db.cluster import tuning
from app.db.cluster.archiving import MARKER, archive_settings
from app.db.cluster.places import Places
from app.db.errors import BackupRefused
from app.db.recovery.segments import SEGMENT, missing_between, number_of
from app.db.recovery.store import Store, relative_to

_COMPRESS_AFTER_S = 120.0
_WAIT_S = 60.0
DAMAGED = 200
"""Exit status of the restore command for a damaged file: above 125 PostgreSQL stops instead of taking it for the end."""


def enable(store: Store, where: Places, owner_url: str) -> None:
    """Archive from now on, this server and every later start of it."""
    marker = where.folder / MARKER
    target = relative_to(store.wal, where)
    if not marker.exists() or marker.read_text("utf-8").strip() != target:
        marker.write_text(target + "\n", "utf-8")
        store.account.own(marker)
    with psycopg.connect(owner_url, autocommit=True) as connection:
        wanted = archive_settings(where)
        now = connection.execute(
            "SELECT current_setting('archive_mode'), current_setting('archive_library'), "
            "current_setting('basic_archive.archive_directory', true)"
        ).fetchone()
        if now is None or now[0] == "off":
            raise BackupRefused(
                "数据库以不归档的方式启动；请用 wangge db stop 和 wangge db start 重启一次。",
                "The database was started without archiving; restart it once by `wangge db stop` and `wangge db start`.",
            )
        if now[1:] == (wanted["archive_library"], wanted["basic_archive.archive_directory"]):
            return
        conf = where.data / "wangge.conf"
        with conf.open("a", encoding="utf-8") as handle:
            handle.writelines(f"{name} = {tuning.quote(value)}\n" for name, value in wanted.items())
        connection.execute("SELECT pg_reload_conf()")


def switch(store: Store, owner_url: str) -> None:
    """Finish the present segment and wait until it is archived."""
    with psycopg.connect(owner_url, autocommit=True) as connection:
        # A switch of an untouched segment does nothing, and there is nothing to wait for then either.
        connection.execute("SELECT pg_logical_emit_message(true, 'wangge', 'backup')")
        row = connection.execute("SELECT pg_walfile_name(pg_switch_wal())").fetchone()
        name = str(row[0]) if row else ""
        deadline = time.monotonic() + _WAIT_S
        while not _held(store.wal / name):
            if time.monotonic() > deadline:
                why = connection.execute(
                    "SELECT last_failed_wal, failed_count FROM pg_stat_archiver"
                ).fetchone()
                raise BackupRefused(
                    f"日志段 {name} 未能在 {_WAIT_S:.0f} 秒内归档到 {store.wal}（归档失败记录 {why}）；请看数据库日志。",
                    f"The log segment {name} was not archived to {store.wal} within {_WAIT_S:.0f} s (failures on "
                    f"record: {why}); the database's log says why.",
                )
            time.sleep(0.1)


def _held(path: Path) -> bool:
    return path.exists() or path.with_name(f"{path.name}.gz").exists()


def segments(store: Store) -> list[str]:
    """Names of the segments that are there, compressed or not, in order of the log."""
    names = {path.name.removesuffix(".gz") for path in store.wal.iterdir()}
    return sorted(
        (name for name in names if SEGMENT.fullmatch(name)), key=lambda name: (number_of(name), name)
    )


def compress(store: Store) -> int:
    """Compress the segments that are a while old. Gives how many."""
    done = 0
    for path in sorted(store.wal.iterdir()):
        if not SEGMENT.fullmatch(path.name) or time.time() - path.stat().st_mtime < _COMPRESS_AFTER_S:
            continue
        packed, beside = path.with_name(f"{path.name}.gz"), path.with_name(f".{path.name}.gz.partial")
        with path.open("rb") as source, beside.open("wb") as target:
            with gzip.GzipFile(fileobj=target, mode="wb", compresslevel=1, mtime=0) as writer:
                shutil.copyfileobj(source, writer, 1 << 20)
            target.flush()
            os.fsync(target.fileno())
        store.account.own(beside)
        beside.replace(packed)
        path.unlink()
        done += 1
    return done


def prune(store: Store, oldest_needed: str) -> int:
    """Delete segments from before the oldest base backup that is kept. Gives how many."""
    gone = 0
    for path in sorted(store.wal.iterdir()):
        name = path.name.removesuffix(".gz")
        if SEGMENT.fullmatch(name) and number_of(name) < number_of(oldest_needed):
            path.unlink()
            gone += 1
    return gone


def check(store: Store, first: str, beside: Path | None = None) -> None:
    """Refuse a log with a segment missing or a compressed file damaged, from ``first`` on."""
    names = [name for name in segments(store) if number_of(name) >= number_of(first)]
    here = set(names)
    if beside is not None and beside.is_dir():
        here |= {path.name for path in beside.iterdir() if SEGMENT.fullmatch(path.name)}
    # Those beside may be made ahead for later use; a hole counts only where archived ones go on behind it.
    gaps = missing_between(first, names) if names else missing_between(first, here)
    gaps = [name for name in gaps if not any(number_of(other) == number_of(name) for other in here)]
    if gaps:
        raise BackupRefused(
            f"日志归档 {store.wal} 中缺少 {len(gaps)} 段，第一段是 {gaps[0]}：这之后的时刻无法恢复。",
            f"{len(gaps)} segments are missing from the archived log in {store.wal}, the first is {gaps[0]}: no "
            f"instant behind it can be restored.",
        )
    for name in names:
        packed = store.wal / f"{name}.gz"
        if packed.exists():
            _check_packed(packed)


def _check_packed(path: Path) -> None:
    try:
        with gzip.open(path) as reader:
            while reader.read(1 << 20):
                pass
    except (OSError, EOFError, zlib.error) as error:
        raise BackupRefused(
            f"归档的日志段 {path} 已损坏（{error}）：这之后的时刻无法恢复。",
            f"The archived log segment {path} is damaged ({error}): no instant behind it can be restored.",
        ) from error


def restore_command(store: Store, beside: Path | None = None) -> str:
    """The command by which PostgreSQL gets a segment back: plain, compressed, or from the log of the data replaced."""

    def word(path: Path, suffix: str = "") -> str:
        # PostgreSQL puts names in for %f and %p; a percent sign of a path is written twice.
        return shlex.quote(str(path).replace("%", "%%")) + f"/%f{suffix}"

    plain, packed = word(store.wal), word(store.wal, ".gz")
    steps = [
        f'if [ -f {plain} ]; then cp {plain} "%p" || exit {DAMAGED}',
        f'elif [ -f {packed} ]; then gzip -dc {packed} > "%p" || exit {DAMAGED}',
    ]
    if beside is not None:
        other = word(beside)
        steps.append(f'elif [ -f {other} ]; then cp {other} "%p" || exit {DAMAGED}')
    return "; ".join([*steps, "else exit 1", "fi"])
