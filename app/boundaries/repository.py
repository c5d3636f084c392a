"""Every query on editions, unit versions and lineage."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import numpy as np
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Row, func, select, text
from sqlalchemy.orm import Session

from app.boundaries.models import (
    DeferredReassignment,
    Edition,
    EditionWithdrawal,
    ExcludedLand,
    Lineage,
    UnitVersion,
)
from app.db.copy import BOXES, box_columns, copy_columns
from app.db.ltree import label
from app.kit.unit_levels import LEVELS

IN_EDITION = UnitVersion.editions.op("@>")


def take_time(session: Session) -> None:
    """Lift the limit on a statement's time for this transaction: it moves a district, not a page."""
    session.execute(text("SET LOCAL statement_timeout = 0"))


def edition_this_instant(session: Session) -> int | None:
    """The edition in force now, however long ago this transaction began."""
    return session.scalar(select(func.edition_at(func.clock_timestamp())))


def unsettled(session: Session) -> Sequence[int]:
    """Editions published for the future that have come into force without anybody having moved the owners."""
    query = (
        select(Edition.number)
        .outerjoin(DeferredReassignment, DeferredReassignment.edition == Edition.number)
        .where(
            Edition.effective_from > Edition.published_at,
            Edition.effective_from <= func.clock_timestamp(),
            DeferredReassignment.edition.is_(None),
        )
        .order_by(Edition.number)
    )
    return session.scalars(query).all()


def add_settlement(session: Session, edition: int, *, components: int, incidents: int) -> None:
    """Note that the owners follow an edition."""
    session.add(DeferredReassignment(edition=edition, components=components, incidents=incidents))
    session.flush()


def moved_units(session: Session, edition: int) -> dict[str, str]:
    """Paths that the same units had before an edition -> those they have with it: moved, or called by another code."""
    rows = session.execute(
        text(
            "SELECT 1 AS strength, o.path::text AS was, n.path::text AS now FROM unit_version n JOIN unit_version o "
            "ON o.level = n.level AND o.code = n.code AND upper(o.editions) = lower(n.editions) "
            "WHERE lower(n.editions) = :edition AND o.path <> n.path UNION ALL "
            "SELECT 2, o.path::text, n.path::text FROM lineage l "
            "JOIN unit_version o ON o.level = 'grid' AND o.code = l.from_code AND upper(o.editions) = l.edition "
            "JOIN unit_version n ON n.level = 'grid' AND n.code = l.to_code AND lower(n.editions) = l.edition "
            "WHERE l.edition = :edition AND l.kind = 'recoded' ORDER BY strength, was"
        ),
        {"edition": edition},
    )
    # A grid that got another's code is told by its land, not by the code.
    return {was: now for _, was, now in rows}


def grids_changed_by(session: Session, editions: Sequence[int]) -> pd.DataFrame:
    """Grid versions that begin or end with these editions: code, west, south, east, north."""
    geom = UnitVersion.geom
    query = select(
        UnitVersion.code, func.ST_XMin(geom), func.ST_YMin(geom), func.ST_XMax(geom), func.ST_YMax(geom)
    ).where(
        UnitVersion.level == "grid",
        func.lower(UnitVersion.editions).in_(editions) | func.upper(UnitVersion.editions).in_(editions),
    )
    rows = session.execute(query.order_by(UnitVersion.code, UnitVersion.id)).all()
    return pd.DataFrame(rows, columns=["code", "west", "south", "east", "north"])


def first_editions_of_districts(session: Session, *, until: int) -> list[tuple[str, int]]:
    """Districts up to an edition, by path, with the first edition that has them; the earliest first."""
    begun = func.min(func.lower(UnitVersion.editions))
    query = (
        select(UnitVersion.path, begun)
        .where(UnitVersion.level == "district")
        .group_by(UnitVersion.path)
        .having(begun <= until)
        .order_by(begun, UnitVersion.path)
    )
    return [(str(path), int(number)) for path, number in session.execute(query)]


def first_effective(session: Session, editions: Sequence[int]) -> datetime:
    """From when the earliest of these editions is in force."""
    return session.execute(
        select(func.min(Edition.effective_from)).where(Edition.number.in_(editions))
    ).scalar_one()


def synthetic_districts(session: Session, edition: int) -> set[str]:
    """Codes of the districts of an edition whose boundaries are invented."""
    query = select(UnitVersion.code).where(
        UnitVersion.level == "district", IN_EDITION(edition), UnitVersion.attributes["synthetic"].as_boolean()
    )
    return set(session.scalars(query))


def database_now(session: Session) -> datetime:
    """The database's clock, standing still at the beginning of the transaction."""
    instant: datetime = session.execute(select(func.now())).scalar_one()
    return instant


def database_clock(session: Session) -> datetime:
    """The database's clock as it runs."""
    instant: datetime = session.execute(select(func.clock_timestamp())).scalar_one()
    return instant


def latest(session: Session) -> Edition | None:
    """The edition with the highest number, in force or not."""
    return session.scalar(select(Edition).order_by(Edition.number.desc()).limit(1))


def next_number(session: Session) -> int:
    """The number of the edition to come; those of withdrawn ones are not used again."""
    number: int = session.execute(select(func.next_edition())).scalar_one()
    return number


def withdrawals(session: Session) -> Sequence[EditionWithdrawal]:
    """All editions that were withdrawn before they took effect, newest first."""
    return session.scalars(select(EditionWithdrawal).order_by(EditionWithdrawal.number.desc())).all()


def withdraw(session: Session, number: int, *, actor: str, actor_key: str, reason: str) -> EditionWithdrawal:
    """Take an edition back as if it had never been published; the database refuses any but the last one to come."""
    session.flush()
    session.execute(
        text("SELECT withdraw_edition(:number, :actor, :key, :reason)"),
        {"number": number, "actor": actor, "key": actor_key, "reason": reason},
    )
    session.expire_all()
    return session.get_one(EditionWithdrawal, number)


def paths_changed_by(session: Session, edition: int) -> Sequence[str]:
    """Paths of the grids whose versions begin or end with an edition; of other units, when it changed no grid."""
    query = select(UnitVersion.level, UnitVersion.path).where(
        (func.lower(UnitVersion.editions) == edition) | (func.upper(UnitVersion.editions) == edition)
    )
    rows = session.execute(query.distinct().order_by(UnitVersion.path)).all()
    found = [path for level, path in rows if level == "grid"] or [path for _, path in rows]
    # Land that is nobody's belongs to its district; beside grids that changed it needs no right of its own.
    return found or [label(code) for code in _districts_of_excluded(session, edition)]


def _districts_of_excluded(session: Session, edition: int) -> Sequence[str]:
    """Districts whose declared land begins or ends with an edition."""
    begins, ends = func.lower(ExcludedLand.editions), func.upper(ExcludedLand.editions)
    query = select(ExcludedLand.district_code).where((begins == edition) | (ends == edition))
    return session.scalars(query.distinct().order_by(ExcludedLand.district_code)).all()


def editions(session: Session) -> Sequence[Edition]:
    """All editions, newest first."""
    return session.scalars(select(Edition).order_by(Edition.number.desc())).all()


def edition_at(session: Session, instant: datetime | None = None) -> int | None:
    """The number of the edition in force at an instant (now, when None)."""
    return session.scalar(select(func.edition_at(instant) if instant else func.edition_at()))


def has_edition(session: Session, number: int) -> bool:
    """Whether an edition was published. The units of the last one live in every number to come, so they cannot say."""
    return session.get(Edition, number) is not None


def units_in(
    session: Session, edition: int, *, level: str | None = None, district: str | None = None
) -> pd.DataFrame:
    """Units of an edition with their shapes, by level, then code; ``geometry`` holds shapely objects."""
    query = (
        select(
            UnitVersion.id,
            UnitVersion.level,
            UnitVersion.code,
            UnitVersion.name,
            UnitVersion.kind,
            UnitVersion.code_scheme,
            UnitVersion.parent_code,
            UnitVersion.district_code,
            UnitVersion.path,
            UnitVersion.area_m2,
            func.coalesce(UnitVersion.attributes["synthetic"].as_boolean(), False).label("synthetic"),
            func.ST_AsBinary(UnitVersion.geom).label("geometry"),
        )
        .where(IN_EDITION(edition))
        .order_by(UnitVersion.level, UnitVersion.code)
    )
    if level:
        query = query.where(UnitVersion.level == level)
    if district:
        query = query.where(UnitVersion.district_code == district)
    result = session.execute(query)
    frame = pd.DataFrame(result.all(), columns=list(result.keys()))
    frame["geometry"] = shapely.from_wkb([bytes(wkb) for wkb in frame["geometry"]])
    return frame


def grids_meeting(session: Session, edition: int, boxes: np.ndarray) -> pd.DataFrame:
    """Grids of an edition whose envelope meets one of the boxes (west, south, east, north): code, path, geometry."""
    rows = session.execute(
        text(
            f"WITH {BOXES} SELECT u.code, u.path::text, ST_AsBinary(u.geom) FROM unit_version u "
            "WHERE u.level = 'grid' AND u.editions @> CAST(:edition AS integer) "
            'AND EXISTS (SELECT FROM boxes b WHERE u.geom && b.box) ORDER BY u.code COLLATE "C"'
        ),
        {"edition": edition, **box_columns(boxes)},
    ).all()
    frame = pd.DataFrame(rows, columns=["code", "path", "geometry"])
    frame["geometry"] = shapely.from_wkb([bytes(wkb) for wkb in frame["geometry"]])
    return frame


UnitRow = Row[str, str, str, str | None, str]
"""level, code, name, kind and path."""
FoundUnit = Row[str, str, str, str, float, float, float, float, float, float]
"""level, code, name, path, a place in it (lon, lat) and its envelope (west, south, east, north)."""


def names_in(session: Session, edition: int) -> Sequence[UnitRow]:
    """What units of an edition are called, without their shapes: (level, code, name, kind, path) each."""
    query = select(
        UnitVersion.level, UnitVersion.code, UnitVersion.name, UnitVersion.kind, UnitVersion.path
    ).where(IN_EDITION(edition))
    return session.execute(query).all()


def district_outlines(session: Session, edition: int) -> pd.DataFrame:
    """The districts of an edition with their outlines."""
    return units_in(session, edition, level="district")


def close_versions(session: Session, ids: Sequence[int], *, before: int) -> None:
    """End these versions with the edition before ``before``."""
    if ids:
        session.execute(
            text(
                "UPDATE unit_version SET editions = int4range(lower(editions), :before) WHERE id = ANY(:ids)"
            ),
            {"before": before, "ids": list(ids)},
        )


def add_versions(session: Session, units: pd.DataFrame, *, edition: int, district: str, scheme: str) -> None:
    """Store new versions that live from ``edition`` on."""
    count = len(units)
    copy_columns(
        session,
        "unit_version",
        {
            "level": units["level"].to_numpy(),
            "code": units["code"].to_numpy(),
            "code_scheme": np.full(count, scheme, dtype=object),
            "name": units["name"].to_numpy(),
            "kind": [kind if isinstance(kind, str) else None for kind in units["kind"]],
            "parent_code": [code if isinstance(code, str) else None for code in units["parent_code"]],
            "district_code": np.full(count, district, dtype=object),
            "path": units["path"].to_numpy(),
            "editions": np.full(count, f"[{edition},)", dtype=object),
            "geom": shapely.to_wkb(
                shapely.set_srid(units["geometry"].to_numpy(), 4326), hex=True, include_srid=True
            ),
            "area_m2": units["area_m2"].to_numpy(),
            "attributes": np.where(units["synthetic"], '{"synthetic": true}', "{}").astype(object),
        },
    )


def add_edition(session: Session, edition: Edition) -> None:
    """Store the edition itself; done last, since published versions are read-only from then on."""
    session.add(edition)
    session.flush()


def add_lineage(session: Session, rows: Sequence[dict[str, object]]) -> None:
    """Store where the land of changed grids went."""
    session.add_all([Lineage(**row) for row in rows])
    session.flush()


def lineage_of(session: Session, edition: int) -> Sequence[Lineage]:
    """What came from what in an edition."""
    return session.scalars(
        select(Lineage).where(Lineage.edition == edition).order_by(Lineage.from_code, Lineage.to_code)
    ).all()


def unit_by_code(
    session: Session, code: str, edition: int, *, level: str | None = None
) -> UnitVersion | None:
    """The unit of a code in an edition; where levels share a code, the uppermost."""
    order = func.array_position(list(LEVELS), UnitVersion.level)
    query = select(UnitVersion).where(UnitVersion.code == code, IN_EDITION(edition))
    if level:
        query = query.where(UnitVersion.level == level)
    return session.scalars(query.order_by(order).limit(1)).first()


def ancestors_and_children(
    session: Session, unit: UnitVersion, edition: int
) -> tuple[list[UnitRow], list[UnitRow]]:
    """Ancestors from the district down, and direct children by code: (level, code, name, kind) each."""
    fields = (UnitVersion.level, UnitVersion.code, UnitVersion.name, UnitVersion.kind, UnitVersion.path)
    above = (
        select(*fields)
        .where(
            text("unit_version.path @> text2ltree(:p) AND unit_version.path <> text2ltree(:p)"),
            IN_EDITION(edition),
        )
        .order_by(func.nlevel(UnitVersion.path))
    )
    below = (
        select(*fields)
        .where(
            text(
                "unit_version.path <@ text2ltree(:p) AND nlevel(unit_version.path) = nlevel(text2ltree(:p)) + 1"
            ),
            IN_EDITION(edition),
        )
        .order_by(UnitVersion.code)
    )
    parameters = {"p": unit.path}
    return list(session.execute(above, parameters)), list(session.execute(below, parameters))


def shape_of(session: Session, unit: UnitVersion) -> BaseGeometry:
    """A unit's shape as shapely."""
    wkb = session.scalar(select(func.ST_AsBinary(UnitVersion.geom)).where(UnitVersion.id == unit.id))
    return shapely.from_wkb(bytes(wkb))  # type: ignore[arg-type]


def units_near(session: Session, unit: UnitVersion, edition: int) -> pd.DataFrame:
    """The other units of a unit's level whose envelopes meet its own, by code: level, code, name, kind, geometry.

    Of a unit on the 180th meridian all others on it, too, since it has two names.
    """
    rows = session.execute(
        text(
            "SELECT u.level, u.code, u.name, u.kind, ST_AsBinary(u.geom) FROM unit_version u, unit_version o "
            "WHERE o.id = :id AND u.id <> o.id AND u.level = o.level AND u.editions @> CAST(:edition AS integer) "
            "AND (u.geom && o.geom OR greatest(ST_XMax(o.geom), -ST_XMin(o.geom)) >= 180 "
            "AND greatest(ST_XMax(u.geom), -ST_XMin(u.geom)) >= 180) "
            'ORDER BY u.code COLLATE "C"'
        ),
        {"id": unit.id, "edition": edition},
    ).all()
    frame = pd.DataFrame(rows, columns=["level", "code", "name", "kind", "geometry"])
    frame["geometry"] = shapely.from_wkb([bytes(wkb) for wkb in frame["geometry"]])
    return frame


def search_units(session: Session, words: str, edition: int, *, limit: int) -> list[FoundUnit]:
    """Units whose code begins with, or whose name contains, the words; exact codes first, upper levels first."""
    order = func.array_position(list(LEVELS), UnitVersion.level)
    exact = UnitVersion.code == words
    point = func.ST_PointOnSurface(UnitVersion.geom)
    query = (
        select(
            UnitVersion.level,
            UnitVersion.code,
            UnitVersion.name,
            UnitVersion.path,
            func.ST_X(point).label("lon"),
            func.ST_Y(point).label("lat"),
            func.ST_XMin(UnitVersion.geom).label("west"),
            func.ST_YMin(UnitVersion.geom).label("south"),
            func.ST_XMax(UnitVersion.geom).label("east"),
            func.ST_YMax(UnitVersion.geom).label("north"),
        )
        .where(
            IN_EDITION(edition),
            UnitVersion.code.startswith(words, autoescape=True)
            | UnitVersion.name.icontains(words, autoescape=True),
        )
        .order_by(exact.desc(), order, UnitVersion.code)
        .limit(limit)
    )
    return list(session.execute(query))
