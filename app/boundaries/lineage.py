"""Where the land of changed grids went: which new grid holds how much of which old one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import shapely

from gis.measures import geodesic_area_m2

# Less than this is the rounding of a vertex to the lattice, not land that changed hands.
_NOTHING_M2 = 1.0


def lineage_rows(old: pd.DataFrame, new: pd.DataFrame, *, edition: int) -> list[dict[str, Any]]:
    """Rows of the lineage table for the grids that differ between two coverages, ordered by codes.

    ``old`` and ``new`` have ``code``, ``name``, ``path`` and ``geometry``. Grids equal in both leave no row.
    """
    if not len(old):
        return []
    old_wkb = dict(zip(old["code"], shapely.to_wkb(old["geometry"].to_numpy()), strict=True))
    new_wkb = dict(zip(new["code"], shapely.to_wkb(new["geometry"].to_numpy()), strict=True))
    # Of no rows at all a plain list would be taken for a choice of no columns.
    before = old[np.array([old_wkb[c] != new_wkb.get(c) for c in old["code"]], dtype=bool)]
    after = new[np.array([new_wkb[c] != old_wkb.get(c) for c in new["code"]], dtype=bool)]
    rows = _same_land(old, new, edition)
    if not len(before):
        return rows + [_row(edition, None, code, "added", area) for code, area in _areas(after)]
    b, a = before["geometry"].to_numpy(), after["geometry"].to_numpy()
    pairs = (
        shapely.STRtree(a).query(b, predicate="intersects") if len(a) else np.empty((2, 0), dtype=np.int64)
    )
    areas = geodesic_area_m2(shapely.intersection(b[pairs[0]], a[pairs[1]])) if pairs.size else np.empty(0)
    kept = areas > _NOTHING_M2
    pairs, areas = pairs[:, kept], areas[kept]
    whole = geodesic_area_m2(b)
    fan_out = np.bincount(pairs[0], minlength=len(b))
    fan_in = np.bincount(pairs[1], minlength=len(a))
    for i, j, area in zip(pairs[0], pairs[1], areas, strict=True):
        from_code, to_code = before["code"].iloc[i], after["code"].iloc[j]
        if fan_out[i] == 1 and fan_in[j] == 1:
            kind = "moved_border" if from_code == to_code else "recoded"
        elif from_code == to_code:
            kind = "moved_border"
        elif fan_out[i] > 1 and fan_in[j] == 1:
            kind = "split"
        elif fan_out[i] == 1 and fan_in[j] > 1:
            kind = "merged"
        else:
            kind = "moved_border"
        rows.append(_row(edition, from_code, to_code, kind, float(area), min(1.0, float(area / whole[i]))))
    rows += [_row(edition, None, code, "added", area) for code, area in _areas(after[fan_in == 0])]
    rows += [_row(edition, code, None, "removed", area, 1.0) for code, area in _areas(before[fan_out == 0])]
    return sorted(rows, key=lambda r: (r["from_code"] or "", r["to_code"] or ""))


def _areas(frame: pd.DataFrame) -> list[tuple[str, float]]:
    return [
        (str(code), float(area))
        for code, area in zip(frame["code"], geodesic_area_m2(frame["geometry"].to_numpy()), strict=True)
    ]


def _same_land(old: pd.DataFrame, new: pd.DataFrame, edition: int) -> list[dict[str, Any]]:
    """Grids that kept code and boundary, and were moved to another community or renamed."""
    fields = ["code", "name", "path", "geometry"]
    both = old[fields].merge(new[fields], on="code", suffixes=("_o", "_n"))
    if not len(both):
        return []
    same = shapely.to_wkb(both["geometry_o"].to_numpy()) == shapely.to_wkb(both["geometry_n"].to_numpy())
    moved = (both["path_o"] != both["path_n"]).to_numpy()
    kinds = np.where(moved, "relocated", np.where(both["name_o"] != both["name_n"], "renamed", ""))
    told = same & (kinds != "")
    both, kinds = both[told], kinds[told]
    areas = geodesic_area_m2(both["geometry_n"].to_numpy())
    return [
        _row(edition, str(code), str(code), str(kind), float(area), 1.0)
        for code, kind, area in zip(both["code"], kinds, areas, strict=True)
    ]


def _row(
    edition: int,
    from_code: str | None,
    to_code: str | None,
    kind: str,
    area: float,
    share: float | None = None,
) -> dict[str, Any]:
    return {
        "edition": edition,
        "from_code": from_code,
        "to_code": to_code,
        "kind": kind,
        "area_m2": area,
        "share_of_from": share,
    }
