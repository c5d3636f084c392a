"""What routes ask for: who is asking, and a session on the database that sees what they may see here.

Whatever may need a connection takes a turn at the gate first: those beyond the turns wait without thread and connection.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, asynccontextmanager
from typing import Annotated, ParamSpec, TypeVar

from anyio import CancelScope, CapacityLimiter
from anyio.to_thread import run_sync
from fastapi import Depends, Request
from starlette.concurrency import run_in_threadpool

from app.auth.audit import AuditContext
from app.auth.authentication import current_principal, database_turn, engine_of, trace_of
from app.auth.policy import Policy
from app.auth.principal import Principal
from app.db.session import ReadSession, RowScope, WriteSession, read_session, write_session

_P = ParamSpec("_P")
_T = TypeVar("_T")

CurrentPrincipal = Annotated[Principal, Depends(current_principal)]


async def _trace(request: Request, _known: CurrentPrincipal) -> AuditContext:
    return trace_of(request)


CurrentTrace = Annotated[AuditContext, Depends(_trace)]


async def row_scope_of(request: Request) -> RowScope:
    """What this request may see: the asker's units, narrowed to the roles that the route's policy names."""
    policy: Policy | None = getattr(request.state, "policy", None)
    if policy is None:
        raise RuntimeError(f"{request.method} {request.url.path} has no policy (app.auth.policy)")
    return policy.row_scope(await current_principal(request))


async def in_database(request: Request, work: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
    """Run what uses the database by itself in a thread, with a turn for it."""
    async with database_turn(request):
        return await run_in_threadpool(work, *args, **kwargs)


async def _read(request: Request) -> AsyncIterator[ReadSession]:
    scope = await row_scope_of(request)
    async with database_turn(request), _ended_in_thread(read_session(engine_of(request), scope)) as session:
        yield session


async def _write(request: Request) -> AsyncIterator[WriteSession]:
    scope = await row_scope_of(request)
    async with database_turn(request), _ended_in_thread(write_session(engine_of(request), scope)) as session:
        yield session


@asynccontextmanager
async def _ended_in_thread(manager: AbstractContextManager[_T]) -> AsyncIterator[_T]:
    """A session that is opened here, which takes no connection, and ended in a thread that nobody has to wait for."""
    session = manager.__enter__()
    own_thread = CapacityLimiter(1)
    try:
        yield session
    except BaseException as error:
        with CancelScope(shield=True):
            handled = await run_sync(
                manager.__exit__, type(error), error, error.__traceback__, limiter=own_thread
            )
        if not handled:
            raise
    else:
        with CancelScope(shield=True):
            await run_sync(manager.__exit__, None, None, None, limiter=own_thread)


# scope="function": ends, and commits, before the answer leaves; a commit that fails is not answered 200, and no
# transaction waits for a slow reader.
Read = Annotated[ReadSession, Depends(_read, scope="function")]
Write = Annotated[WriteSession, Depends(_write, scope="function")]
