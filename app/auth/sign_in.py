"""Signing in, signing out, changing one's own password.

These work with several short transactions of their own, since what they write must last although the request is
refused: the attempt before the password is looked at, and the refusal in the audit log. Where a hash is computed between
them, each takes a turn of its own (:mod:`app.auth.sign_in_turns`); signing out and confirming a second factor run with
the request's turn at the database.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from app.auth import audit, passwords, repository, secrets, service, sessions, throttle, tokens, totp
from app.auth.audit import AuditContext
from app.auth.models import Account
from app.auth.principal import Principal
from app.auth.sign_in_turns import TURNS
from app.auth.totp import Enrolment
from app.db.session import NOTHING, RowScope, WriteSession, read_session, write_session
from app.errors import Invalid, Unauthorised
from app.kit.clock import now
from app.settings import Settings


class WrongCredentials(Unauthorised):
    """The name or the password is wrong, or the account is not let in; which, is not said."""

    code = "wrong-credentials"

    def __init__(self) -> None:
        super().__init__("账号或密码不正确。", "The name or the password is wrong.")


class CodeRequired(Unauthorised):
    """The password is right; the account has a second factor, and no code of it came."""

    code = "totp-required"


class WrongCode(Unauthorised):
    """The code of the second factor is wrong, too old, or was used already."""

    code = "wrong-code"


@dataclass(frozen=True)
class SignedIn:
    """A session just opened: the key for the cookie, and whose it is."""

    key: str
    principal: Principal


def usually_here(engine: Engine, *, name: str, place: str | None) -> bool:
    """Whether an account signed in from this place lately: which lane to the hasher it takes.

    Raises
    ------
    TooMany
        Too early after failures: whoever is slowed down takes no turn in any lane.
    """
    with read_session(engine, RowScope(paths=(), actor="sign-in")) as session:
        return throttle.look(session, service.canonical_name(name), place)


def sign_in(
    engine: Engine,
    settings: Settings,
    trace: AuditContext,
    *,
    name: str,
    password: str,
    code: str | None,
    place: str | None,
    old_key: str | None,
) -> SignedIn:
    """Open a session, and end the one that the browser had.

    Raises
    ------
    TooMany
        Too early after failures; the password was not looked at.
    WrongCredentials
        Whatever else is not right. It takes the same time and says the same for names that do not exist.
    CodeRequired, WrongCode
        The password was right, and the account has a second factor.
    """
    short = service.canonical_name(name)
    account_id, attempt, stored = _prove(engine, trace, short, password, place)
    _prove_code(engine, settings, trace, short, account_id, attempt, code)
    stronger = passwords.hash_password(password) if passwords.needs_rehash(stored) else None
    with _writing(engine, short, name=short) as session:
        account = _still(session, short, account_id)
        throttle.succeeded(session, attempt)
        if stronger is not None and account.password_hash == stored:
            account.password_hash = stronger
        account.last_signed_in_at = now()
        if old_key:
            repository.close_session(session, secrets.digest(old_key))
        return _open(session, settings, replace(trace, actor=short), account)


def sign_out(engine: Engine, trace: AuditContext, key: str) -> None:
    """End a session; a key that opens nothing is no error."""
    with write_session(engine, RowScope(paths=(), actor=trace.actor)) as session:
        name = repository.close_session(session, secrets.digest(key))
        if name is not None:
            audit.record(session, trace, "session.closed", audit.of_account(name))


def change_password(
    engine: Engine,
    settings: Settings,
    trace: AuditContext,
    who: Principal,
    *,
    current: str,
    new: str,
    keep_tokens: bool,
    place: str | None,
) -> SignedIn:
    """Replace one's own password: ends every session of the account and opens a new one; ends its tokens too.

    The present password is asked for, and guessing it is slowed down as at the door: a browser left open must not be
    enough to take an account over.
    """
    with TURNS.turn(who.name), read_session(engine, NOTHING) as session:
        service.check_password(session, new, name=who.name, display_name=who.display_name, field="new")
    if new == current:
        raise Invalid(
            "新密码与当前密码相同。",
            "The new password is the present one.",
            code="password-unchanged",
            field="new",
        )
    account_id, attempt, _ = _prove(engine, trace, who.name, current, place)
    new_hash = passwords.hash_password(new)
    with _writing(engine, who.name, name=who.name) as session:
        account = _still(session, who.name, account_id)
        throttle.succeeded(session, attempt)
        account.password_hash = new_hash
        account.must_change_password = False
        repository.close_sessions_of(session, account.id)
        audit.record(session, trace, "password.changed", audit.of_account(account.name))
        if not keep_tokens:
            tokens.revoke_all_of(session, trace, account.id, reason="password.changed")
        return _open(session, settings, trace, account)


def _prove(
    engine: Engine, trace: AuditContext, name: str, password: str, place: str | None
) -> tuple[int, int, str]:
    """Check a password: the account's id, the attempt and the stored hash, or a refusal that is written down."""
    with _writing(engine, "sign-in", name=name) as session:
        attempt = throttle.admit(session, name, place)
        account = repository.account_named(session, name)
        account_id, stored = (account.id, account.password_hash) if account else (None, None)
        active = account is not None and account.active
    # No transaction is open while the hash is computed: it takes long on purpose.
    right = passwords.verify(stored, password)
    if right and active and account_id is not None and stored is not None:
        return account_id, attempt, stored
    with _writing(engine, "sign-in", name=name) as session:
        target = audit.of_account(name) if stored is not None else audit.of_account("?")
        reason = "disabled" if right else "password" if stored is not None else "unknown-name"
        audit.record(session, trace, "session.refused", target, reason=reason)
    raise WrongCredentials


def _prove_code(
    engine: Engine,
    settings: Settings,
    trace: AuditContext,
    name: str,
    account_id: int,
    attempt: int,
    code: str | None,
) -> None:
    """Check the second factor where there is one; a wrong code is a failure like a wrong password."""
    with _writing(engine, "sign-in", name=name) as session:
        account = repository.locked_account(session, name)
        if account is None or account.id != account_id:
            raise WrongCredentials
        if not totp.is_enabled(session, account_id):
            return
        if code:
            right = totp.check(session, settings.home, replace(trace, actor=name), account, code)
            if not right:
                audit.record(session, trace, "session.refused", audit.of_account(name), reason="code")
        else:
            right = False
            throttle.unfinished(session, attempt)
    if not code:
        raise CodeRequired(
            "请输入验证器应用中的验证码，或一个恢复码。",
            "Type the code of your authenticator app, or a recovery code.",
        )
    if not right:
        raise WrongCode(
            "验证码不正确、已过期或已用过；请等下一个验证码。",
            "The code is wrong, too old, or was used already; wait for the next one.",
        )


def begin_totp(
    engine: Engine,
    settings: Settings,
    trace: AuditContext,
    who: Principal,
    *,
    password: str,
    place: str | None,
) -> Enrolment:
    """Begin to set up a second factor; the password is asked for, since a browser may have been left open."""
    account_id, attempt, _ = _prove(engine, trace, who.name, password, place)
    with _writing(engine, who.name, name=who.name) as session:
        account = _still(session, who.name, account_id)
        throttle.succeeded(session, attempt)
        return totp.begin(session, settings.home, account)


def confirm_totp(
    engine: Engine, settings: Settings, trace: AuditContext, who: Principal, *, code: str
) -> list[str]:
    """Let the second factor count; other sessions, which were opened without it, end. The recovery codes."""
    with write_session(engine, RowScope(paths=(), actor=who.name)) as session:
        account = _still(session, who.name, who.account_id)
        codes = totp.confirm(session, settings.home, trace, account, code)
        repository.close_other_sessions(session, account.id, keep=who.session_id)
        return codes


def remove_totp(
    engine: Engine,
    settings: Settings,
    trace: AuditContext,
    who: Principal,
    *,
    password: str,
    code: str,
    place: str | None,
) -> None:
    """Remove one's own second factor, with the password and a code of it."""
    account_id, attempt, _ = _prove(engine, trace, who.name, password, place)
    _prove_code(engine, settings, trace, who.name, account_id, attempt, code or "-")
    with _writing(engine, who.name, name=who.name) as session:
        account = _still(session, who.name, account_id)
        throttle.succeeded(session, attempt)
        totp.remove(session, trace, account)


def _still(session: Session, name: str, account_id: int | None) -> Account:
    account = repository.locked_account(session, name)
    if account is None or account.id != account_id or not account.active:
        raise WrongCredentials  # changed while the password was looked at
    return account


def _open(session: Session, settings: Settings, trace: AuditContext, account: Account) -> SignedIn:
    key = sessions.open_session(session, account.id, address=trace.address, settings=settings)
    audit.record(session, trace, "session.opened", audit.of_account(account.name))
    live = sessions.find(session, key)
    if live is None:
        raise RuntimeError("a session just opened is not there")
    return SignedIn(key, sessions.completed(live, settings))


@contextmanager
def _writing(engine: Engine, actor: str, *, name: str) -> Iterator[WriteSession]:
    """A short transaction about the account ``name``, with a turn of its own."""
    with TURNS.turn(name), write_session(engine, RowScope(paths=(), actor=actor)) as session:
        yield session
