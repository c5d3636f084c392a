"""Streams and roads: which of the lines between cells carry water, which carry traffic, and how much."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from gis.arrays import Bools, Floats, Ints
from gis.synthetic.plan import DistrictPlan
from gis.synthetic.planar import OUTSIDE, Arcs
from gis.synthetic.randomness import SmoothNoise, hash_unit, stream

__all__ = ["Graph", "Network", "join_communities", "lay_network"]


STREAM_KM_PER_KM2 = 0.42
"""How dense the streams are; a lowland of canals has more (see `lay_network`)."""


class Graph:
    """Junctions and arcs, with shortest ways between them."""

    def __init__(self, arcs: Arcs) -> None:
        self.nodes = arcs.nodes
        count = len(arcs.nodes)
        ends = np.concatenate([arcs.tail, arcs.head])
        others = np.concatenate([arcs.head, arcs.tail])
        number = np.concatenate([np.arange(len(arcs.tail))] * 2)
        order = np.lexsort((number, ends))
        cuts = np.searchsorted(ends[order], np.arange(count + 1))
        near, by = others[order].tolist(), number[order].tolist()
        self._links = [list(zip(near[a:b], by[a:b], strict=True)) for a, b in pairwise(cuts)]

    def reach(
        self, sources: dict[int, float], cost: Floats, *, stop: set[int] | None = None
    ) -> tuple[Floats, Ints, Ints]:
        """Find the cheapest way from any source to every junction.

        Parameters
        ----------
        sources : dict of int to float
            Junctions and what it costs to start there.
        cost : ndarray of float64, shape (arcs,)
            Infinite where nobody may pass.
        stop : set of int, optional
            Give up once all of these are reached.

        Returns
        -------
        distance : ndarray of float64, shape (nodes,)
        parent : ndarray of int64
            Junction before on the way; -1 at a source and where nothing leads.
        by : ndarray of int64
            Arc used to get there.
        """
        count = len(self.nodes)
        distance = [float("inf")] * count
        parent, by = [-1] * count, [-1] * count
        price = cost.tolist()
        heap = []
        for node, start in sorted(sources.items()):
            distance[node] = start
            heap.append((start, node))
        heapq.heapify(heap)
        left = set(stop) if stop else None
        while heap:
            here, node = heapq.heappop(heap)
            if here > distance[node]:
                continue
            if left is not None:
                left.discard(node)
                if not left:
                    break
            for other, arc in self._links[node]:
                there = here + price[arc]
                if there < distance[other]:
                    distance[other] = there
                    parent[other], by[other] = node, arc
                    heapq.heappush(heap, (there, other))
        return np.array(distance), np.array(parent, dtype=np.int64), np.array(by, dtype=np.int64)

    def nearest(self, x: float, y: float, among: Bools) -> int:
        """The junction nearest to a place, among those allowed."""
        away = (self.nodes[:, 0] - x) ** 2 + (self.nodes[:, 1] - y) ** 2
        away[~among] = np.inf
        return int(np.argmin(away))


@dataclass(frozen=True)
class Network:
    """What each arc is.

    Attributes
    ----------
    stream : ndarray of float64, shape (arcs,)
        Junctions that drain through it; 0 where no water runs.
    road : ndarray of int64, shape (arcs,)
        1 trunk road between towns, 2 main street or county road, 3 street or village road, 0 none.
    urban : ndarray of bool, shape (arcs,)
        Between two built-up cells.
    border : ndarray of bool, shape (arcs,)
        Along the outline.
    basin : ndarray of int64, shape (arcs,)
        Junction where the stream of an arc ends.
    trunk : ndarray of int64, shape (arcs,)
        Index into `trunk_names`; -1 off the trunk roads.
    trunk_names : tuple of str
    """

    stream: Floats
    road: Ints
    urban: Bools
    border: Bools
    basin: Ints
    trunk: Ints
    trunk_names: tuple[str, ...]


def lay_network(
    plan: DistrictPlan, arcs: Arcs, graph: Graph, cell_urban: Bools, street: tuple[Ints, Ints]
) -> Network:
    """Let the water run down, then join the towns by roads that cross it.

    Parameters
    ----------
    plan : DistrictPlan
    arcs : Arcs
    graph : Graph
        Of these arcs.
    cell_urban : ndarray of bool, shape (cells,)
    street : tuple of two ndarray of int64, shape (arcs,)
        Which line of its town's street lattice an arc belongs to, and how many metres off it runs; see
        `gis.synthetic.streets.street_lines`.

    Returns
    -------
    Network
    """
    border = arcs.right == OUTSIDE
    urban = cell_urban[arcs.left] & cell_urban[np.maximum(arcs.right, 0)] & ~border
    streams, basin = _streams(plan, arcs, graph, border, urban)
    trunk, names = _trunk_roads(plan, arcs, graph, border, streams > 0)
    road = np.zeros(len(arcs.lines), dtype=np.int64)
    chance = hash_unit(np.arange(len(arcs.lines), dtype=np.int64), plan.seed)
    country = ~urban & ~border & (streams == 0)
    road[country & (chance < 0.5)] = 3
    road[urban] = 3
    line, off = street
    # Every fourth street is a main one, all along.
    road[urban & (line >= 0) & (line % 4 == 1) & (off < 40)] = 2
    road[trunk >= 0] = 1
    return Network(streams, road, urban, border, basin, trunk, tuple(names))


def join_communities(
    arcs: Arcs,
    graph: Graph,
    network: Network,
    x: Floats,
    y: Floats,
    cell_urban: Bools,
    community: Ints,
) -> Network:
    """Lead a county road from every community of the country to the nearest trunk road.

    Parameters
    ----------
    x, y : ndarray of float64, shape (cells,)
        Metres.
    community : ndarray of int64, shape (cells,)

    Returns
    -------
    Network
        With more roads of level 2.
    """
    on_trunk = np.flatnonzero(network.road == 1)
    if len(on_trunk) == 0:
        return network
    wet = network.stream > 0
    cost = arcs.length_m * np.where(wet, 6.0, 1.0)
    cost[network.border] = np.inf
    starts = np.unique(np.concatenate([arcs.tail[on_trunk], arcs.head[on_trunk]]))
    distance, parent, by = graph.reach(dict.fromkeys(starts.tolist(), 0.0), cost)
    ashore = np.isfinite(distance)
    marks = np.zeros(len(arcs.lines), dtype=bool)
    rural = np.unique(community[~cell_urban])
    for number in rural:
        here = community == number
        _mark_way(graph.nearest(float(x[here].mean()), float(y[here].mean()), ashore), parent, by, marks)
    road = network.road.copy()
    road[marks & (road != 1) & ~wet] = 2
    return replace(network, road=road)


def _middle(arcs: Arcs) -> tuple[Floats, Floats]:
    place = (arcs.nodes[arcs.tail] + arcs.nodes[arcs.head]) / 2
    return place[:, 0], place[:, 1]


def _streams(
    plan: DistrictPlan, arcs: Arcs, graph: Graph, border: Bools, urban: Bools
) -> tuple[Floats, Ints]:
    """Grow a tree of valleys from the outlets inland; an arc carries what lies above it."""
    rng = stream(plan.seed, plan.spec.code, "water")
    bearing = np.radians(plan.spec.downhill_deg)
    down = graph.nodes @ np.array([np.sin(bearing), np.cos(bearing)])
    shore = np.zeros(len(graph.nodes), dtype=bool)
    shore[arcs.tail[border]] = shore[arcs.head[border]] = True
    # Only what is lower than most of the rim lets water out; one mouth every few kilometres of it.
    low = shore & (down >= np.quantile(down[shore], 0.45))
    mouths: dict[int, float] = {}
    taken = np.zeros(len(graph.nodes), dtype=bool)
    for node in np.flatnonzero(low)[np.argsort(rng.random(int(low.sum())), kind="stable")]:
        if taken[node]:
            continue
        mouths[int(node)] = float(down.max() - down[node]) * 0.15
        taken |= np.hypot(*(graph.nodes - graph.nodes[node]).T) < 3200.0
    x, y = _middle(arcs)
    rough = SmoothNoise(rng, 1500.0)(x, y)
    cost = arcs.length_m * np.exp(0.45 * rough + 0.5 * plan.hills(x, y))
    cost = np.where(urban, cost * 2.5, cost)
    cost = np.where(border, np.inf, cost)
    distance, parent, by = graph.reach(mouths, cost)
    flow = np.ones(len(graph.nodes))
    flow[~np.isfinite(distance)] = 0.0
    for node in np.argsort(-np.where(np.isfinite(distance), distance, -1.0), kind="stable"):
        if parent[node] >= 0:
            flow[parent[node]] += flow[node]
    carried = np.zeros(len(arcs.lines))
    runs = by >= 0
    carried[by[runs]] = flow[runs]
    area_km2 = sum(float(part.area) for part in plan.outline_parts) * plan.frame.step_area_m2 / 1e6
    density = STREAM_KM_PER_KM2 * (2.2 if plan.spec.naming == "jiangnan" else 1.0)
    order = np.argsort(-carried, kind="stable")
    wet = np.cumsum(arcs.length_m[order]) <= density * area_km2 * 1000
    keep = np.zeros(len(carried), dtype=bool)
    keep[order[wet]] = True
    mouth = np.arange(len(graph.nodes), dtype=np.int64)
    for node in np.argsort(np.where(np.isfinite(distance), distance, np.inf), kind="stable"):
        if parent[node] >= 0:
            mouth[node] = mouth[parent[node]]
    basin = np.full(len(arcs.lines), -1, dtype=np.int64)
    basin[by[runs]] = mouth[runs]
    return np.where(keep & (carried > 2), carried, 0.0), basin


def _trunk_roads(
    plan: DistrictPlan, arcs: Arcs, graph: Graph, border: Bools, wet: Bools
) -> tuple[Ints, list[str]]:
    """Join neighbouring seats, and the rim, by the cheapest ways; later ones follow earlier ones."""
    usable = np.zeros(len(graph.nodes), dtype=bool)
    usable[arcs.tail[~border]] = usable[arcs.head[~border]] = True
    land = [town for town in plan.towns if town.island < 0]
    seats = np.array([town.seat for town in land])
    ends = [graph.nearest(x, y, usable) for x, y in seats]
    x, y = _middle(arcs)
    rough = SmoothNoise(stream(plan.seed, plan.spec.code, "roads"), 4000.0)(x, y)
    cost = arcs.length_m * np.exp(0.25 * rough) * np.where(wet, 6.0, 1.0)
    cost[border] = np.inf
    trunk = np.full(len(arcs.lines), -1, dtype=np.int64)
    names: list[str] = []
    pairs = _gabriel(seats)
    for start in sorted({a for a, _ in pairs}):
        goals = [b for a, b in pairs if a == start]
        _, parent, by = graph.reach({ends[start]: 0.0}, cost, stop={ends[b] for b in goals})
        for goal in goals:
            # Called after its two ends, as county roads are; the first road over a stretch names it.
            way = np.zeros(len(arcs.lines), dtype=bool)
            _mark_way(ends[goal], parent, by, way)
            trunk[way & (trunk < 0)] = len(names)
            names.append(f"{land[start].spec.name[0]}{land[goal].spec.name[0]}路")
        cost = np.where((trunk >= 0) & ~wet, arcs.length_m * 0.55, cost)
    way = np.zeros(len(arcs.lines), dtype=bool)
    _mark_exits(plan, arcs, graph, ends, cost, way, border)
    trunk[way & (trunk < 0)] = len(names)
    names.append("环区公路")
    return trunk, names


def _mark_exits(
    plan: DistrictPlan, arcs: Arcs, graph: Graph, ends: list[int], cost: Floats, trunk: Bools, border: Bools
) -> None:
    """Lead the trunk roads on over the landward rim, at six places round the compass."""
    shore = np.zeros(len(graph.nodes), dtype=bool)
    shore[arcs.tail[border]] = shore[arcs.head[border]] = True
    inner = np.zeros(len(graph.nodes), dtype=bool)
    inner[arcs.tail[~border]] = inner[arcs.head[~border]] = True
    centre = graph.nodes[ends].mean(axis=0)
    _, parent, by = graph.reach(dict.fromkeys(ends, 0.0), cost)
    spread = 120.0 if plan.spec.coastal else 180.0
    for turn in np.linspace(-spread, spread, 6):
        angle = np.radians(plan.spec.downhill_deg + 180.0 + turn)
        ahead = (graph.nodes - centre) @ np.array([np.sin(angle), np.cos(angle)])
        ahead[~(shore & inner)] = -np.inf
        _mark_way(int(np.argmax(ahead)), parent, by, trunk)


def _mark_way(node: int, parent: Ints, by: Ints, marks: Bools) -> None:
    while parent[node] >= 0:
        marks[by[node]] = True
        node = int(parent[node])


def _gabriel(places: Floats) -> list[tuple[int, int]]:
    """Pairs with nobody inside the circle between them: the neighbours worth a road."""
    pairs = []
    for a in range(len(places)):
        for b in range(a + 1, len(places)):
            middle = (places[a] + places[b]) / 2
            reach = ((places[a] - places[b]) ** 2).sum() / 4
            others = ((places - middle) ** 2).sum(axis=1)
            others[[a, b]] = np.inf
            if (others >= reach).all():
                pairs.append((a, b))
    return pairs
