"""What leaves as JSON of an incident."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict


class IncidentItem(BaseModel):
    """One incident in a list."""

    model_config = ConfigDict(from_attributes=True)

    number: str
    class_code: str | None
    class_zh: str | None
    class_en: str | None
    urgency: str | None
    state: str
    origin: str
    channel: str | None
    address: str | None
    description: str | None
    occurred_at: datetime
    reported_at: datetime
    due_at: datetime | None
    closed_at: datetime | None
    lon: float | None
    lat: float | None
    grid_code: str | None


class IncidentPage(BaseModel):
    """A page of incidents; ``total`` stops counting at ``total_cap``."""

    items: list[IncidentItem]
    next: str | None
    total: int | None
    total_cap: int


class LogEntry(BaseModel):
    """One step of an incident."""

    model_config = ConfigDict(from_attributes=True)

    at: datetime
    actor: str
    action: str
    from_state: str | None
    to_state: str | None
    note: str | None
    detail: dict[str, Any]


class IncidentDetail(IncidentItem):
    """One incident with its owner, team and log."""

    department: str | None
    component_code: str | None
    source: str
    source_id: str | None
    assigned_edition: int | None
    owner: dict[str, Any] | None
    team: dict[str, Any] | None
    log: list[LogEntry]
