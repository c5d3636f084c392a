"""Columns of nothing but plain polygons, held as numbers: offsets and places, and objects only where they are asked for.

Plain is what nearly every file has: flat, whole, each ring closed, with at least four places that are numbers.
Everything else is left to the parser of GEOS, which knows what to say of it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import shapely
from numpy.typing import NDArray

__all__ = ["PlainPolygons"]

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]
Bytes = NDArray[np.uint8]

_POLYGON, _MULTIPOLYGON = 3, 6
# A byte for the order of the others, then numbers of four bytes: the kind, and how many parts, rings or places follow.
_KIND_AT, _COUNT_AT, _HEAD, _COUNT, _PLACE = 1, 5, 9, 4, 16
_FEWEST = 4
_PLACES = pa.list_(pa.float64(), 2)
_RINGS = pa.large_list(pa.field("ring", _PLACES, nullable=False))
_PARTS = pa.large_list(pa.field("polygon", _RINGS, nullable=False))
_SHAPES = pa.large_list(pa.field("part", _PARTS, nullable=False))
_COLUMN = pa.struct([pa.field("multi", pa.bool_()), pa.field("parts", _SHAPES)])


@dataclass(frozen=True)
class PlainPolygons:
    """Polygons and multipolygons as numbers.

    Parameters
    ----------
    places : ndarray of float64, shape (p, 2)
        Of all rings, one after the other.
    rings : ndarray of int64, shape (r + 1,)
        Where each ring begins in `places`, and where the last one ends.
    parts : ndarray of int64, shape (q + 1,)
        Where each polygon begins in `rings`; its first ring is the shell.
    rows : ndarray of int64, shape (n + 1,)
        Where each row begins in `parts`.
    multi : ndarray of bool, shape (n,)
        Whether a row is a multipolygon, which may have a single part.
    """

    places: Floats
    rings: Whole
    parts: Whole
    rows: Whole
    multi: NDArray[np.bool_]

    def __len__(self) -> int:
        """Give the number of rows."""
        return len(self.multi)

    @classmethod
    def of_wkb(cls, column: pa.ChunkedArray) -> PlainPolygons | None:
        """Read a column of WKB; None when anything in it is not plain.

        Examples
        --------
        >>> wkb = shapely.to_wkb([shapely.box(0, 0, 1, 1), shapely.MultiPolygon([shapely.box(2, 2, 3, 3)])])
        >>> found = PlainPolygons.of_wkb(pa.chunked_array([pa.array(wkb, pa.binary())]))
        >>> len(found.places), found.rings.tolist(), found.multi.tolist()
        (10, [0, 5, 10], [False, True])
        >>> PlainPolygons.of_wkb(pa.chunked_array([pa.array([wkb[0], None], pa.binary())])) is None
        True
        """
        kind = column.type
        if column.null_count or not (pa.types.is_binary(kind) or pa.types.is_large_binary(kind)):
            return None
        chunks = [chunk for chunk in column.chunks if len(chunk)]
        found = [_of_chunk(chunk) for chunk in chunks]
        if not found or any(one is None for one in found):
            return None
        return _joined([one for one in found if one is not None])

    @classmethod
    def of_column(cls, column: pa.ChunkedArray) -> PlainPolygons | None:
        """Read what `as_column` wrote; None when it is something else.

        Raises
        ------
        ValueError
            It is of that form, but its polygons are not plain.
        """
        if column.type != _COLUMN:
            return None
        if column.null_count:
            raise ValueError("polygons that are missing")
        chunks = [chunk for chunk in column.chunks if len(chunk)]
        found = [_of_struct(chunk) for chunk in chunks]
        if not found:
            raise ValueError("no polygons")
        out = _joined(found)
        if not out._is_plain():
            raise ValueError("polygons that are not plain")
        return out

    def as_column(self) -> pa.Array:
        """Write them as nested lists of numbers."""
        places = pa.FixedSizeListArray.from_arrays(pa.array(self.places.ravel()), type=_PLACES)
        rings = pa.LargeListArray.from_arrays(pa.array(self.rings), places, type=_RINGS)
        parts = pa.LargeListArray.from_arrays(pa.array(self.parts), rings, type=_PARTS)
        rows = pa.LargeListArray.from_arrays(pa.array(self.rows), parts, type=_SHAPES)
        return pa.StructArray.from_arrays([pa.array(self.multi), rows], fields=list(_COLUMN))

    def built(self) -> NDArray[np.object_]:
        """Make the shapes, shape (n,)."""
        if self.multi.all():
            return _ragged(shapely.GeometryType.MULTIPOLYGON, self.places, self.rings, self.parts, self.rows)
        parts = _ragged(shapely.GeometryType.POLYGON, self.places, self.rings, self.parts)
        if not self.multi.any():
            return parts
        out = np.empty(len(self), dtype=object)
        owners = _owners(self.rows)
        several = self.multi[owners]
        of, which = np.unique(owners[several], return_inverse=True)
        out[of] = shapely.multipolygons(parts[several], indices=which)
        out[~self.multi] = parts[~several]
        return out

    def _is_plain(self) -> bool:
        """Whether each row has parts, each part rings, each ring enough places, the first of them once more at its end."""
        if (np.diff(self.rows) < 1).any() or (np.diff(self.parts) < 1).any():
            return False
        if (np.diff(self.rows)[~self.multi] != 1).any() or (np.diff(self.rings) < _FEWEST).any():
            return False
        if not np.isfinite(self.places).all():
            return False
        first, last = self.places[self.rings[:-1]], self.places[self.rings[1:] - 1]
        return bool((first == last).all())


def _ragged(kind: shapely.GeometryType, places: Floats, *offsets: Whole) -> NDArray[np.object_]:
    return np.asarray(shapely.from_ragged_array(kind, places, offsets), dtype=object)


def _owners(offsets: Whole) -> Whole:
    """Say of each element in which list it is."""
    return np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))


def _joined(found: list[PlainPolygons]) -> PlainPolygons:
    """Put chunks of a column together."""
    if len(found) == 1:
        return found[0]

    def after(offsets: list[Whole]) -> Whole:
        ends = np.cumsum([0, *(one[-1] for one in offsets)])
        moved = [one[1:] + end for one, end in zip(offsets, ends[:-1], strict=True)]
        return np.concatenate([np.zeros(1, np.int64), *moved])

    return PlainPolygons(
        np.concatenate([one.places for one in found]),
        after([one.rings for one in found]),
        after([one.parts for one in found]),
        after([one.rows for one in found]),
        np.concatenate([one.multi for one in found]),
    )


# ---------------------------------------------------------------- from WKB
def _of_chunk(chunk: pa.Array) -> PlainPolygons | None:
    _, offsets, content = chunk.buffers()
    width = "<i4" if pa.types.is_binary(chunk.type) else "<i8"
    bounds = np.frombuffer(offsets, dtype=width)[chunk.offset : chunk.offset + len(chunk) + 1].astype(
        np.int64
    )
    if content is None:
        return None
    walk = _Walk(np.frombuffer(content, dtype=np.uint8), bounds)
    return walk.read()


class _Walk:
    """Reads rows side by side: the first part of each, its first ring, its next one, and so on."""

    def __init__(self, content: Bytes, bounds: Whole) -> None:
        self._content = content
        self._at, self._end = bounds[:-1].copy(), bounds[1:]
        # Row, number of the part in it, where the places begin, how many there are: for each ring.
        self._found: list[tuple[Whole, Whole, Whole, Whole]] = []

    def read(self) -> PlainPolygons | None:
        """Give what was found; None where it is not plain."""
        every = np.arange(len(self._at))
        kinds = self._kinds(every)
        if kinds is None:
            return None
        multi = kinds == _MULTIPOLYGON
        left = np.ones(len(every), dtype=np.int64)
        left[multi] = self._counts(every[multi], _COUNT_AT)
        self._at[multi] += _HEAD
        part, rows = 0, every
        while rows.size:
            if (part or multi.any()) and not self._are_polygons(rows[multi[rows]]):
                return None
            if not self._take_part(rows, part):
                return None
            part += 1
            left[rows] -= 1
            rows = rows[left[rows] > 0]
        return self._polygons(multi) if (self._at == self._end).all() and (left == 0).all() else None

    def _kinds(self, rows: Whole) -> NDArray[np.uint32] | None:
        """Read of what kind shapes are; None where one of them is neither kind of polygon, or cut off."""
        if (self._at[rows] + _HEAD > self._end[rows]).any() or (self._content[self._at[rows]] != 1).any():
            return None
        kinds = self._numbers(self._at[rows] + _KIND_AT)
        return kinds if np.isin(kinds, (_POLYGON, _MULTIPOLYGON)).all() else None

    def _are_polygons(self, rows: Whole) -> bool:
        kinds = self._kinds(rows)
        return kinds is not None and bool((kinds == _POLYGON).all())

    def _take_part(self, rows: Whole, part: int) -> bool:
        """Read the rings of one polygon in each row."""
        left = self._counts(rows, _COUNT_AT)
        if (left < 1).any():
            return False
        self._at[rows] += _HEAD
        while rows.size:
            if (self._at[rows] + _COUNT > self._end[rows]).any():
                return False
            counts = self._counts(rows, 0)
            begins = self._at[rows] + _COUNT
            if (begins + counts * _PLACE > self._end[rows]).any():
                return False
            self._found.append((rows, np.full(len(rows), part), begins, counts))
            self._at[rows] = begins + counts * _PLACE
            left = left - 1
            rows, left = rows[left > 0], left[left > 0]
        return True

    def _counts(self, rows: Whole, within: int) -> Whole:
        return self._numbers(self._at[rows] + within).astype(np.int64)

    def _numbers(self, places: Whole) -> NDArray[np.uint32]:
        # They stand where they come, not at multiples of four.
        each = self._content[places[:, None] + np.arange(4)]
        return np.ascontiguousarray(each).view("<u4").reshape(-1)

    def _polygons(self, multi: NDArray[np.bool_]) -> PlainPolygons | None:
        row, part, begin, count = (np.concatenate(each) for each in zip(*self._found, strict=True))
        order = np.argsort(begin)
        row, part, begin, count = row[order], part[order], begin[order], count[order]
        content = self._content.data
        ends = begin + count * _PLACE
        joined = b"".join(content[a:b] for a, b in zip(begin.tolist(), ends.tolist(), strict=True))
        places = np.frombuffer(joined, dtype="<f8").reshape(-1, 2)
        rings = np.concatenate([np.zeros(1, np.int64), np.cumsum(count)])
        new_part = np.concatenate([[True], (np.diff(row) != 0) | (np.diff(part) != 0)])
        parts = np.append(np.flatnonzero(new_part), len(row))
        rows = np.searchsorted(row[new_part], np.arange(len(multi) + 1))
        out = PlainPolygons(places, rings, parts, rows, multi)
        return out if out._is_plain() else None


# ---------------------------------------------------------------- from nested lists
def _of_struct(chunk: pa.StructArray) -> PlainPolygons:
    multi, rows = chunk.field(0), chunk.field(1)
    levels, level = [], rows
    for _ in range(3):
        if level.null_count:
            raise ValueError("polygons with nothing in them")
        offsets = level.offsets.to_numpy().astype(np.int64)
        begin, end = int(offsets[0]), int(offsets[-1])
        levels.append(offsets - begin)
        level = level.values.slice(begin, end - begin)
    if multi.null_count or level.null_count:
        raise ValueError("polygons with nothing in them")
    numbers = level.flatten()
    if numbers.null_count:
        raise ValueError("places without numbers")
    places = numbers.to_numpy().reshape(-1, 2)
    return PlainPolygons(places, levels[2], levels[1], levels[0], multi.to_numpy(zero_copy_only=False))
