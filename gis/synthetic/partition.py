"""Cells into grids: each town is halved again and again until every piece is one grid.

A cut runs along lines between cells. Of many possible cuts the one is taken that is short, that follows water
and large roads, and that leaves each side its share of the people; both sides stay in one piece.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gis.arrays import Floats, Ints

__all__ = ["CellGraph", "components_of", "divide"]


_TRIES = 40


@dataclass(frozen=True)
class CellGraph:
    """Cells that touch, and what it costs to part them.

    Attributes
    ----------
    a, b : ndarray of int64, shape (k,)
    cost : ndarray of float64, shape (k,)
        Metres of the common border, less where it is a road or a stream.
    weight : ndarray of float64, shape (n,)
        People, so to speak.
    keys : ndarray of float64, shape (n, m)
        The m directions in which cuts are tried.
    """

    a: Ints
    b: Ints
    cost: Floats
    weight: Floats
    keys: Floats


def components_of(count: int, a: Ints, b: Ints) -> Ints:
    """Number the connected pieces of a graph: the lowest member names a piece."""
    root = np.arange(count, dtype=np.int64)
    while True:
        low = np.minimum(root[a], root[b])
        before = root.copy()
        np.minimum.at(root, a, low)
        np.minimum.at(root, b, low)
        root = root[root]
        if np.array_equal(root, before):
            return root


def divide(graph: CellGraph, cells: Ints, grids: int, *, community: int = 5) -> tuple[Ints, Ints]:
    """Divide connected cells into connected grids and groups of grids.

    Parameters
    ----------
    graph : CellGraph
        Of the whole district.
    cells : ndarray of int64, shape (n,)
        The cells of one town, in one piece.
    grids : int
        How many grids; at most n.
    community : int, default 5
        Largest number of grids in a community.

    Returns
    -------
    grid, group : ndarray of int64, shape (n,)
        For each cell the number of its grid, 0 … grids - 1, and of its community.

    Raises
    ------
    ValueError
        There are fewer cells than grids, or the cells are not in one piece.
    """
    if grids > len(cells):
        raise ValueError(f"{len(cells)} 个地块分不成 {grids} 个网格 ({len(cells)} cells for {grids} grids)")
    place = np.full(len(graph.weight), -1, dtype=np.int64)
    place[cells] = np.arange(len(cells))
    inside = (place[graph.a] >= 0) & (place[graph.b] >= 0)
    links = (place[graph.a[inside]], place[graph.b[inside]], graph.cost[inside])
    if len(np.unique(components_of(len(cells), links[0], links[1]))) > 1:
        raise ValueError("地块不连通 (the cells are not in one piece)")
    worker = _Divider(graph.weight[cells], graph.keys[cells], community, len(cells))
    worker.split(np.arange(len(cells)), links, grids, -1)
    return worker.grid, worker.group


class _Divider:
    """One town being cut up; numbers are handed out in the order of the cuts."""

    def __init__(self, weight: Floats, keys: Floats, community: int, count: int) -> None:
        self._weight, self._keys, self._community = weight, keys, community
        self.grid = np.full(count, -1, dtype=np.int64)
        self.group = np.full(count, -1, dtype=np.int64)
        self._grids = self._groups = 0

    def split(self, cells: Ints, links: tuple[Ints, Ints, Floats], grids: int, group: int) -> None:
        """Cut `cells` (with their links, numbered within them) into `grids` pieces."""
        if group < 0 and grids <= self._community:
            group, self._groups = self._groups, self._groups + 1
        if grids == 1:
            self.grid[cells], self.group[cells] = self._grids, group
            self._grids += 1
            return
        first, share = self._cut(cells, links, grids)
        for side, count in ((first, share), (~first, grids - share)):
            number = np.cumsum(side) - 1
            both = side[links[0]] & side[links[1]]
            inner = (number[links[0][both]], number[links[1][both]], links[2][both])
            self.split(cells[side], inner, count, group)

    def _cut(
        self, cells: Ints, links: tuple[Ints, Ints, Floats], grids: int
    ) -> tuple[NDArray[np.bool_], int]:
        weight = self._weight[cells]
        total = float(weight.sum())
        options = []
        for key in range(self._keys.shape[1]):
            options += _along(self._keys[cells, key], weight / total, links, grids, key)
        options.sort()
        for _, key, position in options[:_TRIES]:
            order = np.argsort(self._keys[cells, key], kind="stable")
            first = np.zeros(len(cells), dtype=bool)
            first[order[:position]] = True
            whole = _mended(first, links)
            if whole is None:
                continue
            share = _fair_share(whole, weight / total, grids)
            if share is not None:
                return whole, share
        return self._by_tree(len(cells), weight / total, links, grids)

    @staticmethod
    def _by_tree(
        count: int, part: Floats, links: tuple[Ints, Ints, Floats], grids: int
    ) -> tuple[NDArray[np.bool_], int]:
        """Cut the one link of a spanning tree that is fairest: always possible, not always pretty."""
        near: list[list[int]] = [[] for _ in range(count)]
        for x, y in zip(links[0].tolist(), links[1].tolist(), strict=True):
            near[x].append(y)
            near[y].append(x)
        parent, order = [-1] * count, [0]
        seen = [False] * count
        seen[0] = True
        for node in order:
            for other in near[node]:
                if not seen[other]:
                    seen[other], parent[other] = True, node
                    order.append(other)
        load, size = part.copy(), np.ones(count, dtype=np.int64)
        for node in reversed(order[1:]):
            load[parent[node]] += load[node]
            size[parent[node]] += size[node]
        best, choice = np.inf, (1, 1)
        for node in order[1:]:
            low, high = max(1, grids - (count - int(size[node]))), min(grids - 1, int(size[node]))
            if low > high:
                continue
            share = int(np.clip(round(float(load[node]) * grids), low, high))
            miss = abs(float(load[node]) * grids - share) + 0.2 * abs(share - grids / 2)
            if miss < best:
                best, choice = miss, (node, share)
        below = np.zeros(count, dtype=bool)
        below[choice[0]] = True
        for node in order[1:]:
            below[node] |= below[parent[node]]
        return below, choice[1]


def _along(
    key: Floats, part: Floats, links: tuple[Ints, Ints, Floats], grids: int, number: int
) -> list[tuple[float, int, int]]:
    """Price every cut square to one direction; the cheapest few as (price, direction, cells before it)."""
    count = len(key)
    order = np.argsort(key, kind="stable")
    rank = np.empty(count, dtype=np.int64)
    rank[order] = np.arange(count)
    low = np.minimum(rank[links[0]], rank[links[1]])
    high = np.maximum(rank[links[0]], rank[links[1]])
    steps = np.bincount(low + 1, weights=links[2], minlength=count + 1)
    steps -= np.bincount(high + 1, weights=links[2], minlength=count + 1)
    crossed = np.cumsum(steps)[1:count]
    before = np.cumsum(part[order])[:-1] * grids
    position = np.arange(1, count)
    share = np.clip(np.rint(before), 1, grids - 1)
    share = np.clip(share, np.maximum(1, grids - (count - position)), np.minimum(grids - 1, position))
    miss = np.abs(before - share)
    lean = np.abs(share / grids - 0.5)
    price = crossed * (1 + 1.6 * miss**2 + 0.25 * miss) * (1 + 3.2 * lean**2)
    # Cutting off a corner is always cheap: only fair cuts near the middle compete.
    price[(miss > max(0.42, 0.06 * grids)) | (lean > (0.2 if grids > 3 else 0.34))] = np.inf
    best = np.argsort(price, kind="stable")[:5]
    return [(float(price[at]), number, int(position[at])) for at in best if np.isfinite(price[at])]


def _mended(first: NDArray[np.bool_], links: tuple[Ints, Ints, Floats]) -> NDArray[np.bool_] | None:
    """Give strays of either side to the other, so that both are in one piece; None when that fails."""
    for _ in range(3):
        same = first[links[0]] == first[links[1]]
        root = components_of(len(first), links[0][same], links[1][same])
        names, size = np.unique(root, return_counts=True)
        if len(names) == 2:
            return first
        one, other = names[first[names]], names[~first[names]]
        if len(one) == 0 or len(other) == 0:
            return None
        keep_one = one[np.argmax(size[first[names]])]
        keep_other = other[np.argmax(size[~first[names]])]
        stray = (root != keep_one) & (root != keep_other)
        first = np.where(stray, ~first, first)
        if first.all() or not first.any():
            return None
    return None


def _fair_share(first: NDArray[np.bool_], part: Floats, grids: int) -> int | None:
    """How many grids the first side gets; None when that is too far from its share of the people."""
    size, count = int(first.sum()), len(first)
    load = float(part[first].sum()) * grids
    low, high = max(1, grids - (count - size)), min(grids - 1, size)
    if low > high:
        return None
    share = int(np.clip(round(load), low, high))
    return share if abs(load - share) <= max(0.5, 0.1 * grids) else None
