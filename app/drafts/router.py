"""Drafts over HTTP: made, looked at, and edited operation by operation."""

from __future__ import annotations

from json import dumps
from typing import Annotated, Any

from fastapi import Body, Query, Request
from starlette.responses import Response

from app.auth.dependencies import CurrentPrincipal, Read, Write
from app.auth.policy import allow
from app.auth.routing import Router
from app.drafts import access, answers, grid_repository, repository, service
from app.drafts.checking import defects_of
from app.drafts.comparing import compare
from app.drafts.models import STATES
from app.drafts.schemas import NewDraft, as_history, features
from app.errors import Invalid
from app.kit.etag import Seen
from app.kit.params import parse_bbox, split_list

router = Router(prefix="/v1/drafts", tags=["drafts"], dependencies=[allow("gis-editor")])

Operation = Annotated[
    dict[str, Any],
    Body(
        description="One operation.",
        examples=[{"op": "rename", "grid": "370211001001001", "name": "东一网格"}],
    ),
]
_GONE: dict[int | str, dict[str, Any]] = {404: {"description": "No such draft in sight."}}
_WRITES: dict[int | str, dict[str, Any]] = {
    **_GONE,
    409: {"description": "The draft is at another step of its way."},
    412: {"description": "Somebody has changed the draft since."},
    428: {"description": "If-Match is missing."},
}


@router.post("", status_code=201, responses={404: {}, 422: {}})
def create_draft(session: Write, by: CurrentPrincipal, given: NewDraft) -> Response:
    """Begin a draft on an edition."""
    draft = service.create(session, by, title=given.title, base=given.base, scope=given.scope)
    return answers.json_answer(
        draft, answers.summary(session, draft), status=201, Location=f"/v1/drafts/{draft.id}"
    )


@router.get("")
def list_drafts(
    session: Read,
    state: Annotated[list[str] | None, Query(description="open, submitted, …; repeatable.")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
) -> dict[str, Any]:
    """Drafts in sight, the last changed first."""
    states = split_list(state)
    unknown = [each for each in states if each not in STATES]
    if unknown:
        raise Invalid(
            f"state 应为 {'、'.join(STATES)}，收到 {unknown[0]}",
            f"state is one of {', '.join(STATES)}, came {unknown[0]}",
            field="state",
        )
    return {
        "drafts": answers.summaries(session, list(repository.listed(session, states=states, limit=limit)))
    }


@router.get("/{draft_id}", responses=_GONE)
def show_draft(request: Request, session: Read, by: CurrentPrincipal, draft_id: int) -> Response:
    """A draft with what it changes, its operations and its log; 304 for who has it, as those who watch it ask often."""
    draft = access.found(session, draft_id)
    return answers.unless_known(request, session, draft) or answers.json_answer(
        draft, answers.whole(session, draft, by)
    )


@router.get("/{draft_id}/operations", responses=_GONE)
def list_operations(session: Read, draft_id: int) -> Response:
    """The operations in full, as they were given; undone ones at the end."""
    draft = access.found(session, draft_id)
    listed = as_history(repository.operations(session, draft.id), whole=True)
    return answers.json_answer(draft, {"operations": listed})


@router.get("/{draft_id}/grids", responses=_GONE)
def show_grids(
    request: Request,
    session: Read,
    draft_id: int,
    changed: Annotated[bool, Query(description="Only grids that differ from the base.")] = False,
    bbox: Annotated[str | None, Query(description="west,south,east,north in degrees.")] = None,
) -> Response:
    """The draft's coverage as GeoJSON: code, name, community, kind, change."""
    draft = access.found(session, draft_id)
    box = parse_bbox(bbox)
    compared = compare(session, draft)
    there = grid_repository.grids(session, draft, boxes=[box] if box else None, touched_only=changed)
    if changed:
        there = there[there["code"].isin(compared.words)]
    text = features(there, compared.words)
    more = dumps({"retired": list(compared.changes.retired), "draft": draft.id, "base": draft.base})
    return answers.text_answer(request, draft, f"{text[:-1]},{more[1:]}")


@router.post("/{draft_id}/operations", status_code=201, responses=_WRITES)
def add_operation(
    session: Write, by: CurrentPrincipal, seen: Seen, draft_id: int, operation: Operation
) -> Response:
    """Append one operation; a refused one changes nothing and says where it fails."""
    draft, step = service.edit(session, by, draft_id, operation, seen=seen)
    return answers.step_answer(session, draft, step, status=201)


@router.post("/{draft_id}/undo", responses=_WRITES)
def undo(session: Write, by: CurrentPrincipal, seen: Seen, draft_id: int) -> Response:
    """Take the last operation back."""
    return answers.step_answer(session, *service.undo(session, by, draft_id, seen=seen))


@router.post("/{draft_id}/redo", responses=_WRITES)
def redo(session: Write, by: CurrentPrincipal, seen: Seen, draft_id: int) -> Response:
    """Do again what was taken back last."""
    return answers.step_answer(session, *service.redo(session, by, draft_id, seen=seen))


@router.get("/{draft_id}/check", responses=_GONE)
def check(session: Read, draft_id: int) -> Response:
    """Defects of what the draft makes of the grids, errors first; each with a place to zoom to."""
    draft = access.found(session, draft_id)
    return answers.json_answer(draft, [defect.as_dict() for defect in defects_of(session, draft)])


@router.get("/{draft_id}/diff", responses=_GONE)
def show_diff(request: Request, session: Read, draft_id: int) -> Response:
    """What the draft changes: features before and after, and where the land goes."""
    draft = access.found(session, draft_id)
    compared = compare(session, draft)
    told = {
        "created": list(compared.changes.created),
        "changed": list(compared.changes.changed),
        "retired": list(compared.changes.retired),
        "moved_border": list(compared.changes.moved_border),
        "lineage": [
            {
                "from": row.from_code,
                "to": row.to_code,
                "kind": row.kind,
                "area_m2": round(row.area_m2, 1),
                "share_of_from": row.share_of_from,
            }
            for row in compared.lineage
        ],
    }
    text = (
        f'{{"before":{features(compared.was, compared.words)},"after":{features(compared.now, compared.words)},'
        f"{dumps(told, ensure_ascii=False)[1:]}"
    )
    return answers.text_answer(request, draft, text, media_type="application/json")
