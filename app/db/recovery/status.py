"""What is known of the last backup and the last rehearsal, for people and for /metrics."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from app.db.cluster import record
from app.db.recovery.store import Store

Kind = Literal["backup", "rehearsal"]


@dataclass(frozen=True)
class BackupStatus:
    """Instants of the last success of each kind (None: never) and the failures since."""

    backup_at: datetime | None = None
    rehearsal_at: datetime | None = None
    backup_failures: int = 0
    rehearsal_failures: int = 0
    reason: str | None = None


def note(store: Store, kind: Kind, *, ok: bool, **details: object) -> None:
    """Record how a backup or rehearsal ended."""
    fields = _read(store)
    entry = fields.setdefault(kind, {})
    now = datetime.now(UTC).isoformat()
    if ok:
        fields[kind] = {"at": now, "failures": 0, **details}
    else:
        fields[kind] = {**entry, "failures": int(entry.get("failures", 0)) + 1, "failed_at": now, **details}
    if store.folder.is_dir():
        record.write_atomically(
            store.folder / "status.json", json.dumps(fields, ensure_ascii=False, indent=1) + "\n", mode=0o600
        )


def backup_status(store: Store) -> BackupStatus:
    """The record as it stands; an unreadable one counts as none."""
    fields = _read(store)
    done, tried = fields.get("backup", {}), fields.get("rehearsal", {})
    return BackupStatus(
        _instant(done.get("at")),
        _instant(tried.get("at")),
        int(done.get("failures", 0)),
        int(tried.get("failures", 0)),
        done.get("reason") or tried.get("reason"),
    )


def _read(store: Store) -> dict[str, Any]:
    try:
        fields = json.loads((store.folder / "status.json").read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return fields if isinstance(fields, dict) else {}


def _instant(text: object) -> datetime | None:
    return datetime.fromisoformat(text) if isinstance(text, str) else None
