"""API tokens over HTTP."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Request, status

from app.auth import scopes, tokens
from app.auth.authentication import settings_of
from app.auth.dependencies import CurrentPrincipal, CurrentTrace, Read, Write
from app.auth.policy import signed_in
from app.auth.routing import Router, ShortBody
from app.auth.schemas import TokenIn, TokenList, TokenMade, TokenOut

router = Router(prefix="/v1/tokens", tags=["tokens"], route_class=ShortBody)


@router.get("", dependencies=[signed_in()])
def list_tokens(principal: CurrentPrincipal, session: Read) -> TokenList:
    """List API tokens.

    The caller's own, and those inside the units that the caller administers, newest first.
    """
    found = tokens.seen_by(session, principal)
    names = scopes.named(session, (token.scope_path for token in found))
    return TokenList(items=[TokenOut(**TokenOut.fields_of(token, names)) for token in found])


# A token cannot issue tokens: one that leaked would outlive its own revocation.
@router.post(
    "",
    dependencies=[signed_in(people_only=True)],
    status_code=status.HTTP_201_CREATED,
    responses={403: {}, 422: {}},
)
def issue_token(
    request: Request,
    given: TokenIn,
    principal: CurrentPrincipal,
    trace: CurrentTrace,
    session: Write,
) -> TokenMade:
    """Issue an API token.

    One role in one unit that the caller has. The text of the token is answered here and never again.
    """
    secret, token = tokens.issue(
        session,
        principal,
        trace,
        name=given.name,
        role=given.role,
        scope=given.scope,
        end=given.end(settings_of(request)),
    )
    names = scopes.named(session, [token.scope_path])
    return TokenMade(**TokenOut.fields_of(token, names), token=secret)


@router.delete(
    "/{token_id}",
    dependencies=[signed_in(people_only=True)],
    status_code=status.HTTP_204_NO_CONTENT,
    responses={403: {}, 404: {}},
)
def revoke_token(
    token_id: Annotated[int, Path(description="Number of the token.", examples=[1])],
    principal: CurrentPrincipal,
    trace: CurrentTrace,
    session: Write,
) -> None:
    """Revoke an API token.

    It ends at once.
    """
    tokens.revoke(session, principal, trace, token_id)
