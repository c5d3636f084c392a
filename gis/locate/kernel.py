"""The query: from a point to the corner of its cell, exchanging owners at each edge crossed.

Points are taken a block at a time, in three passes that the processor can run ahead in: find the cells (plain
arithmetic, no branch), fetch them and note which hold edges, then decide those. Nothing is allocated per point and
no polygon is tested.
"""

from __future__ import annotations

import numpy as np

from gis.locate.compiled import compiled

__all__ = ["locate_block", "locate_one"]

_BLOCK = 2048
_SCALE = 1e7
_NOBODY = 0x7FFFFFFF


@compiled
def _between(qx: int, qy: int, begin: int, end: int, records: np.ndarray) -> tuple[np.int32, np.int32]:
    """Give what to exchange for the edges of a cell, and the lowest owner on whose border the place lies.

    ``qx, qy`` is the place seen from the cell's lower left lattice place.
    """
    exchange, lowest = np.int32(0), np.int32(_NOBODY)
    for at in range(begin, end):
        dx, dy = np.int64(records[at, 2]), np.int64(records[at, 3])
        x, y = qx - records[at, 0], qy - records[at, 1]
        # Edges are at most 2**31 - 1 steps long, so both products fit in 64 bits and are compared, not subtracted.
        one, other = x * dy, dx * y
        if one == other and 0 <= y <= dy and ((0 <= x <= dx) or (dx <= x <= 0)):
            lowest = min(lowest, records[at, 7])
        pair = records[at, 6]
        lower, upper = np.int32(qy >= records[at, 4]), np.int32(qy >= records[at, 5])
        crossed = ((lower ^ upper) & np.int32(one > other)) ^ (pair & lower) ^ ((pair >> 1) & upper)
        exchange ^= -(crossed & 1) & (pair >> 2)
    return exchange, lowest


@compiled
def _decide(
    qx: int, qy: int, head: int, grids: int, heads: np.ndarray, entries: np.ndarray, records: np.ndarray
) -> tuple[np.int32, bool]:
    """Owner (-1: nobody) of a place in a cell with edges, and whether it lies on a border."""
    if len(entries) == 0:
        exchange, lowest = _between(qx, qy, heads[head, 1], heads[head + 1, 1], records)
        if lowest != _NOBODY:
            return np.int32(lowest), True
        owner = heads[head, 0] ^ exchange
        return np.int32(-1 if owner == grids else owner), False
    # Overlapping polygons: the first one, in the order of codes, that holds the place.
    for at in range(heads[head, 0], heads[head + 1, 0]):
        exchange, lowest = _between(qx, qy, entries[at, 1], entries[at + 1, 1], records)
        if lowest != _NOBODY:
            return np.int32(entries[at, 0] >> 1), True
        if (exchange != 0) != (entries[at, 0] & 1 == 1):
            return np.int32(entries[at, 0] >> 1), False
    return np.int32(-1), False


@compiled
def locate_block(
    lon: np.ndarray,
    lat: np.ndarray,
    frame: np.ndarray,
    cells: np.ndarray,
    heads: np.ndarray,
    entries: np.ndarray,
    records: np.ndarray,
    owners: np.ndarray,
    on_boundary: np.ndarray,
) -> None:
    """Write the owner of each point, and into ``on_boundary``, unless it is empty, whether it lies on a border."""
    west, south = np.float64(frame[0]), np.float64(frame[1])
    shift, columns, grids = frame[2], frame[3], frame[5]
    width, height = np.float64(columns << shift), np.float64(frame[4] << shift)
    inside_cell = (1 << shift) - 1
    everywhere_else = np.int32(len(cells) - 1)
    number = np.empty(_BLOCK, np.int32)
    waiting = np.empty(_BLOCK + 1, np.int32)
    for begin in range(0, len(lon), _BLOCK):
        count = min(_BLOCK, len(lon) - begin)
        for at in range(count):
            x, y = np.rint(lon[begin + at] * _SCALE) - west, np.rint(lat[begin + at] * _SCALE) - south
            # NaN and infinities fail every comparison.
            near = (x >= 0) & (y >= 0) & (x < width) & (y < height)
            column, row = np.int64(x if near else 0.0) >> shift, np.int64(y if near else 0.0) >> shift
            number[at] = np.int32(row * columns + column) if near else everywhere_else
        undecided = np.int64(0)
        for at in range(count):
            found = cells[number[at]]
            owners[begin + at] = found
            waiting[undecided] = at
            undecided += np.int64(found < -1)
        for turn in range(undecided):
            at = begin + waiting[turn]
            x, y = np.int64(np.rint(lon[at] * _SCALE) - west), np.int64(np.rint(lat[at] * _SCALE) - south)
            owner, border = _decide(
                x & inside_cell, y & inside_cell, -2 - owners[at], grids, heads, entries, records
            )
            owners[at] = owner
            if len(on_boundary) > 0:
                on_boundary[at] = border


@compiled
def locate_one(
    lon: float,
    lat: float,
    frame: np.ndarray,
    cells: np.ndarray,
    heads: np.ndarray,
    entries: np.ndarray,
    records: np.ndarray,
) -> tuple[np.int32, bool]:
    """Owner of one point (-1: nobody), and whether it lies on a border."""
    shift, columns = frame[2], frame[3]
    x, y = np.rint(lon * _SCALE) - frame[0], np.rint(lat * _SCALE) - frame[1]
    if not (x >= 0 and y >= 0 and x < np.float64(columns << shift) and y < np.float64(frame[4] << shift)):
        return np.int32(-1), False
    px, py = np.int64(x), np.int64(y)
    found = cells[(py >> shift) * columns + (px >> shift)]
    if found >= -1:
        return np.int32(found), False
    inside_cell = (1 << shift) - 1
    return _decide(
        int(px & inside_cell), int(py & inside_cell), -2 - found, frame[5], heads, entries, records
    )
