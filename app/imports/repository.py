"""Every query on imports."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.db import locks
from app.imports.models import ImportJob


def take_file(session: Session, kind: str, sha256: str) -> bool:
    """Hold a file until this transaction ends; False when another transaction holds it."""
    return locks.try_hold(session, locks.IMPORT_FILE, f"{kind} {sha256}")


def done_with_file(session: Session, kind: str, sha256: str) -> ImportJob | None:
    """The newest import of this very file that was stored."""
    return session.scalars(
        select(ImportJob)
        .where(ImportJob.kind == kind, ImportJob.file_sha256 == sha256, ImportJob.state == "done")
        .order_by(ImportJob.id.desc())
        .limit(1)
    ).first()


def of_source(session: Session, kind: str, file_name: str, sha256: str) -> Sequence[int]:
    """Ids of stored imports of this file, by content or by name."""
    query = select(ImportJob.id).where(
        ImportJob.kind == kind,
        ImportJob.state == "done",
        (ImportJob.file_sha256 == sha256) | (ImportJob.file_name == file_name),
    )
    return session.scalars(query.order_by(ImportJob.id)).all()


def newest(session: Session, *, limit: int) -> Sequence[ImportJob]:
    """Imports, newest first."""
    return session.scalars(select(ImportJob).order_by(ImportJob.id.desc()).limit(limit)).all()
