"""What a demo load is to bring: which district, how much of everything, and how the same load is recognised."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

import pandas as pd
import pyogrio
from shapely.geometry.base import BaseGeometry

from app.errors import Invalid
from app.kit.clock import now
from app.kit.resources import DATA
from gis.synthetic import DistrictSpec, read_specs

ZONE = ZoneInfo("Asia/Shanghai")
DEFAULT_DISTRICT = "370211"
DEFAULT_SEED = 20260701

# Raised when the generators give other output for the same seed, so that an old demo is not taken for a new one.
GENERATION = 1


class Scale(StrEnum):
    """How much of everything."""

    SMALL = "small"
    FULL = "full"


@dataclass(frozen=True)
class Amount:
    """Numbers of a scale."""

    components: int
    incidents: int
    years: int


AMOUNTS = {Scale.SMALL: Amount(40_000, 60_000, 2), Scale.FULL: Amount(1_000_000, 4_460_000, 6)}


@dataclass(frozen=True)
class DemoPlan:
    """One load. ``until`` is the instant that the invented present ends at; it is not part of the identity."""

    spec: DistrictSpec
    scale: Scale
    amount: Amount
    seed: int
    until: datetime

    @property
    def file_name(self) -> str:
        """What stands in the list of imports where a file name would."""
        return f"demo:{self.spec.code}:{self.scale}"

    @property
    def fingerprint(self) -> str:
        """Equal for loads that would bring the same, whenever they are made."""
        said: dict[str, object] = {
            "generation": GENERATION,
            "district": self.spec.code,
            "grids": self.spec.grids,
            "seed": self.seed,
            "components": self.amount.components,
            "incidents": self.amount.incidents,
            "years": self.amount.years,
            "outline": hashlib.sha256(outline_file(self.spec.code).read_bytes()).hexdigest(),
        }
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def make_plan(
    *,
    district: str = DEFAULT_DISTRICT,
    scale: Scale = Scale.SMALL,
    seed: int = DEFAULT_SEED,
    until: datetime | None = None,
) -> DemoPlan:
    """Choose what to load; the invented present ends at the last full hour unless told otherwise."""
    known = specs()
    if district not in known:
        listed = "、".join(f"{code} {spec.name}" for code, spec in known.items())
        raise Invalid(
            f"没有演示区 {district}；可选：{listed}",
            f"there is no demo district {district}; choose from {', '.join(known)}",
            code="no-such-district",
        )
    end = (until or now()).astimezone(ZONE).replace(minute=0, second=0, microsecond=0)
    return DemoPlan(known[district], scale, AMOUNTS[scale], seed, end)


@lru_cache
def specs() -> dict[str, DistrictSpec]:
    """The plans of all demo districts by code."""
    return read_specs(DATA)


def outline_file(district: str) -> Path:
    """Where the real outline of a district is kept."""
    return DATA / "boundaries" / "cnmaps" / f"{district}.geojson"


def read_outline(district: str) -> BaseGeometry:
    """The real outline of a district, EPSG:4326."""
    outline: BaseGeometry = pyogrio.read_dataframe(outline_file(district)).geometry.iloc[0]
    return outline


def component_classes() -> pd.DataFrame:
    """The catalogue of component classes as a frame of texts."""
    return pd.read_csv(DATA / "catalog" / "component_classes.csv", dtype=str, keep_default_na=False)


def incident_classes() -> pd.DataFrame:
    """The catalogue of event classes as a frame of texts."""
    return pd.read_csv(DATA / "catalog" / "incident_classes.csv", dtype=str, keep_default_na=False)
