"""API tokens: shown once, stored hashed, never wider than what their giver may."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from app.auth import audit, repository, scopes, secrets
from app.auth.audit import AuditContext
from app.auth.models import ApiToken
from app.auth.principal import Principal
from app.auth.roles import CONTAINS, covers
from app.errors import Conflict, Forbidden, Invalid, NotFound
from app.kit.clock import now
from app.settings import Settings

_LONGEST = timedelta(days=366)
_SOON = timedelta(days=14)


class TokenUnknown(NotFound):
    """No such token that the asker may see."""

    code = "token-unknown"


@dataclass(frozen=True)
class FoundToken:
    """A live token that came with a request."""

    token_id: int
    principal: Principal
    last_used_at: datetime | None


def find(session: Session, token: str) -> FoundToken | None:
    """The live token with this text and what it may do now.

    A token of an account does what both the token and the account may: when the account loses a right, so does the
    token, at once.
    """
    if not token.startswith(secrets.TOKEN_MARK):
        return None
    rows = repository.token_rows(session, secrets.digest(token))
    if not rows:
        return None
    first = rows[0]
    given = (first.token_role, first.token_scope)
    if first.account_id is None:
        grants: tuple[tuple[str, str], ...] = (given,)
    else:
        held = [(row.role, row.scope_path) for row in rows if row.role is not None]
        grants = (given,) if _carried_by(given, held) else ()
    principal = Principal(
        name=first.name,
        display_name=first.name,
        account_id=None,
        token_id=first.token_id,
        behind=first.account_id,
        grants=grants,
    )
    return FoundToken(first.token_id, principal, first.last_used_at)


def _carried_by(given: tuple[str, str], held: list[tuple[str, str]]) -> bool:
    role, scope = given
    return any(role in CONTAINS[each] and covers(where, scope) for each, where in held)


def worth_marking(found: FoundToken, *, step: timedelta) -> bool:
    """Whether "last used" is old enough to be written again."""
    return found.last_used_at is None or now() - found.last_used_at >= step


def issue(
    session: Session,
    by: Principal,
    trace: AuditContext,
    *,
    name: str,
    role: str,
    scope: str | None = None,
    end: datetime | None,
) -> tuple[str, ApiToken]:
    """Make a token; its text is returned here and nowhere else, ever.

    ``end`` is when it stops working; None is never, which like anything past a year only an administrator of
    everything may choose.

    Raises
    ------
    Invalid
        The role or the unit is unknown, the name empty, or the end is in the past.
    Forbidden
        ``by`` does not have this role over the whole of this unit, or may not make a token that lasts so long.
    """
    label = name.strip()
    if not label or len(label) > 100:
        raise Invalid(
            "令牌名称须为 1 至 100 个字符。",
            "A token's name takes 1 to 100 characters.",
            field="name",
            code="token-name-length",
        )
    _check_end(by, end)
    path = scopes.path_of(session, scope)
    scopes.check_may_give(by, role, path)
    secret = secrets.new_token()
    token = ApiToken(
        name=label,
        prefix=secrets.shown_part(secret),
        token_hash=secrets.digest(secret),
        role=role,
        scope_path=path,
        account_id=by.account_id,
        created_by=by.actor,
        expires_at=end,
    )
    session.add(token)
    session.flush()
    audit.record(
        session,
        trace,
        "token.issued",
        audit.of_token(token.id),
        name=label,
        prefix=token.prefix,
        role=role,
        scope=path,
        expires_at=end.isoformat() if end else None,
    )
    return secret, token


def default_end(settings: Settings) -> datetime:
    """When a token ends that nobody named an end for."""
    return now() + timedelta(days=settings.token_days)


def expires_soon(token: ApiToken) -> bool:
    """Whether a live token ends within two weeks, so that its owner should replace it."""
    if token.expires_at is None or token.revoked_at is not None:
        return False
    return timedelta(0) < token.expires_at - now() <= _SOON


def _check_end(by: Principal, end: datetime | None) -> None:
    if end is not None and end <= now():
        raise Invalid(
            f"到期时间须在将来，收到 {end.isoformat()}。",
            f"The end must lie in the future; {end.isoformat()} came.",
            field="expires_at",
            code="expiry-past",
        )
    if (end is None or end - now() > _LONGEST) and not by.may("admin"):
        came = end.isoformat() if end else "null"
        raise Forbidden(
            f"令牌最长有效 {_LONGEST.days} 天；更长或不过期的令牌只能由全域管理员签发，收到 {came}。",
            f"A token lasts {_LONGEST.days} days at most; longer or endless ones are issued by administrators of "
            f"everything only; {came} came.",
            code="lasts-too-long",
            field="expires_at",
        )


def seen_by(session: Session, by: Principal) -> list[ApiToken]:
    """The asker's own tokens, and those of the units that they administer."""
    return repository.tokens_seen(session, account_id=by.account_id, paths=by.paths("admin"))


def revoke(session: Session, by: Principal, trace: AuditContext, token_id: int) -> ApiToken:
    """End a token at once; ending it twice changes nothing."""
    token = repository.token_seen(session, token_id, account_id=by.account_id, paths=by.paths("admin"))
    if token is None:
        raise TokenUnknown(f"没有编号为 {token_id} 的令牌。", f"There is no token {token_id}.")
    return _end(session, trace, token)


def revoke_named(session: Session, trace: AuditContext, mark: str) -> ApiToken:
    """End the one live token with this name or beginning (``wg_…``); for the operator of the machine."""
    found = repository.tokens_named(session, mark)
    if not found:
        raise TokenUnknown(f"没有有效的令牌“{mark}”。", f"There is no live token {mark!r}.")
    if len(found) > 1:
        shown = ", ".join(token.prefix for token in found)
        raise Conflict(
            f"有 {len(found)} 个令牌叫“{mark}”，请用前缀指明：{shown}。",
            f"{len(found)} tokens are called {mark!r}; name one by its beginning: {shown}.",
            code="token-ambiguous",
        )
    return _end(session, trace, found[0])


def revoke_all_of(session: Session, trace: AuditContext, account_id: int, *, reason: str) -> int:
    """End every live token of an account, each with its entry in the audit log; how many there were."""
    found = repository.live_tokens_of(session, account_id)
    for token in found:
        _end(session, trace, token, reason=reason)
    return len(found)


def _end(session: Session, trace: AuditContext, token: ApiToken, **detail: str) -> ApiToken:
    if token.revoked_at is None:
        token.revoked_at = now()
        session.flush()
        audit.record(
            session,
            trace,
            "token.revoked",
            audit.of_token(token.id),
            name=token.name,
            prefix=token.prefix,
            role=token.role,
            scope=token.scope_path,
            **detail,
        )
    return token
