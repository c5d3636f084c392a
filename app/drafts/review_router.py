"""The way of a draft over HTTP: submitted, reviewed, published, given up."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Body
from starlette.responses import Response

from app.auth.dependencies import CurrentPrincipal, Write
from app.auth.policy import allow
from app.auth.routing import Router
from app.drafts import answers, rebasing, reviewing
from app.drafts.access import tag_of
from app.drafts.schemas import Comment, Publication, Review
from app.errors import Invalid
from app.kit.etag import Seen

router = Router(prefix="/v1/drafts/{draft_id}", tags=["drafts"])

_WRITES: dict[int | str, dict[str, Any]] = {
    403: {"description": "Not allowed here, or own work."},
    404: {"description": "No such draft in sight."},
    409: {"description": "The draft is at another step of its way, or conflicts with what was published."},
    412: {"description": "Somebody has changed the draft since."},
    428: {"description": "If-Match is missing."},
}
_editor, _publisher = [allow("gis-editor")], [allow("gis-publisher")]


@router.post("/submit", dependencies=_editor, responses=_WRITES)
def submit(
    session: Write,
    by: CurrentPrincipal,
    seen: Seen,
    draft_id: int,
    given: Annotated[Comment | None, Body()] = None,
) -> Response:
    """Hand the draft over for review."""
    draft = reviewing.submit(session, by, draft_id, seen=seen, comment=given.comment if given else "")
    return answers.json_answer(draft, answers.summary(session, draft))


@router.post("/review", dependencies=_publisher, responses=_WRITES)
def review(session: Write, by: CurrentPrincipal, seen: Seen, draft_id: int, given: Review) -> Response:
    """Approve the draft, or send it back to its authors; never one's own."""
    draft = reviewing.review(
        session, by, draft_id, seen=seen, approve=given.decision == "approve", comment=given.comment
    )
    return answers.json_answer(draft, answers.summary(session, draft))


@router.post("/rebase", dependencies=_editor, responses=_WRITES)
def rebase(session: Write, by: CurrentPrincipal, seen: Seen, draft_id: int) -> Response:
    """Put the draft on the newest edition, if nothing published since is in its way."""
    draft, was = rebasing.rebase(session, by, draft_id, seen=seen)
    return answers.json_answer(draft, {**answers.summary(session, draft), "rebased_from": was})


@router.post("/publish", dependencies=_publisher, responses=_WRITES)
def publish(
    session: Write,
    by: CurrentPrincipal,
    seen: Seen,
    draft_id: int,
    given: Annotated[Publication | None, Body()] = None,
) -> Response:
    """Make the approved draft the next edition, in force at once or from an instant."""
    given = given or Publication()
    if given.effective_from is not None and given.effective_from.tzinfo is None:
        raise Invalid(
            f"effective_from 应带时区，收到 {given.effective_from.isoformat()}",
            f"effective_from needs an offset, came {given.effective_from.isoformat()}",
            code="not-an-instant",
            field="effective_from",
        )
    done = reviewing.publish(
        session, by, draft_id, seen=seen, effective_from=given.effective_from, note=given.note
    )
    published = done.publication.published
    return answers.json_answer(
        done.draft,
        {
            "id": done.draft.id,
            "state": done.draft.state,
            "edition": published.edition,
            "effective_from": published.effective_from,
            "created": published.added,
            "changed": published.changed,
            "retired": published.retired,
            "components_reassigned": done.publication.components_reassigned,
            "incidents_reassigned": done.publication.incidents_reassigned,
            "rebased_from": done.rebased_from,
        },
    )


@router.delete("", status_code=204, dependencies=_editor, responses=_WRITES)
def discard(session: Write, by: CurrentPrincipal, seen: Seen, draft_id: int) -> Response:
    """Give the draft up. It stays to be read, and is never published."""
    draft = reviewing.discard(session, by, draft_id, seen=seen)
    return Response(status_code=204, headers={"ETag": f'"{tag_of(draft)}"'})
