"""Tables of city components: classes, objects, and the shares of lines and areas by grid."""

from __future__ import annotations

from datetime import date, datetime

from geoalchemy2 import WKBElement
from sqlalchemy import CheckConstraint, Float, ForeignKey, Index, Integer, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from app.db.base import LTREE, Base, CreatedAt, IdPk, geometry_column

STATES = ("intact", "damaged", "lost", "discarded", "removed")
GEOMETRY_KINDS = ("point", "line", "polygon")


class ComponentClass(Base):
    """One of the classes of city components (部件小类)."""

    __tablename__ = "component_class"

    code: Mapped[str] = mapped_column(primary_key=True)
    major_code: Mapped[str]
    major_zh: Mapped[str]
    major_en: Mapped[str]
    name_zh: Mapped[str] = mapped_column(unique=True)
    name_en: Mapped[str] = mapped_column(unique=True)
    geometry: Mapped[str]
    department_id: Mapped[int | None] = mapped_column(ForeignKey("department.id"))
    hazard: Mapped[str]
    patrol_days: Mapped[int] = mapped_column(Integer)
    # Seen by those alone who act in its place, and in no tile.
    sensitive: Mapped[bool] = mapped_column(server_default=text("false"))
    scheme: Mapped[str]
    codes_2026: Mapped[list[str]] = mapped_column(ARRAY(Text()))
    evidence: Mapped[str]

    __table_args__ = (
        CheckConstraint(f"geometry IN {GEOMETRY_KINDS}", name="geometry"),
        CheckConstraint("hazard IN ('low', 'medium', 'high')", name="hazard"),
    )


class Component(Base):
    """One object of a class: a point, a line or an area."""

    __tablename__ = "component"

    id: Mapped[IdPk]
    code: Mapped[str]
    code_scheme: Mapped[str]
    code_county: Mapped[str | None]
    code_major: Mapped[str | None]
    code_minor: Mapped[str | None]
    code_sequence: Mapped[str | None]
    class_code: Mapped[str] = mapped_column(ForeignKey("component_class.code"))
    name: Mapped[str | None]
    geom: Mapped[WKBElement] = geometry_column("GEOMETRY")
    state: Mapped[str] = mapped_column(server_default="intact")
    department_id: Mapped[int | None] = mapped_column(ForeignKey("department.id"))
    owner_name: Mapped[str | None]
    maintainer_name: Mapped[str | None]
    surveyed_on: Mapped[date | None]
    changed_on: Mapped[date | None]
    source: Mapped[str | None]
    attributes: Mapped[dict[str, object]] = mapped_column(server_default=text("'{}'::jsonb"))
    measure: Mapped[float | None] = mapped_column(Float(53))
    grid_code: Mapped[str | None]
    grid_path: Mapped[str] = mapped_column(LTREE(), server_default=text("'outside'::ltree"))
    # Every grid with a share: a pipeline that crosses nine grids is on nine lists.
    paths: Mapped[list[str]] = mapped_column(ARRAY(LTREE()), server_default=text("'{outside}'::ltree[]"))
    outside_share: Mapped[float] = mapped_column(Float(53), server_default="0")
    assigned_edition: Mapped[int | None] = mapped_column(Integer)
    import_id: Mapped[int | None] = mapped_column(ForeignKey("import_job.id"))
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[datetime] = mapped_column(server_default=text("now()"))

    __table_args__ = (
        CheckConstraint(f"state IN {STATES}", name="state"),
        UniqueConstraint("code", "code_scheme"),
        Index(None, "grid_code", "class_code"),
        Index(None, "class_code"),
        Index("ix_component_paths", "paths", postgresql_using="gist"),
        Index(None, "import_id"),
    )


class ComponentShare(Base):
    """The part of a line's length or an area's surface that lies in one grid."""

    __tablename__ = "component_share"

    component_id: Mapped[int] = mapped_column(
        ForeignKey("component.id", ondelete="CASCADE"), primary_key=True
    )
    grid_code: Mapped[str] = mapped_column(primary_key=True)
    grid_path: Mapped[str] = mapped_column(LTREE())
    share: Mapped[float] = mapped_column(Float(53))
    measure: Mapped[float] = mapped_column(Float(53))

    __table_args__ = (
        CheckConstraint("share > 0 AND share <= 1 + 1e-9", name="share"),
        Index(None, "grid_code"),
    )
