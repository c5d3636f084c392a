"""Is this a clean coverage? Every defect, with a place."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely
from numpy.typing import NDArray

from gis.antimeridian import across_meridian
from gis.arrays import GeometryArrayLike
from gis.coverage import detectors
from gis.coverage.field import Field
from gis.coverage.narrow import SLIVER_WIDTH_M
from gis.coverage.ring_validity import read_rings
from gis.coverage.row_checks import (
    Rows,
    code_defects,
    duplicate_defects,
    file_rows,
    label_of,
    repeated_codes,
    row_defects,
)
from gis.coverage.snapping import Mend, SnappedCoverage, snap_coverage
from gis.crs import check_degrees
from gis.defects import Defect, has_errors, in_order, names
from gis.errors import CoverageError, GeometryError
from gis.geometry import geometry_array
from gis.text import Text

__all__ = ["check", "duplicate_defects", "refuse_unless_clean", "repeated_codes"]


@across_meridian("polygons", "withheld")
def check(
    codes: Sequence[str | None],
    polygons: GeometryArrayLike,
    *,
    rows: Rows | None = None,
    withheld: GeometryArrayLike | None = None,
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
        EPSG:4326. Rings that only touch themselves or one another are read as the same ground in valid form.
    rows : sequence of int, or of sequences of int, length n, optional
        The rows of the file that the polygons come from, counted from 1, for `Defect.rows` and messages.
    withheld : array_like of shapely geometries, optional
        Shapes that somebody has but that cannot be used, valid or not: the ground around them is not reported as
        a gap. Unusable rows of `polygons` are taken as such.
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
        retouched_ring      warning  rings that touch themselves, read as the same ground; once for all
        overlap             error    two interiors meet: width and area; the first 1,000 pairs
        gap                 error    enclosed by the polygons, if only by vertices in which they meet, and
                                     owned by none: width and area; or a narrow strip open to the outside
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
            code="length-mismatch",
        )
    corners = shapely.get_coordinates(flat)
    check_degrees(corners[:, 0], corners[:, 1])
    defects = code_defects(codes, flat, rows)
    numbered = file_rows(rows, len(flat))
    labels = [label_of(code, numbered[at], at) for at, code in enumerate(codes)]
    valid, read = read_rings(codes, flat, rows=rows)
    defects += read
    usable, unusable = row_defects(codes, valid, rows)
    defects += unusable
    left_out = np.setdiff1d(np.arange(len(flat)), usable)
    unknown = [*valid[left_out], *(geometry_array(withheld) if withheld is not None else ())]
    usable, copies = _split_copies(valid, usable)
    if len(usable) > 0:
        codes_of = tuple(labels[at] for at in usable)
        rows_of = tuple(numbered[at] for at in usable)
        # That a code is repeated is said already.
        doubled = [
            detectors.Double(first, labels[at], numbered[at])
            for first, at in copies
            if labels[at] != codes_of[first]
        ]
        crowd = detectors.crowd(codes_of, valid[usable], rows_of)
        if crowd:
            # No coverage by any reading: what else is wrong with it would take long to find and help nobody.
            return in_order([*defects, *crowd])
        snapped = snap_coverage(valid[usable])
        ground = Field(codes_of, snapped.polygons, rows_of)
        overlapping = detectors.overlaps(ground, doubled)
        defects += overlapping
        defects += detectors.mismatches(ground, overlapping)
        found = detectors.outside_of(detectors.find_gaps(ground), unknown)
        defects += detectors.gaps(ground, gap_width_m=gap_width_m, found=found)
        defects += detectors.inlets(ground, inlet_width_m=inlet_width_m, unknown=unknown)
        defects += detectors.slivers(ground, sliver_width_m=sliver_width_m)
        defects += detectors.detached(ground)
        if len(overlapping) < detectors.MOST_OVERLAPS:
            # Which borders an overlap explains is known only where all of them are.
            defects += _mended(ground, snapped, {defect.codes for defect in overlapping})
    return in_order(defects)


def refuse_unless_clean(codes: Sequence[str | None], polygons: GeometryArrayLike) -> None:
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
            f"网格边界有 {len(errors)} 处错误；第一处：{errors[0].detail.zh}",
            f"the boundaries have {len(errors)} errors; the first: {errors[0].detail.en}",
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


def _mended(ground: Field, snapped: SnappedCoverage, overlapping: set[tuple[str, ...]]) -> list[Defect]:
    """Tell, a pair at a time, where borders matched only after moving or adding vertices within a step."""
    pairs: dict[tuple[str, ...], list[Mend]] = {}
    for mend in snapped.mends:
        pair = tuple(sorted((ground.codes[mend.polygon], ground.codes[mend.neighbour])))
        pairs.setdefault(pair, []).append(mend)
    return [
        Defect(
            "mismatched-edge",
            "warning",
            pair,
            mends[0].place,
            detail=Text(
                f"网格 {names(pair)} 的公共边界有 {len(mends)} 处节点不一致（1 厘米以内），入库时自动补齐",
                f"the common border of {names(pair)} has {len(mends)} unmatched vertices within 1 cm; "
                "they are matched when stored",
            ),
            rows=ground.rows_at([at for mend in mends for at in (mend.polygon, mend.neighbour)]),
        )
        for pair, mends in pairs.items()
        if pair not in overlapping
    ]
