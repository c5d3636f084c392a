"""The raster for polygons that overlap: each cell lists, in the order of codes, the polygons that may hold a place.

A border between two owners has no meaning where polygons overlap, so every polygon keeps its own edges, and a query
asks one after the other whether it crosses an odd number of them. The list of a cell ends with the first polygon
that covers all of it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gis.locate.borders import Borders
from gis.locate.compiled import compiled
from gis.locate.raster import (
    FIELDS,
    Raster,
    choose_shift,
    columns_of,
    empty_raster,
    extent,
    with_outside,
    write_record,
)

__all__ = ["rasterize_overlaid"]


def rasterize_overlaid(edges: Borders, *, shift: int | None = None) -> Raster:
    """Lay cells over polygons of which the first one, in the order of their numbers, owns what several cover.

    Parameters
    ----------
    edges : Borders
        From `ring_edges`.
    shift : int, optional
        Cells are 2**shift steps wide.

    Returns
    -------
    Raster
        With `entries`.
    """
    if len(edges) == 0:
        return empty_raster(edges.grids)
    west, south, width, height = extent(edges)
    if shift is None:
        shift = choose_shift(len(edges), width, height)
    columns, rows = (width >> shift) + 1, (height >> shift) + 1
    frame = np.array([west, south, shift, columns, rows, edges.grids], dtype=np.int64)
    begins = np.searchsorted(edges.low, np.arange(edges.grids + 1)).astype(np.int64)
    places = (edges.x0, edges.y0, edges.x1, edges.y1, begins, frame)
    sizes = np.zeros((2, rows * columns), dtype=np.int64)
    scratch = np.zeros((2, rows * columns), dtype=np.int64)
    done = np.full(rows * columns, -1, dtype=np.int32)
    _walk(*places, scratch, done, sizes, *_nothing(), False)
    # A cell that one polygon covers whole needs no list.
    whole = np.where((sizes[0] == 1) & (sizes[1] == 0), done, -1).astype(np.int32)
    busy = np.flatnonzero((sizes[0] > 0) & (whole < 0))
    sizes[:, whole >= 0] = 0
    starts = np.zeros((2, rows * columns + 1), dtype=np.int64)
    np.cumsum(sizes, axis=1, out=starts[:, 1:])
    entries = np.zeros((int(starts[0, -1]) + 1, 2), dtype=np.int32)
    records = np.zeros((int(starts[1, -1]), FIELDS), dtype=np.int32)
    position = starts[:, :-1].copy()
    scratch[:] = 0
    done = np.where(whole >= 0, 0, -1).astype(np.int32)
    _walk(*places, scratch, done, position, entries, records, True)
    entries[-1, 1] = len(records)
    cells = whole.copy()
    cells[busy] = -2 - np.arange(len(busy), dtype=np.int32)
    heads = np.zeros((len(busy) + 1, 2), dtype=np.int32)
    heads[:-1, 0] = starts[0, busy]
    heads[-1, 0] = len(entries) - 1
    return Raster(frame, with_outside(cells), heads, entries, records)


def _nothing() -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    return np.zeros((0, 2), dtype=np.int32), np.zeros((0, FIELDS), dtype=np.int32)


@compiled
def _walk(
    x0: np.ndarray,
    y0: np.ndarray,
    x1: np.ndarray,
    y1: np.ndarray,
    begins: np.ndarray,
    frame: np.ndarray,
    scratch: np.ndarray,
    done: np.ndarray,
    sizes: np.ndarray,
    entries: np.ndarray,
    records: np.ndarray,
    write: bool,
) -> None:
    """Go through the polygons in order; count what each cell is to hold, or write it.

    ``scratch`` counts the edges of the polygon at hand in each cell, and whether it holds the corner; ``done`` is
    the polygon that covers a cell whole (nothing behind it matters); ``sizes`` are entries and records of a cell:
    how many, or where the next one is written.
    """
    shift, columns, rows = frame[2], frame[3], frame[4]
    for polygon in range(len(begins) - 1):
        first_edge, end = begins[polygon], begins[polygon + 1]
        if first_edge == end:
            continue
        west, east, bottom, top = columns, -1, rows, -1
        for edge in range(first_edge, end):
            low_row, high_row = (y0[edge] - frame[1]) >> shift, (y1[edge] - frame[1]) >> shift
            bottom, top = min(bottom, low_row), max(top, high_row)
            for row in range(low_row, high_row + 1):
                left, right = columns_of(x0[edge], y0[edge], x1[edge], y1[edge], row, frame)
                west, east = min(west, left), max(east, right)
                for column in range(left, right + 1):
                    scratch[0, row * columns + column] += 1
            _mark_corners(x0[edge], y0[edge], x1[edge], y1[edge], frame, scratch)
        for row in range(bottom, top + 1):
            inside = np.int64(0)
            for column in range(west, east + 1):
                cell = row * columns + column
                inside ^= scratch[1, cell]
                scratch[1, cell] = 0
                if done[cell] >= 0:
                    scratch[0, cell] = 0
                    continue
                own = scratch[0, cell]
                if own == 0 and inside == 0:
                    continue
                if write:
                    entries[sizes[0, cell], 0] = polygon * 2 + inside
                    entries[sizes[0, cell], 1] = sizes[1, cell]
                sizes[0, cell] += 1
                if not write:
                    sizes[1, cell] += own
                if own == 0:
                    done[cell] = polygon
                scratch[0, cell] = 1 if own > 0 else 0
            # East of the polygon its corners hold nothing: what was toggled there is even.
            for column in range(east + 1, columns):
                scratch[1, row * columns + column] = 0
        for edge in range(first_edge, end):
            for row in range((y0[edge] - frame[1]) >> shift, ((y1[edge] - frame[1]) >> shift) + 1):
                left, right = columns_of(x0[edge], y0[edge], x1[edge], y1[edge], row, frame)
                for column in range(left, right + 1):
                    cell = row * columns + column
                    if write and scratch[0, cell] > 0:
                        write_record(
                            records,
                            sizes[1, cell],
                            x0[edge] - (frame[0] + (column << shift)),
                            y0[edge] - (frame[1] + (row << shift)),
                            x1[edge] - x0[edge],
                            y1[edge] - y0[edge],
                            polygon,
                            len(begins) - 1,
                        )
                        sizes[1, cell] += 1
        for row in range(bottom, top + 1):
            for column in range(west, east + 1):
                scratch[0, row * columns + column] = 0


@compiled
def _mark_corners(x0: int, y0: int, x1: int, y1: int, frame: np.ndarray, scratch: np.ndarray) -> None:
    shift, columns, rows = frame[2], frame[3], frame[4]
    dx, dy = x1 - x0, y1 - y0
    if dy == 0:
        return
    bottom = (y0 - frame[1] + (1 << shift) - 1) >> shift
    top = min((y1 - 1 - frame[1]) >> shift, rows - 1)
    for row in range(bottom, top + 1):
        x = x0 + (dx * (frame[1] + (row << shift) - y0)) // dy
        column = ((x - frame[0]) >> shift) + 1
        if column < columns:
            scratch[1, row * columns + column] ^= 1
