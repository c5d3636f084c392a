"""Who is asking: from a bearer token or a session cookie to a principal, once a request."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from time import monotonic

from fastapi import Request
from sqlalchemy import Engine
from starlette.concurrency import run_in_threadpool

from app.auth import address, csrf, repository, sessions, tokens
from app.auth.audit import AuditContext
from app.auth.principal import NOBODY, Principal
from app.db.session import NOTHING, read_session, write_session
from app.errors import Unauthorised
from app.kit.admission import Gate
from app.settings import Settings

CHALLENGE = {"WWW-Authenticate": 'Bearer realm="wangge"'}
# "last used" is for people who tidy up; to the minute would be a write with every request.
_USED_STEP = timedelta(minutes=10)


def engine_of(request: Request) -> Engine:
    """The engine of the service role."""
    engine: Engine = request.app.state.engine
    return engine


def settings_of(request: Request) -> Settings:
    """The settings the application was made with."""
    settings: Settings = request.app.state.settings
    return settings


@asynccontextmanager
async def database_turn(request: Request) -> AsyncIterator[None]:
    """A turn at what this worker may do with its database at once; all the waits of a request count as one."""
    gate: Gate = request.app.state.database_gate
    left = getattr(request.state, "patience_left_s", gate.patience_s)
    began = monotonic()
    async with gate.turn(place_of(request), patience_s=left):
        request.state.patience_left_s = max(0.0, left - (monotonic() - began))
        yield


async def current_principal(request: Request) -> Principal:
    """:func:`principal_of` for the event loop: looks up in a thread what has to be looked up, once a request."""
    known: Principal | None = getattr(request.state, "principal", None)
    if known is not None:
        return known
    if "authorization" not in request.headers and not sessions.key_of(request, settings_of(request)):
        return principal_of(request)
    async with database_turn(request):
        return await run_in_threadpool(principal_of, request)


def principal_of(request: Request) -> Principal:
    """Who is asking; NOBODY without credentials. Remembered for the rest of the request.

    Raises
    ------
    Unauthorised
        A bearer token came that is unknown, over or revoked. (A cookie that is over is as good as none.)
    ForgedRequest
        A session cookie came with an unsafe request that lacks the session's token.
    """
    principal: Principal | None = getattr(request.state, "principal", None)
    if principal is None:
        header = request.headers.get("authorization")
        principal = _by_token(request, header) if header is not None else _by_cookie(request)
        request.state.principal = principal
    return principal


def _by_token(request: Request, header: str) -> Principal:
    scheme, _, token = header.partition(" ")
    if scheme.lower() == "bearer":
        with read_session(engine_of(request), NOTHING) as session:
            found = tokens.find(session, token.strip())
        if found is not None:
            if tokens.worth_marking(found, step=_USED_STEP):
                with write_session(engine_of(request), NOTHING) as session:
                    repository.mark_token_used(session, found.token_id)
            return found.principal
    raise Unauthorised(
        "令牌无效、已过期或已吊销。",
        "The token is unknown, expired or revoked.",
        code="invalid-token",
        headers={"WWW-Authenticate": CHALLENGE["WWW-Authenticate"] + ', error="invalid_token"'},
    )


def _by_cookie(request: Request) -> Principal:
    key = sessions.key_of(request, settings_of(request))
    if not key:
        return NOBODY
    with read_session(engine_of(request), NOTHING) as session:
        live = sessions.find(session, key)
    if live is None:
        return NOBODY
    if request.method not in csrf.SAFE_METHODS:
        csrf.refuse_other_sites(request)
        csrf.check_token(getattr(request.state, "csrf_given", None), live.principal.csrf)
    end = sessions.next_end(live, settings_of(request))
    if end is not None:
        with write_session(engine_of(request), NOTHING) as session:
            repository.extend_session(session, live.session_id, end)
    return sessions.completed(live, settings_of(request), end=end)


def trace_of(request: Request) -> AuditContext:
    """Who acts, from where, in which request: for the audit log."""
    found = address.client_address(request, proxies=settings_of(request).trusted_proxies)
    return AuditContext(
        actor=principal_of(request).actor,
        address=str(found) if found else None,
        request_id=getattr(request.state, "request_id", None),
    )


def place_of(request: Request) -> str | None:
    """What counts as the asker's place for throttling."""
    return address.bucket(address.client_address(request, proxies=settings_of(request).trusted_proxies))
