"""Withdrawing an edition over HTTP."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Query

from app.auth.dependencies import CurrentPrincipal, CurrentTrace, Write
from app.auth.policy import allow
from app.auth.routing import Router
from app.drafts import withdrawal
from app.drafts.response_schemas import WithdrawnDraftEdition

router = Router(prefix="/v1/editions", tags=["editions"])

Number = Annotated[int, Path(ge=1, le=2**31 - 1, description="Number of the edition.", examples=[2])]
Reason = Annotated[str, Query(max_length=2000, description="Why; it stays in the record and the audit log.")]


@router.delete(
    "/{number}",
    response_model=WithdrawnDraftEdition,
    dependencies=[allow("gis-publisher")],
    responses={
        403: {"description": "It changed grids where you may not publish."},
        404: {"description": "No such edition."},
        409: {"description": "In force already, withdrawn already, or editions or drafts stand on it."},
    },
)
def withdraw_edition(
    session: Write, by: CurrentPrincipal, trace: CurrentTrace, number: Number, reason: Reason = ""
) -> dict[str, object]:
    """Withdraw an edition before it takes effect.

    The draft that had become it is approved again; the number is not used again.
    """
    return withdrawal.withdraw(session, by, trace, number, reason=reason).as_dict()
