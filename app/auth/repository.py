"""Every query on the tables of who may do what."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Row,
    Select,
    Text,
    and_,
    cast,
    delete,
    exists,
    func,
    literal,
    or_,
    select,
    text,
    true,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import InstrumentedAttribute, Session, selectinload

from app.auth.audit import AuditContext
from app.auth.models import (
    Account,
    ApiToken,
    AuditEntry,
    Grant,
    RecoveryCode,
    SignInSession,
    TotpDevice,
)
from app.auth.roles import EVERYWHERE
from app.db.base import LTREE

SessionRow = Row[int, str, datetime, datetime, int, str, str, bool, bool, str, str]
"""Session, its token against forgery, begin and end; account, its names, what it must do; a role and where it holds."""
TokenRow = Row[int, str, str, str, datetime | None, int | None, str, str]
"""Token, name, role, scope and last use; its account, a role of that and where it holds."""


def inside(
    column: ColumnElement[str] | InstrumentedAttribute[str], paths: Iterable[str]
) -> ColumnElement[bool]:
    """Whether the path in ``column`` lies in one of ``paths``."""
    tests = [
        true() if path == EVERYWHERE else column.op("<@", return_type=Boolean)(literal(path, LTREE()))
        for path in paths
    ]
    return or_(*tests) if tests else literal(value=False)


def same_path(path: str) -> ColumnElement[str]:
    """``path`` as a value to compare a path column with."""
    return literal(path, LTREE())


# ── accounts ──────────────────────────────────────────────────────────────────────────────────────────


def _within(paths: Sequence[str]) -> ColumnElement[bool]:
    """Accounts with a grant inside ``paths``; with everywhere among them, also those without any grant."""
    if EVERYWHERE in paths:
        return true()
    return exists().where(Grant.account_id == Account.id, inside(Grant.scope_path, paths))


def _wholly_within(paths: Sequence[str]) -> ColumnElement[bool]:
    """Accounts with grants, all of them inside ``paths``; with everywhere among them, all accounts."""
    if EVERYWHERE in paths:
        return true()
    outside = exists().where(Grant.account_id == Account.id, ~inside(Grant.scope_path, paths))
    return and_(_within(paths), ~outside)


def account_named(session: Session, name: str) -> Account | None:
    """One account with its grants."""
    query = select(Account).where(Account.name == name).options(selectinload(Account.grants))
    return session.scalars(query.execution_options(populate_existing=True)).one_or_none()


def locked_account(session: Session, name: str) -> Account | None:
    """The same, held against other writers until the transaction ends."""
    query = select(Account).where(Account.name == name).with_for_update()
    account = session.scalars(query.execution_options(populate_existing=True)).one_or_none()
    if account is not None:
        session.refresh(account, ["grants"])
    return account


def accounts_within(
    session: Session, paths: Sequence[str], *, search: str | None, after: str | None, limit: int
) -> list[Account]:
    """Accounts that an administrator of ``paths`` sees, by name."""
    query = select(Account).where(_within(paths)).options(selectinload(Account.grants))
    if search:
        pattern = f"%{_escape(search)}%"
        query = query.where(or_(Account.name.ilike(pattern), Account.display_name.ilike(pattern)))
    if after is not None:
        query = query.where(Account.name > after)
    return list(session.scalars(query.order_by(Account.name).limit(limit)))


def _escape(text_: str) -> str:
    return text_.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def any_account(session: Session) -> bool:
    """Whether there is an account at all."""
    return bool(session.scalar(select(exists(select(Account.id)))))


def other_general_admin(session: Session, *, without_account: int) -> bool:
    """Whether somebody else, active, administers everything."""
    query = select(Account.id).where(
        Account.id != without_account,
        Account.active,
        exists().where(
            Grant.account_id == Account.id, Grant.role == "admin", Grant.scope_path == same_path(EVERYWHERE)
        ),
    )
    return bool(session.scalar(select(query.exists())))


def add_grant(
    session: Session, *, account_id: int, role: str, scope_path: str, granted_by: str
) -> int | None:
    """Store a grant; its id, or None when the account has it already."""
    statement = (
        insert(Grant)
        .values(account_id=account_id, role=role, scope_path=scope_path, granted_by=granted_by)
        .on_conflict_do_nothing()
        .returning(Grant.id)
    )
    return session.scalar(statement)


# ── sessions ──────────────────────────────────────────────────────────────────────────────────────────


def session_rows(session: Session, key_hash: str) -> Sequence[SessionRow]:
    """One row for each grant (at least one) of the live session with this key, if its account is active."""
    query = (
        select(
            SignInSession.id.label("session_id"),
            SignInSession.csrf_token,
            SignInSession.created_at,
            SignInSession.expires_at,
            Account.id.label("account_id"),
            Account.name,
            Account.display_name,
            Account.must_change_password,
            TotpDevice.confirmed_at.is_not(None).label("second_factor"),
            Grant.role,
            Grant.scope_path,
        )
        .join(Account, Account.id == SignInSession.account_id)
        .outerjoin(TotpDevice, TotpDevice.account_id == Account.id)
        .outerjoin(Grant, Grant.account_id == Account.id)
        .where(SignInSession.key_hash == key_hash, SignInSession.expires_at > func.now(), Account.active)
    )
    return session.execute(query).all()


def extend_session(session: Session, session_id: int, expires_at: datetime) -> None:
    """Let a session live until ``expires_at``."""
    session.execute(update(SignInSession).where(SignInSession.id == session_id).values(expires_at=expires_at))


def close_session(session: Session, key_hash: str) -> str | None:
    """End the session with this key; the name of its account."""
    account_id = session.scalar(
        delete(SignInSession).where(SignInSession.key_hash == key_hash).returning(SignInSession.account_id)
    )
    return session.scalar(select(Account.name).where(Account.id == account_id))


def close_sessions_of(session: Session, account_id: int) -> int:
    """End every session of an account; how many there were."""
    ended = delete(SignInSession).where(SignInSession.account_id == account_id).returning(SignInSession.id)
    return len(session.scalars(ended).all())


def close_other_sessions(session: Session, account_id: int, *, keep: int | None) -> None:
    """End every session of an account but one."""
    session.execute(
        delete(SignInSession).where(
            SignInSession.account_id == account_id, SignInSession.id.is_distinct_from(keep)
        )
    )


def drop_expired_sessions(session: Session) -> None:
    """Forget sessions that are over."""
    session.execute(delete(SignInSession).where(SignInSession.expires_at <= func.now()))


# ── second factor ─────────────────────────────────────────────────────────────────────────────────────


def totp_device(session: Session, account_id: int, *, lock: bool = True) -> TotpDevice | None:
    """The authenticator app of an account; held against others, so that one code opens once."""
    query = select(TotpDevice).where(TotpDevice.account_id == account_id)
    if lock:
        query = query.with_for_update()
    return session.scalars(query.execution_options(populate_existing=True)).one_or_none()


def drop_totp(session: Session, account_id: int) -> None:
    """Forget the app and the recovery codes of an account."""
    session.execute(delete(TotpDevice).where(TotpDevice.account_id == account_id))
    drop_recovery_codes(session, account_id)


def drop_recovery_codes(session: Session, account_id: int) -> None:
    """Forget the recovery codes of an account."""
    session.execute(delete(RecoveryCode).where(RecoveryCode.account_id == account_id))


def use_recovery_code(session: Session, account_id: int, code_hash: str) -> bool:
    """Use a recovery code up; whether there was one."""
    used = (
        update(RecoveryCode)
        .where(
            RecoveryCode.account_id == account_id,
            RecoveryCode.code_hash == code_hash,
            RecoveryCode.used_at.is_(None),
        )
        .values(used_at=func.now())
        .returning(RecoveryCode.id)
    )
    return bool(session.scalars(used).all())


def recovery_codes_left(session: Session, account_id: int) -> int:
    """How many recovery codes were not used yet."""
    query = select(func.count()).where(RecoveryCode.account_id == account_id, RecoveryCode.used_at.is_(None))
    return session.scalar(query) or 0


# ── tokens ────────────────────────────────────────────────────────────────────────────────────────────


def token_rows(session: Session, token_hash: str) -> Sequence[TokenRow]:
    """One row for each grant of the owner (at least one) of the live token with this hash."""
    query = (
        select(
            ApiToken.id.label("token_id"),
            ApiToken.name,
            ApiToken.role.label("token_role"),
            ApiToken.scope_path.label("token_scope"),
            ApiToken.last_used_at,
            ApiToken.account_id,
            Grant.role,
            Grant.scope_path,
        )
        .outerjoin(Account, Account.id == ApiToken.account_id)
        .outerjoin(Grant, Grant.account_id == Account.id)
        .where(
            ApiToken.token_hash == token_hash,
            ApiToken.revoked_at.is_(None),
            or_(ApiToken.expires_at.is_(None), ApiToken.expires_at > func.now()),
            or_(ApiToken.account_id.is_(None), Account.active),
        )
    )
    return session.execute(query).all()


def mark_token_used(session: Session, token_id: int) -> None:
    """Remember that a token was used just now."""
    session.execute(update(ApiToken).where(ApiToken.id == token_id).values(last_used_at=func.now()))


def _seen_tokens(account_id: int | None, paths: Sequence[str]) -> Select[ApiToken]:
    mine = ApiToken.account_id == account_id if account_id is not None else literal(value=False)
    return select(ApiToken).where(or_(mine, inside(ApiToken.scope_path, paths)))


def tokens_seen(session: Session, *, account_id: int | None, paths: Sequence[str]) -> list[ApiToken]:
    """The asker's own tokens and those inside the units that they administer, newest first."""
    return list(session.scalars(_seen_tokens(account_id, paths).order_by(ApiToken.id.desc())))


def token_seen(
    session: Session, token_id: int, *, account_id: int | None, paths: Sequence[str]
) -> ApiToken | None:
    """One of them, held against other writers."""
    query = _seen_tokens(account_id, paths).where(ApiToken.id == token_id).with_for_update()
    return session.scalars(query).one_or_none()


def live_tokens_of(session: Session, account_id: int) -> Sequence[ApiToken]:
    """The tokens of an account that still work, held against other writers."""
    query = (
        select(ApiToken)
        .where(
            ApiToken.account_id == account_id,
            ApiToken.revoked_at.is_(None),
            or_(ApiToken.expires_at.is_(None), ApiToken.expires_at > func.now()),
        )
        .order_by(ApiToken.id)
        .with_for_update()
    )
    return session.scalars(query).all()


def tokens_named(session: Session, mark: str) -> list[ApiToken]:
    """Live tokens with this name or this beginning."""
    query = select(ApiToken).where(
        or_(ApiToken.name == mark, ApiToken.prefix == mark), ApiToken.revoked_at.is_(None)
    )
    return list(session.scalars(query.with_for_update()))


# ── units ─────────────────────────────────────────────────────────────────────────────────────────────
# Auth stands below boundaries and does not import it; two questions about names of units are asked in SQL.

_UNITS_BY_CODE = text(
    "SELECT level, code, name, path::text AS path FROM unit_version"
    " WHERE code = :code AND editions @> edition_at() ORDER BY nlevel(path)"
)
_DISTRICTS = text(
    "SELECT code, name FROM unit_version WHERE level = 'district' AND editions @> edition_at() ORDER BY code LIMIT 20"
)
_UNITS_BY_PATH = text(
    "SELECT DISTINCT ON (path) level, code, name, path::text AS path FROM unit_version"
    " WHERE path = ANY (CAST(:paths AS ltree[])) ORDER BY path, lower(editions) DESC"
)


def district_words(session: Session) -> list[str]:
    """Names and codes of the districts in force: what people of the place think of first."""
    return [word for row in session.execute(_DISTRICTS) for word in (row.code, row.name)]


def grants_at(session: Session, paths: Iterable[str]) -> Sequence[Grant]:
    """Grants that are bound to one of these very units."""
    wanted = [literal(path, LTREE()) for path in paths]
    return session.scalars(
        select(Grant)
        .where(Grant.scope_path.in_(wanted))
        .options(selectinload(Grant.account))
        .order_by(Grant.id)
    ).all()


def tokens_at(session: Session, paths: Iterable[str]) -> Sequence[ApiToken]:
    """Tokens that are bound to one of these very units."""
    wanted = [literal(path, LTREE()) for path in paths]
    return session.scalars(
        select(ApiToken).where(ApiToken.scope_path.in_(wanted)).order_by(ApiToken.id)
    ).all()


def move_grants(session: Session, grants: Sequence[Grant], moved: Mapping[str, str]) -> None:
    """Bind grants to where their units are now; who has the right there already has it once."""
    rows = [
        {
            "account_id": grant.account_id,
            "role": grant.role,
            "scope_path": moved[grant.scope_path],
            "granted_by": grant.granted_by,
            "created_at": grant.created_at,
        }
        for grant in grants
    ]
    # Taken away together before any is given again: units may have exchanged their paths.
    session.execute(delete(Grant).where(Grant.id.in_([grant.id for grant in grants])))
    if rows:
        session.execute(insert(Grant).values(rows).on_conflict_do_nothing())
    session.expire_all()


def units_coded(session: Session, code: str) -> Sequence[Row[str, str, str, str]]:
    """The units with this code in the edition in force, widest first."""
    return session.execute(_UNITS_BY_CODE, {"code": code}).all()


def units_at(session: Session, paths: Iterable[str]) -> dict[str, Row[str, str, str, str]]:
    """Level, code and name of the units at ``paths``, as last known."""
    wanted = sorted(set(paths) - {EVERYWHERE})
    if not wanted:
        return {}
    return {row.path: row for row in session.execute(_UNITS_BY_PATH, {"paths": wanted})}


# ── audit ─────────────────────────────────────────────────────────────────────────────────────────────


def record_hourly(session: Session, trace: AuditContext, action: str, target: str, **detail: object) -> None:
    """Add an entry unless the same actor has one of the same action and target within the hour."""
    recent = exists().where(
        AuditEntry.target == target,
        AuditEntry.action == action,
        AuditEntry.actor == trace.actor,
        AuditEntry.at > func.now() - timedelta(hours=1),
    )
    if not session.scalar(select(recent)):
        session.add(
            AuditEntry(
                actor=trace.actor,
                action=action,
                target=target,
                detail=detail,
                address=trace.address,
                request_id=trace.request_id,
            )
        )
        session.flush()


def audit_entries(
    session: Session,
    paths: Sequence[str],
    *,
    before: int | None,
    limit: int,
    actor: str | None = None,
    action: str | None = None,
    target: str | None = None,
) -> list[AuditEntry]:
    """Entries, newest first: all of them, or those about accounts and tokens wholly inside ``paths``."""
    query = select(AuditEntry)
    if EVERYWHERE not in paths:
        accounts = select(func.concat("account:", Account.name)).where(_wholly_within(paths))
        tokens = select(func.concat("token:", cast(ApiToken.id, Text))).where(
            inside(ApiToken.scope_path, paths)
        )
        query = query.where(or_(AuditEntry.target.in_(accounts), AuditEntry.target.in_(tokens)))
    for column, value in (
        (AuditEntry.actor, actor),
        (AuditEntry.action, action),
        (AuditEntry.target, target),
    ):
        if value is not None:
            query = query.where(column == value)
    if before is not None:
        query = query.where(AuditEntry.id < before)
    return list(session.scalars(query.order_by(AuditEntry.id.desc()).limit(limit)))
