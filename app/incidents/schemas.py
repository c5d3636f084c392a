"""What leaves as JSON of an incident: everything for those who act on it, a coarse view for the others."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

Light = Literal["green", "yellow", "red", "none"]


class _Item(BaseModel):
    number: str
    class_code: str | None
    class_zh: str | None
    class_en: str | None
    urgency: str | None
    state: str
    light: Light
    day: date
    lon: float | None
    lat: float | None
    grid_code: str | None


class IncidentItem(_Item):
    """An incident in a list, for a handler, dispatcher or administrator of its unit."""

    view: Literal["full"] = "full"
    sensitive: bool
    origin: str
    channel: str | None
    address: str | None
    description: str | None
    occurred_at: datetime
    reported_at: datetime
    due_at: datetime | None
    closed_at: datetime | None


class CoarseIncidentItem(_Item):
    """An incident in a list, for everybody else: the day instead of the instant, the middle of a cell of 100 m.

    There are none of sensitive classes.
    """

    view: Literal["coarse"] = "coarse"
    accuracy_m: Literal[100] = 100


AnyIncidentItem = Annotated[IncidentItem | CoarseIncidentItem, Field(discriminator="view")]


class IncidentPage(BaseModel):
    """A page of incidents; ``total`` stops counting at ``total_cap``."""

    items: list[AnyIncidentItem]
    next: str | None
    total: int | None
    total_cap: int


class GridIncidents(BaseModel):
    """A page of what a grid owns."""

    items: list[AnyIncidentItem]
    next: str | None


class LogEntry(BaseModel):
    """One step of an incident."""

    at: datetime
    actor: str
    action: str
    from_state: str | None
    to_state: str | None
    note: str | None
    detail: dict[str, Any]


class CoarseLogEntry(BaseModel):
    """One step of an incident, without who took it and what they wrote."""

    day: date
    action: str
    from_state: str | None
    to_state: str | None


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


class CoarseIncidentDetail(CoarseIncidentItem):
    """One incident with its owner, team and the states it went through."""

    assigned_edition: int | None
    owner: dict[str, Any] | None
    team: dict[str, Any] | None
    log: list[CoarseLogEntry]


AnyIncidentDetail = Annotated[IncidentDetail | CoarseIncidentDetail, Field(discriminator="view")]
