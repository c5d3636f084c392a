"""Between the rows of a draft's grids and the coverage that operations work on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy.orm import Session

from app.drafts import grid_repository
from app.drafts.grid_repository import Box
from app.drafts.models import Draft
from gis.editing import Coverage, GridAttributes, Operation, reach

# Degrees; two steps of the lattice, so that what touches is met whatever way bounds were rounded.
_MARGIN = 2e-7


def as_coverage(grids: pd.DataFrame) -> Coverage:
    """Rows of `grid_repository.grids` as a coverage; they were checked when they were stored."""
    attributes = [
        GridAttributes(name=name, community=parent, kind=kind)
        for name, parent, kind in zip(grids["name"], grids["parent_code"], grids["kind"], strict=True)
    ]
    return Coverage.build(
        grids["code"].tolist(),
        np.asarray(grids["geometry"].to_numpy(), dtype=object),
        attributes,
        trusted=True,
    )


def rows_of(coverage: Coverage, codes: Iterable[str]) -> grid_repository.GridColumns:
    """Columns for `grid_repository.store_grids`; codes that the coverage does not have are stored as retired."""
    columns: grid_repository.GridColumns = {
        "code": [],
        "name": [],
        "parent_code": [],
        "kind": [],
        "geometry": [],
    }
    for code in codes:
        there = code in coverage
        words = coverage.attributes_of(code) if there else None
        columns["code"].append(code)
        columns["name"].append(words.name if words else None)
        columns["parent_code"].append(words.community if words else None)
        columns["kind"].append(words.kind if words else None)
        columns["geometry"].append(coverage.polygon(code) if there else None)
    return columns


def boxes_of(shapes: Sequence[BaseGeometry]) -> list[Box]:
    """Envelopes of shapes, a little wider than they are."""
    bounds = shapely.bounds(np.asarray(shapes, dtype=object)).reshape(-1, 4)
    wider = bounds + np.array([-_MARGIN, -_MARGIN, _MARGIN, _MARGIN])
    return [tuple(row) for row in wider.tolist()]


def neighbourhood(session: Session, draft: Draft, operation: Operation) -> Coverage:
    """The grids that an operation has to see: those it names or meets, and all that touch these."""
    asked = reach(operation)
    met = grid_repository.grids(
        session,
        draft,
        boxes=[asked.box] if asked.box is not None else None,
        codes=asked.codes,
        parents=asked.communities,
    )
    if not len(met):
        return as_coverage(met)
    around = grid_repository.grids(session, draft, boxes=boxes_of(met["geometry"].tolist()))
    return as_coverage(around)
