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

Actor = Annotated[
    str | None, Query(max_length=200, description="Only entries of this actor.", examples=["chen"])
]
ActionName = Annotated[
    str | None, Query(max_length=200, description="Only this action.", examples=["role.granted"])
]
Target = Annotated[
    str | None, Query(max_length=200, description="Only entries about this.", examples=["account:zhang"])
]


@router.get("", dependencies=[allow("admin", "auditor")])
def list_audit(
    principal: CurrentPrincipal,
    session: Read,
    before: Annotated[int | None, Query(ge=1, description="`next` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=500, description="Most entries of a page.")] = 100,
    actor: Actor = None,
    action: ActionName = None,
    target: Target = None,
) -> AuditList:
    """List the audit log.

    Changes of access rights, sign-ins and readings of contacts, newest first: all of them, or those about what lies
    wholly inside the units that the caller administers.
    """
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
