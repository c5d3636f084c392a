"""The second factor of one's own account over HTTP."""

from __future__ import annotations

from fastapi import Request, status
from starlette.concurrency import run_in_threadpool

from app.auth import repository, sign_in
from app.auth import totp as devices
from app.auth.authentication import engine_of, place_of, settings_of
from app.auth.dependencies import CurrentPrincipal, CurrentTrace, in_database
from app.auth.hashing_turn import hashing_turn
from app.auth.policy import signed_in
from app.auth.routing import Router, ShortBody
from app.auth.schemas import PasswordProof, RecoveryCodes, TotpCode, TotpEnrolment, TotpRemoval, TotpState
from app.db.session import NOTHING, read_session

_REFUSALS: dict[int | str, dict[str, object]] = {401: {}, 403: {}, 409: {}, 422: {}, 429: {}}

router = Router(
    prefix="/v1/session/totp",
    tags=["session"],
    route_class=ShortBody,
    # Open to those of whom a second factor is demanded: this is where they get it.
    dependencies=[signed_in(people_only=True, before_password_change=True)],
)


@router.get("")
async def show_totp(request: Request, principal: CurrentPrincipal) -> TotpState:
    """Show the second factor.

    Whether the account has one, must have one, and how many recovery codes are left.
    """
    account_id = principal.account_id or 0

    def read() -> tuple[bool, int]:
        with read_session(engine_of(request), NOTHING) as session:
            enabled = devices.is_enabled(session, account_id)
            return enabled, repository.recovery_codes_left(session, account_id)

    enabled, left = await in_database(request, read)
    required = settings_of(request).require_totp == "admin" and bool(principal.paths("admin"))
    return TotpState(enabled=enabled, required=required, recovery_codes=left)


@router.post("", status_code=status.HTTP_201_CREATED, responses=_REFUSALS)
async def begin_totp(
    request: Request, given: PasswordProof, principal: CurrentPrincipal, trace: CurrentTrace
) -> TotpEnrolment:
    """Set up a second factor.

    Answers the secret for an authenticator app; it counts once a code of the app has been confirmed.
    """
    async with hashing_turn(request, principal.name):
        begun = await run_in_threadpool(
            sign_in.begin_totp,
            engine_of(request),
            settings_of(request),
            trace,
            principal,
            password=given.password.get_secret_value(),
            place=place_of(request),
        )
    return TotpEnrolment(secret=begun.secret, uri=begun.uri, picture=begun.picture)


@router.post("/confirm", responses=_REFUSALS)
async def confirm_totp(
    request: Request, given: TotpCode, principal: CurrentPrincipal, trace: CurrentTrace
) -> RecoveryCodes:
    """Confirm a second factor.

    With a code of the authenticator app. Other sessions of the account end; answers the recovery codes.
    """
    codes = await in_database(
        request,
        sign_in.confirm_totp,
        engine_of(request),
        settings_of(request),
        trace,
        principal,
        code=given.code.get_secret_value(),
    )
    return RecoveryCodes(recovery_codes=codes)


@router.delete("", status_code=status.HTTP_204_NO_CONTENT, responses=_REFUSALS)
async def remove_totp(
    request: Request, given: TotpRemoval, principal: CurrentPrincipal, trace: CurrentTrace
) -> None:
    """Remove the second factor.

    With the password and a code.
    """
    async with hashing_turn(request, principal.name):
        await run_in_threadpool(
            sign_in.remove_totp,
            engine_of(request),
            settings_of(request),
            trace,
            principal,
            password=given.password.get_secret_value(),
            code=given.code.get_secret_value(),
            place=place_of(request),
        )
