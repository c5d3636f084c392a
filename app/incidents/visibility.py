"""Who sees what of an incident: the one place where rows become what leaves the service.

Who acts on it (`app.auth.roles.ACTS_ON_INCIDENTS`, in its unit) gets all of it, everybody else the coarse view. The
database decides row by row (``acted_on``) and gives no text otherwise; one answer may hold both views.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from app.incidents import queries
from app.incidents.rows import FoundIncident, IncidentRow, IncidentText
from app.incidents.rules import light_of
from app.incidents.schemas import (
    CoarseIncidentDetail,
    CoarseIncidentItem,
    CoarseLogEntry,
    IncidentDetail,
    IncidentItem,
    LogEntry,
)

AnyItem = IncidentItem | CoarseIncidentItem


def items_of(
    session: Session, rows: Sequence[IncidentRow], *, zone: ZoneInfo, instant: datetime
) -> list[AnyItem]:
    """Rows of `queries` as the asker may see them at an instant."""
    texts = queries.texts_of(session, [row.id for row in rows if row.acted_on])
    return [_item(row, texts.get(row.id), zone=zone, instant=instant) for row in rows]


def _item(row: IncidentRow, written: IncidentText | None, *, zone: ZoneInfo, instant: datetime) -> AnyItem:
    light = light_of(row.state, row.reported_at, row.due_at, instant)
    common: dict[str, Any] = {
        "number": row.number,
        "class_code": row.class_code,
        "class_zh": row.class_zh,
        "class_en": row.class_en,
        "urgency": row.urgency,
        "state": row.state,
        "open": row.is_open,
        "light": light,
        "lon": row.lon,
        "lat": row.lat,
        "grid_code": row.grid_code,
        "day": row.occurred_at.astimezone(zone).date(),
    }
    if not row.acted_on:
        return CoarseIncidentItem(**common)
    return IncidentItem(
        **common,
        sensitive=row.sensitive,
        origin=row.origin,
        channel=row.channel,
        address=written.address if written else None,
        description=written.description if written else None,
        occurred_at=row.occurred_at,
        reported_at=row.reported_at,
        due_at=row.due_at,
        closed_at=row.closed_at,
    )


def detail_of(
    session: Session,
    found: FoundIncident,
    *,
    owner: dict[str, object] | None,
    team: dict[str, object] | None,
    zone: ZoneInfo,
    instant: datetime,
) -> IncidentDetail | CoarseIncidentDetail:
    """One incident (`queries.by_number`) as the asker may see it, with its log."""
    row = found.row
    written = queries.texts_of(session, [row.id]).get(row.id) if row.acted_on else None
    item = _item(row, written, zone=zone, instant=instant).model_dump()
    about: dict[str, Any] = {"assigned_edition": found.assigned_edition, "owner": owner, "team": team}
    if not row.acted_on:
        return CoarseIncidentDetail(**item, **about, log=_coarse_log(session, row, zone))
    return IncidentDetail(
        **item,
        **about,
        department=found.department,
        component_code=written.component_code if written else None,
        source=found.source,
        source_id=written.source_id if written else None,
        log=_full_log(session, row),
    )


def _coarse_log(session: Session, row: IncidentRow, zone: ZoneInfo) -> list[CoarseLogEntry]:
    return [
        CoarseLogEntry(
            day=step.at.astimezone(zone).date(),
            action=step.action,
            from_state=step.from_state,
            to_state=step.to_state,
        )
        for step in queries.log_of(session, row.id)
    ]


def _full_log(session: Session, row: IncidentRow) -> list[LogEntry]:
    written = queries.log_texts_of(session, row.id)
    return [
        LogEntry(
            at=step.at,
            action=step.action,
            from_state=step.from_state,
            to_state=step.to_state,
            actor=written[step.id].actor,
            note=written[step.id].note,
            detail=written[step.id].detail,
        )
        for step in queries.log_of(session, row.id)
        if step.id in written
    ]
