"""What leaves as JSON of an incident: everything for those who act on it, a coarse view for the others."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from app.boundaries.schemas import GridName, UnitName
from app.kit.geojson import Point
from app.people.schemas import Team

Light = Literal["green", "yellow", "red", "none"]


class _Item(BaseModel):
    number: str
    class_code: str | None
    class_zh: str | None
    class_en: str | None
    urgency: str | None
    state: str
    open: bool = Field(description="Whether somebody still has to do something: neither closed nor voided.")
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


class IncidentOwner(BaseModel):
    """The grid that owns an incident, named as in the edition that assigned it, with the units above."""

    grid: GridName
    community: UnitName | None = None
    street: UnitName | None = None
    district: UnitName | None = None
    edition: int


class LogEntry(BaseModel):
    """One step of an incident."""

    at: datetime
    actor: str
    action: str
    from_state: str | None
    to_state: str | None
    note: str | None
    detail: dict[str, object]


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
    owner: IncidentOwner | None
    team: Team | None
    log: list[LogEntry]


class CoarseIncidentDetail(CoarseIncidentItem):
    """One incident with its owner, team and the states it went through."""

    assigned_edition: int | None
    owner: IncidentOwner | None
    team: Team | None
    log: list[CoarseLogEntry]


AnyIncidentDetail = Annotated[IncidentDetail | CoarseIncidentDetail, Field(discriminator="view")]


class DrawnIncident(BaseModel):
    """What a mark on a map carries of an incident; ``view`` says which members there are."""

    view: Literal["full", "coarse"]
    number: str
    class_code: str | None
    class_zh: str | None
    class_en: str | None
    urgency: str | None
    state: str
    open: bool
    light: Light
    day: date
    occurred_at: datetime | None = Field(default=None, description="Full view only.")
    due_at: datetime | None = Field(default=None, description="Full view only.")
    accuracy_m: Literal[100] | None = Field(default=None, description="Coarse view only.")


class IncidentCluster(BaseModel):
    """A hexagon with the number of incidents in it."""

    cell: str
    count: int


class DrawnFeature(BaseModel):
    """A mark on a map: an incident, or a cluster of them."""

    type: Literal["Feature"]
    geometry: Point
    properties: DrawnIncident | IncidentCluster


class DrawnFeatures(BaseModel):
    """The marks as a GeoJSON feature collection."""

    type: Literal["FeatureCollection"]
    features: list[DrawnFeature]


class IncidentMap(BaseModel):
    """What of many incidents a map draws."""

    mode: Literal["points", "clusters"]
    total: int = Field(description="Incidents that are drawn, alone or in clusters.")
    not_drawn: int = Field(description="Incidents of sensitive classes, which are counted and never drawn.")
    features: DrawnFeatures


class IncidentClass(BaseModel):
    """A class of incidents, with its starting time limit."""

    code: str = Field(examples=["0102"])
    major_code: str
    major_zh: str
    major_en: str
    name_zh: str
    name_en: str
    urgency: Literal["low", "normal", "urgent", "emergency"]
    sensitive: bool = Field(description="Counted, and listed for those who act on them only.")
    time_limit: float | None
    time_limit_unit: Literal["hour", "working_hour", "working_day", "calendar_day"] | None
    scheme: str = Field(description="The standard that the code follows.")
    code_2026: str | None = Field(description="Code of the same class in the standard of 2026.")


class IncidentClasses(BaseModel):
    """The classes of incidents, by code."""

    classes: list[IncidentClass]
