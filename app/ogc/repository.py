"""Rows of published units for a page of a layer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from app.ogc.parameters import Asked

# Of each code the version of the newest of the editions asked for; it is a version of all of them, mostly.
_ROWS = (
    "SELECT DISTINCT ON (u.code) u.code, u.name, u.kind, u.parent_code, u.area_m2, n.number AS edition, "
    "ST_AsGeoJSON(u.geom, 7) AS shape FROM unnest(CAST(:numbers AS integer[])) WITH ORDINALITY AS n(number, at) "
    "JOIN unit_version u ON u.editions @> n.number WHERE u.level = :level{tests} ORDER BY u.code, n.at DESC"
)
# A box without width or height is a line or a point, which an envelope becomes and a polygon does not.
_CORNERS = (
    "ST_SetSRID(ST_Envelope(ST_Collect(ST_MakePoint(:west, :south), ST_MakePoint(:east, :north))), 4326)"
)
_BOX = f" AND ST_Intersects(u.geom, {_CORNERS})"
COLUMNS = {"code": "u.code", "name": "u.name", "kind": "u.kind", "parent": "u.parent_code"}


def _tests(asked: Asked) -> tuple[str, dict[str, Any]]:
    tests = ""
    values: dict[str, Any] = {}
    if asked.box is not None:
        tests += _BOX
        values |= dict(zip(("west", "south", "east", "north"), asked.box, strict=True))
    for at, (name, value) in enumerate(asked.equal):
        tests += f" AND {COLUMNS[name]} = :equal{at}"
        values[f"equal{at}"] = value
    return tests, values


def page(session: Session, level: str, numbers: Sequence[int], asked: Asked) -> Sequence[Row[Any]]:
    """One row more than was asked for, when there are more, by code."""
    tests, values = _tests(asked)
    if asked.after is not None:
        tests += " AND u.code > :after"
        values["after"] = asked.after
    rows = session.execute(
        text(f"{_ROWS.format(tests=tests)} LIMIT :limit"),
        {"numbers": list(numbers), "level": level, "limit": asked.limit + 1, **values},
    )
    return rows.all()


def count(session: Session, level: str, numbers: Sequence[int], asked: Asked) -> int:
    """How many units there are on all pages."""
    tests, values = _tests(asked)
    found = session.scalar(
        text(
            "SELECT count(DISTINCT u.code) FROM unit_version u WHERE u.level = :level "
            f"AND EXISTS (SELECT FROM unnest(CAST(:numbers AS integer[])) n WHERE u.editions @> n){tests}"
        ),
        {"numbers": list(numbers), "level": level, **values},
    )
    return int(found or 0)


def extent(session: Session, number: int) -> tuple[float, float, float, float] | None:
    """Envelope of an edition's districts."""
    row = session.execute(
        text(
            "SELECT ST_XMin(e), ST_YMin(e), ST_XMax(e), ST_YMax(e) FROM (SELECT ST_Extent(geom) AS e "
            "FROM unit_version WHERE level = 'district' AND editions @> CAST(:number AS integer)) AS x"
        ),
        {"number": number},
    ).one()
    return None if row[0] is None else (row[0], row[1], row[2], row[3])
