"""Tables of long work: one row for each import, with its progress and its report."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, Index, Integer, text
from sqlalchemy.orm import Mapped, mapped_column

from app.db.base import Base, CreatedAt, IdPk


class ImportJob(Base):
    """One file that was offered: what it was, what became of it, and which rows were refused."""

    __tablename__ = "import_job"

    id: Mapped[IdPk]
    kind: Mapped[str]
    state: Mapped[str] = mapped_column(server_default="running")
    file_name: Mapped[str]
    file_sha256: Mapped[str]
    options: Mapped[dict[str, object]] = mapped_column(server_default=text("'{}'::jsonb"))
    source_crs: Mapped[str | None]
    rows_total: Mapped[int] = mapped_column(BigInteger, server_default="0")
    rows_done: Mapped[int] = mapped_column(BigInteger, server_default="0")
    rows_rejected: Mapped[int] = mapped_column(BigInteger, server_default="0")
    rows_ownerless: Mapped[int] = mapped_column(BigInteger, server_default="0")
    edition: Mapped[int | None] = mapped_column(Integer)
    report: Mapped[dict[str, object]] = mapped_column(server_default=text("'{}'::jsonb"))
    created_by: Mapped[str]
    created_at: Mapped[CreatedAt]
    finished_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("kind IN ('grids', 'components', 'incidents', 'demo')", name="kind"),
        CheckConstraint("state IN ('running', 'done', 'refused', 'failed')", name="state"),
        Index(None, "kind", "file_sha256"),
    )
