"""``cluster.json`` and ``pgpass`` in WANGGE_HOME: what is remembered of the private cluster between runs."""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from app.db.errors import ClusterFailure

OWNER, SERVICE, DATABASE = "wangge_owner", "wangge_service", "wangge"
# Nobody signs in as this one: people's own roles are granted it.
READER = "wangge_reader"
FORMAT = 1


@dataclass(frozen=True)
class Record:
    """``cluster`` is relative to the home (so the home can move) unless the data had to live elsewhere."""

    cluster: str
    port: int
    identifier: str
    socket_folder: str | None = None
    started_by: str = ""
    format: int = FORMAT

    def having(self, **changes: object) -> Record:
        """A copy with some fields changed."""
        return replace(self, **changes)  # type: ignore[arg-type]


def path_of(home: Path) -> Path:
    """Where the record is."""
    return home / "cluster.json"


def load(home: Path) -> Record | None:
    """The record of ``home``, or None where no cluster was made."""
    path = path_of(home)
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        return None
    except PermissionError as error:
        raise not_ours(path) from error
    try:
        fields = json.loads(text)
        if fields["format"] != FORMAT:
            raise ValueError(f"format {fields['format']}")
        return Record(**fields)
    except (ValueError, KeyError, TypeError) as error:
        raise ClusterFailure(
            f"无法理解 {path}（{error}）。它应由同一版本的 wangge 写成；请从备份恢复，或换一个 WANGGE_HOME。",
            f"Cannot make sense of {path} ({error}). It should have been written by this version of wangge; "
            f"restore it from a backup or choose another WANGGE_HOME.",
            code="cluster-record-damaged",
        ) from error


def save(home: Path, record: Record) -> None:
    """Write the record, whole or not at all."""
    write_atomically(
        path_of(home), json.dumps(asdict(record), ensure_ascii=False, indent=1) + "\n", mode=0o644
    )


def passwords(home: Path) -> dict[str, str]:
    """Passwords by role from ``pgpass`` (libpq's own format, so ``PGPASSFILE`` can point at it)."""
    path = home / "pgpass"
    try:
        lines = path.read_text("ascii").splitlines()
    except FileNotFoundError:
        return {}
    except PermissionError as error:
        raise not_ours(path) from error
    found = {}
    for line in lines:
        fields = line.split(":")
        if len(fields) == 5 and not line.startswith("#"):
            found[fields[3]] = fields[4]
    return found


def ensure_passwords(home: Path) -> tuple[dict[str, str], bool]:
    """Passwords for both roles, made where missing; the second value says whether the owner's is new."""
    known = passwords(home)
    missing = [role for role in (OWNER, SERVICE) if role not in known]
    if missing:
        # Letters, digits, - and _ only: no escaping in a URL, a pgpass line or SQL.
        known |= {role: secrets.token_urlsafe(24) for role in missing}
        lines = [f"*:*:*:{role}:{known[role]}\n" for role in (OWNER, SERVICE)]
        write_atomically(home / "pgpass", "".join(lines), mode=0o600)
    return known, OWNER in missing


def write_atomically(path: Path, text: str, *, mode: int) -> None:
    """Write beside, flush to disk, rename: a reader or a crash sees the old file or the new one."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    # Left by a process of that number that was killed, or laid by somebody else: never written through.
    beside.unlink(missing_ok=True)
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
    try:
        os.fchmod(descriptor, mode)
        os.write(descriptor, text.encode("utf-8"))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    beside.replace(path)


def not_ours(path: Path) -> ClusterFailure:
    """The refusal for a home that another user made."""
    return ClusterFailure(
        f"没有权限读写 {path}：它属于另一个用户。请用建立它的用户（如 root）运行，或另设 WANGGE_HOME。",
        f"No permission on {path}: it belongs to another user. Run as the user who made it (root, perhaps), "
        f"or set another WANGGE_HOME.",
        code="home-unusable",
    )
