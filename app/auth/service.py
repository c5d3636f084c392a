"""Accounts and their grants: who is there, and what each may do where.

An administrator of a unit sees accounts with a grant inside it and gives or takes rights inside it. The account itself
(its password, whether it is active) is theirs only when all of its grants lie inside: whoever could set the password
of a wider account would have that account's rights.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from sqlalchemy.orm import Session

from app.auth import audit, passwords, repository, scopes, throttle, tokens, totp
from app.auth.audit import AuditContext
from app.auth.models import Account, Grant
from app.auth.principal import Principal
from app.auth.roles import EVERYWHERE
from app.db import locks
from app.errors import Conflict, Forbidden, Invalid, NotFound

_NAME = re.compile(r"\w[\w.@+-]{0,63}")


class AccountUnknown(NotFound):
    """No such account that the asker may see."""

    code = "account-unknown"


class NameTaken(Conflict):
    """The name belongs to another account."""

    code = "name-taken"


class NotYourAccount(Forbidden):
    """The account has rights outside of what the asker administers."""

    code = "not-your-account"


class LastAdmin(Conflict):
    """Nobody would be left to administer everything."""

    code = "last-admin"


def canonical_name(name: str) -> str:
    """The one spelling of an account's name: full-width and capital letters are the same as plain ones.

    >>> canonical_name(" Ｗang.Wu ")
    'wang.wu'
    """
    return unicodedata.normalize("NFKC", name).strip().casefold()


def create_account(
    session: Session,
    by: Principal,
    trace: AuditContext,
    *,
    name: str,
    display_name: str | None = None,
    password: str | None = None,
    grants: Sequence[tuple[str, str | None]],
    must_change_password: bool = False,
) -> tuple[Account, str]:
    """Make an account with its first grants, (role, unit code) pairs; the account and its password.

    Without ``password`` one is made by chance. Only somebody who administers everything may leave an account without
    grants: nobody else could see it.

    Raises
    ------
    Invalid
        The name, the password, a role or a unit is not acceptable.
    NameTaken
        There is an account of this name.
    Forbidden
        ``by`` would give what they do not have.
    """
    short = canonical_name(name)
    if not _NAME.fullmatch(short):
        raise Invalid(
            f"账号名须为 1 至 64 个字母、数字、汉字或 . _ @ + -，且以字母、数字或汉字开头；收到“{name}”。",
            f"An account's name takes 1 to 64 letters, digits or . _ @ + - and starts with a letter or digit; came {name!r}.",
            field="name",
            code="account-name-malformed",
        )
    if not grants and not by.may("admin"):
        raise Invalid("至少授予一个角色。", "Give at least one role.", field="grants", code="role-missing")
    resolved = [(role, scopes.path_of(session, code)) for role, code in grants]
    for role, path in resolved:
        _check_may_grant(by, role, path)
    locks.hold(session, locks.ACCOUNT_NAME, short)
    if repository.account_named(session, short) is not None:
        raise NameTaken(
            f"账号名“{short}”已被使用。", f"There is already an account named {short!r}.", field="name"
        )
    text = password if password is not None else passwords.generate()
    if password is not None:
        check_password(session, text, name=short, display_name=display_name or "")
    account = Account(
        name=short,
        display_name=(display_name or "").strip() or short,
        password_hash=passwords.hash_password(text),
        must_change_password=must_change_password,
        active=True,
    )
    session.add(account)
    session.flush()
    audit.record(
        session, trace, "account.created", audit.of_account(short), display_name=account.display_name
    )
    for role, path in dict.fromkeys(resolved):
        _store_grant(session, by, trace, account, role, path)
    session.refresh(account, ["grants"])
    return account, text


def check_password(
    session: Session, password: str, *, name: str, display_name: str, field: str = "password"
) -> None:
    """Refuse a new password that is too short or long, or easy to guess by whoever knows the account or the place."""
    words = (display_name, *repository.district_words(session))
    passwords.check_rule(password, name=name, words=words, field=field)


def accounts_seen(
    session: Session, by: Principal, *, search: str | None = None, after: str | None = None, limit: int = 100
) -> list[Account]:
    """Accounts with a grant inside what ``by`` administers, by name."""
    return repository.accounts_within(session, by.paths("admin"), search=search, after=after, limit=limit)


def account_seen(session: Session, by: Principal, name: str, *, lock: bool = False) -> Account:
    """One of them.

    Raises
    ------
    AccountUnknown
        There is none, or it has nothing inside what ``by`` administers; the answer is the same.
    """
    short = canonical_name(name)
    account = repository.locked_account(session, short) if lock else repository.account_named(session, short)
    if account is None or not _sees(by, account):
        raise AccountUnknown(f"没有账号“{name}”。", f"There is no account {name!r}.")
    return account


def grants_seen(by: Principal, account: Account) -> list[Grant]:
    """The account's grants inside what ``by`` administers."""
    return [grant for grant in account.grants if by.may("admin", grant.scope_path)]


def wholly_theirs(by: Principal, account: Account) -> bool:
    """Whether every right of the account lies inside what ``by`` administers."""
    if by.may("admin"):
        return True
    return bool(account.grants) and all(by.may("admin", grant.scope_path) for grant in account.grants)


def grant(
    session: Session, by: Principal, trace: AuditContext, name: str, *, role: str, scope: str | None
) -> Account:
    """Give a role inside a unit; giving it again changes nothing."""
    account = account_seen(session, by, name, lock=True)
    path = scopes.path_of(session, scope)
    _check_may_grant(by, role, path)
    _store_grant(session, by, trace, account, role, path)
    session.refresh(account, ["grants"])
    return account


def revoke(
    session: Session, by: Principal, trace: AuditContext, name: str, *, role: str, path: str
) -> Account:
    """Take a role inside a unit away. (A path, not a code: the unit may be gone since.)"""
    locks.hold(session, locks.ADMINS)
    account = account_seen(session, by, name, lock=True)
    found = next(
        (each for each in grants_seen(by, account) if (each.role, each.scope_path) == (role, path)), None
    )
    if found is None:
        raise NotFound(
            f"账号“{account.name}”在该范围没有角色 {role}。",
            f"The account {account.name!r} does not have the role {role} there.",
            code="no-such-grant",
        )
    if (role, path) == ("admin", EVERYWHERE) and account.active:
        _keep_an_admin(session, account)
    account.grants.remove(found)
    session.flush()
    audit.record(session, trace, "role.revoked", audit.of_account(account.name), role=role, scope=path)
    return account


def revoke_by_id(session: Session, by: Principal, trace: AuditContext, name: str, grant_id: int) -> Account:
    """The same, for a grant of a list that was shown."""
    account = account_seen(session, by, name)
    for each in grants_seen(by, account):
        if each.id == grant_id:
            return revoke(session, by, trace, name, role=each.role, path=each.scope_path)
    raise NotFound(
        f"账号“{account.name}”没有编号为 {grant_id} 的授权。",
        f"The account {account.name!r} has no grant {grant_id}.",
        code="no-such-grant",
    )


def revoke_by_scope(
    session: Session, by: Principal, trace: AuditContext, name: str, *, role: str, scope: str | None
) -> Account:
    """The same, for a unit named by its code (as last known, since it may be gone) or by its path."""
    account = account_seen(session, by, name)
    scopes.check_role(role)
    wanted = (scope or "").strip()
    held = [each.scope_path for each in grants_seen(by, account) if each.role == role]
    names = scopes.named(session, held)
    found = [path for path in held if wanted in (path, names[path].code or "", names[path].qualified)]
    if len(found) > 1:
        choices = [names[path].qualified for path in found]
        raise Invalid(
            f"“{wanted}”指不止一个单元，请写明层级：{'、'.join(choices)}。",
            f"{wanted!r} names more than one unit; say which: {', '.join(choices)}.",
            code="scope-ambiguous",
            field="scope",
            choices=choices,
        )
    return revoke(session, by, trace, name, role=role, path=found[0] if found else wanted)


def set_password(
    session: Session,
    by: Principal,
    trace: AuditContext,
    name: str,
    *,
    password: str | None = None,
    must_change_password: bool = True,
) -> tuple[Account, str]:
    """Set somebody's password, by chance when none is given, and end their sessions and tokens."""
    account = _own(session, by, name)
    text = password if password is not None else passwords.generate()
    if password is not None:
        check_password(session, text, name=account.name, display_name=account.display_name)
    account.password_hash = passwords.hash_password(text)
    account.must_change_password = must_change_password
    session.flush()
    repository.close_sessions_of(session, account.id)
    audit.record(session, trace, "password.set", audit.of_account(account.name))
    tokens.revoke_all_of(session, trace, account.id, reason="password.set")
    return account, text


def unlock(session: Session, by: Principal, trace: AuditContext, name: str) -> Account:
    """End the lock that failures to sign in have put on an account."""
    account = _own(session, by, name)
    forgotten = throttle.unlock(session, account.name)
    audit.record(session, trace, "account.unlocked", audit.of_account(account.name), failures=forgotten)
    return account


def reset_totp(session: Session, by: Principal, trace: AuditContext, name: str) -> Account:
    """Take the second factor of an account away, for somebody who lost it; their sessions end."""
    account = _own(session, by, name)
    if totp.remove(session, trace, account):
        repository.close_sessions_of(session, account.id)
    return account


def set_active(session: Session, by: Principal, trace: AuditContext, name: str, *, active: bool) -> Account:
    """Let an account in or keep it out; kept out, its sessions and tokens end for good."""
    locks.hold(session, locks.ADMINS)
    account = _own(session, by, name)
    if account.active == active:
        return account
    if not active and any((each.role, each.scope_path) == ("admin", EVERYWHERE) for each in account.grants):
        _keep_an_admin(session, account)
    account.active = active
    session.flush()
    action: audit.Action = "account.enabled" if active else "account.disabled"
    audit.record(session, trace, action, audit.of_account(account.name))
    if not active:
        repository.close_sessions_of(session, account.id)
        tokens.revoke_all_of(session, trace, account.id, reason="account.disabled")
    return account


def rename(session: Session, by: Principal, trace: AuditContext, name: str, *, display_name: str) -> Account:
    """Change the name that people see."""
    account = _own(session, by, name)
    shown = display_name.strip()
    if not 1 <= len(shown) <= 100:
        raise Invalid(
            "显示名须为 1 至 100 个字符。",
            "A display name takes 1 to 100 characters.",
            field="display_name",
            code="display-name-length",
        )
    if shown != account.display_name:
        audit.record(
            session,
            trace,
            "account.renamed",
            audit.of_account(account.name),
            before=account.display_name,
            after=shown,
        )
        account.display_name = shown
        session.flush()
    return account


def _sees(by: Principal, account: Account) -> bool:
    return by.may("admin") or any(by.may("admin", each.scope_path) for each in account.grants)


def _own(session: Session, by: Principal, name: str) -> Account:
    account = account_seen(session, by, name, lock=True)
    if not wholly_theirs(by, account):
        raise NotYourAccount(
            f"账号“{account.name}”在你的管理范围之外还有权限，须由上级管理员处理。",
            f"The account {account.name!r} has rights outside of what you administer; a wider administrator must do this.",
        )
    return account


def _check_may_grant(by: Principal, role: str, path: str) -> None:
    scopes.check_may_give(by, role, path)
    if not by.may("admin", path):
        raise scopes.GivesTooMuch(
            "只能在自己管理的单元内授权。",
            "Rights are given only inside a unit that you administer.",
            field="scope",
        )


def _store_grant(
    session: Session, by: Principal, trace: AuditContext, account: Account, role: str, path: str
) -> None:
    added = repository.add_grant(
        session, account_id=account.id, role=role, scope_path=path, granted_by=by.actor
    )
    if added is not None:
        audit.record(session, trace, "role.granted", audit.of_account(account.name), role=role, scope=path)


def _keep_an_admin(session: Session, account: Account) -> None:
    if not repository.other_general_admin(session, without_account=account.id):
        raise LastAdmin(
            f"“{account.name}”是最后一个全域管理员，不能停用或收回。",
            f"{account.name!r} is the last administrator of everything; this right stays.",
        )
