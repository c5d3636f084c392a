"""Tables of drafts: what was done in which order, what each step made of the grids, and the append-only log."""

from __future__ import annotations

from geoalchemy2 import Geometry, WKBElement
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.db.base import LTREE, Base, CreatedAt, IdPk
from app.drafts import states


class Draft(Base):
    """A change set of boundary edits on top of an edition, not yet published."""

    __tablename__ = "draft"

    id: Mapped[IdPk]
    title: Mapped[str]
    base: Mapped[int] = mapped_column(ForeignKey("edition.number"))
    state: Mapped[str] = mapped_column(server_default=states.OPEN)
    scope_path: Mapped[str] = mapped_column(LTREE())
    author: Mapped[str]
    # Who that is, whatever they are called: an account, or a token that belongs to none.
    author_key: Mapped[str] = mapped_column(server_default="")
    reviewer: Mapped[str | None]
    reviewer_key: Mapped[str | None]
    edition: Mapped[int | None] = mapped_column(ForeignKey("edition.number"), unique=True)
    version: Mapped[int] = mapped_column(Integer, server_default="1")
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[CreatedAt]

    __table_args__ = (
        CheckConstraint(f"state IN {states.NAMES}", name="state"),
        Index(None, "scope_path", postgresql_using="gist"),
    )


class DraftOperation(Base):
    """One operation of a draft, in the order in which they apply."""

    __tablename__ = "draft_operation"

    draft_id: Mapped[int] = mapped_column(ForeignKey("draft.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(Integer, primary_key=True)
    operation: Mapped[dict[str, object]]
    # Codes of grids by what happened to them: created, changed, retired.
    effect: Mapped[dict[str, list[str]]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    undone: Mapped[bool] = mapped_column(server_default=text("false"))
    author: Mapped[str]
    author_key: Mapped[str] = mapped_column(server_default="")
    created_at: Mapped[CreatedAt]


class DraftGrid(Base):
    """A grid as one operation left it; the newest row of a code that is not undone is the grid of the draft."""

    __tablename__ = "draft_grid"

    draft_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    position: Mapped[int] = mapped_column(Integer, primary_key=True)
    code: Mapped[str] = mapped_column(Text(collation="C"), primary_key=True)
    # A grid that the operation retired has nothing else.
    name: Mapped[str | None]
    parent_code: Mapped[str | None]
    kind: Mapped[str | None]
    geom: Mapped[WKBElement | None] = mapped_column(Geometry("MULTIPOLYGON", srid=4326), nullable=True)

    __table_args__ = (
        ForeignKeyConstraint(
            ["draft_id", "position"],
            ["draft_operation.draft_id", "draft_operation.position"],
            ondelete="CASCADE",
        ),
        CheckConstraint("num_nulls(name, parent_code, kind, geom) IN (0, 4)", name="whole"),
        # Land that is nobody's on purpose: its name is the reason, its parent the district.
        CheckConstraint("kind IN ('base', 'dedicated', 'excluded')", name="kind"),
        Index(None, "draft_id", "code", "position"),
    )


class DraftLog(Base):
    """One step in the life of a draft: who, when, what and why. Never changed, never removed."""

    __tablename__ = "draft_log"

    id: Mapped[IdPk]
    draft_id: Mapped[int] = mapped_column(ForeignKey("draft.id"), index=True)
    at: Mapped[CreatedAt]
    actor: Mapped[str]
    actor_key: Mapped[str]
    action: Mapped[str]
    from_state: Mapped[str | None]
    to_state: Mapped[str]
    note: Mapped[str | None]
    detail: Mapped[dict[str, object]] = mapped_column(server_default=text("'{}'::jsonb"))
