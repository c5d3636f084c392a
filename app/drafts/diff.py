"""A draft beside its base: what was there before, what is there after, and where the land went."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
from sqlalchemy.orm import Session

from app.drafts import grid_repository
from app.drafts.coverage_loader import as_coverage
from app.drafts.models import Draft
from gis.editing import Changes, Coverage, Lineage, diff, lineage


@dataclass(frozen=True)
class Comparison:
    """The grids that a draft leaves otherwise, before and after; rows as `grid_repository.grids` gives them.

    Neighbours that only got common nodes are among them, and have no word.
    """

    was: pd.DataFrame
    now: pd.DataFrame
    before: Coverage
    after: Coverage
    changes: Changes

    @property
    def lineage(self) -> list[Lineage]:
        """Where the land of every grid that differs goes."""
        return lineage(self.before, self.after)

    @property
    def words(self) -> dict[str, str]:
        """What happened to each code: created, changed or retired."""
        return {
            code: word
            for word, codes in (
                ("created", self.changes.created),
                ("changed", self.changes.changed),
                ("retired", self.changes.retired),
            )
            for code in codes
        }


def compare(session: Session, draft: Draft) -> Comparison:
    """What a draft changes, net: what was done and taken back again is no change."""
    touched = list(grid_repository.touched_codes(session, draft))
    now = grid_repository.grids(session, draft, codes=touched, touched_only=True)
    was = grid_repository.base_grids(session, draft.base, touched)
    before, after = as_coverage(was), as_coverage(now)
    changes = diff(before, after)
    differing = {*changes.stored, *changes.retired}
    was = was[was["code"].isin(differing)].reset_index(drop=True)
    now = now[now["code"].isin(differing)].reset_index(drop=True)
    return Comparison(was, now, as_coverage(was), as_coverage(now), changes)
