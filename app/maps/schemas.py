"""What leaves as JSON about maps: the description of tiles, the list of units, one place in every CRS."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from app.boundaries.schemas import GridKind, Level
from app.kit.geojson import Box

Pair = Annotated[list[float], Field(min_length=2, max_length=2, description="Longitude, latitude.")]


class VectorLayer(BaseModel):
    """A layer of the tiles and the fields of its features."""

    id: str
    fields: dict[str, str]
    minzoom: int
    maxzoom: int


class TileJson(BaseModel):
    """TileJSON 3.0 of the unit tiles of an edition."""

    tilejson: Literal["3.0.0"]
    name: str
    scheme: Literal["xyz"]
    tiles: list[str] = Field(description="Template of the tiles' address.")
    minzoom: int
    maxzoom: int
    vector_layers: list[VectorLayer]
    bounds: Box | None = Field(
        default=None, description="The whole width of the world across the 180th meridian."
    )
    view: Box | None = None
    center: Annotated[list[float], Field(min_length=3, max_length=3)] | None = Field(
        default=None, description="Longitude, latitude, zoom."
    )


class UnitInTree(BaseModel):
    """A unit without its shape."""

    level: Level
    code: str
    name: str
    kind: GridKind | None = Field(default=None, description="Grids only.")
    parent: str | None = Field(description="Code of the unit one level up; null for districts.")
    bbox: Box


class UnitTree(BaseModel):
    """Every unit of an edition, upper levels first."""

    edition: int
    synthetic: bool = Field(description="Made by a generator: no real boundaries.")
    units: list[UnitInTree]


class Transformation(BaseModel):
    """The published transformation between two datums that was used."""

    name: str
    accuracy_m: float | None


class PlaceInEveryCrs(BaseModel):
    """One place in the coordinate systems of Chinese maps, to seven decimals (about 1 cm)."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "wgs84": [120.05, 35.88],
                    "cgcs2000": [120.05, 35.88],
                    "gcj02": [120.0553262, 35.8801806],
                    "bd09": [120.0619308, 35.8858312],
                }
            ]
        }
    )

    wgs84: Pair
    cgcs2000: Pair
    gcj02: Pair
    bd09: Pair
    transformation: Transformation | None = Field(
        default=None, description="Where the datum was another one."
    )
