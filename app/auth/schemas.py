"""What comes in and goes out about accounts, sessions, tokens and the audit log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from app.auth.models import Account, ApiToken, AuditEntry, Grant
from app.auth.principal import Principal
from app.auth.scopes import Scope
from app.auth.tokens import default_end, expires_soon
from app.kit.instants import Instant
from app.settings import Settings

# Lengths of passwords are checked by app.auth.passwords: a refusal by the schema would repeat what came.
ROLE = Field(
    description="viewer, api-consumer, grid-leader, handler, dispatcher, gis-editor, gis-publisher, "
    "admin or auditor"
)
SCOPE = Field(default=None, max_length=200, description="Code of a unit in force; none means everywhere.")


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Credentials(_In):
    """A name and a password; a code too where the account has a second factor."""

    name: str = Field(min_length=1, max_length=100)
    password: SecretStr
    code: SecretStr | None = Field(
        default=None,
        description="Of the authenticator app, or a recovery code; asked for with 401 totp-required.",
    )


class PasswordProof(_In):
    """The present password once more."""

    password: SecretStr


class TotpCode(_In):
    """A code of the authenticator app."""

    code: SecretStr


class TotpRemoval(_In):
    """What it takes to remove a second factor."""

    password: SecretStr
    code: SecretStr


class TotpState(BaseModel):
    """Whether the account has a second factor, must have one, and how many recovery codes are left."""

    enabled: bool
    required: bool
    recovery_codes: int


class TotpEnrolment(BaseModel):
    """What to put into the authenticator app, shown here and never again."""

    secret: str
    uri: str
    picture: str = Field(description="The same as a picture to scan, an SVG as a data address.")


class RecoveryCodes(BaseModel):
    """Codes that stand in for the app, once each; shown here and never again."""

    recovery_codes: list[str]


class PasswordChange(_In):
    """The present password and the new one; the account's API tokens end unless they are to be kept."""

    current: SecretStr
    new: SecretStr
    keep_tokens: bool = False


class RoleOut(BaseModel):
    """A role inside a unit; no code: everywhere."""

    role: str
    scope: str | None = Field(description="Code of the unit; null: everywhere.")
    path: str
    unit: str | None = Field(description="Name of the unit.")
    level: str | None

    @classmethod
    def of(cls, role: str, path: str, scopes: Mapping[str, Scope]) -> RoleOut:
        """From a role, a path and the names of paths."""
        scope = scopes[path]
        return cls(role=role, scope=scope.code, path=path, unit=scope.name, level=scope.level)


class SessionOut(BaseModel):
    """Who is signed in, what they may do, and the token that writes must carry."""

    signed_in: bool
    name: str | None
    display_name: str | None
    roles: list[RoleOut]
    csrf: str | None = Field(description="Send it back as X-CSRF-Token with every unsafe request.")
    must_change_password: bool
    must_enrol_totp: bool = Field(description="Whether a second factor must be set up before anything else.")
    totp: bool = Field(description="Whether the account has a second factor.")
    idle_ends_at: datetime | None = Field(description="When the session ends unless it is used.")
    ends_at: datetime | None = Field(description="When it ends in any case.")

    @classmethod
    def of(cls, principal: Principal, scopes: Mapping[str, Scope]) -> SessionOut:
        """From the asker, known or not."""
        known = principal.known
        return cls(
            signed_in=known,
            name=principal.name if known else None,
            display_name=principal.display_name if known else None,
            roles=[RoleOut.of(role, path, scopes) for role, path in principal.grants],
            csrf=principal.csrf,
            must_change_password=principal.must_change_password,
            must_enrol_totp=principal.must_enrol,
            totp=principal.second_factor,
            idle_ends_at=principal.idle_ends_at,
            ends_at=principal.ends_at,
        )


class GrantIn(_In):
    """A role to give, inside a unit."""

    role: str = ROLE
    scope: str | None = SCOPE


class GrantOut(RoleOut):
    """A role that was given."""

    id: int
    granted_by: str
    created_at: datetime


class AccountIn(_In):
    """A new account; without a password one is made by chance and answered once."""

    name: str = Field(min_length=1, max_length=100)
    display_name: str | None = Field(default=None, max_length=100)
    password: SecretStr | None = None
    must_change_password: bool = True
    grants: list[GrantIn] = Field(default_factory=list, max_length=100)


class AccountChange(_In):
    """What is to change; the rest stays."""

    display_name: str | None = Field(default=None, max_length=100)
    active: bool | None = None


class PasswordIn(_In):
    """A password set by an administrator; without one it is made by chance and answered once."""

    password: SecretStr | None = None
    must_change_password: bool = True


class AccountOut(BaseModel):
    """An account as an administrator sees it."""

    name: str
    display_name: str
    active: bool
    must_change_password: bool
    created_at: datetime
    last_signed_in_at: datetime | None
    grants: list[GrantOut]
    yours: bool = Field(description="Whether all of its rights lie inside what you administer.")

    @classmethod
    def of(
        cls, account: Account, grants: Sequence[Grant], scopes: Mapping[str, Scope], *, yours: bool
    ) -> AccountOut:
        """From an account and those of its grants that the asker may see."""
        shown = [
            GrantOut(
                **RoleOut.of(grant.role, grant.scope_path, scopes).model_dump(),
                id=grant.id,
                granted_by=grant.granted_by,
                created_at=grant.created_at,
            )
            for grant in sorted(grants, key=lambda each: (each.scope_path, each.role))
        ]
        return cls(
            name=account.name,
            display_name=account.display_name,
            active=account.active,
            must_change_password=account.must_change_password,
            created_at=account.created_at,
            last_signed_in_at=account.last_signed_in_at,
            grants=shown,
            yours=yours,
        )


class AccountMade(AccountOut):
    """A new account, or one with a new password, which is shown here and never again."""

    password: str | None = Field(description="Only when it was made by chance.")


class AccountList(BaseModel):
    """Accounts by name."""

    items: list[AccountOut]
    next: str | None = Field(description="Pass as `after` for the rest.")


class TokenIn(_In):
    """A token to issue: one role in one unit that you have yourself."""

    name: str = Field(min_length=1, max_length=100)
    role: str = ROLE
    scope: str | None = SCOPE
    expires_at: Instant | None = Field(
        default=None,
        description="Absent: after WANGGE_TOKEN_DAYS. null: never, which only administrators of everything may say.",
    )

    def end(self, settings: Settings) -> datetime | None:
        """When the token ends; None: never."""
        if "expires_at" in self.model_fields_set:
            return self.expires_at
        return default_end(settings)


class TokenOut(BaseModel):
    """A token without its secret."""

    id: int
    name: str
    prefix: str = Field(description="How the token begins.")
    role: str
    scope: str | None
    path: str
    unit: str | None
    created_by: str
    created_at: datetime
    expires_at: datetime | None = Field(description="null: never.")
    expires_soon: bool = Field(description="Whether it ends within two weeks.")
    revoked_at: datetime | None
    last_used_at: datetime | None = Field(description="To about ten minutes.")

    @classmethod
    def fields_of(cls, token: ApiToken, scopes: Mapping[str, Scope]) -> dict[str, Any]:
        """The fields from a row."""
        scope = scopes[token.scope_path]
        return {
            "id": token.id,
            "name": token.name,
            "prefix": token.prefix,
            "role": token.role,
            "scope": scope.code,
            "path": token.scope_path,
            "unit": scope.name,
            "created_by": token.created_by,
            "created_at": token.created_at,
            "expires_at": token.expires_at,
            "expires_soon": expires_soon(token),
            "revoked_at": token.revoked_at,
            "last_used_at": token.last_used_at,
        }


class TokenMade(TokenOut):
    """A new token; its text is shown here and never again."""

    token: str


class TokenList(BaseModel):
    """Tokens, newest first."""

    items: list[TokenOut]


class AuditOut(BaseModel):
    """One entry of the audit log."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    at: datetime
    actor: str
    action: str
    target: str
    detail: dict[str, object]
    address: str | None
    request_id: str | None

    @classmethod
    def of(cls, entry: AuditEntry) -> AuditOut:
        """From a row."""
        return cls(
            id=entry.id,
            at=entry.at,
            actor=entry.actor,
            action=entry.action,
            target=entry.target,
            detail=entry.detail,
            address=str(entry.address) if entry.address is not None else None,
            request_id=entry.request_id,
        )


class AuditList(BaseModel):
    """Entries, newest first."""

    items: list[AuditOut]
    next: int | None = Field(description="Pass as `before` for older ones.")
