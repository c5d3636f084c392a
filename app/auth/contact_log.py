"""Readings of staff contacts, written to the audit log before the answer leaves.

::

    def show_unit(contacts: Contacts, session: Read, …):    # before ``session``: written when that is given back
        contacts.note("grid:370211001001001", 3)
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy import Engine

from app.auth import repository
from app.auth.audit import AuditContext
from app.auth.authentication import engine_of
from app.auth.dependencies import CurrentTrace, in_database
from app.db.session import NOTHING, write_session


class ContactLog:
    """The contacts that one answer shows."""

    def __init__(self) -> None:
        self.shown: dict[str, int] = {}

    def note(self, target: str, count: int) -> None:
        """Note that an answer shows ``count`` telephone numbers of a target."""
        if count:
            self.shown[target] = self.shown.get(target, 0) + count


async def _contact_log(request: Request, trace: CurrentTrace) -> AsyncIterator[ContactLog]:
    log = ContactLog()
    yield log
    if log.shown:
        # The turn of the answer's own session was given back: this write takes one of its own.
        await in_database(request, _write, engine_of(request), trace, log.shown)


def _write(engine: Engine, trace: AuditContext, shown: dict[str, int]) -> None:
    with write_session(engine, NOTHING) as session:
        for target, count in sorted(shown.items()):
            # Somebody who works through their grids opens each many times an hour: one line says it.
            repository.record_hourly(session, trace, "contacts.read", target, contacts=count)


Contacts = Annotated[ContactLog, Depends(_contact_log, scope="function")]
