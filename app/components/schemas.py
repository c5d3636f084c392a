"""What leaves as JSON of the classes of components."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field


class ComponentClassOut(BaseModel):
    """A class of city components, such as street lamps."""

    code: str = Field(examples=["0118"])
    major_code: str
    major_zh: str
    major_en: str
    name_zh: str
    name_en: str
    geometry: Literal["point", "line", "polygon"]
    hazard: Literal["low", "medium", "high"] = Field(description="What a defect may do.")
    patrol_days: int = Field(description="Days between two inspections.")
    sensitive: bool = Field(description="Shown to those who act there, and in no tile.")
    scheme: str = Field(description="The standard that the code follows.")
    codes_2026: list[str] = Field(description="Codes of the same class in the standard of 2026.")


class ComponentClasses(BaseModel):
    """The classes of components, by code."""

    classes: list[ComponentClassOut]
