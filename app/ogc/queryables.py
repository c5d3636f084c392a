"""What filters may name in each collection, with the columns that stand behind it, and the document that lists it."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Float, Numeric, SQLColumnExpression, cast, func

from app.boundaries.models import ExcludedLand, UnitVersion
from app.conditions.properties import Kind, Properties, Property
from gis.text import Language, Text

__all__ = ["DRAFT_GRIDS", "area_shown", "queryables", "schema"]

_CODE, _NAME = Text("编码", "Code"), Text("名称", "Name")
_GRID_KIND = Text("网格类型：base 基础网格，dedicated 专属网格", "Kind of grid: base or dedicated")
_AREA, _BOUNDARY = Text("面积（平方米）", "Area in square metres"), Text("边界", "Boundary")


def area_shown(area: SQLColumnExpression[float]) -> SQLColumnExpression[float]:
    """An area as features show it, so that a filter for what was seen finds it again."""
    return cast(func.round(cast(area, Numeric), 1), Float(53))


_UNITS = Properties(
    [
        Property("code", "text", _CODE, UnitVersion.code),
        Property("name", "text", _NAME, UnitVersion.name),
        Property("kind", "text", _GRID_KIND, UnitVersion.kind),
        Property(
            "parent",
            "text",
            Text("上一级单元的编码", "Code of the unit one level up"),
            UnitVersion.parent_code,
        ),
        Property("area_m2", "number", _AREA, area_shown(UnitVersion.area_m2)),
        Property("geometry", "geometry", _BOUNDARY, UnitVersion.geom),
    ]
)
_EXCLUDED = Properties(
    [
        Property("code", "text", _CODE, ExcludedLand.code),
        Property(
            "reason", "text", Text("不划入网格的理由", "Why it belongs to no grid"), ExcludedLand.reason
        ),
        Property(
            "district", "text", Text("所在区的编码", "Code of its district"), ExcludedLand.district_code
        ),
        Property("area_m2", "number", _AREA, area_shown(ExcludedLand.area_m2)),
        Property("geometry", "geometry", _BOUNDARY, ExcludedLand.geom),
    ]
)
DRAFT_GRIDS = Properties(
    [
        Property("code", "text", _CODE),
        Property("name", "text", _NAME),
        Property("community", "text", Text("所在社区的编码", "Code of its community")),
        Property("kind", "text", _GRID_KIND),
        Property("geometry", "geometry", _BOUNDARY),
    ]
)
"""Of the grids of a draft, which are tested in memory."""

_SCHEMAS: Mapping[Kind, Mapping[str, str]] = {
    "text": {"type": "string"},
    "integer": {"type": "integer"},
    "number": {"type": "number"},
    "boolean": {"type": "boolean"},
    "instant": {"type": "string", "format": "date-time"},
    "date": {"type": "string", "format": "date"},
    "geometry": {"format": "geometry-any"},
}


def queryables(level: str) -> Properties:
    """What a published layer can be asked for by.

    >>> [each.name for each in queryables("excluded")]
    ['code', 'reason', 'district', 'area_m2', 'geometry']
    """
    return _EXCLUDED if level == "excluded" else _UNITS


def schema(address: str, title: Text, listed: Properties, lang: Language) -> dict[str, object]:
    """The queryables of a collection as a JSON Schema (OGC API Features Part 3)."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": address,
        "type": "object",
        "title": title.in_(lang),
        "properties": {each.name: {"title": each.title.in_(lang), **_SCHEMAS[each.kind]} for each in listed},
        "additionalProperties": False,
    }
