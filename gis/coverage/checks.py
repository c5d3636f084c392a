"""Is this a clean coverage? Every defect, with a place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from gis.coverage import faults
from gis.coverage.defects import Defect, has_errors, in_order, names
from gis.coverage.narrow import SLIVER_WIDTH_M
from gis.coverage.snapping import Mend, SnappedCoverage, snap_coverage
from gis.crs import check_degrees
from gis.errors import CoverageError, GeometryError
from gis.geometry import geometry_array, representative_place, snap, trouble_of

__all__ = ["check", "duplicate_defects", "refuse_unless_clean", "repeated_codes"]

_LONGEST_CODE = 64


def check(
    codes: Sequence[str | None],
    polygons: Any,
    *,
    gap_width_m: float | None = None,
    inlet_width_m: float = 10.0,
    sliver_width_m: float = SLIVER_WIDTH_M,
) -> list[Defect]:
    """Examine a coverage as it would be stored: rounded to the lattice.

    Parameters
    ----------
    codes : sequence of str or None, length n
        The unit codes.
    polygons : array_like of shapely geometries, shape (n,)
        EPSG:4326.
    gap_width_m : float, optional
        Holes wider than this are warnings (an enclave that belongs to somebody else). By default every hole
        that the polygons enclose is an error.
    inlet_width_m : float, default 10
        A strip between two polygons, open to the outside, is a gap up to this width.
    sliver_width_m : float, default 1
        A polygon that is narrower everywhere is a sliver.

    Returns
    -------
    list of Defect
        Errors first, then in a fixed order; empty for a clean coverage. Rows that are invalid or empty are
        reported and left out of the examination of the rest.

        =================== ======== ==========================================================================
        kind                severity what
        =================== ======== ==========================================================================
        missing_code        error    a row without a code
        malformed_code      error    control characters, outer blanks, or longer than 64 characters
        duplicate_code      error    a code that several rows have
        empty               error    no geometry, or one smaller than a lattice step
        invalid             error    not a valid polygon
        overlap             error    two interiors meet: width and area; the first 1,000 pairs
        gap                 error    enclosed by the polygons and owned by none: width and area
        mismatched_edge     error    a border whose vertices differ by more than the lattice step
        mismatched_edge     warning  the same within one step: mended when stored
        sliver              error    a polygon thinner than `sliver_width_m`; a warning for a part of one
        detached            warning  a polygon in several parts (islands are normal)
        =================== ======== ==========================================================================

    Raises
    ------
    gis.errors.SwappedCoordinates
        Latitude before longitude.
    gis.errors.GeometryError
        Coordinates outside longitude and latitude.

    Examples
    --------
    >>> west, east = shapely.box(120.0, 36.0, 120.01, 36.01), shapely.box(120.01, 36.0, 120.02, 36.01)
    >>> check(["a", "b"], [west, east])
    []
    >>> moved = shapely.box(120.0099, 36.0, 120.02, 36.01)
    >>> [(d.kind, d.codes, round(d.width_m, 1)) for d in check(["a", "b"], [west, moved])]
    [('overlap', ('a', 'b'), 9.0)]
    """
    flat = geometry_array(polygons)
    if len(flat) != len(codes):
        raise GeometryError(
            f"图形数 {len(flat)} 与编码数 {len(codes)} 不同",
            f"{len(flat)} polygons but {len(codes)} codes",
            code="length_mismatch",
        )
    corners = shapely.get_coordinates(flat)
    check_degrees(corners[:, 0], corners[:, 1])
    labels = [_label(code, at) for at, code in enumerate(codes)]
    defects = _code_defects(codes, flat)
    usable, row_defects = _row_defects(labels, flat)
    defects += row_defects
    usable, copies = _split_copies(flat, usable)
    if len(usable) > 0:
        codes_of = tuple(labels[at] for at in usable)
        # That a code is repeated is said already.
        doubled = [(first, labels[at]) for first, at in copies if labels[at] != codes_of[first]]
        crowd = faults.crowd(codes_of, flat[usable])
        if crowd:
            # No coverage by any reading: what else is wrong with it would take long to find and help nobody.
            return in_order([*defects, *crowd])
        snapped = snap_coverage(flat[usable])
        ground = faults.Field(codes_of, snapped.polygons)
        overlapping = faults.overlaps(ground, doubled)
        defects += overlapping
        defects += faults.mismatches(ground, overlapping)
        defects += faults.gaps(ground, gap_width_m=gap_width_m)
        defects += faults.inlets(ground, inlet_width_m=inlet_width_m)
        defects += faults.slivers(ground, sliver_width_m=sliver_width_m)
        defects += faults.detached(ground)
        if len(overlapping) < faults.MOST_OVERLAPS:
            # Which borders an overlap explains is known only where all of them are.
            defects += _mended(ground.codes, snapped, {defect.codes for defect in overlapping})
    return in_order(defects)


def refuse_unless_clean(codes: Sequence[str | None], polygons: Any) -> None:
    """Raise when `check` finds an error.

    Raises
    ------
    gis.errors.CoverageError
        With all defects, warnings included.

    Examples
    --------
    >>> refuse_unless_clean(["a", "a"], [shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1)])  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    gis.errors.CoverageError: 网格边界有 1 处错误...
    """
    defects = check(codes, polygons)
    if has_errors(defects):
        errors = [defect for defect in defects if defect.severity == "error"]
        raise CoverageError(
            f"网格边界有 {len(errors)} 处错误；第一处：{errors[0].detail_zh}",
            f"the boundaries have {len(errors)} errors; the first: {errors[0].detail_en}",
            defects=defects,
        )


def _split_copies(
    flat: NDArray[np.object_], usable: NDArray[np.int64]
) -> tuple[NDArray[np.int64], list[tuple[int, int]]]:
    """Part the rows whose shape an earlier row has from the others.

    Comparing n copies pair by pair takes n squared steps, and says nothing that is not known already.

    Returns
    -------
    kept : ndarray
        Row numbers.
    copies : list of (int, int)
        Position in `kept` of the first row with a shape, and the row that has the same.
    """
    first: dict[bytes, int] = {}
    kept: list[int] = []
    copies: list[tuple[int, int]] = []
    for at, wkb in zip(usable.tolist(), shapely.to_wkb(shapely.normalize(flat[usable])), strict=True):
        position = first.setdefault(wkb, len(kept))
        if position == len(kept):
            kept.append(at)
        else:
            copies.append((position, at))
    return np.array(kept, dtype=np.int64), copies


def _label(code: str | None, at: int) -> str:
    return code if code is not None and code.strip() else f"#{at + 1}"


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


def duplicate_defects(codes: Sequence[str | None], polygons: Any) -> list[Defect]:
    """Report each code that several rows have once, at its second row."""
    return [
        Defect(
            "duplicate_code",
            "error",
            (code,),
            representative_place(polygons[rows[1] - 1]),
            detail_zh=f"编码 {code} 重复出现 {len(rows)} 次（第 {names([str(row) for row in rows])} 行）",
            detail_en=f"code {code} occurs {len(rows)} times (rows {names([str(row) for row in rows])})",
        )
        for code, rows in repeated_codes(codes).items()
    ]


def _code_defects(codes: Sequence[str | None], flat: NDArray[np.object_]) -> list[Defect]:
    defects = duplicate_defects(codes, flat)
    for at, code in enumerate(codes):
        if code is None or not code.strip():
            place = representative_place(flat[at])
            defects.append(
                Defect(
                    "missing_code",
                    "error",
                    (f"#{at + 1}",),
                    place,
                    detail_zh=f"第 {at + 1} 行没有编码",
                    detail_en=f"row {at + 1} has no code",
                )
            )
            continue
        if code != code.strip() or not code.isprintable() or len(code) > _LONGEST_CODE:
            defects.append(
                Defect(
                    "malformed_code",
                    "error",
                    (code,),
                    representative_place(flat[at]),
                    detail_zh=f"第 {at + 1} 行的编码 {code!r} 含首尾空白、控制字符或超过 {_LONGEST_CODE} 个字符",
                    detail_en=f"row {at + 1}: code {code!r} has outer blanks, control characters "
                    f"or more than {_LONGEST_CODE} characters",
                )
            )
    return defects


def _row_defects(labels: list[str], flat: NDArray[np.object_]) -> tuple[NDArray[np.int64], list[Defect]]:
    """Report rows without a usable polygon, and give the numbers of the others."""
    defects = []
    usable = np.zeros(len(flat), dtype=bool)
    valid = shapely.is_valid(flat)
    for at, shape in enumerate(flat):
        if shape is None or shapely.is_empty(shape):
            defects.append(_empty(labels[at], at, "没有图形", "no geometry", (0.0, 0.0)))
        elif shape.geom_type not in ("Polygon", "MultiPolygon"):
            defects.append(
                Defect(
                    "invalid",
                    "error",
                    (labels[at],),
                    representative_place(shape),
                    detail_zh=f"{labels[at]}：应为面，实际为 {shape.geom_type}",
                    detail_en=f"{labels[at]}: expected a polygon, got a {shape.geom_type}",
                )
            )
        elif not valid[at]:
            trouble = trouble_of(shape)
            defects.append(
                Defect(
                    "invalid",
                    "error",
                    (labels[at],),
                    trouble.place,
                    detail_zh=f"{labels[at]}：{trouble.zh}",
                    detail_en=f"{labels[at]}: {trouble.en}",
                )
            )
        else:
            usable[at] = True
    numbers = np.flatnonzero(usable)
    gone = shapely.is_missing(snap(flat[numbers], on_collapse="none"))
    for at in numbers[gone]:
        place = representative_place(flat[at])
        defects.append(_empty(labels[at], at, "小于坐标精度 1e-7 度", "smaller than a lattice step", place))
    return numbers[~gone], defects


def _empty(label: str, at: int, zh: str, en: str, place: tuple[float, float]) -> Defect:
    return Defect(
        "empty",
        "error",
        (label,),
        place,
        detail_zh=f"第 {at + 1} 行（{label}）：{zh}",
        detail_en=f"row {at + 1} ({label}): {en}",
    )


def _mended(
    codes: tuple[str, ...], snapped: SnappedCoverage, overlapping: set[tuple[str, ...]]
) -> list[Defect]:
    """Tell, a pair at a time, where borders matched only after moving or adding vertices within a step."""
    pairs: dict[tuple[str, ...], list[Mend]] = {}
    for mend in snapped.mends:
        pair = tuple(sorted((codes[mend.polygon], codes[mend.neighbour])))
        pairs.setdefault(pair, []).append(mend)
    return [
        Defect(
            "mismatched_edge",
            "warning",
            pair,
            mends[0].place,
            detail_zh=f"网格 {names(pair)} 的公共边界有 {len(mends)} 处节点不一致（1 厘米以内），入库时自动补齐",
            detail_en=f"the common border of {names(pair)} has {len(mends)} unmatched vertices within 1 cm; "
            "they are matched when stored",
        )
        for pair, mends in pairs.items()
        if pair not in overlapping
    ]
