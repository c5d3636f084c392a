"""Base class of every table: naming convention, shared column kinds."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from geoalchemy2 import Geometry, WKBElement
from sqlalchemy import BigInteger, BindParameter, ColumnElement, DateTime, Identity, MetaData, Text, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, MappedColumn, mapped_column
from sqlalchemy.types import UserDefinedType

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class LTREE(UserDefinedType[str]):
    """A PostgreSQL ``ltree``: the path of a unit from its district down, as text on the Python side."""

    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        """The SQL name of the type."""
        return "ltree"

    def bind_expression(self, bindvalue: BindParameter[str]) -> ColumnElement[str]:
        """Send text as ltree, so that drivers need no adapter."""
        return func.text2ltree(bindvalue)


class Base(DeclarativeBase):
    """All tables."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy's own protocol
        str: Text(),
        datetime: DateTime(timezone=True),
        dict[str, object]: JSONB(),
    }


IdPk = Annotated[int, mapped_column(BigInteger, Identity(always=False), primary_key=True)]
CreatedAt = Annotated[datetime, mapped_column(server_default=func.now())]


def geometry_column(kind: str, *, nullable: bool = False) -> MappedColumn[WKBElement]:
    """A WGS84 geometry column with its GiST index."""
    return mapped_column(Geometry(kind, srid=4326, spatial_index=True), nullable=nullable)
