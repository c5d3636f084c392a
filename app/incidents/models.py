"""Tables of incidents: classes, the incidents themselves, and their append-only log."""

from __future__ import annotations

from datetime import datetime

from geoalchemy2 import WKBElement
from sqlalchemy import CheckConstraint, Computed, Float, ForeignKey, Index, Integer, text
from sqlalchemy.orm import Mapped, mapped_column

from app.db.base import LTREE, Base, CreatedAt, IdPk, geometry_column
from app.incidents import states

ORIGINS = ("complaint", "found")
_OPEN = text("is_open")


class IncidentClass(Base):
    """One class of incidents (事件小类), with its department and starting time limit."""

    __tablename__ = "incident_class"

    code: Mapped[str] = mapped_column(primary_key=True)
    major_code: Mapped[str]
    major_zh: Mapped[str]
    major_en: Mapped[str]
    name_zh: Mapped[str] = mapped_column(unique=True)
    name_en: Mapped[str] = mapped_column(unique=True)
    department_id: Mapped[int | None] = mapped_column(ForeignKey("department.id"))
    time_limit: Mapped[float | None] = mapped_column(Float(53))
    time_limit_unit: Mapped[str | None]
    urgency: Mapped[str] = mapped_column(server_default="normal")
    # Counted, never listed or drawn for those who do not act on them.
    sensitive: Mapped[bool] = mapped_column(server_default=text("false"))
    code_2026: Mapped[str | None]
    scheme: Mapped[str]
    limit_basis: Mapped[str | None]

    __table_args__ = (
        CheckConstraint(
            "time_limit_unit IN ('hour', 'working_hour', 'working_day', 'calendar_day')",
            name="time_limit_unit",
        ),
        CheckConstraint("urgency IN ('low', 'normal', 'urgent', 'emergency')", name="urgency"),
    )


class Incident(Base):
    """Something reported at a place and a time.

    The service may not select the columns that hold text or lead to somebody's door (address, description, source_id,
    component_code, attributes, idempotency_key): SQL functions give them to those who act. A new column is readable
    only after a revision grants it (``GRANT SELECT (name) ON incident TO wangge_service``). So for ``IncidentLog``.
    """

    __tablename__ = "incident"

    id: Mapped[IdPk]
    number: Mapped[str] = mapped_column(unique=True)
    source: Mapped[str]
    source_id: Mapped[str | None]
    class_code: Mapped[str | None] = mapped_column(ForeignKey("incident_class.code"))
    state: Mapped[str] = mapped_column(server_default=states.REPORTED)
    # Written by PostgreSQL out of the state; never set.
    is_open: Mapped[bool] = mapped_column(Computed(states.IS_OPEN_SQL, persisted=True))
    is_void: Mapped[bool] = mapped_column(Computed(states.IS_VOID_SQL, persisted=True))
    origin: Mapped[str] = mapped_column(server_default="complaint")
    channel: Mapped[str | None]
    geom: Mapped[WKBElement | None] = geometry_column("POINT", nullable=True)
    address: Mapped[str | None]
    description: Mapped[str | None]
    occurred_at: Mapped[datetime]
    reported_at: Mapped[datetime]
    due_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    department_id: Mapped[int | None] = mapped_column(ForeignKey("department.id"))
    component_code: Mapped[str | None]
    grid_code: Mapped[str | None]
    grid_path: Mapped[str] = mapped_column(LTREE(), server_default=text("'outside'::ltree"))
    assigned_edition: Mapped[int | None] = mapped_column(Integer)
    attributes: Mapped[dict[str, object]] = mapped_column(server_default=text("'{}'::jsonb"))
    idempotency_key: Mapped[str | None]
    import_id: Mapped[int | None] = mapped_column(ForeignKey("import_job.id"))
    created_at: Mapped[CreatedAt]

    __table_args__ = (
        CheckConstraint(f"state IN {states.NAMES}", name="state"),
        CheckConstraint(f"origin IN {ORIGINS}", name="origin"),
        Index(
            "uq_incident_source_source_id",
            "source",
            "source_id",
            unique=True,
            postgresql_where=text("source_id IS NOT NULL"),
        ),
        Index(
            "uq_incident_idempotency_key",
            "idempotency_key",
            unique=True,
            postgresql_where=text("idempotency_key IS NOT NULL"),
        ),
        Index(None, "occurred_at"),
        Index(None, "grid_code", "occurred_at"),
        Index(None, "grid_path", postgresql_using="gist"),
        Index("ix_incident_open", "due_at", postgresql_where=_OPEN),
        # What ended since an edition took effect; rows come in about that order.
        Index(
            "ix_incident_ended",
            text("coalesce(closed_at, reported_at)"),
            postgresql_using="brin",
            postgresql_with={"autosummarize": "on"},
        ),
        # What changes hands when grids do; a hundredth of all.
        Index("ix_incident_open_geom", "geom", postgresql_using="gist", postgresql_where=_OPEN),
        Index("ix_incident_open_grid_code", "grid_code", postgresql_where=_OPEN),
    )


class IncidentLog(Base):
    """One step in the life of an incident: who, when, what and why. Never changed, never removed."""

    __tablename__ = "incident_log"

    id: Mapped[IdPk]
    incident_id: Mapped[int] = mapped_column(ForeignKey("incident.id"), index=True)
    at: Mapped[CreatedAt]
    actor: Mapped[str]
    action: Mapped[str]
    from_state: Mapped[str | None]
    to_state: Mapped[str | None]
    note: Mapped[str | None]
    detail: Mapped[dict[str, object]] = mapped_column(server_default=text("'{}'::jsonb"))
