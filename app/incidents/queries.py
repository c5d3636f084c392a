"""Reading incidents: filters, pages, one incident with its log, places for the map.

Who acts on an incident reads all of it. Others see class, state, day and a place of about 100 m; for them filters,
order and cursors look at those too and at nothing finer, or an answer could be narrowed down to what it hides.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from geoalchemy2 import WKBElement
from sqlalchemy import Boolean, ColumnElement, and_, case, func, not_, or_, select, text, tuple_
from sqlalchemy.orm import Session

from app.incidents.models import Incident, IncidentClass, IncidentLog
from app.incidents.rows import FoundIncident, IncidentRow, IncidentText, LogRow, LogText, SensitiveCount
from app.kit.bbox import Box
from app.people.models import Department

COUNT_CAP = 10_000
_UTC = ZoneInfo("UTC")
_FIRST, _LAST = datetime(2, 1, 1, tzinfo=UTC), datetime(9998, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Filters:
    """What somebody asked to see. Empty means no limit.

    ``open``: the open ones, beside those in one of ``states``. ``exact``: the asker acts on all that they see here, so instants and places count as they are. ``drawn``: without
    sensitive classes, which no map draws.
    """

    classes: tuple[str, ...] = ()
    majors: tuple[str, ...] = ()
    states: tuple[str, ...] = ()
    open: bool = False
    unit_path: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    boxes: tuple[Box, ...] = ()
    words: str | None = None
    exact: bool = False
    drawn: bool = False
    zone: ZoneInfo = _UTC

    def conditions(self) -> list[ColumnElement[bool]]:
        """The filters as conditions on the table of incidents."""
        found: list[ColumnElement[bool]] = []
        if self.classes:
            found.append(Incident.class_code.in_(self.classes))
        if self.majors:
            found.append(
                Incident.class_code.in_(
                    select(IncidentClass.code).where(IncidentClass.major_code.in_(self.majors))
                )
            )
        if self.states or self.open:
            named = [Incident.state.in_(self.states)] if self.states else []
            found.append(or_(*([Incident.is_open] if self.open else []), *named))
        if self.unit_path is not None:
            found.append(Incident.grid_path.op("<@")(func.text2ltree(self.unit_path)))
        found += self._period()
        if self.boxes:
            found.append(or_(*(and_(*self._box(box)) for box in self.boxes)))
        if self.words:
            pattern = "%" + self.words.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_") + "%"
            found.append(
                or_(
                    Incident.number.startswith(self.words, autoescape=True),
                    # Looks at texts that the asker may read, and at no others.
                    Incident.id.in_(select(func.incidents_with_words(pattern))),
                )
            )
        if self.drawn:
            found.append(not_(is_sensitive()))
        return found

    def day_start(self, instant: datetime) -> datetime:
        """Midnight before an instant, in the district's zone."""
        return datetime.combine(self._day(instant), time.min, self.zone)

    def day_end(self, instant: datetime) -> datetime:
        """Midnight after an instant."""
        return datetime.combine(self._day(instant) + timedelta(days=1), time.min, self.zone)

    def _day(self, instant: datetime) -> date:
        # The calendar ends where nothing happens any more: neighbours of its last days need not exist.
        return min(max(instant, _FIRST), _LAST).astimezone(self.zone).date()

    def _period(self) -> list[ColumnElement[bool]]:
        found: list[ColumnElement[bool]] = []
        occurred = Incident.occurred_at
        if self.since:
            whole = self.day_start(self.since)
            found.append(occurred >= (self.since if self.exact else whole))
            if not self.exact and whole != self.since:
                found.append(or_(not_(acted_on()), occurred >= self.since))
        if self.until:
            whole = self.day_start(self.until)
            whole = whole if whole == self.until else self.day_end(self.until)
            found.append(occurred < (self.until if self.exact else whole))
            if not self.exact and whole != self.until:
                found.append(or_(not_(acted_on()), occurred < self.until))
        return found

    def _box(self, bbox: Box) -> list[ColumnElement[bool]]:
        # Boxes are made in the SRID of the column: the index stays in use.
        west, south, east, north = bbox
        box = func.ST_MakeEnvelope(west, south, east, north, 4326)
        if self.exact:
            return [Incident.geom.op("&&")(box)]
        # A box grown by half a cell of coarse_place holds every place whose cell may be in it.
        outer = min(max(abs(south), abs(north)) + 2, 89)
        wide, high = 0.00046 / math.cos(math.radians(outer)), 0.00046
        around = func.ST_MakeEnvelope(west - wide, south - high, east + wide, north + high, 4326)
        coarse = func.coarse_place(Incident.geom)
        within = and_(func.ST_X(coarse).between(west, east), func.ST_Y(coarse).between(south, north))
        return [
            Incident.geom.op("&&")(around),
            case((acted_on(), Incident.geom.op("&&", return_type=Boolean)(box)), else_=within),
        ]


def acted_on() -> ColumnElement[bool]:
    """Whether the asker acts on the incident: reads its text, sees its instant and its exact place."""
    within = Incident.grid_path.op("?", return_type=Boolean)
    return or_(
        select(func.can_act_everywhere(type_=Boolean)).scalar_subquery(),
        within(select(func.acting_units()).scalar_subquery()),
    )


def shown_place() -> ColumnElement[WKBElement]:
    """The place of an incident as the asker may see it."""
    return case((acted_on(), Incident.geom), else_=func.coarse_place(Incident.geom))


def is_sensitive() -> ColumnElement[bool]:
    """Whether the incident is of a class that is counted and never drawn."""
    codes = select(IncidentClass.code).where(IncidentClass.sensitive)
    return and_(Incident.class_code.is_not(None), Incident.class_code.in_(codes))


def _fields() -> Any:
    place = shown_place()
    query: Any = (
        select(
            Incident.id,
            Incident.number,
            Incident.class_code,
            IncidentClass.name_zh.label("class_zh"),
            IncidentClass.name_en.label("class_en"),
            IncidentClass.urgency,
            func.coalesce(IncidentClass.sensitive, False).label("sensitive"),
            Incident.state,
            Incident.is_open,
            Incident.origin,
            Incident.channel,
            Incident.occurred_at,
            Incident.reported_at,
            Incident.due_at,
            Incident.closed_at,
            func.ST_X(place).label("lon"),
            func.ST_Y(place).label("lat"),
            Incident.grid_code,
            acted_on().label("acted_on"),
        )
        .select_from(Incident)
        .outerjoin(IncidentClass, IncidentClass.code == Incident.class_code)
    )
    return query


def _rows(session: Session, query: Any) -> list[IncidentRow]:
    return [IncidentRow(*row) for row in session.execute(query)]


def page(
    session: Session, filters: Filters, *, before: tuple[datetime, int] | None, limit: int
) -> list[IncidentRow]:
    """Incidents, newest first; ``before`` is the last one of the page before (`position_of`).

    Where the asker does not act on all of them, the newest day comes first and within it the one stored last.
    """
    if not filters.exact:
        return _page_by_day(session, filters, before=before, limit=limit)
    query = _fields().where(and_(True, *filters.conditions()))
    if before:
        query = query.where(tuple_(Incident.occurred_at, Incident.id) < before)
    return _rows(session, query.order_by(Incident.occurred_at.desc(), Incident.id.desc()).limit(limit))


def position_of(filters: Filters, row: IncidentRow) -> tuple[datetime, int]:
    """Where a row of a page stands: what the next page begins after."""
    return (row.occurred_at if filters.exact else filters.day_start(row.occurred_at)), row.id


def _page_by_day(
    session: Session, filters: Filters, *, before: tuple[datetime, int] | None, limit: int
) -> list[IncidentRow]:
    conditions = [*filters.conditions()]
    occurred = Incident.occurred_at
    if before:
        start, end = filters.day_start(before[0]), filters.day_end(before[0])
        conditions += [occurred < end, or_(occurred < start, Incident.id < before[1])]
    # The index on instants gives the day in which the page ends; only the days down to it are sorted.
    last = session.scalar(
        select(occurred).where(and_(True, *conditions)).order_by(occurred.desc()).offset(limit - 1).limit(1)
    )
    if last is not None:
        conditions.append(occurred >= filters.day_start(last))
    day = func.date_trunc("day", func.timezone(filters.zone.key, occurred))
    query = _fields().where(and_(True, *conditions)).order_by(day.desc(), Incident.id.desc()).limit(limit)
    return _rows(session, query)


def capped_count(session: Session, filters: Filters) -> int:
    """How many incidents match, counted up to COUNT_CAP."""
    inner = select(Incident.id).where(and_(True, *filters.conditions())).limit(COUNT_CAP).subquery()
    return int(session.scalar(select(func.count()).select_from(inner)) or 0)


def points(session: Session, filters: Filters) -> tuple[np.ndarray, np.ndarray, int]:
    """Longitudes and latitudes, as the asker may see them, of what matches and may be drawn; how many may not."""
    # Fenced, so that each place is made once and not once for each coordinate.
    found = (
        select(shown_place().label("place"), is_sensitive().label("hidden"))
        .where(Incident.geom.is_not(None), *filters.conditions())
        .offset(0)
        .subquery()
    )
    drawn = not_(found.c.hidden)
    query = select(
        func.array_agg(func.ST_X(found.c.place)).filter(drawn),
        func.array_agg(func.ST_Y(found.c.place)).filter(drawn),
        func.count().filter(found.c.hidden),
    )
    lon, lat, hidden = session.execute(query).one()
    return np.asarray(lon or [], dtype=np.float64), np.asarray(lat or [], dtype=np.float64), int(hidden)


def drawn_page(session: Session, filters: Filters, *, limit: int) -> list[IncidentRow]:
    """The newest incidents that may be drawn."""
    return page(session, replace(filters, drawn=True), before=None, limit=limit)


def texts_of(session: Session, ids: Sequence[int]) -> dict[int, IncidentText]:
    """Address, description, source_id, component_code and attributes by id, of those the asker acts on."""
    query = text(
        "SELECT id, address, description, source_id, component_code, attributes FROM incident_text(:ids)"
    )
    rows = session.execute(query, {"ids": list(ids)}) if ids else ()
    return {row.id: IncidentText(*row) for row in rows}


def by_number(session: Session, number: str) -> FoundIncident | None:
    """One incident with its department."""
    query = (
        _fields()
        .add_columns(
            Department.name.label("department"),
            Incident.source,
            Incident.assigned_edition,
        )
        .outerjoin(Department, Department.id == Incident.department_id)
        .where(Incident.number == number)
    )
    found = session.execute(query).one_or_none()
    return None if found is None else FoundIncident(IncidentRow(*found[:-3]), *found[-3:])


def log_of(session: Session, incident_id: int) -> list[LogRow]:
    """What happened to an incident, oldest first: id, at, action, from_state, to_state."""
    columns = (
        IncidentLog.id,
        IncidentLog.at,
        IncidentLog.action,
        IncidentLog.from_state,
        IncidentLog.to_state,
    )
    query = select(*columns).where(IncidentLog.incident_id == incident_id).order_by(IncidentLog.id)
    return [LogRow(*row) for row in session.execute(query)]


def log_texts_of(session: Session, incident_id: int) -> dict[int, LogText]:
    """Actor, note and detail of each step by its id, where the asker acts on the incident."""
    query = text("SELECT id, actor, note, detail FROM incident_log_text(:id)")
    return {row.id: LogText(*row) for row in session.execute(query, {"id": incident_id})}


def sensitive_counts(
    session: Session, *, zone: ZoneInfo, first_year: int, last_year: int
) -> list[SensitiveCount]:
    """Publishable counts of sensitive incidents."""
    query = text(
        "SELECT class_code, unit::text, period_from, period_to, incidents "
        "FROM sensitive_incident_counts(:zone, :first, :last)"
    )
    given = {"zone": zone.key, "first": first_year, "last": last_year}
    return [SensitiveCount(*row) for row in session.execute(query, given)]


def search(session: Session, words: str, *, limit: int) -> list[IncidentRow]:
    """Incidents by the beginning of their number."""
    query = (
        _fields()
        .where(Incident.number >= words, Incident.number < words + "\U0010ffff")
        .order_by(Incident.number)
        .limit(limit)
    )
    return _rows(session, query)
