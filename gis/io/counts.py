"""Shapes and rows of a Shapefile counted against each other: readers join them by their number, and drop the rest."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gis.errors import UnreadableFile
from gis.io.dbase import DbaseTable

__all__ = ["refuse_differing_counts"]

_HEADER, _RECORD = 100, 8


def refuse_differing_counts(parts: Mapping[str, Path], *, name: str) -> None:
    """Refuse a Shapefile whose .shp, .shx and .dbf do not have the same records.

    Parameters
    ----------
    parts : mapping of str to Path
        By suffix; their sizes were checked.
    name : str
        What messages call the file.

    Raises
    ------
    gis.errors.UnreadableFile
        Code ``counts-differ``, with both counts: shapes and rows, rows and those marked as deleted, or entries of the
        index and shapes. Code ``damaged`` when the index points elsewhere.
    """
    index = _index(parts[".shx"])
    table = DbaseTable(parts[".dbf"])
    _refuse_foreign_index(parts[".shp"], index, name)
    shapes, rows, deleted = len(index), table.records, table.deleted
    if shapes != rows:
        raise _differing(
            f"Shapefile {name} 有 {shapes} 个图形，但 .dbf 有 {rows} 行；两者按序号对应，缺哪些无从得知，请重新导出",
            f"Shapefile {name} has {shapes} shapes, {rows} rows in its .dbf; they belong together by their number, so "
            "that nobody can tell which are missing: export it again",
        )
    if deleted:
        raise _differing(
            f"Shapefile {name} 有 {shapes} 个图形，{rows - deleted} 行有效：.dbf 中 {deleted} 行标为已删除；"
            "请重新导出（QGIS：导出 → 要素另存为），已删除的行不再写出",
            f"Shapefile {name} has {shapes} shapes, {rows - deleted} rows: {deleted} more in its .dbf are marked as "
            "deleted; export it again (QGIS: Export, Save Features As), which leaves them out for good",
        )


def _differing(zh: str, en: str) -> UnreadableFile:
    return UnreadableFile(zh, en, code="counts-differ")


def _index(path: Path) -> NDArray[np.int64]:
    """Read where each shape lies and how long it is, in bytes."""
    with path.open("rb") as stream:
        stated = 2 * int.from_bytes(stream.read(28)[24:28], "big")
        stream.seek(_HEADER)
        content = stream.read(max(stated - _HEADER, 0))
    whole = len(content) // _RECORD
    return 2 * np.frombuffer(content, dtype=">i4", count=2 * whole).reshape(-1, 2).astype(np.int64)


def _refuse_foreign_index(shp: Path, index: NDArray[np.int64], name: str) -> None:
    """Refuse an index that is of another .shp: entries that point outside it, at no record, or not at all of them."""
    with shp.open("rb") as stream:
        stated = 2 * int.from_bytes(stream.read(28)[24:28], "big")
    size = min(stated, shp.stat().st_size)
    content = np.memmap(shp, dtype=np.uint8, mode="r", shape=(size,))
    begins, lengths = index[:, 0], index[:, 1]
    # A shape of no length is an entry without a shape.
    outside = (begins < _HEADER) | (lengths < 0) | (begins + _RECORD + lengths > size)
    numbers = np.zeros(len(index), dtype=np.int64)
    wrong = outside.copy()
    inside = np.flatnonzero(~outside)
    if len(inside):
        heads = content[begins[inside][:, None] + np.arange(_RECORD)]
        numbers[inside], stated_lengths = np.ascontiguousarray(heads).view(">i4").astype(np.int64).T
        wrong[inside] = 2 * stated_lengths != lengths[inside]
    if wrong.any():
        at = int(np.flatnonzero(wrong)[0]) + 1
        raise UnreadableFile(
            f"Shapefile {name} 的 .shx 与 .shp 不符：第 {at} 条指向的不是图形；.shx 有 {len(index)} 条",
            f"the .shx of Shapefile {name} is not that of its .shp: entry {at} of {len(index)} points at no shape",
            code="damaged",
        )
    if _HEADER + int((_RECORD + lengths).sum()) < size:
        # Space that is not accounted for: shapes that were written anew elsewhere, or shapes that the index lacks.
        found = _walk(content)
        distinct = len(set(found))
        if distinct > len(index) and distinct == len(found):
            raise _differing(
                f"Shapefile {name} 的 .shp 有 {len(found)} 个图形，.shx 有 {len(index)} 条",
                f"Shapefile {name} has {len(found)} shapes in its .shp, {len(index)} entries in its .shx",
            )


def _walk(content: NDArray[np.uint8]) -> list[int]:
    """Go through a .shp from record to record, as long as there are some, and return their numbers."""
    numbers, at = [], _HEADER
    while at + _RECORD <= len(content):
        number, words = np.frombuffer(content[at : at + _RECORD].tobytes(), dtype=">i4").tolist()
        if words < 2 or at + _RECORD + 2 * words > len(content):
            break
        numbers.append(number)
        at += _RECORD + 2 * words
    return numbers
