"""``/readyz``: whether this worker can do its work, part by part.

The database is asked on a connection and in a thread of its own, at most once a second whoever calls how often, and
nobody waits for it longer than a moment: neither a crowd of probes nor a database that hangs holds anything up.
"""

from __future__ import annotations

import asyncio
import os
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

import structlog
from fastapi import Request
from pydantic import BaseModel, Field
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError
from starlette.responses import JSONResponse

from app.auth.policy import public
from app.auth.routing import Router
from app.db.migrate import current, head
from app.db.probe import PROBE_BYTES, can_write
from app.kit import clock
from app.kit.clock import now
from app.kit.worker_channel import Board

log = structlog.get_logger(__name__)

router = Router(tags=["health"])

FRESH_S = 1.0
PATIENCE_S = 3.0

# The revisions are files: they do not change under a running process.
_newest = cache(head)


@dataclass(frozen=True)
class DatabaseState:
    """What one look at the database found; each part says false until the one before is true."""

    database: bool = False
    schema: bool = False
    writable: bool = False


class Readiness:
    """The last look at the database, repeated when it is old and somebody asks."""

    def __init__(self, engine: Engine, home: Path) -> None:
        self._engine, self._home = engine, home
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="readiness")
        self._look: Future[DatabaseState] | None = None
        self._looked_at = float("-inf")
        self._trouble: tuple[str, str] | None = None

    async def database(self) -> DatabaseState:
        """The state of the database, at most a second old; all false when it does not answer in time."""
        look = self._look
        if look is None or (look.done() and time.monotonic() - self._looked_at > FRESH_S):
            # No await between the question and the assignment: one look at a time.
            self._looked_at = time.monotonic()
            look = self._look = self._thread.submit(self._examine)
            look.add_done_callback(self._note_time)
        try:
            return await asyncio.wait_for(asyncio.shield(asyncio.wrap_future(look)), PATIENCE_S)
        except TimeoutError:
            return DatabaseState()

    def close(self) -> None:
        """Look no more."""
        self._thread.shutdown(wait=False, cancel_futures=True)
        self._engine.dispose()

    def _note_time(self, _: Future[DatabaseState]) -> None:
        self._looked_at = time.monotonic()

    def _examine(self) -> DatabaseState:
        try:
            schema = current(self._engine) == _newest()
        except SQLAlchemyError as error:
            self._log("database_not_ready", error)
            return DatabaseState()
        return DatabaseState(True, schema, self._can_write())

    def _log(self, event: str, error: Exception) -> None:
        """Log trouble once, and not with every probe while it lasts."""
        reason = str(error).splitlines()[0]
        if (event, reason) != self._trouble:
            self._trouble = (event, reason)
            log.warning(event, error=reason)

    def _can_write(self) -> bool:
        try:
            # Uploads and indexes; in a private installation the database as well.
            room = os.statvfs(self._home)
            if room.f_flag & os.ST_RDONLY or room.f_bavail * room.f_frsize < PROBE_BYTES:
                return False
            writable = can_write(self._engine)
        except (SQLAlchemyError, OSError) as error:
            self._log("database_not_writable", error)
            return False
        self._trouble = None
        return writable


class ReadinessChecks(BaseModel):
    """What has to work."""

    database: bool = Field(description="It answers.")
    schema_: bool = Field(alias="schema", description="It has the schema of this version.")
    writable: bool = Field(description="Database and disk take writes.")
    index: bool = Field(description="The index of the edition in force is loaded.")


class ClockState(BaseModel):
    """How this machine's clock differs from the database's, which counts."""

    agrees: bool
    database_ahead_s: float


class WorkerCounts(BaseModel):
    """Worker processes of this service."""

    wanted: int
    serving: int
    restarts: int
    hangs: int


class ReadinessReport(BaseModel):
    """Whether the service can do its work, part by part."""

    status: Literal["ready", "not ready"]
    checks: ReadinessChecks
    schedule: str = Field(
        description="`database`, or since when the list of editions is the one kept on disk."
    )
    edition: int | None = Field(default=None, description="In force now; where layers are public.")
    clock: ClockState | None = Field(default=None, description="Where the clocks differ.")
    workers: WorkerCounts | None = Field(default=None, description="Under a supervisor.")
    database_restarts: int | None = Field(default=None, description="Under a supervisor.")


@router.get(
    "/readyz",
    dependencies=[public()],
    response_model=ReadinessReport,
    responses={
        503: {"model": ReadinessReport, "description": "Something does not work; the report says what."},
    },
)
async def show_readiness(request: Request) -> JSONResponse:
    """Tell whether the service can do its work.

    The database, its schema, writing, and the index; which part does not work, otherwise. For readiness probes.
    """
    readiness: Readiness = request.app.state.readiness
    state = await readiness.database()
    editions = request.app.state.editions
    number = editions.number_at(now())
    checks = {
        "database": state.database,
        "schema": state.schema,
        "writable": state.writable,
        "index": number is not None and editions.loaded(number) is not None,
    }
    ready = all(checks.values())
    body: dict[str, object] = {
        "status": "ready" if ready else "not ready",
        "checks": checks,
        # Kept on disk since that instant, when the database was away as this worker started.
        "schedule": "database" if editions.kept_at is None else f"kept {editions.kept_at.isoformat()}",
    }
    if request.app.state.settings.public_layers:
        body["edition"] = number
    if not clock.agrees():
        # No reason to take the service away: it goes by the database's clock.
        body["clock"] = clock.state()
    board: Board | None = getattr(request.app.state, "board", None)
    if board is not None:
        body["workers"] = {
            "wanted": board["workers_wanted"],
            "serving": board["workers_serving"],
            "restarts": board["worker_restarts"],
            "hangs": board["worker_hangs"],
        }
        body["database_restarts"] = board["database_restarts"]
    return JSONResponse(body, status_code=200 if ready else 503, headers={"Cache-Control": "no-store"})
