"""The documents and features of OGC API Features, as the standard names them."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field

from app.kit.geojson import Area, Box


class Link(BaseModel):
    """A link to another resource."""

    href: str
    rel: str = Field(examples=["items"])
    type: str | None = Field(default=None, description="Media type of what it leads to.")
    title: str | None = None


class LandingPage(BaseModel):
    """Where the API begins: links to its description, conformance and collections."""

    title: str
    description: str
    links: list[Link]


class Conformance(BaseModel):
    """The conformance classes that hold here."""

    conformsTo: list[str]  # noqa: N815 - the standard's name


class SpatialExtent(BaseModel):
    """Where the features lie."""

    bbox: list[Box]
    crs: str


class TemporalExtent(BaseModel):
    """Since when there are features; an open end is null."""

    interval: list[list[datetime | None]]
    trs: str


class Extent(BaseModel):
    """Where and when the features of a collection lie."""

    spatial: SpatialExtent | None = None
    temporal: TemporalExtent | None = None


class CollectionInfo(BaseModel):
    """A collection of features: one level of units, or excluded land."""

    id: str = Field(examples=["grid"])
    title: str
    description: str
    itemType: Literal["feature"]  # noqa: N815 - the standard's name
    crs: list[str]
    storageCrs: str  # noqa: N815 - the standard's name
    extent: Extent | None = None
    links: list[Link]


class Collections(BaseModel):
    """The collections."""

    links: list[Link]
    collections: list[CollectionInfo]


class QueryableProperty(BaseModel):
    """A property that filters may name."""

    title: str
    type: Literal["string", "integer", "number", "boolean"] | None = Field(
        default=None, description="Not of geometries."
    )
    format: Literal["date-time", "date", "geometry-any"] | None = None


class Queryables(BaseModel):
    """The properties that filters of a collection may name, as a JSON Schema."""

    dialect: str = Field(alias="$schema", examples=["https://json-schema.org/draft/2020-12/schema"])
    address: str = Field(alias="$id", description="Where this document is.")
    type: Literal["object"]
    title: str
    properties: dict[str, QueryableProperty]
    additionalProperties: Literal[False]  # noqa: N815 - the standard's name


class UnitProperties(BaseModel):
    """A unit of a level, or land that belongs to no grid: members depend on the collection."""

    code: str
    name: str | None = Field(default=None, description="Units only.")
    kind: Literal["base", "dedicated"] | None = Field(default=None, description="Grids only.")
    parent: str | None = Field(default=None, description="Code of the unit one level up; units only.")
    reason: str | None = Field(
        default=None, description="Why the land belongs to no grid; excluded land only."
    )
    district: str | None = Field(default=None, description="Code of its district; excluded land only.")
    area_m2: float
    edition: int = Field(description="The edition that this version comes from.")


class UnitFeature(BaseModel):
    """A published unit as a GeoJSON feature."""

    type: Literal["Feature"]
    id: str
    properties: UnitProperties
    geometry: Area
    links: list[Link] | None = Field(default=None, description="Only where the feature stands alone.")


class DraftGridProperties(BaseModel):
    """A grid of a draft."""

    code: str
    name: str
    community: str | None = Field(description="Code of its community.")
    kind: Literal["base", "dedicated"]


class DraftGridFeature(BaseModel):
    """A grid of a draft as a GeoJSON feature."""

    type: Literal["Feature"]
    id: str
    properties: DraftGridProperties
    geometry: Area
    links: list[Link] | None = Field(default=None, description="Only where the feature stands alone.")


class _Page(BaseModel):
    type: Literal["FeatureCollection"]
    numberMatched: int = Field(description="Features on all pages.")  # noqa: N815 - the standard's name
    numberReturned: int = Field(description="Features on this page.")  # noqa: N815 - the standard's name
    timeStamp: datetime  # noqa: N815 - the standard's name
    links: list[Link] = Field(description="`next` leads to the following page, where there is one.")


class UnitPage(_Page):
    """A page of published units."""

    features: list[UnitFeature]


class DraftGridPage(_Page):
    """A page of a draft's grids."""

    features: list[DraftGridFeature]
