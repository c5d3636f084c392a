"""Reading incidents: filters, pages, one incident with its log, places for the map."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from sqlalchemy import ColumnElement, and_, func, or_, select, tuple_
from sqlalchemy.orm import Session

from app.incidents.models import EventClass, Incident, IncidentLog
from app.people.models import Department

COUNT_CAP = 10_000


@dataclass(frozen=True)
class Filters:
    """What somebody asked to see. Empty means no limit."""

    classes: tuple[str, ...] = ()
    majors: tuple[str, ...] = ()
    states: tuple[str, ...] = ()
    unit_path: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    bbox: tuple[float, float, float, float] | None = None
    words: str | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """The filters as conditions on the table of incidents."""
        found: list[ColumnElement[bool]] = []
        if self.classes:
            found.append(Incident.class_code.in_(self.classes))
        if self.majors:
            found.append(
                Incident.class_code.in_(select(EventClass.code).where(EventClass.major_code.in_(self.majors)))
            )
        if self.states:
            found.append(Incident.state.in_(self.states))
        if self.unit_path is not None:
            found.append(Incident.grid_path.op("<@")(func.text2ltree(self.unit_path)))
        if self.since:
            found.append(Incident.occurred_at >= self.since)
        if self.until:
            found.append(Incident.occurred_at < self.until)
        if self.bbox:
            # The box is made in the SRID of the column: the index stays in use.
            found.append(Incident.geom.op("&&")(func.ST_MakeEnvelope(*self.bbox, 4326)))
        if self.words:
            found.append(
                or_(
                    Incident.number.startswith(self.words, autoescape=True),
                    Incident.address.icontains(self.words, autoescape=True),
                    Incident.description.icontains(self.words, autoescape=True),
                )
            )
        return found


def _fields() -> Any:
    query: Any = (
        select(
            Incident.id,
            Incident.number,
            Incident.class_code,
            EventClass.name_zh.label("class_zh"),
            EventClass.name_en.label("class_en"),
            EventClass.urgency,
            Incident.state,
            Incident.origin,
            Incident.channel,
            Incident.address,
            Incident.description,
            Incident.occurred_at,
            Incident.reported_at,
            Incident.due_at,
            Incident.closed_at,
            func.ST_X(Incident.geom).label("lon"),
            func.ST_Y(Incident.geom).label("lat"),
            Incident.grid_code,
        )
        .select_from(Incident)
        .outerjoin(EventClass, EventClass.code == Incident.class_code)
    )
    return query


def page(session: Session, filters: Filters, *, before: tuple[datetime, int] | None, limit: int) -> list[Any]:
    """Incidents, newest first; ``before`` is the last one of the page before."""
    query = _fields().where(and_(True, *filters.conditions()))
    if before:
        query = query.where(tuple_(Incident.occurred_at, Incident.id) < before)
    return list(session.execute(query.order_by(Incident.occurred_at.desc(), Incident.id.desc()).limit(limit)))


def capped_count(session: Session, filters: Filters) -> int:
    """How many incidents match, counted up to COUNT_CAP."""
    inner = select(Incident.id).where(and_(True, *filters.conditions())).limit(COUNT_CAP).subquery()
    return int(session.scalar(select(func.count()).select_from(inner)) or 0)


def points(session: Session, filters: Filters) -> tuple[np.ndarray, np.ndarray]:
    """Longitudes and latitudes of all incidents that match and have a place."""
    query = select(func.array_agg(func.ST_X(Incident.geom)), func.array_agg(func.ST_Y(Incident.geom))).where(
        Incident.geom.is_not(None), *filters.conditions()
    )
    lon, lat = session.execute(query).one()
    return np.asarray(lon or [], dtype=np.float64), np.asarray(lat or [], dtype=np.float64)


def by_number(session: Session, number: str) -> Any | None:
    """One incident with its department."""
    query = (
        _fields()
        .add_columns(
            Department.name.label("department"),
            Incident.component_code,
            Incident.source,
            Incident.source_id,
            Incident.assigned_edition,
            Incident.attributes,
        )
        .outerjoin(Department, Department.id == Incident.department_id)
        .where(Incident.number == number)
    )
    return session.execute(query).one_or_none()


def log_of(session: Session, incident_id: int) -> list[IncidentLog]:
    """What happened to an incident, oldest first."""
    return list(
        session.scalars(
            select(IncidentLog).where(IncidentLog.incident_id == incident_id).order_by(IncidentLog.id)
        )
    )


def search(session: Session, words: str, *, limit: int) -> list[Any]:
    """Incidents by the beginning of their number."""
    query = (
        _fields()
        .where(Incident.number >= words, Incident.number < words + "\U0010ffff")
        .order_by(Incident.number)
        .limit(limit)
    )
    return list(session.execute(query))
