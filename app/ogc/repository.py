"""Rows of published units for a page of a layer."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from app.db.geojson import AS_GEOJSON
from app.kit.bbox import BOTH_WAYS, box_of
from app.ogc.parameters import Asked

# What a layer's rows are taken from, by its name: units of a level, or land that belongs to no grid on purpose.
_EXCLUDED = (
    "(SELECT code, reason AS name, NULL::text AS kind, district_code AS parent_code, area_m2, editions, geom, "
    "'excluded' AS level FROM excluded_land)"
)
# Of each code the version of the newest of the editions asked for; it is a version of all of them, mostly.
FeatureRow = Row[str, str, str | None, str | None, float, int, str]
"""code, name, kind, parent_code, area_m2, edition and the shape as GeoJSON."""
_ROWS = (
    "SELECT DISTINCT ON (u.code) u.code, u.name, u.kind, u.parent_code, u.area_m2, n.number AS edition, "
    f"{AS_GEOJSON.format(geometry='u.geom')} AS shape FROM unnest(CAST(:numbers AS integer[])) WITH ORDINALITY AS n(number, at) "
    "JOIN {rows} u ON u.editions @> n.number WHERE u.level = :level{tests} ORDER BY u.code, n.at DESC"
)
# A box without width or height is a line or a point, which an envelope becomes and a polygon does not.
_CORNERS = "ST_SetSRID(ST_Envelope(ST_Collect(ST_MakePoint(:west{at}, :south{at}), ST_MakePoint(:east{at}, :north{at}))), 4326)"
_BOX = f"ST_Intersects(u.geom, {_CORNERS})"
COLUMNS = {"code": "u.code", "name": "u.name", "kind": "u.kind", "parent": "u.parent_code"}
EXCLUDED_COLUMNS = {"code": "u.code", "reason": "u.name", "district": "u.parent_code"}


def columns(level: str) -> dict[str, str]:
    """What features of a layer can be asked for by."""
    return EXCLUDED_COLUMNS if level == "excluded" else COLUMNS


def _rows(level: str) -> str:
    return _EXCLUDED if level == "excluded" else "unit_version"


def _tests(asked: Asked, level: str) -> tuple[str, dict[str, object]]:
    tests = ""
    values: dict[str, object] = {}
    if asked.boxes:
        tests += f" AND ({' OR '.join(_BOX.format(at=at) for at in range(len(asked.boxes)))})"
    for at, box in enumerate(asked.boxes):
        values |= dict(zip((f"west{at}", f"south{at}", f"east{at}", f"north{at}"), box, strict=True))
    for at, (name, value) in enumerate(asked.equal):
        tests += f" AND {columns(level)[name]} = :equal{at}"
        values[f"equal{at}"] = value
    return tests, values


def page(session: Session, level: str, numbers: Sequence[int], asked: Asked) -> Sequence[FeatureRow]:
    """One row more than was asked for, when there are more, by code."""
    tests, values = _tests(asked, level)
    if asked.after is not None:
        tests += " AND u.code > :after"
        values["after"] = asked.after
    rows = session.execute(
        text(f"{_ROWS.format(tests=tests, rows=_rows(level))} LIMIT :limit"),
        {"numbers": list(numbers), "level": level, "limit": asked.limit + 1, **values},
    )
    return rows.all()


def count(session: Session, level: str, numbers: Sequence[int], asked: Asked) -> int:
    """How many units there are on all pages."""
    tests, values = _tests(asked, level)
    found = session.scalar(
        text(
            f"SELECT count(DISTINCT u.code) FROM {_rows(level)} u WHERE u.level = :level "
            f"AND EXISTS (SELECT FROM unnest(CAST(:numbers AS integer[])) n WHERE u.editions @> n){tests}"
        ),
        {"numbers": list(numbers), "level": level, **values},
    )
    return int(found or 0)


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
