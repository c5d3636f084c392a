"""Columns of nothing but points, held as numbers: a million need no parser and no object a million times."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import shapely
from numpy.typing import NDArray

__all__ = ["PlainPoints", "as_pairs"]

_POINT = np.dtype([("order", "u1"), ("kind", "<u4"), ("xy", "<f8", 2)])
_PAIRS = pa.list_(pa.float64(), 2)


@dataclass(frozen=True)
class PlainPoints:
    """Flat points as numbers.

    Parameters
    ----------
    places : ndarray of float64, shape (n, 2)
        Not-a-number where there is none.
    """

    places: NDArray[np.float64]

    def __len__(self) -> int:
        """Give the number of rows."""
        return len(self.places)

    @classmethod
    def of_wkb(cls, column: pa.ChunkedArray) -> PlainPoints | None:
        """Read a column of WKB; None when there is anything but flat points in it.

        Examples
        --------
        >>> wkb = shapely.to_wkb([shapely.Point(120, 36)])
        >>> PlainPoints.of_wkb(pa.chunked_array([pa.array(wkb, pa.binary())])).places.tolist()
        [[120.0, 36.0]]
        """
        found = []
        for chunk in column.chunks:
            if chunk.null_count or not (
                pa.types.is_binary(chunk.type) or pa.types.is_large_binary(chunk.type)
            ):
                return None
            _, offsets, content = chunk.buffers()
            width = "<i4" if pa.types.is_binary(chunk.type) else "<i8"
            starts = np.frombuffer(offsets, dtype=width)[chunk.offset : chunk.offset + len(chunk) + 1]
            if len(chunk) == 0:
                continue
            if content is None or (np.diff(starts) != _POINT.itemsize).any():
                return None
            rows = np.frombuffer(content, dtype=_POINT, count=len(chunk), offset=int(starts[0]))
            if (rows["order"] != 1).any() or (rows["kind"] != 1).any():
                return None
            found.append(rows["xy"])
        pairs = np.concatenate(found) if found else np.empty((0, 2))
        # A point without coordinates is written as not-a-number.
        return None if np.isnan(pairs).any() else cls(pairs)

    @classmethod
    def of_column(cls, column: pa.ChunkedArray) -> PlainPoints | None:
        """Read what `as_column` wrote; None when it is something else.

        Raises
        ------
        ValueError
            A point without coordinates.
        """
        if column.type != _PAIRS:
            return None
        missing = column.is_null().to_numpy(zero_copy_only=False)
        pairs = column.combine_chunks()
        array = pairs.chunk(0) if isinstance(pairs, pa.ChunkedArray) else pairs
        numbers = array.values.slice(2 * array.offset, 2 * len(array)).to_numpy(zero_copy_only=False)
        places = numbers.reshape(-1, 2)
        if np.isnan(places[~missing]).any():
            raise ValueError("points without coordinates")
        if missing.any():
            places = np.where(missing[:, None], np.nan, places)
        return cls(places)

    def as_column(self) -> pa.Array:
        """Write them as pairs of numbers."""
        missing = np.isnan(self.places[:, 0])
        mask = pa.array(missing) if missing.any() else None
        return pa.FixedSizeListArray.from_arrays(pa.array(self.places.ravel()), type=_PAIRS, mask=mask)

    def built(self) -> NDArray[np.object_]:
        """Make the shapes, shape (n,); None where there is no place."""
        missing = np.isnan(self.places[:, 0])
        if not missing.any():
            return np.asarray(shapely.points(self.places), dtype=object)
        shapes = np.full(len(self), None, dtype=object)
        shapes[~missing] = shapely.points(self.places[~missing])
        return shapes


def as_pairs(shapes: NDArray[np.object_]) -> PlainPoints | None:
    """Take flat points apart; None when there is anything else among them."""
    missing = shapely.is_missing(shapes)
    kinds = shapely.get_type_id(shapes)
    if missing.all() or (kinds[~missing] != 0).any():
        return None
    if (
        shapely.has_z(shapes).any()
        or shapely.has_m(shapes).any()
        or (shapely.get_srid(shapes[~missing]) != 0).any()
    ):
        return None
    pairs = np.column_stack([shapely.get_x(shapes), shapely.get_y(shapes)])
    return None if np.isnan(pairs[~missing]).any() else PlainPoints(pairs)
