"""Publishing an edition in which whole districts are no more; what they were in earlier editions stays to be asked."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy.orm import Session

from app.boundaries import excluded_land, repository
from app.boundaries.grid_changes import EditionChanges, no_units
from app.boundaries.publishing import Base, Published, Terms, publish_edition
from app.errors import Conflict


def publish_without(session: Session, districts: Collection[str], terms: Terms) -> Published:
    """Publish the newest edition again without these districts, in force at once.

    Raises
    ------
    Conflict
        ``no-base-edition``. ``empty-edition``: no other district is left. ``scheduled-edition``: the newest edition is yet
        to take effect.
    """
    return publish_edition(session, lambda base: _without(session, districts, base), terms)


def _without(session: Session, districts: Collection[str], base: Base) -> EditionChanges:
    before = base.refuse_none()
    if before.effective_from > repository.database_clock(session):
        # The order of editions is that of their instants: this one would have to wait as well.
        begins = before.effective_from.isoformat()
        raise Conflict(
            f"第 {before.number} 版到 {begins} 才生效，在此之前不能撤去整个区；请等它生效或先撤回它",
            f"edition {before.number} takes effect at {begins}; districts cannot be taken out before that. "
            f"Wait for it, or withdraw it first",
            code="scheduled-edition",
        )
    gone = base.units["district_code"].isin(districts)
    if gone.all():
        raise Conflict(
            "撤去后新版本将没有任何区", "the new edition would have no district", code="empty-edition"
        )
    land_gone = base.land["district_code"].isin(districts)
    return EditionChanges(
        no_units(),
        frozenset(base.units.loc[gone & (base.units["level"] == "grid"), "code"]),
        base.land[~land_gone],
        excluded_land.difference(base.land[land_gone], base.land.iloc[:0]),
        ending=frozenset(districts),
    )
