"""Every query behind a map: vector tiles, the tree of units, the points of a heat map. This feature owns no tables."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from app.kit.bbox import BOTH_WAYS, box_of
from app.kit.unit_levels import SQL_ARRAY
from app.maps.rules import BUFFER, EXTENT, Tile

# The tile's corner is turned into degrees (the constant), never the column into metres: the GiST index keeps working.
_HERE = "ST_MakeEnvelope(:west, :south, :east, :north, 4326)"
_MERCATOR = "ST_TileEnvelope(:z, :x, :y)"

# The cut at the 180th meridian is no border: parts on the other side are put beside those here, around the world.
_AROUND = """CASE WHEN ST_XMin(geom) = -180 AND ST_XMax(geom) = 180
    THEN (SELECT ST_UnaryUnion(ST_Collect(ARRAY[m, ST_Translate(m, world, 0), ST_Translate(m, -world, 0)]))
            FROM (SELECT ST_Transform(geom, 3857) AS m, 2 * ST_X(ST_Transform(ST_SetSRID(ST_MakePoint(180, 0), 4326), 3857))
                    AS world) AS flat)
    ELSE ST_Transform(geom, 3857) END"""

_SHAPES = f"""
SELECT ST_AsMVT(t, :layer, {EXTENT}, 'geom') FROM (
    SELECT code, name, kind, parent_code AS parent,
           ST_AsMVTGeom({_AROUND}, {_MERCATOR}, {EXTENT}, {BUFFER}, true) AS geom
    FROM unit_version
    WHERE level = :level AND editions @> CAST(:edition AS integer) AND geom && {_HERE}
    ORDER BY code
) AS t WHERE geom IS NOT NULL
"""

# Each name stands in one tile only, the one that holds its point, so that no name is written twice.
_LABELS = f"""
SELECT ST_AsMVT(t, :layer, {EXTENT}, 'geom') FROM (
    SELECT code, name, kind, round(area_m2) AS area_m2,
           ST_AsMVTGeom(ST_Transform(place, 3857), {_MERCATOR}, {EXTENT}, 0, true) AS geom
    FROM (
        SELECT code, name, kind, area_m2, ST_PointOnSurface(geom) AS place
        FROM unit_version
        WHERE level = :level AND editions @> CAST(:edition AS integer) AND geom && {_HERE}
    ) AS unit
    WHERE ST_X(place) >= :west AND ST_X(place) < :east AND ST_Y(place) > :south AND ST_Y(place) <= :north
    ORDER BY code
) AS t WHERE geom IS NOT NULL
"""

_EXCLUDED = f"""
SELECT ST_AsMVT(t, 'excluded', {EXTENT}, 'geom') FROM (
    SELECT code, reason, ST_AsMVTGeom({_AROUND}, {_MERCATOR}, {EXTENT}, {BUFFER}, true) AS geom
    FROM excluded_land WHERE editions @> CAST(:edition AS integer) AND geom && {_HERE}
    ORDER BY code
) AS t WHERE geom IS NOT NULL
"""
_EXCLUDED_LABELS = f"""
SELECT ST_AsMVT(t, 'excluded_label', {EXTENT}, 'geom') FROM (
    SELECT code, reason, round(area_m2) AS area_m2,
           ST_AsMVTGeom(ST_Transform(place, 3857), {_MERCATOR}, {EXTENT}, 0, true) AS geom
    FROM (
        SELECT code, reason, area_m2, ST_PointOnSurface(geom) AS place
        FROM excluded_land WHERE editions @> CAST(:edition AS integer) AND geom && {_HERE}
    ) AS land
    WHERE ST_X(place) >= :west AND ST_X(place) < :east AND ST_Y(place) > :south AND ST_Y(place) <= :north
    ORDER BY code
) AS t WHERE geom IS NOT NULL
"""

# Sensitive classes (shelters) are in no layer, whoever looks.
_COMPONENTS = f"""
SELECT ST_AsMVT(t, 'component', {EXTENT}, 'geom') FROM (
    SELECT c.code, c.class_code AS class, k.major_code AS major, c.state, c.name,
           ST_AsMVTGeom(ST_Transform(c.geom, 3857), {_MERCATOR}, {EXTENT}, {BUFFER}, true) AS geom
    FROM component AS c JOIN component_class AS k ON k.code = c.class_code
    WHERE c.geom && {_HERE} AND c.state <> 'removed' AND NOT k.sensitive
    ORDER BY c.class_code, c.code
) AS t WHERE geom IS NOT NULL
"""


def _place(tile: Tile, *, margin: float) -> dict[str, object]:
    west, south, east, north = tile.bounds(margin=margin)
    return {
        "z": tile.z,
        "x": tile.x,
        "y": tile.y,
        "west": west,
        "south": south,
        "east": east,
        "north": north,
    }


def unit_tile(
    session: Session, tile: Tile, *, edition: int, shapes: Sequence[str], labels: Sequence[str]
) -> bytes:
    """The units of an edition in one tile: a layer of outlines for each level, and ``…_label`` layers of points.

    Land that belongs to no grid on purpose comes with the grids, as the layers ``excluded`` and ``excluded_label``.
    """
    wide, exact = _place(tile, margin=BUFFER / EXTENT), _place(tile, margin=0.0)
    layers = [(_SHAPES, wide, level, level) for level in shapes]
    layers += [(_LABELS, exact, level, f"{level}_label") for level in labels]
    layers += [(_EXCLUDED, wide, "", "")] if "grid" in shapes else []
    layers += [(_EXCLUDED_LABELS, exact, "", "")] if "grid" in labels else []
    return b"".join(
        bytes(session.scalar(text(sql), place | {"edition": edition, "level": level, "layer": layer}) or b"")
        for sql, place, level, layer in layers
    )


def component_tile(session: Session, tile: Tile) -> bytes:
    """The components that the session may see in one tile."""
    return bytes(session.scalar(text(_COMPONENTS), _place(tile, margin=BUFFER / EXTENT)) or b"")


def edition_bounds(session: Session, number: int) -> tuple[float, float, float, float] | None:
    """West, south, east, north of all districts of an edition; west beyond east across the 180th meridian."""
    row = session.execute(
        text(
            f"SELECT {BOTH_WAYS} FROM (SELECT ST_Extent(geom) AS e, ST_Extent(ST_ShiftLongitude(geom)) AS s "
            "FROM unit_version WHERE level = 'district' AND editions @> CAST(:n AS integer)) AS extent"
        ),
        {"n": number},
    ).one()
    return None if row[0] is None else box_of(row)


UnitRow = Row[str, str, str, str, int, bool, bytes]
"""level, code, name, path, edition, synthetic and the geometry as WKB."""


def unit(session: Session, code: str) -> UnitRow | None:
    """A unit of the edition in force: level, code, name, path, edition, synthetic, geometry (WKB).

    Where levels share a code, the uppermost.
    """
    return session.execute(
        text(
            "SELECT u.level, u.code, u.name, u.path::text AS path, e.number AS edition, e.synthetic, "
            "ST_AsBinary(u.geom) AS geometry "
            "FROM edition AS e JOIN unit_version AS u ON u.editions @> e.number "
            "WHERE e.number = edition_at() AND u.code = :code "
            f"ORDER BY array_position({SQL_ARRAY}, u.level) LIMIT 1"
        ),
        {"code": code},
    ).one_or_none()


def unit_list(
    session: Session, number: int
) -> Sequence[Row[str, str, str, str | None, str | None, float, float, float, float]]:
    """Every unit of an edition without its shape, upper levels first: what a tree of them needs."""
    return session.execute(
        text(
            "SELECT level, code, name, kind, parent_code AS parent, "
            "ST_XMin(around) AS west, ST_YMin(around) AS south, ST_XMax(around) - 360 * (ST_XMax(around) > 180)::int AS east, "
            "ST_YMax(around) AS north FROM (SELECT *, CASE WHEN ST_XMax(geom) - ST_XMin(geom) > 180 "
            "THEN ST_ShiftLongitude(geom) ELSE geom END AS around FROM unit_version) AS unit WHERE editions @> CAST(:n AS integer) "
            f"ORDER BY array_position({SQL_ARRAY}, level), code"
        ),
        {"n": number},
    ).all()


def outlines_below(session: Session, path: str, number: int) -> list[tuple[str, BaseGeometry]]:
    """Names and shapes of the units one level under a path."""
    rows = session.execute(
        text(
            "SELECT name, ST_AsBinary(geom) AS geometry FROM unit_version "
            "WHERE path <@ text2ltree(:p) AND nlevel(path) = nlevel(text2ltree(:p)) + 1 "
            "AND editions @> CAST(:n AS integer) ORDER BY code"
        ),
        {"p": path, "n": number},
    ).all()
    return [(row.name, shapely.from_wkb(bytes(row.geometry))) for row in rows]


# Sensitive classes are counted and never drawn, whoever looks: a picture leaves the house.
_HEAT_WHERE = """
    FROM incident
    WHERE grid_path <@ text2ltree(:path) AND occurred_at >= :since AND occurred_at < :until
      AND geom IS NOT NULL AND NOT is_void AND (CAST(:class AS text) IS NULL OR class_code = :class)
      AND coalesce(class_code <> ALL ((SELECT sensitive_incident_classes())::text[]), true)
"""
# Where the asker acts the place itself, elsewhere the middle of its cell of 100 m.
_HEAT_PLACE = """
    SELECT CASE WHEN (SELECT can_act_everywhere()) OR grid_path ? (SELECT acting_units()) THEN geom
                ELSE coarse_place(geom) END AS geom
"""


def incident_count(
    session: Session, *, path: str, since: datetime, until: datetime, class_code: str | None
) -> int:
    """How many incidents with a place a unit had in a period."""
    given = {"path": path, "since": since, "until": until, "class": class_code}
    return int(session.scalar(text(f"SELECT count(*) {_HEAT_WHERE}"), given) or 0)


def incident_cells(
    session: Session, *, path: str, since: datetime, until: datetime, class_code: str | None, step: float
) -> NDArray[np.float64]:
    """Incidents of a unit counted in squares of ``step`` degrees: (n, 3) of lon, lat (their mean place), count."""
    given = {"path": path, "since": since, "until": until, "class": class_code, "step": step}
    rows = session.execute(
        text(
            "SELECT avg(ST_X(geom)) AS lon, avg(ST_Y(geom)) AS lat, count(*) AS weight "
            f"FROM ({_HEAT_PLACE} {_HEAT_WHERE}) AS shown "
            "GROUP BY floor(ST_X(geom) / :step), floor(ST_Y(geom) / :step) ORDER BY 1, 2"
        ),
        given,
    ).all()
    return np.array([tuple(row) for row in rows], dtype=np.float64).reshape(-1, 3)


def incident_class(session: Session, code: str) -> Row[str, str, str, bool] | None:
    """Names of one class of incidents, and whether it is sensitive."""
    return session.execute(
        text("SELECT code, name_zh, name_en, sensitive FROM incident_class WHERE code = :c"), {"c": code}
    ).one_or_none()
