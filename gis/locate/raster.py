"""Cells over the extent: each knows its owner outright, or the few edges that decide inside it.

A cell is a square of 2**shift lattice steps. What it knows of its edges is put so that a query needs no division:

- The *corner* of a cell is a place an infinitely small step west of its lower left lattice place, and a much
  smaller one north of it. A query walks from its point west along its own row to the cell's west side, then down
  that side to the corner, and exchanges owners at every edge crossed on the way: exclusive-or of the pair that the
  edge parts. The order of crossings does not matter, and an edge crossed twice cancels itself.
- Rows are taken the same infinitely small step north, so that an end of an edge belongs to one of two edges that
  meet there, and a level edge is never met by a walk along a row.
- Of each edge in each cell we store the rows ``[lower, upper)`` at which it lies east of the west side, and
  whether the walk down the side meets it: once the point's row has reached ``lower`` (an edge that comes in from
  the west going up), or ``upper`` (one that leaves to the west going up), or never.

All of it is worked out with 64-bit whole numbers. Columns of a record: x, y of the lower end relative to the cell,
dx, dy, lower, upper, (owners exclusive-or) * 4 + how the side is met, the lower of the two owners.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gis.locate.borders import Borders
from gis.locate.compiled import compiled

__all__ = ["FIELDS", "Raster", "choose_shift", "rasterize"]

FIELDS = 8
_CELLS_PER_EDGE = 16
_FEWEST, _MOST = 1 << 12, 1 << 24
_WIDEST_SHIFT = 30
Ints = NDArray[np.int32]
Longs = NDArray[np.int64]


@dataclass(frozen=True)
class Raster:
    """What the kernel reads; all arrays are read-only and lie as they do in the file.

    Parameters
    ----------
    frame : ndarray of int64, shape (6,)
        Origin x and y in lattice steps, shift, columns, rows, number of grids.
    cells : ndarray of int32, shape (rows * columns + 1,)
        Row by row from the south-west: an owner, -1 for nobody, or ``-2 - n`` for entry ``n`` of `heads`. The last
        one stands for everything outside.
    heads : ndarray of int32, shape (busy + 1, 2)
        Owner of the corner, first record; the last row only ends the records. For overlapping polygons: first
        entry of `entries`, and 0.
    entries : ndarray of int32, shape (e, 2)
        For overlapping polygons only, else empty: grid * 2 + whether it holds the corner, first record.
    records : ndarray of int32, shape (r, 8)
    """

    frame: Longs
    cells: Ints
    heads: Ints
    entries: Ints
    records: Ints

    def __post_init__(self) -> None:
        for array in (self.frame, self.cells, self.heads, self.entries, self.records):
            array.setflags(write=False)

    @property
    def nbytes(self) -> int:
        """Bytes that queries read."""
        return sum(a.nbytes for a in (self.frame, self.cells, self.heads, self.entries, self.records))


def choose_shift(edges: int, width: int, height: int) -> int:
    """Choose how large cells are: about 16 of them for an edge, at most 2**24.

    Finer cells make fewer points meet an edge but spread over more memory; measured for a district of 45,000
    edges, 8,192 steps (about 80 m) are the best that stays small, and twice or half of it a fifth slower.

    Examples
    --------
    >>> choose_shift(45_000, 8_186_000, 5_700_000)
    13
    """
    most = min(max(_CELLS_PER_EDGE * edges, _FEWEST), _MOST)
    shift = 0
    while ((width >> shift) + 1) * ((height >> shift) + 1) > most and shift < _WIDEST_SHIFT:
        shift += 1
    return shift


def extent(edges: Borders) -> tuple[int, int, int, int]:
    """West, south, width and height in steps."""
    west, south = int(min(edges.x0.min(), edges.x1.min())), int(edges.y0.min())
    return west, south, int(max(edges.x0.max(), edges.x1.max())) - west, int(edges.y1.max()) - south


def rasterize(edges: Borders, *, shift: int | None = None) -> Raster:
    """Lay cells over a clean coverage.

    Parameters
    ----------
    edges : Borders
        From `shared_borders`.
    shift : int, optional
        Cells are 2**shift steps wide; `choose_shift` by default.

    Returns
    -------
    Raster
        The same edges give the same bytes.
    """
    if len(edges) == 0:
        return empty_raster(edges.grids)
    west, south, width, height = extent(edges)
    if shift is None:
        shift = choose_shift(len(edges), width, height)
    columns, rows = (width >> shift) + 1, (height >> shift) + 1
    frame = np.array([west, south, shift, columns, rows, edges.grids], dtype=np.int64)
    places = (edges.x0, edges.y0, edges.x1, edges.y1)
    counts = np.zeros(rows * columns, dtype=np.int64)
    _count(*places, frame, counts)
    starts = np.zeros(len(counts) + 1, dtype=np.int64)
    np.cumsum(counts, out=starts[1:])
    records = np.zeros((int(starts[-1]), FIELDS), dtype=np.int32)
    _fill(*places, edges.low, edges.high, frame, starts[:-1].copy(), records)
    corners = np.zeros(len(counts), dtype=np.int32)
    _toggle_corners(*places, edges.low, edges.high, frame, corners)
    _sum_rows(frame, corners)
    busy = np.flatnonzero(counts)
    cells = np.where(corners == edges.grids, -1, corners).astype(np.int32)
    cells[busy] = -2 - np.arange(len(busy), dtype=np.int32)
    heads = np.zeros((len(busy) + 1, 2), dtype=np.int32)
    heads[:-1, 0] = corners[busy]
    heads[:-1, 1] = starts[busy]
    heads[-1, 1] = starts[-1]
    return Raster(frame, with_outside(cells), heads, np.zeros((0, 2), dtype=np.int32), records)


def with_outside(cells: Ints) -> Ints:
    """Put the cell that stands for everywhere else at the end."""
    return np.concatenate([cells, np.array([-1], dtype=np.int32)])


def empty_raster(grids: int) -> Raster:
    """Give a raster that owns nothing."""
    nothing = np.zeros((0, FIELDS), dtype=np.int32)
    heads, entries = np.zeros((1, 2), dtype=np.int32), np.zeros((0, 2), dtype=np.int32)
    frame = np.array([0, 0, 0, 0, 0, grids], dtype=np.int64)
    return Raster(frame, with_outside(np.zeros(0, dtype=np.int32)), heads, entries, nothing)


@compiled
def columns_of(x0: int, y0: int, x1: int, y1: int, row: int, frame: np.ndarray) -> tuple[int, int]:
    """First and last column in which an edge may touch a row of cells (a neighbour too many does no harm)."""
    shift = frame[2]
    low, high = max(y0, frame[1] + (row << shift)), min(y1, frame[1] + ((row + 1) << shift))
    dx, dy = x1 - x0, y1 - y0
    west, east = min(x0, x1), max(x0, x1)
    if dy > 0:
        one, other = x0 + (dx * (low - y0)) // dy, x0 + (dx * (high - y0)) // dy
        west, east = max(west, min(one, other)), min(east, max(one, other) + 1)
    return (west - frame[0]) >> shift, (east - frame[0]) >> shift


@compiled
def _count(
    x0: np.ndarray, y0: np.ndarray, x1: np.ndarray, y1: np.ndarray, frame: np.ndarray, counts: np.ndarray
) -> None:
    for edge in range(len(x0)):
        bottom, top = (y0[edge] - frame[1]) >> frame[2], (y1[edge] - frame[1]) >> frame[2]
        for row in range(bottom, top + 1):
            first, last = columns_of(x0[edge], y0[edge], x1[edge], y1[edge], row, frame)
            for column in range(first, last + 1):
                counts[row * frame[3] + column] += 1


@compiled
def _fill(
    x0: np.ndarray,
    y0: np.ndarray,
    x1: np.ndarray,
    y1: np.ndarray,
    low: np.ndarray,
    high: np.ndarray,
    frame: np.ndarray,
    position: np.ndarray,
    records: np.ndarray,
) -> None:
    shift = frame[2]
    for edge in range(len(x0)):
        bottom, top = (y0[edge] - frame[1]) >> shift, (y1[edge] - frame[1]) >> shift
        for row in range(bottom, top + 1):
            first, last = columns_of(x0[edge], y0[edge], x1[edge], y1[edge], row, frame)
            for column in range(first, last + 1):
                cell = row * frame[3] + column
                write_record(
                    records,
                    position[cell],
                    x0[edge] - (frame[0] + (column << shift)),
                    y0[edge] - (frame[1] + (row << shift)),
                    x1[edge] - x0[edge],
                    y1[edge] - y0[edge],
                    low[edge],
                    high[edge],
                )
                position[cell] += 1


@compiled
def write_record(records: np.ndarray, at: int, x: int, y: int, dx: int, dy: int, low: int, high: int) -> None:
    """Write what a cell knows of an edge; x, y is its lower end seen from the cell's lower left place."""
    lower, upper, met = y, y + dy, 0
    west, east = min(x, x + dx), max(x, x + dx)
    through = west < 0 and east >= 0
    if dx == 0:
        if x < 0:
            upper = lower
    elif dy == 0:
        # A walk along a row never meets a level edge; the walk down the side does, unless it lies at the corner.
        if through and y > 0:
            met = 1
    elif dx > 0:
        # East of the side from the first whole row at or above the place where it comes in.
        entry = y - (x * dy) // dx
        lower = max(y, entry)
        if through and entry > 0:
            lower, upper, met = entry, max(upper, entry), 1
    else:
        leave = y + (x * dy) // (-dx) + 1
        upper = min(upper, leave)
        if through and leave > 0:
            lower, upper, met = min(y, leave), leave, 2
    upper = max(upper, lower)
    records[at, 0] = x
    records[at, 1] = y
    records[at, 2] = dx
    records[at, 3] = dy
    # Rows of a cell are 0 to 2**30 at most: what lies further off only needs to stay on its side.
    records[at, 4] = min(max(lower, -1), 1 << 30)
    records[at, 5] = min(max(upper, -1), 1 << 30)
    records[at, 6] = (low ^ high) * 4 + met
    records[at, 7] = low


@compiled
def _toggle_corners(
    x0: np.ndarray,
    y0: np.ndarray,
    x1: np.ndarray,
    y1: np.ndarray,
    low: np.ndarray,
    high: np.ndarray,
    frame: np.ndarray,
    corners: np.ndarray,
) -> None:
    """At each row of corners, note behind which column each edge is crossed on the way from the west."""
    shift, columns, rows = frame[2], frame[3], frame[4]
    for edge in range(len(x0)):
        dx, dy = x1[edge] - x0[edge], y1[edge] - y0[edge]
        if dy == 0:
            continue
        bottom = (y0[edge] - frame[1] + (1 << shift) - 1) >> shift
        top = min((y1[edge] - 1 - frame[1]) >> shift, rows - 1)
        for row in range(bottom, top + 1):
            x = x0[edge] + (dx * (frame[1] + (row << shift) - y0[edge])) // dy
            column = ((x - frame[0]) >> shift) + 1
            if column < columns:
                corners[row * columns + column] ^= low[edge] ^ high[edge]


@compiled
def _sum_rows(frame: np.ndarray, corners: np.ndarray) -> None:
    """Walk along each row of corners from outside, exchanging owners."""
    columns, rows = frame[3], frame[4]
    for row in range(rows):
        owner = frame[5]
        for column in range(columns):
            owner ^= corners[row * columns + column]
            corners[row * columns + column] = owner
