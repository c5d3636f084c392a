"""Is what a draft makes of the grids fit to be published? Every defect, with a place to look at."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from app.boundaries import repository as boundary_rows
from app.drafts import grid_repository
from app.drafts.coverage_loader import as_coverage, boxes_of
from app.drafts.models import Draft
from gis.coverage import Defect
from gis.editing import check_changes
from gis.errors import CoverageError
from gis.geometry import representative_place
from gis.text import Text


def defects_of(session: Session, draft: Draft) -> list[Defect]:
    """Defects around what the draft touched, errors first, and units that it leaves without any grid."""
    touched = grid_repository.touched_codes(session, draft)
    if not touched:
        return []
    now = grid_repository.grids(session, draft, codes=list(touched), touched_only=True)
    was = grid_repository.base_grids(session, draft.base, list(touched))
    shapes = [*now["geometry"], *was["geometry"]]
    beside = grid_repository.grids(session, draft, boxes=boxes_of(shapes))
    # Land that was given up shows in the neighbours that it lay beside; to judge these, theirs are needed, too.
    around = as_coverage(
        grid_repository.grids(session, draft, boxes=boxes_of([*shapes, *beside["geometry"]]))
    )
    concerned = {*now["code"], *beside["code"]}
    mine = set(touched)
    found = [
        defect
        for defect in check_changes(around, sorted(concerned))
        if defect.severity == "error" or mine & set(defect.codes)
    ]
    return found + _emptied(session, draft, was.loc[was["kind"] != "excluded", "parent_code"].tolist())


def _emptied(session: Session, draft: Draft, parents: Sequence[str]) -> list[Defect]:
    """Communities that had grids and have none: dissolved on purpose, or forgotten."""
    left = sorted(set(parents))
    if not left:
        return []
    grids = grid_repository.grids(session, draft, parents=left)
    there = set(grids.loc[grids["kind"] != "excluded", "parent_code"])
    defects = []
    for code in left:
        if code in there:
            continue
        unit = boundary_rows.unit_by_code(session, code, draft.base)
        place = representative_place(boundary_rows.shape_of(session, unit)) if unit else (0.0, 0.0)
        defects.append(
            Defect(
                "hierarchy",
                "warning",
                (code,),
                place,
                detail=Text(
                    f"{code} 已没有网格，发布后将不再存在",
                    f"{code} has no grid left and ends with the publication",
                ),
            )
        )
    return defects


def refuse_defects(defects: Sequence[Defect]) -> None:
    """Refuse a draft with errors; warnings are for people to judge."""
    errors = [defect for defect in defects if defect.severity == "error"]
    if errors:
        raise CoverageError(
            f"草案有 {len(errors)} 处错误：{errors[0].detail.zh}",
            f"the draft has {len(errors)} errors: {errors[0].detail.en}",
            code="not-clean",
            defects=errors,
            places=[defect.place for defect in errors],
        )
