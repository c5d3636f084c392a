"""The register of units: codes in reading order, names, kinds."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gis.arrays import Floats, Ints
from gis.synthetic.cells import PURPOSES, Cells
from gis.synthetic.naming import community_names, dedicated_name
from gis.synthetic.plan import DistrictPlan
from gis.synthetic.randomness import stream

__all__ = ["SOURCE", "reading_order", "register_units"]


SOURCE = "synthetic"
"""What the source column of everything invented says."""
_FIRST_VILLAGE = 201
"""Neighbourhoods are numbered from 001, villages from 201, as the statistical codes do."""


def reading_order(x: Floats, y: Floats, area_m2: float) -> Ints:
    """Order places as one reads a page: rows from north to south, each from west to east.

    Parameters
    ----------
    x, y : ndarray of float64, shape (n,)
        Metres.
    area_m2 : float
        Land they share out; a row is as high as one of them is wide.

    Returns
    -------
    ndarray of int64, shape (n,)

    Examples
    --------
    >>> reading_order(np.array([9.0, 1.0, 5.0]), np.array([0.0, 1.0, 30.0]), 300.0).tolist()
    [2, 1, 0]
    """
    high = max(np.sqrt(area_m2 / max(len(x), 1)), 1.0)
    row = np.floor((y.max() - y) / high).astype(np.int64)
    return np.lexsort((y, x, row))


def register_units(
    plan: DistrictPlan, cells: Cells, grid: Ints, community: Ints, shapes: NDArray[np.object_]
) -> tuple[gpd.GeoDataFrame, Ints]:
    """Give every grid its code and name.

    Parameters
    ----------
    plan : DistrictPlan
    cells : Cells
    grid, community : ndarray of int64, shape (cells,)
    shapes : ndarray of shapely geometries, shape (grids,)
        EPSG:4326, in the order of the grid numbers.

    Returns
    -------
    frame : GeoDataFrame
        Ordered by code.
    row : ndarray of int64, shape (grids,)
        Where each grid number went.
    """
    count = len(shapes)
    area = np.bincount(grid, weights=cells.area_m2, minlength=count)
    x = np.bincount(grid, weights=cells.area_m2 * cells.x, minlength=count) / area
    y = np.bincount(grid, weights=cells.area_m2 * cells.y, minlength=count) / area
    built = np.bincount(grid, weights=cells.area_m2 * cells.urban, minlength=count) / area
    first = np.zeros(count, dtype=np.int64)
    first[grid[::-1]] = np.arange(len(grid))[::-1]
    units = pd.DataFrame(
        {
            "town": cells.town[first],
            "community": community[first],
            "purpose": np.array(PURPOSES, dtype=object)[cells.purpose[first]],
            "urban": built > 0.5,
            "x": x,
            "y": y,
            "area": area,
        }
    )
    units["kind"] = np.where(units["purpose"] == "", "base", "dedicated")
    communities = _register_communities(plan, units)
    units = units.join(communities, on="community")
    units["code"], units["name"] = _register_grids(plan, units)
    towns = [town.spec for town in plan.towns]
    units["street_code"] = [towns[at].code for at in units["town"]]
    units["street_name"] = [towns[at].name for at in units["town"]]
    units["source"] = SOURCE
    order = np.argsort(units["code"].to_numpy(dtype=str), kind="stable")
    row = np.empty(count, dtype=np.int64)
    row[order] = np.arange(count)
    columns = [
        "code",
        "name",
        "kind",
        "purpose",
        "community_code",
        "community_name",
        "street_code",
        "street_name",
    ]
    columns += ["urban", "source"]
    ordered = units.iloc[order].reset_index(drop=True)
    return gpd.GeoDataFrame(ordered[columns], geometry=shapely.normalize(shapes[order]), crs="EPSG:4326"), row


def _register_communities(plan: DistrictPlan, units: pd.DataFrame) -> pd.DataFrame:
    """Number and name communities town by town; neighbourhoods and villages have ranges of their own."""
    mass = units.assign(
        mx=units["x"] * units["area"], my=units["y"] * units["area"], ua=units["urban"] * units["area"]
    )
    table = mass.groupby("community").agg(
        town=("town", "first"), area=("area", "sum"), mx=("mx", "sum"), my=("my", "sum"), ua=("ua", "sum")
    )
    table["x"], table["y"] = table["mx"] / table["area"], table["my"] / table["area"]
    table["is_urban"] = table["ua"] > 0.5 * table["area"]
    rng = stream(plan.seed, plan.spec.code, "communities")
    table["community_name"] = community_names(rng, table["is_urban"].tolist(), plan.spec.naming)
    codes = pd.Series("", index=table.index, dtype=object)
    for _, rows in table.groupby(["town", "is_urban"]):
        town, is_urban = int(rows["town"].iloc[0]), bool(rows["is_urban"].iloc[0])
        order = reading_order(rows["x"].to_numpy(), rows["y"].to_numpy(), float(rows["area"].sum()))
        start = 1 if is_urban else _FIRST_VILLAGE
        street = plan.towns[town].spec.code
        for number, at in enumerate(order):
            codes[rows.index[at]] = f"{street}{start + number:03d}"
    table["community_code"] = codes
    return table[["community_code", "community_name"]]


def _register_grids(plan: DistrictPlan, units: pd.DataFrame) -> tuple[list[str], list[str]]:
    """Number and name the grids of each community."""
    code, name = [""] * len(units), [""] * len(units)
    rng = stream(plan.seed, plan.spec.code, "dedicated")
    x, y, area = units["x"].to_numpy(), units["y"].to_numpy(), units["area"].to_numpy()
    communities = units["community_code"].to_numpy(dtype=object)
    called = units["community_name"].to_numpy(dtype=object)
    purpose = units["purpose"].to_numpy(dtype=object)
    for community in sorted(set(communities)):
        rows = np.flatnonzero(communities == community)
        for number, at in enumerate(rows[reading_order(x[rows], y[rows], float(area[rows].sum()))], start=1):
            code[at] = f"{community}{number:03d}"
            if purpose[at]:
                name[at] = dedicated_name(rng, purpose[at], called[at])
            else:
                name[at] = f"{called[at]}第{number}网格"
    return code, name
