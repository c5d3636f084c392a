"""The grids of a draft: those of its base, except where an operation that is not undone left something else.

Land that is nobody's on purpose is among them, as the kind ``excluded``: its name is the reason, its parent the district.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict

import numpy as np
import pandas as pd
import shapely
from shapely import MultiPolygon
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from app.db.literals import sql_list
from app.drafts import states
from app.drafts.models import Draft

Box = tuple[float, float, float, float]

# Of each code that the draft touched, what the newest operation left of it; geom is NULL where it was retired.
_NEWEST = (
    "newest AS MATERIALIZED (SELECT DISTINCT ON (g.code) g.code, g.position, g.name, g.parent_code, g.kind, g.geom "
    "FROM draft_grid g JOIN draft_operation o ON o.draft_id = g.draft_id AND o.position = g.position "
    "WHERE g.draft_id = :draft AND NOT o.undone ORDER BY g.code, g.position DESC)"
)
_COLUMNS = ["code", "name", "parent_code", "kind", "geometry", "touched"]
_IN_BASE = "u.level = 'grid' AND u.editions @> CAST(:base AS integer)"
# Grids of an edition, and land that is nobody's on purpose: its name is the reason, its parent the district.
_MEMBERS = (
    "(SELECT u.code, u.name, u.parent_code, u.kind, u.geom, u.editions FROM unit_version u WHERE u.level = 'grid' "
    "UNION ALL SELECT x.code, x.reason, x.district_code, 'excluded', x.geom, x.editions FROM excluded_land x) u"
)
_MEMBER_IN_BASE = "u.editions @> CAST(:base AS integer)"


class GridColumns(TypedDict):
    """What an operation left of some grids, by column; of a grid that it retired there is the code alone."""

    code: list[str]
    name: list[str | None]
    parent_code: list[str | None]
    kind: list[str | None]
    geometry: list[BaseGeometry | None]


def _frame(rows: Sequence[Row[str, str, str, str, bytes, bool]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=_COLUMNS)
    shapes = np.empty(len(frame), dtype=object)
    shapes[:] = [single(shape) for shape in shapely.from_wkb([bytes(wkb) for wkb in frame["geometry"]])]
    frame["geometry"] = shapes
    return frame


def single(shape: BaseGeometry | None) -> BaseGeometry | None:
    """A multipolygon of one as a polygon: what people draw and operations give."""
    return shape.geoms[0] if isinstance(shape, MultiPolygon) and len(shape.geoms) == 1 else shape


def grids(
    session: Session,
    draft: Draft,
    *,
    boxes: Sequence[Box] | None = None,
    codes: Sequence[str] | None = None,
    parents: Sequence[str] = (),
    touched_only: bool = False,
) -> pd.DataFrame:
    """The draft's grids by code: all, or those whose envelope meets a box, of these codes, or of these parents."""
    tests: list[str] = []
    values: dict[str, object] = {"draft": draft.id, "base": draft.base}
    if boxes is not None:
        tests.append(
            # The boxes are made once, not again for every grid.
            "{t}.geom && ANY(ARRAY(SELECT ST_MakeEnvelope(b.w, b.s, b.e, b.n, 4326) FROM unnest(CAST(:w AS float8[]), "
            "CAST(:s AS float8[]), CAST(:e AS float8[]), CAST(:n AS float8[])) b(w, s, e, n)))"
            if len(boxes) != 1
            else "{t}.geom && ST_MakeEnvelope(:w, :s, :e, :n, 4326)"
        )
        sides = np.asarray(boxes, dtype=float).reshape(-1, 4).T.tolist()
        values |= {
            name: side if len(boxes) != 1 else side[0] for name, side in zip("wsen", sides, strict=True)
        }
    if codes is not None:
        tests.append("{t}.code = ANY(:codes)")
        values["codes"] = list(codes)
    if parents:
        tests.append("{t}.parent_code = ANY(:parents)")
        values["parents"] = list(parents)
    test = " OR ".join(tests) or "true"
    base = (
        "SELECT u.code, u.name, u.parent_code, u.kind, ST_AsBinary(u.geom), false "
        f"FROM {_MEMBERS} WHERE {_MEMBER_IN_BASE} AND ({test.format(t='u')}) AND NOT EXISTS (SELECT FROM newest n WHERE n.code = u.code) "
        "UNION ALL "
    )
    query = (
        f"WITH {_NEWEST} {'' if touched_only else base}"
        "SELECT n.code, n.name, n.parent_code, n.kind, ST_AsBinary(n.geom), true FROM newest n "
        f"WHERE n.geom IS NOT NULL AND ({test.format(t='n')}) ORDER BY 1"
    )
    return _frame(session.execute(text(query), values).all())


def touched_codes(session: Session, draft: Draft) -> dict[str, bool]:
    """Codes that operations of the draft changed -> whether a grid has the code now."""
    rows = session.execute(
        text(f"WITH {_NEWEST} SELECT code, geom IS NOT NULL FROM newest ORDER BY code"), {"draft": draft.id}
    )
    return dict(tuple(row) for row in rows)


def base_grids(session: Session, edition: int, codes: Sequence[str]) -> pd.DataFrame:
    """Grids of an edition with these codes, in the columns of `grids`."""
    rows = session.execute(
        text(
            "SELECT u.code, u.name, u.parent_code, u.kind, ST_AsBinary(u.geom), false "
            f"FROM {_MEMBERS} WHERE {_MEMBER_IN_BASE} AND u.code = ANY(:codes) ORDER BY u.code"
        ),
        {"base": edition, "codes": list(codes)},
    )
    return _frame(rows.all())


def edition_grids(session: Session, edition: int, boxes: Sequence[Box]) -> pd.DataFrame:
    """Grids of an edition whose envelope meets one of the boxes, in the columns of `grids`."""
    sides = np.asarray(boxes, dtype=float).reshape(-1, 4).T.tolist()
    rows = session.execute(
        text(
            "SELECT u.code, u.name, u.parent_code, u.kind, ST_AsBinary(u.geom), false "
            f"FROM {_MEMBERS} WHERE {_MEMBER_IN_BASE} AND u.geom && ANY(ARRAY(SELECT ST_MakeEnvelope(b.w, b.s, b.e, b.n, 4326) "
            "FROM unnest(CAST(:w AS float8[]), CAST(:s AS float8[]), CAST(:e AS float8[]), CAST(:n AS float8[])) "
            "b(w, s, e, n))) ORDER BY u.code"
        ),
        {"base": edition, **dict(zip("wsen", sides, strict=True))},
    )
    return _frame(rows.all())


def parents(session: Session, edition: int, *, around: Sequence[str] | None = None) -> dict[str, str]:
    """Units that grids of an edition lie in directly: code -> path. (Communities, where there are some.)

    With ``around``, codes of grids, only the units of these.
    """
    test = "" if around is None else " AND u.code = ANY(:codes)"
    rows = session.execute(
        text(
            "SELECT u.parent_code, subpath(u.path, 0, -1)::text FROM unit_version u "
            f"WHERE {_IN_BASE}{test} GROUP BY 1, 2 ORDER BY 1"
        ),
        {"base": edition} | ({} if around is None else {"codes": list(around)}),
    )
    return dict(tuple(row) for row in rows)


def used_codes(session: Session, draft: Draft) -> frozenset[str]:
    """Every grid code that ever lived in an edition, and those that this draft or others under way speak for.

    The draft's own count as well: an operation sees its neighbourhood only, and a code given out at the other end of
    the draft is not in it.
    """
    rows = session.scalars(
        text(
            "SELECT code FROM unit_version WHERE level = 'grid' UNION SELECT code FROM excluded_land UNION "
            "SELECT g.code FROM draft_grid g JOIN draft d ON d.id = g.draft_id "
            f"WHERE d.id = :draft OR d.state IN {sql_list(states.ACTIVE)}"
        ),
        {"draft": draft.id},
    )
    return frozenset(rows)


def store_grids(session: Session, draft: Draft, position: int, grids: GridColumns) -> None:
    """Store what an operation left: columns code, name, parent_code, kind and geometry (None: retired)."""
    shapes = [
        None if shape is None else shapely.multipolygons([shape]) if shape.geom_type == "Polygon" else shape
        for shape in grids["geometry"]
    ]
    # COPY does not go through row security.
    session.execute(
        text(
            "INSERT INTO draft_grid (draft_id, position, code, name, parent_code, kind, geom) "
            "SELECT :draft, :position, g.code, g.name, g.parent, g.kind, ST_GeomFromWKB(g.wkb, 4326) "
            "FROM unnest(CAST(:codes AS text[]), CAST(:names AS text[]), CAST(:parents AS text[]), "
            "CAST(:kinds AS text[]), CAST(:shapes AS bytea[])) AS g(code, name, parent, kind, wkb)"
        ),
        {
            "draft": draft.id,
            "position": position,
            "codes": list(grids["code"]),
            "names": list(grids["name"]),
            "parents": list(grids["parent_code"]),
            "kinds": list(grids["kind"]),
            "shapes": [None if shape is None else shapely.to_wkb(shape) for shape in shapes],
        },
    )


def changed_between(session: Session, earlier: int, later: int) -> Sequence[str]:
    """Codes of grids that differ between two editions."""
    return session.scalars(
        text(
            f"SELECT DISTINCT u.code FROM {_MEMBERS} WHERE "
            "(lower(u.editions) > :earlier AND lower(u.editions) <= :later) OR "
            "(upper(u.editions) > :earlier AND upper(u.editions) <= :later) ORDER BY u.code"
        ),
        {"earlier": earlier, "later": later},
    ).all()
