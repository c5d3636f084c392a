"""GeoJSON (RFC 7946) as the description of the API shows it, and the response class of such answers.

Longitude before latitude, in degrees of WGS84. Answers are mostly written by PostGIS and sent as they are: these models
describe them and are what tests hold them to, they do not stand on the way.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field
from starlette.responses import JSONResponse

MEDIA_TYPE = "application/geo+json"

Position = Annotated[
    list[float],
    Field(min_length=2, max_length=3, description="Longitude, latitude, and a height where there is one."),
]
Ring = Annotated[list[Position], Field(min_length=4, description="Closed: the last position is the first.")]
Box = Annotated[
    list[float],
    Field(
        min_length=4,
        max_length=4,
        description="West, south, east, north in degrees; west beyond east spans the 180th meridian.",
    ),
]


class GeoJsonResponse(JSONResponse):
    """A JSON answer that is GeoJSON."""

    media_type = MEDIA_TYPE


class Point(BaseModel):
    """One place."""

    type: Literal["Point"]
    coordinates: Position


class MultiPoint(BaseModel):
    """Several places."""

    type: Literal["MultiPoint"]
    coordinates: list[Position]


class LineString(BaseModel):
    """A line."""

    type: Literal["LineString"]
    coordinates: Annotated[list[Position], Field(min_length=2)]


class MultiLineString(BaseModel):
    """Several lines."""

    type: Literal["MultiLineString"]
    coordinates: list[Annotated[list[Position], Field(min_length=2)]]


class Polygon(BaseModel):
    """A polygon: its outer ring, then its holes."""

    type: Literal["Polygon"]
    coordinates: list[Ring]


class MultiPolygon(BaseModel):
    """Several polygons."""

    type: Literal["MultiPolygon"]
    coordinates: list[list[Ring]]


SimpleGeometry = Annotated[
    Point | MultiPoint | LineString | MultiLineString | Polygon | MultiPolygon, Field(discriminator="type")
]


class GeometryCollection(BaseModel):
    """Geometries of several kinds."""

    type: Literal["GeometryCollection"]
    geometries: list[SimpleGeometry]


Geometry = Annotated[
    Point | MultiPoint | LineString | MultiLineString | Polygon | MultiPolygon | GeometryCollection,
    Field(discriminator="type"),
]
Area = Annotated[Polygon | MultiPolygon, Field(discriminator="type")]
