"""Shapes as GeoJSON where PostGIS writes it: rings turned as RFC 7946 demands, seven decimals, which is the lattice.

`gis.geojson` is the same for shapes that Python holds.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, SQLColumnExpression, func

__all__ = ["AS_GEOJSON", "as_geojson"]

AS_GEOJSON = "ST_AsGeoJSON(ST_ForcePolygonCCW({geometry}), 7)"
"""The expression for SQL text; `geometry` is a column or another expression of the schema, never what came from outside."""


def as_geojson(geometry: SQLColumnExpression[object]) -> ColumnElement[str]:
    """The same as an expression of SQLAlchemy."""
    return func.ST_AsGeoJSON(func.ST_ForcePolygonCCW(geometry), 7)
