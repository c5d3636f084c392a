"""What somebody edited elsewhere, as operations: changed, new and missing grids are told by their code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from gis.arrays import GeometryArrayLike
from gis.coverage import (
    MOST_OVERLAPS,
    Defect,
    Rows,
    check,
    clean,
    is_excluded_code,
    retouch_rings,
    snap_coverage,
)
from gis.editing.model import Coverage, GridAttributes, GridKind
from gis.editing.operations import Operation, Relocate, Rename, Replace, ReplacedGrid, SetKind
from gis.editing.refusals import refuse
from gis.editing.sketch_input import MAX_VERTICES, unwrapped
from gis.errors import CoverageError, GeometryError
from gis.geometry import lattice_geometries

__all__ = ["operations_from_frame"]

_KINDS: dict[str, GridKind] = {"base": "base", "dedicated": "dedicated"}
_ROWS = ("missing-code", "malformed-code", "duplicate-code", "empty", "invalid")


def operations_from_frame(
    coverage: Coverage,
    codes: Sequence[str | None],
    polygons: GeometryArrayLike,
    attributes: Sequence[Mapping[str, object]] | None = None,
    *,
    rows: Rows | None = None,
    tolerance_m: float = 0.0,
    missing: Literal["remove", "keep"] = "remove",
) -> tuple[Operation, ...]:
    """Turn a file of grids into operations on a coverage.

    Parameters
    ----------
    coverage : Coverage
        The whole of it.
    codes : sequence of str or None, length n
    polygons : array_like of shapely polygons, shape (n,)
        EPSG:4326. Rings that touch themselves are read as the same ground in valid form.
    attributes : sequence of mapping, length n, optional
        Any of ``name``, ``community``, ``kind``; what is absent or None stays. A new grid needs a community.
    rows : sequence, length n, optional
        The rows of the file, as `gis.coverage.check` takes them.
    tolerance_m : float, default 0
        Gaps and overlaps up to this width are mended (`gis.coverage.clean`); 0 mends only what is within 1 cm.
    missing : {"remove", "keep"}, default "remove"
        What grids mean that are not in the file: removed, or not exported.

    Returns
    -------
    tuple of Operation
        A `Replace` for borders, then `Rename`, `Relocate` and `SetKind` for grids whose border stays; empty when
        the file says what the coverage says.

    Raises
    ------
    gis.errors.CoverageError
        With the defects that the file brings and the coverage did not have.
    OperationRefused
        ``too-many-vertices``, ``missing-field``.

    Examples
    --------
    >>> grid = GridAttributes("", "c")
    >>> west, east = shapely.box(120, 36, 120.01, 36.01), shapely.box(120.01, 36, 120.02, 36.01)
    >>> coverage = Coverage.build(["a", "b"], [west, east], [grid, grid])
    >>> operations_from_frame(coverage, ["b", "a"], [east, west], [{"name": "东"}, {}])
    (Rename(grid='b', name='东'),)
    """
    flat, _ = retouch_rings(polygons)
    words = list(attributes) if attributes is not None else [{}] * len(flat)
    if not len(codes) == len(flat) == len(words):
        raise GeometryError(
            f"编码 {len(codes)} 个、图形 {len(flat)} 个、属性 {len(words)} 个，数目不同",
            f"{len(codes)} codes, {len(flat)} polygons and {len(words)} attributes",
            code="length-mismatch",
        )
    _refuse_huge(codes, flat)
    named = set(codes)
    # A file of grids does not speak of land that was declared to be nobody's: it stays.
    declared = sorted(coverage.excluded_codes - named)
    others = [code for code in coverage.codes if code not in named] if missing == "keep" else declared
    all_codes = [*codes, *others]
    everything = np.array([*flat, *(coverage.polygon(code) for code in others)], dtype=object)
    numbered = None if rows is None else [*rows, *([()] * len(others))]
    shapes = _clean_shapes(coverage, all_codes, everything, tolerance_m, numbered)
    given = dict(zip([str(code) for code in codes], words, strict=True))
    return _operations(coverage, shapes, given)


def _refuse_huge(codes: Sequence[str | None], flat: NDArray[np.object_]) -> None:
    counts = shapely.get_num_coordinates(flat)
    if len(flat) and int(counts.max()) > MAX_VERTICES:
        at = int(np.argmax(counts))
        refuse(
            "too-many-vertices",
            f"网格 {codes[at]} 有 {counts[at]} 个节点，最多 {MAX_VERTICES} 个",
            f"{codes[at]} has {counts[at]} vertices; at most {MAX_VERTICES} are taken",
        )


def _clean_shapes(
    coverage: Coverage,
    codes: list[str | None],
    polygons: NDArray[np.object_],
    tolerance_m: float,
    numbered: Rows | None,
) -> dict[str, BaseGeometry]:
    defects = check(codes, polygons, rows=numbered)
    rows = [defect for defect in defects if defect.severity == "error" and defect.kind in _ROWS]
    if rows:
        _refuse(rows)
    names = [str(code) for code in codes]
    if tolerance_m > 0:
        crowd = [defect for defect in defects if defect.kind == "overlap"]
        if len(crowd) >= MOST_OVERLAPS:
            # Nothing that moving borders mends, and trying takes the square of their number.
            _refuse(crowd)
        mended = clean(names, polygons, max_width_m=tolerance_m).polygons
        _refuse_new(coverage, check(codes, mended, rows=numbered))
    else:
        _refuse_new(coverage, defects)
        mended = snap_coverage(polygons).polygons
    return dict(zip(names, map(unwrapped, mended), strict=True))


def _refuse_new(coverage: Coverage, defects: list[Defect]) -> None:
    """Refuse errors that the coverage did not have before."""
    errors = [defect for defect in defects if defect.severity == "error"]
    if errors:
        known = {(d.kind, d.codes, d.place) for d in check(coverage.codes, coverage.polygons)}
        _refuse([defect for defect in errors if (defect.kind, defect.codes, defect.place) not in known])


def _refuse(defects: list[Defect]) -> None:
    if defects:
        raise CoverageError(
            f"文件中的网格有 {len(defects)} 处错误；第一处：{defects[0].detail.zh}",
            f"the grids of the file have {len(defects)} errors; the first: {defects[0].detail.en}",
            defects=defects,
        )


def _operations(
    coverage: Coverage, shapes: Mapping[str, BaseGeometry], given: Mapping[str, Mapping[str, object]]
) -> tuple[Operation, ...]:
    kept = [code for code in coverage.codes if code in shapes]
    before = lattice_geometries([coverage.polygon(code) for code in kept])
    after = lattice_geometries([shapes[code] for code in kept])
    same = shapely.equals_exact(before, after, 0.0, normalize=True)
    still = {code for code, equal in zip(kept, same.tolist(), strict=True) if equal}
    replaced, words = [], []
    for code in sorted(shapes):
        name, community, kind = (_word(given.get(code, {}), key) for key in ("name", "community", "kind"))
        if code in still:
            words += _rewordings(coverage.attributes_of(code), code, name, community, kind)
            continue
        if code not in coverage and community is None:
            refuse(
                "missing-field",
                f"新网格 {code} 缺少 community（所属社区）",
                f"the new grid {code} lacks the field community",
            )
        replaced.append(ReplacedGrid(code, shapes[code], name, community, _kind(code, kind)))
    removed = tuple(code for code in coverage.codes if code not in shapes)
    first: list[Operation] = [Replace(tuple(replaced), removed)] if replaced or removed else []
    return (*first, *words)


def _word(row: Mapping[str, object], key: str) -> str | None:
    value = row.get(key)
    # A column of text read by pandas has NaN where there is nothing.
    if value is None or value != value or not str(value).strip():
        return None
    return str(value).strip()


def _kind(code: str, kind: str | None) -> GridKind | None:
    if kind == "excluded" and is_excluded_code(code):
        return None
    if kind is not None and kind not in _KINDS:
        refuse(
            "bad-value",
            f"网格 {code} 的 kind 应为 base 或 dedicated，实际为 {kind!r}",
            f"kind of {code}: expected base or dedicated, got {kind!r}",
        )
    return None if kind is None else _KINDS[kind]


def _rewordings(
    now: GridAttributes, code: str, name: str | None, community: str | None, kind: str | None
) -> list[Operation]:
    out: list[Operation] = []
    if name is not None and name != now.name:
        out.append(Rename(code, name))
    if community is not None and community != now.community:
        out.append(Relocate(code, community))
    wanted = _kind(code, kind)
    if wanted is not None and wanted != now.kind:
        out.append(SetKind(code, wanted))
    return out
