"""The audit log over HTTP."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query

from app.auth import repository
from app.auth.dependencies import CurrentPrincipal, Read
from app.auth.policy import allow
from app.auth.routing import Router
from app.auth.schemas import AuditList, AuditOut

router = Router(prefix="/v1/audit", tags=["audit"])

Filter = Annotated[str | None, Query(max_length=200)]


@router.get("", dependencies=[allow("admin", "auditor")])
def list_audit(
    principal: CurrentPrincipal,
    session: Read,
    before: Annotated[int | None, Query(ge=1)] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    actor: Filter = None,
    action: Filter = None,
    target: Filter = None,
) -> AuditList:
    """Changes of access, newest first: all, or those about what lies wholly inside the units you administer."""
    found = repository.audit_entries(
        session,
        principal.paths("admin", "auditor"),
        before=before,
        limit=limit + 1,
        actor=actor,
        action=action,
        target=target,
    )
    items = [AuditOut.of(entry) for entry in found[:limit]]
    return AuditList(items=items, next=items[-1].id if len(found) > limit else None)
