"""What leaves as JSON of a search."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from app.kit.geojson import Box


class SearchResult(BaseModel):
    """Something that was found: where it lies and what it is part of."""

    kind: Literal["place", "district", "street", "community", "grid", "component", "incident"]
    code: str = Field(description="Of a place its coordinates in WGS84.")
    name: str
    context: list[str] = Field(description="Names of what it lies in, or words about it.")
    lon: float | None
    lat: float | None
    bbox: Box | None = Field(default=None, description="Units only.")


class SearchResults(BaseModel):
    """What was found, the best first."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "results": [
                        {
                            "kind": "street",
                            "code": "370211001",
                            "name": "第一街道",
                            "context": [],
                            "lon": 120.055,
                            "lat": 35.885,
                            "bbox": [120.04, 35.87, 120.08, 35.91],
                        }
                    ]
                }
            ]
        }
    )

    results: list[SearchResult]
