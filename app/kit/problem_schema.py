"""The problem document (RFC 9457) that every refusal is, as the description of the API shows it: one for all."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

_Place = Annotated[list[float], Field(min_length=2, max_length=2)]


class FieldProblem(BaseModel):
    """A field or parameter that was not accepted."""

    field: str = Field(description="Its name, with dots inside a body.", examples=["points.0.1"])
    expected: str
    came: str | int | float | bool | None = Field(
        description="What came, shortened; a type's name for lists and objects."
    )
    kind: str = Field(examples=["float_parsing"])


class Problem(BaseModel):
    """A refusal, in the language of the request (RFC 9457). Some carry more members, by `code`."""

    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={
            "examples": [
                {
                    "type": "/problems/no-owner",
                    "title": "No grid owns this place",
                    "status": 404,
                    "code": "no-owner",
                    "detail": "no grid owns (121.0, 37.0)",
                    "instance": "/v1/locate",
                }
            ]
        },
    )

    type: str = Field(description="Kind of problem, as an address; `about:blank` for those of HTTP itself.")
    title: str
    status: int = Field(description="The status of the answer.")
    detail: str = Field(description="What came, what was expected, and what to do.")
    code: str | None = Field(default=None, description="A word for programs; the same in every language.")
    instance: str | None = Field(default=None, description="The path of the request.")
    field: str | None = Field(default=None, description="The field or parameter that is wrong.")
    fields: list[FieldProblem] | None = Field(default=None, description="All fields that are wrong.")
    places: list[_Place] | None = Field(default=None, description="Where: longitude, latitude in WGS84.")
    defects: list[dict[str, object]] | None = Field(
        default=None, description="Defects of a coverage, the first 200."
    )
    rows: list[dict[str, object]] | None = Field(
        default=None, description="Rows of a file that are wrong, the first 200."
    )
