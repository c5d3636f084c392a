"""Publishing a coverage and all that follows from it, in one transaction."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import shapely
from sqlalchemy.orm import Session

from app.boundaries import repository as boundary_rows
from app.boundaries.editions import load_edition, schedule_of
from app.boundaries.hierarchy import CoverageInput
from app.boundaries.service import Published, publish_coverage
from app.components.service import reassign
from app.incidents.service import reassign_open


@dataclass(frozen=True)
class Publication:
    """An edition and what changed hands with it."""

    published: Published
    components_reassigned: int
    incidents_reassigned: int


def publish(
    session: Session,
    given: CoverageInput,
    *,
    author: str,
    note: str = "",
    effective_from: datetime | None = None,
) -> Publication:
    """Publish a district's grids, then give what lies in changed grids its new owners.

    An edition of the future changes nothing today: its assignments are made when it comes into force.
    """
    published = publish_coverage(session, given, author=author, note=note, effective_from=effective_from)
    touched = sorted({*published.added, *published.changed, *published.retired})
    if not touched or published.effective_from > boundary_rows.database_now(session):
        return Publication(published, 0, 0)
    number = published.edition
    area = []
    for edition in (number - 1, number):
        if edition:
            grids = boundary_rows.units_in(session, edition, level="grid", district=given.district_code)
            area += list(grids.loc[grids["code"].isin(touched), "geometry"])
    bounds = [float(v) for v in shapely.total_bounds(area)]
    scheduled = next(e for e in schedule_of(session) if e.number == number)
    loaded = load_edition(session, scheduled)
    return Publication(
        published,
        reassign(session, loaded, bounds=bounds, codes=touched),
        reassign_open(session, loaded, bounds=bounds, codes=touched, actor=author),
    )
