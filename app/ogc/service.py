"""Which editions a page speaks of, and its rows as features."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from json import dumps
from typing import Any

from sqlalchemy import Row
from sqlalchemy.orm import Session

from app.boundaries import repository as boundary_rows
from app.i18n import Text
from app.kit.clock import now
from app.ogc import repository
from app.ogc.documents import Collection
from app.ogc.parameters import Asked

LAYERS = {
    "grid": (Text("网格", "Grids"), Text("城市治理的最小单元", "The smallest units of city governance")),
    "community": (Text("社区/村", "Communities"), Text("由网格合成", "Dissolved from grids")),
    "street": (Text("镇街", "Streets"), Text("由社区合成", "Dissolved from communities")),
    "district": (Text("区", "Districts"), Text("由镇街合成", "Dissolved from streets")),
}


def layers(session: Session) -> list[Collection]:
    """The published layers with their extent in space and time."""
    editions = sorted(boundary_rows.editions(session), key=lambda each: each.effective_from)
    present = _in_force(session, now(), now())
    box = repository.extent(session, present[-1]) if present else None
    since = editions[0].effective_from.isoformat() if editions else None
    return [Collection(level, title, about, box, since) for level, (title, about) in LAYERS.items()]


def _in_force(session: Session, begin: datetime | None, end: datetime | None) -> list[int]:
    """Numbers of the editions in force at any instant of a period (None: open), in order of coming into force."""
    listed = sorted(boundary_rows.editions(session), key=lambda each: (each.effective_from, each.number))
    found = []
    for at, edition in enumerate(listed):
        until = listed[at + 1].effective_from if at + 1 < len(listed) else None
        if end is not None and edition.effective_from > end:
            break
        # Of two editions from one instant only the later number is ever in force.
        never = until is not None and until <= edition.effective_from
        if not never and (begin is None or until is None or until > begin):
            found.append(edition.number)
    return found


def numbers(session: Session, asked: Asked) -> list[int]:
    """The editions that a request is about: the one in force now, unless it names an instant or a period."""
    if not asked.timed:
        return _in_force(session, now(), now())
    return _in_force(session, asked.begin, asked.end)


def as_feature(row: Row[Any]) -> str:
    """A unit as the text of a GeoJSON feature."""
    said = {"code": row.code, "name": row.name}
    if row.kind is not None:
        said["kind"] = row.kind
    said |= {"parent": row.parent_code, "area_m2": round(row.area_m2, 1), "edition": row.edition}
    code = dumps(row.code, ensure_ascii=False)
    return f'{{"type":"Feature","id":{code},"properties":{dumps(said, ensure_ascii=False)},"geometry":{row.shape}}}'


def page(session: Session, level: str, asked: Asked) -> tuple[list[str], str | None, int]:
    """Features of a page, the cursor of the next one, and how many match in all."""
    editions = numbers(session, asked)
    rows: Sequence[Row[Any]] = repository.page(session, level, editions, asked) if editions else []
    more = rows[asked.limit - 1].code if len(rows) > asked.limit else None
    return (
        [as_feature(row) for row in rows[: asked.limit]],
        more,
        repository.count(session, level, editions, asked) if editions else 0,
    )
