"""Published editions and what came from what."""

from __future__ import annotations

from typing import Any

from app.auth.dependencies import Read
from app.auth.policy import public_if
from app.auth.routing import Router
from app.boundaries import repository
from app.errors import NotFound

router = Router(prefix="/v1/editions", tags=["editions"], dependencies=[public_if("public_layers")])


@router.get("")
def list_editions(session: Read) -> dict[str, Any]:
    """All published editions, newest first, and the number of the one in force."""
    return {
        "editions": [
            {
                "number": e.number,
                "effective_from": e.effective_from,
                "published_at": e.published_at,
                "author": e.author.removeprefix("cli:"),
                "reviewer": e.reviewer,
                "note": e.note,
                "synthetic": e.synthetic,
                "grids": e.grids,
            }
            for e in repository.editions(session)
        ],
        "in_force": repository.edition_at(session),
    }


@router.get("/{number}/lineage", responses={404: {}})
def show_lineage(session: Read, number: int) -> dict[str, Any]:
    """Which grids of the edition before became which grids of this one, with shares of area."""
    if not any(e.number == number for e in repository.editions(session)):
        raise NotFound(f"没有第 {number} 版", f"there is no edition {number}", code="no-edition")
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
