"""Tables of the published coverage: editions, unit versions, land that is nobody's, and lineage."""

from __future__ import annotations

from datetime import datetime

from geoalchemy2 import Geometry, WKBElement
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Computed,
    Float,
    ForeignKey,
    Index,
    Integer,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import INT4RANGE, ExcludeConstraint, Range
from sqlalchemy.orm import Mapped, mapped_column

from app.boundaries.effective_dates import IN_BOUNDS_SQL
from app.db.base import LTREE, Base, CreatedAt, IdPk, geometry_column
from app.kit.unit_levels import LEVELS


class Edition(Base):
    """One published state of all boundaries, in force from an instant until the next one's."""

    __tablename__ = "edition"

    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    effective_from: Mapped[datetime]
    published_at: Mapped[CreatedAt]
    author: Mapped[str]
    reviewer: Mapped[str | None]
    note: Mapped[str] = mapped_column(server_default="")
    synthetic: Mapped[bool] = mapped_column(server_default=text("false"))
    content_hash: Mapped[str]
    grids: Mapped[int] = mapped_column(Integer)

    __table_args__ = (
        CheckConstraint("number > 0", name="number_positive"),
        CheckConstraint(IN_BOUNDS_SQL, name="effective_from"),
        Index(None, "effective_from", "number"),
    )


class EditionWithdrawal(Base):
    """An edition that was published for the future and taken back before it took effect; its number is not used again."""

    __tablename__ = "edition_withdrawal"

    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    effective_from: Mapped[datetime]
    published_at: Mapped[datetime]
    author: Mapped[str]
    reviewer: Mapped[str | None]
    note: Mapped[str]
    content_hash: Mapped[str]
    grids: Mapped[int] = mapped_column(Integer)
    # Codes of grids: created, changed and retired by it.
    effect: Mapped[dict[str, object]]
    # The draft that had become it and may be published again.
    draft_id: Mapped[int | None] = mapped_column(BigInteger)
    withdrawn_at: Mapped[CreatedAt]
    withdrawn_by: Mapped[str]
    reason: Mapped[str] = mapped_column(server_default="")


class UnitVersion(Base):
    """One version of a district, street, community or grid, with the range of editions it lives in."""

    __tablename__ = "unit_version"

    id: Mapped[IdPk]
    level: Mapped[str]
    code: Mapped[str] = mapped_column(Text(collation="C"))
    code_scheme: Mapped[str] = mapped_column(server_default="own")
    name: Mapped[str]
    kind: Mapped[str | None]
    parent_code: Mapped[str | None]
    district_code: Mapped[str]
    path: Mapped[str] = mapped_column(LTREE())
    editions: Mapped[Range[int]] = mapped_column(INT4RANGE)
    geom: Mapped[WKBElement] = geometry_column("MULTIPOLYGON")
    # Ownership is decided on whole numbers of 1e-7 degree; doubles hold those exactly, degrees they do not.
    lattice: Mapped[WKBElement] = mapped_column(
        Geometry("MULTIPOLYGON", srid=-1, spatial_index=False),
        Computed("ST_SnapToGrid(ST_SetSRID(ST_Scale(geom, 1e7, 1e7), 0), 1)", persisted=True),
    )
    area_m2: Mapped[float] = mapped_column(Float(53))
    attributes: Mapped[dict[str, object]] = mapped_column(server_default=text("'{}'::jsonb"))

    __table_args__ = (
        CheckConstraint(f"level IN {LEVELS}", name="level"),
        CheckConstraint(
            "(level = 'grid') = (kind IS NOT NULL) AND (kind IS NULL OR kind IN ('base', 'dedicated'))",
            name="kind",
        ),
        CheckConstraint("(level = 'district') = (parent_code IS NULL)", name="parent"),
        CheckConstraint("NOT isempty(editions) AND NOT lower_inf(editions)", name="editions"),
        ExcludeConstraint(
            ("level", "="), ("code", "="), ("editions", "&&"), name="ex_unit_version_one_per_edition"
        ),
        Index(None, "path", postgresql_using="gist"),
        Index(
            "ix_unit_version_lattice",
            "lattice",
            postgresql_using="gist",
            postgresql_where=text("level = 'grid'"),
        ),
        Index(None, "level", "code"),
        Index(None, "district_code"),
    )


class ExcludedLand(Base):
    """One version of a piece of land that is nobody's on purpose, with the range of editions it lives in."""

    __tablename__ = "excluded_land"

    id: Mapped[IdPk]
    # "excluded:" and a number that no other piece ever has.
    code: Mapped[str] = mapped_column(Text(collation="C"))
    reason: Mapped[str]
    district_code: Mapped[str]
    editions: Mapped[Range[int]] = mapped_column(INT4RANGE)
    geom: Mapped[WKBElement] = geometry_column("MULTIPOLYGON")
    area_m2: Mapped[float] = mapped_column(Float(53))

    __table_args__ = (
        CheckConstraint("code ~ '^excluded:[1-9][0-9]*$'", name="code"),
        CheckConstraint("reason <> ''", name="reason"),
        CheckConstraint("NOT isempty(editions) AND NOT lower_inf(editions)", name="editions"),
        ExcludeConstraint(("code", "="), ("editions", "&&"), name="ex_excluded_land_one_per_edition"),
        Index(None, "district_code"),
    )


class Lineage(Base):
    """Where the land of a grid went when an edition changed it."""

    __tablename__ = "lineage"

    id: Mapped[IdPk]
    edition: Mapped[int] = mapped_column(ForeignKey("edition.number"))
    from_code: Mapped[str | None]
    to_code: Mapped[str | None]
    kind: Mapped[str]
    area_m2: Mapped[float] = mapped_column(Float(53))
    share_of_from: Mapped[float | None] = mapped_column(Float(53))

    __table_args__ = (
        UniqueConstraint("edition", "from_code", "to_code"),
        CheckConstraint("from_code IS NOT NULL OR to_code IS NOT NULL", name="some_code"),
    )


class DeferredReassignment(Base):
    """An edition that was published for the future has come into force, and what lies in its changes has new owners."""

    __tablename__ = "settlement"

    edition: Mapped[int] = mapped_column(ForeignKey("edition.number"), primary_key=True, autoincrement=False)
    settled_at: Mapped[CreatedAt]
    components: Mapped[int] = mapped_column(Integer)
    incidents: Mapped[int] = mapped_column(Integer)
