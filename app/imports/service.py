"""Imports as rows: begun, then done or refused; the same file offered twice is recognised."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NotRequired, TypedDict

from sqlalchemy.orm import Session

from app.errors import Conflict
from app.imports import repository
from app.imports.models import ImportJob
from app.kit.clock import now
from gis.text import Text


class OnConflict(StrEnum):
    """What to do with a file, or with codes, that are there already."""

    REFUSE = "refuse"
    UPDATE = "update"
    REPLACE = "replace"


@dataclass(frozen=True)
class SourceFile:
    """The file an import came from."""

    name: str
    sha256: str
    crs: str
    options: dict[str, object] = field(default_factory=dict)


class Agreement(TypedDict):
    """How often our owner is the unit that a column of the source names."""

    column: str
    same: int
    of: int
    rate: float


class OwnerlessRow(TypedDict):
    """A row outside every grid: where it stands in the file and on Earth, and its code if it has one."""

    row: int
    code: NotRequired[str]
    place: list[float]


@dataclass
class ImportReport:
    """What an import did, for people and programs."""

    import_id: int
    rows: int = 0
    stored: int = 0
    updated: int = 0
    removed: int = 0
    rejected: int = 0
    ownerless: int = 0
    edition: int | None = None
    agreement: Agreement | None = None
    ownerless_rows: list[OwnerlessRow] = field(default_factory=list)
    notes: list[dict[str, str]] = field(default_factory=list)

    def note(self, zh: str, en: str) -> None:
        """Add a remark in both languages."""
        self.notes.append({"zh": zh, "en": en})

    def pass_on(self, notes: Iterable[Text]) -> None:
        """Add what the reader of the file had to say."""
        for note in notes:
            self.note(note.zh, note.en)


def begin(session: Session, kind: str, source: SourceFile, *, again: OnConflict, actor: str) -> ImportJob:
    """Open an import; refuse a file that was stored before unless told what to do with it."""
    if not repository.take_file(session, kind, source.sha256):
        raise Conflict(
            "这个文件正在被另一个进程导入，请等它结束",
            "this file is being imported by another process; wait for it",
            code="import-under-way",
        )
    earlier = repository.done_with_file(session, kind, source.sha256)
    if earlier is not None and again is OnConflict.REFUSE:
        when = earlier.created_at.isoformat(timespec="seconds")
        raise Conflict(
            f"这个文件已经导入过（第 {earlier.id} 次导入，{when}，{earlier.rows_done} 行）。"
            "--update 按编码更新，--replace 先删去那次导入的数据",
            f"this file was imported before (import {earlier.id}, {when}, {earlier.rows_done} rows). "
            "--update writes over equal codes, --replace removes what that import stored first",
            code="imported-before",
            import_id=earlier.id,
        )
    job = ImportJob(
        kind=kind,
        file_name=source.name,
        file_sha256=source.sha256,
        source_crs=source.crs,
        options=source.options,
        created_by=actor,
    )
    session.add(job)
    session.flush()
    return job


def finish(session: Session, job: ImportJob, report: ImportReport) -> None:
    """Close an import that was stored."""
    job.state = "done"
    job.rows_total = report.rows
    job.rows_done = report.stored + report.updated
    job.rows_rejected = report.rejected
    job.rows_ownerless = report.ownerless
    job.edition = report.edition
    job.report = {"notes": report.notes, "updated": report.updated, "removed": report.removed}
    if report.agreement:
        job.report["agreement"] = report.agreement
    job.finished_at = now()
    session.flush()


def record_refusal(session: Session, kind: str, source: SourceFile, reason: str, *, actor: str) -> None:
    """Remember that a file was offered and refused; called in a transaction of its own, after the rollback."""
    session.add(
        ImportJob(
            kind=kind,
            state="refused",
            file_name=source.name,
            file_sha256=source.sha256,
            source_crs=source.crs,
            options=source.options,
            created_by=actor,
            report={"reason": reason},
            finished_at=now(),
        )
    )
    session.flush()
