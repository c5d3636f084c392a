"""Tables of who may do what: accounts, grants, sessions, tokens, sign-in attempts and the audit log."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import INET
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.db.base import LTREE, Base, CreatedAt, IdPk

ROLES = (
    "viewer",
    "api-consumer",
    "grid-leader",
    "handler",
    "dispatcher",
    "gis-editor",
    "gis-publisher",
    "admin",
    "auditor",
)
_ROLE_CHECK = f"role IN {ROLES}"


class Account(Base):
    """Somebody who signs in."""

    __tablename__ = "account"

    id: Mapped[IdPk]
    name: Mapped[str] = mapped_column(unique=True)
    display_name: Mapped[str]
    password_hash: Mapped[str]
    active: Mapped[bool] = mapped_column(server_default=text("true"))
    must_change_password: Mapped[bool] = mapped_column(server_default=text("false"))
    created_at: Mapped[CreatedAt]
    last_signed_in_at: Mapped[datetime | None]

    grants: Mapped[list[Grant]] = relationship(back_populates="account", cascade="all, delete-orphan")


class Grant(Base):
    """A role that an account has inside one unit; the empty path means everywhere."""

    __tablename__ = "account_grant"

    id: Mapped[IdPk]
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))
    role: Mapped[str]
    scope_path: Mapped[str] = mapped_column(LTREE())
    granted_by: Mapped[str]
    created_at: Mapped[CreatedAt]

    account: Mapped[Account] = relationship(back_populates="grants")

    __table_args__ = (
        CheckConstraint(_ROLE_CHECK, name="role"),
        UniqueConstraint("account_id", "role", "scope_path"),
    )


class SignInSession(Base):
    """A browser's session; only the hash of its key is kept."""

    __tablename__ = "session"

    id: Mapped[IdPk]
    key_hash: Mapped[str] = mapped_column(unique=True)
    csrf_token: Mapped[str]
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[CreatedAt]
    expires_at: Mapped[datetime]
    address: Mapped[str | None] = mapped_column(INET)

    account: Mapped[Account] = relationship()


class ApiToken(Base):
    """A token for programs: shown once, stored hashed, with one role and one scope."""

    __tablename__ = "api_token"

    id: Mapped[IdPk]
    name: Mapped[str]
    prefix: Mapped[str]
    token_hash: Mapped[str] = mapped_column(unique=True)
    role: Mapped[str]
    scope_path: Mapped[str] = mapped_column(LTREE())
    # Whose it is: it never does more than that account still may. None when issued on the command line.
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), index=True)
    created_by: Mapped[str]
    created_at: Mapped[CreatedAt]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]

    __table_args__ = (CheckConstraint(_ROLE_CHECK, name="role"),)


class TotpDevice(Base):
    """The authenticator app of an account: its secret, encrypted, and the last step of which a code was taken."""

    __tablename__ = "totp_device"

    account_id: Mapped[int] = mapped_column(
        ForeignKey("account.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    secret: Mapped[str]
    created_at: Mapped[CreatedAt]
    # None while no code was given yet: it does not count then.
    confirmed_at: Mapped[datetime | None]
    last_step: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))


class RecoveryCode(Base):
    """A code that stands in for the app once; only its hash is kept."""

    __tablename__ = "recovery_code"

    id: Mapped[IdPk]
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), index=True)
    code_hash: Mapped[str]
    used_at: Mapped[datetime | None]


class SignInAttempt(Base):
    """A sign-in that was tried, counted to slow down guessing.

    ``name`` is a hash: people type passwords into the name field. ``address`` is what counts as one place, an IPv4
    address or an IPv6 /64. A row is written as failed before the password is looked at, so that attempts sent all at
    once count; one that succeeded makes the place a known one for that name.
    """

    __tablename__ = "sign_in_attempt"

    id: Mapped[IdPk]
    at: Mapped[CreatedAt]
    name: Mapped[str]
    address: Mapped[str | None] = mapped_column(INET)
    succeeded: Mapped[bool] = mapped_column(server_default=text("false"))

    __table_args__ = (Index(None, "name", "at"), Index(None, "address", "at"))


class AuditEntry(Base):
    """One change of access rights or of something else that must be answered for; never changed, never removed."""

    __tablename__ = "audit_log"

    id: Mapped[IdPk]
    at: Mapped[CreatedAt]
    actor: Mapped[str]
    action: Mapped[str]
    target: Mapped[str]
    detail: Mapped[dict[str, object]] = mapped_column(server_default=text("'{}'::jsonb"))
    address: Mapped[str | None] = mapped_column(INET)
    request_id: Mapped[str | None]

    __table_args__ = (Index(None, "at"), Index(None, "target"))
