"""Drafts over HTTP: made, looked at, and edited operation by operation."""

from __future__ import annotations

from json import dumps
from typing import Annotated

from fastapi import Body, Query, Request
from starlette.responses import Response

from app.auth.dependencies import CurrentPrincipal, Read, Write
from app.auth.policy import allow
from app.auth.routing import Router
from app.drafts import grid_repository, policy, repository, responses, service
from app.drafts.diff import compare
from app.drafts.response_schemas import (
    CoverageDefect,
    DraftCoverage,
    DraftDetail,
    DraftDiff,
    DraftList,
    DraftOperationList,
    DraftSummary,
    OperationResult,
)
from app.drafts.schemas import DraftId, NewDraft, as_history, features
from app.drafts.states import NAMES
from app.drafts.validation import defects_of
from app.errors import Invalid
from app.kit.bbox import parse_bbox
from app.kit.etag import Seen
from app.kit.geojson import GeoJsonResponse
from app.kit.params import split_list
from gis.editing import OperationInput

router = Router(prefix="/v1/drafts", tags=["drafts"], dependencies=[allow("gis-editor")])

_GONE: dict[int | str, dict[str, object]] = {404: {"description": "No such draft in sight."}}
NOT_MODIFIED: dict[int | str, dict[str, object]] = {304: {"description": "The asker has this version."}}
_WRITES: dict[int | str, dict[str, object]] = {
    **_GONE,
    409: {"description": "The draft is at another step of its way."},
    412: {"description": "Somebody has changed the draft since."},
    428: {"description": "If-Match is missing."},
}


@router.post("", status_code=201, response_model=DraftSummary, responses={404: {}, 422: {}})
def create_draft(session: Write, by: CurrentPrincipal, given: NewDraft) -> Response:
    """Begin a draft on an edition.

    The newest edition is taken unless another is named, also one that is yet to come into force.
    """
    draft = service.create(session, by, title=given.title, base=given.base, scope=given.scope)
    return responses.json_answer(
        draft, responses.summary(session, draft), status=201, Location=f"/v1/drafts/{draft.id}"
    )


@router.get("", response_model=DraftList)
def list_drafts(
    session: Read,
    state: Annotated[
        list[str] | None,
        Query(
            description="open, submitted, approved, published or discarded; repeatable, or with commas.",
            examples=[["open"]],
        ),
    ] = None,
    limit: Annotated[int, Query(ge=1, le=1000, description="At most so many.")] = 200,
) -> dict[str, object]:
    """List drafts, the last changed first.

    Those bound to units where the asker holds a right.
    """
    states = split_list(state)
    unknown = [each for each in states if each not in NAMES]
    if unknown:
        raise Invalid(
            f"state 应为 {'、'.join(NAMES)}，收到 {unknown[0]}",
            f"state is one of {', '.join(NAMES)}, came {unknown[0]}",
            field="state",
            code="no-such-state",
        )
    return {
        "drafts": responses.summaries(session, list(repository.listed(session, states=states, limit=limit)))
    }


@router.get("/{draft_id}", response_model=DraftDetail, responses=_GONE | NOT_MODIFIED)
def show_draft(request: Request, session: Read, by: CurrentPrincipal, draft_id: DraftId) -> Response:
    """Show a draft with its changes, operations and log.

    If-None-Match with the current version gives 304, so that polling a draft stays cheap.
    """
    draft = policy.found(session, draft_id)
    return responses.unless_known(request, session, draft) or responses.json_answer(
        draft, responses.whole(session, draft, by)
    )


@router.get("/{draft_id}/operations", response_model=DraftOperationList, responses=_GONE)
def list_draft_operations(session: Read, draft_id: DraftId) -> Response:
    """List the operations of a draft in full.

    As they were given, in order; undone ones stand at the end.
    """
    draft = policy.found(session, draft_id)
    listed = as_history(repository.operations(session, draft.id), whole=True)
    return responses.json_answer(draft, {"operations": listed})


@router.get(
    "/{draft_id}/grids",
    response_class=GeoJsonResponse,
    response_model=DraftCoverage,
    responses=_GONE | NOT_MODIFIED,
)
def show_draft_grids(
    request: Request,
    session: Read,
    draft_id: DraftId,
    changed: Annotated[bool, Query(description="Only grids that differ from the base.")] = False,
    bbox: Annotated[
        str | None,
        Query(description="West, south, east, north in degrees.", examples=["120.04,35.87,120.11,35.92"]),
    ] = None,
) -> Response:
    """Show the grids of a draft as GeoJSON.

    With code, name, community, kind, and what the draft changed; land excluded from the grids is among them.
    """
    draft = policy.found(session, draft_id)
    boxes = parse_bbox(bbox)
    compared = compare(session, draft)
    there = grid_repository.grids(session, draft, boxes=boxes or None, touched_only=changed)
    if changed:
        there = there[there["code"].isin(compared.words)]
    text = features(there, compared.words)
    more = dumps({"retired": list(compared.changes.retired), "draft": draft.id, "base": draft.base})
    return responses.text_answer(request, draft, f"{text[:-1]},{more[1:]}")


@router.post("/{draft_id}/operations", status_code=201, response_model=OperationResult, responses=_WRITES)
def add_operation(
    session: Write,
    by: CurrentPrincipal,
    seen: Seen,
    draft_id: DraftId,
    given: Annotated[OperationInput, Body()],
) -> Response:
    """Append one operation to a draft.

    A refused one changes nothing; its problem document has the `places` where it fails.
    """
    draft, step = service.edit(session, by, draft_id, given.operation, seen=seen)
    return responses.step_answer(session, draft, step, status=201)


@router.post("/{draft_id}/undo", response_model=OperationResult, responses=_WRITES)
def undo_operation(session: Write, by: CurrentPrincipal, seen: Seen, draft_id: DraftId) -> Response:
    """Take the last operation of a draft back.

    It can be done again until another operation is appended.
    """
    return responses.step_answer(session, *service.undo(session, by, draft_id, seen=seen))


@router.post("/{draft_id}/redo", response_model=OperationResult, responses=_WRITES)
def redo_operation(session: Write, by: CurrentPrincipal, seen: Seen, draft_id: DraftId) -> Response:
    """Do again the operation that was taken back last.

    The grids are as they were before it was taken back.
    """
    return responses.step_answer(session, *service.redo(session, by, draft_id, seen=seen))


@router.get("/{draft_id}/check", response_model=list[CoverageDefect], responses=_GONE)
def check_draft(session: Read, draft_id: DraftId) -> Response:
    """List the defects of a draft, errors first.

    Each with a place to look at. A draft with errors cannot be submitted.
    """
    draft = policy.found(session, draft_id)
    return responses.json_answer(draft, [defect.as_dict() for defect in defects_of(session, draft)])


@router.get("/{draft_id}/diff", response_model=DraftDiff, responses=_GONE | NOT_MODIFIED)
def show_draft_diff(request: Request, session: Read, draft_id: DraftId) -> Response:
    """Show what a draft changes, before and after.

    Features of both sides, and where the land goes.
    """
    draft = policy.found(session, draft_id)
    compared = compare(session, draft)
    told = {
        "created": list(compared.changes.created),
        "changed": list(compared.changes.changed),
        "retired": list(compared.changes.retired),
        "noded": list(compared.changes.noded),
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
    was, now = (each[each["code"].isin(compared.words)] for each in (compared.was, compared.now))
    text = (
        f'{{"before":{features(was, compared.words)},"after":{features(now, compared.words)},'
        f"{dumps(told, ensure_ascii=False)[1:]}"
    )
    return responses.text_answer(request, draft, text, media_type="application/json")
