"""What routes ask for: who is asking, and a session on the database that sees what they may see here."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from fastapi import Depends, Request
from starlette.concurrency import run_in_threadpool

from app.auth.audit import Trace
from app.auth.authentication import engine_of, principal_of, trace_of
from app.auth.policy import Policy
from app.auth.principal import Principal
from app.db.session import ReadSession, Sight, WriteSession, read_session, write_session


async def _principal(request: Request) -> Principal:
    # The policy has asked already, on most routes: no thread is taken for that.
    known: Principal | None = getattr(request.state, "principal", None)
    return known if known is not None else await run_in_threadpool(principal_of, request)


CurrentPrincipal = Annotated[Principal, Depends(_principal)]
CurrentTrace = Annotated[Trace, Depends(trace_of)]


def sight_of(request: Request) -> Sight:
    """What this request may see: the asker's units, narrowed to the roles that the route's policy names."""
    policy: Policy | None = getattr(request.state, "policy", None)
    if policy is None:
        raise RuntimeError(f"{request.method} {request.url.path} has no policy (app.auth.policy)")
    return policy.sight(principal_of(request))


def _read(request: Request) -> Iterator[ReadSession]:
    with read_session(engine_of(request), sight_of(request)) as session:
        yield session


def _write(request: Request) -> Iterator[WriteSession]:
    with write_session(engine_of(request), sight_of(request)) as session:
        yield session


# scope="function": ends, and commits, before the answer leaves; a commit that fails is not answered 200.
Read = Annotated[ReadSession, Depends(_read, scope="function")]
Write = Annotated[WriteSession, Depends(_write, scope="function")]
# Ends after the last byte of a streamed answer.
StreamRead = Annotated[ReadSession, Depends(_read, scope="request")]
