"""What queries on incidents give, row by row. Instants carry an offset, places are WGS84 degrees, as the asker sees them."""

from __future__ import annotations

from datetime import date, datetime
from typing import NamedTuple


class IncidentRow(NamedTuple):
    """One incident without its texts; ``acted_on`` says whether the asker may read those."""

    id: int
    number: str
    class_code: str | None
    class_zh: str | None
    class_en: str | None
    urgency: str | None
    sensitive: bool
    state: str
    is_open: bool
    origin: str
    channel: str | None
    occurred_at: datetime
    reported_at: datetime
    due_at: datetime | None
    closed_at: datetime | None
    lon: float | None
    lat: float | None
    grid_code: str | None
    acted_on: bool


class FoundIncident(NamedTuple):
    """One incident with what only its own page shows."""

    row: IncidentRow
    department: str | None
    source: str
    assigned_edition: int | None


class IncidentText(NamedTuple):
    """What people wrote of an incident, and what leads to their door."""

    id: int
    address: str | None
    description: str | None
    source_id: str | None
    component_code: str | None
    attributes: dict[str, object]


class LogRow(NamedTuple):
    """One step of an incident, without who took it."""

    id: int
    at: datetime
    action: str
    from_state: str | None
    to_state: str | None


class LogText(NamedTuple):
    """Who took a step, and what they wrote."""

    id: int
    actor: str
    note: str | None
    detail: dict[str, object]


class SensitiveCount(NamedTuple):
    """A publishable number of sensitive incidents: of a class (None: several), a unit's path, a span of whole quarters."""

    class_code: str | None
    unit: str
    period_from: date
    period_to: date
    incidents: int
