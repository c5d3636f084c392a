"""The description of the API as an answer."""

from __future__ import annotations

from pydantic import BaseModel, Field


class OpenApiDocument(BaseModel):
    """An OpenAPI document."""

    openapi: str = Field(description="The version of OpenAPI.", examples=["3.0.3"])
    info: dict[str, object]
    servers: list[dict[str, object]]
    tags: list[dict[str, object]]
    paths: dict[str, object]
    components: dict[str, object]
