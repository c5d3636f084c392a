"""The demo district put together: real outline, real towns, invented communities, grids, roads and streams."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
from shapely.geometry.base import BaseGeometry

from gis.arrays import Floats, Ints
from gis.synthetic.cells import PURPOSES, Cells, make_cells
from gis.synthetic.fabric import StreetLattice, weave
from gis.synthetic.local_projection import LocalFrame
from gis.synthetic.network import Graph, Network, join_communities, lay_network
from gis.synthetic.partition import CellGraph, divide
from gis.synthetic.plan import DistrictPlan, make_plan
from gis.synthetic.planar import Arcs, arcs_of, cell_shapes
from gis.synthetic.register import register_units
from gis.synthetic.spec import DistrictSpec
from gis.synthetic.streets import road_frame, stream_frame, street_lines

__all__ = ["SyntheticDistrict", "build_district"]


DEDICATED_SHARE = 0.022
"""Part of the grids that are dedicated (专属网格)."""


@dataclass(frozen=True)
class SyntheticDistrict:
    """A demo district. Everything but the outline and the names and codes of its towns is invented.

    Attributes
    ----------
    spec : DistrictSpec
    seed : int
    outline : shapely geometry
        EPSG:4326, as it came.
    frame : LocalFrame
    grids : GeoDataFrame
        EPSG:4326 on the 1e-7 lattice, a clean coverage of the outline: code, name, kind ("base" or
        "dedicated"), purpose, community_code, community_name, street_code, street_name, urban, source, geometry.
    roads, streams : GeoDataFrame
        Lines; see `gis.synthetic.streets`.
    blocks : GeoDataFrame
        The pieces that grids were put together from: grid (row of `grids`), town, urban, coastal, purpose,
        area_m2, weight, turn (direction of the streets, radians), x, y (metres), geometry.
    """

    spec: DistrictSpec
    seed: int
    outline: BaseGeometry
    frame: LocalFrame
    grids: gpd.GeoDataFrame
    roads: gpd.GeoDataFrame
    streams: gpd.GeoDataFrame
    blocks: gpd.GeoDataFrame


def build_district(outline: BaseGeometry, spec: DistrictSpec, *, seed: int) -> SyntheticDistrict:
    """Invent the grids of a district inside its real outline.

    Parameters
    ----------
    outline : shapely Polygon or MultiPolygon
        EPSG:4326, valid. Parts beyond the largest are islands; one with a town's seat on it becomes that town,
        the others belong to a grid on the nearest shore.
    spec : DistrictSpec
    seed : int
        The same outline, plan and seed give the same district to the last digit.

    Returns
    -------
    SyntheticDistrict
        With exactly `spec.grids` grids.

    Raises
    ------
    ValueError
        There is no room for that many grids.
    """
    plan = make_plan(outline, spec, seed=seed)
    dedicated = max(1, round(DEDICATED_SHARE * spec.grids))
    fabric = weave(plan, parks=dedicated // 3)
    cells = make_cells(plan, fabric, dedicated=dedicated)
    arcs = arcs_of(cells.segments, cells.of_face, plan.frame.step_m)
    graph = Graph(arcs)
    street = street_lines(arcs, cells, fabric.lattices)
    network = lay_network(plan, arcs, graph, cells.urban, street)
    grid, community = _divide_towns(plan, cells, arcs, network, fabric.lattices)
    network = join_communities(arcs, graph, network, cells.x, cells.y, cells.urban, community)
    shapes = plan.frame.shapes_to_degrees(cell_shapes(cells.shapes, grid))
    grids, row_of_grid = register_units(plan, cells, grid, community, shapes)
    blocks = _block_frame(plan, cells, row_of_grid[grid])
    names = grids["community_name"].to_numpy()[row_of_grid[grid]]
    return SyntheticDistrict(
        spec=spec,
        seed=seed,
        outline=outline,
        frame=plan.frame,
        grids=grids,
        roads=road_frame(plan, arcs, network, cells, names, fabric.lattices, street[0]),
        streams=stream_frame(plan, arcs, network, cells),
        blocks=blocks,
    )


def _divide_towns(
    plan: DistrictPlan, cells: Cells, arcs: Arcs, network: Network, lattices: dict[int, StreetLattice]
) -> tuple[Ints, Ints]:
    """Number the grid and the community of every cell; dedicated grids come last in each town."""
    grid = np.full(len(cells.town), -1, dtype=np.int64)
    community = np.full(len(cells.town), -1, dtype=np.int64)
    cost = _cut_costs(cells, arcs, network)
    next_grid = next_community = 0
    for at, town in enumerate(plan.towns):
        mine = np.flatnonzero((cells.town == at) & (cells.purpose == 0))
        special = np.flatnonzero((cells.town == at) & (cells.purpose > 0))
        keys = np.zeros((len(cells.town), 10))
        keys[mine] = _keys(cells.x[mine], cells.y[mine], lattices.get(at))
        graph = CellGraph(cells.link_a, cells.link_b, cost, cells.weight, keys)
        numbers, groups = divide(graph, mine, town.grids - len(special))
        grid[mine] = numbers + next_grid
        community[mine] = groups + next_community
        next_grid += town.grids - len(special)
        next_community += int(groups.max()) + 1
        grid[special] = np.arange(len(special)) + next_grid
        next_grid += len(special)
        community[special] = _host_communities(cells, special, community)
    return grid, community


def _keys(x: Floats, y: Floats, lattice: StreetLattice | None) -> Floats:
    """Ten directions for cuts: every 22.5 degrees, and along the streets, where a cut is straight."""
    keys = [x * np.cos(angle) + y * np.sin(angle) for angle in np.arange(8) * np.pi / 8]
    keys += list(lattice.coordinates(x, y)) if lattice is not None else [x, y]
    return np.column_stack(keys)


def _cut_costs(cells: Cells, arcs: Arcs, network: Network) -> Floats:
    """Price the border between two cells: cheap where a large road or a stream parts them anyway."""
    factor = np.ones(len(arcs.lines))
    factor[network.urban] = 0.9
    factor[network.road == 2] = 0.6
    factor[network.stream > 0] = 0.5
    factor[network.road == 1] = 0.4
    edge = (arcs.right >= 0) & ~network.urban
    edge &= cells.urban[arcs.left] != cells.urban[np.maximum(arcs.right, 0)]
    factor[edge & (network.road != 1)] = 0.55
    inner = arcs.right >= 0
    low = np.minimum(arcs.left, arcs.right)[inner]
    high = np.maximum(arcs.left, arcs.right)[inner]
    saved = ((1 - factor) * arcs.length_m)[inner]
    width = len(cells.town) + 1
    keys = cells.link_a * width + cells.link_b
    order = np.argsort(keys, kind="stable")
    at = order[np.searchsorted(keys[order], low * width + high)]
    return np.asarray(np.maximum(cells.link_m - np.bincount(at, weights=saved, minlength=len(keys)), 1.0))


def _host_communities(cells: Cells, special: Ints, community: Ints) -> Ints:
    """Find the community that a special site was cut out of: the one it touches most, or else lies nearest to."""
    hosts = np.full(len(special), -1, dtype=np.int64)
    for at, cell in enumerate(special):
        here = (cells.link_a == cell) | (cells.link_b == cell)
        other = np.where(cells.link_a[here] == cell, cells.link_b[here], cells.link_a[here])
        good = (community[other] >= 0) & (cells.town[other] == cells.town[cell]) & (cells.purpose[other] == 0)
        if not good.any():
            # Between other sites and the rim of its town.
            inside = np.flatnonzero(
                (community >= 0) & (cells.town == cells.town[cell]) & (cells.purpose == 0)
            )
            away = np.hypot(cells.x[inside] - cells.x[cell], cells.y[inside] - cells.y[cell])
            hosts[at] = community[inside[int(np.argmin(away))]]
            continue
        touch = np.bincount(community[other[good]], weights=cells.link_m[here][good])
        hosts[at] = int(np.argmax(touch))
    return hosts


def _block_frame(plan: DistrictPlan, cells: Cells, row: Ints) -> gpd.GeoDataFrame:
    """Describe the cells for whoever places things in them."""
    data = pd.DataFrame(
        {
            "grid": row,
            "town": cells.town,
            "urban": cells.urban,
            "coastal": cells.coastal,
            "purpose": np.array(PURPOSES, dtype=object)[cells.purpose],
            "area_m2": cells.area_m2,
            "weight": cells.weight,
            "turn": np.array([town.turn for town in plan.towns])[cells.town],
            "x": cells.x,
            "y": cells.y,
        }
    )
    return gpd.GeoDataFrame(data, geometry=plan.frame.shapes_to_degrees(cells.shapes), crs="EPSG:4326")
