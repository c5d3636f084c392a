"""Communities, streets and districts: dissolved again from what lies in them, only as far as outlines change."""

from __future__ import annotations

from typing import Any

import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

from app.boundaries.grid_changes import UNIT_COLUMNS, EditionChanges
from app.errors import Conflict
from gis.coverage import dissolve
from gis.measures import geodesic_area_m2

_WORDS = ("code", "name", "parent_code", "code_scheme", "synthetic")


def upper_units(
    upper: pd.DataFrame, grids: pd.DataFrame, changes: EditionChanges, was: pd.DataFrame
) -> tuple[list[int], pd.DataFrame]:
    """Upper units to close, and their new versions.

    Parameters
    ----------
    upper : DataFrame
        Those of the edition before.
    grids : DataFrame
        All grids of the edition to come.
    changes : EditionChanges
    was : DataFrame
        The grids of the edition before that end or change.

    Raises
    ------
    Conflict
        ``empty-district``.
    """
    before: dict[str, Any] = {str(unit.path): unit for unit in upper.itertuples(index=False)}
    # Of a grid that is only called otherwise nothing above it changes.
    lies = [
        set(zip(each["path"], shapely.to_wkb(each["geometry"].to_numpy()), strict=True))
        for each in (changes.put, was)
    ]
    pending = {path.rpartition(".")[0] for path, _ in lies[0] ^ lies[1]}
    stated: dict[str, Any] = {str(unit.path): unit for unit in changes.upper.itertuples(index=False)}
    pending |= {
        path for path, unit in stated.items() if path not in before or _words(unit) != _words(before[path])
    }
    # A district of a few streets is joined in a tenth of the time that its thousand grids take, to the same outline.
    within: dict[str, dict[str, BaseGeometry]] = {}
    for path, shape in [
        *((p, u.geometry) for p, u in before.items()),
        *zip(grids["path"], grids["geometry"], strict=True),
    ]:
        within.setdefault(path.rpartition(".")[0], {})[path] = shape
    closing: list[int] = []
    rows: list[dict[str, object]] = []
    while pending:
        path = max(pending, key=lambda each: (each.count("."), each))
        pending.discard(path)
        parent = path.rpartition(".")[0]
        old = before.get(path)
        unit: Any = stated.get(path, old)
        members = list(within.get(path, {}).values())
        if not members:
            if not parent and unit.code not in changes.ending:
                raise Conflict(
                    f"{unit.code} 将没有任何网格", f"{unit.code} would have no grid", code="empty-district"
                )
            closing += [int(old.id)] if old is not None else []
            within.get(parent, {}).pop(path, None)
            pending |= {parent} if parent else set()
            continue
        shape = dissolve(members, [path] * len(members))[1][0]
        if shape.geom_type == "Polygon":
            shape = shapely.multipolygons([shape])
        shape = shapely.normalize(shape)
        moved = old is None or shapely.to_wkb(shape) != shapely.to_wkb(old.geometry)
        if not moved and _words(unit) == _words(old):
            continue
        if old is not None:
            closing.append(int(old.id))
        rows.append({**unit._asdict(), "id": 0, "geometry": shape})
        within.setdefault(parent, {})[path] = shape
        if parent and moved:
            pending.add(parent)
    adding = pd.DataFrame(rows, columns=UNIT_COLUMNS)
    if rows:
        adding["area_m2"] = geodesic_area_m2(adding["geometry"].to_numpy())
    return closing, adding


def _words(unit: Any) -> tuple[object, ...]:
    """What an upper unit says besides its place and outline."""
    return tuple(None if pd.isna(value) else value for value in (getattr(unit, name) for name in _WORDS))
