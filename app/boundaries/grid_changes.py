"""What an edition is to change: grids put and retired, land that is nobody's, and how upper units are called."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import shapely

from app.boundaries import excluded_land, excluded_repository
from app.db.ltree import label
from app.errors import Conflict
from gis.measures import geodesic_area_m2

UNIT_COLUMNS = [
    "id",
    "level",
    "code",
    "name",
    "kind",
    "code_scheme",
    "parent_code",
    "district_code",
    "path",
    "area_m2",
    "synthetic",
    "geometry",
]
"""Those of `repository.units_in`."""


@dataclass(frozen=True)
class GridChanges:
    """Grids as they are to be: ``put`` has code, name, kind, parent_code and geometry; ``retired`` are codes."""

    put: pd.DataFrame
    retired: tuple[str, ...] = ()
    # Land that is nobody's: code, reason, district_code and geometry; and codes of what no longer is.
    excluded: pd.DataFrame = field(default_factory=excluded_land.no_rows)
    included: tuple[str, ...] = ()


def no_units() -> pd.DataFrame:
    """No units, in the columns of `repository.units_in`."""
    return pd.DataFrame(columns=UNIT_COLUMNS)


@dataclass(frozen=True)
class EditionChanges:
    """The same, as rows: what every road of publication comes to.

    Parameters
    ----------
    put : DataFrame
        Grids in the columns of `repository.units_in` with their canonical geometry; those that say what is published
        already are passed over.
    retired : frozenset of str
        Codes of grids that end.
    land : DataFrame
        All land that is nobody's afterwards, in the columns of `excluded_repository.excluded_in`.
    land_changes : ExcludedChanges
    upper : DataFrame
        Upper units that are stated: which there are above the grids put, and how they are called. Their geometry is
        of no account: outlines are dissolved from grids.
    ending : frozenset of str
        Codes of districts that may be left without any grid.
    """

    put: pd.DataFrame
    retired: frozenset[str]
    land: pd.DataFrame
    land_changes: excluded_land.ExcludedChanges
    upper: pd.DataFrame = field(default_factory=no_units)
    ending: frozenset[str] = frozenset()


def resolve_changes(
    changes: GridChanges, units: pd.DataFrame, land: pd.DataFrame, *, edition: int
) -> EditionChanges:
    """Changes of some grids as rows on top of an edition's units and land.

    Raises
    ------
    Conflict
        ``grid-not-in-edition``, ``no-such-community``.
    """
    grids = units[units["level"] == "grid"]
    missing = sorted(set(changes.retired) - set(grids["code"]))
    if missing:
        raise Conflict(
            f"第 {edition} 版没有网格 {'、'.join(missing)}",
            f"edition {edition} has no grid {', '.join(missing)}",
            code="grid-not-in-edition",
        )
    new = changes.excluded.copy()
    new["geometry"] = excluded_land.multipolygons(new["geometry"].tolist())
    new["area_m2"] = geodesic_area_m2(new["geometry"].to_numpy()) if len(new) else np.empty(0)
    new["id"] = 0
    named = land["code"].isin({*new["code"], *changes.included})
    return EditionChanges(
        _placed(changes.put, grids),
        frozenset(changes.retired),
        pd.concat([land[~named], new[excluded_repository.COLUMNS]], ignore_index=True),
        excluded_land.difference(land[named], new[excluded_repository.COLUMNS]),
    )


def _placed(put: pd.DataFrame, grids: pd.DataFrame) -> pd.DataFrame:
    """The changed grids as rows of the edition: path, district and scheme come from the unit they lie in."""
    first = grids.drop_duplicates("parent_code").set_index("parent_code")
    strange = sorted(set(put["parent_code"]) - set(first.index))
    if strange:
        raise Conflict(
            f"没有社区 {'、'.join(strange)}",
            f"there is no community {', '.join(strange)}",
            code="no-such-community",
        )
    rows = put[["code", "name", "kind", "parent_code"]].reset_index(drop=True).copy()
    rows["level"] = "grid"
    rows["id"] = 0
    shapes = np.empty(len(put), dtype=object)
    shapes[:] = [
        shapely.multipolygons([shape]) if shape.geom_type == "Polygon" else shape for shape in put["geometry"]
    ]
    rows["geometry"] = shapely.normalize(shapes)
    for column in ("district_code", "code_scheme", "synthetic"):
        rows[column] = first.loc[rows["parent_code"], column].to_numpy()
    above = first["path"].str.rsplit(".", n=1).str[0]
    rows["path"] = [
        f"{above[parent]}.{label(code)}"
        for parent, code in zip(rows["parent_code"], rows["code"], strict=True)
    ]
    rows["area_m2"] = geodesic_area_m2(shapes) if len(rows) else np.empty(0)
    return rows[UNIT_COLUMNS]
