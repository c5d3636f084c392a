"""The way of a draft over HTTP: submitted, reviewed, published, given up."""

from __future__ import annotations

from typing import Annotated

from fastapi import Body
from starlette.responses import Response

from app.auth.dependencies import CurrentPrincipal, Write
from app.auth.policy import allow
from app.auth.routing import Router
from app.drafts import rebase, responses, workflow
from app.drafts.policy import tag_of
from app.drafts.response_schemas import DraftSummary, PublishedDraft, RebasedDraft
from app.drafts.schemas import Comment, DraftId, Publication, Review
from app.errors import Invalid
from app.kit.etag import Seen

router = Router(prefix="/v1/drafts/{draft_id}", tags=["drafts"])

_WRITES: dict[int | str, dict[str, object]] = {
    403: {"description": "Not allowed here, or own work."},
    404: {"description": "No such draft in sight."},
    409: {"description": "The draft is at another step of its way, or conflicts with what was published."},
    412: {"description": "Somebody has changed the draft since."},
    428: {"description": "If-Match is missing."},
}
_editor, _publisher = [allow("gis-editor")], [allow("gis-publisher")]


@router.post("/submit", response_model=DraftSummary, dependencies=_editor, responses=_WRITES)
def submit_draft(
    session: Write,
    by: CurrentPrincipal,
    seen: Seen,
    draft_id: DraftId,
    given: Annotated[Comment | None, Body()] = None,
) -> Response:
    """Submit a draft for review.

    Refused while it changes nothing or has errors.
    """
    draft = workflow.submit(session, by, draft_id, seen=seen, comment=given.comment if given else "")
    return responses.json_answer(draft, responses.summary(session, draft))


@router.post("/review", response_model=DraftSummary, dependencies=_publisher, responses=_WRITES)
def review_draft(
    session: Write, by: CurrentPrincipal, seen: Seen, draft_id: DraftId, given: Review
) -> Response:
    """Approve a draft, or send it back.

    Not by anybody who had a hand in it. A draft that is sent back is open again.
    """
    draft = workflow.review(
        session, by, draft_id, seen=seen, approve=given.decision == "approve", comment=given.comment
    )
    return responses.json_answer(draft, responses.summary(session, draft))


@router.post("/rebase", response_model=RebasedDraft, dependencies=_editor, responses=_WRITES)
def rebase_draft(session: Write, by: CurrentPrincipal, seen: Seen, draft_id: DraftId) -> Response:
    """Put a draft on the newest edition.

    Refused where an edition published since changed the same grids or their neighbours.
    """
    draft, was = rebase.rebase(session, by, draft_id, seen=seen)
    return responses.json_answer(draft, {**responses.summary(session, draft), "rebased_from": was})


@router.post("/publish", response_model=PublishedDraft, dependencies=_publisher, responses=_WRITES)
def publish_draft(
    session: Write,
    by: CurrentPrincipal,
    seen: Seen,
    draft_id: DraftId,
    given: Annotated[Publication | None, Body()] = None,
) -> Response:
    """Publish an approved draft as the next edition.

    In force at once, or from an instant on. Components and incidents get the owners that the edition gives them.
    """
    given = given or Publication()
    if given.effective_from is not None and given.effective_from.tzinfo is None:
        raise Invalid(
            f"effective_from 应带时区，收到 {given.effective_from.isoformat()}",
            f"effective_from needs an offset, came {given.effective_from.isoformat()}",
            code="not-an-instant",
            field="effective_from",
        )
    done = workflow.publish(
        session, by, draft_id, seen=seen, effective_from=given.effective_from, note=given.note
    )
    published = done.publication.published
    return responses.json_answer(
        done.draft,
        {
            "id": done.draft.id,
            "state": done.draft.state,
            "edition": published.edition,
            "effective_from": published.effective_from,
            "created": published.added,
            "changed": published.changed,
            "retired": published.retired,
            "noded": published.noded,
            "excluded": published.excluded,
            "included": published.included,
            "components_reassigned": done.publication.components_reassigned,
            "incidents_reassigned": done.publication.incidents_reassigned,
            "rebased_from": done.rebased_from,
        },
    )


@router.delete("", status_code=204, dependencies=_editor, responses=_WRITES)
def discard_draft(session: Write, by: CurrentPrincipal, seen: Seen, draft_id: DraftId) -> Response:
    """Discard a draft.

    It stays to be read, and is never published.
    """
    draft = workflow.discard(session, by, draft_id, seen=seen)
    return Response(status_code=204, headers={"ETag": f'"{tag_of(draft)}"'})
