"""Publishing an edition in which whole districts are no more; what they were in earlier editions stays to be asked."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy.orm import Session

from app.boundaries import repository
from app.boundaries.lineage import lineage_rows
from app.boundaries.models import Edition
from app.boundaries.service import Published, begin_edition, content_hash
from app.errors import Conflict


def publish_without(session: Session, districts: Collection[str], *, author: str, note: str) -> Published:
    """Publish the newest edition again without these districts, in force at once.

    Raises
    ------
    Conflict
        ``empty-edition``: no other district is left. ``scheduled-edition``: the newest edition is yet to take effect.
    """
    before, number, instant = begin_edition(session, None)
    if before is None:
        raise Conflict("还没有发布任何网格版本", "no edition has been published yet", code="no-edition")
    if before.effective_from > repository.database_clock(session):
        # The order of editions is that of their instants: this one would have to wait as well.
        begins = before.effective_from.isoformat()
        raise Conflict(
            f"第 {before.number} 版到 {begins} 才生效，在此之前不能撤去整个区；请等它生效或先撤回它",
            f"edition {before.number} takes effect at {begins}; districts cannot be taken out before that. "
            f"Wait for it, or withdraw it first",
            code="scheduled-edition",
        )
    units = repository.units_in(session, before.number)
    gone = units["district_code"].isin(districts)
    kept = units[~gone]
    if not len(kept):
        raise Conflict(
            "撤去后新版本将没有任何区", "the new edition would have no district", code="empty-edition"
        )
    repository.close_versions(session, [int(each) for each in units.loc[gone, "id"]], before=number)
    repository.add_edition(
        session,
        Edition(
            number=number,
            effective_from=instant,
            author=author,
            note=note,
            synthetic=bool(repository.synthetic_districts(session, number)),
            content_hash=content_hash(kept),
            grids=int((kept["level"] == "grid").sum()),
        ),
    )
    grids = units[gone & (units["level"] == "grid")]
    repository.add_lineage(session, lineage_rows(grids, grids.iloc[:0], edition=number))
    return Published(
        edition=number,
        effective_from=instant,
        retired=tuple(sorted(grids["code"])),
        unchanged=int((kept["level"] == "grid").sum()),
        units_written=int(gone.sum()),
    )
