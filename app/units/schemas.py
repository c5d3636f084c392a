"""What leaves as JSON of a unit and of what it owns."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from app.boundaries.schemas import GridKind, Level
from app.kit.geojson import Area, Box, Geometry
from app.people.schemas import PopulationCountOut, Team


class RelatedUnit(BaseModel):
    """A unit above another."""

    level: Level
    code: str
    name: str


class ChildUnit(RelatedUnit):
    """A unit one level below another."""

    kind: GridKind | None = Field(description="Grids only.")


class UnitTotals(BaseModel):
    """What a unit owns."""

    components: int
    incidents_open: int
    incidents_30d: int = Field(description="Incidents of the last 30 days.")
    incidents_total: int


class SensitiveCount(BaseModel):
    """Incidents of sensitive classes in the last four whole quarters; shown where there are three or more."""

    begin: date = Field(alias="from")
    end: date = Field(alias="to", description="Not included.")
    count: int | None = Field(description="null: fewer than three.")


class UnitOut(BaseModel):
    """A district, street, community or grid in one edition."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "level": "grid",
                    "code": "370211001001001",
                    "code_scheme": "own",
                    "name": "第一网格",
                    "kind": "base",
                    "edition": 1,
                    "ancestors": [
                        {"level": "district", "code": "370211", "name": "黄岛区"},
                        {"level": "street", "code": "370211001", "name": "第一街道"},
                        {"level": "community", "code": "370211001001", "name": "第一社区"},
                    ],
                    "children": [],
                    "area_m2": 1073752.4,
                    "bbox": [120.05, 35.88, 120.06, 35.89],
                    "center": [120.055, 35.885],
                    "team": {"leader": 1, "full_time": 1, "professional": 3, "members": []},
                    "counts": {
                        "components": 812,
                        "incidents_open": 4,
                        "incidents_30d": 31,
                        "incidents_total": 3310,
                    },
                    "sensitive_incidents": {"from": "2025-10-01", "to": "2026-10-01", "count": 3},
                    "population": [
                        {"kind": "households", "count": 410, "sensitive": False, "counted_on": "2026-11-01"}
                    ],
                }
            ]
        }
    )

    level: Level
    code: str = Field(examples=["370211001001001"])
    code_scheme: str = Field(description="Which scheme the code follows.")
    name: str
    kind: GridKind | None = Field(description="Grids only.")
    edition: int
    ancestors: list[RelatedUnit] = Field(description="From the district down.")
    children: list[ChildUnit]
    area_m2: float
    bbox: Box
    center: Annotated[list[float], Field(min_length=2, max_length=2)] = Field(
        description="Longitude and latitude of a point inside."
    )
    team: Team
    counts: UnitTotals
    sensitive_incidents: SensitiveCount | None = Field(
        description="null for grids and for anonymous callers."
    )
    population: list[PopulationCountOut]


class TouchingUnit(ChildUnit):
    """A unit that touches another of its level."""

    border_m: float = Field(
        ge=0, description="Length of the common border, metres; 0 where they meet at single points only."
    )


class TouchingUnits(BaseModel):
    """The neighbours of a unit in one edition."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "code": "370211001001001",
                    "level": "grid",
                    "edition": 1,
                    "items": [
                        {
                            "level": "grid",
                            "code": "370211001001002",
                            "name": "第二网格",
                            "kind": "base",
                            "border_m": 812.44,
                        }
                    ],
                }
            ]
        }
    )

    code: str
    level: Level
    edition: int
    items: list[TouchingUnit] = Field(description="Longest common border first.")


class UnitIdentity(BaseModel):
    """Which unit a shape is of."""

    code: str
    name: str
    level: Level
    edition: int


class UnitShape(BaseModel):
    """A unit's polygon as a GeoJSON feature."""

    type: Literal["Feature"]
    id: str
    geometry: Area
    properties: UnitIdentity


class ComponentOut(BaseModel):
    """A city component with its place."""

    code: str
    code_scheme: str
    class_code: str
    class_zh: str
    class_en: str
    name: str | None
    state: str
    department: str | None
    owner_grid: str | None = Field(description="Code of the grid with the largest share.")
    measure: float | None = Field(
        description="Length in m of a line, area in m² of an area; null for points."
    )
    geometry: Geometry


class ComponentPage(BaseModel):
    """A page of components."""

    items: list[ComponentOut]
    next: str | None = Field(description="Pass as `cursor` for the rest; null on the last page.")
