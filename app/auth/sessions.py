"""Sessions of browsers: a cookie with a key of which only the hash is stored.

A session ends when it was not used for ``session_idle_minutes``, and after ``session_hours`` in any case. Signing in always makes a new key and ends the old session, so a key that somebody planted is worth
nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from fastapi import Request, Response
from sqlalchemy import func
from sqlalchemy.orm import Session

from app.auth import repository, secrets
from app.auth.models import SignInSession
from app.auth.principal import Principal
from app.kit.clock import now
from app.settings import Settings

COOKIE = "wangge_session"

# A session is written to when that moves its end by at least this share of the idle time, not with every request.
_STEP_SHARE = 30


@dataclass(frozen=True)
class LiveSession:
    """A session that was found, and whose it is."""

    principal: Principal
    session_id: int
    created_at: datetime
    expires_at: datetime


def idle_limit(settings: Settings) -> timedelta:
    """How long a session lives without being used."""
    return min(timedelta(minutes=settings.session_idle_minutes), longest_life(settings))


def longest_life(settings: Settings) -> timedelta:
    """How long a session lives at all."""
    return timedelta(hours=settings.session_hours)


def open_session(session: Session, account_id: int, *, address: str | None, settings: Settings) -> str:
    """Make a session; its key, which is not stored and cannot be had again."""
    repository.drop_expired_sessions(session)
    key = secrets.new_key()
    session.add(
        SignInSession(
            key_hash=secrets.digest(key),
            csrf_token=secrets.new_key(),
            account_id=account_id,
            # By the clock that will be asked whether it is over.
            expires_at=func.now() + idle_limit(settings),
            address=address,
        )
    )
    session.flush()
    return key


def find(session: Session, key: str) -> LiveSession | None:
    """The session with this key: its account with the rights of this moment."""
    rows = repository.session_rows(session, secrets.digest(key))
    if not rows:
        return None
    first = rows[0]
    principal = Principal(
        name=first.name,
        display_name=first.display_name,
        account_id=first.account_id,
        session_id=first.session_id,
        grants=tuple(sorted((row.role, row.scope_path) for row in rows if row.role is not None)),
        csrf=first.csrf_token,
        must_change_password=first.must_change_password,
        second_factor=bool(first.second_factor),
    )
    return LiveSession(principal, first.session_id, first.created_at, first.expires_at)


def next_end(live: LiveSession, settings: Settings) -> datetime | None:
    """Until when the session lives now that it was used; None when that is not worth writing down."""
    end = min(now() + idle_limit(settings), live.created_at + longest_life(settings))
    return end if end - live.expires_at >= idle_limit(settings) / _STEP_SHARE else None


def completed(live: LiveSession, settings: Settings, *, end: datetime | None = None) -> Principal:
    """Whose the session is, with when it ends and what the settings still demand of them."""
    who = live.principal
    is_admin = any(role == "admin" for role, _ in who.grants)
    return replace(
        who,
        must_enrol=settings.require_totp == "admin" and is_admin and not who.second_factor,
        idle_ends_at=end or live.expires_at,
        ends_at=live.created_at + longest_life(settings),
    )


def is_secure(request: Request, settings: Settings) -> bool:
    """Whether cookies go over HTTPS only."""
    return settings.secure_cookies or request.scope["scheme"] == "https"


def cookie_name(request: Request, settings: Settings) -> str:
    """What the cookie is called.

    Over HTTPS it carries the prefix by which a browser knows that nobody but this host set it: a neighbour under the
    same domain, or a page over plain HTTP, could otherwise plant one. ``__Host-`` demands the path ``/``.
    """
    return name_of_cookie(settings, secure=is_secure(request, settings))


def name_of_cookie(settings: Settings, *, secure: bool) -> str:
    """What it is called over HTTPS, or over plain HTTP."""
    if not secure:
        return COOKIE
    return f"__Secure-{COOKIE}" if settings.root_path else f"__Host-{COOKIE}"


def key_of(request: Request, settings: Settings) -> str | None:
    """The key that a browser sent."""
    return request.cookies.get(cookie_name(request, settings)) or None


def set_cookie(response: Response, request: Request, key: str, settings: Settings) -> None:
    """Hand the key to the browser; scripts cannot read it, other sites cannot send it with a write."""
    response.set_cookie(
        cookie_name(request, settings),
        key,
        max_age=int(longest_life(settings).total_seconds()),
        httponly=True,
        samesite="lax",
        secure=is_secure(request, settings),
        path=f"{settings.root_path}/",
    )


def clear_cookie(response: Response, request: Request, settings: Settings) -> None:
    """Take the key back."""
    response.delete_cookie(
        cookie_name(request, settings),
        httponly=True,
        samesite="lax",
        secure=is_secure(request, settings),
        path=f"{settings.root_path}/",
    )
