"""Proof that the last backup can be restored: restored into a second cluster, checked there, and thrown away."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from app.db import cluster
from app.db.cluster import places, record
from app.db.errors import BackupRefused
from app.db.recovery import archive, status
from app.db.recovery.segments import number_at, number_of
from app.db.recovery.staging import staged
from app.db.recovery.store import Store
from app.db.recovery.timelines import bases_for, forks_of

Check = Callable[[str], list[str]]
"""Takes the owner's URL of the restored database; gives what is broken, in the reader's language."""


@dataclass(frozen=True)
class Rehearsal:
    """What came of a rehearsal."""

    base: str
    broken: list[str]
    seconds: float


def rehearse(home: Path, store: Store, check: Check, *, say: cluster.Say) -> Rehearsal:
    """Restore the newest base backup with all of the archived log beside the live cluster, and check it."""
    with store.alone(home):
        return _run(home, store, check, say)


def _run(home: Path, store: Store, check: Check, say: cluster.Say) -> Rehearsal:
    known = record.load(home)
    bases = store.base_backups() if store.folder.is_dir() else []
    forks = forks_of(store)
    line = forks[-1].after if forks else (bases[-1].timeline if bases else 0)
    fitting = bases_for(datetime.now(UTC), line, bases, forks)
    if known is None or not fitting:
        raise BackupRefused(
            f"{store.folder} 中没有基础备份可供演练。先运行 wangge db backup --nightly。",
            f"There is no base backup in {store.folder} to rehearse. Run `wangge db backup --nightly` first.",
            code="no-base-backup",
        )
    base, began = fitting[-1], time.monotonic()
    where = places.of_record(home, known)
    try:
        with staged(home, where, store, base, line=line, until=None, say=say) as ready:
            archived = [name for name in archive.segments(store) if int(name[:8], 16) == line]
            if archived and number_at(ready.end_lsn) < number_of(archived[-1]):
                raise BackupRefused(
                    f"日志在 {ready.end_lsn} 处中断，而归档里还有 {archived[-1]}：中间一段已损坏。",
                    f"The log breaks off at {ready.end_lsn} although {archived[-1]} is in the archive: a segment is "
                    f"damaged.",
                    code="log-damaged",
                )
            broken = check(ready.info.owner_url or "")
    except Exception as error:
        status.note(store, "rehearsal", ok=False, reason=str(error))
        raise
    done = Rehearsal(base.name, broken, round(time.monotonic() - began, 1))
    reason = {} if not broken else {"reason": "; ".join(broken)}
    status.note(store, "rehearsal", ok=not broken, base=base.name, seconds=done.seconds, **reason)
    return done
