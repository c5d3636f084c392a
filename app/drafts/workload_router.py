"""The load of a draft's grids over HTTP."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from fastapi import Query
from starlette.responses import Response

from app.auth.dependencies import Read
from app.auth.policy import allow
from app.auth.routing import Router
from app.drafts import policy, responses
from app.drafts.response_schemas import DraftLoad
from app.drafts.schemas import DraftId
from app.drafts.workload import loads_of
from app.kit.clock import now

router = Router(prefix="/v1/drafts", tags=["drafts"], dependencies=[allow("gis-editor")])


@router.get(
    "/{draft_id}/load",
    response_model=DraftLoad,
    responses={404: {"description": "No such draft in sight."}},
)
def show_draft_load(
    session: Read,
    draft_id: DraftId,
    changed: Annotated[bool, Query(description="Only grids that differ from the base.")] = False,
    days: Annotated[int, Query(ge=1, le=3660, description="Incidents of so many days back from now.")] = 365,
) -> Response:
    """Show the load of each grid of a draft.

    Components, incidents of the last days and area, with the borders that the draft has.
    """
    draft = policy.found(session, draft_id)
    until = now()
    loads = loads_of(session, draft, days=days, until=until, changed=changed)
    return responses.json_answer(
        draft, {"days": days, "until": until, "grids": [asdict(each) for each in loads]}
    )
