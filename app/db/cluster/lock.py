"""One process at a time creates, starts or stops a cluster."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.db.errors import ClusterBusy


@contextmanager
def exclusive(path: Path, *, wait_s: float = 120.0) -> Iterator[None]:
    """Hold the lock file ``path``; the kernel lets go of it when the process ends, however it ends."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        deadline = time.monotonic() + wait_s
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise ClusterBusy(
                        f"另一个进程正在操作这个数据库，已等待 {wait_s:.0f} 秒（锁文件 {path}）。请稍后再试。",
                        f"Another process has been working on this database for {wait_s:.0f} s (lock {path}). "
                        f"Try again in a moment.",
                    ) from None
                time.sleep(0.05)
        yield
    finally:
        os.close(descriptor)
