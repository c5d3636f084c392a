"""A right is bound to a unit, not to a path: when the unit moves to another parent or gets another code, it follows."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy.orm import Session

from app.auth import audit, repository
from app.auth.audit import AuditContext
from app.db.edition_follower import MovedUnits, UnitPathTable


class AccessRights:
    """Grants of roles and tokens."""

    name = "rights"
    tables = (
        UnitPathTable("account_grant", ("scope_path",)),
        UnitPathTable("api_token", ("scope_path",)),
    )

    def move_units(self, session: Session, moved: MovedUnits) -> int:
        """Bind grants and tokens to where their units are, each with a line in the audit log."""
        return follow_units(session, moved.paths, actor=moved.actor, edition=moved.edition)


def follow_units(session: Session, moved: Mapping[str, str], *, actor: str, edition: int) -> int:
    """Bind grants and tokens of moved units (path before -> path now) to where these are. Returns how many."""
    if not moved:
        return 0
    trace = AuditContext(actor=actor)
    grants = list(repository.grants_at(session, moved))
    for grant in grants:
        audit.record(
            session,
            trace,
            "role.followed",
            audit.of_account(grant.account.name),
            role=grant.role,
            scope=moved[grant.scope_path],
            was=grant.scope_path,
            edition=edition,
        )
    tokens = list(repository.tokens_at(session, moved))
    for token in tokens:
        was, token.scope_path = token.scope_path, moved[token.scope_path]
        audit.record(
            session,
            trace,
            "token.followed",
            audit.of_token(token.id),
            name=token.name,
            scope=token.scope_path,
            was=was,
            edition=edition,
        )
    session.flush()
    repository.move_grants(session, grants, moved)
    return len(grants) + len(tokens)
