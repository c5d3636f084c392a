"""Signing in and out over HTTP; gathers the other routes of access."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

from fastapi import Depends, Request, Response, status
from starlette.concurrency import run_in_threadpool

from app.auth import csrf, first_admin, scopes, sign_in
from app.auth.account_router import router as accounts
from app.auth.audit_router import router as audit
from app.auth.authentication import engine_of, place_of, settings_of, trace_of
from app.auth.dependencies import CurrentPrincipal, CurrentTrace, Read, in_database
from app.auth.hashing_turn import hashing_turn
from app.auth.policy import public, signed_in
from app.auth.principal import NOBODY, Principal
from app.auth.routing import Router, ShortBody
from app.auth.schemas import Credentials, PasswordChange, SessionOut
from app.auth.sessions import clear_cookie, key_of, set_cookie
from app.auth.token_router import router as tokens
from app.auth.totp_router import router as totp
from app.db.session import NOTHING, read_session
from gis.errors import Refusal

router = Router()
session_router = Router(prefix="/v1/session", tags=["session"], route_class=ShortBody)


def _session_key(request: Request) -> str | None:
    return key_of(request, settings_of(request))


SessionKey = Annotated[str | None, Depends(_session_key)]


@session_router.get("", dependencies=[public()])
def show_session(principal: CurrentPrincipal, session: Read) -> SessionOut:
    """Show the session.

    Who is signed in and what they may do; an anonymous caller gets an answer too.
    """
    return SessionOut.of(principal, scopes.named(session, (path for _, path in principal.grants)))


@session_router.post("", dependencies=[public()], responses={401: {}, 403: {}, 429: {}})
async def open_session(
    request: Request, response: Response, given: Credentials, old_key: SessionKey = None
) -> SessionOut:
    """Sign in.

    With a name and a password, and a code where the account has a second factor. Answers the session's CSRF token.
    """
    settings = settings_of(request)
    csrf.refuse_other_sites(request)
    # The cookie that came along is about to end and proves nothing here: no token is asked for it.
    request.state.principal = NOBODY
    with _counted(request):
        async with hashing_turn(request, given.name):
            opened = await run_in_threadpool(
                sign_in.sign_in,
                engine_of(request),
                settings,
                trace_of(request),
                name=given.name,
                password=given.password.get_secret_value(),
                code=given.code.get_secret_value() if given.code else None,
                place=place_of(request),
                old_key=old_key,
            )
    set_cookie(response, request, opened.key, settings)
    return await _answer(request, opened.principal)


@contextmanager
def _counted(request: Request) -> Iterator[None]:
    """Count how an attempt to sign in ends, by the machine word of its refusal."""
    attempts = request.app.state.metrics.sign_ins
    try:
        yield
    except Refusal as error:
        attempts.labels(error.code).inc()
        raise
    attempts.labels("succeeded").inc()


@session_router.delete("", dependencies=[public()], status_code=status.HTTP_204_NO_CONTENT)
async def close_session(
    request: Request,
    response: Response,
    principal: CurrentPrincipal,
    trace: CurrentTrace,
    key: SessionKey = None,
) -> None:
    """Sign out.

    The session ends and its cookie is removed, also where it had ended before.
    """
    if key is not None and principal.session_id is not None:
        await in_database(request, sign_in.sign_out, engine_of(request), trace, key)
    clear_cookie(response, request, settings_of(request))


@session_router.post(
    "/password",
    dependencies=[signed_in(people_only=True, before_password_change=True)],
    responses={401: {}, 403: {}, 422: {}, 429: {}},
)
async def change_password(
    request: Request,
    response: Response,
    given: PasswordChange,
    principal: CurrentPrincipal,
    trace: CurrentTrace,
) -> SessionOut:
    """Change your password.

    Every other session of the account ends, and so do its tokens unless `keep_tokens` is true.
    """
    settings = settings_of(request)
    async with hashing_turn(request, principal.name):
        opened = await run_in_threadpool(
            sign_in.change_password,
            engine_of(request),
            settings,
            trace,
            principal,
            current=given.current.get_secret_value(),
            new=given.new.get_secret_value(),
            keep_tokens=given.keep_tokens,
            place=place_of(request),
        )
    await run_in_threadpool(first_admin.discard, settings.home, name=principal.name)
    set_cookie(response, request, opened.key, settings)
    return await _answer(request, opened.principal)


async def _answer(request: Request, principal: Principal) -> SessionOut:
    def shown() -> SessionOut:
        with read_session(engine_of(request), NOTHING) as session:
            return SessionOut.of(principal, scopes.named(session, (path for _, path in principal.grants)))

    return await in_database(request, shown)


router.include_router(session_router)
router.include_router(totp)
router.include_router(tokens)
router.include_router(accounts)
router.include_router(audit)
