"""Editions in memory: one index for each, loaded when asked for, so that locating needs no database.

Every worker process has a cache. A thread of its own listens for new editions and reads the schedule again on each
word, on each reconnect and at least twice a minute, so that a lost notification cannot leave a worker stale.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import psycopg
import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from app.boundaries import repository
from app.boundaries.edition_choice import EditionChoice
from app.boundaries.edition_loader import (
    LoadedEdition,
    Scheduled,
    load_edition,
    number_at,
    read_schedule,
    schedule_of,
)
from app.boundaries.edition_snapshot import EditionSnapshot
from app.boundaries.index_store import IndexStore
from app.errors import NotFound, Unavailable
from app.kit import clock
from app.kit.clock import now
from gis.errors import Refusal

__all__ = ["CHANNEL", "EditionCache", "LoadedEdition", "Scheduled", "load_edition", "schedule_of"]

log = structlog.get_logger(__name__)

CHANNEL = "wangge_edition"
_RELOAD_S = 30.0
# An index is loaded this long before its edition takes force.
_AHEAD = timedelta(seconds=90)
_KEPT = 8
_FIRST_WAIT_S, _LONGEST_WAIT_S = 0.2, 5.0
_BEGINNING, _END = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


class _Present(NamedTuple):
    """What answers from ``since`` until ``until``, as long as ``schedule`` is the one we know."""

    schedule: tuple[Scheduled, ...]
    since: datetime
    until: datetime
    edition: LoadedEdition


class EditionCache:
    """The editions of one process; its listener calls ``taken_force`` after each look at the schedule."""

    def __init__(
        self,
        engine: Engine,
        *,
        store: IndexStore | None = None,
        taken_force: Callable[[Engine], object] | None = None,
    ) -> None:
        self._engine = engine
        self._store = store
        self._snapshot = EditionSnapshot(store, origin=str(engine.url)) if store is not None else None
        # Since when the schedule is the one that was kept on disk; None: it is the database's.
        self.kept_at: datetime | None = None
        self._taken_force = taken_force
        self._schedule: tuple[Scheduled, ...] = ()
        self._broken: tuple[int, ...] = ()
        self._present: _Present | None = None
        self._loaded: OrderedDict[int, LoadedEdition] = OrderedDict()
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._own_channel = f"{CHANNEL}_{uuid.uuid4().hex}"
        self._thread: threading.Thread | None = None
        # By a clock that cannot be set: the next look must not be put off for hours.
        self._read_at: float | None = None
        self._due: datetime | None = None

    def start(self) -> None:
        """Read the schedule, load the edition in force, and begin to listen."""
        try:
            self.refresh()
        except (SQLAlchemyError, Unavailable) as error:
            # The service comes up without a database, or with a broken edition, and says so in /readyz; the listener keeps trying.
            log.warning("editions_unavailable", error=str(error).splitlines()[0])
            self._restore()
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

    def _connect(self) -> psycopg.Connection:
        url = self._engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        return psycopg.connect(url, autocommit=True, application_name="wangge-editions", connect_timeout=5)

    def refresh(self) -> None:
        """Read the schedule again, and load what is in force now, or soon, before anybody asks for it."""
        with Session(self._engine) as session:
            schedule, broken = read_schedule(session)
            asked = clock.service_now()
            self._compare_clocks(asked, repository.database_clock(session))
        if broken != self._broken:
            log.error("editions_with_impossible_instant", editions=broken)
            self._broken = broken
        instant = now()
        current = number_at(schedule, instant)
        present: list[LoadedEdition] = []
        failed: Unavailable | None = None
        for scheduled in schedule:
            if scheduled.number not in {current, number_at(schedule, instant + _AHEAD)}:
                continue
            try:
                present.append(self._load(scheduled))
            except Unavailable as error:
                # One that is yet to come and cannot be loaded is no reason to forget the others.
                failed = error if scheduled.number == current else failed
        if failed is not None and self._schedule:
            # What answered so far goes on answering; this is tried again.
            raise failed
        # Only now do requests turn to it: nobody waits for the new index.
        self._schedule, self.kept_at = schedule, None
        with self._lock:
            # Editions do not change; but a database may have been restored from another.
            for number in [n for n, held in self._loaded.items() if held.scheduled not in schedule]:
                del self._loaded[number]
        if self._snapshot is not None and failed is None:
            self._snapshot.keep(schedule, present)
        self._read_at = time.monotonic()
        self._due = self.next_change(instant)
        if failed is not None:
            raise failed

    def _compare_clocks(self, asked: datetime, database: datetime) -> None:
        agreed = clock.agrees()
        ahead = clock.measure(asked, database, clock.service_now()).total_seconds()
        if not clock.agrees():
            # With every look, not once: whoever reads the last hour of the log has to find it.
            log.warning(
                "clock_differs",
                database_ahead_s=round(ahead, 3),
                effect="the database's clock is used",
                remedy="keep time by NTP on this machine and on the database's",
            )
        elif not agreed:
            log.info("clock_agrees", database_ahead_s=round(ahead, 3))

    def _restore(self) -> None:
        """Answer from what was kept on disk until the database is back."""
        kept = self._snapshot.read() if self._snapshot is not None else None
        if kept is None:
            return
        with self._lock:
            for edition in kept.editions:
                edition.index.owner_of(0.0, 0.0)
                self._loaded[edition.number] = edition
        self._schedule, self.kept_at = kept.schedule, kept.kept_at
        log.warning("editions_from_snapshot", kept_at=kept.kept_at.isoformat(), edition=self.number_at(now()))

    @property
    def schedule(self) -> Sequence[Scheduled]:
        """All editions known, in order of coming into force."""
        return self._schedule

    def number_at(self, instant: datetime) -> int | None:
        """The number of the edition in force at an instant; None before the first."""
        return number_at(self._schedule, instant)

    def number_of(self, choice: EditionChoice) -> int | None:
        """The number of the edition of a choice, whether there is one or not; None before the first."""
        return choice.number if choice.number is not None else self.number_at(choice.instant or now())

    def present(self) -> LoadedEdition | None:
        """The edition in force this instant, if it is in memory; costs next to nothing, never touches the database."""
        held = self._present
        if held is None or held.schedule is not self._schedule or not held.since <= now() < held.until:
            held = self._present = self._find_present()
        return held.edition if held else None

    def _find_present(self) -> _Present | None:
        schedule, instant = self._schedule, now()
        number = number_at(schedule, instant)
        edition = self._loaded.get(number) if number is not None else None
        if edition is None:
            return None
        begun = [e.effective_from for e in schedule if e.effective_from <= instant]
        coming = [e.effective_from for e in schedule if e.effective_from > instant]
        return _Present(schedule, max(begun, default=_BEGINNING), min(coming, default=_END), edition)

    def settled(self, instant: datetime) -> bool:
        """Whether no publication can change any more which edition was in force at an instant.

        An edition may be given a past instant to be in force from, but none before the latest edition's.
        """
        schedule = self._schedule
        return bool(schedule) and instant < schedule[-1].effective_from and instant <= now()

    def next_change(self, instant: datetime) -> datetime | None:
        """When the next edition comes into force, if one is scheduled."""
        return next((e.effective_from for e in self._schedule if e.effective_from > instant), None)

    def loaded(self, number: int) -> LoadedEdition | None:
        """An edition if it is in memory; never touches the database, never waits."""
        held = self._loaded.get(number)
        if held is not None and self._lock.acquire(blocking=False):
            # While another edition is being loaded the order may stay as it is.
            try:
                if number in self._loaded:
                    self._loaded.move_to_end(number)
            finally:
                self._lock.release()
        return held

    def in_force(self, at: datetime | None = None) -> LoadedEdition:
        """The edition in force at an instant (now, when None)."""
        number = self.number_at(at or now())
        if number is None:
            raise NotFound(
                "当时还没有生效的网格版本" if at else "还没有发布任何网格版本",
                "no edition was in force then" if at else "no edition has been published yet",
                code="nothing-published",
            )
        return self.loaded(number) or self.get(number)

    def get(self, number: int) -> LoadedEdition:
        """An edition by number, loaded from the database when it is not in memory."""
        scheduled = next((e for e in self._schedule if e.number == number), None)
        if scheduled is None:
            raise NotFound(f"没有第 {number} 版", f"there is no edition {number}", code="no-such-edition")
        return self._load(scheduled)

    def _load(self, scheduled: Scheduled) -> LoadedEdition:
        with self._lock:
            held = self._loaded.get(scheduled.number)
            if held is not None and held.scheduled == scheduled:
                self._loaded.move_to_end(scheduled.number)
                return held
            try:
                with Session(self._engine) as session:
                    loaded = load_edition(session, scheduled, store=self._store)
            except (SQLAlchemyError, Refusal) as error:
                log.error("edition_not_loaded", edition=scheduled.number, error=str(error).splitlines()[0])
                raise Unavailable(
                    "网格索引暂时无法载入，请稍后重试",
                    "the index cannot be loaded right now; try again",
                    code="index-unavailable",
                ) from error
            # The first question compiles or loads the kernel; no request should wait for that.
            loaded.index.owner_of(0.0, 0.0)
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
        wait = _FIRST_WAIT_S
        while not self._stop.is_set():
            try:
                with self._connect() as connection:
                    connection.execute(f"LISTEN {CHANNEL}")
                    connection.execute(f"LISTEN {self._own_channel}")
                    # Whatever was said while nobody listened is in the schedule now.
                    self._look()
                    wait = _FIRST_WAIT_S
                    while not self._stop.is_set():
                        for word in connection.notifies(timeout=1.0, stop_after=1):
                            if word.channel == CHANNEL:
                                self._look()
                        self._look_when_old()
            except (psycopg.Error, SQLAlchemyError, Unavailable, Refusal) as error:
                log.warning("editions_listener_reconnects", error=str(error).splitlines()[0])
            except Exception:
                # A listener that ends would leave this worker behind for ever.
                log.exception("editions_listener_failed")
            self._stop.wait(wait)
            wait = min(wait * 2, _LONGEST_WAIT_S)

    def _look(self) -> None:
        self.refresh()
        if self._taken_force is not None:
            self._taken_force(self._engine)

    def _look_when_old(self) -> None:
        instant = now()
        old = self._read_at is None or time.monotonic() - self._read_at > _RELOAD_S
        if old or (self._due is not None and instant >= self._due):
            self._look()
