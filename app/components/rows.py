"""What queries on components give, row by row. Places are WGS84 degrees; measures are metres or square metres."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple


class ComponentRow(NamedTuple):
    """One component in a list; ``geometry`` is the text of a GeoJSON geometry."""

    id: int
    code: str
    code_scheme: str
    class_code: str
    class_zh: str
    class_en: str
    name: str | None
    state: str
    department: str | None
    grid_code: str | None
    measure: float | None
    geometry: str


class ExportRow(NamedTuple):
    """One component as exports write it; ``geometry`` is WKB."""

    code: str
    code_scheme: str
    class_code: str
    class_zh: str
    class_en: str
    name: str | None
    state: str
    department: str | None
    owner_name: str | None
    maintainer_name: str | None
    surveyed_on: date | None
    grid_code: str | None
    assigned_edition: int | None
    attributes: dict[str, object]
    geometry: bytes


class ComponentMatch(NamedTuple):
    """One component that a search found, with a point on it."""

    code: str
    name: str | None
    class_zh: str
    class_en: str
    grid_code: str | None
    lon: float
    lat: float
