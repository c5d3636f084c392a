from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gis.synthetic.partition import CellGraph, components_of, divide


def chessboard(wide: int, high: int, *, seed: int = 0) -> CellGraph:
    """Cells in rows that touch their neighbours, with weights of their own."""
    number = np.arange(wide * high).reshape(high, wide)
    a = np.concatenate([number[:, :-1].ravel(), number[:-1].ravel()])
    b = np.concatenate([number[:, 1:].ravel(), number[1:].ravel()])
    y, x = np.divmod(np.arange(wide * high), wide)
    weight = np.random.default_rng(seed).uniform(0.5, 1.5, wide * high)
    keys = np.column_stack([x, y, x + y, x - y]).astype(float)
    return CellGraph(a, b, np.ones(len(a)), weight, keys)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 14), st.integers(1, 14), st.integers(0, 5), st.data())
def test_the_pieces_are_as_many_as_asked_and_each_in_one_piece(
    wide: int, high: int, seed: int, data: st.DataObject
) -> None:
    graph = chessboard(wide, high, seed=seed)
    count = wide * high
    grids = data.draw(st.integers(1, count))
    grid, group = divide(graph, np.arange(count), grids)
    assert sorted(set(grid.tolist())) == list(range(grids))
    same = grid[graph.a] == grid[graph.b]
    assert len(np.unique(components_of(count, graph.a[same], graph.b[same]))) == grids
    # Communities are whole grids, five at most, each in one piece.
    for name in np.unique(group):
        members = np.unique(grid[group == name])
        assert len(members) <= 5
        assert (group[np.isin(grid, members)] == name).all()
    alike = group[graph.a] == group[graph.b]
    assert len(np.unique(components_of(count, graph.a[alike], graph.b[alike]))) == len(np.unique(group))


def test_shares_of_the_weight_are_fair() -> None:
    graph = chessboard(20, 20)
    grid, _ = divide(graph, np.arange(400), 16)
    load = np.bincount(grid, weights=graph.weight)
    assert load.max() / load.min() < 2.2


def test_a_cheap_line_is_followed() -> None:
    """A stream between column 4 and 5 costs next to nothing to cut along: no grid lies across it."""
    graph = chessboard(10, 10)
    across = (graph.b - graph.a == 1) & (graph.a % 10 == 4)
    cost = np.where(across, 0.05, graph.cost)
    grid, _ = divide(CellGraph(graph.a, graph.b, cost, graph.weight, graph.keys), np.arange(100), 8)
    left, right = set(grid[np.arange(100) % 10 <= 4]), set(grid[np.arange(100) % 10 > 4])
    assert not left & right


def test_more_grids_than_cells_or_cells_apart_are_refused() -> None:
    graph = chessboard(3, 1)
    with pytest.raises(ValueError, match="3 cells for 4 grids"):
        divide(graph, np.arange(3), 4)
    with pytest.raises(ValueError, match="not in one piece"):
        divide(graph, np.array([0, 2]), 1)
