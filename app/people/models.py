"""Tables of departments, officers, grid teams, and of people counted by grid."""

from __future__ import annotations

from datetime import date

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import DATERANGE, ExcludeConstraint, Range
from sqlalchemy.orm import Mapped, mapped_column

from app.db.base import LTREE, Base, CreatedAt, IdPk

TEAM_ROLES = ("leader", "full_time", "professional")


class Department(Base):
    """A body that handles incident classes or maintains component classes."""

    __tablename__ = "department"

    id: Mapped[IdPk]
    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[CreatedAt]


class Officer(Base):
    """A member of staff; the contact is for those who need it, the path says whose area that is."""

    __tablename__ = "officer"

    id: Mapped[IdPk]
    staff_code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    phone: Mapped[str | None]
    department_id: Mapped[int | None] = mapped_column(ForeignKey("department.id"))
    unit_path: Mapped[str] = mapped_column(LTREE())
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id", ondelete="SET NULL"), unique=True)
    synthetic: Mapped[bool] = mapped_column(server_default=text("false"))
    created_at: Mapped[CreatedAt]

    __table_args__ = (Index(None, "unit_path", postgresql_using="gist"),)


class TeamMember(Base):
    """An officer's place in a grid's team: one leader, one full-time worker, any number of professionals."""

    __tablename__ = "team_member"

    id: Mapped[IdPk]
    grid_code: Mapped[str] = mapped_column(index=True)
    grid_path: Mapped[str] = mapped_column(LTREE())
    officer_id: Mapped[int] = mapped_column(ForeignKey("officer.id", ondelete="CASCADE"), index=True)
    role: Mapped[str]
    subject: Mapped[str | None]
    during: Mapped[Range[date]] = mapped_column(DATERANGE)

    __table_args__ = (
        CheckConstraint(f"role IN {TEAM_ROLES}", name="role"),
        ExcludeConstraint(
            ("grid_code", "="),
            ("role", "="),
            ("during", "&&"),
            name="ex_team_member_one_leader",
            where=text("role IN ('leader', 'full_time')"),
        ),
        Index(None, "grid_path", postgresql_using="gist"),
    )


class PopulationCount(Base):
    """How many of a kind a grid has. There is no register of residents behind it."""

    __tablename__ = "population_count"

    id: Mapped[IdPk]
    grid_code: Mapped[str]
    grid_path: Mapped[str] = mapped_column(LTREE())
    kind: Mapped[str]
    count: Mapped[int] = mapped_column(Integer)
    sensitive: Mapped[bool] = mapped_column(server_default=text("false"))
    counted_on: Mapped[date]
    attributes: Mapped[dict[str, object]] = mapped_column(server_default=text("'{}'::jsonb"))

    __table_args__ = (
        CheckConstraint("count >= 0", name="count"),
        UniqueConstraint("grid_code", "kind", "counted_on"),
        Index(None, "grid_path", postgresql_using="gist"),
    )
