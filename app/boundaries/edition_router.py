"""Published editions and what came from what."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import Path

from app.auth.dependencies import CurrentPrincipal, Read
from app.auth.policy import public_if
from app.auth.routing import Router
from app.boundaries import repository
from app.boundaries.models import Edition
from app.boundaries.schemas import EditionList, Lineage
from app.errors import NotFound

router = Router(prefix="/v1/editions", tags=["editions"], dependencies=[public_if("public_layers")])
_SAME_FOR_ALL = [public_if("public_layers", same_for_all=True)]


@router.get("", response_model=EditionList)
def list_editions(session: Read, principal: CurrentPrincipal) -> dict[str, object]:
    """List the editions of the boundaries.

    Published editions, newest first, with the one in force, and those withdrawn before they took effect. Who wrote and
    reviewed an edition is told to callers with a role.
    """
    in_force, instant = repository.edition_at(session), repository.database_now(session)
    names = bool(principal.grants)
    return {
        "editions": [
            {
                "number": e.number,
                "state": _state(e, in_force, instant),
                "effective_from": e.effective_from,
                "published_at": e.published_at,
                "author": e.author.removeprefix("cli:") if names else None,
                "reviewer": e.reviewer if names else None,
                "note": e.note,
                "synthetic": e.synthetic,
                "grids": e.grids,
            }
            for e in repository.editions(session)
        ],
        "in_force": in_force,
        "withdrawn": [
            {
                "number": e.number,
                "effective_from": e.effective_from,
                "published_at": e.published_at,
                "withdrawn_at": e.withdrawn_at,
                "note": e.note,
                "reason": e.reason,
            }
            for e in repository.withdrawals(session)
        ],
    }


def _state(edition: Edition, in_force: int | None, instant: datetime) -> str:
    if edition.number == in_force:
        return "in_force"
    return "scheduled" if edition.effective_from > instant else "past"


@router.get(
    "/{number}/lineage",
    dependencies=_SAME_FOR_ALL,
    response_model=Lineage,
    responses={404: {"description": "There is no such edition."}},
)
def show_lineage(
    session: Read, number: Annotated[int, Path(description="Number of the edition.", examples=[2])]
) -> dict[str, object]:
    """Show the lineage of an edition.

    Which grids of the edition before became which grids of this one, with the area they have in common.
    """
    if not any(e.number == number for e in repository.editions(session)):
        raise NotFound(f"没有第 {number} 版", f"there is no edition {number}", code="no-such-edition")
    return {
        "edition": number,
        "lineage": [
            {
                "from": row.from_code,
                "to": row.to_code,
                "kind": row.kind,
                "area_m2": round(row.area_m2, 1),
                "share_of_from": row.share_of_from,
            }
            for row in repository.lineage_of(session, number)
        ],
    }
