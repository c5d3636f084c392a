"""The archived log of changes: switched on, compressed, pruned, and read back.

PostgreSQL's own module ``basic_archive`` copies each finished segment (written aside, flushed, renamed); no shell runs.
"""

from __future__ import annotations

import gzip
import shlex
import subprocess
import time
import zlib
from collections.abc import Sequence
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
_AT_ONCE = 200
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
                code="archiving-off",
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
                    code="archive-stalled",
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
    """Compress the segments that are a while old, as the account they belong to. Gives how many."""
    old = [
        str(path)
        for path in sorted(store.wal.iterdir())
        if SEGMENT.fullmatch(path.name) and time.time() - path.lstat().st_mtime >= _COMPRESS_AFTER_S
    ]
    for begin in range(0, len(old), _AT_ONCE):
        command = [
            "gzip",
            "--fast",
            "--no-name",
            "--force",
            "--synchronous",
            "--",
            *old[begin : begin + _AT_ONCE],
        ]
        done = subprocess.run(
            command, check=False, capture_output=True, text=True, **store.account.spawn_options()
        )
        if done.returncode != 0:
            reason = done.stderr.strip()
            raise BackupRefused(
                f"压缩归档的日志失败：{reason}",
                f"Compressing the archived log failed: {reason}",
                code="archive-compression-failed",
            )
    return len(old)


def prune(store: Store, oldest_needed: str) -> int:
    """Delete segments from before the oldest base backup that is kept. Gives how many."""
    gone = 0
    for path in sorted(store.wal.iterdir()):
        # Half segments of ended timelines and labels of backups as well; histories are small and stay.
        name, rest = path.name[:24], path.name[24:]
        if SEGMENT.fullmatch(name) and rest != ".history" and number_of(name) < number_of(oldest_needed):
            path.unlink()
            gone += 1
    return gone


def check(store: Store, first: str, besides: Sequence[Path] = ()) -> None:
    """Refuse a log with a segment missing or a compressed file damaged, from ``first`` on."""
    names = [name for name in segments(store) if number_of(name) >= number_of(first)]
    here = set(names)
    for beside in besides:
        if beside.is_dir():
            here |= {path.name for path in beside.iterdir() if SEGMENT.fullmatch(path.name)}
    # Those beside may be made ahead for later use; a hole counts only where archived ones go on behind it.
    gaps = missing_between(first, names) if names else missing_between(first, here)
    gaps = [name for name in gaps if not any(number_of(other) == number_of(name) for other in here)]
    if gaps:
        raise BackupRefused(
            f"日志归档 {store.wal} 中缺少 {len(gaps)} 段，第一段是 {gaps[0]}：这之后的时刻无法恢复。",
            f"{len(gaps)} segments are missing from the archived log in {store.wal}, the first is {gaps[0]}: no "
            f"instant behind it can be restored.",
            code="log-damaged",
        )
    for name in names:
        packed = store.wal / f"{name}.gz"
        # Beside a plain one it was left by a compression that was cut short, and is not read.
        if packed.exists() and not (store.wal / name).exists():
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
            code="log-damaged",
        ) from error


def restore_command(store: Store, besides: Sequence[Path] = ()) -> str:
    """The command by which PostgreSQL gets a segment back: plain, compressed, or from the log of data replaced."""

    def word(path: Path, suffix: str = "") -> str:
        # PostgreSQL puts names in for %f and %p; a percent sign of a path is written twice.
        return shlex.quote(str(path).replace("%", "%%")) + f"/%f{suffix}"

    packed = word(store.wal, ".gz")
    places = [(word(path), f'cp {word(path)} "%p"') for path in (store.wal, *besides)]
    places.insert(1, (packed, f'gzip -dc {packed} > "%p"'))
    steps = [
        f"{'elif' if number else 'if'} [ -f {place} ]; then {fetch} || exit {DAMAGED}"
        for number, (place, fetch) in enumerate(places)
    ]
    return "; ".join([*steps, "else exit 1", "fi"])


def keep_histories(store: Store, log: Path) -> None:
    """Copy the histories of timelines into the archive, as its account: promotion without archiving leaves them out."""
    found = [str(path) for path in sorted(log.glob("*.history"))]
    if found:
        command = ["cp", "--no-clobber", "--", *found, str(store.wal)]
        subprocess.run(command, check=True, capture_output=True, **store.account.spawn_options())
        subprocess.run(["sync", str(store.wal)], check=True, capture_output=True)
