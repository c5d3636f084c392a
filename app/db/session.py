"""Sessions: who sees what is set at the start of each transaction; the only commit of a request is here.

Read and write sessions are different types, so that a write cannot slip into a GET.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NewType

from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

ReadSession = NewType("ReadSession", Session)
WriteSession = NewType("WriteSession", Session)


@dataclass(frozen=True)
class Sight:
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


NOTHING = Sight(paths=(), actor="anonymous")
EVERYTHING = Sight(paths=("",), actor="system", acts=("",))


def _begin(session: Session, sight: Sight) -> None:
    session.execute(
        text(
            "SELECT set_config('wangge.sight', :queries, true), set_config('wangge.acts', :acts, true), "
            "set_config('wangge.actor', :actor, true)"
        ),
        {"queries": sight.queries, "acts": sight.acting_queries, "actor": sight.actor},
    )


@contextmanager
def read_session(engine: Engine, sight: Sight) -> Iterator[ReadSession]:
    """A read-only transaction that sees what ``sight`` allows."""
    with Session(engine) as session:
        session.execute(text("SET TRANSACTION READ ONLY"))
        _begin(session, sight)
        yield ReadSession(session)


@contextmanager
def write_session(engine: Engine, sight: Sight) -> Iterator[WriteSession]:
    """A transaction that is committed when the block ends well and rolled back when it does not."""
    with Session(engine) as session, session.begin():
        _begin(session, sight)
        yield WriteSession(session)
