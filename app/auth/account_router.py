"""Administration of accounts and grants over HTTP."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from fastapi import Path, Query, Request, status
from pydantic import SecretStr
from sqlalchemy import event
from sqlalchemy.orm import Session

from app.auth import first_admin, scopes, service
from app.auth.authentication import settings_of
from app.auth.dependencies import CurrentPrincipal, CurrentTrace, Read, Write
from app.auth.models import Account
from app.auth.policy import allow
from app.auth.principal import Principal
from app.auth.routing import Router, ShortBody
from app.auth.schemas import (
    AccountChange,
    AccountIn,
    AccountList,
    AccountMade,
    AccountOut,
    GrantIn,
    PasswordIn,
)

router = Router(
    prefix="/v1/accounts",
    tags=["accounts"],
    route_class=ShortBody,
    dependencies=[allow("admin")],
    responses={403: {}, 404: {}, 409: {}, 422: {}},
)
AccountName = Annotated[str, Path(description="Name of the account.", examples=["chen"])]
GrantId = Annotated[int, Path(description="Number of the grant.", examples=[1])]
# A token that leaked could otherwise make accounts and passwords that outlive its own revocation.
_WRITES = [allow("admin", people_only=True)]


def _shown(session: Session, by: Principal, account: Account) -> AccountOut:
    grants = service.grants_seen(by, account)
    names = scopes.named(session, (grant.scope_path for grant in grants))
    return AccountOut.of(account, grants, names, yours=service.wholly_theirs(by, account))


def _made(shown: AccountOut, password: str | None) -> AccountMade:
    return AccountMade(**shown.model_dump(), password=password)


def _plain(secret: SecretStr | None) -> str | None:
    return None if secret is None else secret.get_secret_value()


@router.get("")
def list_accounts(
    principal: CurrentPrincipal,
    session: Read,
    q: Annotated[
        str | None, Query(max_length=100, description="Words of the name.", examples=["chen"])
    ] = None,
    after: Annotated[str | None, Query(max_length=100, description="`next` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=500, description="Most accounts of a page.")] = 100,
) -> AccountList:
    """List accounts.

    Those with a role inside the units that the caller administers, by name.
    """
    found = service.accounts_seen(session, principal, search=q, after=after, limit=limit + 1)
    items = [_shown(session, principal, account) for account in found[:limit]]
    return AccountList(items=items, next=items[-1].name if len(found) > limit else None)


@router.post("", dependencies=_WRITES, status_code=status.HTTP_201_CREATED)
def create_account(
    given: AccountIn, principal: CurrentPrincipal, trace: CurrentTrace, session: Write
) -> AccountMade:
    """Create an account.

    With its first roles; without a password one is generated and shown once.
    """
    account, password = service.create_account(
        session,
        principal,
        trace,
        name=given.name,
        display_name=given.display_name,
        password=_plain(given.password),
        grants=[(grant.role, grant.scope) for grant in given.grants],
        must_change_password=given.must_change_password,
    )
    return _made(_shown(session, principal, account), None if given.password else password)


@router.get("/{name}")
def show_account(name: AccountName, principal: CurrentPrincipal, session: Read) -> AccountOut:
    """Show an account.

    With its roles inside the units that the caller administers.
    """
    return _shown(session, principal, service.account_seen(session, principal, name))


@router.patch("/{name}", dependencies=_WRITES)
def change_account(
    name: AccountName, given: AccountChange, principal: CurrentPrincipal, trace: CurrentTrace, session: Write
) -> AccountOut:
    """Change an account.

    Rename, disable or enable it; disabling ends its sessions and tokens. Accounts are never removed.
    """
    account = service.account_seen(session, principal, name)
    if given.display_name is not None:
        account = service.rename(session, principal, trace, name, display_name=given.display_name)
    if given.active is not None:
        account = service.set_active(session, principal, trace, name, active=given.active)
    return _shown(session, principal, account)


@router.post("/{name}/password", dependencies=_WRITES)
def set_password(
    request: Request,
    name: AccountName,
    given: PasswordIn,
    principal: CurrentPrincipal,
    trace: CurrentTrace,
    session: Write,
) -> AccountMade:
    """Set the password of an account.

    Its sessions and tokens end. Without a password one is generated and shown once.
    """
    account, password = service.set_password(
        session,
        principal,
        trace,
        name,
        password=_plain(given.password),
        must_change_password=given.must_change_password,
    )
    discard = partial(first_admin.discard, settings_of(request).home, name=account.name)
    # Not before the new password is in force: the file may hold the only one that opens anything.
    event.listen(session, "after_commit", lambda _session: discard(), once=True)
    return _made(_shown(session, principal, account), None if given.password else password)


@router.post("/{name}/unlock", dependencies=_WRITES)
def unlock_account(
    name: AccountName, principal: CurrentPrincipal, trace: CurrentTrace, session: Write
) -> AccountOut:
    """Unlock an account.

    Ends the lock that failed attempts to sign in have put on it.
    """
    return _shown(session, principal, service.unlock(session, principal, trace, name))


@router.delete("/{name}/totp", dependencies=_WRITES)
def reset_totp(
    name: AccountName, principal: CurrentPrincipal, trace: CurrentTrace, session: Write
) -> AccountOut:
    """Remove the second factor of an account.

    Its sessions end.
    """
    return _shown(session, principal, service.reset_totp(session, principal, trace, name))


@router.post("/{name}/grants", dependencies=_WRITES, status_code=status.HTTP_201_CREATED)
def grant_role(
    name: AccountName, given: GrantIn, principal: CurrentPrincipal, trace: CurrentTrace, session: Write
) -> AccountOut:
    """Grant a role.

    Inside a unit, or everywhere; only roles that the caller has there.
    """
    account = service.grant(session, principal, trace, name, role=given.role, scope=given.scope)
    return _shown(session, principal, account)


@router.delete("/{name}/grants/{grant_id}", dependencies=_WRITES)
def revoke_role(
    name: AccountName, grant_id: GrantId, principal: CurrentPrincipal, trace: CurrentTrace, session: Write
) -> AccountOut:
    """Revoke a role.

    It ends at once, also for open sessions.
    """
    account = service.revoke_by_id(session, principal, trace, name, grant_id)
    return _shown(session, principal, account)
