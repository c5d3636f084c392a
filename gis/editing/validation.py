"""Defects around what changed, without examining the whole district."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from gis.coverage import Defect, ExcludedLand, check_with_excluded
from gis.editing.model import Coverage

__all__ = ["check_changes"]

_AROUND = 10_000.0
"""Steps (some 100 m): further than any strip that counts as a gap is wide."""


def check_changes(coverage: Coverage, touched_codes: Collection[str]) -> list[Defect]:
    """Find the defects that concern some grids.

    Parameters
    ----------
    coverage : Coverage
    touched_codes : collection of str
        What was created or changed; codes that are not in the coverage are passed over.

    Returns
    -------
    list of Defect
        As `gis.coverage.check` finds them among these grids and those around, if they name a touched grid.

    Examples
    --------
    >>> import shapely
    >>> from gis.editing.model import GridAttributes
    >>> grid = GridAttributes("", "c")
    >>> thin = shapely.box(120.01, 36, 120.010005, 36.01)
    >>> coverage = Coverage.build(["a", "b"], [shapely.box(120, 36, 120.01, 36.01), thin], [grid, grid])
    >>> [(defect.kind, defect.codes) for defect in check_changes(coverage, ["b"])]
    [('sliver', ('b',))]
    """
    touched = {code for code in touched_codes if code in coverage}
    if not touched:
        return []
    mine = coverage.bounds[[coverage.position(code) for code in sorted(touched)]]
    near = {at for box in mine for at in coverage.near(box, margin=_AROUND).tolist()}
    at = np.array(sorted(near), dtype=np.int64)
    land = [i for i in at.tolist() if coverage.attributes[i].excluded]
    grids = [i for i in at.tolist() if not coverage.attributes[i].excluded]
    found = check_with_excluded(
        [coverage.codes[i] for i in grids],
        coverage.polygons[grids],
        ExcludedLand(
            coverage.polygons[land],
            tuple(coverage.attributes[i].name for i in land),
            tuple(coverage.codes[i] for i in land),
        ),
    )
    return [defect for defect in found if touched & set(defect.codes)]
