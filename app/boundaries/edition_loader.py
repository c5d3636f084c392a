"""An edition brought into memory: its index, and what is said of each grid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

import numpy as np
from sqlalchemy.orm import Session

from app.boundaries import excluded_repository, repository
from app.boundaries.index_store import IndexStore
from app.boundaries.locate_responses import Answers
from app.db.calendar_limits import is_limit
from gis.locate import ExcludedAreas, GridIndex


@dataclass(frozen=True)
class Scheduled:
    """An edition and the instant from which it is in force."""

    number: int
    effective_from: datetime
    synthetic: bool
    content_hash: str


@dataclass(frozen=True)
class LoadedEdition:
    """An edition ready to answer: its index, and what is said of each grid, in the order of ``index.codes``."""

    scheduled: Scheduled
    index: GridIndex
    descriptions: tuple[dict[str, Any], ...]
    paths: np.ndarray
    # Looked at only where no grid owns a place.
    excluded: ExcludedAreas = field(default_factory=ExcludedAreas)

    @property
    def number(self) -> int:
        """The edition's number."""
        return self.scheduled.number

    @cached_property
    def answers(self) -> Answers:
        """The answers of ``GET /v1/locate``, each put into bytes once."""
        return Answers(self.descriptions, edition=self.number, content_hash=self.scheduled.content_hash)


def load_edition(session: Session, scheduled: Scheduled, *, store: IndexStore | None = None) -> LoadedEdition:
    """Bring an edition into memory; shapes leave the database only when no built index is in ``store``."""
    units = repository.names_in(session, scheduled.number)
    by_path = {unit.path: unit for unit in units}
    # Plain string order, which is not the database's.
    grids = sorted((unit for unit in units if unit.level == "grid"), key=lambda unit: unit.code)
    codes = [unit.code for unit in grids]

    def build() -> GridIndex:
        shapes = repository.units_in(session, scheduled.number, level="grid")
        # Whether holes are meant was decided when it was published.
        return GridIndex.build(
            shapes["code"].tolist(), shapes["geometry"].to_numpy(), edition=scheduled.number, gaps="allow"
        )

    if store is None:
        index = build()
    else:
        index = store.get(scheduled.content_hash, scheduled.number, codes=codes, build=build)
    excluded = ExcludedAreas()
    if excluded_repository.has_excluded(session, scheduled.number):
        land = excluded_repository.excluded_in(session, scheduled.number)
        excluded = ExcludedAreas(land["geometry"].tolist(), land["reason"].tolist(), land["code"].tolist())
    return LoadedEdition(
        scheduled=scheduled,
        index=index,
        descriptions=tuple(_description(unit.path, by_path) for unit in grids),
        paths=np.array([unit.path for unit in grids], dtype=object),
        excluded=excluded,
    )


def _description(path: str, by_path: Mapping[str, repository.UnitRow]) -> dict[str, Any]:
    said: dict[str, Any] = {"grid": None, "community": None, "street": None, "district": None}
    labels = path.split(".")
    for depth in range(1, len(labels) + 1):
        unit = by_path[".".join(labels[:depth])]
        said[unit.level] = {"code": unit.code, "name": unit.name}
    said["grid"]["kind"] = by_path[path].kind
    return said


def schedule_of(session: Session) -> tuple[Scheduled, ...]:
    """All editions in the order in which they come into force; those whose instant cannot be are left out."""
    return read_schedule(session)[0]


def scheduled_edition(session: Session, number: int) -> Scheduled:
    """The edition of this number, which must be there."""
    return next(each for each in schedule_of(session) if each.number == number)


def read_schedule(session: Session) -> tuple[tuple[Scheduled, ...], tuple[int, ...]]:
    """The schedule, and numbers of editions whose instant lies beyond the calendar: a row may be bad, not the others."""
    editions = repository.editions(session)
    found = [
        Scheduled(e.number, e.effective_from, e.synthetic, e.content_hash)
        for e in editions
        if not is_limit(e.effective_from)
    ]
    broken = sorted(e.number for e in editions if is_limit(e.effective_from))
    return tuple(sorted(found, key=lambda e: (e.effective_from, e.number))), tuple(broken)


def number_at(schedule: Sequence[Scheduled], instant: datetime) -> int | None:
    """The number of the edition of a schedule that is in force at an instant; None before the first."""
    for scheduled in reversed(schedule):
        if scheduled.effective_from <= instant:
            return scheduled.number
    return None
