"""A bundle of lines as one long track: places at so many metres, and how to step aside from them."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

from gis.arrays import Floats, Ints

__all__ = ["Track"]


class Track:
    """Lines laid end to end.

    Parameters
    ----------
    lines : ndarray of shapely linestrings, shape (n,)
        Metres.

    Attributes
    ----------
    length_m : ndarray of float64, shape (n,)

    Examples
    --------
    >>> track = Track(np.array([shapely.LineString([(0, 0), (10, 0)])], dtype=object))
    >>> x, y = track.place(np.array([0]), np.array([4.0]), 2.0)
    >>> float(x[0]), float(y[0])
    (4.0, 2.0)
    """

    def __init__(self, lines: NDArray[np.object_]) -> None:
        points, which = shapely.get_coordinates(lines, return_index=True)
        same = which[1:] == which[:-1]
        start, end = points[:-1][same], points[1:][same]
        length = np.hypot(*(end - start).T)
        keep = length > 0
        self._start, self._unit = start[keep], (end - start)[keep] / length[keep, None]
        self._line = which[1:][same][keep]
        self._from = np.concatenate([[0.0], np.cumsum(length[keep])])
        self.length_m: Floats = np.bincount(self._line, weights=length[keep], minlength=len(lines)).astype(
            np.float64
        )
        numbers = np.arange(len(lines))
        self._first = np.searchsorted(self._line, numbers, side="left")
        self._last = np.maximum(np.searchsorted(self._line, numbers, side="right") - 1, self._first)
        self._begin = self._from[np.minimum(self._first, len(self._line))]

    def _at(self, line: Ints, along_m: Floats) -> tuple[Ints, Floats]:
        along = np.clip(along_m, 0.0, self.length_m[line]) + self._begin[line]
        piece = np.searchsorted(self._from, along, side="right") - 1
        # The far end of a line is where the next one begins: stay on this one.
        piece = np.clip(piece, self._first[line], self._last[line])
        return piece.astype(np.int64), along - self._from[piece]

    def place(self, line: Ints, along_m: Floats, aside_m: Floats | float = 0.0) -> tuple[Floats, Floats]:
        """Places `along_m` metres down lines, stepped to the left by `aside_m` (right when negative)."""
        piece, rest = self._at(line, along_m)
        unit = self._unit[piece]
        x = self._start[piece, 0] + unit[:, 0] * rest - unit[:, 1] * aside_m
        y = self._start[piece, 1] + unit[:, 1] * rest + unit[:, 0] * aside_m
        return x, y

    def heading(self, line: Ints, along_m: Floats) -> Floats:
        """Direction of the lines there, radians from east."""
        piece, _ = self._at(line, along_m)
        return np.asarray(np.arctan2(self._unit[piece, 1], self._unit[piece, 0]))
