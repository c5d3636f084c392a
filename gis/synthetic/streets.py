"""Roads and streams as frames, with names a person can read."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gis.arrays import Ints
from gis.synthetic.cells import Cells
from gis.synthetic.fabric import StreetLattice
from gis.synthetic.naming import road_names, stream_names, town_short
from gis.synthetic.network import Network
from gis.synthetic.plan import DistrictPlan
from gis.synthetic.planar import Arcs
from gis.synthetic.randomness import stream

__all__ = ["road_frame", "stream_frame", "street_lines"]


def road_frame(
    plan: DistrictPlan,
    arcs: Arcs,
    network: Network,
    cells: Cells,
    community: NDArray[np.object_],
    lattices: dict[int, StreetLattice],
    line: Ints,
) -> gpd.GeoDataFrame:
    """List the roads, a row from junction to junction.

    Returns
    -------
    GeoDataFrame
        name, level (1 trunk, 2 main street or county road, 3 street or village road), urban, street_code,
        community (name of the one on its left), weight (people about it), length_m, source, geometry (EPSG:4326).
    """
    at = np.flatnonzero(network.road > 0)
    left = arcs.left[at]
    right = np.maximum(arcs.right[at], 0)
    town = cells.town[left]
    names = np.full(len(at), "", dtype=object)
    for number, lattice in lattices.items():
        here = np.flatnonzero(network.urban[at] & (town == number))
        family = np.repeat([0, 1], [len(lattice.u), len(lattice.v)])
        rng = stream(plan.seed, plan.towns[number].spec.code, "road names")
        words = np.array(road_names(rng, len(family), family), dtype=object)
        names[here] = words[line[at[here]]]
    country = names == ""
    short = [town_short(one.spec.name) for one in plan.towns]
    numbers = arcs.tail[at] % 89 + 1
    for row in np.flatnonzero(country):
        names[row] = f"{short[town[row]]}{'X' if network.road[at[row]] == 2 else 'C'}{numbers[row]:03d}" + (
            "县道" if network.road[at[row]] == 2 else "村道"
        )
    trunk = np.flatnonzero(network.road[at] == 1)
    for row in trunk:
        names[row] = network.trunk_names[int(network.trunk[at[row]])]
    density = (cells.weight / np.maximum(cells.area_m2, 1.0))[np.stack([left, right])].mean(axis=0)
    data = pd.DataFrame(
        {
            "name": names,
            "level": network.road[at],
            "urban": network.urban[at],
            "street_code": np.array([one.spec.code for one in plan.towns], dtype=object)[town],
            "community": community[left],
            "weight": density * 1e6,
            "length_m": arcs.length_m[at],
            "source": "synthetic",
        }
    )
    return gpd.GeoDataFrame(data, geometry=plan.frame.shapes_to_degrees(arcs.lines[at]), crs="EPSG:4326")


def street_lines(arcs: Arcs, cells: Cells, lattices: dict[int, StreetLattice]) -> tuple[Ints, Ints]:
    """Tell which street of its town's lattice each arc runs along.

    Returns
    -------
    line : ndarray of int64, shape (arcs,)
        First family, then second; -1 outside the built-up areas.
    off : ndarray of int64, shape (arcs,)
        Metres between the middle of the arc and that street.
    """
    line = np.full(len(arcs.lines), -1, dtype=np.int64)
    off = np.full(len(arcs.lines), 10**6, dtype=np.int64)
    both = (arcs.right >= 0) & cells.urban[arcs.left] & cells.urban[np.maximum(arcs.right, 0)]
    for town, lattice in lattices.items():
        at = np.flatnonzero(both & (cells.town[arcs.left] == town))
        middle = shapely.get_coordinates(shapely.line_interpolate_point(arcs.lines[at], 0.5, normalized=True))
        metres = middle * np.asarray(arcs.step_m)
        u, v = lattice.coordinates(metres[:, 0], metres[:, 1])
        near_u = np.abs(lattice.u[None, :] - u[:, None])
        near_v = np.abs(lattice.v[None, :] - v[:, None])
        best_u, best_v = near_u.min(axis=1, initial=np.inf), near_v.min(axis=1, initial=np.inf)
        along = best_u <= best_v
        line[at] = np.where(along, near_u.argmin(axis=1), len(lattice.u) + near_v.argmin(axis=1))
        off[at] = np.minimum(np.minimum(best_u, best_v), 1e6).astype(np.int64)
    return line, off


def stream_frame(plan: DistrictPlan, arcs: Arcs, network: Network, cells: Cells) -> gpd.GeoDataFrame:
    """List the streams, a row from junction to junction.

    Returns
    -------
    GeoDataFrame
        name, flow (how much drains through), covered (under the town: 暗渠), street_code, length_m, source,
        geometry (EPSG:4326).
    """
    at = np.flatnonzero(network.stream > 0)
    basin = network.basin[at]
    known = np.unique(basin)
    names = stream_names(stream(plan.seed, plan.spec.code, "stream names"), len(known), plan.spec.naming)
    data = pd.DataFrame(
        {
            "name": np.array(names, dtype=object)[np.searchsorted(known, basin)],
            "flow": network.stream[at],
            "covered": network.urban[at],
            "street_code": np.array([one.spec.code for one in plan.towns], dtype=object)[
                cells.town[arcs.left[at]]
            ],
            "length_m": arcs.length_m[at],
            "source": "synthetic",
        }
    )
    return gpd.GeoDataFrame(data, geometry=plan.frame.shapes_to_degrees(arcs.lines[at]), crs="EPSG:4326")
