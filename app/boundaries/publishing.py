"""The one road of publication: changes, wherever they come from, become versions, lineage and an edition."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import pandas as pd
import shapely
from sqlalchemy.orm import Session

from app.boundaries import excluded_land, excluded_repository, repository
from app.boundaries.content_hash import content_hash
from app.boundaries.coverage_checks import refuse_unclean
from app.boundaries.coverage_diff import coverage_changes
from app.boundaries.grid_changes import EditionChanges, GridChanges, no_units, resolve_changes
from app.boundaries.hierarchy_changes import LevelChanges, compare_hierarchies
from app.boundaries.lineage import lineage_rows
from app.boundaries.models import Edition
from app.boundaries.next_edition import begin_edition
from app.boundaries.unit_tree import CoverageInput
from app.boundaries.upper_units import upper_units
from app.db.copy import analyze
from app.errors import Conflict
from gis.editing import is_noded

_WORDS = ["name", "kind", "parent_code", "district_code", "path", "code_scheme", "synthetic"]
# From so many new versions on the planner is told of them at once.
_MANY = 200


@dataclass(frozen=True)
class Published:
    """What an edition changed: grid codes, sorted.

    ``noded`` are grids that have a new version because their border got or lost common nodes; their land and their
    words are the same, so that they count among the unchanged.
    """

    edition: int
    effective_from: datetime
    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    retired: tuple[str, ...] = ()
    unchanged: int = 0
    noded: tuple[str, ...] = ()
    units_written: int = 0
    # The edition that it was published on.
    previous: int | None = None
    # Codes of land that is nobody's from this edition on, and of what no longer is.
    excluded: tuple[str, ...] = ()
    included: tuple[str, ...] = ()
    # What a whole coverage changed on each level.
    hierarchy: tuple[LevelChanges, ...] = ()

    @property
    def touched(self) -> bool:
        """Whether anything differs from the edition before."""
        return self.units_written > 0


@dataclass(frozen=True)
class Terms:
    """Who publishes an edition, what they say of it, and from when it is in force (None: at once)."""

    author: str
    reviewer: str | None = None
    note: str = ""
    effective_from: datetime | None = None


@dataclass(frozen=True)
class Base:
    """What changes are put on: the newest edition, if there is one, with its units and its declared land."""

    edition: Edition | None
    units: pd.DataFrame
    land: pd.DataFrame

    def refuse_none(self) -> Edition:
        """The edition; refuses to go on without one."""
        if self.edition is None:
            raise Conflict(
                "还没有发布任何网格版本", "no edition has been published yet", code="no-base-edition"
            )
        return self.edition


def publish_coverage(session: Session, coverage: CoverageInput, terms: Terms) -> Published:
    """Publish the grids of one district; other districts stay as they are.

    Only what differs is written. Of a coverage that says what is published already an edition is made, too, for the
    caller to take back: `Published.touched` is False.
    """
    return publish_edition(
        session,
        lambda base: coverage_changes(session, coverage, base.units, base.land),
        terms,
        compared=coverage.district_code,
    )


def publish_changes(session: Session, changes: GridChanges, terms: Terms) -> Published:
    """Publish changed grids on top of the newest edition.

    Raises
    ------
    Conflict
        ``no-base-edition``, ``grid-not-in-edition``, ``no-such-community``, ``no-changes``, ``empty-district``.
    """

    def resolved(base: Base) -> EditionChanges:
        return resolve_changes(changes, base.units, base.land, edition=base.refuse_none().number)

    return publish_edition(session, resolved, terms, refuse_unchanged=True)


def publish_edition(
    session: Session,
    changes_on: Callable[[Base], EditionChanges],
    terms: Terms,
    *,
    compared: str | None = None,
    refuse_unchanged: bool = False,
) -> Published:
    """Put changes on the newest edition: versions, upper units, declared land, lineage and the edition itself.

    The coverage is checked around what changed and, as a whole, for shared borders, so that nothing unclean can be
    published by any road; upper units are dissolved again only where the outline of one of their parts changed.

    Parameters
    ----------
    changes_on : callable
        Called while no other publication can run; returns the changes to make on the newest edition.
    compared : str, optional
        The district whose levels are compared for `Published.hierarchy`.
    """
    before, number, instant = begin_edition(session, terms.effective_from)
    old = repository.units_in(session, before.number) if before else no_units()
    old_land = excluded_repository.excluded_in(session, before.number) if before else excluded_land.no_rows()
    changes = changes_on(Base(before, old, old_land))
    is_grid = old["level"] == "grid"
    grids = old[is_grid]
    put = changes.put[~_same(changes.put, grids)]
    was = grids[grids["code"].isin({*put["code"], *changes.retired})]
    changes = replace(changes, put=put)
    kept = grids[~grids["code"].isin(was["code"])]
    after = pd.concat([kept, put], ignore_index=True) if len(kept) else put
    if len(put) or len(was) or changes.land_changes.count:
        refuse_unclean(after, changes, was)
    closing, adding = upper_units(old[~is_grid], after, changes, was)
    closing += [int(i) for i in was["id"]]
    adding = pd.concat([adding, put], ignore_index=True) if len(adding) else put
    written = len(closing) + len(adding) + changes.land_changes.count
    if refuse_unchanged and not written:
        raise Conflict(
            "与最新版本相比没有任何改动",
            "nothing differs from the newest edition",
            code="no-changes",
        )
    repository.close_versions(session, closing, before=number)
    for (district, scheme), part in adding.groupby(["district_code", "code_scheme"], sort=True):
        repository.add_versions(session, part, edition=number, district=str(district), scheme=str(scheme))
    excluded_land.write(session, changes.land_changes, edition=number)
    present = pd.concat([old[~old["id"].isin(closing)], adding], ignore_index=True) if len(old) else adding
    is_district = present["level"] == "district"
    repository.add_edition(
        session,
        Edition(
            number=number,
            effective_from=instant,
            author=terms.author,
            reviewer=terms.reviewer,
            note=terms.note,
            # An edition is synthetic while any district of it is.
            synthetic=bool(present.loc[is_district, "synthetic"].any()),
            content_hash=content_hash(present, changes.land),
            grids=len(after),
        ),
    )
    if len(adding) > _MANY:
        analyze(session, "unit_version")
    if before:
        # Of a district that was not there before nothing came from anywhere.
        now = put[put["district_code"].isin(old["district_code"])]
        rows = lineage_rows(was, now, edition=number)
        rows += excluded_land.lineage_of_excluded(was, now, old_land, changes.land, edition=number)
        repository.add_lineage(session, rows)
    new, gone = set(put["code"]), set(was["code"])
    noded = _noded(was, put)
    unchanged = len(kept[kept["district_code"] == compared]) if compared else len(kept)
    return Published(
        edition=number,
        effective_from=instant,
        added=tuple(sorted(new - gone)),
        changed=tuple(sorted((new & gone) - noded)),
        retired=tuple(sorted(gone - new)),
        unchanged=unchanged + len(noded),
        noded=tuple(sorted(noded)),
        units_written=written,
        previous=before.number if before else None,
        excluded=tuple(changes.land_changes.adding["code"]),
        included=tuple(sorted(set(old_land["code"]) - set(changes.land["code"]))),
        hierarchy=_levels(old, present, compared) if compared else (),
    )


def _levels(old: pd.DataFrame, present: pd.DataFrame, district: str) -> tuple[LevelChanges, ...]:
    return compare_hierarchies(
        old[old["district_code"] == district], present[present["district_code"] == district]
    )


def _same(put: pd.DataFrame, grids: pd.DataFrame) -> np.ndarray:
    """Which rows say exactly what the edition says already."""
    signed = {row[0]: row[1:] for row in _signed(grids[grids["code"].isin(put["code"])])}
    return np.array([signed.get(row[0]) == row[1:] for row in _signed(put)], dtype=bool)


def _noded(was: pd.DataFrame, put: pd.DataFrame) -> set[str]:
    """Codes of grids whose border only got or lost common nodes, and that say what they said."""
    both = was.merge(put, on="code", suffixes=("_was", "_now"))
    said = np.ones(len(both), dtype=bool)
    for name in _WORDS:
        said &= (both[f"{name}_was"] == both[f"{name}_now"]).to_numpy(dtype=bool)
    both = both[said]
    return {
        str(code)
        for code, one, other in zip(both["code"], both["geometry_was"], both["geometry_now"], strict=True)
        if is_noded(one, other)
    }


def _signed(frame: pd.DataFrame) -> list[tuple[object, ...]]:
    wkb = shapely.to_wkb(frame["geometry"].to_numpy())
    return list(zip(frame["code"], *(frame[name] for name in _WORDS), wkb, strict=True))
