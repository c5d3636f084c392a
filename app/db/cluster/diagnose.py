"""From what PostgreSQL printed to what a person can do about it."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from app.db.errors import ClusterFailure, DiskFull

# A write that ends in one of these had no room: the disk, the user's quota, or the process's file size limit.
NO_ROOM = re.compile(r"No space left on device|Disk quota exceeded|File too large|Check free disk space")
PORT_TAKEN = re.compile(
    r"could not bind \S+ address|could not create any TCP/IP sockets|Address already in use"
)
SHARED_MEMORY = re.compile(r"pre-existing shared memory block")
OTHER_VERSION = re.compile(r"initialized by PostgreSQL version (\d+)")
NEEDED_TO_CREATE = 192 * 1024 * 1024
NEEDED_TO_START = 48 * 1024 * 1024


def check_room(folder: Path, needed: int) -> None:
    """Refuse before trying when the disk of ``folder`` has less than ``needed`` bytes free."""
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise disk_full(folder, needed=needed)


def disk_full(folder: Path, *, needed: int = NEEDED_TO_START) -> DiskFull:
    """The message for a disk without room."""
    try:
        free = shutil.disk_usage(folder).free / 1e6
    except OSError:
        free = 0.0
    want = needed / 1e6
    return DiskFull(
        f"磁盘空间不足：{folder} 所在磁盘剩余 {free:.0f} MB，至少需要 {want:.0f} MB。"
        f"请腾出空间后重试（已提交的数据不会丢失），或把 WANGGE_HOME 设到别的磁盘。",
        f"Disk full: {free:.0f} MB free on the disk of {folder}, at least {want:.0f} MB are needed. "
        f"Make room and try again (nothing committed is lost), or set WANGGE_HOME on another disk.",
    )


def tail(log: Path, start: int, *, lines: int = 12) -> str:
    """The last lines of ``log`` after byte ``start``."""
    try:
        with log.open("rb") as handle:
            handle.seek(start)
            text = handle.read()[-20000:].decode("utf-8", "replace")
    except OSError:
        return ""
    return "\n".join(text.splitlines()[-lines:])


def explain(action_zh: str, action_en: str, output: str, folder: Path) -> ClusterFailure:
    """The error for a failed step, with the cause named when it is a known one."""
    if NO_ROOM.search(output) or _disk_free(folder) < 1_000_000:
        return disk_full(folder)
    if found := OTHER_VERSION.search(output):
        return ClusterFailure(
            f"{action_zh}失败：数据由 PostgreSQL {found[1]} 建立，请安装该版本（postgresql-{found[1]}）。",
            f"{action_en} failed: the data was made by PostgreSQL {found[1]}; install that version "
            f"(postgresql-{found[1]}).",
            code="postgres-version",
        )
    if "Permission denied" in output or "Operation not permitted" in output:
        zh, en = "没有权限。", "No permission. "
    else:
        zh, en = "", ""
    detail = output.strip() or "（没有输出 / no output）"
    return ClusterFailure(
        f"{action_zh}失败（{folder}）。{zh}PostgreSQL 的话：\n{detail}",
        f"{action_en} failed ({folder}). {en}PostgreSQL said:\n{detail}",
    )


def _disk_free(folder: Path) -> int:
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return 1 << 62
