"""What leaves as JSON of units, of located places, and of editions."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from gis.codes import UnitLevel

Level = UnitLevel
GridKind = Literal["base", "dedicated"]


class UnitName(BaseModel):
    """A unit by code and name."""

    code: str = Field(examples=["370211001001"])
    name: str


class GridName(UnitName):
    """A grid by code, name and kind."""

    kind: GridKind = Field(description="`dedicated`: one park, market or campus cut out of the base grids.")


class UnitLevels(BaseModel):
    """The unit of each level that a place lies in; null where the district has no such level."""

    grid: GridName
    community: UnitName | None
    street: UnitName | None
    district: UnitName | None


class LocatedPlace(UnitLevels):
    """The grid that owns a place, with its community, street and district."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "grid": {"code": "370211001001001", "name": "第一网格", "kind": "base"},
                    "community": {"code": "370211001001", "name": "第一社区"},
                    "street": {"code": "370211001", "name": "第一街道"},
                    "district": {"code": "370211", "name": "黄岛区"},
                    "edition": 1,
                    "on_boundary": False,
                }
            ]
        }
    )

    edition: int = Field(description="The edition that answers.")
    on_boundary: bool = Field(
        description="The place lies on a boundary; it belongs to the touching grid with the lowest code."
    )


class OwnerUnit(BaseModel):
    """A unit that an owner is, or is part of."""

    code: str
    name: str | None = Field(default=None, description="Where `names` was asked for.")


class OwnerUnits(BaseModel):
    """An owner, and where `levels` was asked for the units that it is part of."""

    grid: OwnerUnit
    community: OwnerUnit | None = None
    street: OwnerUnit | None = None
    district: OwnerUnit | None = None


class ExcludedReason(BaseModel):
    """Why land belongs to no grid on purpose."""

    reason: str


class PlaceExplanation(BaseModel):
    """Why a point has its owner, or none."""

    reason: Literal["inside", "on-boundary", "excluded", "outside", "exchanged", "nowhere"] = Field(
        description="`exchanged`: no owner, but the numbers exchanged would have one. `nowhere`: no place on Earth."
    )
    detail: str = Field(description="The same in words, in the language of the request.")
    place: list[float] | None = Field(
        description="Longitude and latitude in WGS84; null for no place on Earth."
    )
    on_boundary: bool
    excluded: ExcludedReason | None = Field(default=None, description="Where that is the reason.")
    exchanged_owner: str | None = Field(
        default=None,
        description="Code of the grid that would own the exchanged numbers, where that is the reason.",
    )


class LocatedBatch(BaseModel):
    """The owners of many places, in their order."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"edition": 1, "owners": ["370211001001001", None]}]}
    )

    edition: int = Field(description="The edition that answers.")
    owners: list[str | None] = Field(description="Grid codes in the order of the points; null: no owner.")
    units: dict[str, OwnerUnits] | None = Field(
        default=None,
        description="By code of the owner, each once: present where `names` or `levels` was asked for.",
    )
    explanations: list[PlaceExplanation] | None = Field(
        default=None, description="In the order of the points: present where `explain` was asked for."
    )


class EditionOut(BaseModel):
    """A published state of all boundaries."""

    number: int
    state: Literal["past", "in_force", "scheduled"]
    effective_from: datetime
    published_at: datetime
    author: str | None = Field(description="null for those without a role.")
    reviewer: str | None = Field(description="null for those without a role, and where nobody reviewed.")
    note: str
    synthetic: bool = Field(description="Made by a generator: no real boundaries.")
    grids: int = Field(description="How many grids it has.")


class WithdrawnEdition(BaseModel):
    """An edition that was withdrawn before it took effect; its number is not used again."""

    number: int
    effective_from: datetime
    published_at: datetime
    withdrawn_at: datetime
    note: str
    reason: str


class EditionList(BaseModel):
    """Editions, newest first."""

    editions: list[EditionOut]
    in_force: int | None = Field(description="Number of the edition in force now.")
    withdrawn: list[WithdrawnEdition]


class LineageRow(BaseModel):
    """What a grid became, or came from."""

    from_code: str | None = Field(alias="from", description="Grid of the edition before; null: from no grid.")
    to_code: str | None = Field(alias="to", description="Grid of this edition; null: to no grid.")
    kind: str = Field(description="What happened.", examples=["split"])
    area_m2: float = Field(description="Area common to both, in square metres.")
    share_of_from: float | None = Field(description="Part of the former grid's area, 0 to 1.")


class Lineage(BaseModel):
    """What came from what in an edition."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "edition": 2,
                    "lineage": [
                        {
                            "from": "370211001001001",
                            "to": "370211001001009",
                            "kind": "split",
                            "area_m2": 402110.5,
                            "share_of_from": 0.374,
                        }
                    ],
                }
            ]
        }
    )

    edition: int
    lineage: list[LineageRow]
