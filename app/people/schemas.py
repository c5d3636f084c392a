"""What leaves as JSON of a grid's team and of population counts."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import BaseModel, Field


class TeamMemberOut(BaseModel):
    """A member of a grid's team, for signed-in staff of the area."""

    role: Literal["leader", "full_time", "professional"]
    name: str
    department: str | None
    subject: str | None = Field(description="Professional workers: what they are responsible for.")
    phone: str | None = Field(
        default=None,
        exclude_if=lambda phone: phone is None,
        description="Absent for callers who may not see contacts, and where none is known; each reading is audited.",
    )


class Team(BaseModel):
    """The team of a grid, or the sum of the teams of a unit: counts for everybody, members for staff."""

    leader: int = Field(description="Grid leaders.")
    full_time: int = Field(description="Full-time grid workers.")
    professional: int = Field(description="Professional grid workers.")
    members: list[TeamMemberOut] = Field(description="Of a grid only; empty for those who may not see names.")


class PopulationCountOut(BaseModel):
    """How many of a kind a unit has; there is no register of residents behind it."""

    kind: str = Field(examples=["households"])
    count: int | None = Field(description="null: fewer than three of a sensitive kind.")
    sensitive: bool
    counted_on: date | None
