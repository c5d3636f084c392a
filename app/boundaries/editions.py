"""Editions in memory: one index for each, loaded when asked for, so that locating needs no database.

Every worker process has a cache. A thread of its own listens for new editions and reads the schedule again on each
word, on each reconnect and at least twice a minute, so that a lost notification cannot leave a worker stale.
"""

from __future__ import annotations

import threading
import uuid
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import psycopg
import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from app.boundaries import repository
from app.errors import NotFound, Unavailable
from app.kit.clock import now
from gis.errors import GisError
from gis.locate import GridIndex

log = structlog.get_logger(__name__)

CHANNEL = "wangge_edition"
_RELOAD = timedelta(seconds=30)
# An index is loaded this long before its edition takes force.
_AHEAD = timedelta(seconds=90)
_KEPT = 8


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

    @property
    def number(self) -> int:
        """The edition's number."""
        return self.scheduled.number


def load_edition(session: Session, scheduled: Scheduled) -> LoadedEdition:
    """Build the index of an edition from the database."""
    units = repository.units_in(session, scheduled.number)
    rows: list[Any] = list(units.itertuples(index=False))
    by_path = {row.path: row for row in rows}
    grids = units[units["level"] == "grid"].sort_values("code", kind="stable")
    index = GridIndex.build(grids["code"].tolist(), grids["geometry"].to_numpy(), edition=scheduled.number)
    paths = dict(zip(grids["code"], grids["path"], strict=True))
    descriptions = []
    for code in index.codes:
        said: dict[str, Any] = {"grid": None, "community": None, "street": None, "district": None}
        labels = paths[code].split(".")
        for depth in range(1, len(labels) + 1):
            unit = by_path[".".join(labels[:depth])]
            said[unit.level] = {"code": unit.code, "name": unit.name}
        said["grid"]["kind"] = by_path[paths[code]].kind
        descriptions.append(said)
    return LoadedEdition(
        scheduled=scheduled,
        index=index,
        descriptions=tuple(descriptions),
        paths=np.array([paths[code] for code in index.codes], dtype=object),
    )


def schedule_of(session: Session) -> tuple[Scheduled, ...]:
    """All editions in the order in which they come into force."""
    found = [
        Scheduled(e.number, e.effective_from, e.synthetic, e.content_hash)
        for e in repository.editions(session)
    ]
    return tuple(sorted(found, key=lambda e: (e.effective_from, e.number)))


def _number_at(schedule: Sequence[Scheduled], instant: datetime) -> int | None:
    position = bisect_right([e.effective_from for e in schedule], instant)
    return schedule[position - 1].number if position else None


class EditionCache:
    """The editions of one process; its listener calls ``taken_force`` after each look at the schedule."""

    def __init__(self, engine: Engine, *, taken_force: Callable[[Engine], object] | None = None) -> None:
        self._engine = engine
        self._taken_force = taken_force
        self._schedule: tuple[Scheduled, ...] = ()
        self._loaded: OrderedDict[int, LoadedEdition] = OrderedDict()
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._own_channel = f"{CHANNEL}_{uuid.uuid4().hex}"
        self._thread: threading.Thread | None = None
        self._read_at: datetime | None = None
        self._due: datetime | None = None

    def start(self) -> None:
        """Read the schedule, load the edition in force, and begin to listen."""
        try:
            self.refresh()
        except (SQLAlchemyError, Unavailable) as error:
            # The service comes up without a database, or with a broken edition, and says so in /readyz; the listener keeps trying.
            log.warning("editions_unavailable", error=str(error).splitlines()[0])
        self._thread = threading.Thread(target=self._listen, name="editions", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop listening, at once."""
        self._stop.set()
        if self._thread:
            with suppress(psycopg.Error), self._connect() as connection:
                # Otherwise the listener would only look up when its wait ends.
                connection.execute("SELECT pg_notify(%s, '')", [self._own_channel])
            self._thread.join(timeout=5)

    def _connect(self) -> psycopg.Connection[Any]:
        url = self._engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        return psycopg.connect(url, autocommit=True, application_name="wangge-editions", connect_timeout=5)

    def refresh(self) -> None:
        """Read the schedule again, and load what is in force now, or soon, before anybody asks for it."""
        with Session(self._engine) as session:
            schedule = schedule_of(session)
        instant = now()
        for number in {_number_at(schedule, instant), _number_at(schedule, instant + _AHEAD)} - {None}:
            self._load(next(e for e in schedule if e.number == number))
        # Only now do requests turn to it: nobody waits for the new index.
        self._schedule = schedule
        self._read_at = instant
        self._due = self.next_change(instant)

    @property
    def schedule(self) -> Sequence[Scheduled]:
        """All editions known, in order of coming into force."""
        return self._schedule

    def number_at(self, instant: datetime) -> int | None:
        """The number of the edition in force at an instant; None before the first."""
        return _number_at(self._schedule, instant)

    def next_change(self, instant: datetime) -> datetime | None:
        """When the next edition comes into force, if one is scheduled."""
        return next((e.effective_from for e in self._schedule if e.effective_from > instant), None)

    def loaded(self, number: int) -> LoadedEdition | None:
        """An edition if it is in memory; never touches the database."""
        return self._loaded.get(number)

    def in_force(self, at: datetime | None = None) -> LoadedEdition:
        """The edition in force at an instant (now, when None)."""
        number = self.number_at(at or now())
        if number is None:
            raise NotFound(
                "当时还没有生效的网格版本" if at else "还没有发布任何网格版本",
                "no edition was in force then" if at else "no edition has been published yet",
                code="no-edition",
            )
        return self._loaded.get(number) or self.get(number)

    def get(self, number: int) -> LoadedEdition:
        """An edition by number, loaded from the database when it is not in memory."""
        scheduled = next((e for e in self._schedule if e.number == number), None)
        if scheduled is None:
            raise NotFound(f"没有第 {number} 版", f"there is no edition {number}", code="no-edition")
        return self._load(scheduled)

    def _load(self, scheduled: Scheduled) -> LoadedEdition:
        with self._lock:
            held = self._loaded.get(scheduled.number)
            if held is not None:
                self._loaded.move_to_end(scheduled.number)
                return held
            try:
                with Session(self._engine) as session:
                    loaded = load_edition(session, scheduled)
            except (SQLAlchemyError, GisError) as error:
                log.error("edition_not_loaded", edition=scheduled.number, error=str(error).splitlines()[0])
                raise Unavailable(
                    "网格索引暂时无法载入，请稍后重试", "the index cannot be loaded right now; try again"
                ) from error
            self._loaded[scheduled.number] = loaded
            self._forget_oldest()
            return loaded

    def _forget_oldest(self) -> None:
        """Drop what nobody asked for the longest, but never what is in force."""
        current = self.number_at(now())
        for number in list(self._loaded):
            if len(self._loaded) <= _KEPT:
                return
            if number != current:
                del self._loaded[number]

    def _listen(self) -> None:
        while not self._stop.is_set():
            try:
                with self._connect() as connection:
                    connection.execute(f"LISTEN {CHANNEL}")
                    connection.execute(f"LISTEN {self._own_channel}")
                    self._look()
                    while not self._stop.is_set():
                        for word in connection.notifies(timeout=1.0, stop_after=1):
                            if word.channel == CHANNEL:
                                self._look()
                        self._look_when_old()
            except (psycopg.Error, SQLAlchemyError, Unavailable, GisError) as error:
                log.warning("editions_listener_reconnects", error=str(error).splitlines()[0])
                self._stop.wait(2.0)

    def _look(self) -> None:
        self.refresh()
        if self._taken_force is not None:
            self._taken_force(self._engine)

    def _look_when_old(self) -> None:
        instant = now()
        old = self._read_at is None or instant - self._read_at > _RELOAD
        if old or (self._due is not None and instant >= self._due):
            self._look()
