"""GeoJSON shapes as requests carry them: typed members, and the shapely shape that they mean."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal

import numpy as np
import shapely
from pydantic import BaseModel, ConfigDict, Field, PlainValidator, ValidationError, WrapValidator
from pydantic_core import PydanticCustomError
from shapely import Polygon
from shapely.geometry.base import BaseGeometry

from gis.editing.refusals import refuse
from gis.editing.sketch_input import MAX_VERTICES, check_places, drawn

__all__ = ["LineStringInput", "MultiPolygonInput", "Offset", "PolygonInput", "Position", "Shape", "expecting"]


def expecting(code: str, zh: str, en: str) -> WrapValidator:
    """A validator that says in one phrase what was expected, whatever was wrong with the value.

    ``code`` becomes the type of the error, the phrases its context; `gis.editing.input_refusals` adds place and value.
    """

    def check(value: object, handler: Callable[[object], object]) -> object:
        try:
            return handler(value)
        except ValidationError:
            raise PydanticCustomError(code, "expected {en}", {"zh": zh, "en": en}) from None

    return WrapValidator(check)


def _position(value: object) -> tuple[float, float]:
    """Longitude and latitude; a height is dropped, and a whole number past every float is infinite."""
    if (
        not isinstance(value, list)
        or len(value) not in (2, 3)
        or not all(isinstance(one, int | float) and not isinstance(one, bool) for one in value)
    ):
        raise PydanticCustomError(
            "bad-geometry", "expected {en}", {"zh": " [经度, 纬度]", "en": "[lon, lat]"}
        )
    try:
        return float(value[0]), float(value[1])
    except OverflowError:
        return np.inf, np.inf


Position = Annotated[
    tuple[float, float],
    PlainValidator(
        _position, json_schema_input_type=Annotated[list[float], Field(min_length=2, max_length=3)]
    ),
    Field(description="Longitude and latitude in degrees (EPSG:4326); a height is taken and not used."),
]
Offset = Annotated[
    list[Annotated[float, Field(ge=-1, le=1, allow_inf_nan=False)]],
    Field(min_length=2, max_length=2),
    expecting("bad-value", "两个不超过 1 度的位移", "two offsets of at most one degree"),
]
_Ring = Annotated[
    list[Position],
    Field(
        min_length=4,
        max_length=MAX_VERTICES,
        description="A closed ring: the last position is the first.",
        fail_fast=True,
    ),
]
_Rings = Annotated[
    list[_Ring], Field(min_length=1, description="The outer ring, then those of its holes.", fail_fast=True)
]


class Shape(BaseModel):
    """A GeoJSON geometry of a request."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    bbox: list[float] | None = Field(None, description="Taken, as GeoJSON allows it, and not used.")

    def checked(self, what: str) -> BaseGeometry:
        """The shape in degrees, as it was drawn; refused when it is none, by `gis.editing.sketch_input`."""
        shape = self._built(what)
        drawn(shape, what=what, kinds=(shape.geom_type,))
        return shape

    def _built(self, what: str) -> BaseGeometry:
        raise NotImplementedError


class LineStringInput(Shape):
    """A GeoJSON line."""

    type: Literal["LineString"]
    coordinates: Annotated[list[Position], Field(min_length=2, max_length=MAX_VERTICES, fail_fast=True)]

    def _built(self, what: str) -> BaseGeometry:
        check_places(self.coordinates, what=what)
        return shapely.LineString(self.coordinates)


class PolygonInput(Shape):
    """A GeoJSON polygon: one area, with or without holes."""

    type: Literal["Polygon"]
    coordinates: _Rings

    def _built(self, what: str) -> BaseGeometry:
        return _polygon(self.coordinates, what)


class MultiPolygonInput(Shape):
    """A GeoJSON multipolygon: an area in several parts."""

    type: Literal["MultiPolygon"]
    coordinates: Annotated[list[_Rings], Field(min_length=1, fail_fast=True)]

    def _built(self, what: str) -> BaseGeometry:
        return shapely.MultiPolygon([_polygon(part, what) for part in self.coordinates])


def _polygon(rings: list[list[tuple[float, float]]], what: str) -> Polygon:
    for ring in rings:
        check_places(ring, what=what)
        if ring[0] != ring[-1]:
            refuse(
                "bad-geometry",
                f"{what} 的环未闭合",
                f"{what}: a ring is not closed",
                places=[ring[0], ring[-1]],
            )
    return shapely.Polygon(rings[0], rings[1:])
