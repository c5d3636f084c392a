"""Sessions: who sees what is set at the start of each transaction; the only commit of a request is here.

A session takes a connection with its first statement and not before, so that nobody holds one while they wait for a
thread or for the rest of a request. Read and write sessions are different types, so that a write cannot slip into a
GET.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NewType

from sqlalchemy import Connection, Engine, event, text
from sqlalchemy.orm import Session, SessionTransaction

ReadSession = NewType("ReadSession", Session)
WriteSession = NewType("WriteSession", Session)


@dataclass(frozen=True)
class RowScope:
    """What a transaction may see: unit paths (``()`` nothing, ``("",)`` everything) and who is looking.

    ``acts``: the units among them on whose incidents the one who looks acts. Only there do texts and exact places of
    incidents show, and incidents and components of sensitive classes at all.
    """

    paths: tuple[str, ...]
    actor: str
    acts: tuple[str, ...] = ()

    @property
    def queries(self) -> str:
        """The paths as an ``lquery[]`` literal, for the row-security policies."""
        return _queries(self.paths)

    @property
    def acting_queries(self) -> str:
        """The units acted on, in the same form."""
        return _queries(self.acts)


def _queries(paths: tuple[str, ...]) -> str:
    return "{" + ",".join(f"{path}.*" if path else "*" for path in paths) + "}"


NOTHING = RowScope(paths=(), actor="anonymous")
EVERYTHING = RowScope(paths=("",), actor="system", acts=("",))

_SIGHT = (
    "set_config('wangge.scope', :queries, true), set_config('wangge.acts', :acts, true), "
    "set_config('wangge.actor', :actor, true)"
)
_BEGIN = text(f"SELECT {_SIGHT}")
_BEGIN_READING = text(f"SELECT set_config('transaction_read_only', 'on', true), {_SIGHT}")


class _ScopedSession(Session):
    """A session whose every transaction begins with what it may see."""

    def __init__(self, engine: Engine, scope: RowScope, *, reading: bool) -> None:
        super().__init__(engine)
        self.scope = scope
        self.reading = reading


@event.listens_for(_ScopedSession, "after_begin")
def _begin(session: _ScopedSession, transaction: SessionTransaction, connection: Connection) -> None:
    if not transaction.nested:
        connection.execute(
            _BEGIN_READING if session.reading else _BEGIN,
            {
                "queries": session.scope.queries,
                "acts": session.scope.acting_queries,
                "actor": session.scope.actor,
            },
        )


@contextmanager
def read_session(engine: Engine, scope: RowScope) -> Iterator[ReadSession]:
    """A read-only transaction that sees what ``scope`` allows; begun with the first statement."""
    with _ScopedSession(engine, scope, reading=True) as session:
        yield ReadSession(session)


@contextmanager
def write_session(engine: Engine, scope: RowScope) -> Iterator[WriteSession]:
    """A transaction, begun with the first statement, that is committed when the block ends well, else rolled back."""
    with _ScopedSession(engine, scope, reading=False) as session, session.begin():
        yield WriteSession(session)
