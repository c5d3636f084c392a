"""Rows of published units for a page of a layer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Integer,
    Row,
    Select,
    SQLColumnExpression,
    TableValuedAlias,
    Text,
    bindparam,
    distinct,
    exists,
    func,
    null,
    or_,
    select,
    text,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY, Range, distinct_on
from sqlalchemy.orm import Session

from app.boundaries.models import ExcludedLand, UnitVersion
from app.conditions.sql import to_sql
from app.db.geojson import as_geojson
from app.kit.bbox import BOTH_WAYS, Box, box_of
from app.ogc.parameters import Asked
from app.ogc.queryables import area_shown, queryables

FeatureRow = Row[str, str, str | None, str | None, float, int, str]
"""code, name, kind, parent_code, area_m2, edition and the shape as GeoJSON."""


@dataclass(frozen=True, eq=False)
class _Layer:
    """What a layer's rows are taken from: units of a level, or land that belongs to no grid on purpose."""

    code: SQLColumnExpression[str]
    name: SQLColumnExpression[str]
    kind: SQLColumnExpression[str | None]
    parent_code: SQLColumnExpression[str | None]
    area_m2: SQLColumnExpression[float]
    editions: SQLColumnExpression[Range[int]]
    geom: SQLColumnExpression[object]
    test: ColumnElement[bool]


def _layer(level: str) -> _Layer:
    if level == "excluded":
        land = ExcludedLand
        return _Layer(
            code=land.code,
            name=land.reason,
            kind=null().cast(Text),
            parent_code=land.district_code,
            area_m2=area_shown(land.area_m2),
            editions=land.editions,
            geom=land.geom,
            test=true(),
        )
    unit = UnitVersion
    return _Layer(
        code=unit.code,
        name=unit.name,
        kind=unit.kind,
        parent_code=unit.parent_code,
        area_m2=area_shown(unit.area_m2),
        editions=unit.editions,
        geom=unit.geom,
        test=unit.level == level,
    )


def _in_order(numbers: Sequence[int]) -> TableValuedAlias:
    """The editions asked for, ``number``, with the place of each in their order, ``at``."""
    listed = bindparam(None, list(numbers), ARRAY(Integer), unique=True)
    return func.unnest(listed).table_valued("number", with_ordinality="at").render_derived(name="n")


def _tests(asked: Asked, level: str) -> list[ColumnElement[bool]]:
    layer, properties = _layer(level), queryables(level)
    tests = [layer.test]
    if asked.boxes:
        met = (func.ST_Intersects(layer.geom, _envelope(box), type_=Boolean) for box in asked.boxes)
        tests.append(or_(*met))
    if asked.condition is not None:
        tests.append(to_sql(asked.condition, properties))
    return tests


def _envelope(box: Box) -> ColumnElement[object]:
    """A box without width or height is a line or a point, which an envelope becomes and a polygon does not."""
    west, south, east, north = box
    corners = func.ST_Collect(func.ST_MakePoint(west, south), func.ST_MakePoint(east, north))
    return func.ST_SetSRID(func.ST_Envelope(corners), 4326)


def page(session: Session, level: str, numbers: Sequence[int], asked: Asked) -> Sequence[FeatureRow]:
    """One row more than was asked for, when there are more, by code.

    Of each code the version of the newest of the editions asked for; it is a version of all of them, mostly.
    """
    layer, edition = _layer(level), _in_order(numbers)
    query: Select[str, str, str | None, str | None, float, int, str] = (
        select(
            layer.code.label("code"),
            layer.name.label("name"),
            layer.kind.label("kind"),
            layer.parent_code.label("parent_code"),
            layer.area_m2.label("area_m2"),
            edition.c.number.label("edition"),
            as_geojson(layer.geom).label("shape"),
        )
        .select_from(edition)
        .where(layer.editions.bool_op("@>")(edition.c.number), *_tests(asked, level))
        .ext(distinct_on(layer.code))
        .order_by(layer.code, edition.c.at.desc())
        .limit(asked.limit + 1)
    )
    if asked.after is not None:
        query = query.where(layer.code > asked.after)
    return session.execute(query).all()


def count(session: Session, level: str, numbers: Sequence[int], asked: Asked) -> int:
    """How many units there are on all pages."""
    layer, edition = _layer(level), _in_order(numbers)
    of_any = exists(select(edition.c.number).where(layer.editions.bool_op("@>")(edition.c.number)))
    return session.scalar(select(func.count(distinct(layer.code))).where(of_any, *_tests(asked, level))) or 0


def extent(
    session: Session, number: int, *, excluded: bool = False
) -> tuple[float, float, float, float] | None:
    """Envelope of an edition's districts, or of its land that belongs to no grid."""
    rows = "excluded_land WHERE" if excluded else "unit_version WHERE level = 'district' AND"
    row = session.execute(
        text(
            f"SELECT {BOTH_WAYS} FROM (SELECT ST_Extent(geom) AS e, ST_Extent(ST_ShiftLongitude(geom)) AS s "
            f"FROM {rows} editions @> CAST(:number AS integer)) AS x"
        ),
        {"number": number},
    ).one()
    return None if row[0] is None else box_of(row)
