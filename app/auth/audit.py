"""The audit log: changes of access rights, sign-ins, readings of contacts, withdrawn editions; added and never changed.

The database refuses updates and deletions of these rows, also from the service. Secrets never come here, nor what
somebody typed as a name when there is no such account: people type passwords into that field.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sqlalchemy.orm import Session

from app.auth.models import AuditEntry

Action = Literal[
    "account.created",
    "account.renamed",
    "account.disabled",
    "account.enabled",
    "password.changed",
    "password.set",
    "role.granted",
    "role.revoked",
    "role.followed",
    "account.unlocked",
    "totp.enabled",
    "totp.removed",
    "totp.recovered",
    "token.issued",
    "token.revoked",
    "token.followed",
    "session.opened",
    "session.refused",
    "session.closed",
    "demo.removed",
    "edition.withdrawn",
    "contacts.read",
]


@dataclass(frozen=True)
class AuditContext:
    """Who acts, from where, in which request."""

    actor: str
    address: str | None = None
    request_id: str | None = None


def record(session: Session, trace: AuditContext, action: Action, target: str, **detail: object) -> None:
    """Add an entry in the transaction of the change itself: neither exists without the other."""
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


def of_account(name: str) -> str:
    """The target of entries about an account."""
    return f"account:{name}"


def of_token(token_id: int) -> str:
    """The target of entries about a token."""
    return f"token:{token_id}"
