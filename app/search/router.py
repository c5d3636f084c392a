"""The search box over HTTP."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Request

from app.auth.dependencies import CurrentPrincipal, Read
from app.auth.policy import public_if
from app.auth.routing import Router
from app.boundaries.dependencies import RequestedEdition
from app.search import service
from app.search.schemas import SearchResults

router = Router(tags=["search"])


@router.get(
    "/v1/search",
    dependencies=[public_if("public_layers")],
    response_model=SearchResults,
    response_model_exclude_unset=True,
)
def search_everything(
    request: Request,
    session: Read,
    principal: CurrentPrincipal,
    choice: RequestedEdition,
    q: Annotated[str, Query(max_length=100, description="Words, a code, or a place.", examples=["香江路"])],
    limit: Annotated[int, Query(ge=1, le=50, description="Most results.")] = 10,
) -> dict[str, object]:
    """Search units, components, incidents and places.

    Units by code or name in the edition asked for, components and incidents by the beginning of their number, or a
    place as `lon,lat [crs]`. What the caller may not see is not found.
    """
    return {"results": service.search(session, request.app.state.editions, principal, q, choice, limit=limit)}
