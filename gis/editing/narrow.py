"""No operation leaves a grid that is too narrow to be one, whatever it was drawn with."""

from __future__ import annotations

import numpy as np
import shapely

from gis.coverage.narrow import SLIVER_WIDTH_M, widest_m
from gis.defects import names
from gis.editing.model import Coverage, Edit
from gis.editing.refusals import refuse

__all__ = ["refuse_slivers"]

_SAME = 0.97
"""Widths are measured to 1 %: what differs by less is as wide as it was."""


def refuse_slivers(before: Coverage, edit: Edit) -> None:
    """Refuse an edit that makes a grid narrower than `SLIVER_WIDTH_M` everywhere.

    A grid that was that narrow before may stay, and be widened, but gets no narrower.
    """
    after = edit.coverage
    shapes = {shapely.to_wkb(shape) for shape in before.polygons} if edit.created else set()
    codes, was = [], []
    for code in (*edit.created, *edit.changed):
        if code in after.excluded_codes:
            continue  # A canal may be declared to be nobody's.
        old = before.polygon(code) if code in before else None
        if old is after.polygon(code) or (old is None and shapely.to_wkb(after.polygon(code)) in shapes):
            continue  # Called otherwise: the land is as it was.
        codes.append(code)
        was.append(old)
    if not codes:
        return
    width = widest_m([after.polygon(code) for code in codes])
    found = []
    for code, old, wide in zip(codes, was, width.tolist(), strict=True):
        if np.isfinite(wide) and (old is None or wide < _SAME * float(widest_m([old])[0])):
            found.append((code, wide))
    if found:
        thinnest = min(wide for _, wide in found)
        named = names([code for code, _ in found])
        refuse(
            "too-narrow",
            f"网格 {named} 会过窄，最宽处不到 {SLIVER_WIDTH_M:g} 米（最窄的只有 {thinnest:.2f} 米）；请画得宽一些，或改用合并",
            f"{named} would be narrower than {SLIVER_WIDTH_M:g} m everywhere (down to {thinnest:.2f} m); "
            "draw it wider, or merge it",
            places=[_inner(after.polygon(code)) for code, _ in found],
        )


def _inner(shape: shapely.Geometry) -> tuple[float, float]:
    point = shapely.point_on_surface(shape)
    return (float(point.x), float(point.y))
