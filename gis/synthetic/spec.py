"""What a demo district is to look like: its towns, how many grids, where each town's seat lies."""

from __future__ import annotations

import csv
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["DistrictSpec", "TownSpec", "apportion", "read_specs"]


@dataclass(frozen=True)
class TownSpec:
    """One town or street of the plan.

    Attributes
    ----------
    code, name : str
        Nine digits and the real name.
    seat : tuple of float
        Approximate longitude and latitude of its centre.
    weight : float
        Its part of the district's grids, relative to the other towns.
    urban_km : float
        Radius of the built-up area about the seat.
    """

    code: str
    name: str
    seat: tuple[float, float]
    weight: float
    urban_km: float


@dataclass(frozen=True)
class DistrictSpec:
    """The plan of a district.

    Attributes
    ----------
    code, name : str
        Six digits and the real name.
    grids : int
        How many grids it will have, exactly.
    towns : tuple of TownSpec
    downhill_deg : float
        Compass bearing towards which its streams run.
    coastal : bool
        Whether there is a sea to put harbours on.
    naming : str
        "shandong" or "jiangnan": how invented communities are called.
    oil_route : tuple of two (lon, lat)
        Ends of the invented oil pipeline, terminal first.
    """

    code: str
    name: str
    grids: int
    towns: tuple[TownSpec, ...]
    downhill_deg: float
    coastal: bool
    naming: str
    oil_route: tuple[tuple[float, float], tuple[float, float]]

    def with_grids(self, grids: int) -> DistrictSpec:
        """The same plan with another number of grids, for small towns in tests."""
        return replace(self, grids=grids)


def apportion(weights: ArrayLike, total: int, *, least: int = 1) -> NDArray[np.int64]:
    """Share a whole number out by weight: largest remainders, each at least `least`.

    Parameters
    ----------
    weights : ndarray of float, shape (n,)
        Not negative, not all zero.
    total : int
        At least n * least.
    least : int, default 1

    Returns
    -------
    ndarray of int64, shape (n,)
        Sums to `total`.

    Raises
    ------
    ValueError
        There is not enough to give everybody the least.

    Examples
    --------
    >>> apportion(np.array([5.0, 3.0, 0.1]), 10).tolist()
    [6, 3, 1]
    """
    weights = np.asarray(weights, dtype=np.float64)
    count = len(weights)
    if total < count * least:
        raise ValueError(f"{total} 不够 {count} 份每份至少 {least} ({total} shares for {count} of {least})")
    spare = total - count * least
    ideal = weights / weights.sum() * total
    above = np.maximum(ideal - least, 0.0)
    above = above / above.sum() * spare if above.sum() > 0 else np.full(count, spare / count)
    whole = np.floor(above).astype(np.int64)
    order = np.lexsort((np.arange(count), -(above - whole)))
    whole[order[: spare - int(whole.sum())]] += 1
    return np.asarray(whole + least, dtype=np.int64)


def read_specs(folder: Path) -> dict[str, DistrictSpec]:
    """Read the plans of the demo districts.

    Parameters
    ----------
    folder : pathlib.Path
        The project's `data` folder, with `boundaries/divisions/towns.csv`, `demo/districts.csv` and
        `demo/seats.csv`.

    Returns
    -------
    dict of str to DistrictSpec
        By district code, in code order.
    """
    names = _rows(folder / "boundaries" / "divisions" / "towns.csv")
    seats = {row["town_code"]: row for row in _rows(folder / "demo" / "seats.csv")}
    missing = sorted({row["code"] for row in names} - set(seats))
    if missing:
        raise ValueError(f"没有驻地坐标的镇街 (towns without a seat): {', '.join(missing)}")
    specs = {}
    for plan in sorted(_rows(folder / "demo" / "districts.csv"), key=lambda row: row["code"]):
        towns = [row for row in names if row["district_code"] == plan["code"]]
        specs[plan["code"]] = DistrictSpec(
            code=plan["code"],
            name=plan["name_zh"],
            grids=int(plan["grids"]),
            towns=tuple(_town(row, seats[row["code"]]) for row in sorted(towns, key=lambda row: row["code"])),
            downhill_deg=float(plan["downhill_deg"]),
            coastal=plan["coastal"] == "true",
            naming=plan["naming"],
            oil_route=(_place(plan["oil_from"]), _place(plan["oil_to"])),
        )
    return specs


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _town(name: dict[str, str], seat: dict[str, str]) -> TownSpec:
    return TownSpec(
        code=name["code"],
        name=name["name_zh"],
        seat=(float(seat["seat_lon"]), float(seat["seat_lat"])),
        weight=float(seat["grid_weight"]),
        urban_km=float(seat["urban_radius_km"]),
    )


def _place(text: str) -> tuple[float, float]:
    lon, lat = text.split()
    return float(lon), float(lat)
