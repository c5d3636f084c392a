"""Rows that cannot be examined: no code, a repeated one, no polygon, or none that is valid."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely
from numpy.typing import NDArray

from gis.arrays import Geometries, GeometryArrayLike
from gis.defects import Defect, Kind, names
from gis.errors import Place
from gis.geometry import geometry_array, representative_place, snap, trouble_of
from gis.text import Text

__all__ = [
    "Rows",
    "code_defects",
    "duplicate_defects",
    "file_rows",
    "label_of",
    "repeated_codes",
    "row_defects",
]

Rows = Sequence[int | Sequence[int]]
"""Rows of the file, counted from 1: one for each polygon, or several where parts were joined."""
_LONGEST_CODE = 64


def file_rows(rows: Rows | None, count: int) -> list[tuple[int, ...]]:
    """Give the rows of each polygon as tuples; empty ones where they are not known."""
    if rows is None:
        return [()] * count
    return [(int(row),) if isinstance(row, int | np.integer) else tuple(map(int, row)) for row in rows]


def label_of(code: str | None, rows: tuple[int, ...], at: int) -> str:
    """Name a polygon: by its code, or by its row where it has none."""
    return code if code is not None and code.strip() else f"#{row_number(rows, at)}"


def row_number(rows: tuple[int, ...], at: int) -> int:
    """Number the row of the polygon at a position, as the user counts."""
    return rows[0] if rows else at + 1


def repeated_codes(codes: Sequence[str | None]) -> dict[str, list[int]]:
    """Find the codes that several rows have, with the numbers of these rows.

    Examples
    --------
    >>> repeated_codes(["a", "b", "a", None, None])
    {'a': [1, 3]}
    """
    rows: dict[str, list[int]] = {}
    for at, code in enumerate(codes):
        if code is not None and code.strip():
            rows.setdefault(code, []).append(at + 1)
    return {code: numbers for code, numbers in rows.items() if len(numbers) > 1}


def duplicate_defects(
    codes: Sequence[str | None], polygons: GeometryArrayLike, rows: Rows | None = None
) -> list[Defect]:
    """Report each code that several rows have once, at its second row."""
    numbered = file_rows(rows, len(codes))
    found = []
    for code, positions in repeated_codes(codes).items():
        numbers = [row_number(numbered[at - 1], at - 1) for at in positions]
        listed = names([str(number) for number in numbers])
        found.append(
            Defect(
                "duplicate-code",
                "error",
                (code,),
                representative_place(polygons[positions[1] - 1]),
                detail=Text(
                    f"编码 {code} 重复出现 {len(numbers)} 次（第 {listed} 行）",
                    f"code {code} occurs {len(numbers)} times (rows {listed})",
                ),
                rows=tuple(numbers) if rows is not None else (),
            )
        )
    return found


def code_defects(codes: Sequence[str | None], flat: Geometries, rows: Rows | None = None) -> list[Defect]:
    """Report missing, malformed and repeated codes."""
    numbered = file_rows(rows, len(codes))
    defects = duplicate_defects(codes, flat, rows)
    for at, code in enumerate(codes):
        number = row_number(numbered[at], at)
        if code is None or not code.strip():
            defects.append(
                Defect(
                    "missing-code",
                    "error",
                    (f"#{number}",),
                    representative_place(flat[at]),
                    detail=Text(f"第 {number} 行没有编码", f"row {number} has no code"),
                    rows=numbered[at],
                )
            )
        elif code != code.strip() or not code.isprintable() or len(code) > _LONGEST_CODE:
            defects.append(
                Defect(
                    "malformed-code",
                    "error",
                    (code,),
                    representative_place(flat[at]),
                    detail=Text(
                        f"第 {number} 行的编码 {code!r} 含首尾空白、控制字符或超过 {_LONGEST_CODE} 个字符",
                        f"row {number}: code {code!r} has outer blanks, control characters "
                        f"or more than {_LONGEST_CODE} characters",
                    ),
                    rows=numbered[at],
                )
            )
    return defects


def row_defects(
    codes: Sequence[str | None], flat: Geometries, rows: Rows | None = None
) -> tuple[NDArray[np.int64], list[Defect]]:
    """Report rows without a usable polygon, and give the positions of the others."""
    numbered = file_rows(rows, len(codes))
    defects = []
    usable = np.zeros(len(flat), dtype=bool)
    valid = shapely.is_valid(flat)

    def report(at: int, kind: Kind, place: Place, zh: str, en: str) -> None:
        label, number = label_of(codes[at], numbered[at], at), row_number(numbered[at], at)
        defects.append(
            Defect(
                kind,
                "error",
                (label,),
                place,
                detail=Text(f"第 {number} 行（{label}）：{zh}", f"row {number} ({label}): {en}"),
                rows=numbered[at],
            )
        )

    for at, shape in enumerate(flat):
        if shape is None or shapely.is_empty(shape):
            report(at, "empty", (0.0, 0.0), "没有图形", "no geometry")
        elif shape.geom_type not in ("Polygon", "MultiPolygon"):
            zh, en = f"应为面，实际为 {shape.geom_type}", f"expected a polygon, got a {shape.geom_type}"
            report(at, "invalid", representative_place(shape), zh, en)
        elif not valid[at]:
            trouble = trouble_of(shape)
            zh = f"{trouble.reason.zh}；可在源文件中改正，或用 --make-valid 读入"
            report(
                at,
                "invalid",
                trouble.place,
                zh,
                f"{trouble.reason.en}; correct it, or read it with --make-valid",
            )
        else:
            usable[at] = True
    numbers = np.flatnonzero(usable)
    gone = shapely.is_missing(snap(flat[numbers], on_collapse="none"))
    for at in numbers[gone].tolist():
        place = representative_place(flat[at])
        report(at, "empty", place, "小于坐标精度 1e-7 度", "smaller than a lattice step")
    return numbers[~gone], defects


def unusable_rows(
    codes: Sequence[str | None], polygons: GeometryArrayLike, *, rows: Rows | None = None
) -> tuple[NDArray[np.int64], list[Defect]]:
    """Report rows that cannot be joined by their code, and give the positions of those that can.

    Parameters
    ----------
    codes : sequence of str or None, length n
    polygons : array_like of shapely geometries, shape (n,)
        EPSG:4326.
    rows : sequence, length n, optional
        As `gis.coverage.check` takes them.

    Returns
    -------
    usable : ndarray of int64
    defects : list of Defect
        ``missing-code``, ``empty`` and ``invalid``.

    Examples
    --------
    >>> usable, (defect,) = unusable_rows(["a", "a"], [shapely.box(0, 0, 1, 1), None], rows=[4, 9])
    >>> usable.tolist(), defect.kind, defect.codes, defect.rows
    ([0], 'empty', ('a',), (9,))
    """
    flat = geometry_array(polygons)
    usable, defects = row_defects(codes, flat, rows)
    without = [defect for defect in code_defects(codes, flat, rows) if defect.kind == "missing-code"]
    named = np.array([code is not None and bool(code.strip()) for code in codes], dtype=bool)
    return usable[named[usable]], [*without, *defects]
