"""Which editions a page speaks of, and its rows as features."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from app.boundaries import repository as boundary_rows
from app.kit.clock import now
from app.ogc import repository
from app.ogc.documents import Collection
from app.ogc.parameters import Asked
from gis.geojson import feature_text
from gis.text import Text

LAYERS = {
    "grid": (Text("网格", "Grids"), Text("城市治理的最小单元", "The smallest units of city governance")),
    "community": (Text("社区/村", "Communities"), Text("由网格合成", "Dissolved from grids")),
    "street": (Text("镇街", "Streets"), Text("由社区合成", "Dissolved from communities")),
    "district": (Text("区", "Districts"), Text("由镇街合成", "Dissolved from streets")),
    "excluded": (
        Text("不划入网格的区域", "Excluded land"),
        Text("按声明不属于任何网格的土地及理由", "Land that belongs to no grid on purpose, with the reason"),
    ),
}


def layers(session: Session) -> list[Collection]:
    """The published layers with their extent in space and time."""
    editions = sorted(boundary_rows.editions(session), key=lambda each: each.effective_from)
    present = _in_force(session, now(), now())
    box = repository.extent(session, present[-1]) if present else None
    # It may lie at the rim, outside every district.
    land = repository.extent(session, present[-1], excluded=True) if present else None
    since = editions[0].effective_from.isoformat() if editions else None
    return [
        Collection(level, title, about, land if level == "excluded" else box, since)
        for level, (title, about) in LAYERS.items()
    ]


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


def as_feature(row: repository.FeatureRow, level: str) -> str:
    """A unit, or a piece of excluded land, as the text of a GeoJSON feature."""
    if level == "excluded":
        said = {"code": row.code, "reason": row.name, "district": row.parent_code}
    else:
        said = {"code": row.code, "name": row.name}
        said |= {} if row.kind is None else {"kind": row.kind}
        said |= {"parent": row.parent_code}
    said |= {"area_m2": round(row.area_m2, 1), "edition": row.edition}
    return feature_text(row.shape, said, key=row.code)


def page(session: Session, level: str, asked: Asked) -> tuple[list[str], str | None, int]:
    """Features of a page, the cursor of the next one, and how many match in all."""
    editions = numbers(session, asked)
    rows: Sequence[repository.FeatureRow] = (
        repository.page(session, level, editions, asked) if editions else []
    )
    more = rows[asked.limit - 1].code if len(rows) > asked.limit else None
    return (
        [as_feature(row, level) for row in rows[: asked.limit]],
        more,
        repository.count(session, level, editions, asked) if editions else 0,
    )
