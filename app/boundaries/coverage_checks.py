"""What no road of publication lets through: a coverage that is not clean, and codes that another district has."""

from __future__ import annotations

import numpy as np
import pandas as pd
import shapely

from app.boundaries.grid_changes import EditionChanges
from app.boundaries.row_conflicts import LEVEL_ZH
from gis.coverage import Defect, is_clean
from gis.editing import Coverage, GridAttributes, check_changes
from gis.errors import CoverageError
from gis.geometry import representative_place
from gis.text import Text


def refuse_unclean(grids: pd.DataFrame, changes: EditionChanges, was: pd.DataFrame) -> None:
    """Refuse a coverage that is not clean: closely where land changed, as a whole for its borders.

    Parameters
    ----------
    grids : DataFrame
        All grids of the edition to come.
    changes : EditionChanges
    was : DataFrame
        The grids of the edition before that end or change.

    Raises
    ------
    CoverageError
        With every defect and its place.
    """
    land, put = changes.land, changes.put
    coverage = Coverage.build(
        [*grids["code"], *land["code"]],
        np.concatenate([grids["geometry"].to_numpy(), land["geometry"].to_numpy()]),
        [
            GridAttributes(n, p, k)
            for n, p, k in zip(grids["name"], grids["parent_code"], grids["kind"], strict=True)
        ]
        + [
            GridAttributes(reason, district, "excluded")
            for reason, district in zip(land["reason"], land["district_code"], strict=True)
        ],
        trusted=True,
    )
    concerned = {*put["code"], *changes.land_changes.adding["code"]}
    gone = [*was["geometry"], *changes.land_changes.ended]
    if gone:
        # Land that nobody took shows in the grids that it lay beside.
        near = shapely.STRtree(coverage.polygons).query(gone, predicate="intersects")[1]
        concerned |= {coverage.codes[at] for at in np.unique(near).tolist()}
    errors = [d for d in check_changes(coverage, sorted(concerned)) if d.severity == "error"]
    if errors:
        raise _not_clean(errors)
    # Borders between districts may differ by a step of the lattice; within one they are the same.
    districts = {
        *put["district_code"],
        *was["district_code"],
        *changes.land_changes.adding["district_code"],
    }
    members = [
        each.loc[each["district_code"].isin(districts), "geometry"].to_numpy() for each in (grids, land)
    ]
    if not is_clean(np.concatenate(members)):
        raise CoverageError(
            "公共边界的节点不一致",
            "grids do not share the vertices of a common border",
            code="mismatched-edge",
        )


def refuse_taken(units: pd.DataFrame, others: pd.DataFrame) -> None:
    """Refuse codes that another district has: of one level, a code names one unit.

    ``units`` have level, code and a geometry to say where; ``others`` level, code and district_code.
    """
    if not len(others):
        return
    taken = units.merge(
        others[["level", "code", "district_code"]], on=["level", "code"], suffixes=("_own", "")
    )
    defects = [
        Defect(
            "duplicate-code",
            "error",
            (str(row.code),),
            representative_place(row.geometry),
            detail=Text(
                f"编码 {row.code} 已由区 {row.district_code} 的{LEVEL_ZH[str(row.level)]}使用",
                f"code {row.code} is that of a {row.level} of district {row.district_code} already",
            ),
        )
        for row in taken.itertuples(index=False)
    ]
    if defects:
        raise _not_clean(defects)


def _not_clean(errors: list[Defect]) -> CoverageError:
    return CoverageError(
        f"覆盖有 {len(errors)} 处错误：{errors[0].detail.zh}",
        f"{len(errors)} errors in the coverage: {errors[0].detail.en}",
        defects=errors,
    )
