"""A coverage checked with the land known that belongs to no grid on purpose."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from gis.antimeridian import across_meridian
from gis.arrays import Geometries, GeometryArrayLike
from gis.coverage.checks import check
from gis.coverage.excluded import EXCLUDED_PREFIX, ExcludedLand, enclosed_faces, is_excluded_code, open_gaps
from gis.coverage.row_checks import Rows
from gis.defects import Defect, in_order
from gis.geometry import geometry_array, representative_place
from gis.text import Text

__all__ = ["check_with_excluded"]


@across_meridian("polygons", "land", "withheld")
def check_with_excluded(
    codes: Sequence[str | None],
    polygons: GeometryArrayLike,
    land: ExcludedLand,
    *,
    rows: Rows | None = None,
    withheld: GeometryArrayLike | None = None,
) -> list[Defect]:
    """Examine a coverage of which some land is declared to be nobody's.

    Parameters
    ----------
    codes, polygons, rows, withheld
        As for `gis.coverage.check`.
    land : ExcludedLand
        On the lattice, as `fit_declared` gives it.

    Returns
    -------
    list of Defect
        As `gis.coverage.check` finds them with the declared land counted among the polygons: a gap that it fills is
        none. A piece may be as narrow as it likes and lie in several parts.

    Examples
    --------
    >>> ring = shapely.box(120, 36, 120.03, 36.03).difference(shapely.box(120.01, 36.01, 120.02, 36.02))
    >>> [defect.kind for defect in check_with_excluded(["a"], [ring], ExcludedLand())]
    ['gap']
    >>> from gis.coverage import accept_gaps
    >>> check_with_excluded(["a"], [ring], accept_gaps([ring], "barracks"))
    []
    """
    flat = geometry_array(polygons)
    reserved = [
        _reserved(code, shape) for code, shape in zip(codes, flat, strict=True) if is_excluded_code(code)
    ]
    if not len(land):
        return in_order([*check(codes, flat, rows=rows, withheld=withheld), *reserved])
    numbered = None if rows is None else [*rows, *([()] * len(land))]
    members = np.concatenate([flat, land.polygons])
    found = check([*codes, *land.codes], members, rows=numbered, withheld=withheld)
    words = {code: land.described(at) for at, code in enumerate(land.codes)}
    found = _without_open_water(found, set(land.codes), flat)
    told = [_named(defect, words) for defect in found]
    return in_order([*(defect for defect in told if defect is not None), *reserved])


def _without_open_water(found: list[Defect], land: set[str], polygons: Geometries) -> list[Defect]:
    """Leave out gaps that only declared land closes: the mouth of a creek, where the harbour was declared.

    What is open to the outside without the declaration belongs to nobody anyway.
    """
    doubtful = {id(defect) for defect in found if defect.kind == "gap" and land & set(defect.codes)}
    if not doubtful:
        return found
    usable = shapely.is_valid(polygons) & ~shapely.is_empty(polygons)
    faces = np.concatenate([enclosed_faces(polygons[usable]), open_gaps(polygons[usable])])
    return [
        defect
        for defect in found
        if id(defect) not in doubtful or shapely.intersects(faces, shapely.Point(defect.place)).any()
    ]


def _reserved(code: str | None, shape: BaseGeometry) -> Defect:
    return Defect(
        "malformed-code",
        "error",
        (str(code),),
        representative_place(shape),
        detail=Text(
            f"编码 {code}：{EXCLUDED_PREFIX} 开头的编码留给不划入网格的区域",
            f"code {code}: codes that begin with {EXCLUDED_PREFIX} are those of excluded land",
        ),
    )


def _named(defect: Defect, words: dict[str, Text]) -> Defect | None:
    """Speak of declared land by its reason; leave out what is no fault of it."""
    concerned = [code for code in defect.codes if code in words]
    if not concerned:
        return defect
    if defect.kind in ("sliver", "detached") or (defect.kind, defect.severity) == (
        "mismatched-edge",
        "warning",
    ):
        return None
    zh, en = defect.detail.zh, defect.detail.en
    for code in sorted(concerned, key=len, reverse=True):
        # A number must not be found in a longer one.
        zh = re.sub(rf"{re.escape(code)}(?!\d)", lambda _, code=code: words[code].zh, zh)  # type: ignore[misc]
        en = re.sub(rf"{re.escape(code)}(?!\d)", lambda _, code=code: words[code].en, en)  # type: ignore[misc]
    return replace(defect, detail=Text(zh, en))
