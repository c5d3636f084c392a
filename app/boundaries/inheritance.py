"""What a boundary file does not state stays as it is published: levels, names and kinds, kept by code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import geopandas as gpd
import pandas as pd

from app.boundaries.row_conflicts import LEVEL_ZH
from app.db.ltree import code_of
from app.errors import Conflict
from app.kit.unit_levels import UPPER
from gis.codes import UNIT_DIGITS, UnitLevel, is_national_unit_code
from gis.text import Text

_SHOWN = 10


@dataclass(frozen=True)
class PublishedUnits:
    """The units of one district as they are published, by level and code."""

    names: Mapping[tuple[str, str], str] = field(default_factory=dict)
    kinds: Mapping[str, str] = field(default_factory=dict)
    # (level of the upper unit, code of a grid or community) -> code of the upper unit.
    above: Mapping[tuple[str, str, str], str] = field(default_factory=dict)

    @classmethod
    def of(cls, units: pd.DataFrame) -> PublishedUnits:
        """Index units as `repository.units_in` gives them."""
        if not len(units):
            return cls()
        level_of = dict(zip(units["path"], units["level"], strict=True))
        above = {}
        for level, code, path in zip(units["level"], units["code"], units["path"], strict=True):
            labels = path.split(".")
            for depth in range(1, len(labels)):
                upper = level_of.get(".".join(labels[:depth]))
                if upper in UPPER:
                    above[(upper, level, code)] = code_of(labels[depth - 1])
        grids = units[units["level"] == "grid"]
        return cls(
            dict(zip(zip(units["level"], units["code"], strict=True), units["name"], strict=True)),
            dict(zip(grids["code"], grids["kind"], strict=True)),
            above,
        )

    def codes(self, level: str) -> set[str]:
        """The codes of a level."""
        return {code for each, code in self.names if each == level}

    def parents(self) -> dict[str, str]:
        """Code of a grid or community -> code of the community or street it lies in."""
        found: dict[str, str] = {}
        for upper in UPPER:
            found.update({code: parent for (level, _, code), parent in self.above.items() if level == upper})
        return found

    def as_grids(self, units: pd.DataFrame) -> gpd.GeoDataFrame:
        """The grids among these units, as rows of a prepared file."""
        grids = units[units["level"] == "grid"]
        frame = gpd.GeoDataFrame(
            {
                "code": grids["code"].to_numpy(),
                "name": grids["name"].to_numpy(),
                "kind": grids["kind"].to_numpy(),
            },
            geometry=list(grids["geometry"]),
            crs="EPSG:4326",
        )
        for level in UPPER:
            if self.codes(level):
                codes = [self.above.get((level, "grid", code)) for code in frame["code"]]
                frame[f"{level}_code"] = codes
                frame[f"{level}_name"] = [self.names.get((level, code or "")) for code in codes]
        return frame


def inherit_unstated(
    grids: gpd.GeoDataFrame, published: PublishedUnits, *, district: str
) -> tuple[gpd.GeoDataFrame, list[Text]]:
    """Fill in what the file leaves open from what is published, and say what was kept.

    Parameters
    ----------
    grids : GeoDataFrame
        As `prepare_grids` gives them.

    Raises
    ------
    Conflict
        ``level-missing``: the district has communities or streets, the file has no column for them, and it has
        grids that no published one tells the community of.
    """
    grids = grids.copy()
    notes = []
    for level in reversed(UPPER):
        if published.codes(level) and f"{level}_code" not in grids:
            grids[f"{level}_code"] = _parents(grids, published, level, district=district)
            notes.append(
                Text(
                    f"文件没有指明{LEVEL_ZH[level]}列（--{level}）：各网格按编码保留原有{LEVEL_ZH[level]}",
                    f"no column of {level} codes was named (--{level}): grids keep their {level} by code",
                )
            )
    grids["name"] = _filled(grids, "name", [published.names.get(("grid", str(c))) for c in grids["code"]])
    grids["kind"] = _filled(grids, "kind", [published.kinds.get(str(c)) for c in grids["code"]])
    for level in UPPER:
        if f"{level}_code" in grids:
            known = [published.names.get((level, str(code))) for code in grids[f"{level}_code"]]
            grids[f"{level}_name"] = _filled(grids, f"{level}_name", known)
    return grids, notes


def _filled(grids: gpd.GeoDataFrame, column: str, other: list[str | None]) -> pd.Series:
    before = pd.Series(other, index=grids.index, dtype=object)
    return grids[column].where(grids[column].notna(), before) if column in grids else before


def _parents(
    grids: gpd.GeoDataFrame, published: PublishedUnits, level: UnitLevel, *, district: str
) -> list[str]:
    """The code of the unit of ``level`` that each grid lies in: of its community, of itself, or by its digits."""
    present = published.codes(level)
    within = grids["community_code"] if level == "street" and "community_code" in grids else None
    found: list[str | None] = []
    for at, code in enumerate(grids["code"].astype(str)):
        community = None if within is None else str(within.iloc[at])
        parent = None
        if community is not None:
            parent = published.above.get((level, "community", community)) or _by_digits(
                community, "community", level, present
            )
        if parent is None:
            # A new community lies where its grids lay.
            parent = published.above.get((level, "grid", code)) or _by_digits(code, "grid", level, present)
        found.append(parent)
    without = [str(code) for code, parent in zip(grids["code"], found, strict=True) if parent is None]
    if without:
        listed = "、".join(without[:_SHOWN]) + ("…" if len(without) > _SHOWN else "")
        noun = LEVEL_ZH[level]
        raise Conflict(
            f"区 {district} 有{noun}这一级，文件没有{noun}列，而其中 {len(without)} 个网格是新的，"
            f"不知道属于哪个{noun}：{listed}。请用 --{level} 指明{noun}编码列",
            f"district {district} has units of level {level}, the file names no column for them, and {len(without)} of "
            f"its grids are new, so that their {level} is not known: {listed}. Name the column of codes with --{level}",
            code="level-missing",
            level=level,
            grids=without,
        )
    return [str(parent) for parent in found]


def _by_digits(code: str, own: UnitLevel, level: UnitLevel, present: set[str]) -> str | None:
    """The unit whose code a national code begins with, where there is such a unit."""
    if not is_national_unit_code(code, own):
        return None
    parent = code[: UNIT_DIGITS[level]]
    return parent if parent in present else None
