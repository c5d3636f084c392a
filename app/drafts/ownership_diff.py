"""Who owns what around some places, in the base of a draft and in the draft: of these few grids only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from sqlalchemy.orm import Session

from app.drafts import grid_repository
from app.drafts.models import Draft
from gis.locate import GridIndex
from gis.shares import shares


@dataclass(frozen=True)
class Ground:
    """Who owns what around the land that changes hands, before and after."""

    before: GridIndex
    after: GridIndex

    def owners(self, lon: np.ndarray, lat: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Codes of the owners of points before and after; None outside."""
        return _named(self.before, self.before.locate(lon, lat)), _named(
            self.after, self.after.locate(lon, lat)
        )

    def wide_owners(self, shapes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The same for lines and areas: the grids with the largest share."""
        return (
            _named(self.before, shares(self.before, shapes).owners),
            _named(self.after, shares(self.after, shapes).owners),
        )


def _named(index: GridIndex, owners: np.ndarray) -> np.ndarray:
    return np.asarray(np.array([*index.codes, None], dtype=object)[owners])


def ground_of(session: Session, draft: Draft, boxes: np.ndarray) -> Ground:
    """The grids that meet the boxes, before and after; right for whatever lies wholly in one of the boxes."""
    around = [tuple(box) for box in boxes.tolist()]
    return Ground(
        _index(grid_repository.edition_grids(session, draft.base, around)),
        _index(grid_repository.grids(session, draft, boxes=around)),
    )


def _index(grids: pd.DataFrame) -> GridIndex:
    # What is left out lies around holes that are no gaps.
    grids = grids[grids["kind"] != "excluded"]
    return GridIndex.build(grids["code"].tolist(), grids["geometry"].to_numpy(), gaps="allow")
