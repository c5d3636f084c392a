"""Polygons that are too thin to be grids, or fall apart."""

from __future__ import annotations

import numpy as np
import shapely

from gis.coverage.field import Field, place_in, widths_m
from gis.defects import Defect
from gis.geometry import polygon_parts
from gis.measures import straight_area_m2
from gis.text import Text

__all__ = ["detached", "slivers"]


def slivers(ground: Field, *, sliver_width_m: float) -> list[Defect]:
    """Find grids narrower than `sliver_width_m` everywhere (errors), and such parts of wider grids (warnings)."""
    parts, of = polygon_parts(ground.metres)
    thin = np.flatnonzero(2 * shapely.area(parts) < sliver_width_m * shapely.length(parts))
    width = widths_m(parts[thin])
    thin, width = thin[width < sliver_width_m], width[width < sliver_width_m]
    parts_of = np.bincount(of, minlength=len(ground.codes))
    thin_of = np.bincount(of[thin], minlength=len(ground.codes))
    degrees, _ = polygon_parts(ground.degrees)
    area = straight_area_m2(degrees[thin])
    found = []
    for at, w, a in zip(thin.tolist(), width.tolist(), area.tolist(), strict=True):
        code = ground.codes[of[at]]
        whole = bool(thin_of[of[at]] == parts_of[of[at]])
        found.append(
            Defect(
                "sliver",
                "error" if whole else "warning",
                (code,),
                place_in(degrees[at]),
                width_m=w,
                area_m2=a,
                detail=Text(
                    f"网格 {code} {'整体' if whole else '有一部分'}过窄，最宽仅 {w:.2f} 米",
                    f"{'the whole of' if whole else 'a part of'} {code} is a sliver, at most {w:.2f} m wide",
                ),
                rows=ground.rows_at([of[at]]),
            )
        )
    return found


def detached(ground: Field) -> list[Defect]:
    """Find polygons in several parts: normal for islands, so a warning at the largest part but one."""
    found = []
    for at in np.flatnonzero(shapely.get_num_geometries(ground.degrees) > 1):
        parts, _ = polygon_parts(ground.degrees[at])
        area = straight_area_m2(parts)
        second = int(np.argsort(-area, kind="stable")[1])
        rest = float(area.sum() - area.max())
        code = ground.codes[at]
        found.append(
            Defect(
                "detached",
                "warning",
                (code,),
                place_in(parts[second]),
                area_m2=rest,
                detail=Text(
                    f"网格 {code} 由 {len(parts)} 块不相连的部分组成，最大一块之外共 {rest:.0f} 平方米",
                    f"{code} is in {len(parts)} separate parts; {rest:.0f} m2 lie outside the largest",
                ),
                rows=ground.rows_at([int(at)]),
            )
        )
    return found
