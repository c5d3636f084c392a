"""The description of the API as an answer."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field


class OpenApiDocument(BaseModel):
    """An OpenAPI document."""

    openapi: str = Field(description="The version of OpenAPI.", examples=["3.0.3"])
    info: dict[str, Any]
    servers: list[dict[str, Any]]
    tags: list[dict[str, Any]]
    paths: dict[str, Any]
    components: dict[str, Any]
