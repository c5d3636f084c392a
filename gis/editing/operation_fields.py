"""The kinds of fields that operations of requests have: limits, words for the schema, and what a refusal expects."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, ValidationInfo

from gis.editing.attributes import LONGEST_TEXT
from gis.editing.geojson_input import LineStringInput, MultiPolygonInput, PolygonInput, Position, expecting
from gis.editing.sketch_input import check_places

__all__ = [
    "Area",
    "Code",
    "Codes",
    "Community",
    "Grid",
    "Kind",
    "Line",
    "LineOrArea",
    "Name",
    "NewCode",
    "Reason",
    "Vertex",
]

_MOST_CODES = 10_000


def _written(value: str) -> str:
    if not value.strip():
        raise ValueError("blank")
    return value


def _printable(value: str) -> str:
    if not value.isprintable():
        raise ValueError("control characters")
    return _written(value) if value else value


def _on_earth(value: tuple[float, float], info: ValidationInfo) -> tuple[float, float]:
    check_places([value], what=str(info.field_name).rstrip("_"))
    return value


_LINE_OF_TEXT = expecting(
    "bad-value",
    f"不超过 {LONGEST_TEXT} 字、没有控制字符的文字",
    f"text of up to {LONGEST_TEXT} characters, without control characters",
)

Code = Annotated[
    str,
    Field(min_length=1, max_length=LONGEST_TEXT),
    AfterValidator(_written),
    expecting("bad-value", f"不超过 {LONGEST_TEXT} 字的文字", f"text of up to {LONGEST_TEXT} characters"),
]
Codes = Annotated[list[Code], Field(max_length=_MOST_CODES, fail_fast=True)]
Grid = Annotated[Code, Field(description="The code of a grid of the draft.", examples=["370211001001001"])]
NewCode = Annotated[
    Code,
    Field(
        description="A code that was never used; without it the next number of the community is taken.",
        examples=["370211001001012"],
    ),
]
Community = Annotated[
    Code, Field(description="The code of a community of the draft's base.", examples=["370211001001"])
]
Name = Annotated[
    str,
    Field(max_length=LONGEST_TEXT, description="What people call the grid.", examples=["东一网格"]),
    AfterValidator(_printable),
    _LINE_OF_TEXT,
]
Reason = Annotated[
    str,
    Field(
        min_length=1,
        max_length=LONGEST_TEXT,
        description="Why the land belongs to no grid; it is shown wherever the land is.",
        examples=["军事用地"],
    ),
    AfterValidator(_printable),
    AfterValidator(str.strip),
    _LINE_OF_TEXT,
]
Kind = Annotated[
    Literal["base", "dedicated"],
    Field(
        description="`base` (基础网格), or `dedicated` (专属网格): a market, a campus or a park of its own."
    ),
    expecting("bad-value", " base（基础网格）或 dedicated（专属网格）", "base or dedicated"),
]
Vertex = Annotated[Position, AfterValidator(_on_earth)]
Line = Annotated[LineStringInput, Field(description="Longitude and latitude, EPSG:4326.")]
Area = Annotated[
    PolygonInput | MultiPolygonInput,
    Field(discriminator="type", description="Longitude and latitude, EPSG:4326."),
]
LineOrArea = Annotated[
    LineStringInput | PolygonInput | MultiPolygonInput,
    Field(discriminator="type", description="Longitude and latitude, EPSG:4326."),
]
